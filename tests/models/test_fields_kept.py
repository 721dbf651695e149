"""How each kind of field is kept and read again: a quick look without a server, in mongomock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

import mongoengine as me
import mongomock
import pytest
from bson import Decimal128

from models.kernel.base import secrets
from models.kernel.base.words import L
from models.kernel.language.fields import (
    Choice,
    Choices,
    Day,
    Flag,
    Line,
    Lines,
    Moment,
    Money,
    Number,
    Sealed,
    Tags,
    Text,
)

ALIAS = "fields_kept"
AB = {"a": L("A", "甲"), "b": L("B", "乙")}


class KeptLine(Line):
    """A line of the sample."""

    name = Text(label=L("Name", "名稱"))
    price = Money(label=L("Price", "價格"))


class Kept(me.Document):
    """One field of each kind."""

    meta = {"db_alias": ALIAS, "collection": "kept", "auto_create_index": False}

    text = Text(label=L("Text", "文字"))
    money = Money(label=L("Money", "金額"))
    weight = Number(places=3, label=L("Weight", "重量"))
    day = Day(label=L("Day", "日期"))
    at = Moment(label=L("At", "時間"))
    flag = Flag(label=L("Flag", "標記"))
    single = Choice(AB, label=L("One", "單選"))
    many = Choices(AB, label=L("Many", "多選"))
    tags = Tags(label=L("Tags", "標籤"))
    secret = Sealed(Text(), label=L("Secret", "秘密"))
    lines = Lines(KeptLine, label=L("Lines", "明細"))


VALUES = {
    "text": "蘇州恒遠",
    "money": Decimal("12.5"),
    "weight": Decimal("1.25"),
    "day": dt.date(2028, 2, 29),
    "at": dt.datetime(2026, 11, 23, 1, 2, 3, tzinfo=dt.UTC),
    "flag": False,
    "single": "a",
    "many": ["b"],
    "tags": ["急"],
    "secret": "13800000000",
}


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    monkeypatch.setattr(secrets, "_ring", {})  # the keys of this test are gone with it
    monkeypatch.setattr(secrets, "_newest", [])
    secrets.set_keys({1: b"k" * 64})
    me.connect(
        "kept", alias=ALIAS, mongo_client_class=mongomock.MongoClient, tz_aware=True, uuidRepresentation="standard"
    )
    yield Kept(**VALUES, lines=[KeptLine(name="線", price=Decimal(7))]).save()
    me.disconnect(ALIAS)


def test_every_value_comes_back(kept: Kept) -> None:
    again = Kept.objects.get(id=kept.id)
    assert {name: getattr(again, name) for name in VALUES} == VALUES
    assert [(line.name, line.price) for line in again.lines] == [("線", Decimal("7.00"))]


def test_money_is_kept_exactly_and_secrets_are_not_readable(kept: Kept) -> None:
    raw = Kept._get_collection().find_one({})
    assert raw["money"] == Decimal128("12.50")
    assert raw["weight"] == Decimal128("1.250")
    assert b"138" not in bytes(raw["secret"])
    assert raw["day"].replace(tzinfo=None) == dt.datetime(2028, 2, 29)  # noqa: DTZ001 - as kept, without a zone
