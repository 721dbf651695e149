"""The editions of a question of the bank, as its history has them: which number, since when, by whom (5.2).

An edition is what is asked and what is right; a change of category or difficulty makes none.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..kernel.gate import editions
from ..kernel.gate.history import entries_of
from ..kernel.gate.stored_form import stored
from .bank import BankQuestion, read_row
from .marking import MATCHING, SHORT, read_line, right_words

ENTRIES_MAX = 500  # the newest ones that are looked at


@dataclass(frozen=True)
class BankEdition:
    """An edition by its number, the first is 1; since when it stood there, and by whom."""

    number: int
    at: dt.datetime
    by: str


def numbered(question: BankQuestion) -> dict[str, BankEdition]:
    """The editions of a question under their names, in order. What stood there again later is known as it was first."""
    entries = entries_of(question.id, newest_first=True, limit=ENTRIES_MAX)
    past, seen = dict(stored(question)), []
    for entry in entries:
        seen.append((editions.edition_of([read_row(past)[1]]), entry))
        for change in entry.get("changes", ()):
            past[change["field"]] = change.get("old")
        if not past.get("kind"):
            break
    first: dict[str, Mapping[str, Any]] = {}
    for name, entry in reversed(seen):
        first.setdefault(name, entry)
    return {
        name: BankEdition(number, entry["at"], entry.get("actor_name") or "")
        for number, (name, entry) in enumerate(first.items(), 1)
    }


def words_of(edition: str) -> dict[str, str]:
    """What an edition says, as people read it: `text`, `options`, `right`, `explanation`."""
    line: Mapping[str, Any] = (editions.lines_in(edition) or ({},))[0]
    if not line:
        return dict.fromkeys(("text", "options", "right", "explanation"), "")
    item = read_line(line)
    shown = [] if item.kind == MATCHING else sorted(item.options.values())
    return {
        "text": item.text,
        "options": "\n".join(shown),
        "right": line.get("guide", "") if item.kind == SHORT else right_words(item),
        "explanation": line.get("explanation", ""),
    }
