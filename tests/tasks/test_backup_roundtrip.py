"""What was saved comes back byte for byte: while writers go on, in mongodump's layout, whole or one record of it."""

import hashlib
import io
import threading

import pytest
import zstandard
from bson import CodecOptions, ObjectId, decode_all, decode_file_iter, json_util
from gridfs import GridFSBucket
from pymongo import MongoClient

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.errors import Refused
from models.kernel.base.people import SYSTEM, actor_of
from models.kernel.gate import attempts, changes, comments, history
from models.kernel.gate.changes import Context
from models.services.files import files
from models.services.files.files import Upload
from models.services.keeping import audit
from tasks.backup import dump as dumping
from tasks.backup import restore as restoring
from tasks.backup.crypt import KeyRing
from tasks.backup.drill import compare, drill
from tasks.backup.dump import dump
from tasks.backup.faults import BackupFault, Damaged
from tasks.backup.format import open_entry
from tasks.backup.records import restore_record
from tasks.backup.restore import restore
from tasks.backup.targets import Target, split_entry
from tasks.backup.unpack import unpack
from tasks.backup.verify import verify

RING = KeyRing({1: b"1" * 32})
NAME = "測試客戶"


def make(name, /, **values):
    return changes.create(catalogue[name], values, actor=SYSTEM)


@pytest.fixture
def target(tmp_path):
    return Target(str(tmp_path))


@pytest.fixture
def company(db):
    """A department, a user, customers, one of them with a file."""
    department = make("department", code="SAL", name="銷售部").id
    owner = make("user", login="clerk", name="業務員", department=department, roles=["clerk"]).id
    made = [make("customer", name=f"{NAME}{n}", department=department, owner=owner) for n in range(20)]
    customer = catalogue["customer"]
    kind = next(iter(customer.declared.file_kinds), "")
    upload = Upload("合同.txt", io.BytesIO("內容".encode() * 200_000))
    files.attach(customer, made[0].id, kind, upload, actor=SYSTEM)
    db["session"].insert_one({"user": owner})
    return made


