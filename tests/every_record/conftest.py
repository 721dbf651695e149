"""What the tests of every type share: a record of the type, made once and set again for each of its tests."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from models.kernel.base import people
from tests.fixtures._scenes import Stage


@pytest.fixture
def made_anew(cls: Any, company: Any, stage: Stage) -> Callable[[], Any]:
    """Sets the scene of the type: a record as somebody made it, with what it links to, in a company with nothing else.

    Whoever was signed in is no longer.
    """

    def make() -> tuple[Any, int]:
        return company.make(cls.declared.name), next(company.count)

    def anew() -> Any:
        made, count = stage.once(f"company with {cls.__name__}", make)
        company.count = itertools.count(count)
        people.forget_departments()
        return company.fresh(made)

    return anew


@pytest.fixture
def record(made_anew: Callable[[], Any]) -> Any:
    """The record of the type, as it was made."""
    return made_anew()
