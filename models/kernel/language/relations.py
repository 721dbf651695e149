"""Who sees or sets a field by their relation to the record and by its state: `OWNER | user_in("manager")`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from ..base.case import Case
from ..base.people import Actor
from .names import NameSet
from .once_worked_out import of_declaration
from .who import Who


class Involvement(StrEnum):
    """What the people named in a record may do with it: read it, or write it as those of its department do."""

    READ = "read"
    WRITE = "write"


READ, WRITE = Involvement.READ, Involvement.WRITE


@dataclass(frozen=True)
class Way:
    """One way into a field: for these people (None: all who read the record), in these states (none: in every one)."""

    who: Who | None = None
    states: NameSet = NameSet(frozenset())

    def is_open(self, record: Case, people: Iterable[Actor], state: str | None = None) -> bool:
        """Whether one of some people has this way into the field of this record as it stands, or in another state."""
        if self.states and (state or record.state) not in self.states:
            return False
        if self.who is None:
            return True
        left_out = {id for path in self.who.but for id in record.ids_at(path)}
        slots = self.who.quorum(record).slots
        return any(slot.fits(person) for person in people if person.id not in left_out for slot in slots)


@dataclass(frozen=True)
class Relation:
    """Several ways into a field; one that is open is enough. Without a record there is none."""

    ways: tuple[Way, ...]

    def __or__(self, other: Who | Relation) -> Relation:
        return Relation(self.ways + related(other).ways)

    def __ror__(self, other: Who) -> Relation:
        return Relation(related(other).ways + self.ways)

    def holds(self, record: Case, people: Iterable[Actor], state: str | None = None) -> bool:
        """Whether one of some people is in this relation to the record as it stands, or as it was in another state."""
        known = list(people)
        return any(way.is_open(record, known, state) for way in self.ways)

    def limited_to(self, states: Iterable[str]) -> Relation:
        """The same, where ways without states are open in these alone."""
        own = frozenset(states)
        return Relation(tuple(way if way.states else replace(way, states=own) for way in self.ways))

    def is_for_all_in(self, states: Iterable[str]) -> bool:
        """Whether everybody who reads the record has a way in each of some states."""
        return all(any(way.who is None and state in (way.states or {state}) for way in self.ways) for state in states)

    @property
    def states(self) -> frozenset[str]:
        """The states that it names."""
        return frozenset(state for way in self.ways for state in way.states)

    @property
    def people(self) -> tuple[Who, ...]:
        """The rules for people that it names."""
        return tuple(way.who for way in self.ways if way.who)


def in_state(names: str) -> Relation:
    """Everybody who reads the record, in these states: `in_state("published closed")`."""
    return Relation((Way(None, names),))


def during(names: str, who: Who) -> Relation:
    """These people, in these states: `during("self_review", OWNER)`."""
    return Relation((Way(who, names),))


def named_through(cls: Any, target: str) -> Iterator[tuple[str, str]]:
    """The links of a type to records of another through which it names people, each with the field there."""
    return ((name, rest) for linked, name, rest in _ways_to_people(cls) if linked == target)


@of_declaration
def _ways_to_people(cls: Any) -> tuple[tuple[str, str, str], ...]:
    """All such links of a type, each with the class that it links to."""
    paths = (path.partition(".") for path in cls.declared.access.named)
    links = ((cls.fields_of()[name], name, rest) for name, _, rest in paths if rest)
    return tuple((field.target, name, rest) for field, name, rest in links if not field.columns)


def related(given: Who | Relation) -> Relation:
    """A rule for people as a relation that holds in every state."""
    return given if isinstance(given, Relation) else Relation((Way(given),))
