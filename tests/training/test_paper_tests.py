"""A test on paper: drawn, printed, and entered as a sheet of people and questions; it counts as any other (5.2)."""

from __future__ import annotations

import datetime as dt
import io
import re
from typing import Any

import pytest
from mongoengine.connection import get_db

from models.kernel.base import clock
from models.kernel.base.errors import Forbidden, Refused
from models.kernel.gate import changes
from models.kernel.gate.history import entries_of
from models.training import attempts, courses, paper_tests
from models.training.answer_cells import LETTERS, NotAnAnswer, read_cell
from models.training.attempts import QuizAttempt
from models.training.class_tables import read_table
from models.training.courses import Course, Lesson
from models.training.paper_tests import PaperTest
from tests.fixtures.doing import Killed
from tests.fixtures.http import said
from tests.training.conftest import Taking

KINDS = ("single", "multiple", "true_false", "number", "ordering", "matching")
CLASS = ("clerk_sal", "clerk_log", "clerk_prd")
OPTIONS, ROWS = ["a", "b", "c"], ["x", "y"]


class Class(Taking):
    """A quiz of every kind that three people take on paper."""

    def test_of(self, quiz: Any, *people: str, **facts: Any) -> Any:
        values = {"quiz": quiz.id, "held_on": clock.today(), "people": [self.company.users[p] for p in people or CLASS]}
        made = changes.create(PaperTest, values | facts, actor=self.company.actor("hr"))
        trainer = self.company.actor("head_sal")
        return changes.move(PaperTest, made.id, "draw", actor=trainer, version=made.version)

    def right_cells(self, test: Any, sheet: int) -> dict[int, str]:
        """What somebody writes who knows everything."""
        return {n: written(line) for n, line in enumerate(test.paper(test.sheets[sheet - 1].form), 1)}

    def enter(self, test: Any, cells: Any, login: str = "head_sal") -> Any:
        return paper_tests.enter(self.company.actor(login), self.fresh(test), cells)


def written(line: Any) -> str:
    """The right answer to a question as it is written on its paper."""
    item = line.item()
    options, rows = line.order()
    letters = {key: LETTERS[at] for at, key in enumerate(options)}
    if item.kind == "true_false":
        return "A" if item.right == "yes" else "B"
    if item.kind == "matching":
        return "".join(letters[item.right[row]] for row in rows)
    if item.kind in ("multiple", "ordering"):
        return "".join(letters[key] for key in item.right)
    return letters[item.right] if item.kind == "single" else item.right


@pytest.fixture
def lesson(company: Any) -> Class:
    return Class(company)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("single", " b ", "b"),
        ("single", "Ｃ", "c"),
        ("multiple", "CA", ["a", "c"]),
        ("multiple", "A、C", ["a", "c"]),
        ("ordering", "c>a>b", ["c", "a", "b"]),
        ("matching", "BA", {"x": "b", "y": "a"}),
        ("matching", "2A 1B", {"x": "b", "y": "a"}),
        ("matching", "1B", {"x": "b"}),
        ("true_false", "對", "yes"),
        ("true_false", "b", "no"),
        ("true_false", "×", "no"),
        ("number", "１,234.50", "1234.5"),
        ("short", " 兩個理由 ", "兩個理由"),
        ("single", "-", None),
        ("multiple", " ", None),
    ],
)
def test_what_is_written_is_read(kind: str, text: str, value: Any) -> None:
    assert read_cell(kind, OPTIONS, ROWS if kind == "matching" else [], text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("single", "D"), ("single", "AB"), ("single", "1"), ("multiple", "AA"), ("ordering", "AB"),
        ("matching", "A"), ("matching", "1A 1B"), ("matching", "3A"), ("true_false", "C"), ("number", "about 3"),
        ("short", "x" * 20_000),
    ],
)  # fmt: skip
def test_what_cannot_be_an_answer_is_said(kind: str, text: str) -> None:
    with pytest.raises(NotAnAnswer):
        read_cell(kind, OPTIONS, ROWS, text)


