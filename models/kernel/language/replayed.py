"""What moves the deadlines of records when it comes into force, and is therefore replayed over the last year before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any

from .deadline import Table
from .names import Names
from .working_time import CALENDARS, DAYS

if TYPE_CHECKING:
    from .spec import Declaration


@dataclass(frozen=True)
class Replayed:
    """Of a table of limits, `Replayed("levels", on="put_in_force")`: its lines are replayed before that move. Of
    calendars, without `on`: before each change that people make in these fields. Whoever makes it is shown which
    records of the last year would have been late and which no longer; without a replay of exactly these values, or with
    one that is out of date, it is refused. Where no record of the last year has a deadline that goes by it, there is
    nothing to replay, nor for the rows of an imported sheet. `when`: only of records that this says of,
    such as days that have come.
    """

    fields: Names = Names()
    _: KW_ONLY
    on: str = ""
    when: Callable[[Any], bool] | None = None


def replayed_faults(spec: Declaration, cls: Any, by_class: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with what a type says of its replay, given all types by the names of their classes."""
    word = spec.replayed
    if word is None:
        return
    if not isinstance(word, Replayed):
        yield f"replayed is {word!r}, which is no Replayed(...)"
        return
    for name in word.fields:
        if name not in spec.own_fields:
            yield f"replays a field {name!r} that the type does not have"
    verbs = {move.verb for move in spec.workflow.moves} if spec.workflow else set()
    if word.on and word.on not in verbs:
        yield f"is replayed before a move {word.on!r} that does not exist"
    lists = set(lists_of(cls.__name__, by_class.values()))
    if cls.__name__ not in (CALENDARS, DAYS) and not lists & set(word.fields):
        yield "is replayed, but no deadline goes by its lines"


def lists_of(class_name: str, types: Any) -> Iterator[str]:
    """The lists of a type by which deadlines go."""
    for other in types:
        for deadline in other.declared.deadlines:
            if isinstance(deadline.within, Table) and deadline.within.type_name == class_name and deadline.within.by:
                yield deadline.within.lines
