"""The records of a block are written together, and whoever asks meanwhile is told of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pymongo.errors import DuplicateKeyError

from models import catalogue
from models.kernel.base import store
from models.kernel.base.search import sealed_gram, whole_gram
from models.kernel.gate import alike, alike_ahead, changes, intents
from models.kernel.gate.changes import Context
from models.kernel.gate.unit import Unit, in_transaction
from tests.fixtures.company import Company
from tests.fixtures.http import COMMANDS

CUSTOMER = catalogue["customer"]
CONTACT = CUSTOMER._fields["contacts"].field.document_type
CODE = "91330100799655058B"


def _sent(work: Callable[[], Any]) -> list[str]:
    """What is said to the database of customers, in order."""
    said: list[str] = []

    def note(command: Any) -> None:
        verb = next(iter(command))
        if command[verb] == "customer":
            said.append(verb)

    COMMANDS.listeners.append(note)
    try:
        work()
    finally:
        COMMANDS.listeners.remove(note)
    return said


def _block(company: Company, body: Callable[[], Any], *names: str) -> Callable[[], Any]:
    """A block in which it is asked ahead what else has these names."""

    def run(_unit: Unit) -> Any:
        drafts = [intents.draft(CUSTOMER, {"name": name}) for name in names]
        with alike.asked_at_once(CUSTOMER, company.actor("clerk_sal"), drafts), store.gathering():
            return body()

    return lambda: in_transaction(run)


def _make(company: Company, name: str, **values: Any) -> Any:
    context = Context(confirmed=values.pop("confirmed", True))
    return changes.create(CUSTOMER, {"name": name, **values}, actor=company.actor("clerk_sal"), context=context)


def test_a_block_is_one_write(company: Company) -> None:
    names = [f"第{n}機械廠" for n in range(3)]
    work = _block(company, lambda: [_make(company, name, confirmed=False) for name in names], *names)
    assert _sent(work) == ["find", "insert"]
    rows = list(CUSTOMER.collection().find({"name": {"$in": names}}))
    assert len({row["number"] for row in rows}) == 3
    assert all(row["chain"]["seq"] == 1 for row in rows)


def test_whoever_asks_is_told_of_what_was_gathered(company: Company) -> None:
    actor = company.actor("clerk_sal")

    def body() -> Any:
        made = _make(company, "甲機械廠")
        changed = changes.update(CUSTOMER, made.id, {"region": "江蘇"}, actor=actor, version=made.version)
        assert CUSTOMER.objects.get(id=made.id).region == "江蘇"
        with pytest.raises(changes.Refused):  # a doubt, though nobody held the name before the block
            _make(company, "甲機械廠", confirmed=False)
        return changed

    record = _block(company, body, "甲機械廠")()
    assert company.fresh(record).region == "江蘇"


def test_what_is_there_once_ends_the_block(company: Company) -> None:
    _make(company, "先到", credit_code=CODE)
    with pytest.raises(DuplicateKeyError):
        _block(company, lambda: [_make(company, "後到"), _make(company, "重複", credit_code=CODE)])()
    assert CUSTOMER.collection().count_documents({"name": {"$in": ["後到", "重複"]}}) == 0


def test_what_others_changed_ends_the_block(company: Company) -> None:
    actor, record = company.actor("clerk_sal"), _make(company, "改過的")
    drawn = company.fresh(record)
    changes.update(CUSTOMER, record.id, {"region": "浙江"}, actor=actor, version=record.version)

    def body() -> Any:
        intent = intents.of_block(actor, drawn)
        return changes.update(CUSTOMER, intent, {"region": "江蘇"}, actor=actor, version=drawn.version)

    with pytest.raises(store.NotAsExpected):
        _block(company, body)()
    assert company.fresh(record).region == "浙江"


def test_what_others_hold_is_asked_for(company: Company) -> None:
    """Known is only that nothing stands under a key; a telephone number is asked for by its digest."""
    held = _make(company, "有此名", contacts=[CONTACT(name="林", phone="021-55550000")])
    keys = {whole_gram("有此名"), whole_gram("無此名"), sealed_gram("021-55550000"), sealed_gram("021-55550001")}
    with alike_ahead.asked_ahead(CUSTOMER, keys):
        unheld = {key for key in keys if alike_ahead.is_unheld(CUSTOMER, key)}
        assert unheld == {whole_gram("無此名"), sealed_gram("021-55550001")}
        assert alike_ahead.first_same(CUSTOMER, " 有此名") == held.number
    assert not any(alike_ahead.is_unheld(CUSTOMER, key) for key in keys)
