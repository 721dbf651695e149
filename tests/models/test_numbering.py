"""Numbers of records: filled patterns that count by themselves, without doubles and without holes."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from models.kernel.base import clock
from models.kernel.base.errors import Refused
from models.kernel.base.numbering import COUNTERS, next_number
from models.kernel.gate.unit import in_transaction
from tests.views.test_commands_of_requests import ListQuery

NOON = dt.datetime(2024, 2, 29, 4, tzinfo=dt.UTC)


def number(pattern: str, code: str = "SAL") -> str:
    return in_transaction(lambda unit: next_number(pattern, code))


@pytest.mark.parametrize(
    ("pattern", "first"),
    [
        ("QT-{department}-{yyyy}{mm}-{seq:4}", "QT-SAL-202402-0001"),
        ("D-{yyyy}{mm}{dd}-{seq}", "D-20240229-1"),
        ("{seq:2}/{yyyy}", "01/2024"),
    ],
)
def test_a_pattern_is_filled(db: Any, pattern: str, first: str) -> None:
    with clock.set_to(NOON):
        assert number(pattern) == first


def test_each_filled_prefix_counts_by_itself(db: Any) -> None:
    pattern = "QT-{department}-{yyyy}{mm}-{seq:3}"
    with clock.set_to(NOON):
        assert [number(pattern, code) for code in ("SAL", "SAL", "MKT", "")] == [
            "QT-SAL-202402-001", "QT-SAL-202402-002", "QT-MKT-202402-001", "QT-GEN-202402-001",
        ]  # fmt: skip
    with clock.set_to(NOON + dt.timedelta(days=1)):
        assert number(pattern) == "QT-SAL-202403-001"


def test_the_month_turns_at_midnight_of_the_company(db: Any) -> None:
    with clock.set_to(dt.datetime(2024, 2, 29, 15, 59, tzinfo=dt.UTC)):
        assert number("{yyyy}{mm}-{seq}") == "202402-1"
    with clock.set_to(dt.datetime(2024, 2, 29, 16, 0, tzinfo=dt.UTC)):
        assert number("{yyyy}{mm}-{seq}") == "202403-1"


def test_a_number_grows_beyond_its_places(db: Any) -> None:
    db[COUNTERS].insert_one({"_id": "N-{seq:2}", "n": 99})
    assert number("N-{seq:2}") == "N-100"


def test_a_transaction_that_takes_many_sends_two_commands(db: Any) -> None:
    def many(_: Any) -> list[str]:
        return [next_number(pattern, "SAL") for pattern in ["N-{seq:2}"] * 5 + ["M-{seq}"] + ["N-{seq:2}"]]

    with ListQuery() as query:
        assert in_transaction(many) == ["N-01", "N-02", "N-03", "N-04", "N-05", "M-1", "N-06"]
    assert query["findAndModify counter"] == 2
    assert query["update counter"] == 1
    assert number("N-{seq:2}") == "N-07"
    assert number("M-{seq}") == "M-2"


def test_no_doubles_and_no_holes_when_many_take_several_at_once(db: Any) -> None:
    def several(_: int) -> list[str]:
        return in_transaction(lambda unit: [next_number("N-{seq:3}", "SAL") for _ in range(3)])

    with ThreadPoolExecutor(4) as pool:
        taken = [number for numbers in pool.map(several, range(8)) for number in numbers]
    assert sorted(taken) == [f"N-{at:03}" for at in range(1, 25)]


def test_no_doubles_and_no_holes_when_many_ask_at_once(db: Any) -> None:
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: number("N-{seq:3}"), range(40)))
    assert sorted(taken) == [f"N-{at:03}" for at in range(1, 41)]


def test_a_refused_entry_takes_no_number(company: Any) -> None:
    first = company.make("requirement")
    with pytest.raises(Refused):
        company.make("requirement", subject="a\x00b")
    second = company.make("requirement")
    assert int(second.number[-4:]) == int(first.number[-4:]) + 1


def test_what_fails_after_the_number_was_taken_gives_it_back(db: Any) -> None:
    def fails(unit: Any) -> None:
        next_number("N-{seq}", "")
        raise Refused

    with pytest.raises(Refused):
        in_transaction(fails)
    assert number("N-{seq}") == "N-1"
