"""The closed set of kinds of questions: how an answer to each is read, what is wrong with it, and what it is worth.

An answer is a text, a list of texts, or texts by row; numbers are kept as they are written, exactly.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ...base import clock
from ...base.words import L, Words, enumerate_words
from .. import typed
from ..kinds.rule import CONTROL_CHARACTERS
from .conditions import ANSWERED, NUMBER, TEXT, UNANSWERED
from .question import Option, Question, Worth

TEXT_MAX, LONG_MAX = 500, 10_000
DIGITS_MAX, PLACES_MAX = 15, 6
NOT_READ = L("This is not an answer to the question.", "這不是對本題的回答。", code="form")
LONG = L("{most} characters at most, please; these are {count}.", "最多 {most} 字，現有 {count} 字。", code="too_long")
CONTROL = L("The answer contains a character that cannot be kept.", "回答含有無法保存的字符。", code="form")
A_NUMBER = L("Please answer with a number.", "請填寫數字。", code="form")
A_DATE = L("Please answer with a date, such as 2026-11-23.", "請填寫日期，如 2026-11-23。", code="form")
AT_LEAST = L("Please answer with {least} or more.", "請填寫不小於 {least} 的數。", code="range")
AT_MOST = L("Please answer with {most} or less.", "請填寫不大於 {most} 的數。", code="range")
NO_OPTION = L("What was chosen is none of the options.", "所選內容不在選項之中。", code="not_a_choice")
TWICE = L("Each option can be chosen once only.", "每個選項只能選一次。", code="twice")
FEW = L("Please choose {least} or more; {count} are chosen.", "請至少選 {least} 項，現選 {count} 項。", code="range")
MANY = L("Please choose {most} at most; {count} are chosen.", "請最多選 {most} 項，現選 {count} 項。", code="range")
ALL_RANKED = L("Please give every option its own place.", "請為每個選項排定各自的名次。", code="range")
NO_ROW = L("An answer stands in a row that the question does not have.", "有回答所在的行不屬於本題。", code="form")
ALL_ROWS = L("Please answer in every row.", "請逐行作答。", code="required")
SCALE = L("Please choose a number from {least} to {most}.", "請選擇 {least} 至 {most} 之間的數。", code="range")
_COMMAS = re.compile(r"[,，、;；>\n]")
_WHOLE = re.compile(r"[0-9]{1,2}")


class QuestionKind:
    """What a kind of question does with an answer; by itself, it is a text of a line."""

    label: L = L("Text", "單行文字")
    takes_answers = True
    needs_options = has_other = has_rows = has_range = has_points = False
    signs = frozenset({ANSWERED, UNANSWERED})
    compared = TEXT
    is_many = False  # several inputs of a name make an answer
    divides = False  # its answers may make groups by which results are shown
    most = TEXT_MAX

    def read(self, question: Question, given: Sequence[str]) -> Any:
        """The answer that was typed or chosen, None where nothing was. Raises BadValue."""
        text = given[-1].strip() if given else ""
        return self.meant(question, text) if text else None

    def meant(self, question: Question, text: str) -> Any:
        """The answer that a text means, which is not empty. Raises BadValue."""
        return text.replace("\r\n", "\n")

    def faults(self, question: Question, value: Any) -> Iterator[Words]:
        """What is wrong with an answer that is there."""
        if not isinstance(value, str):
            yield NOT_READ()
        elif CONTROL_CHARACTERS.search(value):
            yield CONTROL()
        elif len(value) > self.most:
            yield LONG(most=self.most, count=len(value))

    def in_words(self, question: Question, value: Any) -> str:
        """An answer as people read it."""
        return str(value)

    def knows(self, question: Question, value: str) -> bool:
        """Whether a condition may compare an answer with this value."""
        return False

    def points(self, question: Question, value: Any) -> Worth:
        """What an answer is worth."""
        return 0

    def maximum(self, question: Question) -> Worth:
        """What the best answer is worth."""
        return 0


class LongTextQuestion(QuestionKind):
    label = L("Long text", "多行文字")
    most = LONG_MAX


class NumberQuestion(QuestionKind):
    label = L("Number", "數字")
    has_range = True
    signs = QuestionKind.signs | {"=", "!=", "<", "<=", ">", ">="}
    compared = NUMBER

    def meant(self, question: Question, text: str) -> Any:
        try:
            return plain_number(typed.number_of(text))
        except (ValueError, ArithmeticError) as fault:
            raise typed.BadValue(A_NUMBER()) from fault

    def faults(self, question: Question, value: Any) -> Iterator[Words]:
        if not is_number(value):
            yield A_NUMBER()
        elif question.least is not None and Decimal(value) < question.least:
            yield AT_LEAST(least=plain_number(question.least))
        elif question.most is not None and Decimal(value) > question.most:
            yield AT_MOST(most=plain_number(question.most))

    def knows(self, question: Question, value: str) -> bool:
        return is_number(value)


class DateQuestion(QuestionKind):
    label = L("Date", "日期")
    signs = NumberQuestion.signs

    def meant(self, question: Question, text: str) -> Any:
        try:
            return typed.day_of(text, clock.today()).isoformat()
        except ValueError as fault:
            raise typed.BadValue(A_DATE()) from fault

    def faults(self, question: Question, value: Any) -> Iterator[Words]:
        if not _is_day(value):
            yield A_DATE()

    def knows(self, question: Question, value: str) -> bool:
        return _is_day(value)


class SingleQuestion(QuestionKind):
    label = L("Single choice", "單選")
    divides = True
    needs_options = has_other = has_points = True
    signs = QuestionKind.signs | {"=", "!="}

    def meant(self, question: Question, text: str) -> Any:
        return _key_of(question.by_key, text)

    def faults(self, question: Question, value: Any) -> Iterator[Words]:
        if not isinstance(value, str) or value not in question.by_key:
            yield NO_OPTION()

    def in_words(self, question: Question, value: Any) -> str:
        return _label(question.by_key, value)

    def knows(self, question: Question, value: str) -> bool:
        return value in question.by_key

    def points(self, question: Question, value: Any) -> Worth:
        return question.by_key[value].worth

    def maximum(self, question: Question) -> Worth:
        return max([0, *(option.worth for option in question.options)])


class MultipleQuestion(SingleQuestion):
    """Several options. What is worth less than nothing counts against the rest, down to nothing."""

    label = L("Multiple choice", "多選")
    divides = False
    has_range = is_many = True
    signs = QuestionKind.signs | {"has", "lacks"}

    def read(self, question: Question, given: Sequence[str]) -> Any:
        return _keys_of(question, given)

    def faults(self, question: Question, value: Any) -> Iterator[Words]:
        if not _is_list(value) or any(key not in question.by_key for key in value):
            yield NO_OPTION()
        elif len(set(value)) < len(value):
            yield TWICE()
        elif question.least is not None and len(value) < question.least:
            yield FEW(least=question.least, count=len(value))
        elif question.most is not None and len(value) > question.most:
            yield MANY(most=question.most, count=len(value))

    def in_words(self, question: Question, value: Any) -> str:
        return enumerate_words([_label(question.by_key, key) for key in value])

    def points(self, question: Question, value: Any) -> Worth:
        return max(0, sum(question.by_key[key].worth for key in value))

    def maximum(self, question: Question) -> Worth:
        best = sorted((option.worth for option in question.options if option.worth > 0), reverse=True)
        return sum(best[: int(question.most) if question.most is not None else None], 0)


class ScaleQuestion(QuestionKind):
    """A whole number of a scale; `points` of the question are for its end, and its start is worth nothing."""

    least, top = 1, 5
    has_points = divides = True
    signs = NumberQuestion.signs
    compared = NUMBER

    def meant(self, question: Question, text: str) -> Any:
        folded = typed.folded(text)
        return str(int(folded)) if _WHOLE.fullmatch(folded) else folded

    def faults(self, question: Question, value: Any) -> Iterator[Words]:
        if not isinstance(value, str) or value not in self.steps:
            yield SCALE(least=self.least, most=self.top)

    @property
    def steps(self) -> list[str]:
        return [str(step) for step in range(self.least, self.top + 1)]

    def knows(self, question: Question, value: str) -> bool:
        return value in self.steps

    def points(self, question: Question, value: Any) -> Worth:
        return Fraction(question.points or 0) * (int(value) - self.least) / (self.top - self.least)

    def maximum(self, question: Question) -> Worth:
        return Fraction(question.points or 0)


class RatingQuestion(ScaleQuestion):
    label = L("Rating 1-5", "評分 1-5")


class PromoterQuestion(ScaleQuestion):
    label = L("Net promoter 0-10", "淨推薦值 0-10")
    least, top = 0, 10


class RankingQuestion(QuestionKind):
    """All options in an order, or the first `most` of them."""

    label = L("Ranking", "排序")
    needs_options = has_range = is_many = True

    def read(self, question: Question, given: Sequence[str]) -> Any:
        return _keys_of(question, given)

    def faults(self, question: Question, value: Any) -> Iterator[Words]:
        if not _is_list(value) or any(key not in question.by_key for key in value):
            yield NO_OPTION()
        elif len(set(value)) < len(value):
            yield TWICE()
        elif question.most is not None and len(value) > question.most:
            yield MANY(most=question.most, count=len(value))
        elif len(value) < (len(question.options) if question.least is None else question.least):
            yield ALL_RANKED()

    def in_words(self, question: Question, value: Any) -> str:
        return " > ".join(_label(question.by_key, key) for key in value)


class MatrixQuestion(QuestionKind):
    """An option for each row."""

    label = L("Matrix", "矩陣")
    needs_options = has_rows = has_points = True

    def meant(self, question: Question, text: str) -> Any:
        """The options of rows in a cell of a sheet: `desk=good, shop=bad`."""
        rows = {row.key: row for row in question.rows}
        pairs = [part.partition("=") for part in _COMMAS.split(text) if part.strip()]
        if not all(sign for _, sign, _ in pairs):
            raise typed.BadValue(NOT_READ())
        return {_key_of(rows, row.strip()): _key_of(question.by_key, key.strip()) for row, _, key in pairs}

    def faults(self, question: Question, value: Any) -> Iterator[Words]:
        if not isinstance(value, dict):
            yield NOT_READ()
        elif not value.keys() <= question.row_keys:
            yield NO_ROW()
        elif any(not isinstance(key, str) or key not in question.by_key for key in value.values()):
            yield NO_OPTION()
        elif question.is_required and len(value) < len(question.rows):
            yield ALL_ROWS()

    def in_words(self, question: Question, value: Any) -> str:
        rows = {row.key: row for row in question.rows}
        return "; ".join(f"{_label(rows, row)}: {_label(question.by_key, key)}" for row, key in value.items())

    def points(self, question: Question, value: Any) -> Worth:
        return sum((question.by_key[key].worth for key in value.values()), 0)

    def maximum(self, question: Question) -> Worth:
        return max([0, *(option.worth for option in question.options)]) * len(question.rows)


class NoteQuestion(QuestionKind):
    """A text between questions."""

    label = L("Note", "說明")
    takes_answers = False


class SectionQuestion(NoteQuestion):
    """The heading of a section; its condition holds for every question up to the next heading."""

    label = L("Section heading", "分節標題")


SECTION = "section"
KINDS: dict[str, QuestionKind] = {
    "text": QuestionKind(),
    "long": LongTextQuestion(),
    "number": NumberQuestion(),
    "date": DateQuestion(),
    "single": SingleQuestion(),
    "multiple": MultipleQuestion(),
    "rating": RatingQuestion(),
    "promoter": PromoterQuestion(),
    "ranking": RankingQuestion(),
    "matrix": MatrixQuestion(),
    SECTION: SectionQuestion(),
    "note": NoteQuestion(),
}


def kind_of(question: Question) -> QuestionKind:
    return KINDS[question.kind]


def plain_number(number: Decimal) -> str:
    """A number as an answer keeps it: digits, without trailing zeros. Raises ValueError where it is too long."""
    text = f"{number.normalize():f}" if number else "0"
    if not is_number(text):
        raise ValueError("too many digits")
    return text


def is_number(value: Any) -> bool:
    return isinstance(value, str) and _NUMBER.fullmatch(value) is not None


_NUMBER = re.compile(rf"-?[0-9]{{1,{DIGITS_MAX}}}(\.[0-9]{{1,{PLACES_MAX}}})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _is_day(value: Any) -> bool:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        return False
    try:
        return bool(dt.date.fromisoformat(value))
    except ValueError:
        return False


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(key, str) for key in value)


def _keys_of(question: Question, given: Sequence[str]) -> list[str] | None:
    """Chosen options; a cell of a sheet has all of them in one text."""
    parts = _COMMAS.split(given[0]) if len(given) == 1 and given[0] not in question.by_key else given
    return [_key_of(question.by_key, part.strip()) for part in parts if part.strip()] or None


def _key_of(options: Mapping[str, Option], text: str) -> str:
    """The option of a key, or of a label in any language; what is neither stays as it is, and is no option."""
    if text in options:
        return text
    folded = typed.label_folded(text)
    labels = {key: (option.text, *option.others.values()) for key, option in options.items()}
    meant = [key for key, texts in labels.items() if folded in map(typed.label_folded, texts)]
    return meant[0] if len(meant) == 1 else text


def _label(options: Any, key: str) -> str:
    option: Option | None = options.get(key)
    return option.label if option else key
