"""The price of a change over 500 items and 2,000 cases in the database: what it says is what then happens."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from bson import Decimal128, ObjectId

from models import catalogue
from models.development.changes import ChangedItem, WithdrawnItem
from models.development.specifications import SpecificationItem

from .conftest import line_of

ITEMS, CASES, DESIGNS, DEFECTS = 500, 2000, 100, 150
RESULTS = ("passed", "failed", "blocked")


def copies(record: Any, count: int, fill: Any) -> list[dict[str, Any]]:
    """So many records beside one, in the form in which it is stored."""
    cls = type(record)
    row = cls.collection().find_one({"_id": record.id})
    rows = [{**row, "_id": ObjectId(), "number": f"{row['number']}-{at}", **fill(at)} for at in range(count)]
    cls.collection().insert_many([{k: v for k, v in each.items() if k not in ("once", "key")} for each in rows])
    return rows


def graph(workshop: Any, company: Any, rng: random.Random) -> None:
    (item,) = workshop.released()
    case, design = workshop.case(item), workshop.make("design_document", subject="設計", items=[item.id])
    workshop.make("test_run", build="b1", results=[line_of(case, "passed", seconds=Decimal("2.5"))])
    defect = workshop.make("defect", subject="死機", description="偶發", items=[item.id])
    workshop.make("launch", subject="上線")
    items = copies(item, ITEMS, lambda at: {})
    testers = [company.users[login] for login in ("clerk_rnd", "head_rnd")]
    standing = type(case).collection().find_one({"_id": case.id})["standings"][0]

    def links(most: int) -> dict[str, Any]:
        chosen = rng.sample(items, rng.randint(0, most))
        return {"items": [row["_id"] for row in chosen], "stands_on": [{"id": r["_id"], "edition": 1} for r in chosen]}

    def tried(of: dict[str, Any]) -> dict[str, Any]:
        result = rng.choice((*RESULTS, None))
        if result is None:
            return {"standings": [], "result": "not_run"}
        numbers = {row["_id"]: row["number"] for row in items}
        editions = " ".join(f"{numbers[id]}/1" for id in of["items"])
        line = {**standing, "result": result, "editions": editions, "seconds": Decimal128(str(rng.randint(1, 90)))}
        return {"standings": [line], "result": result}

    def one_case(at: int) -> dict[str, Any]:
        of = links(3)
        return of | tried(of) | {"tester": rng.choice(testers)}

    copies(case, CASES, one_case)
    copies(design, DESIGNS, lambda at: links(6))
    copies(defect, DEFECTS, lambda at: {"items": links(2)["items"], "state": rng.choice(("open", "fixed", "verified"))})


def suspect_now() -> set[str]:
    names = ("test_case", "design_document")
    return {f"{name}:{row['_id']}" for name in names for row in catalogue[name].collection().find({"suspect": True})}


def lapsed_now() -> set[str]:
    return {f"test_case:{row['_id']}" for row in catalogue["test_case"].collection().find({"result": "outdated"})}


def lines_for(rng: random.Random) -> list[Any]:
    """Some items that change, only in words, not at all, or go."""
    valid = list(
        SpecificationItem.collection().find({"state": "valid", "number": {"$regex": "-.*-.*-"}}).sort("_id", 1)
    )
    lines = []
    for at, row in enumerate(rng.sample(valid, 12)):
        kind = rng.choice(("changed", "editorial", "same", "withdrawn")) if at else "changed"
        text = row["text"] if kind == "same" else f"{row['text']}（第 {rng.random()} 稿）"
        line = ChangedItem(item=row["_id"], text=text, editorial=kind == "editorial")
        lines.append(WithdrawnItem(item=row["_id"]) if kind == "withdrawn" else line)
    return lines


def test_the_price_of_a_change_is_what_it_then_costs(workshop: Any, company: Any) -> None:
    rng = random.Random(12)
    graph(workshop, company, rng)
    defects = catalogue["defect"].collection()
    for _ in range(3):
        lines = lines_for(rng)
        request = workshop.change(*lines, approve=False)
        suspect, lapsed = suspect_now(), lapsed_now()
        predicted = {line.record: line for line in request.price}
        changed = [change.target for change in request.changes() if not change.editorial]
        for login in ("head_rnd", "clerk_mkt"):
            request = workshop.move(request, "approve", login)
        of_suspects = {key for key, line in predicted.items() if line.what == "suspect"}
        assert of_suspects == suspect_now() - suspect
        assert {key for key, line in predicted.items() if line.lapses} == lapsed_now() - lapsed
        assert request.turned == request.affected == len(of_suspects) > 10
        assert request.lapsed == request.results > 5
        query = {"items": {"$in": changed}, "state": {"$in": ["open", "fixed"]}}
        assert request.defects == defects.count_documents(query) > 0
        assert (request.launches, request.people) == (1, 2)
        assert request.seconds == sum(line.seconds or 0 for line in predicted.values()) > 0
