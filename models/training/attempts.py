"""Attempts at quizzes (5.2): what was drawn for somebody, what they answered by when, and what it is worth.

An attempt is made and answered through the gate by the system, for the person alone: no form writes it. What is right
stands in no attempt before it is over; it is read from the editions of the questions when the answers are marked.
"""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from bson import ObjectId
from mongoengine.base import get_document

from ..chapters import TRAINING
from ..kernel.base import clock
from ..kernel.base.arithmetic.rounding import rounded
from ..kernel.base.errors import Refused
from ..kernel.base.people import SYSTEM, Actor
from ..kernel.base.store import in_unit, row_of
from ..kernel.base.words import At
from ..kernel.gate import changes
from ..kernel.gate.changes import MoveActions
from ..kernel.gate.rehearsal import is_rehearsing
from ..kernel.language import (
    READ,
    Access,
    Choice,
    Flag,
    Grid,
    L,
    Lines,
    LongText,
    Moment,
    Move,
    Need,
    Number,
    Part,
    Percent,
    Record,
    Ref,
    Retention,
    Role,
    Scope,
    State,
    Text,
    Unique,
    Whole,
    Words,
    Workflow,
    during,
    record,
    workdays,
)
from ..kernel.language.questions import given as answering
from ..kernel.rights import rights
from .drawn import (
    ANSWER_MAX,
    PLACES,
    RESULTS,
    TRAINER,
    DrawnQuestion,
    RegradeNote,
    as_held,
    draw_paper,
    has_passed,
    mark_line,
    read_form,
)
from .marking import NOTHING, MarkRule
from .passes import counted_since, tries_of
from .quizzes import QUESTIONS_MAX, Quiz

GRACE = dt.timedelta(seconds=5)  # for the last answer on its way; the clock of the server decides
PAPER_MAX = QUESTIONS_MAX * (ANSWER_MAX + 40)  # all answers of the largest paper, each with its number or question
OVER = L("The time is over; what was saved before counts.", "時間已到，以此前保存的作答為準。", code="over")
CLOSED = L("This attempt is over; nothing more can be answered.", "本次作答已結束，不能再作答。", code="over")
TOO_LATE = (OVER, CLOSED)
NO_TRIES = L("All {tries} tries are used.", "{tries} 次作答機會已用完。", code="over")
TOO_SOON = L("The next try is possible from {at} on.", "下次作答可於 {at} 後開始。", code="range")
SHORT_PAPER = L(
    "The bank has no longer enough questions for this quiz ({has} of {count}). Please tell the trainer.",
    "題庫題目不足（需 {count} 題，現有 {has} 題），暫不能作答，請告知講師。",
    code="range",
)
NOT_THE_PAPER = L("The questions of a paper stay as they were drawn.", "試卷題目以抽取時為準，不能增減。")
TOO_MUCH = L("Question {n} is worth {most} points at most.", "第 {n} 題最多 {most} 分。", code="range")
NOT_OPEN = L("This quiz cannot be taken at the moment.", "此測試目前不能作答。", code="state_of_link")


def waits_for_trainer(attempt: QuizAttempt) -> bool:
    return bool(attempt.by_trainer)


def marked_at_once(attempt: QuizAttempt) -> bool:
    return not attempt.by_trainer


def is_marked(attempt: QuizAttempt) -> bool:
    """Whether each question has its marks."""
    return all(line.exact() is not None for line in attempt.drawn or ())


def begin_state(attempt: QuizAttempt) -> str:
    """What was written on a printed paper is over when it is entered."""
    if not attempt.ref("paper"):
        return "open"
    return "submitted" if attempt.by_trainer else "graded"


MARKED = Need(L("Each question has its marks", "每題均已評分"), is_marked)


