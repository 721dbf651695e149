"""Lists of lines within a record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import mongoengine as me

from ...base.words import Words
from .held import Held
from .rule import TOO_MANY, WRONG_FORM, Rule, label_of


class Line(Held, me.EmbeddedDocument):
    """One line of an embedded list; subclasses declare its columns, `clean` fills computed ones."""

    meta = {"abstract": True, "strict": False}

    def check(self) -> Iterator[tuple[str, Words]]:
        """What is wrong with the line as a whole: pairs of column and sentence."""
        yield from ()


class Lines(Rule, me.EmbeddedDocumentListField):
    """Embedded lines, in order."""

    lines_max = 500
    is_sortable = is_indexable = is_in_sheet = is_column = False

    def __get__(self, instance: Any, owner: Any) -> Any:
        """The lines as they are held; MongoEngine by itself would load everything that they link to."""
        return self if instance is None else instance._data.get(self.name)

    def faults(self, value: Any) -> Iterator[Words]:
        if not isinstance(value, list | tuple) or any(not isinstance(line, Line) for line in value):
            yield WRONG_FORM(label=label_of(self))
        elif len(value) > self.lines_max:
            yield TOO_MANY(label=label_of(self), most=self.lines_max)

    @property
    def columns(self) -> dict[str, Any]:
        """The declared fields of a line by name, in the order written."""
        return declared_fields(self.field.document_type)


def declared_fields(cls: type) -> dict[str, Any]:
    """A class's fields by name in the order written (a base's first), without MongoEngine's own."""
    fields = {name: field for name, field in cls._fields.items() if isinstance(field, Rule)}  # type: ignore[attr-defined]
    return dict(sorted(fields.items(), key=lambda pair: pair[1].creation_counter))