def test_tables_of_people_and_questions_are_read_by_heads_numbers_and_names() -> None:
    sheets = {"王芳": 2, "clerk_sal": 2, "李強": 3}
    rows = [
        ["筆試 2026"],
        ["姓名", "2", "1"],
        ["王芳", "B", "A"],
        ["PT-2026-0001/3", "C"],
        ["", ""],
        ["趙六", "A", "A"],
        ["3", "A"],
    ]
    table = read_table(rows, sheets, 3, 2)
    assert table.cells == {2: {2: "B", 1: "A"}, 3: {2: "C"}}
    assert table.strange == ["趙六 A", "3 A"]
    assert read_table([["1", "A", "B"]], {}, 3, 2).cells == {1: {1: "A", 2: "B"}}
    assert read_table([], {}, 3, 2).cells == {}


def test_a_class_is_printed_entered_by_its_grid_and_counts_as_any_other(lesson: Class, browser_as: Any) -> None:
    quiz, hr = lesson.quiz(*KINDS, pass_mark=60, partial=True, tries=1), lesson.company.actor("hr")
    values = {"name": "課程", "trainer": lesson.company.users["head_sal"], "quiz": quiz.id, "gives_certificate": True}
    made = changes.create(Course, values | {"lessons": [Lesson(title="一", text="甲")]}, actor=hr)
    course = changes.move(Course, made.id, "publish", actor=hr, version=made.version)
    me = lesson.company.actor("clerk_sal")
    joined = courses.join(me, course)
    courses.done_with(me, joined, course.lessons[0].key)
    test = lesson.test_of(quiz)
    trainer = browser_as("head_sal")
    page = trainer.get(f"/admin/paper_test/details/?id={test.id}").text
    assert f"/admin/class-sheet/{test.id}/" in page
    paper = re.search(r'href="([^"]*)"[^>]*>打印試卷', page)
    assert paper
    assert trainer.get(paper[1].replace("&amp;", "&")).data[:5] == b"%PDF-"
    address = f"/admin/class-sheet/{test.id}/"
    right = lesson.right_cells(test, 1)
    single = next(n for n, line in enumerate(test.paper(test.sheets[1].form), 1) if line.item().kind == "single")
    blank = {f"c-2-{n}": "-" for n in right}
    form = {f"c-1-{n}": text for n, text in right.items()} | blank | {f"c-2-{single}": "Z"}
    wrong = trainer.post(address, form | {"go": "enter"})
    assert wrong.status_code == 422
    assert "選項字母" in wrong.text
    assert 'value="Z"' in wrong.text
    assert QuizAttempt.collection().count_documents({}) == 0
    done = trainer.post(address, form | blank | {"go": "enter"})
    assert done.status_code == 303, said(done)
    assert trainer.post(address, form | blank | {"go": "enter"}).status_code == 422  # sent twice
    first, second = QuizAttempt.objects.order_by("sheet")
    assert (first.result, first.percent, second.result) == ("passed", 100, "failed")
    assert (first.ref("person"), first.ref("entered_by")) == (me.id, lesson.company.users["head_sal"])
    assert (first.ref("paper"), first.sheet, first.tried, first.state) == (test.id, 1, 1, "graded")
    assert [line.edition for line in first.drawn] == [line.edition for line in test.paper(1)]
    assert [line.shown for line in first.drawn] == [line.shown for line in second.drawn]
    assert first.sent_at.astimezone(clock.zone()).date() == test.held_on
    (entry,) = entries_of(first.id)
    assert (entry["verb"], entry["actor"]) == ("create", lesson.company.users["head_sal"])
    assert lesson.fresh(joined).state == "done"
    assert get_db()["certificate"].count_documents({"person": me.id}) == 1
    with pytest.raises(Refused):  # the only try is used
        attempts.begin(lesson.company.actor("clerk_log"), quiz.id)
    assert "100" in browser_as("clerk_sal").get(f"/admin/taking/{first.id}/").text
    for login in ("clerk_sal", "head_mkt", "supervisor", "management", "it"):
        for path in (address, f"/admin/paper_test/details/?id={test.id}", f"/admin/paper_test/history/?id={test.id}"):
            assert browser_as(login).get(path).status_code == 404, (login, path)
        assert test.number not in browser_as(login).get("/admin/paper_test/export/csv/").text


