"""Real threads that start at the same moment, and what became of each."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from models.kernel.base.errors import Changed, Missing, Refused

OUTCOMES = (Refused, Changed, Missing)


def at_once(*bodies: Callable[[], Any]) -> list[Any]:
    """Run the bodies in threads that wait for each other first; give what each returned or was refused with."""
    gate = threading.Barrier(len(bodies))

    def run(body: Callable[[], Any]) -> Any:
        gate.wait(timeout=30)
        try:
            return body()
        except OUTCOMES as outcome:
            return outcome

    with ThreadPoolExecutor(len(bodies)) as pool:
        return [item.result(timeout=120) for item in [pool.submit(run, body) for body in bodies]]


def done(results: list[Any]) -> list[Any]:
    """Those that went through."""
    return [result for result in results if not isinstance(result, OUTCOMES)]


def kinds(results: list[Any]) -> list[str]:
    """The names of the outcomes of those that did not go through."""
    return sorted(type(result).__name__ for result in results if isinstance(result, OUTCOMES))
