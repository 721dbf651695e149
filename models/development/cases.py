"""Test cases (2.3.4): how an item is tried; each knows its last result in every build, and what has changed since."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bson import ObjectId

from ..chapters import DEVELOPMENT
from ..kernel.base.store import in_unit
from ..kernel.gate.changes import MoveActions
from ..kernel.language import (
    REASON,
    WRITE,
    WRITER,
    Access,
    Also,
    Chart,
    Choice,
    Editions,
    Flag,
    FollowUp,
    Grid,
    L,
    Line,
    Lines,
    LongText,
    Matrix,
    Moment,
    Move,
    Need,
    Number,
    Part,
    Record,
    Ref,
    Refs,
    State,
    Text,
    Unique,
    Whole,
    Words,
    Workflow,
    but_not,
    record,
)
from ..kernel.language.edition import SINCE, STANDS_ON, is_outdated
from .projects import Project

KINDS = {
    "function": L("Function", "功能"),
    "performance": L("Performance", "性能"),
    "security": L("Security", "安全"),
    "compatibility": L("Compatibility", "兼容性"),
}
PRIORITIES = {"low": L("Low", "低"), "normal": L("Normal", "一般"), "high": L("High", "高")}
NOT_RUN, OUTDATED, TO_AGREE = "not_run", "outdated", "asked"
PASSED, FAILED, BLOCKED, NOT_APPLICABLE = "passed", "failed", "blocked", "not_applicable"
ENTERED = {
    PASSED: L("Passed", "通過"),
    FAILED: L("Failed", "未通過"),
    BLOCKED: L("Blocked", "受阻"),
    NOT_APPLICABLE: L("Not applicable", "不適用"),
}
RESULTS = {
    NOT_RUN: L("Not run", "未執行"),
    OUTDATED: L("Case or item changed since", "用例或條目已變更"),
    TO_AGREE: L("Not applicable, to be confirmed", "不適用（待他人確認）"),
    **ENTERED,
}
GOOD = f"{PASSED} {NOT_APPLICABLE}"
BUILDS_MAX = 20
INCOMPLETE = L(
    "A case in force has at least one step, and each step its expected result; else it covers nothing.",
    "生效的用例至少有一個步驟，且每步均有預期結果；否則不構成覆蓋。",
)


class CaseStep(Line):
    """What is done, and what is to be seen then."""

    action = LongText(required=True, label=L("Action", "操作"))
    expected = LongText(required=True, label=L("Expected result", "預期結果"))


class BuildResult(Line):
    """The last result of a case in one build."""

    build = Text(label=L("Build", "版本"))
    result = Choice(ENTERED, label=L("Result", "結果"))
    agreed = Flag(label=L("Confirmed by a second person", "他人已確認"))
    at = Moment(label=L("At", "時間"))
    by = Ref("User", label=L("By", "執行人"))
    edition = Whole(label=L("Edition of the case", "用例版次"))
    seconds = Number(places=1, label=L("Seconds", "用時（秒）"))
    run = Ref("TestRun", label=L("Test run", "測試執行"))
    editions = Text(most=4000, label=L("Editions of the items", "條目版次"))


def is_complete(case: TestCase) -> bool:
    steps = case.steps or ()
    return bool(steps) and all(step.expected for step in steps)


COMPLETE = Need(L("Steps, each with its expected result", "步驟及其預期結果"), is_complete)


CASE_FLOW = Workflow(
    "draft",
    (
        Move(
            "put_in_force",
            "draft",
            "in_force",
            by=WRITER,
            require=(COMPLETE, "items"),
            label=L("Put in force", "生效"),
        ),
        Move(
            "confirm_links",
            "in_force",
            "in_force",
            by=WRITER,
            when=lambda case: bool(case.suspect),
            optional=True,
            label=L("Confirm for the changed items", "確認仍適用於變更後條目"),
        ),
        Move(
            "ask_to_retire",
            "in_force",
            "retiring",
            by=WRITER,
            ask=REASON,
            optional=True,
            label=L("Ask to retire", "申請停用"),
        ),
        Move("retire", "retiring", "retired", by=but_not("asked_by", WRITER), label=L("Retire", "停用")),
        Move("keep", "retiring", "in_force", by=WRITER, ask=REASON, label=L("Keep", "保留")),
        Move("resume", "retired", "draft", by=WRITER, optional=True),
    ),
    edit="draft in_force",
    ends="retired",
    facts=(
        State("in_force", L("In force", "生效"), tone="good"),
        State("retiring", L("Retirement asked for", "申請停用中"), tone="wait"),
        State("retired", L("Retired", "停用")),
    ),
)
CASE_FIGURES = (
    Matrix(
        "items",
        cell="result",
        good=GOOD,
        suspect="suspect",
        only={"state": "in_force retiring"},
        among={"state": "valid"},
        also=(
            Also("DesignDocument.items", states="draft submitted approved"),
            Also("Defect.items", states="open fixed rejecting lowering"),
        ),
        label=L("Traceability", "追溯矩陣"),
        menu=L("Traceability", "追溯矩陣"),
    ),
    Chart("result"),
    Chart("kind"),
)


@record(
    label=L("Test case", "測試用例"),
    plural=L("Test cases", "測試用例"),
    chapter=DEVELOPMENT,
    clause="2.3.4",
    upstream="items",
    number="TC-{yyyy}-{seq:5}",
    title="{number} {subject}",
    grid=Grid(
        "number subject project items kind priority tester result suspect state",
        search="subject key",
        filters="project items kind priority tester result suspect key state",
        inline="subject kind priority tester",
    ),
    form=(
        Part(
            L("Test case", "測試用例"),
            "project subject kind priority tester items key",
            clause="2.3.4",
            help=L(
                "Results of automated tests are matched by the key: class and name, with a dot between.",
                "自動化測試結果按「鍵」匹配：類名與用例名，以點號連接。",
            ),
        ),
        Part(L("Procedure", "步驟"), "precondition steps edition"),
        Part(L("Results", "結果"), "result build suspect standings"),
    ),
    belongs_to="project",
    in_menu=True,
    unique=(Unique("project key"),),
    editions=Editions("subject precondition steps"),
    workflow=CASE_FLOW,
    access=Access(named={"tester": WRITE}),
    analyses=CASE_FIGURES,
    follow_ups=(
        FollowUp("report_defect", "Defect", L("Report a defect", "登記缺陷"), states="in_force", opens="case"),
    ),
)
class TestCase(Record):
    """How some items are tried (2.3.4)."""

    __test__ = False  # no test of the program

    project = Ref("Project", required=True, fixed=True, label=L("Project", "研發項目"))
    subject = Text(required=True, label=L("Subject", "名稱"))
    kind = Choice(KINDS, required=True, default="function", label=L("Kind", "類別"))
    priority = Choice(PRIORITIES, required=True, default="normal", ordered=True, label=L("Priority", "優先級"))
    tester = Ref("User", label=L("Tester", "測試人"))
    items = Refs("SpecificationItem", by_edition=True, label=L("Covers", "覆蓋條目"))
    key = Text(most=240, label=L("Key", "鍵"))
    precondition = LongText(label=L("Precondition", "前置條件"))
    steps = Lines(CaseStep, label=L("Steps", "步驟"))
    edition = Whole(computed=True, label=L("Edition", "版次"))
    asked_by = Ref("User", internal=True, label=L("Asked by", "申請人"))
    suspect = Flag(derived=True, label=L("An item has changed since", "條目已變更"))
    result = Choice(RESULTS, derived=True, default=NOT_RUN, label=L("Result on the newest build", "最新版本結果"))
    build = Text(derived=True, label=L("Newest build", "最新版本"))
    standings = Lines(BuildResult, derived=True, label=L("Last result by build", "各版本最近結果"))

    def its_project(self) -> Project:
        """The project that it belongs to."""
        return self.project

    def check(self) -> Iterator[tuple[str, Words]]:
        if self.state == "in_force" and not is_complete(self):
            yield "steps", INCOMPLETE

    def on_confirm_links(self, _actions: MoveActions) -> None:
        """It tries the items as they are now."""
        self.put(STANDS_ON, None)

    def on_ask_to_retire(self, actions: MoveActions) -> None:
        """Somebody else decides on it."""
        self.put("asked_by", actions.actor.id)

    @classmethod
    def derived_of(cls, rows: Sequence[Mapping[str, Any]]) -> Mapping[Any, Mapping[str, Any]]:
        builds = newest_builds({id for row in rows if row.get("standings") and (id := row.get("project"))})
        since = since_of(rows)
        return {
            row["_id"]: {"result": result_of(row, builds.get(row.get("project", row["_id"]), ""), since)}
            | ({"build": builds[row["project"]]} if row.get("project") in builds else {})
            for row in rows
        }


def newest_build(project: ObjectId) -> str:
    """The build of the last run of a project, by an index; empty where nothing was run."""
    query = {"project": project, "removed_at": None}
    row = in_unit("test_run").find_one(query, {"build": 1}, sort=[("_id", -1)])
    return row["build"] if row else ""


def newest_builds(projects: Iterable[ObjectId]) -> dict[ObjectId, str]:
    """The same of several projects; one without a run is left out."""
    return {id: build for id in projects if (build := newest_build(id))}


def since_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The items that the last results of some cases were found on, by their numbers."""
    numbers = {number for row in rows for line in row.get("standings") or () for number in editions_in(line)}
    if not numbers:
        return {}
    items = in_unit("specification_item").find({"number": {"$in": list(numbers)}}, {"number": 1, SINCE: 1})
    return {row["number"]: row for row in items}


