"""Every rule of uniqueness: the database keeps it, whoever may see the other record is told which it is, and what does
not count is left alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from bson import ObjectId
from pymongo.errors import DuplicateKeyError

from models import catalogue
from models.kernel.base.errors import Missing, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes, uniqueness
from models.kernel.gate.stored_form import stored
from models.kernel.rights import rights
from tests.fixtures._guesses import Guesses

RULES = pytest.mark.parametrize(
    ("cls", "rule"),
    [(cls, rule) for cls in catalogue.values() for rule in cls.declared.unique],
    ids=lambda item: getattr(item, "__name__", None) or item.name,
)


@pytest.fixture
def counting(cls: Any, rule: Any, company: Any, made_anew: Callable[[], Any]) -> Any:
    """A record that the rule counts."""
    record = made_anew()
    guesses = Guesses(company, cls, company.actor("clerk_sal"), reuse=True, record=record)
    empty = [name for name in rule.fields if not record.raw(name)]
    values = {name: guesses.first(cls.fields_of()[name], name) for name in empty}
    record = changes.update(cls, record.id, values, actor=SYSTEM, version=None) if values else record
    return company.walk(record, min(rule.while_in)) if rule.while_in and record.state not in rule.while_in else record


def test_there_are_rules_of_several_fields_and_of_states() -> None:
    rules = [rule for cls in catalogue.values() for rule in cls.declared.unique]
    assert any(len(rule.fields) > 1 for rule in rules)
    assert any(rule.while_in for rule in rules)


@RULES
def test_the_database_keeps_no_second_one_not_even_in_the_bin(cls: Any, rule: Any, counting: Any) -> None:
    row = stored(counting)
    assert rule.same_as(row), "the rule counts the record"
    with pytest.raises(DuplicateKeyError):
        cls.collection().insert_one({**row, "_id": ObjectId(), "number": "X-1", "removed_at": row["created_at"]})
    for at, other in enumerate(not_counted(cls, rule, row)):
        cls.collection().insert_one({**other, "_id": ObjectId(), "number": f"X-1-{at}"})


def not_counted(cls: Any, rule: Any, row: dict[str, Any]) -> list[dict[str, Any]]:
    """The same record where the rule does not count it."""
    others = [{name: value for name, value in row.items() if name != field} for field in rule.fields]
    if rule.while_in:
        others += [{**row, "state": state} for state in sorted({*cls.declared.workflow.states} - rule.while_in)]
    others += [{**row, name: "other"} for name in rule.only]
    for other in others:
        other.pop("once", None)
        assert rule.same_as(other) is None
    return others


@RULES
def test_who_may_see_the_other_record_is_told_which_it_is(cls: Any, rule: Any, counting: Any, company: Any) -> None:
    twin = cls.from_stored({**stored(counting), "_id": ObjectId(), "number": "X-2"})
    for login in company.logins:
        person = company.actor(login)
        with pytest.raises(Refused) as refused:
            uniqueness.refuse_taken(twin, {}, stored(twin), person)
        said = str(refused.value)
        assert set(refused.value.problems) == {rule.fields[-1]}
        if cls.conflict_message(rule, stored(counting)) is None:
            assert str(cls.fields_of()[rule.fields[-1]].label) in said
            assert (counting.title in said) == is_seen(person, counting), f"{login}: {said}"


def is_seen(person: Any, record: Any) -> bool:
    try:
        return bool(rights.find(person, type(record), record.id))
    except Missing:
        return False


@RULES
def test_the_question_before_a_write_reads_an_index(cls: Any, rule: Any, counting: Any) -> None:
    plan = cls.collection().find(rule.same_as(stored(counting))).explain()["queryPlanner"]["winningPlan"]
    assert "IXSCAN" in str(plan)
    assert "COLLSCAN" not in str(plan)


@RULES
def test_a_change_that_leaves_what_counts_is_not_held_up(cls: Any, rule: Any, counting: Any) -> None:
    record = changes.update(cls, counting.id, {"tags": ["x"]}, actor=SYSTEM, version=None)
    assert record.tags == ["x"]
