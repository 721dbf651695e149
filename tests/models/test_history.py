"""The chain of a record's history: one changed byte, a missing entry, a cut-off tail are found; the past is shown."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from bson import Decimal128, ObjectId

from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes, history


def chain_of(count: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Entries of one record with values of many kinds, and its head."""
    entries: list[dict[str, Any]] = []
    head: dict[str, Any] = {}
    for number in range(count):
        change = {"field": "total", "old": Decimal128(str(number)), "new": Decimal128(str(number + 1))}
        content = {
            "type": "sample",
            "record": ObjectId("6b03d998b645a7759a385b18"),
            "version": number + 1,
            "at": dt.datetime(2025, 6, 4, 9, number, tzinfo=dt.UTC),
            "actor_name": "王小明",
            "reason": None,
            "changes": [change],
        }
        full, head = history.chained(content, head)
        entries.append(full)
    return entries, head


def test_an_untouched_chain_has_no_fault() -> None:
    entries, head = chain_of(4)
    assert list(history.faults_in(entries, head)) == []
    assert list(history.faults_in(entries, None)) == []
    assert [entry["prev"] for entry in entries] == [history.GENESIS, *(entry["hash"] for entry in entries[:-1])]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("actor_name", "王小朋"),
        ("at", dt.datetime(2025, 6, 4, 9, 1, 0, 1000, tzinfo=dt.UTC)),
        ("version", 3),
        ("reason", ""),
        ("changes", [{"field": "total", "old": Decimal128("1"), "new": Decimal128("2.0")}]),
        ("hash", "0" * 64),
    ],
)
def test_one_changed_value_is_found(field: str, value: Any) -> None:
    entries, head = chain_of(4)
    entries[1][field] = value
    assert (2, "changed") in list(history.faults_in(entries, head))


def test_an_entry_without_its_hash_is_found() -> None:
    entries, head = chain_of(3)
    del entries[1]["hash"]
    assert (2, "changed") in list(history.faults_in(entries, head))


def test_a_rewritten_entry_is_found_though_its_own_hash_fits() -> None:
    for at in range(3):
        entries, head = chain_of(3)
        entries[at]["reason"] = "otherwise"
        entries[at]["hash"] = history.digest(entries[at])
        assert [number for number, _ in history.faults_in(entries, head)] in ([at + 2], [at + 1])


def test_missing_entries_are_found_in_the_middle_and_at_the_end() -> None:
    entries, head = chain_of(4)
    assert (2, "missing") in history.faults_in(entries[:1] + entries[2:], head)
    assert (1, "missing") in history.faults_in(entries[1:], head)
    assert list(history.faults_in(entries[:-1], head)) == [(4, "missing at the end")]
    assert list(history.faults_in([], head)) == [(1, "missing at the end")]


def test_the_order_of_keys_and_empty_values_do_not_matter() -> None:
    entries, _ = chain_of(1)
    turned = dict(reversed(entries[0].items()))
    assert history.digest({**turned, "batch": None, "_id": ObjectId()}) == entries[0]["hash"]


def test_the_chain_holds_after_a_way_through_the_database(company: Any) -> None:
    quotation = company.walk(company.make("quotation"), "accepted")
    entries = history.entries_of(quotation.id)
    assert list(history.faults_in(entries, quotation.chain)) == []
    assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
    history.HistoryEntry._get_collection().update_one({"_id": entries[1]["_id"]}, {"$set": {"actor_name": "somebody"}})
    assert list(history.faults_in(history.entries_of(quotation.id), quotation.chain)) == [(2, "changed")]


def test_a_record_is_shown_as_it_was_at_every_version(company: Any) -> None:
    cls = type(company.make("requirement", subject="first"))
    record = company.make("requirement", subject="one", contact="Li")
    pictures = {record.version: changes.stored(record)}
    for values in ({"subject": "two"}, {"contact": None}, {"contact": "Wu", "feasibility": 3}):
        record = changes.update(cls, record.id, values, actor=SYSTEM, version=record.version)
        pictures[record.version] = changes.stored(record)
    for version, picture in pictures.items():
        past = history.as_of(changes.stored(record), history.entries_of(record.id), version)
        for name in ("subject", "contact", "feasibility", "state", "version"):
            assert past.get(name) == picture.get(name), (version, name)


def test_amounts_and_lines_come_back_as_they_were(company: Any) -> None:
    quotation = company.make("quotation")
    before = changes.stored(quotation)
    line = quotation.lines[0]
    line.quantity = Decimal("7.5")
    later = changes.update(type(quotation), quotation.id, {"lines": [line]}, actor=SYSTEM, version=quotation.version)
    past = history.as_of(changes.stored(later), history.entries_of(quotation.id), quotation.version)
    assert past["lines"] == before["lines"] != changes.stored(later)["lines"]
    assert past["total"] == before["total"]
