"""A question on the paper of somebody (5.2): as it was put, in which edition and order, what was answered, and what
that is worth; and how a paper is drawn."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from bson import ObjectId

from ..kernel.base.arithmetic.rounding import rounded
from ..kernel.base.words import HANT, speaking
from ..kernel.gate import editions
from ..kernel.language import (
    Choice,
    L,
    Line,
    LongText,
    Moment,
    Number,
    Percent,
    Ref,
    Role,
    Text,
    Whole,
    but_not,
    during,
    role,
    user_in,
)
from ..kernel.language.questions import given as answering
from ..kernel.language.questions.kinds import LONG_MAX
from ..kernel.language.questions.question import Question
from .bank import BankQuestion, read_row
from .marking import OPTION_MAX, OPTIONS_MOST, BankItem, MarkRule, exact_marks, in_words, read_line, share_of
from .pictures import pictures_of
from .quizzes import Quiz
from .regrading import DROP, POLICIES

PLACES = 2
ANSWER_MAX = 2 * LONG_MAX + 2  # the longest answer, each sign escaped, in quotes
SAID_MAX = max(LONG_MAX, OPTIONS_MOST * (2 * OPTION_MAX + 4))  # the longest pairs in words
RESULTS = {"passed": L("Passed", "及格"), "failed": L("Not passed", "不及格")}
TRAINER = but_not("person", user_in("trainer", L("Trainer", "講師"), own=True) | role(Role.HR, own=True))


class DrawnQuestion(Line):
    """One question of a paper: as it was put, what was answered, and what that is worth, exactly."""

    question = Ref("BankQuestion", computed=True, label=L("Question of the bank", "題庫題目"))
    text = LongText(computed=True, label=L("Question", "題目"))
    edition = Text(computed=True, most=40, see={Role.HR}, label=L("Edition", "題目版本"))
    shown = Text(computed=True, most=2000, see={Role.HR}, label=L("Order shown", "選項順序"))
    answer = LongText(computed=True, most=ANSWER_MAX, see={Role.HR}, label=L("Answer by keys", "作答（代碼）"))
    said = LongText(computed=True, most=SAID_MAX, label=L("Answer", "作答"))
    answered_at = Moment(computed=True, label=L("Answered at", "作答時間"))
    most = Number(computed=True, places=PLACES, label=L("Worth at most", "滿分"))
    given = Number(
        least=0, places=PLACES, edit=during("submitted", TRAINER), label=L("Marks by the trainer", "講師評分")
    )
    remark = LongText(edit=during("submitted", TRAINER), label=L("Remark", "評語"))
    worth = Text(computed=True, most=60, see={Role.HR}, label=L("Marks, exact", "得分（精確）"))
    marks = Number(computed=True, places=PLACES, least=-100, label=L("Marks", "得分"))
    corrected = Choice(POLICIES, computed=True, label=L("Corrected", "題目更正"))

    @property
    def is_dropped(self) -> bool:
        """Whether it counts no more, neither for nor against anybody."""
        return bool(self.corrected == DROP)

    def order(self) -> tuple[list[str], list[str]]:
        """The keys of options and rows as they were shown."""
        options, _, rows = (self.shown or "").partition("/")
        return options.split(), rows.split()

    def item(self) -> BankItem | None:
        """The question in the edition in which it was put."""
        lines = editions.lines_in(self.edition or "")
        return read_line(lines[0]) if lines else None

    def as_asked(self, number: int) -> Question | None:
        """The question as the person sees it."""
        item = self.item()
        return item.as_question(str(number), *self.order()) if item else None

    def pictures(self, attempt: ObjectId) -> dict[str, list[dict[str, str]]]:
        """Its pictures as an attempt shows them: those of the question under "", those of options and rows under their
        keys."""
        item, edition = self.item(), self.edition or ""
        if item is None:
            return {}
        texts = {"": item.text, **item.options, **item.rows}
        return {key: shown for key, text in texts.items() if (shown := pictures_of(attempt, edition, text))}

    def waits(self) -> bool:
        """Whether a person marks it."""
        item = self.item()
        return item is not None and item.waits

    def exact(self) -> Fraction | None:
        """Its marks, exactly; None: none yet."""
        return exact_marks(self.given, self.worth)

    def held(self) -> Any:
        """What was answered, as the engine keeps it."""
        return json.loads(self.answer) if self.answer else None


class RegradeNote(Line):
    """What the correction of a question has made of the result, which stays readable as it was before."""

    correction = Ref("QuestionCorrection", computed=True, see={Role.HR}, label=L("Correction", "題目更正單"))
    at = Moment(computed=True, label=L("Corrected at", "更正時間"))
    place = Whole(computed=True, label=L("Number of the question", "題號"))
    policy = Choice(POLICIES, computed=True, label=L("How it counts now", "更正方式"))
    marks_before = Number(computed=True, places=PLACES, least=-100, label=L("Marks before", "原得分"))
    marks_after = Number(computed=True, places=PLACES, least=-100, label=L("Marks after", "新得分"))
    percent_before = Percent(computed=True, label=L("Share before", "原得分率"))
    percent_after = Percent(computed=True, label=L("Share after", "新得分率"))
    result_before = Choice(RESULTS, computed=True, label=L("Result before", "原結果"))
    result_after = Choice(RESULTS, computed=True, label=L("Result after", "新結果"))
    why = LongText(computed=True, most=1000, label=L("Why a result may be worse", "允許降低結果的理由"))


def as_held(value: Any) -> str:
    """An answer as an attempt keeps it, in its own signs; empty: there is none."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False) if value else ""


