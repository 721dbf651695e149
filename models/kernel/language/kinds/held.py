"""What a record, or a line of it, holds, read without loading what it links to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bson import ObjectId

from .built import built, kept
from .links import id_of


class Held:
    """Mixed into records and lines: values as they are held, and the ids behind links."""

    _data: dict[str, Any]

    @classmethod
    def _from_son(cls, son: Mapping[str, Any], _auto_dereference: bool = True, created: bool = False) -> Any:
        """The document that a stored one is."""
        if _auto_dereference and not created and isinstance(son, dict):
            document = built(cls, son)
            if document is not None:
                return document
        return super()._from_son(son, _auto_dereference, created)  # type: ignore[misc]

    def to_mongo(self, use_db_field: bool = True, fields: Any = None) -> Any:
        """The document as it is stored."""
        row = kept(self) if use_db_field and not fields else None
        return super().to_mongo(use_db_field, fields) if row is None else row  # type: ignore[misc]

    def raw(self, name: str) -> Any:
        """What a field holds; of a link its id or its document, whichever it is."""
        return self._data.get(name)

    def put(self, name: str, value: Any) -> None:
        """Let a field hold a value as it is, such as the id of a link."""
        self._data[name] = value

    def ref(self, name: str) -> ObjectId | None:
        """The id that a reference field holds, without loading its target."""
        return id_of(self.raw(name))

    def ids_at(self, path: str) -> list[ObjectId]:
        """The ids at a field, at a column of its lines (`team.user`), or at a field of the record that it links to
        (`employee.manager`), which alone is loaded."""
        name, _, rest = path.partition(".")
        held = self.raw(name)
        if not rest:
            return [id for link in (held if isinstance(held, list) else [held]) if (id := id_of(link)) is not None]
        within = held if isinstance(held, list) else [getattr(self, name)]
        return [id for part in within if isinstance(part, Held) for id in part.ids_at(rest)]

    def refs(self, name: str) -> list[ObjectId]:
        """The ids that a list of references holds."""
        return [id for link in self.raw(name) or [] if (id := id_of(link)) is not None]