def test_a_sheet_fills_the_grid_in_and_enters_nothing(lesson: Class, browser_as: Any) -> None:
    test = lesson.test_of(lesson.quiz("single", "true_false"), is_drawn_each=True)
    assert len({form.content for form in test.forms}) >= 1
    assert [line.form for line in test.sheets] == [1, 2, 3]
    trainer, address = browser_as("head_sal"), f"/admin/class-sheet/{test.id}/"
    content = "卷號,1,2\n2,B,對\n9,A,A\n".encode()
    body = {"go": "read", "file": (io.BytesIO(content), "class.csv"), "c-1-1": "A"}
    page = trainer.post(address, body, content_type="multipart/form-data").text
    for text in ('name="c-2-1" value="B"', 'name="c-2-2" value="對"', 'name="c-1-1" value="A"', "9 A"):
        assert text in page
    pasted = trainer.post(address, {"go": "read", "text": "clerk_prd\tC\tB"}).text
    assert 'name="c-3-2" value="B"' in pasted
    bad = {"go": "read", "file": (io.BytesIO(b"PK\x03\x04 nothing"), "class.xlsx")}
    assert trainer.post(address, bad, content_type="multipart/form-data").status_code == 422
    assert trainer.post(address, {"go": "enter"}).status_code == 422
    assert QuizAttempt.collection().count_documents({}) == 0


def test_who_enters_what_and_when(lesson: Class) -> None:
    quiz = lesson.quiz("single", "short")
    tomorrow = clock.today() + dt.timedelta(days=1)
    early = lesson.test_of(quiz, held_on=tomorrow)
    with pytest.raises(Refused):
        lesson.enter(early, {1: {1: "A"}})
    test = lesson.test_of(quiz, "clerk_sal", "head_sal")
    with pytest.raises(Forbidden):
        lesson.enter(test, {1: {1: "A"}}, "clerk_sal")
    assert (2, 0) in lesson.enter(test, {2: {1: "A"}}).problems  # their own
    assert (7, 0) in lesson.enter(test, {7: {1: "A"}}).problems
    short = next(n for n, line in enumerate(test.paper(1), 1) if line.waits())
    entered = lesson.enter(test, {1: {short: "兩點"}}).entered[1]
    assert (entered.state, entered.result) == ("submitted", None)  # a short answer waits for the trainer
    assert get_db()["waiting"].count_documents({"_id": entered.id}) == 1
    empty = changes.create(PaperTest, {"quiz": quiz.id, "held_on": clock.today()}, actor=lesson.company.actor("hr"))
    with pytest.raises(Refused):
        changes.move(PaperTest, empty.id, "draw", actor=lesson.company.actor("hr"), version=empty.version)


def test_a_batch_is_whole_and_a_killed_entry_goes_on(lesson: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    test = lesson.test_of(lesson.quiz("single", "multiple"))
    cells = {sheet: lesson.right_cells(test, sheet) for sheet in (1, 2, 3)}
    monkeypatch.setattr(paper_tests, "TOGETHER", 2)
    real, made = changes.create, []

    def ends(*given: Any, **more: Any) -> Any:
        made.append(1)
        if len(made) == 4:
            raise Killed
        return real(*given, **more)

    monkeypatch.setattr(paper_tests.changes, "create", ends)
    made.append(1)
    with pytest.raises(Killed):
        lesson.enter(test, cells)  # within the second batch
    monkeypatch.setattr(paper_tests.changes, "create", real)
    assert sorted(row["sheet"] for row in QuizAttempt.collection().find()) == [1, 2]
    assert set(lesson.enter(test, cells).problems) == {(1, 0), (2, 0)}
    assert set(lesson.enter(test, {3: cells[3]}).entered) == {3}
    assert QuizAttempt.collection().count_documents({"result": "passed"}) == 3
