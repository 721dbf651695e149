"""The script of the demo year: who does what at which moment, in order, before anything is written."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from models.kernel.base import clock
from seed.tape import Tape

if TYPE_CHECKING:
    from seed.desk import Desk

SEED = "規程 2"
OFFERS, DEALS = 0, 1  # lanes: the second one works on what the first has written
Act = Callable[["Desk"], object]


@dataclass(frozen=True, order=True)
class Step:
    """One act by one person at one moment, in one of the two lanes."""

    at: dt.datetime
    place: int
    login: str = field(compare=False)
    lane: int = field(compare=False)
    act: Act = field(compare=False)


@dataclass(frozen=True)
class StoryStep:
    """A step that is not placed yet: it follows the one before it after `gap` working hours."""

    gap: float
    login: str
    act: Act
    lane: int = OFFERS
    mark: str = ""


class Script:
    """Gathers steps; none may lie in the future."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self._steps: list[Step] = []

    def add(self, moment: float | dt.datetime, login: str, act: Act, lane: int = OFFERS) -> None:
        """Put one step at a position of the tape or at a moment."""
        at = moment if isinstance(moment, dt.datetime) else self.tape.at(moment)
        if at > self.tape.now:
            raise ValueError(f"A step of {login or 'the system'} lies in the future: {at}.")
        self._steps.append(Step(at, len(self._steps), login, lane, act))

    def play(self, start: float, beats: Sequence[StoryStep]) -> dict[str, float]:
        """Place beats one after the other; return the positions of the marked ones."""
        position, marks = start, {}
        for beat in beats:
            position += beat.gap
            self.add(position, beat.login, beat.act, beat.lane)
            if beat.mark:
                marks[beat.mark] = position
        return marks

    def lane(self, number: int) -> list[Step]:
        """The steps of one lane in the order of time."""
        return sorted(step for step in self._steps if step.lane == number)


def length(beats: Sequence[StoryStep]) -> float:
    """The working hours from the start to the last beat."""
    return sum(beat.gap for beat in beats)


def chance(*name: object) -> random.Random:
    """A generator of its own for one story, the same on every load."""
    return random.Random(":".join(map(str, (SEED, *name))))


def spread(counts: dict[str, int], rng: random.Random) -> list[str]:
    """Each outcome as often as it is wanted, shuffled."""
    outcomes = [outcome for outcome, count in counts.items() for _ in range(count)]
    rng.shuffle(outcomes)
    return outcomes


def in_days(count: int) -> dt.date:
    """The date so many days after the day on which a step is played."""
    return clock.today() + dt.timedelta(days=count)
