"""Tests on paper (5.2): a quiz that is printed for a class, one form for all or drawn for each, and whose answers are
entered as a sheet of people and questions.

What was drawn stands in the record, known to those who print it alone; each sheet that is entered becomes an attempt,
which counts by the same rules as any other.
"""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import segno
from bson import ObjectId

from ..chapters import TRAINING
from ..kernel.base import clock
from ..kernel.base.errors import Forbidden, Refused
from ..kernel.base.people import Actor
from ..kernel.base.store import read_ahead
from ..kernel.base.words import L, Words
from ..kernel.gate import changes
from ..kernel.gate.changes import Context, MoveActions
from ..kernel.gate.creating import known_to_be_new
from ..kernel.gate.sources import Source
from ..kernel.language import (
    REASON,
    WRITE,
    WRITER,
    Access,
    Day,
    Flag,
    Grid,
    Line,
    Lines,
    LongText,
    Move,
    Need,
    Paper,
    Part,
    Record,
    Ref,
    Refs,
    Retention,
    Role,
    Scope,
    State,
    Whole,
    Workflow,
    record,
    role,
)
from ..kernel.rights import rights
from ..organisation import User
from . import pictures
from .answer_cells import LETTERS, NotAnAnswer, read_cell
from .attempts import QuizAttempt, for_person, used_tries
from .drawn import DrawnQuestion, as_held, draw_paper, read_form, written_form
from .marking import MATCHING, MULTIPLE, NUMBER, ORDERING, SHORT, SINGLE, TRUE_FALSE
from .quizzes import Quiz

PEOPLE_MAX, TOGETHER, FORM_MAX = 200, 50, 200_000
PRINTED = "printed"
NOT_HELD_YET = L("It has not been held yet.", "考試日期尚未到。")
TOO_MANY = L("At most {most} people.", "最多 {most} 人。")
SHORT_PAPER = L("The bank has no longer enough questions for this quiz.", "題庫題目不足，無法出卷。")
NOT_PRINTED = L("Answers are entered once it is printed and held.", "印製並考試後方可錄入作答。")
OWN_SHEET = L("Nobody enters their own answers.", "不能錄入本人的作答。")
NO_TRIES = L("All {tries} tries are used.", "{tries} 次作答機會已用完。")
NO_SHEET = L("There is no sheet {sheet}.", "沒有第 {sheet} 號答題紙。")
IS_ENTERED = L("This sheet is entered already: {number}.", "此答題紙已錄入：{number}。")
AFTERWARDS = L(
    "Each sheet has a number, and what stood on it is kept. A sheet that is entered becomes an attempt of its person, "
    "which counts as any other.",
    "每份試卷有編號並保留所抽題目。錄入後成為該員工的一次作答，與在線作答同等計算。",
)


class PrintedForm(Line):
    """What stands on a form: questions in their editions, order of options, points."""

    content = LongText(computed=True, most=FORM_MAX, label=L("Form", "試卷內容"))


class PaperSheet(Line):
    """The sheet of one person."""

    person = Ref("User", computed=True, label=L("Person", "作答人"))
    form = Whole(computed=True, label=L("Form", "卷號"))


def has_people(test: PaperTest) -> bool:
    return bool(test.refs("people"))


KIND_WORDS = {
    SINGLE: L("one letter", "填一個字母"),
    MULTIPLE: L("all right letters", "填全部正確字母"),
    TRUE_FALSE: L("A or B", "填 A 或 B"),
    NUMBER: L("a number", "填數值"),
    ORDERING: L("the letters in order", "按順序填字母"),
    MATCHING: L("a letter for each row", "每行填一個字母"),
    SHORT: L("in words", "文字作答"),
}
POINTS = L("({most})", "（{most} 分）")
PASS_MARK = L("Pass mark: {share} %", "及格線：{share}%")
SHORT_LINES = 5


