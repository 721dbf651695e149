"""The address of a record in requests and in stored links: `type:id`, with the version where one was looked at."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bson import ObjectId

_KEY = re.compile(r"([a-z][a-z_]{0,60})[:/]([0-9a-fA-F]{24})(?::([0-9]{0,9}))?")  # older reminders link by type/id


@dataclass(frozen=True)
class RecordKey:
    """A record by type and id, in the version that somebody looked at, or in any."""

    type: str
    id: ObjectId
    version: int | None = None

    @classmethod
    def parse(cls, text: str | None) -> RecordKey | None:
        """The record that a text names, whether or not there is one; None where it names none."""
        match = _KEY.fullmatch(text or "")
        return cls(match[1], ObjectId(match[2]), int(match[3]) if match[3] else None) if match else None

    @classmethod
    def of_row(cls, type_name: str, text: str) -> RecordKey | None:
        """The record of a type that a row of its list names: `id` or `id:version`."""
        return cls.parse(f"{type_name}:{text}")

    @property
    def seen(self) -> int:
        """The version that was looked at; one that is missing counts as never seen."""
        return -1 if self.version is None else self.version

    def __str__(self) -> str:
        return f"{self.type}:{self.id}" if self.version is None else f"{self.type}:{self.id}:{self.version}"