@record(
    label=L("Attempt at a quiz", "測試作答"),
    plural=L("Attempts at quizzes", "測試作答"),
    chapter=TRAINING,
    clause="5.2",
    number="QA-{yyyy}-{seq:5}",
    title="{quiz} {person}",
    grid=Grid("number quiz person tried begun_at percent result state"),
    form=(
        Part(
            L("Attempt", "作答"),
            "quiz person trainer tried begun_at ends_at extra_time sent_at paper sheet entered_by",
            clause="5.2",
        ),
        Part(L("Result", "結果"), "count points most percent pass_mark result partial wrong_costs by_trainer regrades"),
        Part(L("Questions", "題目"), "drawn"),
    ),
    access=Access(
        read={Role.HR: Scope.ALL, Role.CLERK: Scope.OWN},
        write={},
        named={"person": READ, "trainer": READ},
        private=True,
    ),
    workflow=Workflow(
        "open",
        (
            Move("submit", "open", "graded", when=marked_at_once, submits=True),
            Move("hand_in", "open", "submitted", when=waits_for_trainer, submits=True, label=L("Hand in", "交卷")),
            Move(
                "time_up", "open", "graded", at="ends_at", only={"by_trainer": False}, label=L("Time is up", "到時交卷")
            ),
            Move(
                "time_over",
                "open",
                "submitted",
                at="ends_at",
                only={"by_trainer": True},
                label=L("Time is up", "到時交卷"),
            ),
            Move(
                "mark",
                "submitted",
                "graded",
                by=TRAINER,
                require=(MARKED,),
                within=workdays(5),
                label=L("Marked", "完成評閱"),
            ),
        ),
        ends="graded",
        edit="open",
        withdraw=False,
        begins=begin_state,
        facts=(
            State("open", L("Being answered", "作答中"), tone="progress"),
            State("submitted", L("Waits for the trainer", "待講師評閱"), tone="wait"),
            State("graded", L("Marked", "已評分"), tone="good"),
        ),
    ),
    unique=(Unique("quiz person", while_in="open"),),
    happened="begun_at",
    retention=Retention(archive=1095, delete=5),
)
class QuizAttempt(Record):
    """One try of somebody at a quiz."""

    quiz = Ref("Quiz", required=True, fixed=True, states={"published"}, label=L("Quiz", "測試"))
    person = Ref("User", required=True, fixed=True, label=L("Person", "作答人"))
    trainer = Ref("User", computed=True, label=L("Trainer", "講師"))
    tried = Whole(computed=True, label=L("Try", "第幾次"))
    begun_at = Moment(computed=True, label=L("Begun at", "開始時間"))
    ends_at = Moment(computed=True, label=L("Ends at, five seconds of grace included", "截止時間（含五秒寬限）"))
    extra_time = Percent(computed=True, most=300, label=L("Extra time", "加時"))
    sent_at = Moment(computed=True, label=L("Handed in at", "交卷時間"))
    points = Number(computed=True, places=PLACES, label=L("Points", "得分"))
    most = Number(computed=True, places=PLACES, label=L("Points at most", "滿分"))
    percent = Percent(computed=True, label=L("Share", "得分率"))
    pass_mark = Percent(computed=True, label=L("Pass mark", "及格線"))
    result = Choice(RESULTS, computed=True, label=L("Result", "結果"))
    partial = Flag(computed=True, default=False, label=L("Partial marks", "允許部分得分"))
    wrong_costs = Percent(computed=True, label=L("Taken away for a wrong single choice", "單選答錯倒扣"))
    by_trainer = Flag(default=False, label=L("Marked by the trainer", "由講師評閱"))
    count = Whole(computed=True, label=L("Number of questions", "題數"))
    drawn = Lines(DrawnQuestion, edit=during("submitted", TRAINER), indexed="question", label=L("Questions", "題目"))
    regrades = Lines(
        RegradeNote, computed=True, indexed="correction", label=L("Corrections of its questions", "題目更正記錄")
    )
    paper = Ref("PaperTest", computed=True, label=L("Test on paper", "紙面測試"))
    sheet = Whole(computed=True, label=L("Number of the sheet", "答題紙號"))
    entered_by = Ref("User", computed=True, label=L("Entered by", "錄入人"))
    latest = LongText(internal=True, most=PAPER_MAX, label=L("Answer on its way", "待存作答"))
    by_correction = Text(internal=True, most=40, label=L("Correction to be made", "待執行的更正"))

    def clean(self) -> None:
        if self.state == "open" and not self.begun_at:
            self._begin()
        if self.ref("paper") and not self.version and not self.sent_at:
            self._mark_paper()
        elif self.latest:
            self._take()
        if self.by_correction:
            chosen, self.by_correction = self.by_correction, None
            get_document("QuestionCorrection").correct_by(self, chosen)
        if self.state != "open" and not self.is_rehearsed:
            self._add_up()

    def _begin(self) -> None:
        """Draw a paper, and note by which rules it is marked: they stay, whatever becomes of the quiz."""
        quiz: Quiz | None = self.quiz
        if quiz is None or self.id is None:
            return
        rng = random.Random(str(self.id))  # noqa: S311 - a draw that can be made again, no secret
        self.drawn = draw_paper(quiz, rng)
        self.begun_at = clock.now()
        self.tried = tries_of(self.ref("person"), quiz.id) + 1
        self._data["trainer"] = quiz.ref("trainer")
        self.pass_mark, self.partial, self.wrong_costs = quiz.pass_mark, bool(quiz.partial), quiz.wrong_costs
        self.by_trainer = bool(self.by_trainer or quiz.by_trainer or any(line.waits() for line in self.drawn))
        self.count = len(self.drawn)
        self.most = sum((line.most for line in self.drawn), start=rounded(0, PLACES))
        self.extra_time = extra_time_of(self.ref("person"))
        if quiz.minutes:
            seconds = 60 * quiz.minutes * (1 + Fraction(self.extra_time or 0) / 100)
            self.ends_at = self.begun_at + dt.timedelta(seconds=round(seconds)) + GRACE

    def _take(self) -> None:
        """Put answers that are on their way where they belong, by number or by question of the bank, as those of a
        test on paper are entered; what comes too late is refused by `check`."""
        given, self.latest = json.loads(self.latest), None
        self.is_late = self.state != "open" or bool(self.ends_at and clock.now() > self.ends_at)
        for number, line in enumerate(self.drawn if not self.is_late else (), 1):
            name = str(number) if str(number) in given else str(line.ref("question"))
            if name in given:
                line.answer = as_held(given[name]) or None
                line.answered_at = clock.now()

    def _add_up(self) -> None:
        """Points, exactly, and what follows from them; while a mark is missing nobody passes or fails."""
        for line in self.drawn or ():
            line.marks = None if (exact := line.exact()) is None else rounded(exact, PLACES)
        if self.state != "graded":
            return
        total, most = self.exact(), self.exact_most()
        self.points, self.most = rounded(total, PLACES), rounded(most, PLACES)
        self.percent = rounded(100 * total / most, PLACES) if most else None
        self.result = "passed" if has_passed(total, most, self.pass_mark) else "failed"

    def _mark_paper(self) -> None:
        """Mark what was written on a printed paper, as of the day on which it was."""
        given, self.latest, self.sent_at = json.loads(self.latest or "{}"), None, self.begun_at
        test = row_of("paper_test", {"_id": self.ref("paper")}, {"forms": 1, "sheets.form": 1}) or {}
        form = test["sheets"][self.sheet - 1]["form"]
        self.drawn = read_form(test["forms"][form - 1]["content"])
        self.count, self.most = len(self.drawn), sum((line.most for line in self.drawn), start=rounded(0, PLACES))
        for number, line in enumerate(self.drawn, 1):
            line.answer = given.get(str(number))
            mark_line(line, number, self.rule())
        self._add_up()
        if self.result:
            get_document("QuestionCorrection").correct_marked(self)

    def exact(self) -> Fraction:
        """The points, exactly; never below nothing."""
        counted = (line for line in self.drawn or () if not line.is_dropped)
        return max(NOTHING, sum((line.exact() or NOTHING for line in counted), NOTHING))

    def exact_most(self) -> Fraction:
        """What could be reached, exactly; what was dropped counts no more."""
        return sum((Fraction(line.most or 0) for line in self.drawn or () if not line.is_dropped), NOTHING)

    def rule(self) -> MarkRule:
        return MarkRule(bool(self.partial), Fraction(self.wrong_costs or 0) / 100)

    def check(self) -> Iterator[tuple[str, Words]]:
        if self.is_late:
            yield "latest", OVER if self.state == "open" else CLOSED
        if not self.version:
            yield from self._try_faults()
        for number, line in enumerate(self.drawn or (), 1):
            if line.given is not None and line.most is not None and line.given > line.most:
                yield f"drawn.{number - 1}.given", TOO_MUCH(n=number, most=line.most)

    def needs_consent(self, before: Mapping[str, Any], actor: Actor) -> Iterator[tuple[str, Words]]:
        """Nobody adds a question to a paper, or takes one away."""
        if len(self.drawn or ()) != (self.count or 0) or not all(line.edition for line in self.drawn or ()):
            yield "drawn", NOT_THE_PAPER

    is_late = is_rehearsed = False

    def _try_faults(self) -> Iterator[tuple[str, Words]]:
        quiz: Quiz | None = self.quiz
        if quiz is None:
            return
        is_printed = self.ref("paper") is not None  # whose size and day are past
        if not is_printed and (has := len(self.drawn or ())) < quiz.paper_size:
            yield "quiz", SHORT_PAPER(count=quiz.paper_size, has=has)
        if quiz.tries and used_tries(self.ref("person"), quiz.id) >= quiz.tries:
            yield "quiz", NO_TRIES(tries=quiz.tries)
        elif not is_printed and quiz.wait_hours and (last := _last_of(self.ref("person"), quiz.id)):
            free = last + dt.timedelta(hours=quiz.wait_hours)
            if free > clock.now():
                yield "quiz", TOO_SOON(at=At(free))

    def on_submit(self, actions: MoveActions) -> None:
        self._settle(actions)

    def on_hand_in(self, actions: MoveActions) -> None:
        self._settle(actions)

    def on_time_up(self, actions: MoveActions) -> None:
        self._settle(actions)

    def on_time_over(self, actions: MoveActions) -> None:
        self._settle(actions)

    def on_create(self, actions: MoveActions) -> None:
        """The result of a printed paper is noted where it is entered."""
        if self.result:
            get_document("Enrolment").note_result(actions, self)

    def on_mark(self, actions: MoveActions) -> None:
        """With the last mark there is a result."""
        self._follow(actions)

    def _follow(self, actions: MoveActions) -> None:
        """A result is told, once what has been corrected meanwhile of its questions counts."""
        self._add_up()
        if self.result:
            if get_document("QuestionCorrection").correct_marked(self):
                self._add_up()
            get_document("Enrolment").note_result(actions, self)

    def _settle(self, actions: MoveActions) -> None:
        """Mark what can be marked, and put the answers into words. A rehearsal marks nothing: it would tell what is
        right before anything is handed in."""
        self.is_rehearsed = is_rehearsing()
        if self.is_rehearsed:
            return
        self.sent_at = min(clock.now(), self.ends_at) if self.ends_at else clock.now()
        for number, line in enumerate(self.drawn or (), 1):
            mark_line(line, number, self.rule())
        self._follow(actions)


