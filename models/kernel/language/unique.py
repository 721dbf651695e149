"""What no two records of a type may have in common beyond one text: several fields together, or while in some states.

The database keeps it, by an index that is made from the rule; the gate asks before it writes, so that it can say which
record has the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any

import mongoengine as me
from pymongo import ASCENDING, IndexModel

from .fields import Rule, Sealed
from .names import Names, NameSet

if TYPE_CHECKING:
    from .spec import Declaration

PREFIX = "unique_"  # of the names of all indexes that stand for uniqueness; the archive has none of them


@dataclass(frozen=True)
class Unique:
    """No two records may have the same in all of `fields`: texts, numbers, dates, choices and links, but no lines.

    `while_in`: only records in one of these states count (none: in any state); `only`: only those with these values of
    other fields (`{"kind": "paper"}`). A record in which one of the fields is empty does not count. The bin counts, so
    that whatever is taken out of it has its place; the archive does not, so that bringing back may be refused.

    `knows`: the last field is a text by which other programs know a record, and which they keep: a row of a sheet that
    has no number of ours is the record that has the same in all fields, or whose number stands in that field.
    """

    fields: Names = Names()
    _: KW_ONLY
    while_in: NameSet = NameSet(frozenset())
    only: Mapping[str, Any] = field(default_factory=dict)
    knows: bool = False

    @property
    def name(self) -> str:
        """The name of its index: another rule has another name."""
        states = ["while", *sorted(self.while_in)] if self.while_in else []
        given = [f"{name}={value}" for name, value in sorted(self.only.items())]
        return PREFIX + "_".join([*self.fields, *states, *given])

    def index(self, fields: Mapping[str, Any]) -> IndexModel:
        """The index that keeps it, given the fields of the type."""
        kind: dict[str, Any] = {name: _given(fields[name]) for name in self.fields} | self.counted()
        keys = [(name, ASCENDING) for name in self.fields]
        return IndexModel(keys, name=self.name, unique=True, partialFilterExpression=kind)

    def same_as(self, stored: Mapping[str, Any]) -> dict[str, Any] | None:
        """What finds the records that have the same as a stored one; None: it does not count."""
        values = {name: stored.get(name) for name in self.fields}
        is_in = not self.while_in or stored.get("state") in self.while_in
        is_of = all(stored.get(name) == value for name, value in self.only.items())
        return values | self.counted() if is_in and is_of and _are_all_given(values) else None

    def counted(self) -> dict[str, Any]:
        """What a record that counts has beside the fields."""
        states: dict[str, Any] = {"state": {"$in": sorted(self.while_in)}} if self.while_in else {}
        return {**self.only, **states}


def _given(field: Any) -> dict[str, Any]:
    return {"$gt": ""} if isinstance(field, me.StringField) else {"$exists": True}


def _are_all_given(values: Mapping[str, Any]) -> bool:
    return all(value is not None and value != "" for value in values.values())


def unique_faults(spec: Declaration, fields: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the rules of uniqueness of a type, as halves of a sentence."""
    names: list[str] = []
    for rule in spec.unique:
        if not isinstance(rule, Unique):
            yield f"unique has {rule!r}, which is no Unique"
            continue
        yield from _rule_faults(rule, spec, fields)
        if rule.name in names:
            yield f"uniqueness of {_said(rule)} is declared twice"
        names.append(rule.name)


def _rule_faults(rule: Unique, spec: Declaration, fields: Mapping[str, Any]) -> Iterator[str]:
    what = f"uniqueness of {_said(rule)}"
    if not rule.fields:
        yield "uniqueness of nothing: name the fields"
    if len(set(rule.fields)) < len(rule.fields):
        yield f"{what} names a field twice"
    for name in (*rule.fields, *rule.only):
        if not isinstance(fields.get(name), Rule):
            yield f"{what} names a field {name!r} that the type does not have"
        elif fault := _kept_badly(fields[name]):
            yield f"{what} names {name!r}, which {fault}"
    for name, value in rule.only.items():
        if name in rule.fields or any(fields[name].faults(value)):
            yield f"{what} counts only {name}={value!r}, which nothing can be"
    if rule.knows and (rule.while_in or rule.only or not isinstance(fields.get(rule.fields[-1]), me.StringField)):
        yield f"{what} knows the rows of sheets, which a text does that is unique among all records"
    if rule.knows and any(other.knows for other in spec.unique[: spec.unique.index(rule)]):
        yield f"{what} knows the rows of sheets, and so does another one"
    for state in sorted(rule.while_in - set(spec.workflow.states if spec.workflow else ())):
        yield f"{what} names a state {state!r} that does not exist"
    if (
        len(rule.fields) == 1
        and not (rule.while_in or rule.only)
        and isinstance(fields[rule.fields[0]], me.StringField)
    ):
        yield f"{what} stands on the field itself: {rule.fields[0]} = …(unique=True)"


def _said(rule: Unique) -> str:
    return repr(" ".join(rule.fields))


def _kept_badly(field: Any) -> str:
    """Why a field cannot take part."""
    if field.columns:
        return "holds lines"
    if isinstance(field, Sealed):
        return "is sealed"
    if isinstance(field, me.ListField | me.DictField):
        return "holds more than one value"
    return "" if field.is_indexable else "may be too long for an index"
