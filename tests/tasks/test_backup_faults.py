"""Seeded faults: each one is found, named, and costs nothing but the backup it hit."""

import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from models.kernel.base.words import speaking
from tasks.backup import dump as dumping
from tasks.backup import format as layout
from tasks.backup import restore as restoring
from tasks.backup.crypt import KeyRing
from tasks.backup.drill import drill
from tasks.backup.dump import dump
from tasks.backup.faults import BackupFault, Damaged
from tasks.backup.format import FORMAT, open_entry
from tasks.backup.restore import half_restored, restore
from tasks.backup.targets import MANIFEST, Target
from tasks.backup.unpack import unpack
from tasks.backup.verify import verify

RING = KeyRing({1: b"1" * 32})


@pytest.fixture
def filled(settings):
    """A database of three collections of more than one chunk each."""
    with MongoClient(settings.mongodb_uri, tz_aware=True) as client:
        small = client[f"{settings.database}_f"]
        client.drop_database(small.name)
        for name in ("alpha", "beta", "gamma"):
            small[name].insert_many([{"n": n, "t": os.urandom(3000)} for n in range(400)])
        yield small
        client.drop_database(small.name)


@pytest.fixture
def target(tmp_path):
    folder = tmp_path / "backups"
    folder.mkdir()
    return Target(str(folder))


@pytest.fixture
def whole(filled, target):
    return dump(filled, target, RING)


def folder_of(entry):
    return os.path.join(entry.target.place, entry.name)


def path_of(entry, collection, ending="bson"):
    return os.path.join(folder_of(entry), entry.manifest.file(collection, ending).name)


def is_found(entry, ring=RING):
    """What verify says of it, in one text; fails when it says nothing."""
    try:
        verdict = verify(entry.target, entry.name, ring)
    except BackupFault as fault:
        return str(fault)
    assert not verdict, "nothing was found"
    return " ".join(str(problem) for problem in verdict.problems)


