"""Conditions under which a question is shown: read from a text, and evaluated as `static/questions.js` does.

`visited = yes and (score < 3 or reasons has price)`, `email answered`. A comparison with a question that is hidden or
not answered does not hold, whatever it compares; `unanswered` alone holds then. Only earlier questions may be named,
so no circle can be written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from ...base.words import L, Words

TEXT_MAX = 500
DEPTH_MAX = 10
UNREADABLE = L(
    "the condition cannot be read at “{part}”: write it like q1 = yes and (q2 > 3 or q3 has price)",
    "條件在「{part}」處無法讀懂，請按此格式填寫：q1 = yes and (q2 > 3 or q3 has price)",
    code="form",
)
AT_END = L("its end", "結尾")
NOT_BEFORE = L(
    "the condition names “{code}”, and no question with that code stands before this question",
    "條件引用「{code}」，而本題之前沒有此代碼的問題",
    code="not_before",
)
NOT_COMPARED = L(
    "the condition compares “{code}” by “{sign}”, which its kind of question does not allow",
    "條件對「{code}」使用「{sign}」，該題型不允許",
    code="form",
)
NO_SUCH_OPTION = L(
    "the condition compares “{code}” with “{value}”, which is none of its options or values",
    "條件將「{code}」與「{value}」比較，而該題沒有此選項或數值",
    code="not_a_choice",
)

NUMBER, TEXT = "number", "text"
ANSWERED, UNANSWERED = "answered", "unanswered"
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda given, value: given == value,
    "!=": lambda given, value: given != value,
    "<": lambda given, value: given < value,
    "<=": lambda given, value: given <= value,
    ">": lambda given, value: given > value,
    ">=": lambda given, value: given >= value,
}
_LIST: dict[str, Callable[[Any, Any], bool]] = {
    "has": lambda given, value: value in given,
    "lacks": lambda given, value: value not in given,
}
SIGNS = frozenset({*_ORDER, *_LIST})
_WORDS = {
    "且": "and",
    "或": "or",
    "含": "has",
    "不含": "lacks",
    "已答": ANSWERED,
    "未答": UNANSWERED,
    "≠": "!=",
    "≤": "<=",
    "≥": ">=",
    "＝": "=",
    "（": "(",
    "）": ")",
}
_PART = re.compile(r"\s*(!=|<=|>=|[=<>()≠≤≥＝（）]|[^\s=<>!()≠≤≥＝（）]+)")
KNOWN = frozenset({"and", "or", "(", ")", ANSWERED, UNANSWERED, *SIGNS})


class BadCondition(Exception):
    """A condition that means nothing, with the sentence that says why."""

    def __init__(self, sentence: Words):
        super().__init__(str(sentence))
        self.sentence = sentence


def compiled(text: str, leaf: Callable[[str, str, str], list[Any]]) -> Any:
    """A condition as a tree of lists, which JSON holds as it is: `["all", […]]`, `["any", […]]`, `[sign, key, value,
    kind]`. `leaf` makes a comparison of code, sign and value. Raises BadCondition."""
    return _ConditionReader(text, leaf).whole()


class _ConditionReader:
    """Reads a condition from left to right; `and` binds closer than `or`."""

    def __init__(self, text: str, leaf: Callable[[str, str, str], list[Any]]):
        if len(text) > TEXT_MAX:
            raise BadCondition(UNREADABLE(part=text[:20]))
        self.parts, self.at, self.leaf = list(_parts(text)), 0, leaf

    def whole(self) -> Any:
        tree = self._any(0)
        if self.at < len(self.parts):
            raise self._unreadable()
        return tree

    def _any(self, depth: int) -> Any:
        return self._joined("or", "any", lambda: self._all(depth))

    def _all(self, depth: int) -> Any:
        return self._joined("and", "all", lambda: self._single(depth))

    def _joined(self, word: str, name: str, part: Callable[[], Any]) -> Any:
        trees = [part()]
        while self._next() == word:
            self.at += 1
            trees.append(part())
        return trees[0] if len(trees) == 1 else [name, trees]

    def _single(self, depth: int) -> Any:
        if self._next() == "(" and depth < DEPTH_MAX:
            self.at += 1
            tree = self._any(depth + 1)
            self._take(")")
            return tree
        code = self._name()
        sign = self._next()
        if sign in (ANSWERED, UNANSWERED):
            self.at += 1
            return self.leaf(code, sign, "")
        if sign not in SIGNS:
            raise self._unreadable()
        self.at += 1
        return self.leaf(code, sign, self._name())

    def _next(self) -> str:
        return self.parts[self.at] if self.at < len(self.parts) else ""

    def _take(self, part: str) -> None:
        if self._next() != part:
            raise self._unreadable()
        self.at += 1

    def _name(self) -> str:
        name = self._next()
        if not name or name in KNOWN:
            raise self._unreadable()
        self.at += 1
        return name

    def _unreadable(self) -> BadCondition:
        return BadCondition(UNREADABLE(part=self._next() or AT_END))


def _parts(text: str) -> Iterator[str]:
    at, text = 0, text.strip()
    while at < len(text):
        if not (match := _PART.match(text, at)):
            raise BadCondition(UNREADABLE(part=text[at : at + 20].strip()))
        part = match[1]
        yield _WORDS.get(part, part.lower() if part.lower() in KNOWN else part)
        at = match.end()


def holds(tree: Any, answers: Mapping[str, Any]) -> bool:
    """Whether a condition holds for the answers to the questions that are shown, by key."""
    if tree is None:
        return True
    name = tree[0]
    if name == "all":
        return all(holds(part, answers) for part in tree[1])
    if name == "any":
        return any(holds(part, answers) for part in tree[1])
    given = answers.get(tree[1])
    if name in (ANSWERED, UNANSWERED):
        return bool(given) == (name == ANSWERED)
    return bool(given) and _compared(name, given, tree[2], tree[3])


def _compared(sign: str, given: Any, value: str, kind: str) -> bool:
    if sign in _LIST:
        return _LIST[sign](given, value)
    return _ORDER[sign](Decimal(given), Decimal(value)) if kind == NUMBER else _ORDER[sign](given, value)