def used_tries(person: ObjectId | None, quiz: ObjectId) -> int:
    """How many tries somebody has used of those that they have: anew with each time that they are given the course."""
    return tries_of(person, quiz, counted_since(person, quiz))


def _last_of(person: ObjectId | None, quiz: ObjectId) -> dt.datetime | None:
    query = {"quiz": quiz, "person": person, "sent_at": {"$ne": None}}
    row = in_unit(QuizAttempt.type_name()).find_one(query, {"sent_at": 1}, sort=[("sent_at", -1)])
    return row["sent_at"] if row else None


def extra_time_of(person: ObjectId | None) -> Any:
    """The extra time that somebody has by right, in percent."""
    row = in_unit("user").find_one({"_id": person}, {"extra_time": 1})
    value = (row or {}).get("extra_time")
    return value.to_decimal() if value is not None else None


def for_person(me: Actor) -> Actor:
    """The system, acting because this person did: no right of theirs writes an attempt, and the history names them."""
    return replace(SYSTEM, id=me.id, login=me.login, name=me.name, department=me.department)


def open_attempt(me: Actor, quiz: ObjectId) -> QuizAttempt | None:
    """The attempt that somebody is at, on whatever device it was begun."""
    row = QuizAttempt.collection().find_one({"quiz": quiz, "person": me.id, "state": "open", "removed_at": None})
    return QuizAttempt.from_stored(row) if row else None


