"""How long the figures of a month take: so many entries of the history, 500 people, four indicators per person.

Run:  PYTHONPATH=. .venv/bin/python bench/indicators.py 100000        (entries; 1,000,000 by default)
Prints wall and processor seconds: everything anew, then a night with a two-hundredth of the entries, then publication.
"""

from __future__ import annotations

import datetime as dt
import random
import sys
import time
from collections.abc import Callable
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db

from bench.empty import installation
from models import catalogue
from models.assessment import publishing
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.services.keeping import audit
from tests.fixtures.company import Company
from tests.fixtures.histories import HOUR, Histories

PEOPLE, EACH, STEPS, MONTHS = 500, 5000, 5, 12
NOW = dt.datetime(2026, 11, 2, 2, tzinfo=dt.UTC)
MEASURES = ("quotation.completeness", "quotation.firstpass", "quotation.stepsintime", "contract.legal")


def main() -> None:
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with installation(cache_gb=1, oplog_mb=256), clock.set_to(NOW):
        report(entries)


def report(entries: int) -> None:
    """Write the history of a year, and count it."""
    company, chance = Company(), random.Random(1)
    people = [ObjectId() for _ in range(PEOPLE)]
    rows = [{"_id": id, "number": f"B-{at}", "login": f"b{at}", "title": f"b{at}"} for at, id in enumerate(people)]
    get_db().user.insert_many(rows)
    write(company, people, chance, entries)
    for measure in MEASURES:
        values = {"name": measure, "group": "process", "measure": measure, "since": dt.date(2026, 10, 1),
                  "per": ["department", "person"]}  # fmt: skip
        if measure.endswith("stepsintime"):
            values["counterpart"] = get_db().indicator.find_one()["_id"]
        changes.create(catalogue["indicator"], values, actor=SYSTEM)
    get_db().indicator.update_many({}, {"$set": {"state": "in_force"}})
    timed("seal", audit.seal_all)
    timed("everything anew", publishing.compute)
    write(company, people, chance, max(entries // 200, STEPS))
    timed("one night", publishing.compute)
    with clock.set_to(NOW + dt.timedelta(days=3)):
        timed("publication", publishing.compute)
    print(f"{get_db().indicator_value.estimated_document_count():,} values published")


def write(company: Company, people: list[ObjectId], chance: random.Random, entries: int) -> None:
    """Cases of five entries each, spread over a year, half of them quotations."""
    for start in range(0, entries, EACH):
        histories = Histories()
        for place in range(start, min(start + EACH, entries), STEPS):
            owner = people[place // STEPS % PEOPLE]
            at = NOW - dt.timedelta(minutes=chance.randint(600, MONTHS * 30 * 24 * 60))
            facts: dict[str, Any] = {"owner": owner, "actor": owner, "department": company.department("SAL"), "flow": 1}
            is_quotation = chance.random() < 0.5
            waits = "submitted" if is_quotation else "legal_review"
            case = histories.case("quotation" if is_quotation else "contract", **facts)
            case.add(at, "create", target="draft", next_due=at + 16 * HOUR)
            case.add(at + HOUR, "update")
            case.add(at + 2 * HOUR, "submit", "draft", waits, due=at + 16 * HOUR, next_due=at + 10 * HOUR)
            is_back = chance.random() < 0.1
            decided = ("return", "draft") if is_back else ("approve", "approved")
            case.add(at + 5 * HOUR, decided[0], waits, decided[1], due=at + 10 * HOUR, actor=people[0])
            case.add(at + 6 * HOUR, "update")
        histories.write()


def timed(name: str, work: Callable[[], Any]) -> None:
    """Do it, and say how long it took: by the clock, and of this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    print(f"{name:18}{time.perf_counter() - wall:8.1f} s wall{time.process_time() - cpu:8.1f} s processor   {result}")


if __name__ == "__main__":
    main()
