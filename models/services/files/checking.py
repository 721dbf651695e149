"""Looks at files of some kinds before they are attached: what a type says of its packages or captions is refused there
with a sentence, and what was learned of a file stands in its facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import IO, Any

from models.kernel.base.errors import Refused

from . import reading
from . import text as file_text
from .confined import Unreadable

Check = Callable[[IO[bytes], str], Mapping[str, Any]]
_checks: dict[tuple[str, str], Check] = {}


def checks_files(type_name: str, kind: str) -> Callable[[Check], Check]:
    """Let a function look at each file of a kind of a type: given content and name, it returns what is kept in the
    facts, or raises Refused."""

    def register(check: Check) -> Check:
        _checks[type_name, kind] = check
        return check

    return register


def facts_of(type_name: str, kind: str, stored: Mapping[str, Any]) -> dict[str, Any]:
    """What the check of a kind has learned of a stored content; nothing where there is no check. Raises Refused."""
    check = _checks.get((type_name, kind))
    if check is None:
        return {}
    try:
        with reading.content_of(stored) as content:
            content.flush()
            content.seek(0)
            return dict(check(content, stored["name"]))
    except Unreadable as fault:
        sentence = file_text.WHY.get(str(fault), file_text.WHY["damaged"])
        raise Refused(None, {"file": [sentence]}) from fault
