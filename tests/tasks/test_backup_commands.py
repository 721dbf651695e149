"""The commands as IT types them: what they print, and with which code they end."""

import datetime as dt
import os
import re
import subprocess
import sys
from contextlib import nullcontext

import pytest
from bson import ObjectId
from pymongo import MongoClient
from pymongo.errors import AutoReconnect

from admin_app import backup_commands, opening
from admin_app.cli import parser
from admin_app.problems import Problem
from models.kernel.base import clock
from tasks.backup.format import new_entry_name
from tasks.backup.targets import Target

KEYS = {1: b"1" * 32}


@pytest.fixture
def source(settings):
    """Settings of an installation with a few records, in a database of its own; its folder for backups exists."""
    own = settings.model_copy(update={"database": f"{settings.database}_c", "backup_keys": KEYS})
    with MongoClient(settings.mongodb_uri) as client:
        names = [own.database, f"{own.database}2"]
        for name in names:
            client.drop_database(name)
        client[own.database]["customer"].insert_many([{"_id": ObjectId(), "n": n} for n in range(50)])
        yield own
        for name in names:
            client.drop_database(name)


@pytest.fixture
def guicheng(source, capsys, monkeypatch):
    """Run a command on this installation, with a connection of its own; returns its exit code and what it printed."""
    client = MongoClient(source.mongodb_uri, tz_aware=True)
    monkeypatch.setattr(backup_commands, "database", lambda *_, **_options: nullcontext())
    monkeypatch.setattr(backup_commands, "get_connection", lambda: client)
    monkeypatch.setattr(backup_commands, "get_db", lambda: client[source.database])

    def run(*arguments):
        options = parser().parse_args(arguments)
        try:
            backup_commands.COMMANDS[options.command](source, options)
        except Problem as problem:
            return problem.code, f"{capsys.readouterr().out}{problem}"
        return 0, capsys.readouterr().out

    yield run
    client.close()


@pytest.fixture
def saved(guicheng, tmp_path):
    code, said = guicheng("backup", "--to", str(tmp_path))
    assert code == 0, said
    (name,) = (item for item in os.listdir(tmp_path) if item.startswith("guicheng-"))
    assert "50 documents" in said
    return os.path.join(tmp_path, name)


def test_backup_verify_restore_drill(guicheng, saved, source):
    assert guicheng("verify", saved)[0] == 0
    assert guicheng("drill", saved)[0] == 0
    code, said = guicheng("restore", saved, "--into", f"{source.database}2")
    assert (code, "50 documents" in said) == (0, True)
    code, said = guicheng("restore", saved, "--into", f"{source.database}2")
    assert (code, "not empty" in said) == (1, True)
    code, said = guicheng("restore", saved, "--into", f"{source.database}2", "--yes-overwrite", "other")
    assert (code, "must name the same" in said) == (1, True)
    again = ("--yes-overwrite", f"{source.database}2")
    assert guicheng("restore", saved, "--into", f"{source.database}2", *again)[0] == 0


def test_half_a_backup_is_cleared_away_by_the_next(guicheng, tmp_path):
    target = Target(str(tmp_path))
    with clock.set_to(clock.now() - dt.timedelta(hours=13)):
        left = new_entry_name()
    target.begin(left)
    target.set_writing(left, "another")
    code, said = guicheng("backup", "--to", str(tmp_path))
    assert (code, f"{left} was left half written" in said) == (0, True)
    assert len(target.entries()) == 1
    assert target.writing_now() == []


def test_half_a_restore_serves_nobody(guicheng, source, monkeypatch):
    client = backup_commands.get_connection()
    monkeypatch.setattr(opening, "start", lambda _settings: client)
    monkeypatch.setattr(opening, "get_db", lambda: client[source.database])
    monkeypatch.setattr(opening.mongoengine, "disconnect", lambda: None)
    client[source.database]["restore"].insert_one({"_id": "restore", "state": "swapping", "backup": "guicheng-x"})
    with pytest.raises(Problem, match=r"guicheng restore \.\.\./guicheng-x --into"), opening.database(source):
        pass
    with opening.database(source, is_restoring=True):
        pass