def attach_raw(db, content, name, data, session=None):
    """The facts of a file with the entry that says so, as the program writes them."""
    facts = {"_id": ObjectId(), "name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "kind": ""}
    beside = {"content": content, "type": "customer", "record_id": ObjectId(), "removed_at": None}
    db["file"].insert_one(facts | beside, session=session)
    said = [{"field": "file", "old": None, "new": facts}]
    entry = {"type": "customer", "record": beside["record_id"], "seq": 2, "verb": "attach", "changes": said}
    db["history"].insert_one(entry, session=session)


@pytest.fixture
def small(settings):
    """A database of few collections: customers, and one file that is attached."""
    with MongoClient(settings.mongodb_uri, tz_aware=True) as client:
        row = client[f"{settings.database}_s"]
        client.drop_database(row.name)
        row["customer"].insert_many([{"name": f"{NAME}{n}", "g": [n]} for n in range(20)])
        row["customer"].create_index("g")
        row["session"].insert_one({})
        data = "內容".encode() * 200_000
        content = GridFSBucket(row, "content").upload_from_stream("合同.txt", data)
        attach_raw(row, content, "合同.txt", data)
        yield row
        client.drop_database(row.name)


@pytest.fixture
def other(settings):
    """A database that is empty, and dropped afterwards."""
    with MongoClient(settings.mongodb_uri, tz_aware=True) as client:
        result = client[f"{settings.database}_r"]
        client.drop_database(result.name)
        yield result
        client.drop_database(result.name)


def bytes_of(db, name):
    return hashlib.sha256(b"".join(db[name].find_raw_batches({}, sort=[("_id", 1)]))).hexdigest()


def everything(db):
    return {name: bytes_of(db, name) for name in sorted(db.list_collection_names())}


def test_comes_back_byte_for_byte(db, company, target, other):
    entry = dump(db, target, RING)
    assert verify(target, entry.name, RING).problems == ()
    restore(entry, other, resume=True)
    there, back = everything(db), everything(other)
    for name in ("session", "throttle", "lease", "readiness", "api_key", "api_entry", "course_launch"):
        there.pop(name, None)
    back.pop("restore")
    assert back == there
    for name in back:
        assert sorted(map(str, other[name].index_information().items())) == sorted(
            map(str, db[name].index_information().items())
        )
    assert compare(entry, other) == (1, ())


def test_refused_attempts_come_back_under_their_seals(db, company, target, other):
    attempts.forget_counts()
    clerk = actor_of(catalogue["user"].objects.get(login="clerk"))
    for at in range(4):
        with pytest.raises(Refused):
            changes.update(catalogue["customer"], company[0].id, {"name": ""}, actor=clerk, version=1)
        if at == 2:
            audit.seal_all()
    restore(dump(db, target, RING), other, resume=True)
    for name in ("attempts", "unsealed", "history_seal"):
        assert bytes_of(other, name) == bytes_of(db, name)
    assert (other["attempts"].count_documents({}), other["unsealed"].count_documents({})) == (3, 1)
    row = other["unsealed"].find_one()
    assert row["attempt"]["missing"] == [{"field": "name", "rule": "required"}]


def test_is_one_moment_while_writers_go_on(small, target, other, monkeypatch):
    small["one"].insert_one({"_id": 1, "n": 0})
    small["two"].insert_one({"_id": 1, "n": 0})
    bucket, ended = GridFSBucket(small, "content"), threading.Event()

    def write():
        n = 0
        while not ended.is_set():
            n += 1
            content = bucket.upload_from_stream(f"f{n}", b"x" * 1000)
            with small.client.start_session() as session, session.start_transaction():
                small["one"].update_one({"_id": 1}, {"$set": {"n": n}}, session=session)
                small["two"].update_one({"_id": 1}, {"$set": {"n": n}}, session=session)
                attach_raw(small, content, f"f{n}", b"x" * 1000, session)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        threading.Event().wait(0.3)
        entry = dump(small, target, RING)
        threading.Event().wait(0.1)
    finally:
        ended.set()
        writer.join()
    restore(entry, other)
    at = other["one"].find_one()["n"]
    assert at == other["two"].find_one()["n"] > 0
    assert at < small["one"].find_one()["n"]
    count, different = compare(entry, other)
    assert different == ()
    assert count == entry.manifest.attachments["count"] == other["file"].count_documents({})


def test_mongodump_layout_without_this_program(small, target, tmp_path):
    entry = dump(small, target, RING, plain=True)
    folder = tmp_path / entry.name / small.name
    raw = zstandard.ZstdDecompressor().stream_reader(io.BytesIO((folder / "customer.bson.zst").read_bytes())).read()
    assert [row["name"] for row in decode_all(raw)] == [f"{NAME}{n}" for n in range(20)]
    packed = (folder / "customer.metadata.json.zst").read_bytes()
    payload = json_util.loads(zstandard.ZstdDecompressor().stream_reader(io.BytesIO(packed)).read())
    assert payload["collectionName"] == "customer"
    assert {"_id_"} < {index["name"] for index in payload["indexes"]}
    assert not (folder / "session.bson.zst").exists()


def test_unpacked_it_is_what_mongodump_writes(crowded, target, other, tmp_path):
    """Read and loaded again by the driver alone, as the layout is described; nothing of this program takes part."""
    crowded.create_collection("strict", validator={"n": {"$type": "int"}}, collation={"locale": "zh"})
    crowded["strict"].create_index("n", partialFilterExpression={"n": {"$gt": 1}})
    entry = dump(crowded, target, RING)
    unpack(entry, tmp_path / "out")
    folder = tmp_path / "out" / crowded.name
    names = sorted(path.name.removesuffix(".bson") for path in folder.glob("*.bson"))
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        f"{name}.{end}" for name in names for end in ("bson", "metadata.json")
    )
    assert {"customer", "strict", "visit", "content.chunks"} <= set(names)
    for name in names:
        payload = json_util.loads((folder / f"{name}.metadata.json").read_text("utf-8"))
        assert set(payload) == {"options", "indexes", "uuid", "collectionName", "type"}
        assert (payload["collectionName"], payload["type"], len(bytes.fromhex(payload["uuid"]))) == (
            name,
            "collection",
            16,
        )
        other.command({"create": name, **payload["options"]})
        with (folder / f"{name}.bson").open("rb") as file:
            for row in decode_file_iter(file, CodecOptions(document_class=dict)):
                other[name].insert_one(row)
        if indexes := [index for index in payload["indexes"] if index["name"] != "_id_"]:
            other.command("createIndexes", name, indexes=indexes)
        assert bytes_of(other, name) == bytes_of(crowded, name)
        assert list(other[name].list_indexes()) == list(crowded[name].list_indexes())
        assert other[name].options() == crowded[name].options()
    with pytest.raises(BackupFault, match="not empty"):
        unpack(entry, tmp_path / "out")