def printed_papers(test: PaperTest, _reader: Any) -> Mapping[str, Any]:
    """The sheets as they are printed: each with its number, the name, and a code by which it is known again."""
    forms = {form: [_printed(n, line) for n, line in enumerate(test.paper(form), 1)] for form in _forms_of(test)}
    rows = User.collection().find({"_id": {"$in": [line.ref("person") for line in test.sheets or ()]}}, {"name": 1})
    names = {row["_id"]: row["name"] for row in rows}
    return {
        "quiz": test.quiz.name if test.quiz else "",
        "held": test.held_on.isoformat() if test.held_on else "",
        "words": {
            "person": str(L("Name: ", "姓名：")),
            "answer": str(L("Answer: ", "作答：")),
            "points": str(
                L("Pass mark: {share} %", "及格線：{share}%")(share=test.quiz.pass_mark if test.quiz else "")
            ),
        },
        "papers": [
            {
                "code": f"{test.number}/{sheet}",
                "person": names.get(line.ref("person"), ""),
                "svg": str(segno.make(f"{test.number}/{sheet}", error="m", micro=False).svg_inline(border=2, scale=4)),
                "questions": forms[line.form],
            }
            for sheet, line in enumerate(test.sheets or (), 1)
        ],
    }


def _forms_of(test: PaperTest) -> range:
    return range(1, len(test.forms or ()) + 1)


def _printed(number: int, line: DrawnQuestion) -> dict[str, Any]:
    item, question, shown = line.item(), line.as_asked(number), pictures.by_place(line)
    options, rows = (question.options, question.rows) if question else ((), ())
    return {
        "number": f"{number}.",
        "text": line.text,
        "about": f"{POINTS(most=line.most)} {KIND_WORDS[item.kind] if item else ''}",
        "options": [
            {"text": f"{letter}. {option.label}", "pictures": shown.get(option.key, [])}
            for letter, option in zip(LETTERS, options, strict=False)
        ],
        "rows": [
            {"text": f"{place}. {row.label}", "pictures": shown.get(row.key, [])} for place, row in enumerate(rows, 1)
        ],
        "lines": SHORT_LINES if item and item.kind == SHORT else 1,
        "pictures": shown.get("", []),
    }


