"""Test plans (2.3.4): which cases are to pass in which build; the next release's plan takes the cases, no results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bson import Decimal128

from ..chapters import DEVELOPMENT
from ..kernel.base.arithmetic.ratio import NoData, Ratio
from ..kernel.base.arithmetic.rounding import rounded
from ..kernel.base.store import in_unit
from ..kernel.language import (
    REASON,
    WRITER,
    Day,
    FollowUp,
    Grid,
    L,
    LongText,
    Move,
    Part,
    Percent,
    Record,
    Ref,
    Refs,
    State,
    Tags,
    Text,
    Whole,
    Workflow,
    record,
)
from ..kernel.language.sound import rows_of
from .cases import FAILED, NOT_APPLICABLE, PASSED, RESULTS, TestCase, result_of, since_of

CASES_MAX = 500


PLAN_FLOW = Workflow(
    "draft",
    (
        Move("begin", "draft", "under_way", by=WRITER, require="build cases", label=L("Begin", "開始")),
        Move("finish", "under_way", "finished", by=WRITER, label=L("Finish", "結束")),
        Move("reopen", "finished", "under_way", by=WRITER, ask=REASON, optional=True),
    ),
    edit="draft under_way",
    ends="finished",
    facts=(
        State("under_way", L("Under way", "進行中"), tone="progress"),
        State("finished", L("Finished", "已結束"), tone="good"),
    ),
)
PLAN_FOLLOWERS = (
    FollowUp(
        "clone",
        "TestPlan",
        L("Continue in a new plan", "沿用為新計劃"),
        states="under_way finished",
        opens="cloned_from",
    ),
    FollowUp("run", "TestRun", L("New test run", "新建測試執行"), states="under_way", opens="plan"),
)


@record(
    label=L("Test plan", "測試計劃"),
    plural=L("Test plans", "測試計劃"),
    chapter=DEVELOPMENT,
    clause="2.3.4",
    number="TP-{yyyy}-{seq:4}",
    title="{subject}",
    grid=Grid("number subject project build planned passed failed rate due state", search="subject build"),
    form=(
        Part(
            L("Test plan", "測試計劃"),
            "project subject build scope due cloned_from regression cases",
            clause="2.3.4",
            help=L(
                "Left empty, the cases are those of the plan that it continues, and those with one of the tags.",
                "用例留空時，取所沿用計劃的用例及帶有所列標籤的用例。",
            ),
        ),
        Part(L("Results", "結果"), "planned passed failed left_out rate"),
    ),
    belongs_to="project",
    in_menu=True,
    workflow=PLAN_FLOW,
    follow_ups=PLAN_FOLLOWERS,
)
class TestPlan(Record):
    """What is tried in a build (2.3.4)."""

    __test__ = False  # no test of the program

    project = Ref("Project", required=True, fixed=True, label=L("Project", "研發項目"))
    subject = Text(required=True, label=L("Subject", "名稱"))
    build = Text(most=80, label=L("Build", "版本"))
    scope = LongText(label=L("Scope", "範圍"))
    due = Day(label=L("Due", "期限"))
    cloned_from = Ref(
        "TestPlan",
        fixed=True,
        fills={"project": "project", "scope": "scope", "subject": "subject"},
        label=L("Continues", "沿用自"),
    )
    regression = Tags(label=L("Cases with these tags", "按標籤選取用例"))
    cases = Refs("TestCase", label=L("Cases", "用例"))
    planned = Whole(derived=True, label=L("Planned", "計劃數"))
    passed = Whole(derived=True, label=L("Passed", "通過"))
    failed = Whole(derived=True, label=L("Failed", "未通過"))
    left_out = Whole(derived=True, label=L("Not applicable", "不適用"))
    rate = Percent(derived=True, label=L("Passed of planned", "通過率（按計劃）"))

    def clean(self) -> None:
        if not self.cases and not self.version:
            self.put("cases", [*self._continued(), *self._tagged()][:CASES_MAX])

    def _continued(self) -> list[Any]:
        former = self.cloned_from
        cases = former.refs("cases") if isinstance(former, TestPlan) else []
        valid = set(in_unit("test_case").distinct("_id", {"_id": {"$in": cases}, "state": "in_force"}))
        return [id for id in cases if id in valid]

    def _tagged(self) -> list[Any]:
        if not self.regression:
            return []
        query = {"project": self.ref("project"), "state": "in_force", "tags": {"$in": list(self.regression)}}
        known = set(self._continued())
        rows = in_unit("test_case").find(query, {"_id": 1}).sort("_id", 1).limit(CASES_MAX)
        return [row["_id"] for row in rows if row["_id"] not in known]

    @classmethod
    def derived_of(cls, rows: Sequence[Mapping[str, Any]]) -> Mapping[Any, Mapping[str, Any]]:
        ids = {id for row in rows for id in row.get("cases") or ()}
        stored = in_unit("test_case").find({"_id": {"$in": list(ids)}}, _KNOWN) if ids else ()
        known = {row["_id"]: row for row in rows_of(TestCase, stored)}
        since = since_of([*known.values()])
        cases = {row["_id"]: [known[id] for id in row.get("cases") or () if id in known] for row in rows}
        return {row["_id"]: _figures(row, cases[row["_id"]], since) for row in rows}


_KNOWN = {"standings": 1, "meant_since": 1}


def _figures(row: Mapping[str, Any], cases: Sequence[Mapping[str, Any]], since: Mapping[str, Any]) -> dict[str, Any]:
    """Counts of a plan: the share is of what is planned, not of what was run; what does not apply leaves the base."""
    results = [result_of(case, row.get("build") or "", since) for case in cases]
    count = {name: results.count(name) for name in RESULTS}
    share = Ratio(count[PASSED], len(cases) - count[NOT_APPLICABLE]).percent
    rate = None if isinstance(share, NoData) else Decimal128(rounded(share, 2))
    return {
        "planned": len(cases),
        "passed": count[PASSED],
        "failed": count[FAILED],
        "left_out": count[NOT_APPLICABLE],
        "rate": rate,
    }
