"""The kinds of fields that types are declared with, and everything that is wrong with the values of a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..base.words import Words
from .kinds.answers import Answers
from .kinds.any_links import AnyRef
from .kinds.choices import RANKS, Choice, Choices, Flag, Tags
from .kinds.commitments import Commitment, CommittedNumber
from .kinds.dates import Day, Moment
from .kinds.line_links import LineRef
from .kinds.line_states import LineState
from .kinds.lines import Line, Lines, SignedLine, Walk, declared_fields
from .kinds.links import Ref, Refs, id_of
from .kinds.measures import Duration, Percent, Rating, Time, Url
from .kinds.numbers import Money, Number, Whole, decimals_of
from .kinds.questions import Questions
from .kinds.recurrence import Recurrence
from .kinds.rule import NOT_A_CHOICE, NOT_A_NUMBER, NOT_THERE, REQUIRED, TOO_LARGE, WRONG_FORM, Rule, label_of
from .kinds.signatures import Signature
from .kinds.texts import LongText, Mail, Phone, Sealed, Secret, Text

__all__ = [
    "BLANKS",
    "NOT_A_CHOICE",
    "NOT_A_NUMBER",
    "NOT_THERE",
    "RANKS",
    "REQUIRED",
    "TOO_LARGE",
    "WRONG_FORM",
    "Answers",
    "AnyRef",
    "Choice",
    "Choices",
    "Commitment",
    "CommittedNumber",
    "Day",
    "Duration",
    "Flag",
    "Line",
    "LineRef",
    "LineState",
    "Lines",
    "LongText",
    "Mail",
    "Moment",
    "Money",
    "Number",
    "Percent",
    "Phone",
    "Problems",
    "Questions",
    "Rating",
    "Recurrence",
    "Ref",
    "Refs",
    "Rule",
    "Sealed",
    "Secret",
    "Signature",
    "SignedLine",
    "Tags",
    "Text",
    "Time",
    "Url",
    "Walk",
    "Whole",
    "decimals_of",
    "declared_fields",
    "id_of",
    "is_empty",
    "label_of",
    "problems_in",
]


BLANKS = " \t\r\n\u00a0\u3000"


class Problems(dict[str, list[Words]]):
    """What is wrong, by dotted path of the field."""

    def add(self, path: str, sentence: Words) -> None:
        self.setdefault(path, []).append(sentence)


def is_empty(value: Any) -> bool:
    """Whether nothing was filled in; blanks, the Chinese one too, are nothing."""
    if isinstance(value, str):
        return not value.strip(BLANKS)
    return value is None or (isinstance(value, list | tuple | dict) and not value)


def problems_in(document: Any, fields: Mapping[str, Any], prefix: str = "") -> Problems:
    """Everything that is wrong with the values of these fields, lines included. No query is made."""
    problems = Problems()
    for name, field in fields.items():
        value = document._data.get(name)
        path = prefix + name
        if is_empty(value):
            if field.required:
                problems.add(path, REQUIRED(label=label_of(field)))
            continue
        before = len(problems)
        for sentence in field.faults(value):
            problems.add(path, sentence)
        if field.columns and len(problems) == before:
            for at, line in enumerate(value):
                problems.update(problems_in(line, field.columns, f"{path}.{at}."))
                for column, sentence in line.check():
                    problems.add(f"{path}.{at}.{column}", sentence)
            for fault in field.faults_together(value) if len(problems) == before else ():
                cell, sentence = fault if isinstance(fault, tuple) else ("", fault)
                problems.add(f"{path}.{cell}" if cell else path, sentence)
    return problems
