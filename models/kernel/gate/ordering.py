"""Background work that follows from a write: ordered in its transaction, by whoever keeps the runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..base.people import Actor

Writer = Callable[[str, Mapping[str, Any], str, Actor | None], object]
_writers: list[Writer] = []


def orders_are_written_by(writer: Writer) -> Writer:
    """Let a function write down what is ordered: a task, its parameters, and the key under which it is ordered once,
    and who asked for it."""
    _writers[:] = [writer]
    return writer


def order(task: str, params: Mapping[str, Any], *, once: str, asked_by: Actor | None = None) -> None:
    """Order a run of a task in the transaction that is under way. What names record types also keeps the runs."""
    _writers[0](task, params, once, asked_by)
