"""The state of one line of a list: a choice whose steps are declared, and whose ends say that the line is done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Unpack

from ...base.words import L
from ..facts import Facts
from .choices import Choice


class LineState(Choice):
    """A column that says how far a line is: `LineState({"open": …, "done": …, "dropped": …}, ends="done dropped")`.

    A line begins in the first state. `steps` says where each state leads (`{"open": "doing", "doing": "done"}`);
    without it, every state leads to every other. In the ones named by `ends` nothing is owed any more.
    """

    is_line_state = True

    def __init__(
        self, options: Mapping[str, L], *, ends: str, steps: Mapping[str, str] | None = None, **facts: Unpack[Facts]
    ):
        facts.setdefault("default", next(iter(options), None))
        facts.setdefault("required", True)
        super().__init__(options, **facts)
        self.ends = frozenset(ends.split())
        self.steps = None if steps is None else {state: frozenset(to.split()) for state, to in steps.items()}
        self.note_faults(self._mistakes())

    def _mistakes(self) -> Iterator[str]:
        named = {state for to in (self.steps or {}).values() for state in to} | set(self.steps or {}) | self.ends
        unknown = sorted(named - set(self.options))
        yield from (f"names a state {state!r} that is none of its options" for state in unknown)
        if len(self.options) < 2:
            yield "has fewer than two states"
        if not self.ends:
            yield "has no state in which a line is done"

    def leads(self, state: Any, to: Any) -> bool:
        """Whether a line may go from one state to another."""
        return state == to or self.steps is None or to in self.steps.get(state, frozenset())

    def onward(self, state: Any) -> list[L]:
        """The words of the states to which a line may go."""
        return [label for to, label in self.options.items() if to != state and self.leads(state, to)]

    def is_done(self, value: Any) -> bool:
        return value in self.ends

    def not_done(self) -> Any:
        return {"$nin": sorted(self.ends)}
