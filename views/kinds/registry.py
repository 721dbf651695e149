"""Which class shows which kind of field: each registers itself, and what derives from a kind is shown like it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

T = TypeVar("T", bound=type)
_kinds: dict[type, type[Any]] = {}


def for_kind(*fields: type) -> Callable[[T], T]:
    """Register a class as what shows fields of these classes, and of those derived from them."""

    def register(kind: T) -> T:
        _kinds.update(dict.fromkeys(fields, kind))
        return kind

    return register


@lru_cache(maxsize=4096)
def kind_of(field: Any) -> Any:
    """What shows a declared field: a Kind of base.py, which stands on this."""
    return next(_kinds[cls] for cls in type(field).__mro__ if cls in _kinds)(field)
