"""A questionnaire as people write it, line by line: read into questions, with everything that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from bson import Decimal128

from ...base.words import LOCALES, L, Words
from .. import typed
from .conditions import (
    NO_SUCH_OPTION,
    NOT_BEFORE,
    NOT_COMPARED,
    BadCondition,
    compiled,
)
from .kinds import KINDS
from .question import OTHER, Option, Question

OPTIONS_MAX, OPTION_TEXT_MAX, KEY_MAX = 200, 200, 40
KEY = re.compile(rf"[A-Za-z0-9_]{{1,{KEY_MAX}}}")
IN_LINE = L("Question {n} ({name}): {fault}.", "第 {n} 題（{name}）：{fault}。", code="question")
DOUBLED = L("the code “{code}” stands at an earlier question, too", "代碼「{code}」與前面的題目重複", code="twice")
NO_CODE = L(
    "it needs a code of its own of letters, digits and _, such as q1",
    "須填寫由字母、數字和 _ 組成的代碼，如 q1",
    code="required",
)
NO_KIND = L("it has no kind that is known", "題型不明", code="form")
NO_OPTIONS = L(
    "it needs two options or more, each on a line: key | label | points",
    "至少需要兩個選項，每行一個：代碼 | 名稱 | 分值",
    code="required",
)
NO_ROWS = L("it needs rows, each on a line: key | label", "需要填寫行，每行一個：代碼 | 名稱", code="required")
NOT_TAKEN = L("its kind takes no {what}", "該題型不使用{what}", code="form")
BAD_OPTION = L(
    "“{line}” is no option: write key | label | points, the key of letters, digits and _",
    "「{line}」不是選項，請填寫：代碼 | 名稱 | 分值，代碼由字母、數字和 _ 組成",
    code="form",
)
OPTION_DOUBLED = L("the key “{key}” stands twice", "代碼「{key}」重複", code="twice")
KEPT_KEY = L("the key “other” is kept for the free option", "代碼 other 保留給「其他」選項", code="form")
TOO_MANY_OPTIONS = L("it has more than {most} options", "選項超過 {most} 個", code="too_many")
LEAST_OVER_MOST = L("least ({least}) is more than most ({most})", "最小值（{least}）大於最大值（{most}）", code="range")
NOT_A_COUNT = L(
    "least and most count options: whole numbers from 0 to {most}",
    "最少與最多為選項數：0 至 {most} 的整數",
    code="range",
)
BAD_TEXT = L(
    "“{line}” is no translation: write zh-Hant: text, or zh-Hant/key: text for an option",
    "「{line}」不是譯文，請填寫 en: 文字，選項則為 en/代碼: 文字",
    code="form",
)
OPTIONS, ROWS, RANGE, FREE, POINTS, REQUIRED, GROUPS = (
    L("options", "選項"),
    L("rows", "行"),
    L("least or most", "最小或最大值"),
    L("“other”", "「其他」"),
    L("points", "分值"),
    L("“required”", "「必答」"),
    L("results by its answers", "分組查看結果"),
)
_TRANSLATION = re.compile(rf"({'|'.join(LOCALES)})(?:/([A-Za-z0-9_]{{1,{KEY_MAX}}}))?\s*[:：]\s*(.+)")
Say = Callable[[Words, str], None]  # what is wrong, and in which column
Others = Mapping[str, dict[str, str]]


def questions_of(lines: Sequence[Mapping[str, Any]]) -> list[Question]:
    """The questions of lines that were checked before; what is wrong all the same is left out."""
    return _read(lines, lambda *_: None)


def faults_of(lines: Sequence[Mapping[str, Any]]) -> Iterator[Words]:
    """Everything that is wrong with a questionnaire, in the order of the questions."""
    yield from (sentence for _, sentence in cell_faults(lines))


def cell_faults(lines: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Words]]:
    """The same, each with the cell that it is about: `line.column`, lines counted from 0."""
    said: list[tuple[str, Words]] = []
    _read(
        lines,
        lambda n, name, fault, column: said.append((f"{n - 1}.{column}", IN_LINE(n=n, name=name, fault=fault))),
    )
    yield from said


def _read(lines: Sequence[Mapping[str, Any]], say: Callable[[int, str, Words, str], None]) -> list[Question]:
    questions: list[Question] = []
    by_code: dict[str, Question] = {}
    for n, line in enumerate(lines, start=1):
        code = _text(line, "code")
        fault = partial(say, n, code or _text(line, "text")[:KEY_MAX])
        if (question := _question(line, code, by_code, fault)) is None:
            continue
        questions.append(question)
        if code and KINDS[question.kind].takes_answers:
            by_code.setdefault(code, question)
    return questions


def _question(line: Mapping[str, Any], code: str, before: Mapping[str, Question], say: Say) -> Question | None:
    kind = KINDS.get(line.get("kind") or "")
    if kind is None:
        say(NO_KIND(), "kind")
        return None
    if code in before:
        say(DOUBLED(code=code), "code")
    if kind.takes_answers and not KEY.fullmatch(code):
        say(NO_CODE(), "code")
    others = _translations(_text(line, "translations"), say)
    options = _options(line, "options", others, say) if kind.needs_options else []
    rows = _options(line, "rows", others, say) if kind.has_rows else []
    least, most = _decimal(line.get("least")), _decimal(line.get("most"))
    question = Question(
        key=line.get("key") or code,
        kind=line["kind"],
        text=_text(line, "text"),
        code=code,
        options=options,
        rows=rows,
        is_required=bool(line.get("required")),
        has_other=bool(line.get("other")),
        least=least,
        most=most,
        points=_decimal(line.get("points")),
        divides=bool(line.get("divides")),
        show_if=_condition(_text(line, "show_if"), before, say),
        show_if_text=_text(line, "show_if"),
        others=others.get("", {}),
    )
    _check(question, line, say)
    return question


def _check(question: Question, line: Mapping[str, Any], say: Say) -> None:
    """What does not go with the kind, and what is missing."""
    kind = KINDS[question.kind]
    has_range = question.least is not None or question.most is not None
    unused = (
        ("options", OPTIONS, _text(line, "options") and not kind.needs_options),
        ("rows", ROWS, _text(line, "rows") and not kind.has_rows),
        ("least", RANGE, has_range and not kind.has_range),
        ("other", FREE, question.has_other and not kind.has_other),
        ("points", POINTS, question.points is not None and not (kind.has_points and not kind.needs_options)),
        ("options", POINTS, any(option.points is not None for option in question.options) and not kind.has_points),
        ("required", REQUIRED, question.is_required and not kind.takes_answers),
        ("divides", GROUPS, question.divides and not kind.divides),
    )
    for column, what in dict.fromkeys((column, what) for column, what, is_given in unused if is_given):
        say(NOT_TAKEN(what=what), column)
    if kind.needs_options:
        _check_options(question, say)
    if kind.has_rows and not question.rows:
        say(NO_ROWS(), "rows")
    if kind.has_range:
        _check_range(question, kind.needs_options, say)


def _check_options(question: Question, say: Say) -> None:
    if len(question.options) + question.has_other < 2:
        say(NO_OPTIONS(), "options")
    if question.has_other and any(option.key == OTHER for option in question.options):
        say(KEPT_KEY(), "options")


def _check_range(question: Question, counts: bool, say: Say) -> None:
    least, most, top = question.least, question.most, len(question.options) + question.has_other
    if least is not None and most is not None and least > most:
        say(LEAST_OVER_MOST(least=f"{least:f}", most=f"{most:f}"), "least")
    if counts and any(bound is not None and (bound % 1 or not 0 <= bound <= top) for bound in (least, most)):
        say(NOT_A_COUNT(most=top), "least")


def _options(row: Mapping[str, Any], column: str, others: Others, say: Say) -> list[Option]:
    """The options of lines `key | label | points`."""
    options: dict[str, Option] = {}
    lines = [line.strip() for line in _text(row, column).splitlines() if line.strip()]
    if len(lines) > OPTIONS_MAX:
        say(TOO_MANY_OPTIONS(most=OPTIONS_MAX), column)
    for line in lines[:OPTIONS_MAX]:
        if (option := _option(line, others)) is None:
            say(BAD_OPTION(line=line[:KEY_MAX]), column)
        elif option.key in options:
            say(OPTION_DOUBLED(key=option.key), column)
        else:
            options[option.key] = option
    return list(options.values())


def _option(line: str, others: Others) -> Option | None:
    key, *rest = (part.strip() for part in line.replace("｜", "|").split("|"))
    if not KEY.fullmatch(key) or not rest or not rest[0] or len(rest) > 2 or len(rest[0]) > OPTION_TEXT_MAX:
        return None
    try:
        points = typed.number_of(rest[1]) if len(rest) == 2 and rest[1] else None
    except (ValueError, ArithmeticError):
        return None
    return Option(key, rest[0], points, others.get(key, {}))


def _translations(text: str, say: Say) -> dict[str, dict[str, str]]:
    """Texts in other languages by option; those of the question itself stand under the empty key."""
    others: dict[str, dict[str, str]] = {}
    for line in text.splitlines():
        if match := _TRANSLATION.fullmatch(line.strip()):
            others.setdefault(match[2] or "", {})[match[1]] = match[3].strip()
        elif line.strip():
            say(BAD_TEXT(line=line.strip()[:KEY_MAX]), "translations")
    return others


def _condition(text: str, before: Mapping[str, Question], say: Say) -> Any:
    """The tree of a condition; None for no condition, and for a wrong condition, which is said."""
    if not text.strip():
        return None
    try:
        return compiled(text, partial(_leaf, before))
    except BadCondition as bad:
        say(bad.sentence, "show_if")
        return None


def _leaf(before: Mapping[str, Question], code: str, sign: str, value: str) -> list[Any]:
    if (question := before.get(code)) is None:
        raise BadCondition(NOT_BEFORE(code=code))
    kind = KINDS[question.kind]
    if sign not in kind.signs:
        raise BadCondition(NOT_COMPARED(code=code, sign=sign))
    if not value:
        return [sign, question.key]
    if not kind.knows(question, value):
        raise BadCondition(NO_SUCH_OPTION(code=code, value=value))
    return [sign, question.key, value, kind.compared]


def _text(line: Mapping[str, Any], name: str) -> str:
    value = line.get(name)
    return value if isinstance(value, str) else ""


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, Decimal128):
        value = value.to_decimal()
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    return value if isinstance(value, Decimal) and value.is_finite() else None