def test_an_empty_database_is_refused(small, target):
    empty = small.client[f"{small.name}_nothing"]
    with pytest.raises(BackupFault, match="is empty"):
        dump(empty, target, RING)
    assert target.entries() == []


def test_keys_rotate(small, target):
    old = dump(small, target, RING)
    both = KeyRing({1: b"1" * 32, 2: b"2" * 32})
    new = dump(small, target, both)
    assert (old.manifest.key, new.manifest.key) == (1, 2)
    assert verify(target, old.name, both)
    assert verify(target, new.name, both)
    with pytest.raises(BackupFault, match="key 2"):
        verify(target, new.name, RING)


def test_restore_refuses_what_is_not_empty(small, target, other):
    entry = dump(small, target, RING)
    other["customer"].insert_one({"mine": 1})
    before = everything(other)
    with pytest.raises(BackupFault, match="is not empty"):
        restore(entry, other)
    assert everything(other) == before
    restore(entry, other, overwrite=True)
    assert bytes_of(other, "customer") == bytes_of(small, "customer")


def test_restore_verifies_before_it_touches_anything(small, target, other, tmp_path):
    entry = dump(small, target, RING)
    path = next((tmp_path / entry.name).rglob("customer.bson*"))
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    other["mine"].insert_one({})
    with pytest.raises(Damaged, match=r"customer\.bson"):
        restore(entry, other, overwrite=True)
    assert other.list_collection_names() == ["mine"]


@pytest.fixture
def crowded(small):
    """More documents than are indexed before they are loaded."""
    small["visit"].insert_many([{"kind": 1, "n": n} for n in range(restoring.SMALL_DOCUMENTS + 200)])
    small["visit"].create_index("kind")
    small["visit"].create_index("n", unique=True)
    return small


def test_indexes_of_few_and_of_many_documents(crowded, target, other):
    restore(dump(crowded, target, RING), other)
    assert bytes_of(other, "visit") == bytes_of(crowded, "visit")
    for name in ("visit", "customer"):
        assert other[name].index_information() == crowded[name].index_information()


def test_an_index_that_cannot_be_built_leaves_nothing(crowded, target, other, monkeypatch):
    entry = dump(crowded, target, RING)
    monkeypatch.setattr(restoring, "_index", lambda facts, drill: facts | {"unique": True})
    with pytest.raises(BackupFault, match="duplicate key"):
        restore(entry, other)
    assert set(other.list_collection_names()) <= {"restore"}
    monkeypatch.undo()
    restore(entry, other)
    assert compare(entry, other)[1] == ()


def test_drill_leaves_nothing_behind_and_finds_nothing(small, target):
    entry = dump(small, target, RING)
    report = drill(target, entry.name, RING, small.client)
    assert report.differences == ()
    assert (report.files, report.documents) == (1, entry.manifest.documents)
    assert not [name for name in small.client.list_database_names() if "_drill_" in name]


def test_drill_finds_a_file_that_was_broken_before_it_was_saved(small, target):
    chunk = small["content.chunks"].find_one({"n": 1})
    small["content.chunks"].update_one(
        {"_id": chunk["_id"]}, {"$set": {"data": bytes([chunk["data"][0] ^ 1]) + chunk["data"][1:]}}
    )
    entry = dump(small, target, RING)
    assert verify(target, entry.name, RING)
    report = drill(target, entry.name, RING, small.client)
    assert "合同.txt" in str(report.differences[0])