@record(
    label=L("Test on paper", "紙面測試"),
    plural=L("Tests on paper", "紙面測試"),
    chapter=TRAINING,
    clause="5.2",
    number="PT-{yyyy}-{seq:4}",
    title="{quiz} {held_on}",
    grid=Grid("number quiz held_on trainer is_drawn_each state", sort="-held_on"),
    form=(
        Part(L("Test", "測試"), "quiz held_on is_drawn_each trainer people", clause="5.2", help=AFTERWARDS),
        Part(L("Sheets", "答題紙"), "sheets"),
    ),
    access=Access(
        departments=(),
        read={**dict.fromkeys(Role, Scope.NONE), Role.HR: Scope.ALL},
        write={Role.HR: Scope.ALL},
        named={"trainer": WRITE},
        guarded=True,
    ),
    workflow=Workflow(
        "draft",
        (
            Move(
                "draw",
                "draft",
                PRINTED,
                by=WRITER,
                require=(Need(L("People are named", "已指定人員"), has_people),),
                optional=True,
                label=L("Draw the papers", "出卷"),
            ),
            Move("close", PRINTED, "closed", by=WRITER, optional=True),
            Move("cancel", f"draft {PRINTED}", "cancelled", by=role(Role.HR, own=True), ask=REASON, optional=True),
        ),
        edit="draft",
        withdraw=False,
        facts=(State(PRINTED, L("Drawn, answers may be entered", "已出卷，可錄入"), tone="progress"),),
    ),
    happened="held_on",
    retention=Retention(archive=1095, delete=5),
    papers=(
        Paper(
            "sheets",
            L("Papers to print", "打印試卷"),
            format="test_paper.typ",
            states=f"{PRINTED} closed",
            fields="quiz held_on",
            content=printed_papers,
        ),
    ),
)
class PaperTest(Record):
    """A quiz that a class takes on paper."""

    quiz = Ref("Quiz", required=True, fixed=True, states={"published"}, label=L("Quiz", "測試"))
    held_on = Day(required=True, label=L("Held on", "考試日期"))
    is_drawn_each = Flag(default=False, label=L("Drawn anew for each person", "每人單獨抽題"))
    trainer = Ref("User", computed=True, informs=True, label=L("Trainer", "講師"))
    people = Refs("User", label=L("Who takes it", "參加人員"))
    sheets = Lines(PaperSheet, computed=True, most=PEOPLE_MAX, label=L("Sheets", "答題紙"))
    forms = Lines(PrintedForm, internal=True, most=PEOPLE_MAX, label=L("Forms", "試卷"))

    def clean(self) -> None:
        if not self.version and (quiz := self.quiz):
            self._data["trainer"] = quiz.ref("trainer")

    def check(self) -> Iterator[tuple[str, Words]]:
        if len(self.refs("people")) > PEOPLE_MAX:
            yield "people", TOO_MANY(most=PEOPLE_MAX)

    def on_draw(self, actions: MoveActions) -> None:
        """What stands on the papers is drawn and kept: the bank may change afterwards. Raises Refused."""
        people, quiz = list(dict.fromkeys(self.refs("people"))), self.quiz
        papers = []
        for place in range(len(people) if self.is_drawn_each else 1):
            rng = random.Random(f"{self.id}:{place}")  # noqa: S311 - a draw that can be made again, no secret
            papers.append(draw_paper(quiz, rng))
        if any(len(paper) < quiz.paper_size for paper in papers):
            raise Refused(SHORT_PAPER)
        self.forms = [PrintedForm(content=written_form(paper)) for paper in papers]
        self.sheets = [
            PaperSheet(person=person, form=place if self.is_drawn_each else 1) for place, person in enumerate(people, 1)
        ]

    def paper(self, form: int) -> list[DrawnQuestion]:
        """The questions of a form as they were drawn, without answers."""
        return read_form(self.forms[form - 1].content)


@dataclass(frozen=True)
class ClassEntry:
    """What came of a sheet of a class: the attempts that were entered, by number of the sheet, and what is wrong, by
    sheet and question (0: the sheet)."""

    entered: Mapping[int, QuizAttempt]
    problems: Mapping[tuple[int, int], Words]


Cells = Mapping[int, Mapping[int, str]]


def attempts_of(test: PaperTest) -> dict[ObjectId, Mapping[str, Any]]:
    """What was entered of a test, by person."""
    shown = {"person": 1, "number": 1, "state": 1, "result": 1, "percent": 1}
    rows = QuizAttempt.collection().find({"paper": test.id, "removed_at": None}, shown)
    return {row["person"]: row for row in rows}


def enter(me: Actor, test: PaperTest, cells: Cells, *, context: Context | None = None) -> ClassEntry:
    """Enter the answers of a class, by number of the sheet and of the question: all sheets in which anything stands, or
    none where anything is wrong. Fifty sheets are one transaction; sent twice, nothing is entered twice. Raises
    Forbidden, Refused."""
    if not rights.is_writer(me, PaperTest, test):
        raise Forbidden(rights.NOT_YOURS)
    if test.state != PRINTED or test.held_on > clock.today():
        raise Refused(NOT_PRINTED if test.state != PRINTED else NOT_HELD_YET)
    reading = _ClassReading(me, test)
    written = {sheet: row for sheet, row in sorted(cells.items()) if any(map(str.strip, row.values()))}
    drawn = {sheet: reading.answered(sheet, row) for sheet, row in written.items()}
    if reading.problems:
        return ClassEntry({}, reading.problems)
    entered: dict[int, QuizAttempt] = {}
    rest = iter(drawn.items())
    while some := dict(islice(rest, TOGETHER)):
        entered |= changes.in_batch(partial(_batch, me, test, some, context))
    return ClassEntry(entered, {})


