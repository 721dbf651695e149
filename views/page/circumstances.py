"""The circumstances of the entries of a history in words, as far as the reader may see the fields they come from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from mongoengine.base import get_document

from models.kernel.base.words import L
from models.kernel.gate.entry_facts import NOT_KNOWN, facts_of
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.kernel.rights.rights import Viewer

from ..wording import day, moment, number, titles

NOT_KNOWN_WORD = L("not known", "未知")
HOURS = L("{hours} working hours", "{hours} 工作小時")
Titles = Mapping[ObjectId, str]
Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class _Fact:
    """How a fact of an entry is called, which field of whom it comes from ("" of the record itself), what it links to,
    and how it reads."""

    name: str
    label: L
    field: str
    of: str = ""
    target: str = ""
    text: Callable[[Any], str] = str


def _hours(seconds: int) -> str:
    return str(HOURS(hours=number(round(seconds / 3600, 1), 1)))


def _when(value: dt.datetime) -> str:
    return day(value) if (value.hour, value.minute, value.second) == (0, 0, 0) else moment(value)


_FACTS = (
    _Fact("department", L("Department", "部門"), "department", target="Department"),
    _Fact("owner", L("Owner", "經辦人"), "owner", target="User"),
    _Fact("happened", L("Happened", "業務發生"), "", text=_when),
    _Fact("flow", L("Workflow version", "流程版本"), "flow_version"),
    _Fact("next_due", L("Deadline from then on", "此後期限"), "due_at", text=moment),
    _Fact("lag", L("Entered after, working time", "登記滯後（工時）"), "", text=_hours),
    _Fact("due", L("Deadline then", "當時期限"), "due_at", text=moment),
    _Fact("spent", L("Time in the state before", "前一狀態用時"), "state_since", text=_hours),
    _Fact("actor_department", L("Department of who did it", "辦理人部門"), "department", "User", "Department"),
    _Fact("actor_position", L("Position of who did it", "辦理人崗位"), "position", "User", "Position"),
    _Fact("for_department", L("Department of the absent one", "被代理人部門"), "department", "User", "Department"),
    _Fact("for_position", L("Position of the absent one", "被代理人崗位"), "position", "User", "Position"),
)
_ALWAYS = frozenset({"department", "owner", "actor_department", "actor_position"})  # what an old entry is asked for
_OF_FLOW = frozenset({"flow", "due", "spent"})


def circumstances(cls: type[Record], entries: Iterable[Mapping[str, Any]], viewer: Viewer) -> dict[int, Pairs]:
    """For each entry, by its number, labels and texts; what the reader may not see is left out. A query per type."""
    seen = [fact for fact in _FACTS if _is_seen(cls, fact, viewer)]
    known = {entry["seq"]: facts_of(entry) for entry in entries}
    linked: dict[str, set[ObjectId]] = {}
    for facts in known.values():
        for fact in seen:
            if fact.target and isinstance(facts[fact.name], ObjectId):
                linked.setdefault(fact.target, set()).add(facts[fact.name])
    names = titles(linked)
    return {seq: [pair for fact in seen if (pair := _pair(cls, fact, facts, names))] for seq, facts in known.items()}


def _is_seen(cls: type[Record], fact: _Fact, viewer: Viewer) -> bool:
    """Whether the reader may see the field that a fact comes from."""
    if not fact.of:
        return (fact.field or cls.declared.happened) in viewer.fields_of(cls)
    people: type[Record] = get_document(fact.of)
    return fact.field in rights.readable_fields(viewer.actor, people) and rights.can_open(viewer.actor, people)


def _pair(cls: type[Record], fact: _Fact, facts: Mapping[str, Any], names: Titles) -> tuple[str, str] | None:
    """Label and text of a fact; None where there was none. What an old entry does not tell is said to be not known."""
    value = facts[fact.name]
    if value is NOT_KNOWN:
        is_asked = fact.name in _ALWAYS or (fact.name in _OF_FLOW and cls.declared.workflow is not None)
        return (str(fact.label), str(NOT_KNOWN_WORD)) if is_asked else None
    if value is None:
        return None
    return str(fact.label), names.get(value, "—") if fact.target else fact.text(value)
