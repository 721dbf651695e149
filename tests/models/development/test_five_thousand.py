"""A specification of 5,000 items: its pages cost as many commands as one of twenty, and no plan examines the rest."""

from __future__ import annotations

import re
from typing import Any

from bson import ObjectId

from models.development.changes import price_of
from models.development.specifications import SpecificationItem
from models.development.suspects import Change
from tests.fixtures.http import COMMANDS

ITEMS = 5000
PAGES = (
    ("/admin/specification/details/", {}),
    ("/admin/specification_item/", {}),
    ("/admin/analysis/test_case/", {"show": "items-result"}),
    ("/admin/reqif/", {}),
)


def commands_of(browser: Any, address: str, args: dict[str, Any]) -> list[str]:
    sent: list[str] = []
    COMMANDS.listeners.append(lambda command: sent.append(next(iter(command))))
    try:
        assert browser.get(address, args).status_code == 200
    finally:
        COMMANDS.listeners.clear()
    return [name for name in sent if name in ("find", "aggregate", "count")]


def test_many_items_cost_what_few_do(workshop: Any, browser_as: Any, app: Any) -> None:
    (item,) = workshop.released()
    case = workshop.case(item)
    browser, collection = browser_as("clerk_rnd"), SpecificationItem.collection()
    queries = [(address, {**args, "id": workshop.specification.id, "own": 1}) for address, args in PAGES]
    for address, args in queries:  # what a process learns at the first time
        browser.get(address, args)
    few = [commands_of(browser, address, args) for address, args in queries]
    row = collection.find_one({"_id": item.id})
    copies = ({**row, "_id": ObjectId(), "number": f"X-{at}", "once": None} for at in range(ITEMS - 1))
    collection.insert_many([{key: value for key, value in copy.items() if value is not None} for copy in copies])
    assert [commands_of(browser, address, args) for address, args in queries] == few
    page = browser.get("/admin/analysis/test_case/", {"show": "items-result", "of": workshop.specification.id}).text
    assert re.search("5,?000 項中 1 項", page)
    assert len(re.findall(r'<tr><th scope="row"><a href="/admin/specification_item/', page)) == 200
    assert "from=4800" in page
    assert [line["record"] for line in price_of([Change(item.id)])] == [f"test_case:{case.id}"]
    plan = collection.find({"specification": workshop.specification.id, "removed_at": None}).explain()
    assert "COLLSCAN" not in str(plan["queryPlanner"]["winningPlan"])
