"""Whether the matter of a notice still stands, asked before it is sent; its writers register the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Notice = Mapping[str, Any]
Ask = Callable[[Notice], bool]
_by_cause: dict[str, Ask] = {}
_by_kind: dict[str, Ask] = {}


def stands_by_cause(word: str) -> Callable[[Ask], Ask]:
    """Register who knows of the notices whose cause begins with a word."""
    return _register(_by_cause, word)


def stands_by_kind(kind: str) -> Callable[[Ask], Ask]:
    """Register who knows of the notices of a kind."""
    return _register(_by_kind, kind)


def _register(where: dict[str, Ask], key: str) -> Callable[[Ask], Ask]:
    def register(ask: Ask) -> Ask:
        if key in where:
            raise ValueError(f"Two functions answer for notices of {key!r}.")
        where[key] = ask
        return ask

    return register


def still_stands(notice: Notice) -> bool:
    """Whether what a notice says is still so; one that nobody answers for always is."""
    ask = _by_kind.get(notice["kind"]) or _by_cause.get(notice["cause"].partition(":")[0])
    return ask is None or ask(notice)
