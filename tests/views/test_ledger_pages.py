"""What the pages of a ticket show of its time, the customer's among them: intervals that add up to the second."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import pytest

from models import catalogue
from models.kernel.base.held_time import Spent
from tests.models.test_held_time import made_up
from views.page import clocks


def seconds(length: str) -> int:
    hours, minutes, rest = length.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(rest)


def test_the_shown_ledgers_of_thousands_of_tickets_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Moments in the made-up cases have fractions of a second, too: what is shown is whole, and so is its sum."""
    chance, cls = random.Random(20261130), catalogue["ticket"]
    case: list[Any] = []
    monkeypatch.setattr(clocks, "calendar_then", lambda record, deadline: case[0])
    monkeypatch.setattr(clocks, "pauses_of", lambda record, deadline: case[3])
    monkeypatch.setattr(clocks, "ended_at", lambda record, deadline: case[2])
    monkeypatch.setattr(clocks, "in_work", lambda length, record: str(length))
    for place in range(2_500):
        case[:] = made_up(chance)
        case[1] = case[1].replace(microsecond=chance.randrange(1_000_000))
        case[2] = max(case[1], case[2])
        ticket = cls(received_at=case[1], clocks=[{"name": "solution", "due": case[2], "ended": case[2]}])
        (shown,) = clocks.ledgers_of(ticket)
        whole = int(case[2].timestamp()) - int(case[1].timestamp())
        assert sum(seconds(length) for _, length in shown["sums"]) == seconds(shown["whole"]) == whole, place
        rows = shown["rows"]
        assert all(a["ended"] is b["began"] for a, b in pairwise(rows)), place
        if not shown["left_out"]:
            assert sum(seconds(row["length"]) for row in rows) == whole, place
        assert len(shown["sums"]) == len(Spent)
