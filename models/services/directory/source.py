"""What a directory says, whichever kind it is: people and departments under keys that it never gives to another."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Protocol

from ...kernel.base.words import Words


class DirectoryAway(Exception):
    """The directory does not answer, not wholly, or not as one does; the text says why, for the log."""


@dataclass(frozen=True, kw_only=True)
class DirectoryEntry:
    """A person as a directory describes them. `subject` is their key there for good, `manager` the subject of another,
    `department` the key of a unit, `groups` what roles may be given by."""

    subject: str
    login: str
    name: str
    is_active: bool = True
    department: str = ""
    mail: str = ""
    phone: str = ""
    manager: str = ""
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Branch:
    """A department of a directory, `parent` the key of the one above."""

    key: str
    name: str
    parent: str = ""


@dataclass(frozen=True, kw_only=True)
class DirectoryAnswer:
    """All that a directory holds, whole: what comes in part is no answer but raises DirectoryAway."""

    people: tuple[DirectoryEntry, ...]
    branches: tuple[Branch, ...]

    @property
    def digest(self) -> str:
        """What changes when anything of it does, whatever order it came in."""
        rows = [
            sorted(json.dumps(asdict(item), sort_keys=True) for item in part) for part in (self.people, self.branches)
        ]
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


class Directory(Protocol):
    """A directory that can be asked."""

    issuer: str
    name: Words

    def read(self) -> DirectoryAnswer:
        """Everybody and every department. Raises DirectoryAway."""

    def find(self, subject: str) -> DirectoryEntry | None:
        """One person; None only where the directory says that there is none such. Raises DirectoryAway."""


_sources: list[Directory] = []
_roles: dict[str, str] = {}


def sources() -> Sequence[Directory]:
    """The directories of this installation."""
    return tuple(_sources)


def role_map() -> Mapping[str, str]:
    """Which role each group of a directory gives, as it is declared."""
    return MappingProxyType(_roles)


def set_sources(new: Sequence[Directory], roles: Mapping[str, str] | None = None) -> None:
    """Say which directories there are, and which of their groups give roles."""
    _sources[:] = new
    _roles.clear()
    _roles.update({group.lower(): role for group, role in (roles or {}).items()})
