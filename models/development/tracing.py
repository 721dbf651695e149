"""What stands between a project and the end of its testing (2.3.4): every row that is missing, evaluated now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from bson import ObjectId

from ..kernel.base.store import in_unit
from ..kernel.base.words import L
from ..kernel.language.edition import SINCE, STANDS_ON
from ..kernel.language.phase_gate import judge_of
from .cases import BLOCKED, FAILED, NOT_APPLICABLE, NOT_RUN, OUTDATED, TO_AGREE, newest_build, result_of, since_of
from .defects import OPEN, SEVERE
from .suspects import links_in, suspects

SHOWN_MAX = 200
_NAMED = {"number": 1, "title": 1}
_COVERING = ("in_force", "retiring")


@dataclass(frozen=True)
class Gap:
    """One thing that is missing, or that is to be known: a record, and the page it stands on."""

    type: str
    id: ObjectId
    number: str
    title: str

    @property
    def url(self) -> str:
        return f"/admin/{self.type}/details/?id={self.id}"


@dataclass(frozen=True)
class TestingVerdict:
    """One condition of the end of testing: what it asks, the rows that miss it (the first of them), how many there
    are, and the list of them. `is_told`: it keeps nobody back, and is to be seen all the same."""

    key: str
    label: L
    rows: tuple[Gap, ...]
    count: int
    url: str = ""
    is_told: bool = False

    @property
    def is_met(self) -> bool:
        return self.is_told or not self.count


LABELS = {
    "uncovered": L("Every item is covered by a case in force", "每條規格條目均有生效用例覆蓋"),
    "suspect": L("No link stands on an outdated edition", "無關聯停留在舊版次"),
    "not_passed": L("Every case has passed on the newest build", "全部用例在最新版本上通過"),
    "severe": L("No high or critical defect is open", "無未關閉的嚴重或致命缺陷"),
    "undecided": L("No request that needs a second person is open", "無待他人確認的申請"),
    "lowered": L("Severities that were lowered", "已降級的缺陷"),
    "rejected": L("Defects that were rejected", "已駁回的缺陷"),
    "not_applicable": L("Cases said not to apply", "判定不適用的用例"),
    "retired": L("Cases taken out of force", "已停用的用例"),
}


def conditions_of(project: ObjectId) -> list[TestingVerdict]:
    """All conditions of the end of testing of a project, evaluated on what stands there now: six queries, whatever the
    number of rows. Nothing is believed that a job might not have done yet."""
    items = _rows("specification_item", {"project": project, "state": "valid"}, {**_NAMED, SINCE: 1})
    kept = {**_NAMED, "items": 1, "state": 1, "standings": 1, STANDS_ON: 1, SINCE: 1}
    cases = _rows("test_case", {"project": project}, kept)
    designs = _rows("design_document", {"project": project, "state": {"$ne": "retired"}}, {**_NAMED, STANDS_ON: 1})
    defects = _rows("defect", {"project": project}, {**_NAMED, "state": 1, "severity": 1, "lowered_from": 1})
    covering = [case for case in cases if case.get("state") in _COVERING]
    results = _results(project, covering)
    return [
        _uncovered(project, items, covering),
        _suspect(project, items, covering, designs),
        _not_passed(project, covering, results),
        _of("severe", "defect", [row for row in defects if _is_severe(row)], _severe_list(project)),
        _undecided(cases, defects, results),
        _of("lowered", "defect", [row for row in defects if row.get("lowered_from")], is_told=True),
        _of("rejected", "defect", [row for row in defects if row.get("state") == "rejected"], is_told=True),
        _of(
            "not_applicable",
            "test_case",
            [case for case in covering if results[case["_id"]] == NOT_APPLICABLE],
            is_told=True,
        ),
        _of("retired", "test_case", [case for case in cases if case.get("state") == "retired"], is_told=True),
    ]


@judge_of("testing")
def judgements_on(project: Any) -> list[TestingVerdict]:
    """What the gate at the end of testing asks of a project."""
    return conditions_of(project.id)


def is_ready(conditions: Iterable[TestingVerdict]) -> bool:
    """Whether nothing keeps the project back."""
    return all(condition.is_met for condition in conditions)


def _rows(type_name: str, query: Mapping[str, Any], kept: Mapping[str, int]) -> list[dict[str, Any]]:
    return list(in_unit(type_name).find({**query, "removed_at": None}, kept).sort("_id", 1))


def _missing(type_name: str, row: Mapping[str, Any]) -> Gap:
    return Gap(type_name, row["_id"], row.get("number", ""), row.get("title", ""))


def _of(
    key: str, type_name: str, rows: Sequence[Mapping[str, Any]], url: str = "", *, is_told: bool = False
) -> TestingVerdict:
    shown = tuple(_missing(type_name, row) for row in rows[:SHOWN_MAX])
    return TestingVerdict(key, LABELS[key], shown, len(rows), url, is_told)


def _uncovered(
    project: ObjectId, items: Sequence[Mapping[str, Any]], covering: Iterable[Mapping[str, Any]]
) -> TestingVerdict:
    """Items without a case; where nothing at all is specified, nothing is covered."""
    covered = {id for case in covering for id in case.get("items") or ()}
    if not items:
        row = in_unit("project").find_one({"_id": project}, _NAMED) or {"_id": project}
        return _of("uncovered", "project", [row])
    return _of("uncovered", "specification_item", [item for item in items if item["_id"] not in covered])


def _suspect(
    project: ObjectId,
    items: Iterable[Mapping[str, Any]],
    cases: Sequence[Mapping[str, Any]],
    designs: Sequence[Mapping[str, Any]],
) -> TestingVerdict:
    """What stands on an edition that no longer says what is meant; also on an item that was withdrawn since."""
    rows = {("test_case", row["_id"]): row for row in cases} | {("design_document", row["_id"]): row for row in designs}
    links = links_in(rows)
    since = {item["_id"]: item.get(SINCE) or 1 for item in items}
    gone = {link.target for link in links if link.target not in since}
    if gone:
        since |= {
            row["_id"]: row.get(SINCE) or 1 for row in in_unit("specification_item").find({"_id": {"$in": [*gone]}})
        }
    places = sorted(suspects(links, since), key=str)
    shown = tuple(_missing(place[0], rows[place]) for place in places[:SHOWN_MAX])
    query = urlencode([("f.project", str(project)), ("f.suspect", "1")])
    return TestingVerdict("suspect", LABELS["suspect"], shown, len(places), f"/admin/test_case/?{query}")


def _results(project: ObjectId, cases: Sequence[Mapping[str, Any]]) -> dict[ObjectId, str]:
    build, since = newest_build(project), since_of(cases)
    return {case["_id"]: result_of(case, build, since) for case in cases}


def _not_passed(
    project: ObjectId, cases: Sequence[Mapping[str, Any]], results: Mapping[ObjectId, str]
) -> TestingVerdict:
    missing = (NOT_RUN, OUTDATED, TO_AGREE, FAILED, BLOCKED)
    query = [("f.project", str(project)), *(("f.result", name) for name in missing)]
    query += [("f.state", state) for state in _COVERING]
    rows = [case for case in cases if results[case["_id"]] in missing]
    return _of("not_passed", "test_case", rows, f"/admin/test_case/?{urlencode(query)}")


def _is_severe(row: Mapping[str, Any]) -> bool:
    return row.get("severity") in SEVERE.split() and row.get("state") in OPEN.split()


def _severe_list(project: ObjectId) -> str:
    query = [("f.project", str(project)), *(("f.severity", name) for name in SEVERE.split())]
    return f"/admin/defect/?{urlencode([*query, *(('f.state', state) for state in OPEN.split())])}"


def _undecided(
    cases: Iterable[Mapping[str, Any]], defects: Iterable[Mapping[str, Any]], results: Mapping[ObjectId, str]
) -> TestingVerdict:
    waiting = [
        _missing("test_case", case)
        for case in cases
        if case.get("state") == "retiring" or results.get(case["_id"]) == TO_AGREE
    ]
    waiting += [_missing("defect", row) for row in defects if row.get("state") in ("rejecting", "lowering")]
    return TestingVerdict("undecided", LABELS["undecided"], tuple(waiting[:SHOWN_MAX]), len(waiting))