@pytest.mark.parametrize("change", [{"sha256": "0" * 64}, {"name": "another.txt"}, {"size": 1}])
def test_drill_compares_with_the_history(small, target, change):
    """What stood there wrongly when the backup was made is in the backup, too: it is restored, and not as entered."""
    small["file"].update_one({}, {"$set": change})
    entry = dump(small, target, RING)
    assert verify(target, entry.name, RING)
    report = drill(target, entry.name, RING, small.client)
    assert "changed without entry" in " ".join(map(str, report.differences))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda c: c.update_one({"name": NAME + "3"}, {"$set": {"name": "x"}}), "differs"),
        (lambda c: c.delete_one({"name": NAME + "3"}), "is missing"),
        (lambda c: c.insert_one({"name": "x"}), "was not saved"),
        (lambda c: c.drop_index("g_1"), "indexes differ"),
    ],
)
def test_comparing_finds_what_differs(small, target, other, change, word):
    entry = dump(small, target, RING)
    restore(entry, other)
    change(other["customer"])
    assert word in " ".join(str(item) for item in compare(entry, other)[1])


def test_another_order_is_no_difference(small, target, other):
    entry = dump(small, target, RING)
    restore(entry, other)
    first = other["customer"].find_one()
    other["customer"].delete_one({"_id": first["_id"]})
    other["customer"].insert_one(first)
    assert compare(entry, other)[1] == ()


def test_a_changed_record_gets_its_old_fields_again(db, company, target):
    entry = dump(db, target, RING)
    customer = catalogue["customer"]
    changes.update(customer, company[2].id, {"name": "錯的"}, actor=SYSTEM, version=None)
    restored = restore_record(entry, "Customer", company[2].number)
    assert restored.name == NAME + "2"
    last = history.entries_of(company[2].id)[-1]
    assert (last["verb"], last["door"], last["actor"]) == ("restore", "backup", None)
    assert entry.name in last["reason"]
    assert not list(history.faults_in(history.entries_of(company[2].id), restored.chain))
    count = len(history.entries_of(company[2].id))
    restore_record(entry, "customer", str(company[2].id))
    assert len(history.entries_of(company[2].id)) == count


def test_a_record_that_is_gone_comes_back_with_its_history_and_files(db, company, target):
    entry = dump(db, target, RING)
    lost = company[0]
    db["customer"].delete_one({"_id": lost.id})
    db["history"].delete_many({"record": lost.id})
    content = db["file"].find_one_and_delete({"record_id": lost.id})["content"]
    GridFSBucket(db, "content").delete(content)
    restored = restore_record(entry, "customer", str(lost.id))
    assert (restored.id, restored.number, restored.name) == (lost.id, lost.number, lost.name)
    entries = history.entries_of(lost.id)
    assert [entry["verb"] for entry in entries] == ["create", "attach", "restore"]
    assert not list(history.faults_in(entries, catalogue["customer"].objects.get(id=lost.id).chain))
    file, stream = files.open_for(db["file"].find_one({"record_id": lost.id})["_id"], actor=SYSTEM, context=Context())
    assert hashlib.sha256(stream.read()).hexdigest() == file["sha256"]


def faults():
    return [(str(fault.where), str(fault.what)) for fault in audit.check().faults]


def test_a_record_of_a_younger_backup_has_its_entries_sealed(db, company, target):
    audit.seal_all()
    monday = dump(db, target, RING)
    late = make("customer", name="遲到的客戶", department=company[0].ref("department"), owner=company[0].ref("owner"))
    comments.comment(catalogue["customer"], late.id, "已聯繫", actor=SYSTEM)
    audit.seal_all()
    tuesday = dump(db, target, RING)
    restore(monday, db, overwrite=True)
    assert faults() == []
    restore_record(tuesday, "customer", str(late.id))
    assert faults() == []
    assert audit.seal_all() == 3
    assert faults() == []


def test_entries_that_a_seal_holds_do_not_wait_for_another(db, company, target):
    """Counted twice, they would hide an entry that was added past the application."""
    comments.comment(catalogue["customer"], company[3].id, "已聯繫", actor=SYSTEM)
    audit.seal_all()
    entry = dump(db, target, RING)
    db["customer"].delete_one({"_id": company[3].id})
    db["history"].delete_many({"record": company[3].id})
    restore_record(entry, "customer", str(company[3].id))
    assert db["unsealed"].count_documents({}) == 1, "the entry that says it was brought back"
    row = db["history"].find_one({"record": company[4].id})
    db["history"].insert_one({**row, "_id": ObjectId(), "seq": 99})
    assert "past the application" in str(faults())


