"""The factory of the tests makes a record of every declared type and brings it to every state of its workflow."""

from typing import Any

import pytest

from models import catalogue

STATES = [(name, state) for name, cls in catalogue.items() if (flow := cls.declared.workflow) for state in flow.states]


@pytest.mark.parametrize("name", list(catalogue))
def test_a_record_of_every_type_can_be_made_twice(company: Any, name: str) -> None:
    first, second = company.make(name), company.make(name)
    assert first.number
    assert first.number != second.number


@pytest.mark.parametrize(("name", "state"), STATES)
def test_a_record_walks_to_every_state(company: Any, name: str, state: str) -> None:
    assert company.walk(company.make(name), state).state == state
