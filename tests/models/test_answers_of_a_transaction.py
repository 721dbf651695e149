"""Within a transaction the same question is asked once, until the transaction writes there; nothing outlives it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextvars import Context
from typing import Any

import pytest
from bson import ObjectId
from mongoengine.connection import get_db
from pymongo import InsertOne
from pymongo.errors import OperationFailure, PyMongoError

from models.kernel.base.store import WRITES, RowQuery, answers, in_unit, row_of
from models.kernel.gate import comments
from models.kernel.gate.unit import in_transaction
from tests.fixtures.company import Company
from tests.views.test_commands_of_requests import ListQuery

NAME = "customer"
FIRST, SECOND = ObjectId(), ObjectId()


@pytest.fixture
def rows(db: Any) -> Any:
    """A collection that holds one row."""
    get_db()[NAME].insert_one({"_id": FIRST, "n": 1, "lines": [{"n": 1}]})
    return get_db()[NAME]


def test_it_is_asked_once_and_what_is_given_is_nobodys(rows: Any) -> None:
    def body(_: Any) -> None:
        first = row_of(NAME, {"_id": FIRST})
        assert first
        first["lines"][0]["n"] = 5
        assert row_of(NAME, {"_id": FIRST}) == {"_id": FIRST, "n": 1, "lines": [{"n": 1}]}
        assert row_of(NAME, {"_id": FIRST}, {"n": 1}) == {"_id": FIRST, "n": 1}  # another question

    with ListQuery() as query:
        in_transaction(body)
    assert query[f"find {NAME}"] == 2


def test_several_questions_are_one_command(rows: Any) -> None:
    questions = [RowQuery(NAME, {"n": 1}, {"n": 1}, most=1), RowQuery("product", {}), RowQuery(NAME, {"n": 2})]
    expected = [[{"_id": FIRST, "n": 1}], [], []]
    for ask in (lambda: answers(questions), lambda: in_transaction(lambda _: answers(list(map(_again, questions))))):
        with ListQuery() as query:
            assert ask() == expected
        assert query["aggregate"] == 1
        assert query.total() <= 2  # with the commit


def _again(item: RowQuery) -> RowQuery:
    return RowQuery(item.name, item.query, item.columns, most=item.most)


WAYS: dict[str, Callable[[Any], object]] = {
    "insert_one": lambda there: there.insert_one({"_id": SECOND}),
    "insert_many": lambda there: there.insert_many([{"_id": SECOND}]),
    "update_one": lambda there: there.update_one({"_id": FIRST}, {"$set": {"n": 2}}),
    "update_many": lambda there: there.update_many({}, {"$set": {"n": 2}}),
    "replace_one": lambda there: there.replace_one({"_id": FIRST}, {"n": 2}),
    "delete_one": lambda there: there.delete_one({"_id": FIRST}),
    "delete_many": lambda there: there.delete_many({}),
    "bulk_write": lambda there: there.bulk_write([InsertOne({"_id": SECOND})]),
    "find_one_and_update": lambda there: there.find_one_and_update({"_id": FIRST}, {"$set": {"n": 2}}),
    "find_one_and_replace": lambda there: there.find_one_and_replace({"_id": FIRST}, {"n": 2}),
    "find_one_and_delete": lambda there: there.find_one_and_delete({"_id": FIRST}),
}


def test_all_ways_to_write_are_among_them() -> None:
    assert set(WAYS) == set(WRITES)
    known = {name for name in dir(get_db()[NAME]) if name.startswith(("insert", "update", "replace", "delete"))}
    assert {name for name in known if not name.endswith(("index", "search_index"))} <= set(WRITES)


@pytest.mark.parametrize("way", WAYS)
def test_a_write_of_any_kind_ends_what_was_known(rows: Any, way: str) -> None:
    def body(_: Any) -> None:
        there, question = in_unit(NAME), RowQuery(NAME, {})
        before = answers([question])[0]
        WAYS[way](there)  # by a collection that was taken before the question
        assert answers([question])[0] == list(rows.find()) != before

    in_transaction(body)


def test_whatever_is_written_and_asked_in_turn_the_answers_are_those_of_the_database(rows: Any) -> None:
    dice, ids = random.Random(7), [ObjectId() for _ in range(4)]

    def steps() -> Iterator[None]:
        for _ in range(150):
            id, n = dice.choice(ids), dice.randrange(3)
            if dice.random() < 0.3:
                in_unit(NAME).update_one({"_id": id}, {"$set": {"n": n}}, upsert=True)
            query = dice.choice([{"_id": id}, {"n": n}, {}])
            assert answers([RowQuery(NAME, query, sort=[("_id", 1)])])[0] == list(rows.find(query).sort("_id", 1))
            yield

    in_transaction(lambda _: list(steps()))


def test_nothing_outlives_an_attempt(rows: Any) -> None:
    """Neither one that the database ends, nor one that is committed."""

    def elsewhere(n: int) -> None:
        Context().run(rows.update_one, {"_id": FIRST}, {"$set": {"n": n}})  # outside of the bound session

    seen: list[int] = []

    def body(_: Any) -> None:
        seen.append(row_of(NAME, {"_id": FIRST})["n"])  # type: ignore[index]
        if len(seen) == 1:
            elsewhere(7)
            assert row_of(NAME, {"_id": FIRST})["n"] == 1  # type: ignore[index]
            raise OperationFailure("begin anew", 112, {"errorLabels": ["TransientTransactionError"]})

    in_transaction(body)
    elsewhere(8)
    in_transaction(body)
    assert seen == [1, 7, 8]
    for n in (9, 10):  # outside of a transaction each question is asked
        elsewhere(n)
        assert row_of(NAME, {"_id": FIRST}) == rows.find_one({"_id": FIRST})


def test_no_write_goes_past_it(rows: Any) -> None:
    """The server refuses what is written in a transaction by another way than `in_unit`."""
    with pytest.raises(PyMongoError):
        in_transaction(lambda _: rows.update_one({"_id": FIRST}, {"$set": {"n": 2}}))
    assert rows.find_one({"_id": FIRST})["n"] == 1


def test_a_comment_reads_its_record_once(company: Company) -> None:
    offer, clerk = company.make("quotation", "clerk_sal"), company.actor("clerk_sal")
    with ListQuery() as query:
        comments.comment(type(offer), offer.id, "Said.", actor=clerk)
    assert query["find quotation"] == 1
