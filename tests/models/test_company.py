"""The factory of the tests makes records of every declared type."""

from typing import Any

import pytest

from models import catalogue


@pytest.mark.parametrize("name", list(catalogue))
def test_a_record_of_every_type_can_be_made_twice(company: Any, name: str) -> None:
    first, second = company.make(name), company.make(name)
    assert first.number
    assert first.number != second.number
