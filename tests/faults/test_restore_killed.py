"""A restore over a database in use is killed before each of its writes: what was destroyed never comes back."""

import contextlib

import pytest
from bson import ObjectId
from pymongo import MongoClient
from pymongo.synchronous.pool import Connection

from models.kernel.base import clock
from tasks.backup.crypt import KeyRing
from tasks.backup.dump import dump
from tasks.backup.restore import DONE, MARKER, half_restored, restore
from tasks.backup.targets import Target
from tests.fixtures.doing import Killed

RING = KeyRing({1: b"1" * 32})
ERASED, KEPT = ObjectId(), ObjectId()
WRITES = {"insert", "update", "delete", "findAndModify", "create", "createIndexes", "drop", "renameCollection"}
WRITES |= {"commitTransaction"}


@pytest.fixture
def live(settings):
    """A database that was saved with two customers, of which one was destroyed since by an approved list."""
    with MongoClient(settings.mongodb_uri, tz_aware=True) as client:
        yield client[f"{settings.database}_k"]
        client.drop_database(f"{settings.database}_k")


@pytest.fixture
def saved(live, tmp_path):
    live.client.drop_database(live.name)
    live["customer"].insert_many([{"_id": ERASED, "number": "C-1"}, {"_id": KEPT, "number": "C-2"}])
    entries = [{"type": "customer", "record": item, "seq": 1, "hash": "0"} for item in (ERASED, KEPT)]
    live["history"].insert_many(entries)
    content = ObjectId()
    live["file"].insert_one({"type": "customer", "record_id": ERASED, "content": content, "size": 1, "sha256": "0"})
    live["content.files"].insert_one({"_id": content, "length": 1})
    live["unsealed"].insert_one({"_id": entries[0]["_id"]})
    for name in ("tombstone", "customer_archive", "history_archive"):
        live.create_collection(name)
    return dump(live, Target(str(tmp_path)), RING)


def destroy(live):
    """The state over which it is restored: as the program leaves it, with a customer that was made since."""
    live.client.drop_database(live.name)
    live["customer"].insert_many([{"_id": KEPT, "number": "C-2"}, {"number": "C-3"}])
    stone = {
        "_id": ERASED,
        "type": "customer",
        "number": "C-1",
        "hash": "0",
        "entries": [],
        "destroyed_at": clock.now(),
    }
    live["tombstone"].insert_one(stone)
    live["later"].insert_one({})


class Dying:
    """A process that dies before its nth write to the database: nothing that it does after that is written."""

    def __init__(self, patch, at):
        self.count, real = 0, Connection.command

        def command(connection, database, spec, *args, **options):
            if next(iter(spec)) in WRITES:
                self.count += 1
                if self.count >= at:
                    raise Killed
            return real(connection, database, spec, *args, **options)

        patch.setattr(Connection, "command", command)


def killed_at(entry, live, at):
    """Restore as the command does; whether the process was killed."""
    with pytest.MonkeyPatch.context() as patch, contextlib.suppress(Killed):
        dying = Dying(patch, at)
        restore(entry, live, overwrite=True, destroyed=live["tombstone"].find())
    return dying.count >= at


def assert_stays_destroyed(live):
    assert [row["number"] for row in live["customer"].find().sort("number", 1)] == ["C-2"]
    rows = list(live["history"].find({"record": ERASED}))
    assert [row["verb"] for row in rows] == ["destroy"], "the entry that says so, and nothing of its past"
    assert [row["number"] for row in live["tombstone"].find()] == ["C-1"]
    for name in ("file", "content.files"):
        assert live[name].count_documents({}) == 0, name
    assert [row["_id"] for row in live["unsealed"].find()] == [rows[0]["_id"]]


def test_killed_before_any_of_its_writes(live, saved):
    at, was_killed, served = 0, True, set()
    while was_killed:
        at += 1
        destroy(live)
        was_killed = killed_at(saved, live, at)
        if was_killed and half_restored(live) is None:
            numbers = {row["number"] for row in live["customer"].find()}
            assert numbers in ({"C-2", "C-3"}, {"C-2"}), f"before write {at} servers would serve {numbers}"
            served.add(len(numbers))
        if was_killed:
            killed_at(saved, live, 10**6)
        assert_stays_destroyed(live)
        assert (live[MARKER].find_one({"_id": MARKER})["state"], half_restored(live)) == (DONE, None)
        assert live[MARKER].count_documents({}) == 1, "nothing of it is left"
        assert not [name for name in live.list_collection_names() if name.startswith("restoring.")]
        assert "later" not in live.list_collection_names()
    assert at > 30
    assert served == {1, 2}, "some kills leave the old state, late ones the new one"


def test_killed_while_swapping_then_another_backup_is_restored(live, saved, tmp_path):
    destroy(live)
    at = next(at for at in range(20, 200) if _half_at(saved, live, at))
    assert killed_at(saved, live, at)
    assert half_restored(live) == saved.name
    other = live.client[f"{live.name}2"]
    try:
        restore(saved, other)
        later = dump(other, Target(str(tmp_path)), RING)
        restore(later, live, overwrite=True)
        assert_stays_destroyed(live)
    finally:
        live.client.drop_database(other.name)


def _half_at(saved, live, at):
    destroy(live)
    killed_at(saved, live, at)
    gone = half_restored(live) is not None and live["tombstone"].count_documents({}) == 0
    destroy(live)
    return gone


def test_what_is_destroyed_in_the_database_in_use_is_so_in_another(live, saved):
    other = live.client[f"{live.name}2"]
    live.client.drop_database(other.name)
    try:
        destroy(live)
        assert restore(saved, other, destroyed=live["tombstone"].find()).destroyed == 1
        assert_stays_destroyed(other)
    finally:
        live.client.drop_database(other.name)
