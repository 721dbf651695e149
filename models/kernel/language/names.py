"""Names as a declaration writes them: one text with blanks between them, kept as a tuple or a set."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class _Written(Generic[T]):
    """A field of a frozen dataclass that takes a text of names, or the names one by one. Without a default it must be
    given."""

    def __init__(self, *default: T | None):
        self.default = default

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> T:
        if instance is not None:
            return instance.__dict__[self.name]
        if not self.default:
            raise AttributeError(self.name)  # how a dataclass learns that there is no default
        return self.default[0]  # type: ignore[return-value]


class Names(_Written[tuple[Any, ...]]):
    """Names in the order written: `"number customer total"`."""

    def __set__(self, instance: Any, value: str | Iterable[Any]) -> None:
        instance.__dict__[self.name] = tuple(value.split() if isinstance(value, str) else value)


class NameSet(_Written[frozenset[str]]):
    """Names whose order says nothing: `"sent accepted"`."""

    def __set__(self, instance: Any, value: str | Iterable[str]) -> None:
        instance.__dict__[self.name] = frozenset(value.split() if isinstance(value, str) else value)


class OptionalNameSet(_Written[frozenset[str] | None]):
    """A set of names, or None where nothing is said."""

    def __set__(self, instance: Any, value: str | Iterable[str] | None) -> None:
        names = value.split() if isinstance(value, str) else value
        instance.__dict__[self.name] = None if names is None else frozenset(names)
