"""The catalogue of record types, as a value: screens, tests and tasks are built from it, never from a list of names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .declare import references_of
from .facts import DeclarationError
from .record import Record
from .spec import Chapter


class Catalogue(Mapping[str, type[Record]]):
    """Record types by name, checked against each other once. Raises DeclarationError."""

    def __init__(self, types: Mapping[str, type[Record]]):
        self._types = dict(sorted(types.items()))
        self._by_class = {cls.__name__: cls for cls in self._types.values()}
        self._check()

    def __getitem__(self, name: str) -> type[Record]:
        return self._types[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)

    def by_class(self, name: str) -> type[Record]:
        return self._by_class[name]

    def chapters(self) -> dict[Chapter, list[type[Record]]]:
        """The types of each chapter, chapters and types in the order of their clauses."""
        rooms: dict[Chapter, list[type[Record]]] = {}
        for cls in sorted(self.values(), key=lambda one: (_clause(one.declared.clause), one.declared.name)):
            rooms.setdefault(cls.declared.chapter, []).append(cls)
        return dict(sorted(rooms.items(), key=lambda room: _clause(room[0].clause)))

    def pointing_to(self, cls: type[Record]) -> list[tuple[type[Record], str]]:
        """The types and fields that link to this type."""
        return [
            (other, name)
            for other in self.values()
            for name, ref in references_of(other).items()
            if ref.target == cls.__name__ and name in other.declared.own_fields
        ]

    def _check(self) -> None:
        for cls in self.values():
            for fault in self._faults(cls):
                raise DeclarationError(f"{cls.__name__}: {fault}.")

    def _faults(self, cls: type[Record]) -> Iterator[str]:
        for name, ref in references_of(cls).items():
            if ref.target not in self._by_class:
                yield f"field {name!r} links to {ref.target}, which is not a record type"
            elif strange := sorted(set(ref.states) - set(_states(self._by_class[ref.target]))):
                yield f"field {name!r} wants a state {strange[0]!r} that {ref.target} does not have"
            else:
                yield from self._fill_faults(f"field {name!r}", ref, cls._fields)
        for name, lines in cls.declared.own_fields.items():
            for column, ref in lines.columns.items():
                if ref.target and ref.target not in self._by_class:
                    yield f"column {name}.{column} links to {ref.target}, which is not a record type"
                else:
                    yield from self._fill_faults(f"column {name}.{column}", ref, lines.columns)
        for leads in cls.declared.follow_ups:
            if leads.to not in self._by_class:
                yield f"follow-up {leads.verb!r} makes a {leads.to}, which is not a record type"

    def _fill_faults(self, place: str, ref: Any, beside: Mapping[str, Any]) -> Iterator[str]:
        for name, source in ref.fills.items():
            if name not in beside or source not in self._by_class[ref.target]._fields:
                yield f"{place} fills {name!r} from {source!r}, and one of them does not exist"


def _states(cls: type[Record]) -> tuple[str, ...]:
    return cls.declared.workflow.states if cls.declared.workflow else ()


def _clause(clause: str) -> tuple[int, ...]:
    return tuple(int(part) for part in clause.split(".") if part.isdigit())
