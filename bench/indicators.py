"""How long the figures of a month take: so many entries of the history, 500 people, four indicators per person.

Run:  PYTHONPATH=. .venv/bin/python bench/indicators.py 100000        (entries; 1,000,000 by default)
Prints wall and processor seconds: everything anew, then a night with a two-hundredth of the entries, whether all anew
comes to the same as night for night, then publication, and the pages of figures (the best of three).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import random
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from bson import ObjectId, json_util
from mongoengine.connection import get_db

from admin_app.app import create_app
from admin_app.settings import Settings
from bench.empty import installation
from models import catalogue
from models.assessment import publishing
from models.kernel.base import clock
from models.kernel.base.collections import INDICATOR_CASES, INDICATOR_RUNNING
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.services.keeping import audit
from tests.fixtures.company import Company
from tests.fixtures.histories import HOUR, Histories
from tests.fixtures.http import signed_in

PEOPLE, EACH, STEPS, MONTHS = 500, 5000, 5, 12
NOW = dt.datetime(2026, 11, 2, 2, tzinfo=dt.UTC)
MEASURES = ("quotation.completeness", "quotation.firstpass", "quotation.stepsintime", "contract.legal")


def main() -> None:
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with installation(cache_gb=1, oplog_mb=256) as settings, clock.set_to(NOW):
        report(entries, settings)


def report(entries: int, settings: Settings) -> None:
    """Write the history of a year, and count it."""
    company, chance = Company(), random.Random(1)
    people = [ObjectId() for _ in range(PEOPLE)]
    rows = [{"_id": id, "number": f"B-{at}", "login": f"b{at}", "title": f"b{at}"} for at, id in enumerate(people)]
    get_db().user.insert_many(rows)
    timed("write", lambda: write(company, people, chance, entries))
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
    before = digest()
    timed("all once more", lambda: publishing.compute(whole=True))
    print("night for night = all at once:", before == digest())
    with clock.set_to(NOW + dt.timedelta(days=3)):
        timed("publication", publishing.compute)
        print(f"{get_db().indicator_value.estimated_document_count():,} values published")
        pages(settings)


def digest() -> str:
    """What stands in the cases and the open values, whenever it was counted."""
    total = 0
    for name in (INDICATOR_CASES, INDICATOR_RUNNING):
        for row in get_db()[name].find({}, {"known_at": 0}):
            total ^= int(hashlib.sha256(json_util.dumps(row, sort_keys=True).encode()).hexdigest(), 16)
    return f"{total:x}"


def pages(settings: Settings) -> None:
    """How long somebody waits for a page of figures: those who see all, and one employee."""
    app = create_app(settings)
    indicator = get_db().indicator.find_one({"measure": "quotation.stepsintime"})
    value = get_db().indicator_value.find_one({"indicator": indicator["_id"], "scope": "company"})
    addresses = {
        "all indicators": "/admin/indicator-figures/",
        "one indicator": f"/admin/indicator-figures/?id={indicator['_id']}",
        "cases of the company": f"/admin/indicator-figures/cases?value={value['_id']}&part=hits",
        "list of values": "/admin/indicator_value/",
        "compliance": "/admin/compliance/",
    }
    for login in ("management", "clerk_sal"):
        browser = signed_in(app, login)
        for name, path in addresses.items():
            took, status = [], 0
            for _ in range(3):
                begun = time.perf_counter()
                status = browser.get(path).status_code
                took.append(time.perf_counter() - begun)
            print(f"{login:12}{name:24}{min(took):8.2f} s, {statistics.median(took):.2f} s median   {status}")


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