def draw_paper(quiz: Quiz, rng: random.Random) -> list[DrawnQuestion]:
    """A paper of a quiz: its questions in their present editions, which are kept, and their options in an order."""
    picks = quiz.draw(rng)
    rows = {row["_id"]: read_row(row) for row in _rows_of([pick.question for pick in picks])}
    picks = [pick for pick in picks if pick.question in rows]
    kept = editions.keep_each([rows[pick.question][1] for pick in picks])
    return [
        DrawnQuestion(
            question=pick.question,
            text=in_words(rows[pick.question][0].text),
            edition=edition,
            shown=shuffled(rows[pick.question][0], rng),
            most=rounded(pick.points, PLACES),
        )
        for pick, edition in zip(picks, kept, strict=True)
    ]


def written_form(lines: Sequence[DrawnQuestion]) -> str:
    """What stands on a printed form, as it is kept."""
    names = ("edition", "shown", "text")
    rows = [{"question": str(line.ref("question")), "most": str(line.most)} for line in lines]
    return json.dumps(
        [row | {name: getattr(line, name) for name in names} for row, line in zip(rows, lines, strict=True)],
        ensure_ascii=False,
    )


def read_form(content: str) -> list[DrawnQuestion]:
    """The questions of a printed form as they were drawn, without answers."""
    return [
        DrawnQuestion(
            question=ObjectId(row["question"]),
            text=row["text"],
            edition=row["edition"],
            shown=row["shown"],
            most=Decimal(row["most"]),
        )
        for row in json.loads(content)
    ]


def mark_line(line: DrawnQuestion, number: int, rule: MarkRule) -> None:
    """What an answer is worth by the edition in which the question was put, and what it says."""
    if (item := line.item()) is None or (question := line.as_asked(number)) is None:
        return
    value = line.held()
    share = share_of(item, value, rule)
    line.worth = None if share is None else str(share * Fraction(line.most or 0))
    with speaking(HANT):
        line.said = answering.in_words(question, {question.key: value}) or None


def has_passed(points: Fraction, most: Fraction, pass_mark: Any) -> bool:
    """Whether exact points reach the exact threshold, in percent of what could be reached."""
    return points * 100 >= most * Fraction(pass_mark or 0)


def shuffled(item: BankItem, rng: random.Random) -> str:
    parts = []
    for keys in (list(item.options), list(item.rows)):
        rng.shuffle(keys)
        parts.append(" ".join(keys))
    return "/".join(parts)


def _rows_of(ids: Sequence[ObjectId]) -> Iterator[Mapping[str, Any]]:
    return iter(BankQuestion.collection().find({"_id": {"$in": list(ids)}, "removed_at": None}))
