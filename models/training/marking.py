"""Questions of the bank as values: what is asked, what is right, and what an answer is worth, in exact arithmetic.

Pure: nothing here reads a database. Options are known by keys that follow from their texts and say nothing else, so
that neither a key nor an order on a page tells what is right.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ..kernel.base.words import L, Words
from ..kernel.language import typed
from ..kernel.language.questions.kinds import plain_number
from ..kernel.language.questions.question import Option, Question

TRUE_FALSE, SINGLE, MULTIPLE, NUMBER, ORDERING, MATCHING, SHORT = (
    "true_false",
    "single",
    "multiple",
    "number",
    "ordering",
    "matching",
    "short",
)
BANK_KINDS = {
    TRUE_FALSE: L("True or false", "判斷題"),
    SINGLE: L("Single choice", "單選題"),
    MULTIPLE: L("Multiple choice", "多選題"),
    NUMBER: L("Number with tolerance", "數值題"),
    ORDERING: L("Ordering", "排序題"),
    MATCHING: L("Matching", "配對題"),
    SHORT: L("Short answer, marked by the trainer", "簡答題（講師評分）"),
}
ASKED_AS = {
    TRUE_FALSE: "single",
    SINGLE: "single",
    MULTIPLE: "multiple",
    NUMBER: "number",
    ORDERING: "ranking",
    MATCHING: "matrix",
    SHORT: "long",
}  # the kinds of the question engine, by which answers are drawn, read and checked
TRUE, FALSE = Option("yes", "True", others={"zh-Hant": "對"}), Option("no", "False", others={"zh-Hant": "錯"})
RIGHT_SIGN, PAIR_SIGNS = "*＊", "=＝"
OPTION_MAX, OPTIONS_MOST = 300, 40
KEY_LENGTH = 8
NOTHING, ALL = Fraction(0), Fraction(1)
FEW = L("Two options or more are needed, each on a line.", "至少需要兩個選項，每行一個。", code="required")
MANY = L("There are {count} options; {most} is the limit.", "選項共 {count} 個，最多 {most} 個。", code="too_many")
LONG = L("An option has {most} characters at most.", "每個選項最多 {most} 字。", code="too_long")
TWICE = L("“{text}” stands there twice.", "「{text}」重複。", code="twice")
NONE_RIGHT = L(
    "No option is marked as right. Put * before each right one.",
    "未標記正確選項，請在正確選項前加 *。",
    code="nothing_right",
)
MORE_RIGHT = L(
    "A single choice has one right option; {count} are marked.",
    "單選題只能有一個正確選項，現標記 {count} 個。",
    code="range",
)
NO_PAIR = L("“{line}” is no pair: write left = right.", "「{line}」不是配對，請填寫：左項 = 右項。", code="form")
NO_NUMBER = L("The right answer is a number, such as 12.5.", "正確答案須為數字，如 12.5。", code="form")
PICTURE = re.compile(r"!\[([^\[\]\n]*)\]\(([^()\n]+)\)")  # what is seen, and the name of the file
Faults = Iterator[tuple[str, Words]]


def in_words(text: str) -> str:
    """A text as it is read without its pictures: the words of each stand in its place."""
    return PICTURE.sub(lambda match: f"［{match[1].strip()}］", text) if "![" in text else text


@dataclass(frozen=True)
class BankItem:
    """A question of the bank as it stood in one edition. `right`: the key of an option, keys, a text of a number, keys
    in order, or keys by row; None: a person marks it."""

    kind: str
    text: str
    options: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, str] = field(default_factory=dict)
    right: Any = None
    tolerance: Fraction = NOTHING

    def as_question(self, key: str, options: Sequence[str], rows: Sequence[str]) -> Question:
        """The question as it is put to somebody, with its options and rows in their order; it does not know what is
        right."""
        shown = [Option(id, in_words(self.options[id])) for id in options if id in self.options]
        if self.kind == TRUE_FALSE:
            shown = [TRUE, FALSE]
        given = tuple(Option(id, in_words(self.rows[id])) for id in rows if id in self.rows)
        return Question(key, ASKED_AS[self.kind], in_words(self.text), options=shown, rows=given)

    @property
    def waits(self) -> bool:
        """Whether a person marks it."""
        return self.right is None


@dataclass(frozen=True)
class MarkRule:
    """How a quiz marks. `partial`: several right options give the share of the right ones that are chosen minus the
    share of the wrong ones, never below nothing, so that choosing all of them gives nothing; an order gives the share
    of what stands at its place, pairs the share of the right ones. Else all or nothing. `wrong_costs`: which share of
    its points a wrong single choice takes away."""

    partial: bool = False
    wrong_costs: Fraction = NOTHING


def exact_marks(given: Decimal | None, worth: str | None) -> Fraction | None:
    """The marks of an answer, exactly: those that the trainer gave, else what it is worth by itself; None: none yet."""
    if given is not None:
        return Fraction(given)
    return Fraction(worth) if worth else None


def share_of(item: BankItem, value: Any, rule: MarkRule) -> Fraction | None:
    """The share of the full points that an answer is worth, exactly; None: a person marks it. No answer is worth
    nothing."""
    if item.waits:
        return None if value else NOTHING
    if not value:
        return NOTHING
    share = _SHARES[item.kind](item, value)
    if item.kind in (TRUE_FALSE, SINGLE):
        return ALL if share == ALL else -rule.wrong_costs
    return share if rule.partial or share == ALL else NOTHING


def _single(item: BankItem, value: Any) -> Fraction:
    return Fraction(value == item.right)


def _multiple(item: BankItem, value: Any) -> Fraction:
    right, chosen = set(item.right), set(value)
    wrong = len(item.options) - len(right)
    lost = Fraction(len(chosen - right), wrong) if wrong else NOTHING
    return max(NOTHING, Fraction(len(chosen & right), len(right)) - lost)


def _number(item: BankItem, value: Any) -> Fraction:
    return Fraction(abs(Fraction(value) - Fraction(item.right)) <= item.tolerance)


def _ordering(item: BankItem, value: Any) -> Fraction:
    hits = sum(given == right for given, right in zip(value, item.right, strict=False))
    return Fraction(hits, len(item.right))


def _matching(item: BankItem, value: Any) -> Fraction:
    return Fraction(sum(value.get(row) == option for row, option in item.right.items()), len(item.right))


_SHARES: dict[str, Callable[[BankItem, Any], Fraction]] = {
    TRUE_FALSE: _single,
    SINGLE: _single,
    MULTIPLE: _multiple,
    NUMBER: _number,
    ORDERING: _ordering,
    MATCHING: _matching,
}


@dataclass(frozen=True)
class Typed:
    """A question as its author types it: options a line each, those that are right behind a *; an order as it is right;
    pairs as `left = right`; a number, or what a short answer should say, in `answer`."""

    kind: str
    text: str
    options: str = ""
    is_true: bool = False
    answer: str = ""
    tolerance: Decimal | None = None


def item_of(given: Typed, salt: str) -> tuple[BankItem, list[tuple[str, Words]]]:
    """What an author typed as a question, and what is wrong with it: pairs of field and sentence. `salt` belongs to the
    question alone: from it and the texts the keys follow."""
    read = _READERS.get(given.kind, _read_short)
    faults: list[tuple[str, Words]] = []
    facts = read(given, salt, faults)
    return BankItem(given.kind, given.text, **facts), faults


def _read_true_false(given: Typed, salt: str, faults: list[tuple[str, Words]]) -> dict[str, Any]:
    return {"right": TRUE.key if given.is_true else FALSE.key}


def _read_choice(given: Typed, salt: str, faults: list[tuple[str, Words]]) -> dict[str, Any]:
    lines = _lines(given.options)
    texts = [line.lstrip(RIGHT_SIGN).strip() for line in lines]
    right = [_key(salt, text) for text, line in zip(texts, lines, strict=True) if line[0] in RIGHT_SIGN]
    _check_options(texts, faults)
    if not right:
        faults.append(("options", NONE_RIGHT()))
    elif given.kind == SINGLE and len(right) > 1:
        faults.append(("options", MORE_RIGHT(count=len(right))))
    held = sorted(right) if given.kind == MULTIPLE else right[0] if right else ""
    return {"options": _keyed(salt, texts), "right": held}


def _read_ordering(given: Typed, salt: str, faults: list[tuple[str, Words]]) -> dict[str, Any]:
    texts = _lines(given.options)
    _check_options(texts, faults)
    return {"options": _keyed(salt, texts), "right": [_key(salt, text) for text in texts]}


def _read_matching(given: Typed, salt: str, faults: list[tuple[str, Words]]) -> dict[str, Any]:
    pairs: dict[str, str] = {}
    for line in _lines(given.options):
        left, sign, right = _parted(line)
        if not (left and sign and right):
            faults.append(("options", NO_PAIR(line=line[: KEY_LENGTH * 5])))
        elif left in pairs:
            faults.append(("options", TWICE(text=left)))
        else:
            pairs[left] = right
    if len(pairs) < 2:
        faults.append(("options", FEW()))
    rights = list(dict.fromkeys(pairs.values()))
    _check_lengths([*pairs, *rights], faults)
    keys = {_key(salt, f"row {left}"): _key(salt, right) for left, right in pairs.items()}
    rows = {_key(salt, f"row {left}"): left for left in pairs}
    return {"options": _keyed(salt, rights), "rows": dict(sorted(rows.items())), "right": dict(sorted(keys.items()))}


def _read_number(given: Typed, salt: str, faults: list[tuple[str, Words]]) -> dict[str, Any]:
    try:
        right = plain_number(typed.number_of(given.answer))
    except (ValueError, ArithmeticError):
        faults.append(("answer", NO_NUMBER()))
        right = "0"
    return {"right": right, "tolerance": Fraction(given.tolerance or 0)}


def _read_short(given: Typed, salt: str, faults: list[tuple[str, Words]]) -> dict[str, Any]:
    return {}


_READERS: dict[str, Callable[[Typed, str, list[tuple[str, Words]]], dict[str, Any]]] = {
    TRUE_FALSE: _read_true_false,
    SINGLE: _read_choice,
    MULTIPLE: _read_choice,
    NUMBER: _read_number,
    ORDERING: _read_ordering,
    MATCHING: _read_matching,
    SHORT: _read_short,
}


def _lines(text: str) -> list[str]:
    return [line.strip() for line in (text or "").splitlines() if line.strip(f" \t{RIGHT_SIGN}")]


def _parted(line: str) -> tuple[str, str, str]:
    at = next((place for place, letter in enumerate(line) if letter in PAIR_SIGNS), len(line))
    return line[:at].strip(), line[at : at + 1], line[at + 1 :].strip()


def marked_lines(text: str | None) -> list[tuple[bool, str]]:
    """The lines of options as an author typed them: whether each is marked as right, and what it says."""
    lines = _lines(text or "")
    return [(line[0] in RIGHT_SIGN, line.lstrip(RIGHT_SIGN).strip()) for line in lines]


def pair_of(line: str) -> tuple[str, str]:
    """Both sides of a pair."""
    left, _, right = _parted(line)
    return left, right


def _check_options(texts: Sequence[str], faults: list[tuple[str, Words]]) -> None:
    if len(texts) < 2:
        faults.append(("options", FEW()))
    faults += [("options", TWICE(text=text)) for text in dict.fromkeys(texts) if texts.count(text) > 1]
    _check_lengths(texts, faults)


def _check_lengths(texts: Sequence[str], faults: list[tuple[str, Words]]) -> None:
    if len(texts) > OPTIONS_MOST:
        faults.append(("options", MANY(count=len(texts), most=OPTIONS_MOST)))
    if any(len(text) > OPTION_MAX for text in texts):
        faults.append(("options", LONG(most=OPTION_MAX)))


def _key(salt: str, text: str) -> str:
    return hashlib.sha256(f"{salt}\0{text}".encode()).hexdigest()[:KEY_LENGTH]


def _keyed(salt: str, texts: Sequence[str]) -> dict[str, str]:
    """Texts by their keys, in the order of the keys: that of the author is not kept where people see it."""
    return dict(sorted((_key(salt, text), text) for text in texts))


def line_of(item: BankItem, key: str) -> dict[str, Any]:
    """A question as its edition is kept."""
    pairs = {name: [list(pair) for pair in getattr(item, name).items()] for name in ("options", "rows")}
    return {
        "key": key,
        "kind": item.kind,
        "text": item.text,
        **pairs,
        "right": item.right,
        "tolerance": str(item.tolerance),
    }


def read_line(line: Mapping[str, Any]) -> BankItem:
    """The question of a kept edition."""
    options, rows = (dict(line.get(name) or ()) for name in ("options", "rows"))
    tolerance = Fraction(line.get("tolerance") or "0")
    return BankItem(line["kind"], line["text"], options, rows, line.get("right"), tolerance)


def right_words(item: BankItem) -> str:
    """What is right, as people read it; empty where a person marks it."""
    if item.kind == TRUE_FALSE:
        return (TRUE if item.right == TRUE.key else FALSE).label
    if item.kind == NUMBER:
        tolerance = f" ± {plain_number(_decimal(item.tolerance))}" if item.tolerance else ""
        return f"{item.right}{tolerance}"
    if item.kind == MATCHING:
        return "; ".join(
            f"{in_words(item.rows[row])}: {in_words(item.options[key])}" for row, key in item.right.items()
        )
    if item.kind == ORDERING:
        return " > ".join(in_words(item.options[key]) for key in item.right)
    keys = [item.right] if item.kind == SINGLE else item.right or ()
    return "; ".join(in_words(item.options[key]) for key in keys)


def _decimal(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / Decimal(number.denominator)
