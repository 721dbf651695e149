"""What somebody wrote on a printed paper, as it stands in a cell: letters of the options in the order of that paper, a
number, or words. Pure.

Choices: `A`, `ACD`. True or false: A or B, or the words. An order: all letters as they were put, `CAB`. Pairs: the
letters of the right sides by the rows of the left ones, `BA`, or `1B 2A`. A dash: not answered.
"""

from __future__ import annotations

import re
from string import ascii_uppercase
from typing import Any

from ..kernel.base.words import L, Words
from ..kernel.language import typed
from ..kernel.language.questions.kinds import LONG_MAX, plain_number
from .marking import FALSE, MATCHING, MULTIPLE, NUMBER, ORDERING, SHORT, SINGLE, TRUE, TRUE_FALSE

LETTERS = ascii_uppercase + "abcdefghijklmnopqrstuvwxyz"[:14]  # forty: as many as a question may have options
NOTHING_WRITTEN = frozenset("- － — – / ／".split())
_TRUE, _FALSE = frozenset("T TRUE 對 对 是 ✓ √ ○ YES Y".split()), frozenset("F FALSE 錯 错 否 ✗ ✕ × X NO N".split())
_BETWEEN = re.compile(r"[\s,;.、，；。>＞\-－→]+")
_PAIR = re.compile(r"(\d{1,2})[\s:：=＝.\-]*([A-Za-z])")
NO_LETTER = L(
    "“{text}” is no letter of an option; this question has A to {last}.",
    "「{text}」不是選項字母，此題選項為 A 至 {last}。",
)
ONE_LETTER = L("One letter is wanted here.", "此題只能填一個字母。")
LETTER_TWICE = L("A letter stands there twice.", "字母重複。")
ALL_LETTERS = L("All {count} letters are wanted, in the order that was written.", "須按作答順序填全部 {count} 個字母。")
EACH_ROW = L(
    "A letter for each of the {count} rows is wanted, or 1B 2A.", "須為 {count} 行各填一個字母，或寫作 1B 2A。"
)
NO_NUMBER = L("“{text}” is no number.", "「{text}」不是數字。")
TOO_LONG = L("At most {most} characters.", "最多 {most} 字。")


class NotAnAnswer(Exception):
    """What stands in the cell cannot be an answer; the argument is the sentence."""

    def __init__(self, words: Words):
        super().__init__(str(words))
        self.words = words


def read_cell(kind: str, options: list[str], rows: list[str], text: str) -> Any:
    """The answer in a cell, as an attempt keeps it; None where nothing was answered. `options`, `rows`: their keys in
    the order of the paper. Raises NotAnAnswer."""
    text = text.strip()
    if not text or text in NOTHING_WRITTEN:
        return None
    if kind == SHORT:
        if len(text) > LONG_MAX:
            raise NotAnAnswer(TOO_LONG(most=LONG_MAX))
        return text
    if kind == NUMBER:
        return _number(text)
    if kind == TRUE_FALSE:
        return _truth(text)
    return _of_letters(kind, options, rows, text)


def _number(text: str) -> str:
    try:
        return plain_number(typed.number_of(text))
    except (ValueError, ArithmeticError) as fault:
        raise NotAnAnswer(NO_NUMBER(text=text[:40])) from fault


def _truth(text: str) -> str:
    sign = _wide(text).upper()
    if sign in _TRUE | {"A"}:
        return str(TRUE.key)
    if sign in _FALSE | {"B"}:
        return str(FALSE.key)
    raise NotAnAnswer(NO_LETTER(text=text[:40], last="B"))


def _of_letters(kind: str, options: list[str], rows: list[str], text: str) -> Any:
    text = _wide(text)
    if kind == MATCHING and (pairs := _PAIR.findall(text)) and not _PAIR.sub("", text).strip(" ,;，；、"):
        return _pairs(options, rows, pairs)
    keys = [_key(letter, options) for letter in _BETWEEN.sub("", text)]
    if kind == MATCHING:
        if len(keys) != len(rows):
            raise NotAnAnswer(EACH_ROW(count=len(rows)))
        return dict(zip(rows, keys, strict=True))
    if len(set(keys)) < len(keys):
        raise NotAnAnswer(LETTER_TWICE)
    if kind == SINGLE:
        if len(keys) != 1:
            raise NotAnAnswer(ONE_LETTER)
        return keys[0]
    if kind == ORDERING and len(keys) != len(options):
        raise NotAnAnswer(ALL_LETTERS(count=len(options)))
    return sorted(keys) if kind == MULTIPLE else keys


def _pairs(options: list[str], rows: list[str], pairs: list[tuple[str, str]]) -> dict[str, str]:
    given: dict[str, str] = {}
    for number, letter in pairs:
        if not 1 <= int(number) <= len(rows) or rows[int(number) - 1] in given:
            raise NotAnAnswer(EACH_ROW(count=len(rows)))
        given[rows[int(number) - 1]] = _key(letter, options)
    return given


def _key(letter: str, options: list[str]) -> str:
    sign = letter if len(options) > 26 else letter.upper()
    place = LETTERS.find(sign)
    if not 0 <= place < len(options):
        raise NotAnAnswer(NO_LETTER(text=letter, last=LETTERS[len(options) - 1]))
    return options[place]


def _wide(text: str) -> str:
    """Letters and digits of full width as those of half width."""
    return "".join(chr(ord(sign) - 0xFEE0) if "！" <= sign <= "～" else sign for sign in text)
