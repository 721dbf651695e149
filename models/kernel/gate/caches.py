"""What the process remembers of some types, which is read anew when a record of them was written."""

from __future__ import annotations

from ..language.declare import registered


def forget_read(name: str) -> None:
    """What the process remembers of a type is read anew, since a record of it was written, or its writing undone."""
    if cls := registered().get(name):
        cls.forget_read()
