"""Answers to the questions of a linked record, by the keys of the questions, and the edition they were given for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Unpack

import mongoengine as me

from ...base.words import L, Words
from ..facts import Facts
from ..typed import BadValue
from .lines import LINES_LIMIT
from .rule import WRONG_FORM, Rule, Sees, label_of

GIVEN, EDITION = "given", "edition"
A_LINE_EACH = L(
    "“{label}” has one answer to a line: the code of the question, a colon, and the answer.",
    "「{label}」每行一個回答：題目代碼、冒號、回答。",
    code="form",
)
_SEPARATORS = ":："
_MORE, _HELD = "\n\t", "\x1f"  # a line of a long answer that goes on, and what stands for it while it is read


class Answers(Rule, me.DictField):
    """Answers by question. `of` names the questions by a link of the same record: `survey.questions`.

    What is kept is `{given: {question: answer}, edition}`. The gate reads what was given by the questions, drops what
    they do not show, and notes their edition (`gate.answering`). In a cell of a sheet a question is named by its code.
    `apart` names a flag of the record: where it is set, the answers are a trial and counted in no results. `photos`
    names a file kind of the type, of pictures alone: the form takes them beside the questions, and while the net is
    away they wait on the device.
    """

    is_sortable = is_indexable = is_column = is_for_strangers = is_from_strangers = False
    unreadable = A_LINE_EACH

    def __init__(self, *, of: str, apart: str = "", photos: str = "", **facts: Unpack[Facts]):
        super().__init__(**facts)
        self.apart, self.photos = apart, photos
        self.default = facts.get("default")
        self.answers_to = of if isinstance(of, str) else ""
        if not isinstance(of, str) or of.count(".") != 1 or not all(of.split(".")):
            self.note_faults([f"has of={of!r}, which is no link and field, such as 'survey.questions'"])

    def __get__(self, instance: Any, owner: Any) -> Any:
        """The answers as they are held."""
        return self if instance is None else instance._data.get(self.name)

    def to_mongo(self, value: Any, use_db_field: bool = True, fields: Any = None) -> Any:
        return value

    def to_python(self, value: Any) -> Any:
        return value

    def faults(self, value: Any) -> Iterator[Words]:
        if not isinstance(value, dict) or not _is_given(value.get(GIVEN)):
            yield WRONG_FORM(label=label_of(self))

    def read(self, text: str) -> Any:
        pairs = [_pair(line) for line in text.replace("\r", "").replace(_MORE, _HELD).split("\n") if line.strip()]
        if len(dict(pairs)) < len(pairs):
            raise ValueError("answered twice")
        return {GIVEN: dict(pairs)}

    def in_json(self, value: Any, sees: Sees) -> Any:
        return {key: _in_json(answer) for key, answer in given_in(value).items()}

    def from_json(self, given: Any, sees: Sees) -> Any:
        """An object of answers by question: a text, several texts, or texts by row."""
        if not isinstance(given, dict) or not all(_is_answer(answer) for answer in given.values()):
            raise BadValue(WRONG_FORM(label=label_of(self)))
        return {GIVEN: given}

    def json_schema(self, sees: Sees) -> dict[str, Any]:
        text = {"type": "string"}
        several = {"type": "array", "items": text}
        rows = {"type": "object", "additionalProperties": {"anyOf": [text, several]}}
        return {"type": "object", "additionalProperties": {"anyOf": [text, several, rows]}}


def _in_json(answer: Any) -> Any:
    if isinstance(answer, Mapping):
        return {str(row): _in_json(chosen) for row, chosen in answer.items()}
    return [str(item) for item in answer] if isinstance(answer, list) else str(answer)


def _is_answer(answer: Any) -> bool:
    rows = answer.values() if isinstance(answer, dict) else [answer]
    return all(isinstance(item, str) for row in rows for item in (row if isinstance(row, list) else [row]))


def written(value: Any) -> str:
    """Answers as a text that `read` takes: a line for each, what follows in a long text behind a tab."""
    lines = []
    for key, answer in given_in(value).items():
        parts = [f"{row}={chosen}" for row, chosen in answer.items()] if isinstance(answer, Mapping) else answer
        text = ", ".join(map(str, parts)) if isinstance(parts, list) else str(parts)
        lines.append(f"{key}: {text}".replace("\n", _MORE))
    return "\n".join(lines)


def given_in(value: Any) -> dict[str, Any]:
    """The answers that a stored value holds; none of a value that is no answers."""
    given = value.get(GIVEN) if isinstance(value, Mapping) else None
    return dict(given) if isinstance(given, Mapping) else {}


def edition_in(value: Any) -> str:
    """The edition that stored answers were given for."""
    edition = value.get(EDITION) if isinstance(value, Mapping) else None
    return edition if isinstance(edition, str) else ""


def _is_given(given: Any) -> bool:
    """Whether something is answers by question, of whatever kind these are."""
    if not isinstance(given, dict) or len(given) > 2 * LINES_LIMIT:
        return False
    return all(isinstance(key, str) and key and not key.startswith("$") and "." not in key for key in given)


def _pair(line: str) -> tuple[str, str]:
    at = next((place for place, letter in enumerate(line) if letter in _SEPARATORS), 0)
    if not at:
        raise ValueError("no question")
    return line[:at].strip(), line[at + 1 :].strip().replace(_HELD, "\n")