def begin(me: Actor, quiz_id: Any) -> QuizAttempt:
    """Begin an attempt, or go on with the one that is open. Raises Missing, Refused (all tries used, too soon, lessons
    that come first)."""
    quiz = rights.find(me, Quiz, quiz_id)
    if known := open_attempt(me, quiz.id):
        return known
    if quiz.state != "published":
        raise Refused(NOT_OPEN)
    if first := get_document("Enrolment").before_quiz(me.id, quiz.id):
        raise Refused(first)
    values = {"quiz": quiz.id, "person": me.id, "owner": me.id, "department": me.department}
    try:
        return changes.create(QuizAttempt, values, actor=for_person(me))
    except Refused:
        if known := open_attempt(me, quiz.id):  # begun on another device at the same moment
            return known
        raise


def give(me: Actor, attempt: QuizAttempt, typed: Mapping[str, Any]) -> dict[str, Words]:
    """Keep answers by number of the question, of the person alone. What cannot be understood, or not be kept, is said
    by number and not kept; an answer that is empty is taken back. Raises Refused when the time is over."""
    values: dict[str, Any] = {}
    problems: dict[str, Words] = {}
    for number, line in enumerate(attempt.drawn or (), 1):
        if str(number) not in typed or (question := line.as_asked(number)) is None:
            continue
        settled = answering.settled([replace(question, is_required=False)], {question.key: typed[str(number)]})
        if settled.problems:
            problems |= settled.problems
        elif settled.values.get(question.key) != line.held():
            values[str(number)] = settled.values.get(question.key)
    if values:
        body = {"latest": json.dumps(values, ensure_ascii=False)}
        try:
            changes.update(QuizAttempt, attempt.id, body, actor=for_person(me), version=None)
        except Refused as refused:
            if refused.first in TOO_LATE:
                raise
            problems |= dict.fromkeys(values, refused.first)
    return problems