class _ClassReading:
    """Reads the cells of a class; what is wrong is gathered."""

    def __init__(self, me: Actor, test: PaperTest):
        self.me, self.test = me, test
        self.problems: dict[tuple[int, int], Words] = {}
        self.known = attempts_of(test)

    def answered(self, sheet: int, row: Mapping[int, str]) -> list[DrawnQuestion]:
        """The paper of a sheet with its answers."""
        if not 1 <= sheet <= len(self.test.sheets or ()):
            self.problems[sheet, 0] = NO_SHEET(sheet=sheet)
            return []
        line = self.test.sheets[sheet - 1]
        person = line.ref("person")
        if known := self.known.get(person):
            self.problems[sheet, 0] = IS_ENTERED(number=known["number"])
        elif person == self.me.id:
            self.problems[sheet, 0] = OWN_SHEET()
        elif (tries := self.test.quiz.tries) and used_tries(person, self.test.quiz.id) >= tries:
            self.problems[sheet, 0] = NO_TRIES(tries=tries)
        paper = self.test.paper(line.form)
        for number, question in enumerate(paper, 1):
            question.answer = self._read(sheet, number, question, row.get(number, ""))
        return paper

    def _read(self, sheet: int, number: int, question: DrawnQuestion, text: str) -> str | None:
        item = question.item()
        if item is None:
            return None
        options, rows = question.order()
        try:
            return as_held(read_cell(item.kind, options, rows, text)) or None
        except NotAnAnswer as wrong:
            self.problems[sheet, number] = wrong.words
            return None


def _batch(
    me: Actor, test: PaperTest, drawn: Mapping[int, list[DrawnQuestion]], context: Context | None
) -> dict[int, QuizAttempt]:
    """Make the attempts of some sheets, in the transaction that is under way."""
    quiz: Quiz = test.quiz
    people = {sheet: test.sheets[sheet - 1].ref("person") for sheet in drawn}
    rows, before = read_ahead(User.type_name(), list(people.values())), _tries(quiz, list(people.values()))
    keys = {sheet: f"paper:{test.id}:{sheet}" for sheet in drawn}
    held = clock.start_of(test.held_on) + dt.timedelta(hours=9)
    common = {
        "quiz": quiz.id,
        "paper": test.id,
        "entered_by": me.id,
        "trainer": quiz.ref("trainer"),
        "begun_at": min(held, clock.now()),
        "pass_mark": quiz.pass_mark,
        "partial": bool(quiz.partial),
        "wrong_costs": quiz.wrong_costs,
    }
    entered = {}
    with known_to_be_new(QuizAttempt, list(keys.values())):
        for sheet, lines in drawn.items():
            person = people[sheet]
            values = {
                **common,
                "person": person,
                "owner": person,
                "department": rows.get(person, {}).get("department"),
                "sheet": sheet,
                "tried": before.get(person, 0) + 1,
                "by_trainer": bool(quiz.by_trainer or any(line.waits() for line in lines)),
                "latest": json.dumps({n: line.answer for n, line in enumerate(lines, 1)}),
            }
            entered[sheet] = changes.create(
                QuizAttempt,
                values,
                actor=for_person(me),
                context=context or Context(source=Source.FORM, confirmed=True),
                once=keys[sheet],
            )
    return entered


def _tries(quiz: Quiz, people: Sequence[ObjectId]) -> dict[ObjectId, int]:
    stages: list[dict[str, Any]] = [
        {"$match": {"quiz": quiz.id, "person": {"$in": list(people)}, "removed_at": None}},
        {"$group": {"_id": "$person", "count": {"$sum": 1}}},
    ]
    return {row["_id"]: row["count"] for row in QuizAttempt.collection().aggregate(stages)}
