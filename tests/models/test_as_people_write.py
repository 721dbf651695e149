"""Texts, dates, numbers, telephone numbers and addresses as people and their programs write them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from models.kernel.base.search import contains, folded, normal, search_fields, span_in
from models.kernel.base.words import L
from models.kernel.language.fields import Flag, Mail, Phone, Sealed, Text
from models.kernel.language.typed import BadValue, day_of, flag_of, joined_names, moment_of, number_of, parse, readings

TODAY = dt.date(2026, 11, 23)
FOLDED = [
    ("王乾", "王乾坤精密有限公司"),
    ("乾隆", "乾隆乾燥設備"),
    ("張三豐", "張　三豐木業"),
    ("張 三豐", "張三豐木業"),
    ("零寬機電", "零\u200b寬機電有限公司"),
    ("長期", "⻓期合同"),
    ("門店", "⻔店"),
    ("车间", "⻋間"),
    ("第3页", "第3⻚"),
    ("人力", "⼈⼒"),
    ("見附件", "⻅附件"),
    ("cooperation", "coop\u00aderation"),
    ("Café", "CAFE\u0301 de Paris"),
    ("abc123", "ＡＢＣ１２３"),
    ("公司", "公\u2060司\ufeff"),
]


@pytest.mark.parametrize(("typed", "stored"), FOLDED)
def test_a_part_folds_as_in_the_whole(db: Any, typed: str, stored: str) -> None:
    assert folded(typed) in folded(stored)
    assert span_in(stored, folded(typed))
    rows = db["search_sample"]
    rows.delete_many({})
    rows.insert_one(search_fields([stored]))
    assert rows.count_documents(contains(typed)) == 1


def test_folding_is_the_same_for_every_cut() -> None:
    text = "後臺乾坤瞭望　⻓⻔Ｃafe\u0301 著作裏面 干預發髮"
    for at in range(1, len(text)):
        first, second = folded(text[:at]), folded(text[at:])
        assert (first + second).replace(" ", "") == folded(text).replace(" ", "")
    assert normal(normal(text)) == normal(text)


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("2026/11/2 0:00", dt.date(2026, 11, 2)),
        ("2026-11-30 00:00:00", dt.date(2026, 11, 30)),
        ("2026-11-30T00:00:00.000", dt.date(2026, 11, 30)),
        ("2026 年 11 月 2 日", dt.date(2026, 11, 2)),
        ("2026. 11. 2", dt.date(2026, 11, 2)),
        ("２０２６／１１／２", dt.date(2026, 11, 2)),
        ("\u200e2026-11-02", dt.date(2026, 11, 2)),
        ("2026-11-2 9", None),
        ("2026-11-2 9:00", None),
        ("2026 11 2", None),
        ("11-2 3", None),
        ("2026年11月2日9時", None),
        ("2026 1123", None),
        ("2026-02-30", None),
    ],
)
def test_a_date_is_never_another_day(typed: str, day: dt.date | None) -> None:
    if day is None:
        with pytest.raises(ValueError):
            day_of(typed, TODAY)
    else:
        assert day_of(typed, TODAY) == day


@pytest.mark.parametrize(
    ("typed", "moment"),
    [
        ("2026-11-2 9:05", dt.datetime.fromisoformat("2026-11-02T09:05")),
        ("2026 年 11 月 2 日 9:05", dt.datetime.fromisoformat("2026-11-02T09:05")),
        ("2026-11-2 9", None),
        ("2026-11-2 9 5", None),
    ],
)
def test_a_time_is_never_another_time(typed: str, moment: dt.datetime | None) -> None:
    if moment is None:
        with pytest.raises(ValueError):
            moment_of(typed, TODAY)
    else:
        assert moment_of(typed, TODAY) == moment


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("1 234", "1234"),
        ("1 234 567.5", "1234567.5"),
        ("NT$ 1,234.50", "1234.50"),
        ("- 5", "-5"),
        ("３．５ 萬", "35000"),
        ("12 5", None),
        ("1 2", None),
        ("1 2345", None),
        ("0.5 5", None),
    ],
)
def test_blanks_in_a_number_group_thousands_or_nothing(typed: str, number: str | None) -> None:
    if number is None:
        with pytest.raises(ValueError):
            number_of(typed)
    else:
        assert number_of(typed) == Decimal(number)


@pytest.mark.parametrize("typed", "是 Y yes √ ✓ 對 对 true 1 ＹＥＳ on".split())
def test_yes_is_yes_everywhere(typed: str) -> None:
    assert flag_of(typed) is True
    assert parse(Flag(), f" {typed}\u200b") is True


@pytest.mark.parametrize("typed", "否 N no × ✗ 錯 错 false 0".split())
def test_no_is_no_everywhere(typed: str) -> None:
    assert flag_of(typed) is False


def test_what_is_neither_is_said() -> None:
    with pytest.raises(BadValue, match="yes or no"):
        parse(Flag(label=L("Field", "字段")), "perhaps")


@pytest.mark.parametrize(
    "typed",
    [
        "(02) 2696-1234",
        "（0571）88886666",
        "(+86)138 0013 8000",
        "+86-138-0013-8000",
        "0571-88886666轉802",
        "0571-88886666 转 802",
        "021 5555 0001 ext. 802",
        "138.0013.8000",
        "400-820-8820#3",
        "02-26961234 分機 12",
        "０２－２６９６１２３４",
        "0571-88886666、88886667",
        "電話：0571-88886666",
    ],
)
def test_telephone_numbers_as_people_write_them(typed: str) -> None:
    for field in (Phone(), Sealed(Phone())):
        assert list(field.faults(parse(field, typed))) == []


@pytest.mark.parametrize("typed", ["call me", "----------", "12", "1234", "轉轉轉轉轉轉", "<script>12345", "12345+"])
def test_what_nobody_can_call_is_refused(typed: str) -> None:
    assert list(Phone().faults(parse(Phone(), typed)))


@pytest.mark.parametrize(
    "typed",
    ["liu@公司.中国", "li.u+x@例子.公司.香港", "a@xn--fiqs8s.xn--fiqs8s", "ａ＠ｂ.com", "q@sub.mail.example.com"],
)
def test_addresses_as_people_write_them(typed: str) -> None:
    assert list(Mail().faults(parse(Mail(), typed))) == []


@pytest.mark.parametrize("typed", ["a@b", "a b@c.com", "a@-.com", "a@公司", "a@b..com", "@b.com", "a@b.c1"])
def test_what_is_no_address_is_refused(typed: str) -> None:
    assert list(Mail().faults(parse(Mail(), typed)))


def test_what_nobody_can_see_is_not_kept_in_one_line() -> None:
    assert parse(Text(), "\u200bA\u200b-1\ufeff ") == "A-1"
    assert parse(Text(), "👩\u200d🔧 班組") == "👩\u200d🔧 班組"


def test_names_with_commas_inside() -> None:
    known = {"甲、乙有限公司", "丙", "Smith, Sons; Co", "甲", "乙"}.__contains__
    assert readings("甲、乙有限公司、丙", known) == [["甲、乙有限公司", "丙"]]
    assert readings("Smith, Sons; Co, 丙", known) == [["Smith, Sons; Co", "丙"]]
    assert readings("甲、戊", known) == []
    assert len(readings("甲、乙", lambda name: known(name) or name == "甲、乙")) == 2
    assert "甲、乙有限公司" in list(joined_names(" 甲、乙有限公司 ，丙"))
