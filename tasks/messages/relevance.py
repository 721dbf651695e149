"""Whether the matter of a notice still stands, asked before it is sent; its writers register the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from mongoengine.connection import get_db

from models.kernel.gate.causes import Cause, parsed
from models.kernel.gate.notices import COLLECTION, NoticeKind

Notice = Mapping[str, Any]
AskNotice = Callable[[Notice], bool]
AskCause = Callable[[Any], bool]
A = TypeVar("A", AskNotice, AskCause)
C = TypeVar("C", bound=Cause)
_by_cause: dict[type[Cause], AskCause] = {}
_by_kind: dict[NoticeKind, AskNotice] = {}


def stands_by_cause(cause: type[Cause]) -> Callable[[AskCause], AskCause]:
    """Register who knows of the notices of a class of causes; it is given the cause."""
    return _register(_by_cause, cause)


def stands_by_kind(kind: NoticeKind) -> Callable[[AskNotice], AskNotice]:
    """Register who knows of the notices of a kind; it is given the notice."""
    return _register(_by_kind, NoticeKind(kind))


def _register(registry: dict[Any, Any], key: Any) -> Callable[[A], A]:
    def register(ask: A) -> A:
        if key in registry:
            raise ValueError(f"Two functions answer for notices of {key!r}.")
        registry[key] = ask
        return ask

    return register


def still_stands(notice: Notice) -> bool:
    """Whether what a notice says is still so; one that nobody answers for always is."""
    if ask := _by_kind.get(notice["kind"]):
        return ask(notice)
    cause = parsed(notice["cause"])
    return cause is None or type(cause) not in _by_cause or _by_cause[type(cause)](cause)


def unheard(causes: Iterable[C]) -> list[C]:
    """Those of some causes of which nobody was told yet, each once; one query."""
    by_text = {str(cause): cause for cause in causes}
    query = {"cause": {"$in": list(by_text)}}
    known = set(get_db()[COLLECTION].distinct("cause", query)) if by_text else set()
    return [cause for text, cause in by_text.items() if text not in known]
