"""Killed with SIGKILL at random moments, the archive's process or the database: every record whole, in one place."""

import hashlib
import os
import random

import pytest
from pymongo import MongoClient

from admin_app.embedded import EmbeddedMongo
from models.kernel.base import collections
from models.services.keeping import audit
from tasks.backup.crypt import KeyRing
from tasks.backup.drill import compare
from tasks.backup.dump import dump
from tasks.backup.restore import restore
from tasks.backup.targets import Target
from tests.fixtures.paid import make_paid
from tests.fixtures.processes import ROOT, let_run, until

pytestmark = pytest.mark.slow
RECORDS = 60
KILLS = 5
RING = KeyRing({1: b"1" * 32})


@pytest.fixture
def paid(company, db):
    """Receivables that were paid long ago."""
    before = db.client.admin.command("getParameter", 1, transactionLifetimeLimitSeconds=1)
    db.client.admin.command("setParameter", 1, transactionLifetimeLimitSeconds=1)  # of the killed, nothing waits longer
    yield make_paid(company, RECORDS)
    limit = before["transactionLifetimeLimitSeconds"]
    db.client.admin.command("setParameter", 1, transactionLifetimeLimitSeconds=limit)


def in_one_place(db, ids):
    """How many are archived; each record stands once, with all its entries beside it."""
    archived = 0
    for id in ids:
        live, kept = (db[name].count_documents({"_id": id}) for name in ("receivable", "receivable_archive"))
        entries = [
            db[name].count_documents({"record": id}) for name in (collections.HISTORY, collections.HISTORY_ARCHIVE)
        ]
        assert live + kept == 1
        assert entries[live] == 0
        assert entries[kept] >= 1
        archived += kept
    for file in db["file"].find({"record_id": {"$in": ids}}):
        content = b"".join(row["data"] for row in db["content.chunks"].find({"files_id": file["content"]}))
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
    return archived


def test_killed_at_random(settings, paid, db, forks):
    environment = {**os.environ, **settings.as_environment(), "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    command = ("-m", "tests.faults.archiving")
    seen = []
    for _ in range(KILLS):
        with forks.start(*command, environment=environment) as process:
            assert process.stdout.readline() == "begun\n"
            let_run(0.5)
            process.kill()
        seen.append(in_one_place(db, paid))
    with forks.start(*command, environment=environment) as process:
        assert process.wait(120) == 0
    assert in_one_place(db, paid) == RECORDS
    assert seen == sorted(seen)
    audit.seal_all()
    report = audit.check()
    assert [(str(fault.where), str(fault.what)) for fault in report.faults] == []


@pytest.fixture
def own(settings, tmp_path, forks):
    """A server of this test alone, which it may kill; a client of it, and how processes are started on it."""
    with EmbeddedMongo(tmp_path, cache_gb=0.25, oplog_mb=64) as mongo:
        client = MongoClient(mongo.uri, serverSelectionTimeoutMS=20_000, tz_aware=True)
        client.admin.command("setParameter", 1, transactionLifetimeLimitSeconds=1)
        said = settings.model_copy(update={"mongodb_uri": mongo.uri, "database": "own"})
        environment = {**os.environ, **said.as_environment(), "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
        started = []

        def start(*arguments):
            started.append(forks.start(*arguments, environment=environment))
            return started[-1]

        yield mongo, client["own"], start
        for process in started:
            process.kill()
            process.wait()
            process.close()
        client.close()


def test_the_database_killed_in_the_middle_of_archiving(own):
    mongo, db, start = own
    archiving = ("-m", "tests.faults.archiving")
    assert start(*archiving, "prepare").wait(60) == 0
    ids = db["receivable"].distinct("_id")
    writer = start(*archiving, "write")
    process, least = start(*archiving), random.randrange(1, 20)
    until(lambda: archived(db) >= least, 60, "nothing is archived")
    mongo._process.kill()
    mongo._process.wait()
    process.kill()
    assert mongo.revive()
    assert least <= in_one_place(db, ids) < len(ids)
    assert start(*archiving).wait(60) == 0
    assert in_one_place(db, ids) == len(ids)
    writer.kill()
    said = [line for line in writer.communicate()[0].split("\n")[:-1] if line.startswith("W-")]
    there = [row["name"] for row in db["position"].find()]
    assert len(said) > 5
    assert set(said) <= set(there), "an acknowledged write is lost"
    assert len(there) == len(set(there)), "a write is there twice"


def archived(db):
    return db["receivable_archive"].count_documents({})


RESTORE = """
import sys
from pymongo import MongoClient
from tasks.backup.crypt import KeyRing
from tasks.backup.faults import BackupFault
from tasks.backup.format import open_entry
from tasks.backup.restore import restore
from tasks.backup.targets import Target
uri, place, name = sys.argv[1:]
client = MongoClient(uri, tz_aware=True, serverSelectionTimeoutMS=1000)
try:
    restore(open_entry(Target(place), name, KeyRing({1: b"1" * 32})), client["back"])
except BackupFault as fault:
    print(fault)
    sys.exit(3)
"""


def test_the_database_killed_in_the_middle_of_a_restore(own, tmp_path):
    mongo, db, start = own
    for name in ("first", "second", "third"):
        db[name].insert_many([{"n": n, "t": os.urandom(20_000)} for n in range(1200)])
        db[name].create_index("n")
    (tmp_path / "backups").mkdir()
    entry = dump(db, Target(str(tmp_path / "backups")), RING)
    back = db.client["back"]
    process = start("-c", RESTORE, mongo.uri, entry.target.place, entry.name)
    until(lambda: "restoring.second" in back.list_collection_names(), 30, "nothing is loaded")
    mongo._process.kill()
    mongo._process.wait()
    said = process.communicate(60)[0]
    assert process.returncode == 3, said
    assert "does not answer" in said
    assert mongo.revive()
    assert not {"first", "second", "third"} & set(back.list_collection_names()), "half a restore is in place"
    restore(entry, back)
    assert compare(entry, back)[1] == ()
    assert not [name for name in back.list_collection_names() if name.startswith("restoring.")]
