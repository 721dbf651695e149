"""What backups cost next to the floors, in one run: a table, and the ratios that are aimed at.

    python bench/backup.py [MEGABYTES]         default 2000; says on standard error what it is doing

Floor of a backup: reading the same collections as raw BSON into one zstd file. Floors of a restore: inserting the same
documents, and the same with MongoDB's own time for the same indexes, one command for each collection.
Each measurement runs in a process of its own, so that its peak of memory is its own.
"""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import zstandard
from bson import ObjectId, encode, json_util
from bson.raw_bson import RawBSONDocument
from gridfs import GridFSBucket
from pymongo import IndexModel, MongoClient, WriteConcern
from pymongo.database import Database

from admin_app.embedded import EmbeddedMongo
from tasks.backup.crypt import KeyRing
from tasks.backup.database import RAW, in_batches
from tasks.backup.drill import drill
from tasks.backup.dump import dump
from tasks.backup.format import METADATA, Entry, open_entry
from tasks.backup.restore import BATCH_BYTES, BATCH_DOCUMENTS, restore
from tasks.backup.targets import Target
from tasks.backup.verify import verify

RING = KeyRing({1: b"b" * 32})
DATABASE, INTO = "bench", "bench_restored"
AIM_BACKUP, AIM_RESTORE, AIM_MEMORY_MB = 0.8, 0.8, 300
WORDS = "采購合同須由法務審核並在七日內歸檔供應商資質證明質量保修付款條件交付驗收 supply contract clause review"
ROUNDS = 2  # of what is compared most closely; they take turns, and the better one counts


def fill(db: Database[Any], megabytes: int) -> None:
    """Records of the usual size with search parts and indexes, their history, and files that do not compress."""
    chance = random.Random(5)
    kinds = {"customer": 0.25, "contract": 0.2, "history": 0.3}
    for kind, share in kinds.items():
        into, size, n = db[kind], 0, 0
        while size < share * megabytes * 1_000_000:
            rows = [encode(_row(chance, n + at)) for at in range(2000)]
            into.insert_many([RawBSONDocument(row, RAW) for row in rows])
            n += len(rows)
            size += sum(len(row) for row in rows)
        keys = [IndexModel("number", unique=True), IndexModel("s"), IndexModel([("owner", 1), ("_id", -1)])]
        into.create_indexes(keys)
    bucket = GridFSBucket(db, "content")
    for n in range(int(0.25 * megabytes / 2)):
        bucket.upload_from_stream(f"{n}.pdf", chance.randbytes(2_000_000))


def _row(chance: random.Random, n: int) -> dict[str, Any]:
    at = chance.randrange(len(WORDS) - 20)
    name = WORDS[at : at + 12] + str(chance.randrange(10**6))
    facts = {f"field_{i}": chance.random() * 10**6 for i in range(12)}
    return {
        "_id": ObjectId(),
        "number": f"N-{n:08}",
        "name": name,
        "owner": ObjectId(chance.randbytes(12)),
        "s": [name[i : i + 2] for i in range(6)],
        "text": WORDS[at:] * 2,
        "hash": chance.randbytes(32).hex(),
        **facts,
    }


def floor(client: MongoClient[Any], folder: str, _name: str) -> None:
    path = os.path.join(folder, "floor.zst")
    packer = zstandard.ZstdCompressor(level=1)
    with client.start_session(snapshot=True) as session, open(path, "wb") as file, packer.stream_writer(file) as out:
        for name in client[DATABASE].list_collection_names():
            for batch in client[DATABASE][name].find_raw_batches({}, session=session):
                out.write(batch)
        out.flush(zstandard.FLUSH_FRAME)
        file.flush()
        os.fsync(file.fileno())


def insert_floor(client: MongoClient[Any], folder: str, name: str) -> dict[str, float]:
    """What the server takes to insert the same documents from one writer, who has the next ones ready in time."""
    entry = open_entry(Target(folder), name, RING)
    client.drop_database(INTO)
    begun = time.monotonic()
    for file in entry.manifest.data():
        into = client[INTO].get_collection(file.collection, write_concern=WriteConcern(w=1), codec_options=RAW)
        with ThreadPoolExecutor(1) as writer:
            running = writer.submit(int)
            for batch in in_batches(entry.plain(file), BATCH_BYTES, BATCH_DOCUMENTS):
                running.result()
                running = writer.submit(into.insert_many, batch)
            running.result()
    inserted = time.monotonic() - begun
    for file in entry.manifest.data():
        if indexes := _indexes(entry, file.collection):
            client[INTO].command("createIndexes", file.collection, indexes=indexes)
    indexed = time.monotonic() - begun
    client.drop_database(INTO)
    return {"seconds": inserted, "with indexes": indexed}


def _indexes(entry: Entry, collection: str) -> list[dict[str, Any]]:
    metadata = entry.manifest.file(collection, METADATA)
    facts = json_util.loads(b"".join(entry.plain(metadata))) if metadata else {"indexes": []}
    return [index for index in facts["indexes"] if index["name"] != "_id_"]


