"""What follows from the declaration of a type alone is worked out once, not with each write of a record."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

T = TypeVar("T")


def of_declaration(work_out: Callable[[Any], T]) -> Callable[[Any], T]:
    """Remember what a function says of a type, until the type has another declaration. What it gives is shared: it is
    read, never changed, and it may depend on nothing but the type."""
    known: dict[Any, tuple[Any, T]] = {}

    @wraps(work_out)
    def answer(cls: Any) -> T:
        declared = getattr(cls, "declared", None)  # lines of a list have none, and one form
        held = known.get(cls)
        if held is None or held[0] is not declared:
            held = known[cls] = (declared, work_out(cls))
        return held[1]

    return answer
