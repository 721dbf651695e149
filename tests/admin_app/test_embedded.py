"""The embedded MongoDB: starts, keeps what was acknowledged, survives kills, says in a sentence why it can't run."""

import os
import signal
import socket
import stat
import subprocess
import sys

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from admin_app import embedded
from admin_app.embedded import EmbeddedMongo, EmbeddedMongoError

OWNER = """
import sys, time
from pathlib import Path
from admin_app.embedded import EmbeddedMongo
mongo = EmbeddedMongo(Path(sys.argv[1]), cache_gb=0.25, oplog_mb=64)
mongo.start()
print(mongo.uri, mongo.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def folder(data_folder, request):
    return data_folder / request.node.name


def server(folder, **options):
    return EmbeddedMongo(folder, cache_gb=0.25, oplog_mb=64, **options)


def write(uri, number):
    with MongoClient(uri) as client:
        client.test.numbers.insert_one({"_id": number})


def count(uri):
    with MongoClient(uri) as client:
        return client.test.numbers.count_documents({})


def test_what_was_acknowledged_survives_kill_9(folder):
    mongo = server(folder)
    write(mongo.start(), 1)
    os.kill(mongo.pid, signal.SIGKILL)
    mongo.stop()
    with server(folder) as again:
        assert count(again.uri) == 1


def test_a_dead_server_is_revived_on_the_same_port(folder):
    with server(folder) as mongo:
        before = mongo.uri
        write(before, 1)
        assert not mongo.revive()
        os.kill(mongo.pid, signal.SIGKILL)
        os.waitid(os.P_PID, mongo.pid, os.WEXITED | os.WNOWAIT)
        assert mongo.revive()
        assert mongo.uri == before
        assert count(before) == 1


def test_the_replica_set_follows_to_another_port(folder):
    with server(folder) as mongo:
        write(mongo.uri, 1)
        with socket.create_server(("127.0.0.1", 0)) as free:
            other = free.getsockname()[1]
        assert other != mongo.port
    with server(folder, port=other) as moved:
        write(moved.uri, 2)
        assert count(moved.uri) == 2


@pytest.mark.parametrize("left", ["", "27", "x", "70000", "-1", "２７０１７", None])
def test_a_port_file_that_a_power_cut_left(folder, left):
    mongo = server(folder)
    mongo.folder.mkdir(parents=True, exist_ok=True)
    if left is not None:
        mongo._port_file.write_text(left, "utf-8")
    assert mongo._choose_port() > 1023
    assert mongo.running_uri() is None
    mongo.port = 27117
    mongo._note_port()
    assert mongo._port_file.read_text("ascii") == "27117"
    assert [path.name for path in mongo.folder.iterdir()] == ["guicheng.port"], "no half of it is left"


@pytest.mark.parametrize("is_left_over", [True, False])
def test_an_owner_killed_with_9_leaves_a_folder_that_starts_again(folder, is_left_over, monkeypatch):
    code = OWNER.replace(
        "mongo.start()", "import admin_app.embedded as e; e.shutil.which = lambda _: None; mongo.start()"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", code if is_left_over else OWNER, str(folder)], stdout=subprocess.PIPE, text=True
    )
    uri, pid = owner.stdout.readline().split()
    write(uri, 1)
    assert server(folder).running_uri() == uri
    owner.kill()
    owner.wait()
    owner.stdout.close()
    if is_left_over:
        assert count(uri) == 1, "nobody told it to end, so it answers"
    with server(folder) as again:
        assert count(again.uri) == 1
        assert again.pid != int(pid)


def test_two_owners_of_one_folder_are_refused(folder):
    with server(folder) as first:
        with pytest.raises(EmbeddedMongoError, match="Another Guicheng"):
            server(folder).start()
        assert count(first.uri) == 0


def test_a_pid_that_now_belongs_to_another_program_is_left_alone(folder):
    with server(folder):
        pass
    (folder / "mongo" / "guicheng.pid").write_text(str(os.getpid()))
    with server(folder) as again:
        assert count(again.uri) == 0


def test_uri_states_the_write_concern(folder):
    with server(folder) as mongo, MongoClient(mongo.uri) as client:
        assert client.write_concern.document == {"w": "majority", "j": True}
        assert client.read_concern.level == "majority"


def test_only_who_may_read_the_folder_gets_in(folder):
    with server(folder) as mongo:
        assert stat.S_IMODE((folder / "mongo" / "guicheng.key").stat().st_mode) == 0o600
        with MongoClient("127.0.0.1", mongo.port) as stranger, pytest.raises(OperationFailure, match="authentication"):
            stranger.test.numbers.find_one()
        with MongoClient("127.0.0.1", mongo.port) as stranger, pytest.raises(OperationFailure, match="authentication"):
            stranger.admin.command("createUser", "intruder", pwd="x", roles=["root"])


@pytest.mark.parametrize(
    ("code", "stderr", "expected"),
    [
        (127, "mongod: error while loading shared libraries: libcurl.so.4: cannot open", "apt-get install libcurl4"),
        (127, "mongod: error while loading shared libraries: libcrypto.so.3: cannot open", "libssl3"),
        (-signal.SIGILL, "", "AVX"),
        (1, "", "code 1"),
    ],
)
def test_what_is_missing_is_said_with_the_way_out(monkeypatch, code, stderr, expected):
    trial = subprocess.CompletedProcess([], code, "", stderr)
    monkeypatch.setattr(embedded.subprocess, "run", lambda *_args, **_options: trial)
    with pytest.raises(EmbeddedMongoError, match=expected) as problem:
        embedded.mongod_program()
    assert "GUICHENG_MONGODB_URI" in str(problem.value)