def test_a_refused_record_leaves_no_content_behind(db, company, target):
    entry = dump(db, target, RING)
    lost = company[0]
    db["customer"].delete_one({"_id": lost.id})
    GridFSBucket(db, "content").delete(db["file"].find_one_and_delete({"record_id": lost.id})["content"])
    db["customer"].update_one({"_id": company[1].id}, {"$set": {"number": lost.number}})
    with pytest.raises(Refused):
        restore_record(entry, "customer", str(lost.id))
    assert db["content.chunks"].count_documents({}) == db["content.files"].count_documents({}) == 0
    assert db["file"].count_documents({}) == 0


def test_a_record_whose_links_are_gone_is_refused(db, company, target):
    entry = dump(db, target, RING)
    db["department"].delete_many({})
    db["user"].delete_many({})
    with pytest.raises(Refused, match="Department"):
        restore_record(entry, "user", "U-0001")
    assert db["user"].count_documents({}) == 0


NOT_THERE = (("Nothing", "1"), ("Customer", "X-1"), ("Customer", "0" * 24))


def test_what_is_not_in_the_backup(db, company, target):
    entry = dump(db, target, RING)
    for type_name, id in NOT_THERE:
        with pytest.raises(BackupFault, match=r"no record type|holds no"):
            restore_record(entry, type_name, id)


def test_the_window_of_the_server_is_put_back(small, target):
    name = "minSnapshotHistoryWindowInSeconds"
    before = small.client.admin.command({"getParameter": 1, name: 1})[name]
    seen = []
    dump(
        small, target, RING, tell=lambda *_: seen.append(small.client.admin.command({"getParameter": 1, name: 1})[name])
    )
    assert set(seen) == {dumping.WINDOW_SECONDS}
    assert small.client.admin.command({"getParameter": 1, name: 1})[name] == before


def test_the_manifest_knows_how_far_the_history_went(db, company, target):
    kept = dump(db, target, RING).manifest
    assert kept.audit["entries"] == db["history"].count_documents({})
    assert kept.audit["last"]["hash"] == db["history"].find_one(sort=[("_id", -1)])["hash"]
    assert kept.snapshot["t"] > 0
    assert "session" in kept.left_out


def test_paths_lead_to_entries(small, target, tmp_path):
    entry = dump(small, target, RING)
    assert open_entry(*split_entry(f"{tmp_path}/{entry.name}/"), RING).manifest == entry.manifest


def queued(db):
    """What waits at the moment of a backup: a message, a notice that has none yet, two runs, a session, a throttle."""
    now = clock.now()
    person = ObjectId()
    facts = {"person": person, "channel": "mail", "kind": "alarm", "attempts": 0, "next_try": now, "first_try": now}
    for key, state in (("a", "waiting"), ("b", "handed"), ("c", "sent")):
        held = {"holder": ObjectId(), "lease": now} if state == "handed" else {}
        db["delivery"].insert_one(
            {"_id": key, "batch": key, "notice": ObjectId(), "at": now, "state": state} | facts | held
        )
    db["notice"].insert_one({"person": person, "kind": "alarm", "cause": "x", "routed": False, "at": now})
    for state in ("queued", "running", "done"):
        db["task_run"].insert_one({"task": "t", "state": state, "not_before": now, "lease": now, "attempts": 1})
    for name in ("session", "throttle"):
        db[name].insert_one({})


def test_what_was_queued_rests_after_a_restore(small, target, other):
    queued(small)
    entry = dump(small, target, RING)
    other["session"].insert_one({"user": 1})
    other["throttle"].insert_one({"fails": 9})
    done = restore(entry, other, overwrite=True)
    assert done.parked == 5
    assert [row["state"] for row in other["delivery"].find().sort("_id", 1)] == ["restored", "restored", "sent"]
    assert not other["delivery"].find_one({"holder": {"$exists": True}})
    assert other["notice"].find_one()["restored"] is True
    assert sorted(row["state"] for row in other["task_run"].find()) == ["done", "set_aside", "set_aside"]
    assert "restored from a backup" in other["task_run"].find_one({"state": "set_aside"})["sentence"]["en"]
    for name in ("session", "throttle"):
        assert other[name].count_documents({}) == 0, "somebody is still let in"


def test_what_was_queued_goes_on_if_told_so(small, target, other):
    queued(small)
    entry = dump(small, target, RING)
    assert restore(entry, other, resume=True).parked == 0
    assert compare(entry, other)[1] == ()
