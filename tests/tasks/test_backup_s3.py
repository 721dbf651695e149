"""Backups in an S3-compatible store: a real server on this machine, asked through s3fs as in production."""

import datetime as dt
import gc
import os

import boto3
import pytest
from moto.server import ThreadedMotoServer
from pymongo import MongoClient
from s3fs import S3FileSystem

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.operations.backups import BROKEN, GOOD, PRUNED, Backup
from models.services.work import jobs
from models.services.work.jobs import Order
from tasks.backup import jobs as jobs_backup
from tasks.backup.crypt import KeyRing, set_keys
from tasks.backup.drill import drill
from tasks.backup.dump import dump
from tasks.backup.faults import BackupFault
from tasks.backup.format import new_entry_name, open_entry
from tasks.backup.restore import restore
from tasks.backup.targets import Target, split_entry
from tasks.backup.unfinished import clear_away
from tasks.backup.verify import verify
from tasks.engine.worker import work

KEYS = {1: b"1" * 32}
RING = KeyRing(KEYS)
PLACE = "s3://vault/guicheng"


@pytest.fixture(scope="module")
def address():
    """A store that speaks S3, on a free port."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def store(address, monkeypatch):
    """A client of the store with one bucket, addressed as the manual says: by the AWS variables."""
    content = {"ACCESS_KEY_ID": "id", "SECRET_ACCESS_KEY": "secret", "DEFAULT_REGION": "us-east-1"}
    for name, value in (content | {"ENDPOINT_URL": address}).items():
        monkeypatch.setenv(f"AWS_{name}", value)
    client = boto3.client("s3")
    client.create_bucket(Bucket="vault")
    yield client
    for row in client.list_objects_v2(Bucket="vault").get("Contents", []):
        client.delete_object(Bucket="vault", Key=row["Key"])
    client.close()
    gc.collect()


@pytest.fixture
def small(settings):
    """What is saved: more than one chunk; and an empty database beside it."""
    with MongoClient(settings.mongodb_uri, tz_aware=True) as client:
        row = client[f"{settings.database}_s3"]
        client.drop_database(row.name)
        row["user"].insert_many([{"n": n, "t": os.urandom(3000)} for n in range(500)])
        yield row
        client.drop_database(row.name)
        client.drop_database(f"{row.name}_r")


def test_saved_verified_drilled_and_restored(store, small):
    target = Target(PLACE)
    entry = dump(small, target, RING)
    assert target.entries() == [entry.name]
    there = {content["Key"] for content in store.list_objects_v2(Bucket="vault")["Contents"]}
    assert f"guicheng/{entry.name}/manifest.json" in there
    assert verify(target, entry.name, RING)
    assert drill(target, entry.name, RING, small.client).differences == ()
    other = small.client[f"{small.name}_r"]
    restore(open_entry(*split_entry(f"{PLACE}/{entry.name}"), RING), other)
    assert list(other["user"].find()) == list(small["user"].find())


def test_one_flipped_bit_and_a_file_that_is_gone(store, small):
    target = Target(PLACE)
    entry = dump(small, target, RING)
    key = f"guicheng/{entry.name}/{entry.manifest.file('user', 'bson').name}"
    content = bytearray(store.get_object(Bucket="vault", Key=key)["Body"].read())
    content[len(content) // 2] ^= 1
    store.put_object(Bucket="vault", Key=key, Body=bytes(content))
    assert "user.bson" in str(verify(target, entry.name, RING).problems[0])
    store.delete_object(Bucket="vault", Key=key)
    assert "is missing" in str(verify(target, entry.name, RING).problems[0])
    store.delete_object(Bucket="vault", Key=f"guicheng/{entry.name}/manifest.json")
    with pytest.raises(BackupFault, match="never finished"):
        verify(target, entry.name, RING)


def test_half_a_backup_in_a_store_is_cleared_away_when_nobody_can_be_writing_it(store, small):
    target = Target(PLACE)
    assert clear_away(target) == []
    with clock.set_to(clock.now() - dt.timedelta(hours=13)):
        left = new_entry_name()
    young = new_entry_name()
    for name in (left, young):
        store.put_object(Bucket="vault", Key=f"guicheng/{name}/user.bson.zst", Body=b"half")
        target.set_writing(name, "another")
    assert clear_away(target) == [left]
    assert (target.entries(), target.writing_now()) == ([young], [young])
    entry = dump(small, target, RING)
    assert (target.entries(), target.writing_now()) == (sorted([young, entry.name]), [young])


def test_a_bucket_that_is_not_there(store, small):
    with pytest.raises(BackupFault, match="does not exist"):
        dump(small, Target("s3://nowhere/guicheng"), RING)


def test_a_store_that_does_not_answer(store, small, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    S3FileSystem.clear_instance_cache()  # as in a process that finds the store so
    with pytest.raises(BackupFault, match="cannot be used"):
        dump(small, Target(PLACE), RING)
    S3FileSystem.clear_instance_cache()


def test_by_policy_and_by_the_keep_rules(store, small, db, monkeypatch):
    monkeypatch.setattr(jobs_backup, "get_db", lambda: small)
    set_keys(KEYS)
    department = changes.create(catalogue["department"], {"code": "ITD", "name": "信息部"}, actor=SYSTEM).id
    facts = {
        "name": "雲",
        "target": PLACE,
        "department": department,
        "weekly": 0,
        "monthly": 0,
        "yearly": 0,
        "daily": 1,
    }
    policy = changes.create(catalogue["backup_policy"], facts, actor=SYSTEM)

    def run(task):
        order = jobs.enqueue(Order(task=task, params={"policy": str(policy.id)}))
        assert work(order)
        return db[jobs.COLLECTION].find_one({"_id": order})["state"]

    assert run("backup.run") == jobs.DONE
    first = Backup.objects.get()
    changes.update(Backup, first.id, {"begun": clock.now() - dt.timedelta(days=3)}, actor=SYSTEM, version=None)
    assert run("backup.run") == jobs.DONE
    kept = Backup.objects.get(outcome=GOOD)
    assert Target(PLACE).entries() == [kept.entry]
    assert Backup.objects.get(id=first.id).outcome == PRUNED
    assert run("backup.drill") == jobs.DONE
    key = next(
        content["Key"] for content in store.list_objects_v2(Bucket="vault")["Contents"] if "user.bson" in content["Key"]
    )
    store.put_object(Bucket="vault", Key=key, Body=b"x")
    assert run("backup.verify") == jobs.FAILED
    assert Backup.objects.get(id=kept.id).outcome == BROKEN
    set_keys({})