def editions_in(line: Mapping[str, Any]) -> dict[str, int]:
    """The items that a result was found on, each with its edition."""
    parts = (part.rpartition("/") for part in (line.get("editions") or "").split())
    return {number: int(edition) for number, _, edition in parts}


def editions_texts(rows: Sequence[Mapping[str, Any]]) -> dict[ObjectId, str]:
    """The same as a text, of stored cases as they stand, by id: one query."""
    ids = {at["id"] for row in rows for at in row.get(STANDS_ON) or ()}
    items = in_unit("specification_item").find({"_id": {"$in": list(ids)}}, {"number": 1}) if ids else ()
    numbers = {row["_id"]: row["number"] for row in items}
    return {
        row["_id"]: " ".join(
            f"{numbers[at['id']]}/{at['edition']}" for at in row.get(STANDS_ON) or () if at["id"] in numbers
        )
        for row in rows
    }


def result_of(row: Mapping[str, Any], build: str, since: Mapping[str, Mapping[str, Any]]) -> str:
    """The last result of a stored case in a build: what was found on another edition of it or of an item says nothing
    of this one, nor does a result in another build; that it does not apply, two people say."""
    line = next((line for line in row.get("standings") or () if line.get("build") == build), None)
    if line is None:
        return NOT_RUN
    changed = any(is_outdated(edition, since[at]) for at, edition in editions_in(line).items() if at in since)
    if changed or is_outdated(line.get("edition") or 1, row):
        return OUTDATED
    if line["result"] == NOT_APPLICABLE and not line.get("agreed"):
        return TO_AGREE
    return str(line["result"])
