"""What much costs beside little: a specification of 5,000 items beside 20, a timeline of 2,000 tasks beside 20.

Run:  PYTHONPATH=. .venv/bin/python bench/large.py
Processor milliseconds of each page, the median of some rounds, and the ratio of much to little: that is what counts.
"""

from __future__ import annotations

import datetime as dt
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

from bson import ObjectId

from admin_app.app import create_app
from bench.empty import installation
from models.development.changes import price_of
from models.development.suspects import Change
from models.kernel.base import clock
from tests.fixtures.company import Company
from tests.fixtures.http import Browser, signed_in
from tests.models.development.conftest import Workshop

FEW, ITEMS, TASKS, ROUNDS = 20, 5000, 2000, 7


def main() -> None:
    with installation() as settings:
        report(create_app(settings))


def report(app: Any) -> None:
    """Print each page with few records, with many, and the ratio."""
    company = Company()
    workshop, clerk = Workshop(company), signed_in(app, "clerk_rnd")
    (item,) = workshop.released()
    workshop.case(item)
    task = _task(company)
    work = dict(_operations(clerk, workshop, item))
    _copy(item, FEW)
    _copy(task, FEW)
    little = {name: _milliseconds(act) for name, act in work.items()}
    _copy(item, ITEMS - FEW)
    _copy(task, TASKS - FEW)
    print(f"{'page':44}{'few':>9}{'many':>9}  ratio")
    for name, act in work.items():
        many = _milliseconds(act)
        print(f"{name:44}{little[name]:9.1f}{many:9.1f}  {many / little[name]:.1f}")


def _task(company: Company) -> Any:
    begin = clock.today() + dt.timedelta(days=2)
    due = dt.datetime.combine(begin + dt.timedelta(days=3), dt.time(17), clock.zone())
    return company.make("task", "clerk_rnd", subject="裝配", start=begin, due=due)


def _operations(clerk: Browser, workshop: Workshop, item: Any) -> Iterator[tuple[str, Callable[[], object]]]:
    of = {"id": workshop.specification.id}
    pages = {
        "the specification": ("/admin/specification/details/", of),
        "the list of its items": ("/admin/specification_item/", {"f.specification": of["id"]}),
        "traceability": ("/admin/analysis/test_case/", {"show": "items-result", "of": of["id"]}),
        "timeline of tasks": ("/admin/timeline/task/", {}),
        "board of tasks": ("/admin/board/task/", {}),
    }
    for name, (path, args) in pages.items():
        yield name, lambda path=path, args=args: _expect(clerk.get(path, args))
    yield "the price of a change of one item", lambda: price_of([Change(item.id)])


def _expect(answer: Any) -> None:
    if answer.status_code != 200:
        raise SystemExit(f"{answer.request.path} answered {answer.status_code}")


def _copy(record: Any, count: int) -> None:
    """So many records like one, beside it."""
    rows = record.collection()
    row = {key: value for key, value in rows.find_one({"_id": record.id}).items() if key != "once"}
    rows.insert_many([{**row, "_id": (id := ObjectId()), "number": f"X-{id}"} for _ in range(count)])


def _milliseconds(act: Callable[[], object]) -> float:
    """The median processor time of some rounds, of this process."""
    act()
    spent = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        act()
        spent.append((time.process_time() - begun) * 1000)
    return statistics.median(spent)


if __name__ == "__main__":
    main()
