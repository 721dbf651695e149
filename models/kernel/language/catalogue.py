"""The catalogue of record types, as a value: screens, tests and tasks are built from it, never from a list of names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Any

from .analysis import also_faults, homes_of
from .answer_checks import answer_faults
from .beside import beside_faults
from .deadline import table_faults
from .declare import kept_links_of, references_of
from .edition import edition_links
from .expected import linked_expectation_faults
from .facts import DeclarationError
from .fields import Ref
from .follow_up_checks import kept_faults
from .kinds.line_links import title_column
from .merging import merged_line_faults
from .outside import linked_address_faults
from .phase_gate import condition_faults
from .prompts import prompt_faults
from .public import public_departments, under_faults
from .record import Record
from .relation_checks import people_of
from .relations import Relation
from .replayed import replayed_faults
from .rollup import rollup_faults
from .spec import Chapter
from .steps import target_faults


class Catalogue(Mapping[str, type[Record]]):
    """Record types by name, checked once against each other and against the codes of the departments.

    Raises DeclarationError.
    """

    def __init__(self, types: Mapping[str, type[Record]], *, departments: Set[str]):
        self.departments = frozenset(departments)
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
        for cls in sorted(self.values(), key=lambda cls: (_clause(cls.declared.clause), cls.declared.name)):
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

    def pointing_to_lines(self, cls: type[Record]) -> list[tuple[type[Record], str]]:
        """The types and fields that link to lines of this type."""
        return [(other, path) for other, path, link in self._kept_links() if link.line_target == cls.__name__]

    def pointing_anywhere(self, cls: type[Record]) -> list[tuple[type[Record], str]]:
        """The types and fields with links to records of any type that may lead to this one."""
        kept = self._kept_links()
        return [(other, path) for other, path, link in kept if link.is_any_link and link.takes(cls.__name__)]

    def _kept_links(self) -> Iterator[tuple[type[Record], str, Any]]:
        return ((other, path, link) for other in self.values() for path, link in kept_links_of(other).items())

    def _check(self) -> None:
        for cls in self.values():
            for fault in self._faults(cls):
                raise DeclarationError(f"{cls.__name__}: {fault}.")

    def _faults(self, cls: type[Record]) -> Iterator[str]:
        yield from self._link_faults(cls)
        yield from self._line_link_faults(cls)
        yield from self._search_faults(cls)
        yield from self._code_faults(cls)
        yield from self._number_faults(cls)
        yield from self._path_faults(cls)
        yield from self._home_faults(cls)
        yield from linked_address_faults(cls.declared, cls.fields_of(), self._by_class)
        yield from answer_faults(cls.declared.own_fields, self._by_class, cls.declared.file_kinds)
        yield from under_faults(cls.declared, self._by_class)
        yield from prompt_faults(cls.declared, cls.declared.own_fields, self._by_class)
        for name, field in cls.declared.own_fields.items():
            if field.rollup:
                yield from rollup_faults(f"field {name!r}", field.rollup, cls, self._by_class)
        yield from condition_faults(cls.declared, cls, self._by_class)
        yield from beside_faults(cls.declared, self._by_class)
        yield from replayed_faults(cls.declared, cls, self._by_class)
        yield from linked_expectation_faults(cls, self._by_class)
        yield from also_faults(cls, self._by_class)
        yield from self._edition_faults(cls)
        for deadline in cls.declared.deadlines:
            yield from table_faults(deadline, self._by_class)
        for follow_up in cls.declared.follow_ups:
            if follow_up.to not in self._by_class:
                yield f"follow-up {follow_up.verb!r} makes a {follow_up.to}, which is not a record type"
            elif follow_up.over and follow_up.over not in self._by_class:
                yield f"follow-up {follow_up.verb!r} is made over {follow_up.over}, which is not a record type"
            elif follow_up.kept is not None:
                made = self._by_class[follow_up.to].declared
                yield from (f"follow-up {follow_up.verb!r} {fault}" for fault in kept_faults(follow_up, made))
            elif follow_up.opens and follow_up.opens not in self._by_class[follow_up.to].declared.own_fields:
                yield f"follow-up {follow_up.verb!r} opens {follow_up.opens!r}, which {follow_up.to} does not have"
            else:
                yield from target_faults(follow_up, self._by_class[follow_up.to].declared)

    def _link_faults(self, cls: type[Record]) -> Iterator[str]:
        places: list[tuple[str, Any, Mapping[str, Any]]] = [
            (f"field {name!r}", ref, cls.fields_of()) for name, ref in references_of(cls).items()
        ]
        for name, lines in cls.declared.own_fields.items():
            places += [(f"column {name}.{at}", ref, lines.columns) for at, ref in lines.columns.items() if ref.target]
        for place, ref, beside in places:
            if ref.target not in self._by_class:
                yield f"{place} links to {ref.target}, which is not a record type"
                continue
            for state in sorted(ref.states - set(_states(self._by_class[ref.target]))):
                yield f"{place} wants a state {state!r} that {ref.target} does not have"
            if ref.acyclic and ref.target != cls.__name__:
                yield f"{place} is acyclic, but links to another type"
            yield from self._fill_faults(place, ref, beside)

    def _edition_faults(self, cls: type[Record]) -> Iterator[str]:
        for name, link in edition_links(cls).items():
            target = self._by_class.get(link.target)
            if target and not target.declared.editions:
                yield f"field {name!r} links by edition to {link.target}, which has no editions"

    def _line_link_faults(self, cls: type[Record]) -> Iterator[str]:
        """Links to lines: the list must be there, with a text by which its lines are called."""
        for path, link in kept_links_of(cls).items():
            place = f"column {path}" if "." in path else f"field {path!r}"
            for wrong in link.of if link.is_any_link else ():
                if wrong not in self._by_class:
                    yield f"{place} links to {wrong}, which is not a record type"
            if not link.line_target:
                continue
            yield from merged_line_faults(path, link, self._by_class)
            target = self._by_class.get(link.line_target)
            lines = target.declared.own_fields.get(link.line_list) if target else None
            if lines is None or not lines.columns:
                yield f"{place} links to {link.line_target}.{link.line_list}, which is no list of lines"
            elif not title_column(lines):
                yield f"{place} links to {link.line_target}.{link.line_list}, whose lines have no text"

    def _fill_faults(self, place: str, ref: Any, beside: Mapping[str, Any]) -> Iterator[str]:
        for name, source in ref.fills.items():
            if name not in beside or source not in self._by_class[ref.target].fields_of():
                yield f"{place} fills {name!r} from {source!r}, and one of them does not exist"
            elif beside[name].computed or beside[name].internal:
                yield f"{place} fills {name!r}, which nobody can write"
            elif isinstance(self._by_class[ref.target].fields_of()[source].see, Relation):
                yield f"{place} fills {name!r} from {source!r}, which is shown by relation to its own record"

    def _path_faults(self, cls: type[Record]) -> Iterator[str]:
        """People named in linked records: the path must lead to a link to users."""
        paths = [(f"access names people in {path!r}", path, "User") for path in cls.declared.access.named]
        for where, who in people_of(cls.declared):
            paths += [(f"{where} names people in {path!r}", path, target) for path, target in who.links]
        for what, path, target in paths:
            name, _, rest = path.partition(".")
            link = cls.fields_of().get(name)
            if not rest or link is None or link.columns or link.target not in self._by_class:
                continue
            field = self._by_class[link.target].fields_of().get(rest)
            if not isinstance(link, Ref) or field is None or getattr(field, "target", "") != target:
                yield f"{what}, which is no link to {target}"

    def _search_faults(self, cls: type[Record]) -> Iterator[str]:
        """A search through a link finds by what everybody who sees the link may know of its target."""
        for path in cls.declared.grid.search:
            name, _, rest = path.partition(".")
            if not rest:
                continue
            field = cls.fields_of()[name]
            target = self._by_class[field.target].fields_of() if field.target else field.columns
            if rest not in target:
                yield f"grid searches {path!r}, and there is no such field"
            elif target[rest].restricted or target[rest].internal or target[rest].see is not None:
                yield f"grid searches {path!r}, which not everybody may see"

    def _code_faults(self, cls: type[Record]) -> Iterator[str]:
        named = [("access", code) for code in sorted(cls.declared.access.departments or ())]
        named += [("access", cls.declared.access.home)] if cls.declared.access.home else []
        named += [(where, code) for where, who in people_of(cls.declared) for code in who.departments]
        named += [("public", code) for code in public_departments(cls.declared)]
        for where, code in named:
            if code not in self.departments:
                yield f"{where} names a department {code!r} that is not declared"

    def _home_faults(self, cls: type[Record]) -> Iterator[str]:
        """Charts of the home page: each has a name of its own there."""
        names = {name: other for other in self.values() if other is not cls for name in homes_of(other.declared)}
        for name in homes_of(cls.declared):
            if name in names:
                yield f"a chart stands on the home page as {name!r}, as one of {names[name].__name__} does"

    def _number_faults(self, cls: type[Record]) -> Iterator[str]:
        own = _prefix(cls)
        for other in self.values():
            if other.type_name() < cls.type_name() and _prefix(other) == own:
                yield f"its numbers begin with {own!r}, as those of {other.__name__} do"


def _prefix(cls: type[Record]) -> str:
    return cls.declared.number.partition("{")[0]


def _states(cls: type[Record]) -> tuple[str, ...]:
    return cls.declared.workflow.states if cls.declared.workflow else ()


def _clause(clause: str) -> tuple[int, ...]:
    return tuple(int(part) for part in clause.split(".") if part.isdigit())
