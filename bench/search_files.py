"""Search inside 20,000 files: time of each kind of query next to a full scan by pattern; the size of the index.

.venv/bin/python -m bench.search_files [documents] [folder]    (starts an embedded server of its own)

Ratios are what counts: the scan reads the folded texts of the same pieces with the same pattern, up to as many hits.
"""

from __future__ import annotations

import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db
from pymongo import monitoring

from admin_app.database import connect
from admin_app.embedded import EmbeddedMongo
from admin_app.settings import Settings
from models import catalogue
from models.kernel.base import clock
from models.kernel.base.collections import FILES
from models.kernel.base.numbering import COUNTERS
from models.kernel.base.people import SYSTEM, Actor, Role
from models.kernel.base.search import folded
from models.kernel.base.secrets import set_keys
from models.services.database import ensure_indexes
from models.services.files import search as file_search
from models.services.files import text as file_text

DOCUMENTS = 20_000
ROUNDS = 7
TYPE = "requirement"
DEPARTMENTS = 40
RARE = ("罕見型號甲乙", "XK-93517")


class Words:
    """Text of made-up sentences: syllables that are frequent as in Chinese, phrases of a trade between them."""

    def __init__(self, seed: int = 7):
        self.chance = random.Random(seed)
        common = [chr(code) for code in self.chance.sample(range(0x4E00, 0x9000), 3000)]
        weights = list(accumulate(1 / (rank + 6) for rank in range(len(common))))
        self.words = [
            "".join(self.chance.choices(common, cum_weights=weights, k=self.chance.choice((2, 2, 2, 3, 4))))
            for _ in range(9000)
        ]
        self.departments = [ObjectId() for _ in range(DEPARTMENTS)]
        self.weights = list(accumulate(1 / (rank + 20) for rank in range(len(self.words))))
        self.phrases = ["合同編號", "驗收標準", "違約責任", "付款條件", "質量保證", "交貨期限", "技術參數", "保密義務"]

    def text(self, characters: int) -> str:
        """So many characters of sentences."""
        sentences: list[str] = []
        length = 0
        while length < characters:
            words = self.chance.choices(self.words, cum_weights=self.weights, k=self.chance.randint(6, 14))
            if self.chance.random() < 0.35:
                words.insert(self.chance.randrange(len(words)), self.chance.choice(self.phrases))
            sentence = (
                "".join(words) + "，" + "".join(self.chance.choices(self.words, cum_weights=self.weights, k=5)) + "。"
            )
            sentences.append(sentence)
            length += len(sentence)
        return "\n".join(sentences)