def run_backup(client: MongoClient[Any], folder: str, _name: str) -> None:
    print(dump(client[DATABASE], Target(folder), RING).name)


def run_verify(_client: MongoClient[Any], folder: str, name: str) -> None:
    if not verify(Target(folder), name, RING):
        raise SystemExit("The backup is damaged.")


def run_restore(client: MongoClient[Any], folder: str, name: str) -> None:
    client.drop_database(INTO)
    restore(open_entry(Target(folder), name, RING), client[INTO])
    client.drop_database(INTO)


def run_drill(client: MongoClient[Any], folder: str, name: str) -> None:
    if differences := drill(Target(folder), name, RING, client).differences:
        raise SystemExit(f"The drill found differences: {differences[0]}")


WORK = {
    "floor": floor,
    "backup": run_backup,
    "verify": run_verify,
    "inserts": insert_floor,
    "restore": run_restore,
    "drill": run_drill,
}
WITH_INDEXES = "and indexes"


def child(what: str, uri: str, folder: str, name: str) -> None:
    """One measurement: its seconds and the peak of its memory on the last line."""
    with MongoClient(uri, tz_aware=True) as client:
        client.admin.command("ping")
        begun, cpu = time.monotonic(), time.process_time()
        own = WORK[what](client, folder, name) or {}
        result = {"seconds": time.monotonic() - begun, "cpu": time.process_time() - cpu, **own}
    result["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(result))


def measure(what: str, uri: str, folder: str, name: str = "-") -> tuple[dict[str, float], str]:
    """Run one measurement; its figures, and the first line that it printed."""
    command = [sys.executable, __file__, "--child", what, uri, folder, name]
    lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    payload = json.loads(lines[-1])
    _say(f"{what}: {payload['seconds']:.1f} s")
    return payload, lines[0]


def main(megabytes: int) -> None:
    with tempfile.TemporaryDirectory(prefix="guicheng-bench-", dir=os.environ.get("BENCH_FOLDER")) as place:
        folder = Path(place, "backups")
        folder.mkdir()
        mongo = EmbeddedMongo(Path(place, "data"), cache_gb=1, oplog_mb=990)
        uri = mongo.start()
        try:
            size = _filled(uri, megabytes)
            _print(size, _measure_all(uri, str(folder)))
        finally:
            mongo.stop()


def _filled(uri: str, megabytes: int) -> float:
    """Megabytes of the generated data set."""
    _say(f"making {megabytes} MB of records and files")
    begun = time.monotonic()
    with MongoClient(uri) as client:
        fill(client.get_database(DATABASE, write_concern=WriteConcern(w=1)), megabytes)
        size = client[DATABASE].command("dbStats")["dataSize"] / 1e6
    _say(f"made in {time.monotonic() - begun:.1f} s")
    return float(size)


def _measure_all(uri: str, folder: str) -> dict[str, dict[str, float]]:
    """The figures of every kind of work; of the rounds of one kind the quickest."""
    rounds: dict[str, list[dict[str, float]]] = {"floor": [], "backup": []}
    name = ""
    for _round in range(ROUNDS):
        for what, round in rounds.items():
            figures, first = measure(what, uri, folder)
            round.append(figures)
            name = first if what == "backup" else name
    rows = {what: min(round, key=lambda row: row["seconds"]) for what, round in rounds.items()}
    rows |= {what: measure(what, uri, folder, name)[0] for what in ("verify", "inserts", "restore", "drill")}
    return rows


def _print(size: float, rows: dict[str, dict[str, float]]) -> None:
    seconds = {what: row["seconds"] for what, row in rows.items()}
    seconds[WITH_INDEXES] = rows["inserts"]["with indexes"]
    print(f"{size:.0f} MB of BSON; the better of {ROUNDS} rounds for floor and backup, which take turns")
    print(f"{'':<14}{'MB/s':>8}{'seconds':>9}{'CPU s':>8}{'peak MB':>9}")
    for what, row in rows.items():
        line = f"{what:<14}{size / row['seconds']:8.0f}{row['seconds']:9.1f}{row['cpu']:8.1f}"
        print(f"{line}{row['peak']:9.0f}")
        if what == "inserts":
            print(f"{WITH_INDEXES:<14}{size / seconds[WITH_INDEXES]:8.0f}{seconds[WITH_INDEXES]:9.1f}")
    peak = max(row["peak"] for what, row in rows.items() if what != "floor")
    for ratio, value, aim in (
        ("backup / floor", seconds["floor"] / seconds["backup"], f"aim {AIM_BACKUP} or more"),
        ("restore / inserts", seconds["inserts"] / seconds["restore"], "a restore verifies and indexes, too"),
        ("restore / inserts and indexes", seconds[WITH_INDEXES] / seconds["restore"], f"aim {AIM_RESTORE} or more"),
        ("peak of memory, MB", peak, f"aim below {AIM_MEMORY_MB}"),
    ):
        print(f"{ratio:<31}{value:6.2f}   {aim}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(*sys.argv[2:6])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