def test_what_waited_rests_and_is_said(guicheng, source, tmp_path):
    client, other = backup_commands.get_connection(), f"{source.database}2"
    client[source.database]["task_run"].insert_one({"task": "t", "state": "queued"})
    (tmp_path / "folder").mkdir()
    assert guicheng("backup", "--to", str(tmp_path / "folder"))[0] == 0
    (path,) = (tmp_path / "folder").iterdir()
    code, said = guicheng("restore", str(path), "--into", other)
    assert (code, "1 messages and jobs that waited then rest now" in said) == (0, True)
    code, said = guicheng("restore", str(path), "--into", other, "--yes-overwrite", other, "--resume")
    assert (code, "rest now" in said) == (0, False)
    assert client[other]["task_run"].find_one()["state"] == "queued"
    assert guicheng("restore", str(path), "--record", "Customer", "x", "--resume")[0] == 1


def test_damage_is_code_two(guicheng, saved):
    path = next(
        os.path.join(root, name) for root, _, names in os.walk(saved) for name in names if "customer.bson" in name
    )
    with open(path, "r+b") as file:
        file.seek(40)
        file.write(b"\x00\x01\x02")
    for command in (("verify", saved), ("drill", saved)):
        code, said = guicheng(*command)
        assert (code, "customer.bson" in said) == (2, True)
    os.remove(os.path.join(saved, "manifest.json"))
    assert guicheng("verify", saved)[0] == 2


def test_what_is_not_there_is_code_one(guicheng, saved, tmp_path):
    for command in (
        ("backup", "--to", str(tmp_path / "nowhere")),
        ("verify", str(tmp_path / "nowhere" / "guicheng-x")),
        ("verify", str(tmp_path / "guicheng-x")),
        ("drill", str(tmp_path / "guicheng-x")),
        ("restore", saved, "--record", "Customer", "KH-1"),
        ("restore", saved, "--record", "Nothing", "1"),
    ):
        code, said = guicheng(*command)
        assert code == 1, said
        assert re.search(r"[.。]$", said.strip()), said


@pytest.mark.parametrize("name", ["a.b", "x" * 39, "規程", "", "a b", "$x", "admin", "local"])
def test_what_cannot_be_the_name_of_a_database(guicheng, saved, name):
    code, said = guicheng("restore", saved, "--into", name)
    assert (code, "Nothing was touched" in said) == (1, True)


def test_a_database_that_goes_away_meanwhile_is_said(guicheng, saved, source, monkeypatch):
    def away(*_given, **_named):
        raise AutoReconnect("away")

    monkeypatch.setattr(backup_commands, "restore_record", away)
    code, said = guicheng("restore", saved, "--record", "Customer", "1")
    assert (code, "does not answer" in said) == (1, True)


def test_plain_backups_say_so(guicheng, tmp_path):
    code, said = guicheng("backup", "--to", str(tmp_path), "--plain")
    assert (code, "not encrypted" in said) == (0, True)


def test_unpack(guicheng, saved, tmp_path, source):
    assert guicheng("unpack", saved, "--to", str(tmp_path / "out"))[0] == 0
    assert (tmp_path / "out" / source.database / "customer.bson").stat().st_size > 1000
    assert guicheng("unpack", saved, "--to", str(tmp_path / "out"))[0] == 1


@pytest.mark.parametrize("line", ["restore x", "restore x --into a --record b c", "backup", "verify"])
def test_wrong_usage(line):
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(line.split())
    assert ended.value.code == 2


def test_in_a_process_of_its_own(source, tmp_path):
    """From the environment to the exit code."""

    def guicheng(*arguments):
        command = [sys.executable, "-m", "admin_app.cli", *arguments]
        return subprocess.run(
            command, check=False, capture_output=True, text=True, env=os.environ | source.as_environment(), timeout=60
        )

    made = guicheng("backup", "--to", str(tmp_path))
    assert (made.returncode, made.stderr) == (0, "")
    (name,) = (item for item in os.listdir(tmp_path) if item.startswith("guicheng-"))
    manifest = tmp_path / name / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b"50", b"51"))
    broken = guicheng("verify", str(tmp_path / name))
    assert broken.returncode == 2
    assert "manifest.json" in broken.stderr
    assert "Traceback" not in broken.stderr
