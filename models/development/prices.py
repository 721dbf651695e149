"""What a change of items costs (2.3.2): what turns suspect, which results lapse, which open defects and launches it
concerns, whose all that is, and how long trying it took the last time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bson import Decimal128, ObjectId

from ..kernel.base.store import in_unit
from ..kernel.gate.by_edition import standing_on
from ..kernel.language import AnyRef, Choice, Flag, L, Line, Number, Ref, Text
from ..kernel.language.edition import SUSPECT
from .cases import NOT_RUN, OUTDATED, editions_in, newest_builds, result_of, since_of
from .defects import OPEN
from .specifications import SpecificationItem
from .suspects import Change, links_in, turning

PRICE_MAX = 5000
SUSPECTED, DEFECT, LAUNCH, CASE = "suspect", "defect", "launch", "test_case"
WHAT = {
    SUSPECTED: L("Turns suspect", "存疑，須重新確認"),
    DEFECT: L("Open defect, to be looked at", "未關閉缺陷，須核對"),
    LAUNCH: L("Launch that waits", "待上線計劃，須等待"),
}
AHEAD = ("planned", "in_review", "approved")  # of a launch that is still to come
BECAUSE_MAX = 400
Row = Mapping[str, Any]


class Affected(Line):
    """One record that a change concerns."""

    record = AnyRef(label=L("Affected record", "受影響記錄"))
    what = Choice(WHAT, label=L("What becomes of it", "影響"))
    lapses = Flag(label=L("Its result lapses", "測試結果失效"))
    whose = Ref("User", label=L("Whose", "負責人"))
    because = Text(most=BECAUSE_MAX, label=L("Because of", "原因條目"))
    seconds = Number(places=1, label=L("Seconds to try it last time", "上次測試用時（秒）"))


@dataclass(frozen=True)
class StandingNow:
    """Of what stands on some items: what is suspect, and the cases of which the result says nothing of the present."""

    suspect: frozenset[Any]
    lapsed: frozenset[Any]


def price_of(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """All that some changes of items concern, a row each as a line of `Affected`: first what turns suspect, of whatever
    type. One query for the items, one for each type that stands on them, and six for results, defects and launches."""
    ids = [change.target for change in changes]
    items = {row["_id"]: row for row in in_unit("specification_item").find({"_id": {"$in": ids}}, _OF_ITEMS)}
    changed = {change.target for change in changes if not change.editorial} & items.keys()
    rows = {(cls.type_name(), row["_id"]): row for cls, row in standing_on(SpecificationItem, ids)}
    lapsing = _lapsing(
        [row for (name, _), row in rows.items() if name == CASE], {items[id]["number"] for id in changed}
    )
    since = {id: row.get("meant_since") or 1 for id, row in items.items()}
    already = {place for place, row in rows.items() if row.get(SUSPECT)}
    links = [link for link in links_in(rows) if link.source not in already]
    turned = turning(links, since, changes)
    numbers = {id: row["number"] for id, row in items.items()}
    suspect = [
        _affected(place, rows[place], _because(targets, numbers), lapses=place[1] in lapsing)
        for place, targets in sorted(turned.items(), key=str)
    ]
    return [*suspect, *_defects(changed, numbers), *_launches({row["project"] for row in items.values() if changed})]


def totals_of(price: Iterable[Row]) -> dict[str, Any]:
    """What a price comes to, by the fields of a change request."""
    rows = list(price)
    what = [row["what"] for row in rows]
    return {
        "affected": what.count(SUSPECTED),
        "results": sum(bool(row.get("lapses")) for row in rows),
        "defects": what.count(DEFECT),
        "launches": what.count(LAUNCH),
        "people": len({row["whose"] for row in rows} - {None}),
        "seconds": sum((row.get("seconds") or Decimal(0) for row in rows), Decimal(0)),
    }


def standing_now(ids: Sequence[ObjectId]) -> StandingNow:
    """How what stands on some items is stored: with this a price is compared that has come true."""
    rows = [(cls.type_name(), row) for cls, row in standing_on(SpecificationItem, ids)]
    suspect = frozenset((name, row["_id"]) for name, row in rows if row.get(SUSPECT))
    return StandingNow(suspect, frozenset(row["_id"] for _, row in rows if row.get("result") == OUTDATED))


def _lapsing(cases: Sequence[Row], numbers: Collection[str]) -> set[ObjectId]:
    """The cases of which the last result was found on one of these items, and still says something."""
    builds, since = newest_builds({row["project"] for row in cases if row.get("standings")}), since_of(cases)
    result = set()
    for row in cases:
        build = builds.get(row["project"], "")
        line = next((line for line in row.get("standings") or () if line.get("build") == build), None)
        if line is not None and result_of(row, build, since) not in (NOT_RUN, OUTDATED):
            result |= {row["_id"]} if editions_in(line).keys() & numbers else set()
    return result


def _defects(items: Collection[ObjectId], numbers: Mapping[ObjectId, str]) -> Iterator[dict[str, Any]]:
    """The open defects that were found on one of these items."""
    query = {"items": {"$in": list(items)}, "state": {"$in": OPEN.split()}, "removed_at": None}
    for row in in_unit(DEFECT).find(query, _KEPT).sort("_id", 1).limit(PRICE_MAX) if items else ():
        targets = {id for id in row.get("items") or () if id in items}
        yield _affected((DEFECT, row["_id"]), row, _because(targets, numbers), what=DEFECT)


def _launches(projects: Collection[Any]) -> Iterator[dict[str, Any]]:
    """The launches of these projects that are still to come."""
    query = {"project": {"$in": list(projects)}, "state": {"$in": list(AHEAD)}, "removed_at": None}
    for row in in_unit(LAUNCH).find(query, _KEPT).sort("_id", 1).limit(PRICE_MAX) if projects else ():
        yield _affected((LAUNCH, row["_id"]), row, "", what=LAUNCH)


def _because(targets: Iterable[Any], numbers: Mapping[ObjectId, str]) -> str:
    return ", ".join(sorted(numbers[id] for id in targets if id in numbers))[:BECAUSE_MAX]


def _affected(place: Any, row: Row, because: str, *, what: str = SUSPECTED, lapses: bool = False) -> dict[str, Any]:
    """A row of a price; how long trying took is that of the last result of which it is known."""
    taken = (line.get("seconds") for line in row.get("standings") or ())
    seconds = next((value for value in taken if value is not None), None)
    whose = row.get("tester") if what == SUSPECTED else row.get("assignee")
    return {
        "record": f"{place[0]}:{place[1]}",
        "what": what,
        "lapses": lapses,
        "whose": whose or row.get("owner"),
        "because": because,
        "seconds": seconds.to_decimal() if isinstance(seconds, Decimal128) else None,
    }


_OF_ITEMS = {"number": 1, "meant_since": 1, "project": 1}
_KEPT = {"items": 1, "assignee": 1, "owner": 1}
