"""Lists of the API: the filters of the grid, said aloud where they are not understood, and pages by a cursor."""

from __future__ import annotations

import datetime as dt
from typing import Any

from bson import Decimal128, ObjectId
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.kernel.rights import rights
from tests.fixtures.http import COMMANDS
from views.api.reading import sortable

DAYS = st.none() | st.integers(1, 3).map(lambda day: dt.datetime(2027, 1, day, tzinfo=dt.UTC))
AMOUNTS = st.none() | st.sampled_from(["0.00", "10.00", "10.00", "999.99"]).map(Decimal128)
ROWS = st.lists(st.tuples(DAYS, AMOUNTS), max_size=6)


def test_every_record_is_listed_once_whatever_is_entered_meanwhile(company: Any, program: Any) -> None:
    """Ties, records without a value, both directions: what was there before the first page and stays is on exactly one
    page, and what comes in meanwhile on one at most."""
    offer, client = company.make("quotation"), program("clerk_sal")
    collection, base = type(offer).collection(), offer.to_mongo().to_dict()
    count = iter(range(10**6))

    def enter(rows: list[tuple[Any, Any]]) -> set[str]:
        documents = [
            {**base, "_id": ObjectId(), "number": f"QT-{next(count):06}", "valid_until": day, "total": amount}
            for day, amount in rows
        ]
        documents = [{name: value for name, value in row.items() if value is not None} for row in documents]
        if documents:
            collection.insert_many(documents)
        return {str(row["_id"]) for row in documents}

    @settings(
        max_examples=25, deadline=None, derandomize=True, database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )  # fmt: skip
    @given(before=ROWS, meanwhile=st.lists(ROWS, max_size=3), limit=st.integers(1, 3), sort=st.sampled_from(SORTS))
    def walk(before: Any, meanwhile: Any, limit: int, sort: str) -> None:
        collection.delete_many({"_id": {"$ne": offer.id}})
        there, later, seen, after = {str(offer.id)} | enter(before), iter(meanwhile), [], ""
        while after is not None:
            answer = client.get(f"quotation?limit={limit}&sort={sort}&fields=number{after and f'&after={after}'}")
            seen += [row["id"] for row in answer.json["items"]]
            after = answer.json["next"]
            enter(next(later, []))
        assert len(seen) == len(set(seen))
        assert there <= set(seen)

    orders = sortable(type(offer), company.actor("clerk_sal"))
    assert {sort.removeprefix("-") for sort in SORTS} <= set(orders)
    walk()


SORTS = ["id", "-id", "number", "valid_until", "-valid_until", "total", "-total"]


def test_the_filters_are_those_of_the_grid(company: Any, program: Any, browser_as: Any) -> None:
    first, second = company.make("quotation"), company.walk(company.make("quotation"), "submitted")
    client = program("clerk_sal")

    def ids(query: str) -> list[str]:
        answer = client.get(f"quotation?{query}")
        assert answer.status_code == 200, answer.text
        return [row["id"] for row in answer.json["items"]]

    assert ids("f.state=submitted") == [str(second.id)]
    assert ids(f"q={first.number}") == [str(first.id)]
    assert ids("f.state=draft&f.state=submitted&sort=id") == [str(first.id), str(second.id)]
    assert client.get("quotation").json["count"] == 2
    assert client.get("quotation").json["count_is_exact"] is True


def test_what_a_page_would_leave_out_is_refused(company: Any, program: Any) -> None:
    company.make("quotation")
    client = program("clerk_sal")
    for query, field in (
        ("foo=1", "foo"), ("sort=nonsense", "sort"), ("sort=chain", "sort"), ("sort=-", "sort"), ("limit=0", "limit"),
        ("limit=201", "limit"), ("limit=x", "limit"), ("limit=１", "limit"), ("after=x", "after"),
        ("after=" + "W10" * 2000, "after"), ("fields=chain", "fields"), ("fields=lines", "fields"),
        ("f.nope=1", "filter"), ("f.valid_until.from=soon", "filter"), ("f.s=1", "filter"), ("view=1", "view"),
        ("with=owner", "with"), ("at=end", "at"), ("before=x", "before"), ("size=20", "size"),
        ("f.total=$ne", "filter"),
    ):  # fmt: skip
        answer = client.get(f"quotation?{query}")
        assert answer.status_code == 422, query
        assert [fault["field"] for fault in answer.json["faults"]] == [field], query


def test_a_page_costs_the_same_number_of_commands_whatever_is_on_it(company: Any, program: Any) -> None:
    client = program("clerk_sal")
    company.make("quotation")
    client.get("quotation")
    counts = []
    for _ in range(2):
        commands: list[Any] = []
        COMMANDS.listeners.append(commands.append)
        client.get("quotation")
        COMMANDS.listeners.pop()
        counts.append(len(commands))
        for _ in range(5):
            company.make("quotation")
    assert counts[0] == counts[1] <= 6, counts


def test_hidden_fields_are_in_no_list(company: Any, program: Any) -> None:
    for login in ("clerk_sal", "head_sal", "finance"):
        person = company.actor(login)
        offer = company.make("quotation")
        rows = program(login).get("quotation").json.get("items", [])
        for row in rows:
            assert set(row) - {"id", "version"} <= rights.listed_fields(person, type(offer))
