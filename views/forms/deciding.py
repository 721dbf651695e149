"""What an approver fills in with a decision: the columns of its line, as a form of its own on a move's page."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import wtforms

from models.kernel.base.words import Words
from models.kernel.gate.decided import own_line
from models.kernel.gate.intents import Intent
from models.kernel.language.decided import given_columns
from models.kernel.language.record import Record
from models.kernel.language.workflow import Move

from ..kinds import kind_of

PREFIX = "value"


def columns_of(cls: type[Record], move: Move) -> dict[str, Any]:
    """The columns that are filled with a decision; none of a move without values."""
    return given_columns(move.values, cls.fields_of()) if move.values else {}


def is_correction(intent: Intent[Any], move: Move) -> bool:
    """Whether the actor has given a decision already, and may still correct what they gave."""
    return not intent.standing(move) and own_line(intent.record, move, intent.actor) is not None


def form_of(intent: Intent[Any], move: Move, posted: Any = None) -> wtforms.Form:
    """The form as it was posted, else with what the actor has given so far."""
    line = own_line(intent.record, move, intent.actor)
    columns = columns_of(intent.cls, move)
    shown = {name: kind_of(column).shown(line.raw(name)) for name, column in columns.items()} if line else {}
    made: wtforms.Form = _class_of(intent.cls, move)(posted, prefix=PREFIX, data=shown)
    return made


@lru_cache(maxsize=200)
def _class_of(cls: type[Record], move: Move) -> type[wtforms.Form]:
    inputs = {name: kind_of(column).input() for name, column in columns_of(cls, move).items()}
    return type(f"{cls.__name__}Decision", (wtforms.Form,), inputs)


def given(form: wtforms.Form, move: Move) -> dict[str, Any]:
    """What was filled in, as the gate takes it."""
    if not move.values:
        return {}
    posted = {name: entry for name, entry in form._fields.items() if entry.was_posted and not entry.process_errors}
    return {move.values.list: {name: entry.entered(None) for name, entry in posted.items()}}


def unread(form: wtforms.Form, move: Move) -> dict[str, list[Words]]:
    """What could not be read, by the path within the record."""
    names = {name: entry for name, entry in form._fields.items() if move.values}
    return {f"{move.values.list}.{name}": words for name, entry in names.items() for _, words in entry.problems()}


def errors_at(problems: Mapping[str, list[Words]], move: Move, column: str) -> list[Words]:
    """What is wrong with what was filled in for a column, whichever line the gate found it in."""
    paths = [path.split(".") for path in problems] if move.values else []
    wrong = [".".join(path) for path in paths if path[0] == move.values.list and path[-1] == column]
    return [words for path in wrong for words in problems[path]]