def flip(path, bit):
    with open(path, "r+b") as file:
        file.seek(bit // 8)
        old = file.read(1)[0]
        file.seek(bit // 8)
        file.write(bytes([old ^ 1 << bit % 8]))


@pytest.mark.parametrize("plain", [False, True])
def test_one_flipped_bit_anywhere(filled, target, plain):
    entry = dump(filled, target, RING, plain=plain)
    chance = random.Random(7)
    names = [*(file.name for file in entry.manifest.files if file.collection in ("alpha", "beta")), MANIFEST]
    for name in names:
        path = os.path.join(folder_of(entry), name)
        last = os.path.getsize(path) * 8 - 1
        for bit in {0, last, *(chance.randrange(last) for _ in range(6))}:
            flip(path, bit)
            assert name in is_found(entry), f"{name}, bit {bit}"
            flip(path, bit)
    assert verify(target, entry.name, RING)


def test_every_bit_of_the_manifest_counts(whole):
    with open(os.path.join(folder_of(whole), MANIFEST), "rb") as file:
        raw = file.read()
    for at in range(0, len(raw), 7):
        changed = bytearray(raw)
        changed[at] ^= 1 << (at % 8)
        with pytest.raises(BackupFault):
            layout.opened(bytes(changed), "here", RING)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
@pytest.mark.parametrize("name", ["alpha", MANIFEST])
def test_cut(whole, share, name):
    path = os.path.join(folder_of(whole), MANIFEST) if name == MANIFEST else path_of(whole, name)
    os.truncate(path, int(os.path.getsize(path) * share))
    assert os.path.basename(path) in is_found(whole)


def test_a_whole_number_of_chunks_cut_off(whole):
    path = path_of(whole, "alpha")
    os.truncate(path, 12 + (1 << 20) + 16)
    assert "alpha.bson" in is_found(whole)


def test_missing_and_extra(whole):
    os.remove(path_of(whole, "beta"))
    assert "beta.bson.zst.enc is missing" in is_found(whole)
    shutil.copy(path_of(whole, "alpha"), path_of(whole, "beta"))
    assert "has the content of" in is_found(whole)


def test_a_file_too_many(whole):
    shutil.copy(path_of(whole, "alpha"), path_of(whole, "alpha") + "2")
    assert "does not belong" in is_found(whole)


def test_swapped_within(whole):
    item, two = path_of(whole, "alpha"), path_of(whole, "gamma")
    os.rename(item, item + "x")
    os.rename(two, item)
    os.rename(item + "x", two)
    result = is_found(whole)
    assert "alpha.bson" in result
    assert "gamma.bson" in result
    assert "has the content of" in result


def test_swapped_with_another_backup_of_the_same_size(filled, target, whole):
    later = dump(filled, target, RING)
    shutil.copy(path_of(later, "alpha"), path_of(whole, "alpha"))
    assert "alpha.bson" in is_found(whole)
    shutil.copy(os.path.join(folder_of(later), MANIFEST), os.path.join(folder_of(whole), MANIFEST))
    assert is_found(whole)
    assert verify(target, later.name, RING)


def test_another_backup_under_its_name(filled, target, whole):
    """Sound by itself, and yet not what was made there."""
    later = dump(filled, target, RING)
    shutil.rmtree(folder_of(later))
    shutil.copytree(folder_of(whole), folder_of(later))
    assert f"holds the backup {whole.name}" in is_found(later)
    with pytest.raises(Damaged, match="renamed"):
        drill(target, later.name, RING, filled.client)


def test_a_forged_one_in_the_clear_is_not_what_was_noted(filled, target, whole):
    shutil.rmtree(folder_of(whole))
    dump(filled, target, KeyRing({}), plain=True, name=whole.name)
    assert verify(target, whole.name, RING), "by itself it is whole"
    with pytest.raises(Damaged, match="is not encrypted"):
        verify(target, whole.name, RING, seal=whole.seal)
    shutil.rmtree(folder_of(whole))
    dump(filled, target, RING, name=whole.name)
    with pytest.raises(Damaged, match="its seal is not the one"):
        drill(target, whole.name, RING, filled.client, seal=whole.seal)


@pytest.mark.parametrize("name", ["../../outside", "/outside", "alpha/../../../outside"])
def test_a_forged_one_leads_nowhere_else(filled, target, tmp_path, name):
    """Without a key anybody can seal a manifest; its files stay below its folder all the same."""
    entry = dump(filled, target, RING, plain=True)
    first, *others = entry.manifest.files
    forged = replace(entry.manifest, files=(replace(first, name=name), *others))
    target.put_whole(entry.name, MANIFEST, layout.sealed(forged, None))
    with pytest.raises(Damaged):
        unpack(open_entry(target, entry.name, RING), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_forged_manifest_of_another_shape_is_damaged(filled, target):
    entry = dump(filled, target, RING, plain=True)
    body = layout._body(entry.manifest)
    for wrong in (body | {"more": 1}, {**body, "files": [{"name": "x"}]}, {**body, "left_out": 3}):
        target.put_whole(entry.name, MANIFEST, layout._text({**wrong, "~seal": layout._seal(wrong, None)}))
        assert "manifest.json" in is_found(entry)


def test_a_run_that_was_killed_before_its_first_file_is_said_to_be_unfinished(target, whole):
    target.begin("guicheng-20250601T120000Z-abcdef")
    with pytest.raises(Damaged, match="was never finished"):
        verify(target, "guicheng-20250601T120000Z-abcdef", RING)


def test_what_is_not_there_is_not_damaged(target, whole):
    shutil.rmtree(folder_of(whole))
    with pytest.raises(BackupFault, match="is not there") as raises:
        open_entry(target, whole.name, RING)
    assert not isinstance(raises.value, Damaged)


def test_how_it_is_damaged_is_said_in_the_readers_language(whole):
    with open(path_of(whole, "alpha"), "r+b") as file:
        file.seek(100)
        file.write(b"xyz")
    flip(path_of(whole, "beta"), 0)
    with speaking("zh-Hant"):
        said = is_found(whole)
    assert "第 1 塊" in said
    assert "文件頭" in said
    assert not re.search("chunk|head", said)


def test_a_manifest_rewritten_with_a_sum_of_its_own_is_no_proof(whole):
    path = os.path.join(folder_of(whole), MANIFEST)
    with open(path, "rb") as file:
        body = json.loads(file.read())
    body["files"] = [file for file in body["files"] if file["collection"] != "beta"]
    with open(path, "wb") as file:
        file.write(layout._text(body))
    os.remove(path_of(whole, "beta"))
    assert "manifest.json" in is_found(whole)


def test_wrong_key_and_no_key(whole):
    assert "manifest.json" in is_found(whole, KeyRing({1: b"2" * 32}))
    assert "key 1" in is_found(whole, KeyRing({}))


def test_without_a_key_nothing_is_saved_in_the_clear(filled, target):
    with pytest.raises(BackupFault, match="GUICHENG_BACKUP_KEYS"):
        dump(filled, target, KeyRing({}))
    assert target.entries() == []


def test_another_format(filled, target, monkeypatch):
    monkeypatch.setattr(layout.Manifest, "format", FORMAT + 1)
    monkeypatch.setattr(layout, "_body", lambda kept, old=layout._body: old(kept) | {"format": FORMAT + 1})
    entry = dump(filled, target, RING)
    monkeypatch.undo()
    assert "newer version" in is_found(entry)


def test_the_target_is_not_there(filled, tmp_path):
    with pytest.raises(BackupFault, match="does not exist"):
        dump(filled, Target(str(tmp_path / "nowhere")), RING)
    assert not (tmp_path / "nowhere").exists()


def test_the_target_is_a_file(filled, tmp_path):
    (tmp_path / "f").write_text("x")
    with pytest.raises(BackupFault, match="does not exist"):
        dump(filled, Target(str(tmp_path / "f")), RING)


def test_the_target_may_not_be_written(filled, target, monkeypatch):
    def refused(*_args, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(target._fs, "makedirs", refused)
    with pytest.raises(BackupFault, match="may not be written"):
        dump(filled, target, RING)


def test_an_unknown_store(tmp_path):
    with pytest.raises(BackupFault, match="not installed"):
        Target("nonsense://bucket/folder")


def test_the_target_is_full(filled, target):
    earlier = dump(filled, target, RING)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, before[1]))
    try:
        with pytest.raises(BackupFault, match="is full"):
            dump(filled, target, RING)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert target.entries() == [earlier.name]
    assert verify(target, earlier.name, RING)


def test_the_upload_ends_early_without_a_word(filled, target, monkeypatch):
    """A store that says "written" and keeps only a part of it."""
    real = layout._Summed.write

    def losing(self, data):
        self.total.update(data)
        self.size += len(data)
        if self.size < 600_000:
            self._sink.write(data)
        return len(data)

    monkeypatch.setattr(layout._Summed, "write", losing)
    entry = dump(filled, target, RING)
    monkeypatch.setattr(layout._Summed, "write", real)
    assert "bytes instead of" in is_found(entry)
    with pytest.raises(Damaged):
        drill(target, entry.name, RING, filled.client)


def test_an_interrupted_backup_is_never_a_good_one(filled, target):
    def stop(done, _total, _note):
        if done > 100_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dump(filled, target, RING, tell=stop)
    assert target.entries() == []


def test_a_moment_that_the_server_gave_up(filled, target, monkeypatch):
    def gone(_cursor):
        raise OperationFailure("SnapshotTooOld", 239)

    monkeypatch.setattr(dumping, "_read_ahead", gone)
    with pytest.raises(BackupFault, match="minSnapshotHistoryWindowInSeconds"):
        dump(filled, target, RING)
    assert target.entries() == []


def test_an_index_made_just_now_is_waited_for(filled, target):
    filled["alpha"].create_index("n")
    assert dump(filled, target, RING).manifest.file("alpha", "bson").documents == 400


def test_a_collection_replaced_meanwhile(filled, target):
    def replace(done, total, _note):
        if done < total:
            filled.drop_collection("gamma")
            filled["gamma"].insert_one({})

    with pytest.raises(BackupFault, match="made or changed"):
        dump(filled, target, RING, tell=replace)
    assert target.entries() == []


KILLED = """
import os, signal, sys
from pymongo import MongoClient
from tasks.backup import dump as dumping, restore as restoring
from tasks.backup.crypt import KeyRing
from tasks.backup.format import open_entry
from tasks.backup.targets import Target
uri, database, place, what, name = sys.argv[1:]
db, target, ring = MongoClient(uri)[database], Target(place), KeyRing({1: b"1" * 32})
die = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
if what == "dump":
    dumping.dump(db, target, ring, tell=lambda done, *_: done > 1_000_000 and die())
if what == "load":
    real = restoring._Marker.has_loaded
    def has_loaded(self, one):
        self._noted = 0
        real(self, one)
        one == "beta" and die()
    restoring._Marker.has_loaded = has_loaded
if what == "swap":
    restoring._Marker.set = lambda self, state, real=restoring._Marker.set: (real(self, state), None)[1]
    from pymongo.collection import Collection
    real_rename, done = Collection.rename, []
    def rename(self, *args, **options):
        if len(done) == 2: die()
        done.append(1)
        return real_rename(self, *args, **options)
    Collection.rename = rename
restoring.restore(open_entry(target, name, ring), db)
"""


def killed(uri, db, target, what, name="-"):
    args = [sys.executable, "-c", KILLED, uri, db.name, target.place, what, name]
    done = subprocess.run(args, check=False, capture_output=True, text=True, cwd=os.getcwd(), timeout=60)
    assert done.returncode == -signal.SIGKILL, done.stderr


def test_a_killed_backup_is_never_a_good_one(filled, target, mongo_uri):
    killed(mongo_uri, filled, target, "dump")
    (left,) = target.entries()
    assert not target.has(left, MANIFEST)
    with pytest.raises(BackupFault, match="never finished"):
        verify(target, left, RING)
    assert verify(target, dump(filled, target, RING).name, RING)
    target.delete(left)
    assert len(target.entries()) == 1


@pytest.mark.parametrize("what", ["load", "swap"])
def test_a_killed_restore_is_done_again(filled, target, mongo_uri, whole, what):
    other = filled.client[f"{filled.name}_k"]
    filled.client.drop_database(other.name)
    try:
        killed(mongo_uri, other, target, what, whole.name)
        names = set(other.list_collection_names())
        assert any(name.startswith("restoring.") for name in names)
        if what == "load":
            assert not names & {"alpha", "beta", "gamma"}, "half a restore is in place"
        restore(open_entry(target, whole.name, RING), other)
        names = set(other.list_collection_names())
        assert not [name for name in names if name.startswith("restoring.")]
        assert {"alpha", "beta", "gamma"} <= names
        assert other["alpha"].count_documents({}) == 400
    finally:
        filled.client.drop_database(other.name)


def test_a_killed_restore_of_another_backup_is_cleared_away(filled, target, mongo_uri, whole):
    other = filled.client[f"{filled.name}_k"]
    filled.client.drop_database(other.name)
    try:
        killed(mongo_uri, other, target, "load", whole.name)
        filled["alpha"].delete_one({})
        later = dump(filled, target, RING)
        restore(later, other)
        assert other["alpha"].count_documents({}) == 399
        assert not [name for name in other.list_collection_names() if name.startswith("restoring.")]
    finally:
        filled.client.drop_database(other.name)


def test_half_of_another_restore_is_still_said_when_the_next_one_fails(filled, target, mongo_uri, whole, monkeypatch):
    other = filled.client[f"{filled.name}_k"]
    filled.client.drop_database(other.name)
    try:
        killed(mongo_uri, other, target, "swap", whole.name)
        assert half_restored(other) == whole.name
        filled["alpha"].delete_one({})
        later = dump(filled, target, RING)

        def full(*_given):
            raise OperationFailure("the disk is full")

        with monkeypatch.context() as broken:
            broken.setattr(restoring, "_insert", full)
            with pytest.raises(BackupFault):
                restore(later, other, overwrite=True)
        assert half_restored(other) == whole.name
        restore(later, other, overwrite=True)
        assert half_restored(other) is None
        assert other["alpha"].count_documents({}) == 399
    finally:
        filled.client.drop_database(other.name)


def test_a_restore_that_began_while_this_one_was_verifying(filled, target, whole, monkeypatch):
    other = filled.client[f"{filled.name}_k"]
    filled.client.drop_database(other.name)

    def meanwhile(*_given):
        monkeypatch.setattr(restoring, "must_be_whole", lambda *_given: None)
        restore(whole, other)

    monkeypatch.setattr(restoring, "must_be_whole", meanwhile)
    try:
        with pytest.raises(BackupFault, match="not empty"):
            restore(whole, other)
        assert other["alpha"].count_documents({}) == 400
    finally:
        filled.client.drop_database(other.name)


def test_two_restores_at_once(filled, target, whole):
    other = filled.client[f"{filled.name}_k"]
    filled.client.drop_database(other.name)
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        import socket

        from models.kernel.base import clock

        mark = {"_id": "restore", "backup": "x", "state": "loading", "loaded": [], "since": clock.now()}
        other["restore"].insert_one(mark | {"at": clock.now(), "host": socket.gethostname(), "pid": sleeper.pid})
        with pytest.raises(BackupFault, match="is running"):
            restore(whole, other)
    finally:
        sleeper.kill()
        sleeper.wait()
        filled.client.drop_database(other.name)


def test_memory_stays_flat(filled, target):
    """What packs extremely well must not be unpacked into memory at once."""
    filled["alpha"].insert_many([{"t": b"\x00" * 4_000_000} for _ in range(40)])
    entry = dump(filled, target, RING)
    seen = time.monotonic()
    pieces = [len(piece) for piece in entry.plain(entry.manifest.file("alpha", "bson"))]
    assert max(pieces) <= layout.PIECE
    assert sum(pieces) > 160_000_000
    assert time.monotonic() - seen < 30


def test_a_store_that_is_no_folder(filled):
    """fsspec's store in memory goes the way of every store: objects that are there whole or not at all."""
    target = Target("memory://bucket/backups")
    with pytest.raises(BackupFault, match="does not exist"):
        target.entries()
    entry = dump(filled, target, RING)
    assert target.entries() == [entry.name]
    assert verify(target, entry.name, RING)
    assert drill(target, entry.name, RING, filled.client)
    name = entry.manifest.file("alpha", "bson").name
    target._fs.pipe_file(f"/bucket/backups/{entry.name}/{name}", b"x")
    assert "alpha.bson" in is_found(entry)
    target.delete(entry.name)
    with pytest.raises(BackupFault, match="is not there"):
        verify(target, entry.name, RING)
