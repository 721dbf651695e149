"""What goes wrong while the demo company is loaded: whole in a file, and as a sentence in the terminal."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import Self

from admin_app.problems import Problem

NAME = "demo-load.log"


class LoadErrors:
    """Within it, this process and its children write errors into the file; one that ends it becomes a sentence."""

    def __init__(self, folder: Path):
        self.path = folder / NAME

    def __enter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        sys.stderr.flush()
        self._terminal = os.dup(2)
        with self.path.open("w", encoding="utf-8") as file:
            os.dup2(file.fileno(), 2)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, fault: BaseException | None, _at: TracebackType | None
    ) -> None:
        is_unforeseen = isinstance(fault, Exception) and not isinstance(fault, Problem)
        if is_unforeseen:
            with self.path.open("a", encoding="utf-8") as file:
                traceback.print_exception(fault, file=file)
        sys.stderr.flush()
        os.dup2(self._terminal, 2)
        os.close(self._terminal)
        if is_unforeseen:
            raise Problem(f"The demo company could not be loaded. Its error is in {self.path}.") from None
