"""The answers of somebody: which questions they are shown, what is wrong with what they gave, and what it is worth.

Questions are gone through from the top. A question whose condition does not hold is as good as not answered for every
later condition; its answer is dropped, and nobody is reminded of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from ...base.arithmetic.ratio import Ratio
from ...base.words import L, Words
from ..kinds.rule import CONTROL_CHARACTERS
from ..typed import BadValue
from .conditions import holds
from .kinds import CONTROL, LONG, NOT_READ, SECTION, TEXT_MAX, QuestionKind, kind_of
from .question import OTHER, OTHER_TEXT, Question

PLEASE_ANSWER = L("Please answer this question.", "請回答本題。", code="required")
SAY_OTHER = L("Please say what “other” is.", "請說明「其他」的內容。", code="required")
UNKNOWN = L(
    "There are answers to questions that are not in this list; please open the form again.",
    "有些回答所屬的題目不在此問卷中，請重新打開表單。",
    code="no_such_question",
)


@dataclass(frozen=True)
class Settled:
    """What is kept of the answers of somebody, and what is wrong with them, by key of the question."""

    values: dict[str, Any] = field(default_factory=dict)
    problems: dict[str, Words] = field(default_factory=dict)


def shown(questions: Sequence[Question], answers: Mapping[str, Any]) -> Iterator[Question]:
    """The questions that somebody with these answers is shown, headings and notes included."""
    known: dict[str, Any] = {}
    is_open = True
    for question in questions:
        if question.kind == SECTION:
            is_open = holds(question.show_if, known)
            if is_open:
                yield question
        elif is_open and holds(question.show_if, known):
            yield question
            if answers.get(question.key):
                known[question.key] = answers[question.key]


def counted(questions: Sequence[Question], answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers to the questions that are shown."""
    return {q.key: answers[q.key] for q in shown(questions, answers) if answers.get(q.key) and kind_of(q).takes_answers}


def sound(questions: Sequence[Question], stored: Mapping[str, Any]) -> dict[str, Any]:
    """Stored answers without those that the kinds of their questions cannot hold, which another program wrote."""
    texts = {key: value for key, value in stored.items() if key.endswith(OTHER_TEXT) and isinstance(value, str)}
    for question in questions:
        kind, value = kind_of(question), stored.get(question.key)
        if value and kind.takes_answers and next(kind.faults(question, value), None) is None:
            texts[question.key] = value
    return texts


def readable(questions: Sequence[Question], given: Mapping[str, Any]) -> dict[str, Any]:
    """Of what was typed so far, what can be understood: by it conditions are evaluated before anything is sent."""
    values: dict[str, Any] = {}
    for question in questions:
        if kind_of(question).takes_answers:
            _read(question, given.get(question.key), values, {})
    return values


def settled(questions: Sequence[Question], given: Mapping[str, Any]) -> Settled:
    """The answers as they are kept: of shown questions alone, in the form of their kinds."""
    result = Settled()
    known = {question.key for question in questions if kind_of(question).takes_answers}
    if any(key.removesuffix(OTHER_TEXT) not in known for key in given):
        result.problems[""] = UNKNOWN()
    values: dict[str, Any] = {}
    for question in questions:
        if question.key in known:
            _read(question, given.get(question.key), values, result.problems)
    visible = {question.key: question for question in shown(questions, values)}
    for key in [key for key in result.problems if key and key not in visible]:
        del result.problems[key]
    for key, question in visible.items():
        if key in known:
            _settle(question, values.get(key), given.get(key + OTHER_TEXT), result)
    return result


def _read(question: Question, value: Any, readable: dict[str, Any], problems: dict[str, Words]) -> None:
    """Keep an answer that can be understood; otherwise say what is wrong with it."""
    if not value:
        return
    kind = kind_of(question)
    try:
        read = value if isinstance(value, dict) else kind.read(question, _texts(value, kind))
    except BadValue as bad:
        problems[question.key] = bad.sentence
        return
    if fault := next(kind.faults(question, read), None) if read else None:
        problems[question.key] = fault
    elif read:
        readable[question.key] = read


def _texts(value: Any, kind: QuestionKind) -> list[str]:
    texts = value if isinstance(value, list) else [value]
    if any(not isinstance(text, str) for text in texts) or (len(texts) > 1 and not kind.is_many):
        raise BadValue(NOT_READ())
    return texts


def _settle(question: Question, value: Any, other: Any, result: Settled) -> None:
    if value is None:
        if question.is_required and question.key not in result.problems:
            result.problems[question.key] = PLEASE_ANSWER()
        return
    result.values[question.key] = value
    if question.has_other and OTHER in value and (isinstance(value, list) or value == OTHER):
        _settle_other(question, other.strip() if isinstance(other, str) else "", result)


def _settle_other(question: Question, text: str, result: Settled) -> None:
    if not text:
        result.problems[question.key] = SAY_OTHER()
    elif CONTROL_CHARACTERS.search(text):
        result.problems[question.key] = CONTROL()
    elif len(text) > TEXT_MAX:
        result.problems[question.key] = LONG(most=TEXT_MAX, count=len(text))
    else:
        result.values[question.key + OTHER_TEXT] = text


def in_words(question: Question, answers: Mapping[str, Any]) -> str:
    """An answer as people read it, with the text of the free option; empty: there is none."""
    value = answers.get(question.key)
    if not value:
        return ""
    words = kind_of(question).in_words(question, value)
    other = answers.get(question.key + OTHER_TEXT)
    return f"{words} ({other})" if other else words


def score(questions: Sequence[Question], answers: Mapping[str, Any]) -> Ratio:
    """The points of somebody out of the points of all questions that they are shown; of nothing: no data."""
    total, maximum = Fraction(), Fraction()
    for question in shown(questions, answers):
        kind = kind_of(question)
        if not question.is_scored:
            continue
        maximum += kind.maximum(question)
        if value := answers.get(question.key):
            total += kind.points(question, value)
    return Ratio(total, maximum)
