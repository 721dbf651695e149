"""What an answer is worth (5.2): each kind by the rule that its page states, in exact arithmetic."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from models.training.marking import (
    BankItem,
    MarkRule,
    Typed,
    item_of,
    line_of,
    read_line,
    right_words,
    share_of,
)

PARTIAL, WHOLE = MarkRule(partial=True), MarkRule()
OPTIONS = "* 甲\n乙\n* 丙\n* 丁\n戊"


def made(kind: str, **facts: Any) -> BankItem:
    item, faults = item_of(Typed(kind, "題目", **facts), "salt")
    assert not faults
    return item


def keys(item: BankItem, *texts: str) -> list[str]:
    return [key for text in texts for key, known in item.options.items() if known == text]


@pytest.mark.parametrize(
    ("chosen", "partly", "whole"),
    [
        (("甲", "丙", "丁"), Fraction(1), 1),
        (("甲", "丙"), Fraction(2, 3), 0),
        (("甲", "丙", "乙"), Fraction(1, 6), 0),
        (("甲", "乙", "戊"), Fraction(0), 0),
        (("甲", "乙", "丙", "丁", "戊"), Fraction(0), 0),  # marking everything gives nothing
        ((), Fraction(0), 0),
    ],
)
def test_several_right_options(chosen: tuple[str, ...], partly: Fraction, whole: int) -> None:
    item = made("multiple", options=OPTIONS)
    assert share_of(item, keys(item, *chosen), PARTIAL) == partly
    assert share_of(item, keys(item, *chosen), WHOLE) == whole


@pytest.mark.parametrize(
    ("given", "share"), [("3.14", 1), ("3.24", 1), ("3.2400", 1), ("3.04", 1), ("3.2401", 0), ("-3.14", 0), ("", 0)]
)
def test_a_number_within_its_tolerance_exactly(given: str, share: int) -> None:
    assert share_of(made("number", answer="3.14", tolerance=Decimal("0.1")), given, WHOLE) == share


def test_orders_and_pairs() -> None:
    order = made("ordering", options="一\n二\n三")
    right = [key for text in "一二三" for key in keys(order, text)]
    assert share_of(order, right, WHOLE) == 1
    assert share_of(order, [right[0], right[2], right[1]], PARTIAL) == Fraction(1, 3)
    assert share_of(order, [right[0], right[2], right[1]], WHOLE) == 0
    pairs = made("matching", options="貓 = 喵\n狗 ＝ 汪\n牛 = 哞")
    wrong = {**pairs.right, next(iter(pairs.right)): ""}
    assert share_of(pairs, pairs.right, WHOLE) == 1
    assert share_of(pairs, wrong, PARTIAL) == Fraction(2, 3)


def test_a_wrong_single_choice_costs_and_none_does_not() -> None:
    item = made("single", options="* 對\n錯\n不知")
    rule = MarkRule(wrong_costs=Fraction(1, 3))
    assert share_of(item, keys(item, "對")[0], rule) == 1
    assert share_of(item, keys(item, "錯")[0], rule) == Fraction(-1, 3)
    assert share_of(item, None, rule) == 0


def test_a_short_answer_waits_and_an_empty_one_is_worth_nothing() -> None:
    item = made("short", answer="要點")
    assert share_of(item, "我認為……", WHOLE) is None
    assert share_of(item, None, WHOLE) == 0


@pytest.mark.parametrize(
    ("kind", "facts", "code"),
    [
        ("single", {"options": "甲\n乙"}, "nothing_right"),
        ("multiple", {"options": "甲\n乙"}, "nothing_right"),
        ("single", {"options": "* 甲\n* 乙"}, "range"),
        ("single", {"options": "* 甲"}, "required"),
        ("single", {"options": "* 甲\n甲\n乙"}, "twice"),
        ("ordering", {"options": "一"}, "required"),
        ("matching", {"options": "貓 喵\n狗 = 汪\n牛 = 哞"}, "form"),
        ("matching", {"options": "貓 = 喵\n貓 = 汪\n牛 = 哞"}, "twice"),
        ("number", {"answer": "約三"}, "form"),
        ("single", {"options": "* " + "長" * 301 + "\n乙"}, "too_long"),
    ],
)
def test_a_question_that_cannot_be_marked_is_refused(kind: str, facts: dict[str, Any], code: str) -> None:
    faults = item_of(Typed(kind, "題目", **facts), "salt")[1]
    assert code in {sentence.pattern.code for _, sentence in faults}


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        ("true_false", {"is_true": True}),
        ("single", {"options": "* 對\n錯"}),
        ("multiple", {"options": OPTIONS}),
        ("number", {"answer": "3.14", "tolerance": Decimal("0.001")}),
        ("ordering", {"options": "一\n二"}),
        ("matching", {"options": "貓 = 喵\n狗 = 汪"}),
        ("short", {"answer": "要點"}),
    ],
)
def test_an_edition_is_read_as_it_was_kept(kind: str, facts: dict[str, Any]) -> None:
    item = made(kind, **facts)
    assert read_line(line_of(item, "id")) == item
    assert bool(right_words(item)) is not item.waits


def test_what_is_asked_says_nothing_of_what_is_right() -> None:
    first = item_of(Typed("single", "題目", "* 對\n錯\n不知"), "s")[0]
    second = item_of(Typed("single", "題目", "對\n錯\n* 不知"), "s")[0]
    assert first.options == second.options
    assert first.as_question("1", [*first.options], ()) == second.as_question("1", [*first.options], ())
