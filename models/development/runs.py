"""Test runs (2.3.4): results by build, each with the editions that it was found on; added and never changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bson import Decimal128, ObjectId

from ..chapters import DEVELOPMENT
from ..kernel.base.store import in_unit
from ..kernel.gate.changes import MoveActions
from ..kernel.language import (
    NOBODY,
    WRITER,
    Attached,
    Choice,
    FollowUp,
    Grid,
    L,
    Line,
    Lines,
    LocalizedText,
    LongText,
    Move,
    Number,
    Part,
    Record,
    Ref,
    SignedLine,
    State,
    Text,
    Walk,
    Whole,
    Words,
    Workflow,
    record,
)
from ..kernel.language.edition import STANDS_ON
from ..services.work import jobs
from .cases import (
    BLOCKED,
    BUILDS_MAX,
    ENTERED,
    FAILED,
    NOT_APPLICABLE,
    PASSED,
    TestCase,
    editions_texts,
)
from .plans import TestPlan

RESULTS_MAX = 5000
LISTED_MAX = 500
WHY_NEEDED = L(
    "Say what was seen, or why it is so: “{result}” needs a note.", "「{result}」須填寫說明（所見現象或原因）。"
)
OF_ANOTHER = L("Case {number} belongs to another project.", "用例 {number} 屬其他項目。")
JUNIT, READING, TAKING, READ_FILE = "junit", "reading", "taking", "junit.read"
FOUND_BY = {"hand": L("By hand", "人工執行"), "junit": L("Automated (JUnit XML)", "自動化（JUnit XML）")}


class RunResult(SignedLine):
    """What came out for one case; it stays as it was entered."""

    case = Ref("TestCase", required=True, label=L("Case", "用例"))
    result = Choice(ENTERED, required=True, label=L("RunResult", "結果"))
    step = Whole(least=1, label=L("Failed at step", "失敗步驟"))
    note = LongText(label=L("What was seen", "說明"))
    seconds = Number(places=1, least=0, label=L("Seconds", "用時（秒）"))
    edition = Whole(computed=True, label=L("Edition of the case", "用例版次"))
    editions = Text(most=4000, computed=True, label=L("Editions of the items", "條目版次"))
    defect = Ref("Defect", computed=True, label=L("Defect", "缺陷"))

    def check(self) -> Iterator[tuple[str, Words]]:
        if self.result in (FAILED, BLOCKED, NOT_APPLICABLE) and not self.note:
            yield "note", WHY_NEEDED(result=ENTERED[self.result])


class Unmatched(Line):
    """A result of a file for which there is no case, or that stood there more than once."""

    name = Text(most=240, label=L("Key", "鍵"))
    what = Choice(
        {"unknown": L("No case has this key", "無此鍵的用例"), "twice": L("More than once in the file", "文件中重複")},
        label=L("Remark", "備註"),
    )


def defect_of(run: TestRun, line: RunResult) -> Mapping[str, Any] | None:
    """What a defect takes over from a failed result; nothing of any other."""
    if line.result != FAILED:
        return None
    case = line.case
    named = case if isinstance(case, TestCase) else None
    subject = f"{named.subject if named else ''}: {(line.note or '').splitlines()[0]}"[:200]
    return {
        "project": run.ref("project"),
        "subject": subject,
        "description": line.note,
        "case": line.ref("case"),
        "run": run.id,
        "case_edition": line.edition,
        "build": run.build,
        "step": line.step,
        "tester": line.ref("by"),
        "items": named.refs("items") if named else [],
    }


RUN_FLOW = Workflow(
    "under_way",
    (
        Move("finish", "under_way", "finished", by=WRITER, require="results", label=L("Finish", "結束")),
        Move(
            "read_file",
            "under_way",
            READING,
            by=WRITER,
            require=(Attached(JUNIT),),
            optional=True,
            label=L("Read the results file", "讀取結果文件"),
        ),
        Move("rehearsed", READING, "rehearsed", by=NOBODY, label=L("Read", "讀取完成")),
        Move("refuse_file", f"{READING} {TAKING}", "under_way", by=NOBODY, label=L("File refused", "文件被拒")),
        Move("take_over", "rehearsed", TAKING, by=WRITER, label=L("Take over the results", "採納結果")),
        Move("discard", "rehearsed", "under_way", by=WRITER, optional=True, label=L("Discard them", "不採納")),
        Move("taken", TAKING, "under_way", by=NOBODY, label=L("Results taken over", "結果已採納")),
    ),
    edit="under_way",
    ends="finished",
    withdraw=False,
    facts=(
        State("under_way", L("Under way", "進行中"), tone="progress"),
        State(READING, L("The file is being read", "讀取文件中"), tone="wait"),
        State("rehearsed", L("Read, to be taken over", "已讀取，待採納"), tone="wait"),
        State(TAKING, L("Results are being taken over", "採納結果中"), tone="wait"),
        State("finished", L("Finished", "已結束"), tone="good"),
    ),
)
RUN_FOLLOWERS = (
    FollowUp(
        "report_defects",
        "Defect",
        L("Make defects of the failed ones", "將未通過項登記為缺陷"),
        states="under_way finished",
        each="results",
        fill=defect_of,
        link_back=True,
    ),
)


@record(
    label=L("Test run", "測試執行"),
    plural=L("Test runs", "測試執行"),
    chapter=DEVELOPMENT,
    clause="2.3.4",
    upstream="results.case",
    number="TR-{yyyy}-{seq:5}",
    title="{build} {environment}",
    grid=Grid("number project plan build environment found_by passed failed owner state", search="build environment"),
    form=(
        Part(
            L("Test run", "測試執行"),
            "project plan build environment found_by",
            clause="2.3.4",
            help=L(
                "A pass in one build says nothing of another one.", "各版本的結果互不相通：新版本從「未執行」開始。"
            ),
        ),
        Part(L("Results", "結果"), "passed failed blocked left_out results"),
        Part(L("Results file", "結果文件"), "would_add unknown file_says unmatched"),
    ),
    belongs_to="project",
    in_menu=True,
    files={JUNIT: L("Results in JUnit XML", "JUnit XML 結果"), "evidence": L("Evidence", "證據")},
    workflow=RUN_FLOW,
    follow_ups=RUN_FOLLOWERS,
)
class TestRun(Record):
    """What was tried in a build, when and by whom (2.3.4)."""

    __test__ = False  # no test of the program

    project = Ref("Project", required=True, fixed=True, label=L("Project", "研發項目"))
    plan = Ref("TestPlan", fixed=True, fills={"project": "project", "build": "build"}, label=L("Plan", "測試計劃"))
    build = Text(required=True, fixed=True, most=80, label=L("Build", "版本"))
    environment = Text(label=L("Environment", "環境"))
    found_by = Choice(FOUND_BY, computed=True, default="hand", label=L("How", "方式"))
    passed = Whole(computed=True, label=L("Passed", "通過"))
    failed = Whole(computed=True, label=L("Failed", "未通過"))
    blocked = Whole(computed=True, label=L("Blocked", "受阻"))
    left_out = Whole(computed=True, label=L("Not applicable", "不適用"))
    results = Lines(
        RunResult,
        append_only=True,
        most=RESULTS_MAX,
        walk=Walk("plan.cases", link="case", choice="result", note="note", seconds="seconds"),
        label=L("Results", "結果"),
    )
    would_add = Whole(computed=True, label=L("Results with a case", "匹配到用例的結果數"))
    unknown = Whole(computed=True, label=L("Results without a case", "未匹配到用例的結果數"))
    file_says = LocalizedText(computed=True, label=L("Why the file was refused", "文件被拒原因"))
    unmatched = Lines(Unmatched, computed=True, label=L("Not matched", "未匹配"))

    def clean(self) -> None:
        self._note_editions([line for line in self.results or () if line.edition is None])
        count = Counter(line.result for line in self.results or ())
        self.passed, self.failed = count[PASSED], count[FAILED]
        self.blocked, self.left_out = count[BLOCKED], count[NOT_APPLICABLE]

    def _note_editions(self, lines: Sequence[Any]) -> None:
        """Which edition of its case, and of the items, each new result was found on: two queries."""
        ids = [id for line in lines if (id := line.ref("case"))]
        if not ids:
            return
        rows = list(in_unit("test_case").find({"_id": {"$in": ids}}, {"edition": 1, STANDS_ON: 1}))
        texts, known = editions_texts(rows), {row["_id"]: row for row in rows}
        for line in lines:
            if row := known.get(line.ref("case")):
                line.put("edition", row.get("edition") or 1)
                line.put("editions", texts[row["_id"]])

    def check(self) -> Iterator[tuple[str, Words]]:
        ids = {line.ref("case") for line in self.results or ()} - {None}
        others = {"_id": {"$in": list(ids)}, "project": {"$ne": self.ref("project")}}
        row = in_unit("test_case").find_one(others, {"number": 1}) if ids else None
        if row:
            yield "results", OF_ANOTHER(number=row["number"])

    def on_read_file(self, actions: MoveActions) -> None:
        self._order(actions)

    def on_take_over(self, actions: MoveActions) -> None:
        self._order(actions)

    def on_taken(self, actions: MoveActions) -> None:
        """What was taken over counts from now on."""
        note_results(self, self.results or (), actions)

    def _order(self, actions: MoveActions) -> None:
        """Let a worker read the file, by an order in this transaction."""
        if not actions.unit.is_dry:
            jobs.enqueue(jobs.Order(task=READ_FILE, params={"record": str(self.id)}, asked_by=actions.actor))

    def on_create(self, actions: MoveActions) -> None:
        note_results(self, self.results or (), actions)

    def on_edit(self, actions: MoveActions, before: Mapping[str, Any]) -> None:
        former = {line.get("key") for line in before.get("results") or ()}
        if before:
            note_results(self, [line for line in self.results or () if line.key not in former], actions)


def note_results(run: TestRun, lines: Iterable[Any], actions: MoveActions) -> None:
    """Let cases and plans know of new results, in the transaction in which these are written: a few commands. With the
    first results in a build all other cases of the project begin with "not run"."""
    by_case: dict[ObjectId, list[Any]] = {}
    for line in lines:
        by_case.setdefault(line.ref("case"), []).append(line)
    rows = in_unit("test_case").find({"_id": {"$in": list(by_case)}}, {"standings": 1}) if by_case else ()
    given = {row["_id"]: {"standings": _standings(row, run, by_case[row["_id"]])} for row in rows}
    actions.derive_anew(TestCase, given, given)
    of_build = {"project": run.ref("project"), "build": run.build}
    if in_unit("test_run").find_one({**of_build, "_id": {"$ne": run.id}}, {"_id": 1}) is None:
        others = {"project": run.ref("project"), "_id": {"$nin": list(given)}}
        actions.derive_anew(TestCase, [row["_id"] for row in in_unit("test_case").find(others, {"_id": 1})])
    actions.derive_anew(TestPlan, [row["_id"] for row in in_unit("test_plan").find(of_build, {"_id": 1})])


def _standings(row: Mapping[str, Any], run: TestRun, lines: Sequence[Any]) -> list[dict[str, Any]]:
    """The last results of a stored case by build, with new ones of a run: the build that was tried last comes first."""
    kept = [line for line in row.get("standings") or () if line.get("build") != run.build]
    last = next((line for line in row.get("standings") or () if line.get("build") == run.build), None)
    for line in lines:
        if last is None or last.get("at") is None or line.at is None or line.at >= last["at"]:
            last = _standing(run, line, last)
    return [last, *kept][:BUILDS_MAX] if last else kept


def _standing(run: TestRun, line: Any, last: Mapping[str, Any] | None) -> dict[str, Any]:
    """That something does not apply is agreed when a second person has said so after the first."""
    said_before = last is not None and last.get("result") == NOT_APPLICABLE == line.result
    by = line.ref("by")
    agreed = said_before and last is not None and (bool(last.get("agreed")) or last.get("by") != by)
    values = {
        "build": run.build,
        "result": line.result,
        "agreed": agreed or None,
        "at": line.at,
        "by": by,
        "edition": line.edition,
        "seconds": None if line.seconds is None else Decimal128(line.seconds),
        "run": run.id,
        "editions": line.editions,
    }
    return {name: value for name, value in values.items() if value is not None}