def load(count: int) -> Words:
    """Records with a file of 700 to 1,300 characters (2 to 4 kB) each; a few hold what is rare. Indexes come last."""
    words, db = Words(), get_db()
    db[file_text.COLLECTION].drop_indexes()
    begun = time.monotonic()
    for start in range(0, count, 500):
        records, files, rows = [], [], []
        for n in range(start, min(start + 500, count)):
            record, file = ObjectId(), ObjectId()
            department = words.departments[n % DEPARTMENTS]
            records.append(
                {"_id": record, "number": f"B-{n}", "title": f"B-{n}", "department": department, "removed_at": None}
            )
            fact = {"_id": file, "record_id": record, "type": TYPE, "name": f"{n}.txt", "size": 3000, "at": clock.now()}
            files.append({**fact, "content": ObjectId(), "content_type": "text/plain", "removed_at": None})
            text = words.text(words.chance.randint(700, 1300))
            text += RARE[n % 2] if n % (count // 10) in (0, 1) else ""
            pieces = file_text.pieces_of(("line", "", at, line) for at, line in enumerate(text.split("\n"), 1))
            rows += [file_text._row(fact, len(rows) + start * 3 + 1, at, piece) for at, piece in enumerate(pieces)]
        db[TYPE].insert_many(records)
        db[FILES].insert_many(files)
        db[file_text.COLLECTION].insert_many(rows)
    print(f"loaded {count} documents in {time.monotonic() - begun:.0f} s", flush=True)
    db[COUNTERS].update_one({"_id": file_text.COLLECTION}, {"$set": {"n": count * 4}}, upsert=True)
    begun = time.monotonic()
    db[file_text.COLLECTION].create_indexes(file_text.INDEXES)
    print(f"indexes made in {time.monotonic() - begun:.0f} s", flush=True)
    return words


class CommandCount(monitoring.CommandListener):
    """Counts the commands that reach the server."""

    def __init__(self) -> None:
        self.commands = 0

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        self.commands += 1

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


def scanned(text: str) -> int:
    """The floor that needs no index: all folded texts are compared, and the first hits are read."""
    query = {"s": {"$regex": re.escape(folded(text))}}
    return len(
        list(
            get_db()[file_text.COLLECTION]
            .find(query, {"text": 1})
            .hint("_id_")
            .sort("_id", -1)
            .limit(file_search.PAGE + 1)
        )
    )


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Median milliseconds of some rounds, and the last result."""
    spent, result = [], work()
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        result = work()
        spent.append((time.perf_counter() - begun) * 1000)
    return statistics.median(spent), result


def report(words: Words, counter: CommandCount) -> None:
    """A line for each kind of query, for somebody who may open all and for a clerk of one department among forty."""
    clerk = Actor(
        id=ObjectId(),
        name="x",
        login="x",
        department=words.departments[3],
        department_code="MKT",
        roles=frozenset({Role.CLERK}),
    )
    some = get_db()[file_text.COLLECTION].find_one({}, {"s": 1}) or {}
    queries = {
        "2 characters, in most files": words.words[0][:2],
        "2 characters, rarer": words.words[4000][:2],
        "4 characters, frequent": "違約責任",
        "8 characters across words": some["s"][203:211],
        "4 frequent grams, no hit": "責任合同編號質量",
        "rare, 6 characters": RARE[0],
        "rare, letters and digits": RARE[1],
        "no hit": "絕無此語於任何文件",
    }
    heads = ("hits", "all: ms", "commands", "clerk: ms", "hits", "scan: ms", "scan/all")
    print(f"{'query':30}", *(f"{head:>9}" for head in heads))
    for name, text in queries.items():
        every, of_all = timed(lambda text=text: file_search.find(SYSTEM, [catalogue[TYPE]], text))
        counter.commands = 0
        file_search.find(SYSTEM, [catalogue[TYPE]], text)
        commands = counter.commands
        own, of_own = timed(lambda text=text: file_search.find(clerk, [catalogue[TYPE]], text))
        scan, _ = timed(lambda text=text: scanned(text))
        hits, own_hits = (
            f"{len(page.hits)}{'+' if page.next else ''}{'!' if page.is_cut else ''}" for page in (of_all, of_own)
        )
        print(f"{name:30} {hits:>5} {every:8.1f} {commands:5} {own:9.1f} {own_hits:>5} {scan:9.1f} {scan / every:9.1f}")


def added(words: Words, count: int = 100) -> None:
    """How long a further file takes, with the indexes there."""
    fact = {"record_id": ObjectId(), "type": TYPE}
    pieces = [list(file_text.pieces_of([("line", "", 1, words.text(1000))])) for _ in range(count)]
    begun = time.monotonic()
    for piece in pieces:
        file_text.keep({**fact, "_id": ObjectId()}, piece)
    print(f"a further file: {(time.monotonic() - begun) / count * 1000:.0f} ms")


def sizes() -> None:
    """Megabytes of the texts and of each index."""
    stats = get_db().command("collStats", file_text.COLLECTION, scale=1 << 20)
    print(f"pieces {stats['count']}, texts {stats['size']} MB ({stats['storageSize']} MB on disk)")
    print(f"indexes, MB: {stats['indexSizes']}")


def main(count: int, folder: Path) -> None:
    counter = CommandCount()
    monitoring.register(counter)
    with EmbeddedMongo(folder) as mongo:
        settings = Settings(data=folder, mongodb_uri=mongo.uri, database="bench_files", demo=True)
        client = connect(settings)
        client.drop_database(settings.database)
        set_keys(settings.field_keys)
        ensure_indexes(catalogue)
        words = load(count)
        client.admin.command("fsync")
        sizes()
        report(words, counter)
        added(words)
        sizes()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as chosen:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else DOCUMENTS, Path(sys.argv[2] if len(sys.argv) > 2 else chosen))
