"""The ways a verb can end without doing what was asked; anything else that is raised is our fault."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .case import Case
from .words import L, Words

NOT_FOUND = L(
    "This record does not exist, or you may not view it.",
    "沒有這條記錄，或您無權查看。",
)
CHANGED = L(
    "Somebody changed this record after you opened it. Nothing was saved; compare both versions below.",
    "在您打開之後，已有人修改了這條記錄。尚未保存任何內容，請對照兩個版本。",
)
SEE_FIELDS = L("Nothing was saved. Please correct the marked fields.", "尚未保存。請更正標示的字段。")


class Ended(Exception):
    """A verb that ended without doing what was asked. `is_noted`: whether the attempt was written down already."""

    is_noted: bool = False


class Refused(Ended):
    """The input or the right is not there. `sentence` says why; `problems` names each field (dotted path) at fault."""

    def __init__(self, sentence: Words | None = None, problems: Mapping[str, list[Words]] | None = None):
        self.problems: dict[str, list[Words]] = {path: list(words) for path, words in (problems or {}).items()}
        self.sentence: Words = sentence or SEE_FIELDS
        super().__init__(self.sentence)

    @property
    def first(self) -> Words:
        """The first thing that is wrong, where one sentence must do."""
        return next((words for problem in self.problems.values() for words in problem), self.sentence)

    def __str__(self) -> str:
        faults = "; ".join(f"{path}: {' '.join(map(str, words))}" for path, words in self.problems.items())
        return f"{self.sentence} {faults}".strip()


class Forbidden(Refused):
    """The actor has no right to do this to a record that they may see."""


class Changed(Ended):
    """Somebody was first: `current` is the record as it stands now, `seen` the version the actor looked at."""

    def __init__(self, current: Case, seen: int | None, values: Mapping[str, Any] | None = None):
        self.current, self.seen, self.values = current, seen, dict(values or {})
        super().__init__(str(CHANGED))


class Missing(Ended):
    """Not there, or not visible to the actor: the two are never told apart."""

    def __str__(self) -> str:
        return str(NOT_FOUND)
