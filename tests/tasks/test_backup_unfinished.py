"""Half backups of killed processes: the next backup clears them away, and never one that is still being written."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pymongo import MongoClient

from models.kernel.base import clock
from tasks.backup.crypt import KeyRing
from tasks.backup.dump import dump
from tasks.backup.format import new_entry_name
from tasks.backup.targets import MANIFEST, Target
from tasks.backup.unfinished import clear_away
from tests.fixtures.processes import until

RING = KeyRing({1: b"1" * 32})
WAITING = """
import sys
from pathlib import Path
from pymongo import MongoClient
from tasks.backup.crypt import KeyRing
from tasks.backup.dump import dump
from tasks.backup.targets import Target
uri, database, place, said = sys.argv[1:]
def wait(*_):
    Path(said).touch()
    sys.stdin.read()
dump(MongoClient(uri)[database], Target(place), KeyRing({1: b"1" * 32}), tell=wait)
"""


@pytest.fixture
def small(settings):
    with MongoClient(settings.mongodb_uri, tz_aware=True) as client:
        row = client[f"{settings.database}_u"]
        client.drop_database(row.name)
        row["alpha"].insert_many([{"n": n} for n in range(10)])
        yield row
        client.drop_database(row.name)


@pytest.fixture
def target(tmp_path):
    folder = tmp_path / "backups"
    folder.mkdir()
    return Target(str(folder))


@pytest.fixture
def writer(small, settings, target, tmp_path):
    """Another process in the middle of a backup."""
    said = tmp_path / "said"
    command = [sys.executable, "-c", WAITING, settings.mongodb_uri, small.name, target.place, str(said)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, cwd=os.getcwd())
    until(said.exists, 60, "the other process writes no backup")
    yield process
    process.kill()
    process.communicate()


def left_behind(target, *, hours=0, host=None, last=False):
    """What a process that was killed some hours ago has left."""
    with clock.set_to(clock.now() - dt.timedelta(hours=hours)):
        name = new_entry_name()
    target.begin(name)
    (Path(target.place) / name / "alpha.bson.zst").write_bytes(b"half")
    if last:
        target.put_whole(name, MANIFEST, b"{}")
    if host:
        target.set_writing(name, host)
    return name


def names(target):
    return {path.name for path in Path(target.place).iterdir()}


def test_one_that_is_written_is_left_alone_and_one_whose_writer_was_killed_is_not(small, target, writer):
    (running,) = target.entries()
    assert clear_away(target) == []
    entry = dump(small, target, RING)
    assert names(target) == {running, f".{running}.writing", entry.name}
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    assert clear_away(target) == [running]
    assert names(target) == {entry.name}


def test_one_that_ends_leaves_no_mark(small, target, writer):
    (running,) = target.entries()
    writer.communicate(b"\n", timeout=60)
    assert writer.returncode == 0
    assert names(target) == {running}
    assert clear_away(target) == []


@pytest.mark.parametrize(("hours", "goes"), [(1, False), (13, True)])
def test_from_another_machine_time_decides(target, hours, goes):
    name = left_behind(target, hours=hours, host="another")
    assert clear_away(target) == [name] * goes
    assert names(target) == (set() if goes else {name, f".{name}.writing"})


def test_what_was_whole_when_its_process_was_killed_stays(target):
    name = left_behind(target, hours=13, host="another", last=True)
    assert clear_away(target) == [name]
    assert names(target) == {name}


def test_what_nobody_marked_stays(target):
    """A backup whose manifest was lost may be all that there is."""
    name = left_behind(target, hours=100)
    assert clear_away(target) == []
    assert names(target) == {name}


def test_a_failed_one_that_could_not_be_removed_is_cleared_away_later(small, target, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(Target, "delete", lambda *_: None)
        with pytest.raises(ZeroDivisionError):
            dump(small, target, RING, tell=fail)
    (left,) = target.entries()
    assert clear_away(target) == [left]
    assert names(target) == set()
