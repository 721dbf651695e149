"""A superior, or a folder above another, never leads back to where it began, however far, nor at the same moment."""

from __future__ import annotations

from typing import Any

import pytest

from models import catalogue
from models.kernel.base.errors import Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from tests.races.at_once import at_once, done, kinds

TREES = [
    (name, field)
    for name, cls in catalogue.items()
    for field, kind in cls._fields.items()
    if getattr(kind, "acyclic", False)
]


def chain(name: str, field: str, count: int) -> list[Any]:
    """So many records, each below the one before it."""
    made: list[Any] = []
    for at in range(count):
        values: dict[str, Any] = {"code": f"ZQ{chr(65 + at)}", "name": f"N{at}"}
        if made:
            values[field] = made[-1].id
        made.append(changes.create(catalogue[name], values, actor=SYSTEM))
    return made


def put_below(record: Any, field: str, above: Any) -> Any:
    return changes.update(type(record), record.id, {field: above.id}, actor=SYSTEM, version=None)


def test_the_trees_of_the_house_are_acyclic() -> None:
    assert {("department", "parent"), ("category", "parent")} <= set(TREES)


@pytest.mark.parametrize(("name", "field"), TREES)
@pytest.mark.parametrize("length", [1, 2, 5])
def test_a_circle_is_refused_with_the_way_round(company: Any, name: str, field: str, length: int) -> None:
    links = chain(name, field, length)
    with pytest.raises(Refused) as refused:
        put_below(links[0], field, links[-1])
    (sentence,) = refused.value.problems[field]
    way = " → ".join(str(link) for link in (links[0], *reversed(links)))
    assert str(sentence).endswith(f"would lead back to where it began: {way}.")
    assert catalogue[name].objects(id=links[0].id).get().ref(field) is None


@pytest.mark.parametrize(("name", "field"), TREES)
def test_what_is_no_circle_is_taken(company: Any, name: str, field: str) -> None:
    first, second, third = chain(name, field, 3)
    assert put_below(third, field, first).ref(field) == first.id
    assert put_below(second, field, third).ref(field) == third.id


@pytest.mark.parametrize(("name", "field"), TREES)
def test_two_put_above_each_other_at_once_make_no_circle(company: Any, name: str, field: str) -> None:
    (first,), (second,) = (
        chain(name, field, 1),
        [changes.create(catalogue[name], {"code": "ZY", "name": "Other"}, actor=SYSTEM)],
    )
    results = at_once(lambda: put_below(first, field, second), lambda: put_below(second, field, first))
    assert len(done(results)) == 1
    assert kinds(results) == ["Refused"]
