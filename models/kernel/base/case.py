"""What a rule of a declaration may ask of a record: the part of it that workflows and seats know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from bson import ObjectId


class Case(Protocol):
    """A record as a rule sees it, whatever its type."""

    declared: Any
    state: Any
    submitted_by_head: Any
    decisions: Any
    passed_up: Any
    _data: Mapping[str, Any]

    def ref(self, name: str) -> ObjectId | None:
        """The id that a reference field holds."""

    def refs(self, name: str) -> list[ObjectId]:
        """The ids that a list of references holds."""

    def raw(self, name: str) -> Any:
        """What a field holds."""

    def ids_at(self, path: str) -> list[ObjectId]:
        """The ids at a field, at a column of lines (`a.b`), or at a field of a linked record (`a.b`)."""

    def attached_kinds(self) -> set[str]:
        """The kinds of files attached to the record."""
