"""What backups cost next to the floor: reading the same collections as raw BSON into one zstd file, in one run.

    python bench/backup.py [MEGABYTES]         default 2000; prints a table, and the ratios that are aimed at

Each measurement runs in a process of its own, so that its peak of memory is its own.
"""

from __future__ import annotations

import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import zstandard
from bson import ObjectId, encode
from gridfs import GridFSBucket
from pymongo import MongoClient, WriteConcern

from admin_app.embedded import EmbeddedMongo
from tasks.backup.crypt import KeyRing
from tasks.backup.database import RAW, in_batches
from tasks.backup.drill import drill
from tasks.backup.dump import dump
from tasks.backup.format import open_entry
from tasks.backup.restore import restore
from tasks.backup.targets import Target
from tasks.backup.verify import verify

RING = KeyRing({1: b"b" * 32})
DATABASE, INTO = "bench", "bench_restored"
AIM_BACKUP, AIM_MEMORY_MB = 0.8, 300
WORDS = "采購合同須由法務審核並在七日內歸檔供應商資質證明質量保修付款條件交付驗收 supply contract clause review"
ROUNDS = 3


def fill(client: MongoClient[Any], megabytes: int) -> None:
    """Records of the usual size with search parts and indexes, their history, and files that do not compress."""
    chance, db = random.Random(5), client[DATABASE]
    kinds = {"customer": 0.25, "contract": 0.2, "history": 0.3}
    for kind, share in kinds.items():
        into, size, n = db.get_collection(kind, write_concern=WriteConcern(w=1)), 0, 0
        while size < share * megabytes * 1_000_000:
            rows = [_row(chance, n + at) for at in range(2000)]
            into.insert_many(rows)
            n += 2000
            size += 2000 * len(encode(rows[0]))
        into.create_index("number", unique=True)
        into.create_index("s")
        into.create_index([("owner", 1), ("_id", -1)])
    bucket = GridFSBucket(db, "content")
    for n in range(int(0.25 * megabytes / 2)):
        bucket.upload_from_stream(f"{n}.pdf", chance.randbytes(2_000_000))


def _row(chance: random.Random, n: int) -> dict[str, Any]:
    at = chance.randrange(len(WORDS) - 20)
    name = WORDS[at : at + 12] + str(chance.randrange(10**6))
    facts = {f"field_{i}": chance.random() * 10**6 for i in range(12)}
    return {
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


def insert_floor(client: MongoClient[Any], folder: str, name: str) -> None:
    """What the server takes to insert the same documents, without indexes, from one writer."""
    entry = open_entry(Target(folder), name, RING)
    client.drop_database(INTO)
    for file in entry.manifest.data():
        into = client[INTO].get_collection(file.collection, write_concern=WriteConcern(w=1))
        raw = into.with_options(codec_options=RAW)
        for batch in in_batches(entry.plain(file), 8_000_000, 20_000):
            raw.insert_many(batch)
    client.drop_database(INTO)


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
    if found := drill(Target(folder), name, RING, client).differences:
        raise SystemExit(f"The drill found differences: {found[0]}")


WORK = {
    "floor": floor,
    "backup": run_backup,
    "verify": run_verify,
    "inserts alone": insert_floor,
    "restore": run_restore,
    "drill": run_drill,
}


def child(what: str, uri: str, folder: str, name: str) -> None:
    """One measurement: its seconds and the peak of its memory on the last line."""
    with MongoClient(uri, tz_aware=True) as client:
        client.admin.command("ping")
        begun, cpu = time.monotonic(), time.process_time()
        WORK[what](client, folder, name)
        seconds, cpu = time.monotonic() - begun, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak": peak}))


def measure(what: str, uri: str, folder: str, name: str = "-") -> tuple[dict[str, float], str]:
    command = [sys.executable, __file__, "--child", what, uri, folder, name]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return json.loads(lines[-1]), lines[0]


def main(megabytes: int) -> None:
    with tempfile.TemporaryDirectory(prefix="guicheng-bench-", dir=os.environ.get("BENCH_FOLDER")) as place:
        folder = Path(place, "backups")
        folder.mkdir()
        mongo = EmbeddedMongo(Path(place, "data"), cache_gb=1, oplog_mb=990)
        uri = mongo.start()
        try:
            _measure_all(uri, str(folder), megabytes)
        finally:
            mongo.stop()


def _measure_all(uri: str, folder: str, megabytes: int) -> None:
    with MongoClient(uri) as client:
        fill(client, megabytes)
        size = client[DATABASE].command("dbStats")["dataSize"] / 1e6
    print(f"{size:.0f} MB of BSON; median of {ROUNDS} rounds for floor and backup, which take turns")
    rows: dict[str, list[dict[str, float]]] = {what: [] for what in WORK}
    name = ""
    for _round in range(ROUNDS):
        for what in ("floor", "backup"):
            found, first = measure(what, uri, folder)
            rows[what].append(found)
            name = first if what == "backup" else name
    for what in ("verify", "inserts alone", "restore", "drill"):
        rows[what].append(measure(what, uri, folder, name)[0])
    speed = {what: size / statistics.median(one["seconds"] for one in found) for what, found in rows.items()}
    print(f"{'':<14}{'MB/s':>8}{'seconds':>9}{'CPU s':>8}{'peak MB':>9}")
    for what, found in rows.items():
        middle = {key: statistics.median(one[key] for one in found) for key in found[0]}
        print(f"{what:<14}{speed[what]:8.0f}{middle['seconds']:9.1f}{middle['cpu']:8.1f}{middle['peak']:9.0f}")
    peak = max(one["peak"] for what, found in rows.items() if what != "floor" for one in found)
    print(f"backup / floor             {speed['backup'] / speed['floor']:5.2f}   aim {AIM_BACKUP} or more")
    print(f"restore / inserts alone    {speed['restore'] / speed['inserts alone']:5.2f}   restore verifies and indexes")
    print(f"peak of memory, MB         {peak:5.0f}   aim below {AIM_MEMORY_MB}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(*sys.argv[2:6])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
