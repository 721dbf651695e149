"""The indicators of the demo company: each names a declared measure, and is in force as if entered by people."""

from __future__ import annotations

from typing import Any

from mongoengine.connection import get_db

from models.assessment.indicators import formulas_in_force
from models.kernel.base import clock
from seed.indicators import MONTHS, measure_company
from seed.vocabulary.indicators import INDICATORS


def test_they_are_entered_approved_and_counted_for_twelve_months(company: Any) -> None:
    company.make("quotation", "clerk_sal")
    measure_company(clock.now())
    assert len(formulas_in_force()) == len(INDICATORS)
    assert {entry["verb"] for entry in get_db().history.find({"type": "indicator"})} == {"create", "submit", "approve"}
    days = get_db().indicator_running.distinct("first_day")
    closed = [row["closed_until"] for row in get_db().indicator_state.find({"closed_until": {"$ne": None}})]
    assert len(closed) == len(INDICATORS)
    assert len(days) <= MONTHS + 1 - 11
