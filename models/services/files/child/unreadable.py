"""The one fault of the programs that open contents: why it cannot be read, and where."""

from __future__ import annotations


class Unreadable(Exception):
    """The content cannot be read; the first argument is one of the reasons that `files.text.WHY` has words for."""

    def __init__(self, why: str, line: int = 0):
        super().__init__(why)
        self.line = line
