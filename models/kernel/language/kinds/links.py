"""Links to records: one, and several."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import Any, Unpack

import mongoengine as me
from bson import DBRef, ObjectId

from ...base.collections import in_archive
from ...base.store import row_of
from ...base.words import Words
from .. import typed
from ..facts import Facts, is_names
from ..typed import BadValue
from .rule import TOO_MANY, WRONG_FORM, LinkNames, Rule, Sees, in_each_language, label_of

HOPS_MAX = 50
ID = {"type": "string", "pattern": "^[0-9a-f]{24}$"}


class Ref(Rule, me.ReferenceField):
    """A link to one record of a type, kept as its id; one whose target is gone reads as a bare DBRef, not an error.

    `fills` names fields beside it that are filled, while they are empty, from fields of the record that is chosen;
    `states`: only a record in one of them can be chosen; `acyclic`: following the link from record to record never
    comes back to the first; `tree`: what stands below a record is found from above, too;
    `informs`: a person whom somebody else has named there is sent a notice.

    A link to a record that was merged stays as it is stored; who follows it gets the record that stands for that one.
    """

    is_exact = is_grouped = True
    is_sortable = False
    is_single_link = True

    def __init__(
        self,
        target: Any,
        *,
        fills: Mapping[str, str] | None = None,
        states: Collection[str] = (),
        acyclic: bool = False,
        tree: bool = False,
        informs: bool = False,
        **facts: Unpack[Facts],
    ):
        super().__init__(target, **facts)
        self.fills = dict(fills or {})
        self.states = frozenset(states)
        self.tree, self.acyclic, self.informs = tree, acyclic or tree, informs
        if not is_names(states):
            self.note_faults([f"has states={states!r}, which is not a set of states"])

    @staticmethod
    def _lazy_load_ref(ref_cls: type, dbref: DBRef) -> Any:
        kept, hops = _kept(dbref.collection, dbref.id), 0
        while kept and kept.get("went_into") and hops < HOPS_MAX:
            kept, hops = _kept(dbref.collection, kept["went_into"]) or kept, hops + 1
        return ref_cls._from_son(kept) if kept else dbref  # type: ignore[attr-defined]

    def __get__(self, instance: Any, owner: Any) -> Any:
        """The linked record; a form gives its id, which MongoEngine by itself would hand back as it is."""
        if instance is not None and isinstance(held := instance._data.get(self.name), ObjectId):
            instance._data[self.name] = self.to_python(held)
        link = instance._data.get(self.name) if instance is not None else None
        value = super().__get__(instance, owner)
        if isinstance(link, DBRef) and isinstance(value, me.Document) and value.id != link.id:
            instance._data[self.name] = link  # what is stored goes on naming the merged record
        return value

    @property
    def target(self) -> str:
        """The class name of the type that it links to."""
        kind = self.document_type_obj
        return kind if isinstance(kind, str) else kind.__name__

    def faults(self, value: Any) -> Iterator[Words]:
        if id_of(value) is None:
            yield WRONG_FORM(label=label_of(self))

    def read(self, text: str) -> Any:
        return typed.id_of(text)

    def ids_in(self, value: Any) -> list[ObjectId]:
        id = id_of(value)
        return [id] if id else []

    def in_json(self, value: Any, sees: Sees) -> Any:
        return str(value)

    def json_schema(self, sees: Sees) -> dict[str, Any]:
        return {**ID, "description": f"id: {self.target}"}

    def names_in(self, text: str) -> list[str]:
        return [text.strip()]

    def cell_reader(self, names: LinkNames) -> Callable[[str], Any]:
        return lambda text: names.meant(self, text.strip()) if text.strip() else None

    def exported(self, value: Any, names: LinkNames) -> Iterator[str]:
        yield from in_each_language(lambda: [names.title(self, id) for id in self.ids_in(value)])


class Refs(Rule, me.ListField):
    """Links to several records of a type, in order; `acyclic`: following them from record to record never comes back
    to the first; `by_edition`: the gate notes the edition of each that the record stands on (`Editions`); `states`:
    those in which a record can be chosen."""

    is_exact = is_grouped = True
    is_sortable = False

    def __init__(
        self,
        target: str,
        *,
        states: Collection[str] = (),
        acyclic: bool = False,
        informs: bool = False,
        by_edition: bool = False,
        **facts: Unpack[Facts],
    ):
        super().__init__(Ref(target), **facts)
        self.acyclic, self.informs, self.by_edition = acyclic, informs, by_edition
        self.states = frozenset(states)
        if not is_names(states):
            self.note_faults([f"has states={states!r}, which is not a set of states"])

    @property
    def target(self) -> str:
        return self.field.target

    def faults(self, value: Any) -> Iterator[Words]:
        if not isinstance(value, list | tuple) or any(id_of(link) is None for link in value):
            yield WRONG_FORM(label=label_of(self))
        elif len(value) > 500:
            yield TOO_MANY(label=label_of(self), most=500)

    def read(self, text: str) -> Any:
        """One of its links, as a form sends them."""
        return typed.id_of(text)

    def ids_in(self, value: Any) -> list[ObjectId]:
        return [id for held in value or [] if (id := id_of(held)) is not None]

    def in_json(self, value: Any, sees: Sees) -> Any:
        return [str(id) for id in value]

    def from_json(self, given: Any, sees: Sees) -> Any:
        if not isinstance(given, list):
            raise BadValue(self.misread())
        return [self.field.from_json(item, sees) for item in given]

    def json_schema(self, sees: Sees) -> dict[str, Any]:
        return {"type": "array", "items": self.field.json_schema(sees)}

    def names_in(self, text: str) -> list[str]:
        return list(typed.joined_names(text))

    def cell_reader(self, names: LinkNames) -> Callable[[str], Any]:
        return partial(names.several, self)

    def exported(self, value: Any, names: LinkNames) -> Iterator[str]:
        yield from in_each_language(lambda: [names.title(self, id) for id in self.ids_in(value)])


def _kept(name: str, id: Any) -> Any:
    """A stored record, wherever it is kept."""
    return row_of(name, {"_id": id}) or in_archive(name, {"_id": id})


def id_of(value: Any) -> ObjectId | None:
    """The id behind a reference in whatever shape it is held, without loading it."""
    if isinstance(value, ObjectId):
        return value
    if isinstance(value, DBRef | me.Document):
        return value.id
    return None
