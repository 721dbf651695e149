"""Answers to questions: an input for each in forms, a table on pages and paper, a line for each in the history."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import wtforms
from bson import ObjectId

from models.kernel.base.words import L
from models.kernel.gate.editions import questions_in
from models.kernel.language.fields import Answers, label_of
from models.kernel.language.kinds.answers import GIVEN, edition_in, given_in, written
from models.kernel.language.questions import given as answers
from models.kernel.language.questions.kinds import ScaleQuestion
from models.kernel.language.questions.kinds import kind_of as asked_as
from models.kernel.language.questions.question import OTHER_TEXT, Question
from models.kernel.language.typed import BadValue, parse
from models.kernel.rights.rights import Viewer

from ..wording import Labels
from .base import Change, Kind, start_of
from .inputs import Value
from .registry import for_kind

COUNT = L("{count} answers", "{count} 個回答")
ANSWER_TO = L("{field}: {question}", "{field}：{question}")
HEADS = (L("Question", "題目"), L("Answer", "回答"))
NAME_MAX = 120
INPUTS = {"single": "single", "multiple": "multiple", "rating": "scale", "promoter": "scale"}


class AnswersInput(Value):
    """The answers to some questions, which the page gives it before it is drawn (`questions`)."""

    questions: Sequence[Question] = ()

    def process(self, formdata: Any, data: Any = wtforms.utils.unset_value, extra_filters: Any = None) -> None:
        super().process(None, data, extra_filters)
        if not formdata or self.name not in formdata:
            return
        self.was_posted, text = True, formdata.get(self.name).strip()
        try:
            self.data = parse(self.field, text) if text else {GIVEN: dict(posted(self.name, formdata))}
        except BadValue as bad:
            self.process_errors.append(bad.sentence)  # type: ignore[attr-defined]
        self.raw = [written(self.data)]

    def entered(self, kept: Any) -> Any:
        """The answers; as they are kept, where all stand as the form showed them."""
        return kept if given_in(kept) and _asposted(given_in(kept)) == given_in(self.data) else self.data


def posted(name: str, formdata: Any) -> Iterator[tuple[str, Any]]:
    """What was typed or chosen, by key of the question: texts, or a text for each row."""
    rows: dict[str, dict[str, str]] = {}
    for key in formdata:
        question, dash, row = key.removeprefix(f"{name}-").partition("-")
        texts = [text for text in formdata.getlist(key) if text.strip()] if key.startswith(f"{name}-") else []
        if texts and dash:
            rows.setdefault(question, {})[row] = texts[-1]
        elif texts:
            yield question, texts
    yield from rows.items()


def _asposted(given: Mapping[str, Any]) -> dict[str, Any]:
    return {key: [value] if isinstance(value, str) else value for key, value in given.items()}


@for_kind(Answers)
class AnswersKind(Kind):
    """Answers by question, in the words of the edition that they were given to."""

    control = "answers"
    is_wide = True
    takes = L(
        "One answer to a line: the code of the question, a colon, and the answer", "每行一個回答：題目代碼、冒號、回答"
    )

    def say(self, value: Any, labels: Labels) -> str:
        return str(COUNT(count=sum(not key.endswith(OTHER_TEXT) for key in given_in(value))))

    def full(self, value: Any, labels: Labels, viewer: Viewer) -> str:
        rows = self.rows(value)
        return "\n".join(f"{label}: {words}" for label, words in rows) if rows else self.plain(value, labels)

    def rows(self, value: Any) -> list[tuple[str, str]]:
        """Each question that was shown with its answer, in order; headings stand without."""
        questions = questions_in(edition_in(value))
        given = answers.sound(questions, given_in(value))
        shown = answers.shown(questions, given)
        return [(question.label, answers.in_words(question, given)) for question in shown]

    def table(self, value: Any) -> dict[str, Any] | None:
        rows = [[{"text": text, "number": False} for text in row] for row in self.rows(value)]
        heads = [{"label": head, "number": False} for head in HEADS]
        return {"label": label_of(self.field), "heads": heads, "rows": rows} if rows else None

    def changes(self, old: Any, new: Any, labels: Labels, viewer: Viewer) -> list[Change]:
        """A line for each answer that was changed."""
        sides = [self._by_question(value) for value in (old, new)]
        names = dict.fromkeys(chain(sides[1], sides[0]))
        texts = [(name, *(side.get(name, ("", "")) for side in sides)) for name in names]
        return [
            (
                str(ANSWER_TO(field=label_of(self.field), question=(after[0] or before[0])[:NAME_MAX])),
                *_ends(before, after),
            )
            for _, before, after in texts
            if before[1] != after[1]
        ]

    def _by_question(self, value: Any) -> dict[str, tuple[str, str]]:
        questions = questions_in(edition_in(value))
        given = answers.sound(questions, given_in(value))
        return {q.key: (q.label, answers.in_words(q, given)) for q in questions if given.get(q.key)}

    def in_input(self, value: Any) -> str:
        return written(value)

    def input(self) -> Any:
        return AnswersInput(kind=self)

    def copied(self, value: Any) -> Any:
        return None

    def drawn(self, entry: Any, held: frozenset[ObjectId], titles: dict[ObjectId, str]) -> dict[str, Any]:
        """The questions with what was answered, each with the condition under which it is shown."""
        given = _by_key(entry.questions, given_in(entry.data))
        return {"value": "", "questions": [drawn_question(entry.name, question, given) for question in entry.questions]}


def _ends(before: tuple[str, str], after: tuple[str, str]) -> tuple[str, str]:
    return start_of(before[1]), start_of(after[1])


def _by_key(questions: Sequence[Question], given: Mapping[str, Any]) -> dict[str, Any]:
    """Answers by the keys of questions: in a text that was pasted they go by code."""
    codes = {question.code: question.key for question in questions if question.code}
    return {codes.get(key, key): value for key, value in given.items()}


def drawn_question(name: str, question: Question, given: Mapping[str, Any]) -> dict[str, Any]:
    """One question as the template of a form draws it."""
    kind, held = asked_as(question), given.get(question.key)
    options = question.by_key.values()
    steps = [(step, step) for step in kind.steps] if isinstance(kind, ScaleQuestion) else []
    values = (
        list(held.values())
        if isinstance(held, Mapping)
        else [held]
        if isinstance(held, str)
        else held
        if isinstance(held, list)
        else []
    )
    places = int(question.most) if question.most is not None else len(question.options)
    return {
        "key": question.key,
        "name": f"{name}-{question.key}",
        "kind": INPUTS.get(question.kind, question.kind),
        "label": question.label,
        "required": question.is_required,
        "options": steps or [(option.key, option.label) for option in options],
        "rows": [(row.key, row.label) for row in question.rows],
        "places": places,
        "values": values,
        "by_row": dict(held) if isinstance(held, Mapping) else {},
        "other": _text_of(given.get(question.key + OTHER_TEXT)) if question.has_other else None,
        "show_if": json.dumps(question.show_if) if question.show_if else "",
        "condition": question.show_if_text,
        "takes_answers": kind.takes_answers,
    }


def _text_of(value: Any) -> str:
    return value[-1] if isinstance(value, list) and value else value if isinstance(value, str) else ""
