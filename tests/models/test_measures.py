"""Percentages, ratings, lengths and times of a day, web addresses: what people type, and what is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from models.kernel.base.words import HANS, HANT, L, speaking
from models.kernel.language.fields import Duration, Percent, Rating, Time, Url
from models.kernel.language.typed import BadValue, parse
from views.kinds import kind_of

NAME = L("Name", "名稱")
SHARE, STARS, LASTED = Percent(label=NAME), Rating(label=NAME), Duration(label=NAME)
BEGUN, SOURCE = Time(label=NAME), Url(label=NAME)

MEANT: list[tuple[Any, str, Any]] = [
    (SHARE, "5", Decimal(5)), (SHARE, "12.5%", Decimal("12.5")), (SHARE, "１２．５％", Decimal("12.5")),
    (STARS, "4", 4), (STARS, "５", 5), (STARS, "4/5", 4), (STARS, "★★★☆☆ 3/5", 3),
    (LASTED, "1:30", 90), (LASTED, "90", 90), (LASTED, "90 min", 90), (LASTED, "90分", 90), (LASTED, "1.5 h", 90),
    (LASTED, "1.5小時", 90), (LASTED, "1小时30分钟", 90), (LASTED, "2 h 5 min", 125), (LASTED, "１：３０", 90),
    (LASTED, "0:05", 5), (LASTED, "100:00", 6000),
    (BEGUN, "09:30", 570), (BEGUN, "9:30", 570), (BEGUN, "9點30分", 570), (BEGUN, "0:00", 0), (BEGUN, "23:59", 1439),
]  # fmt: skip
REFUSED: list[tuple[Any, str]] = [
    (SHARE, "half"), (STARS, "★★★"), (STARS, "4/10"), (STARS, "4.5"),
    (LASTED, "1:75"), (LASTED, "soon"), (LASTED, "1.01 h"), (LASTED, "h"), (LASTED, "-1:30"),
    (BEGUN, "24:00"), (BEGUN, "9:60"), (BEGUN, "half past nine"), (BEGUN, "930"),
]  # fmt: skip
ADDRESSES = {
    "https://example.com/a?b=1#c": True, "http://例子.測試/路徑": True, "http://127.0.0.1:8000/": True,
    "javascript:alert(1)": False, "JAVASCRIPT://x/%0aalert(1)": False, "data:text/html,x": False,
    "//example.com": False, "https://": False, "https://user:secret@example.com": False, "ftp://example.com": False,
    "https://exa mple.com": False, "https://[::1": False, "example.com": False,
}  # fmt: skip


@pytest.mark.parametrize(("field", "text", "value"), MEANT)
def test_what_is_typed_is_understood(field: Any, text: str, value: Any) -> None:
    assert parse(field, text) == value
    assert not list(field.faults(value))
    assert parse(field, kind_of(field).typed(field.to_mongo(value))) == value, "an input reads back what it shows"


@pytest.mark.parametrize(("field", "text"), REFUSED)
def test_what_is_no_value_is_refused_in_a_sentence(field: Any, text: str) -> None:
    with pytest.raises(BadValue):
        parse(field, text)


@pytest.mark.parametrize(("field", "value"), [(SHARE, Decimal(101)), (SHARE, Decimal(-1)), (STARS, 0), (STARS, 6),
                                              (LASTED, -1), (BEGUN, 1440), (LASTED, 100_001)])  # fmt: skip
def test_beyond_the_scale_is_refused(field: Any, value: Any) -> None:
    assert list(field.faults(value))


@pytest.mark.parametrize("address", ADDRESSES)
def test_only_the_web_is_led_to(address: str) -> None:
    assert (not list(SOURCE.faults(address))) == ADDRESSES[address]
    assert ("<a " in str(kind_of(SOURCE).linked(address, {}))) == ADDRESSES[address]


def test_they_are_said_in_the_readers_language() -> None:
    with speaking(HANT):
        assert kind_of(LASTED).plain(125) == "2 小時 5 分"
        assert kind_of(STARS).plain(3) == "★★★☆☆ 3/5"
    with speaking(HANS):
        assert kind_of(LASTED).plain(125) == "2 小时 5 分"
    with speaking("en"):
        assert [kind_of(LASTED).plain(minutes) for minutes in (5, 60, 125)] == ["5 min", "1 h", "2 h 5 min"]
        assert kind_of(BEGUN).plain(65) == "01:05"


def test_a_rating_of_one_star_alone_is_none() -> None:
    assert Rating(most=1, label=NAME).own_faults == ("has most=1: a rating has two to ten steps",)
