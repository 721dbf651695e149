"""Fields that people change only right after they have confirmed who they are (ASVS 7.5.3): declared by `fresh=True`.

Who confirmed when is known to the doors alone; they say it for the time of a request (`known_by`). Where nobody sits
at a door, in jobs and commands, nobody is asked: what leads there was asked for when it was ordered (`ask_for`). A
program that acts by a key confirms nothing, and is refused. A flag is asked for where it is set: taking it away, such
as disabling somebody, stays quick.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum
from typing import Any

from ..base.errors import Ended, Forbidden
from ..base.people import Actor
from ..base.words import L, Listed, Words
from ..language.once_worked_out import of_declaration
from ..language.record import Record
from .stored_form import stored

NOT_BY_KEY = L(
    "This is not done by a key; a person confirms it in the browser.", "此事項不能以密鑰辦理，須由本人在瀏覽器中確認。"
)
CHANGE_OF = L("Change of {fields}", "更改{fields}")


class Confirmed(Enum):
    """What a door knows of who sits at it."""

    LATELY = "lately"
    NOT_LATELY = "not lately"
    NEVER = "never"


class ConfirmFirst(Ended):
    """Nothing was done: whoever does this confirms who they are first. `what` names the act."""

    def __init__(self, what: Words):
        self.what = what
        super().__init__(str(what))


_known: ContextVar[Callable[[], Confirmed] | None] = ContextVar("confirmed", default=None)


@contextmanager
def known_by(tell: Callable[[], Confirmed] | None) -> Iterator[None]:
    """Within the block this says who has confirmed."""
    token = _known.set(tell)
    try:
        yield
    finally:
        _known.reset(token)


def ask(what: Words) -> None:
    """Go on only where whoever sits at the door has confirmed lately. Raises ConfirmFirst, Forbidden."""
    tell = _known.get()
    state = tell() if tell else Confirmed.LATELY
    if state is Confirmed.NEVER:
        raise Forbidden(NOT_BY_KEY)
    if state is Confirmed.NOT_LATELY:
        raise ConfirmFirst(what)


@of_declaration
def fresh_fields(cls: type[Record]) -> tuple[str, ...]:
    """The fields of a type that are declared so."""
    return tuple(name for name, field in cls.fields_of().items() if getattr(field, "fresh", False))


def ask_for(cls: type[Record], only: Collection[str] | None = None) -> None:
    """The same for work that will write records of a type later, out of sight, or these fields of theirs. Raises
    ConfirmFirst, Forbidden."""
    if names := tuple(name for name in fresh_fields(cls) if only is None or name in only):
        ask(_words(cls, names))


def ask_for_change(record: Record, before: Mapping[str, Any], actor: Actor) -> None:
    """The same where a declared field of a record is about to change. Raises ConfirmFirst, Forbidden."""
    names = fresh_fields(type(record))
    if not names or actor.is_system:
        return
    after = stored(record)
    fields = type(record).fields_of()
    if changed := tuple(name for name in names if _counts(fields[name], before.get(name), after.get(name))):
        ask(_words(type(record), changed))


def _counts(field: Any, old: Any, new: Any) -> bool:
    """Whether a change is asked for. What a new record begins with by itself is none."""
    if field.is_flag:
        return bool(new) and not (field.default if old is None else old)
    return (new or None) != (old or None)


def _words(cls: type[Record], names: tuple[str, ...]) -> Words:
    return CHANGE_OF(fields=Listed(tuple(cls.fields_of()[name].label for name in names)))
