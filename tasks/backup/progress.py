"""How far a backup, verification, restore or drill is, told at most twice a second to whoever wants to know."""

from __future__ import annotations

import time
from collections.abc import Callable

from models.kernel.base.words import Words

Tell = Callable[[int, int, Words | str], None]


def nobody(_done: int, _total: int, _note: Words | str) -> None:
    """Nobody wants to know."""


class Progress:
    """Counts bytes towards a total and tells it, with a few words on what is being done."""

    def __init__(self, tell: Tell, total: int, every_seconds: float = 0.5):
        self._tell, self.total, self.done, self._every = tell, total, 0, every_seconds
        self._next = 0.0

    def add(self, size: int, note: Words) -> None:
        """So many more bytes are done. The listener may stop the work by raising."""
        self.done += size
        self.total = max(self.total, self.done)
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + self._every
            self._tell(self.done, self.total, note)

    def end(self, note: Words | str = "") -> None:
        self.done = self.total
        self._tell(self.done, self.total, note)
