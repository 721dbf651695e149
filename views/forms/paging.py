"""Questions page by page: each section with its questions is a page, and what is shown follows from what was answered.

Every page works without a script: what is shown on it is decided by the server for what was answered on others, and by
the same conditions in the browser for what is answered on it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from models.kernel.language.questions import given as answers
from models.kernel.language.questions.conditions import holds
from models.kernel.language.questions.kinds import SECTION, kind_of
from models.kernel.language.questions.question import OTHER_TEXT, Question

from ..kinds.answers import drawn_question, posted

PREFIX = "a"
PART, SEEN, LAST, GO = "part", "seen", "last", "go"
ALWAYS: Any = ["all", []]
NEVER: Any = ["any", []]
Part = Sequence[Question]


class Paging:
    """A list of questions in the hands of somebody: its parts, and which of them are shown."""

    def __init__(self, questions: Sequence[Question], given: Mapping[str, Any]):
        self.questions, self.given = questions, given
        self.parts = list(parts_of(questions))
        self.readable = answers.readable(questions, given)
        self.visible = {question.key for question in answers.shown(questions, self.readable)}

    def number_of(self, text: str) -> int:
        """The part that a form or an address names."""
        return min(int(text), len(self.parts) - 1) if text.isdecimal() and len(text) < 4 else 0

    def taken_in(self, at: int, form: Any) -> dict[str, Any]:
        """The answers with those that were typed on a part."""
        known = {name for question in self.parts[at] for name in (question.key, question.key + OTHER_TEXT)}
        typed = {key: value for key, value in posted(PREFIX, form) if key in known}
        return {key: value for key, value in self.given.items() if key not in known} | typed

    def of_part(self, problems: Mapping[str, Any], at: int) -> list[str]:
        """The questions of a part with which something is wrong."""
        return [question.key for question in self.parts[at] if question.key in problems]

    def unseen(self, at: int, form: Any) -> list[str]:
        """What is to be answered on a page by what was answered there, and was not shown when it was sent."""
        seen = set(form.get(SEEN, "").split())
        return [
            q.key for q in self.parts[at] if q.key in self.visible and q.key not in seen and kind_of(q).takes_answers
        ]

    def shows(self, at: int) -> bool:
        return any(question.key in self.visible for question in self.parts[at])

    def after(self, at: int) -> int | None:
        """The next part that is shown; None: there is none."""
        return next((n for n in range(at + 1, len(self.parts)) if self.shows(n)), None)

    def before(self, at: int) -> int:
        """The part before that is shown, or the first."""
        return next((n for n in range(at - 1, -1, -1) if self.shows(n)), 0)

    def nearest(self, at: int) -> int:
        """A part; where it is not shown, the next one that is."""
        at = min(at, len(self.parts) - 1)
        return at if self.shows(at) else self.after(at) or self.before(at)

    def drawn(self, at: int, problems: Mapping[str, Any], focus: str = "") -> dict[str, Any]:
        """What the template of a part is given."""
        part = self.parts[at]
        on_page = {question.key for question in part}
        before = {key: value for key, value in self.readable.items() if key in self.visible - on_page}
        return {
            "questions": [self._question(question, before, on_page, problems) for question in part],
            "at": at,
            "of": len(self.parts),
            "has_before": any(self.shows(n) for n in range(at)),
            "is_last": self.after(at) is None,
            "seen": " ".join(question.key for question in part if question.key in self.visible),
            "focus": focus,
            "faults": [(f"{PREFIX}-{q.key}", str(problems[q.key])) for q in part if q.key in problems],
        }

    def _question(
        self, question: Question, before: Mapping[str, Any], on_page: set[str], problems: Mapping[str, Any]
    ) -> dict[str, Any]:
        tree = partly(question.show_if, before, on_page)
        return {
            **drawn_question(PREFIX, question, self.given),
            "show_if": "" if tree is None else json.dumps(tree),
            "is_shown": question.key in self.visible,
            "errors": [str(problems[question.key])] if question.key in problems else [],
        }


def parts_of(questions: Sequence[Question]) -> Iterator[Part]:
    """The parts of a list of questions: each section with its questions is a page."""
    part: list[Question] = []
    for question in questions:
        if question.kind == SECTION and part:
            yield part
            part = []
        part.append(question)
    yield part


def partly(tree: Any, before: Mapping[str, Any], on_page: set[str]) -> Any:
    """A condition as it is evaluated on one page: what was answered on others is decided already."""
    if tree is None:
        return None
    if tree[0] in ("all", "any"):
        return [tree[0], [partly(part, before, on_page) for part in tree[1]]]
    if tree[1] in on_page:
        return tree
    return ALWAYS if holds(tree, before) else NEVER
