"""A superior, or a folder above another, never leads back to where it began, however far, nor at the same moment."""

from __future__ import annotations

from typing import Any

import pytest

from models import catalogue
from models.kernel.base.errors import Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.language.fields import Refs
from tests.races.at_once import at_once, done, kinds

TREES = [
    (name, field)
    for name, cls in catalogue.items()
    for field, kind in cls._fields.items()
    if getattr(kind, "acyclic", False)
]


def chain(company: Any, name: str, field: str, count: int) -> list[Any]:
    """So many records, each below the one before it."""
    made: list[Any] = []
    for _ in range(count):
        record = company.make(name)
        if made:
            record = put_below(record, field, made[-1])
        made.append(record)
    return made


def put_below(record: Any, field: str, above: Any) -> Any:
    value = [above.id] if isinstance(type(record)._fields[field], Refs) else above.id
    return changes.update(type(record), record.id, {field: value}, actor=SYSTEM, version=None)


def above(record: Any, field: str) -> list[Any]:
    """What a record stands below."""
    return list(type(record)._fields[field].ids_in(record.raw(field)))


def test_the_trees_of_the_house_are_acyclic() -> None:
    assert {("department", "parent"), ("category", "parent")} <= set(TREES)


@pytest.mark.parametrize(("name", "field"), TREES)
@pytest.mark.parametrize("length", [1, 2, 5])
def test_a_circle_is_refused_with_the_way_round(company: Any, name: str, field: str, length: int) -> None:
    links = chain(company, name, field, length)
    with pytest.raises(Refused) as refused:
        put_below(links[0], field, links[-1])
    (sentence,) = refused.value.problems[field]
    way = " → ".join(str(link) for link in (links[0], *reversed(links)))
    assert str(sentence).endswith(f"would lead back to where it began: {way}.")
    assert not above(company.fresh(links[0]), field)


@pytest.mark.parametrize(("name", "field"), TREES)
def test_what_is_no_circle_is_taken(company: Any, name: str, field: str) -> None:
    first, second, third = chain(company, name, field, 3)
    assert above(put_below(third, field, first), field) == [first.id]
    assert above(put_below(second, field, third), field) == [third.id]


@pytest.mark.parametrize(("name", "field"), TREES)
def test_two_put_above_each_other_at_once_make_no_circle(company: Any, name: str, field: str) -> None:
    first, second = company.make(name), company.make(name)
    results = at_once(lambda: put_below(first, field, second), lambda: put_below(second, field, first))
    assert len(done(results)) == 1
    assert kinds(results) == ["Refused"]
