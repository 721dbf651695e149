"""What one write through the gate costs: commands to MongoDB, processor time, and how many times its bare documents.

Run:  PYTHONPATH=. .venv/bin/python bench/writes.py [repeats]        (-v lists the commands; -p profiles each verb)
The floor writes the same documents (record, entry, place in the queue for the seal, open case) by PyMongo in one
transaction.
"""

from __future__ import annotations

import cProfile
import itertools
import pstats
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_connection, get_db
from pymongo import WriteConcern

from bench.commands import counted
from bench.empty import installation
from models.kernel.gate import changes, comments
from tests.fixtures.company import Company

REPEATS = 60
_PLAIN = WriteConcern()


def main() -> None:
    repeats = next((int(given) for given in sys.argv[1:] if given.isdigit()), REPEATS)
    with installation():
        report(repeats)


def report(repeats: int) -> None:
    """Say of each verb what it costs, as the median of many; the floor first."""
    company = Company()
    bare = floor_writes(company)
    sent, floor = counted(next(bare)), measured(bare, repeats)
    print(f"{'':28}{'commands':>9}{'CPU ms':>9}{'× floor':>9}")
    print(f"{'the bare documents':28}{len(sent):9}{floor:9.2f}{1.0:9.1f}")
    for name, works in operations(company).items():
        next(works)()
        sent = counted(next(works))
        spent = measured(works, repeats)
        print(f"{name:28}{len(sent):9}{spent:9.2f}{spent / floor:9.1f}")
        if "-v" in sys.argv:
            print(*(f"    {count:4} {command}" for command, count in Counter(sent).most_common()), sep="\n")
        if "-p" in sys.argv:
            profile(works, repeats)


def measured(works: Iterator[Callable[[], Any]], repeats: int) -> float:
    """The median of the milliseconds of processor that a piece of work takes in this process."""
    spent = []
    for work in itertools.islice(works, repeats):
        begun = time.process_time()
        work()
        spent.append(time.process_time() - begun)
    return median(spent) * 1000


def profile(works: Iterator[Callable[[], Any]], repeats: int) -> None:
    """Where the processor time of a verb goes."""
    profiler = cProfile.Profile()
    for work in itertools.islice(works, repeats):
        profiler.enable()
        work()
        profiler.disable()
    pstats.Stats(profiler).sort_stats("cumulative").print_stats(400).sort_stats("tottime").print_stats(60)


def operations(company: Company) -> dict[str, Iterator[Callable[[], Any]]]:
    """The verbs by name, each as pieces of work that are prepared one by one."""
    return {
        "create": creating(company),
        "update": updating(company),
        "a move (submit)": moving(company, "clerk_sal", "submit"),
        "a decision (approve)": moving(company, "head_sal", "approve"),
        "a comment": commenting(company),
    }


def creating(company: Company) -> Iterator[Callable[[], Any]]:
    known, clerk = company.make("quotation", "clerk_sal"), company.actor("clerk_sal")
    values = {name: known.raw(name) for name in known.declared.own_fields if not known.fields_of()[name].computed}
    cls = type(known)
    while True:
        once = str(ObjectId())
        yield lambda once=once: changes.create(cls, values, actor=clerk, once=once)


def updating(company: Company) -> Iterator[Callable[[], Any]]:
    record, clerk = company.make("quotation", "clerk_sal"), company.actor("clerk_sal")
    for version in itertools.count(record.version):
        values = {"subject": f"The {version}th subject"}
        yield lambda version=version, values=values: changes.update(
            type(record), record.id, values, actor=clerk, version=version
        )


def moving(company: Company, login: str, verb: str) -> Iterator[Callable[[], Any]]:
    actor = company.actor(login)
    while True:
        record = company.make("quotation", "clerk_sal")
        if verb != "submit":
            record = company.walk(record, "submitted")
        yield lambda record=record: changes.move(type(record), record.id, verb, actor=actor, version=record.version)


def commenting(company: Company) -> Iterator[Callable[[], Any]]:
    record, clerk = company.make("quotation", "clerk_sal"), company.actor("clerk_sal")
    while True:
        yield lambda: comments.comment(type(record), record.id, "As was said by telephone.", actor=clerk)


def floor_writes(company: Company) -> Iterator[Callable[[], Any]]:
    """The documents of one create, as they stand afterwards, written again under new ids."""
    record = company.make("quotation", "clerk_sal")
    db = get_db()
    row = db["quotation"].find_one({"_id": record.id})
    entry = db["history"].find_one({"record": record.id})
    case = db["waiting"].find_one({"_id": record.id})
    assert row is not None
    assert entry is not None
    assert case is not None
    for at in itertools.count():
        id, other = ObjectId(), ObjectId()
        new_row = {**row, "_id": id, "number": f"floor {at}", "once": str(id)}
        yield lambda rows=(new_row, {**entry, "_id": other, "record": id}, {"_id": other}, {**case, "_id": id}): _bare(
            rows
        )


def _bare(rows: tuple[dict[str, Any], ...]) -> None:
    db = get_db()

    def body(session: Any) -> None:
        for name, row in zip(("quotation", "history", "unsealed", "waiting"), rows, strict=True):
            db.get_collection(name, write_concern=_PLAIN).insert_one(row, session=session)

    with get_connection().start_session() as session:
        session.with_transaction(body)


if __name__ == "__main__":
    main()
