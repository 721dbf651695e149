"""What people type for dates and numbers, and what it means; what could mean two things is refused."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from models.kernel.fields import Day, Money, Number, Whole
from models.kernel.typed import BadValue, day_of, moment_of, number_of, parse, whole_of
from models.kernel.words import L

TODAY = dt.date(2026, 11, 5)
LABEL = L("Field", "字段")


@pytest.mark.parametrize(
    "typed",
    [
        "2026-11-23",
        "2026/11/23",
        "2026.11.23",
        "20261123",
        "２０２６１１２３",
        "2026年11月23日",
        "11-23",
        "11/23",
        "11月23日",
    ],
)
def test_dates(typed: str) -> None:
    assert day_of(typed, TODAY) == dt.date(2026, 11, 23)


@pytest.mark.parametrize(
    "typed", ["23-11", "2026-13-01", "20261301", "2026-02-30", "26-11-23", "123", "soon", "٢٠٢٦-١١-٢٣"]
)
def test_no_dates(typed: str) -> None:
    with pytest.raises(ValueError):
        day_of(typed, TODAY)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2026-11-23T09:30", "2026-11-23T09:30:00"),
        ("2026-11-23T09:30:15", "2026-11-23T09:30:15"),
        ("11/23 9:30", "2026-11-23T09:30:00"),
        ("2026年11月23日 14時30分", "2026-11-23T14:30:00"),
        ("20261123", "2026-11-23T00:00:00"),
    ],
)
def test_moments(typed: str, meant: str) -> None:
    assert moment_of(typed, TODAY).isoformat() == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("1,234.50", "1234.50"), ("１，２３４．５", "1234.5"), ("¥1,234", "1234"), ("￥88元", "88"),
        ("3.5萬", "35000"), ("3.5万元", "35000"), ("1.2億", "120000000"), ("12千萬", "120000000"), ("(100)", "-100"),
        ("-1 000", "-1000"), (".5", "0.5"), ("-¥5", "-5"), ("100元整", "100"), ("1 234 567", "1234567"),
    ],
)  # fmt: skip
def test_numbers(typed: str, meant: str) -> None:
    assert number_of(typed) == Decimal(meant)


@pytest.mark.parametrize(
    "typed",
    [
        "1,5",
        "1,23,456",
        "1.234,56",
        "12abc",
        "",
        "¥",
        "萬",
        "1e5",
        "NaN",
        "Infinity",
        "1_000",
        "15%",
        "--5",
        "9" * 41,
        "٣",
    ],
)
def test_what_is_no_number_or_could_be_two(typed: str) -> None:
    with pytest.raises(ValueError):
        number_of(typed)


def test_whole_numbers() -> None:
    assert [whole_of(one) for one in ("3", "3.0", "1,000", "2萬")] == [3, 3, 1000, 20000]
    with pytest.raises(ValueError):
        whole_of("3.5")


def test_fields_read_what_is_meant() -> None:
    assert parse(Number(label=LABEL, unit="%"), "15％") == Decimal(15)
    assert parse(Money(label=LABEL), "１，２３４．５０元") == Decimal("1234.50")
    assert parse(Whole(label=LABEL), "2萬") == 20000
    assert parse(Day(label=LABEL), "20261123") == dt.date(2026, 11, 23)
    for field, typed in ((Money(label=LABEL), "15%"), (Whole(label=LABEL), "1.5"), (Day(label=LABEL), "11-31")):
        with pytest.raises(BadValue) as bad:
            parse(field, typed)
        assert "Field" in bad.value.sentence.en if isinstance(bad.value.sentence, L) else str(bad.value.sentence)
