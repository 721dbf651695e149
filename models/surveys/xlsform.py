"""A questionnaire as a sheet in the form of XLSForm, in the part of it that both sides know (docs/surveys.md).

Written: the sheets survey, choices and settings. Read: the same; what is not known is said with its row, and nothing
of the sheet is taken over then.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from ..kernel.base.words import EN, HANS, HANT, L, Words
from ..kernel.language.questions.conditions import KNOWN
from ..kernel.language.questions.kinds import KINDS, plain_number
from ..kernel.language.questions.question import Option, Question

SHEETS = ("survey", "choices", "settings")
LANGUAGES = {EN: "English (en)", HANT: "繁體中文 (zh-Hant)", HANS: "简体中文 (zh-Hans)"}
DIVIDES = "divides"  # our own, as the points of choices are
SURVEY_HEADS = ["type", "name", "label", *(f"label::{name}" for name in LANGUAGES.values())]
SURVEY_HEADS += ["required", "relevant", "constraint", "appearance", "parameters", DIVIDES]
CHOICE_HEADS = ["list_name", "name", "label", *(f"label::{name}" for name in LANGUAGES.values()), "points"]
TYPES = {"text": "text", "long": "text", "number": "decimal", "date": "date", "note": "note"}
RANGES = {"rating": "start=1 end=5 step=1", "promoter": "start=0 end=10 step=1"}
LISTS = {"single": "select_one", "multiple": "select_multiple", "ranking": "rank", "matrix": "select_one"}
KINDS_OF = {"text": "text", "integer": "number", "decimal": "number", "date": "date", "note": "note"}
KINDS_OF |= {"select_one": "single", "select_multiple": "multiple", "rank": "ranking"}
TABLE_LIST, LONG, OR_OTHER = "table-list", "multiline", "or_other"
Row = Mapping[str, str]
Line = dict[str, Any]
IN_ROW = L("Row {n} of the sheet “{sheet}”: {fault}.", "工作表「{sheet}」第 {n} 行：{fault}。")
NO_TYPE = L("the type “{type}” is none that is taken over", "類型「{type}」不在支持範圍內")
NO_LIST = L("the list “{list}” does not stand in the sheet of choices", "選項表中沒有清單「{list}」")
NO_RELEVANT = L("the condition “{text}” is none that is taken over", "條件「{text}」不在支持範圍內")
NO_CONSTRAINT = L("the constraint “{text}” is none that is taken over", "約束「{text}」不在支持範圍內")
NOT_CLOSED = L("a group is not closed, or closed twice", "分組未關閉或重複關閉")
_LEAF = re.compile(
    r"not\(selected\(\$\{(?P<lacks>\w+)\},\s*'(?P<lacked>\w+)'\)\)|selected\(\$\{(?P<has>\w+)\},\s*'(?P<had>\w+)'\)"
    r"|\$\{(?P<name>\w+)\}\s*(?P<sign>!=|<=|>=|=|<|>)\s*(?:'(?P<text>[^']*)'|(?P<number>-?[\d.]+))"
    r"|(?P<word>and|or|\(|\))|(?P<space>\s+)"
)
_BOUND = re.compile(r"\s*(?:\.|count-selected\(\.\))\s*(>=|<=)\s*(-?[\d.]+)\s*")


def survey_rows(questions: Sequence[Question]) -> Iterator[list[str]]:
    """The rows of the sheet of questions; each heading opens a group, which the next one closes."""
    is_open = False
    for at, question in enumerate(questions, start=1):
        name = question.code or f"part{at}"
        if question.kind == "section":
            if is_open:
                yield _survey_row(type="end_group")
            is_open = True
            yield _survey_row(**_texts(question), type="begin_group", name=name, relevant=_relevant(question))
        elif question.kind == "matrix":
            yield _survey_row(
                **_texts(question), type="begin_group", name=name, relevant=_relevant(question), appearance=TABLE_LIST
            )
            required = "yes" if question.is_required else ""
            for row in question.rows:
                yield _survey_row(**_texts(row), type=f"select_one {name}", name=row.key, required=required)
            yield _survey_row(type="end_group")
        else:
            yield _survey_row(**_facts(question, name))
    if is_open:
        yield _survey_row(type="end_group")


def _facts(question: Question, name: str) -> dict[str, str]:
    kind = question.kind
    facts = {**_texts(question), "type": TYPES.get(kind, "range"), "name": name, "relevant": _relevant(question)}
    facts["required"] = "yes" if question.is_required else ""
    facts[DIVIDES] = "yes" if question.divides else ""
    facts["constraint"] = _constraint(question)
    facts["parameters"] = RANGES.get(kind, "")
    facts["appearance"] = LONG if kind == "long" else ""
    if kind in LISTS:
        facts["type"] = f"{LISTS[kind]} {name}" + (f" {OR_OTHER}" if question.has_other else "")
    return facts


def choice_rows(questions: Sequence[Question]) -> Iterator[list[str]]:
    """The rows of the sheet of choices: a list for each question."""
    for question in questions:
        for option in question.options:
            points = "" if option.points is None else f"{option.points:f}"
            facts = {**_texts(option), "list_name": question.code, "name": option.key, "points": points}
            yield [facts.get(head, "") for head in CHOICE_HEADS]


def _survey_row(**facts: str) -> list[str]:
    return [facts.get(head, "") for head in SURVEY_HEADS]


def _texts(item: Question | Option) -> dict[str, str]:
    others = {f"label::{LANGUAGES[code]}": text for code, text in item.others.items() if code in LANGUAGES}
    return {"label": item.text, **others}


def _constraint(question: Question) -> str:
    value = "count-selected(.)" if question.kind in ("multiple", "ranking") else "."
    bounds = ((">=", question.least), ("<=", question.most))
    return " and ".join(f"{value} {sign} {plain_number(bound)}" for sign, bound in bounds if bound is not None)


def _relevant(question: Question) -> str:
    """A condition in the words of XLSForm."""
    parts = re.findall(r"!=|<=|>=|[=<>()]|[^\s=<>!()]+", question.show_if_text)
    words, at = [], 0
    while at < len(parts):
        part = parts[at]
        following = parts[at + 1] if at + 1 < len(parts) else ""
        value = parts[at + 2] if at + 2 < len(parts) else ""
        if part in ("and", "or", "(", ")"):
            words.append(part)
            at += 1
        elif following in ("answered", "unanswered"):
            words.append(f"${{{part}}} {'!=' if following == 'answered' else '='} ''")
            at += 2
        else:
            words.append(_leaf(part, following, value))
            at += 3
    return " ".join(words)


def _leaf(name: str, sign: str, value: str) -> str:
    if sign in ("has", "lacks"):
        chosen = f"selected(${{{name}}}, '{value}')"
        return chosen if sign == "has" else f"not({chosen})"
    is_number = re.fullmatch(r"-?\d+(\.\d+)?", value) is not None
    return f"${{{name}}} {sign} " + (value if is_number else f"'{value}'")


class SheetReader:
    """Reads the rows of a workbook into lines of questions, with everything that is wrong."""

    def __init__(self, survey: Sequence[tuple[int, Row]], choices: Sequence[tuple[int, Row]]):
        self.faults: list[Words] = []
        self.lists: dict[str, list[Row]] = {}
        for _, row in choices:
            self.lists.setdefault(row.get("list_name", ""), []).append(row)
        self.lines: list[Line] = list(self._lines(survey))

    def _lines(self, rows: Iterable[tuple[int, Row]]) -> Iterator[Line]:
        depth, matrix = 0, None
        for n, row in rows:
            kind = row.get("type", "").replace("begin group", "begin_group").replace("end group", "end_group")
            if kind == "begin_group":
                depth += 1
                if row.get("appearance") == TABLE_LIST:
                    matrix = self._line(n, row, "matrix") | {"rows": "", "options": ""}
                else:
                    yield self._line(n, row, "section")
            elif kind == "end_group":
                depth -= 1
                if depth < 0:
                    self._say(n, NOT_CLOSED())
                if matrix:
                    yield matrix
                    matrix = None
            elif matrix is not None:
                self._add_row(n, row, matrix)
            elif kind:
                yield from self._question(n, row, kind)
        if depth:
            self.faults.append(IN_ROW(n=len(list(rows)) + 1, sheet="survey", fault=NOT_CLOSED()))

    def _question(self, n: int, row: Row, type_: str) -> Iterator[Line]:
        word, _, rest = type_.partition(" ")
        kind = KINDS_OF.get(word, "")
        if kind == "text" and LONG in row.get("appearance", ""):
            kind = "long"
        if word == "range":
            kind = next((name for name, text in RANGES.items() if text == row.get("parameters")), "")
        if kind not in KINDS:
            self._say(n, NO_TYPE(type=type_[:40]))
            return
        line = self._line(n, row, kind)
        if kind in LISTS:
            name, _, other = rest.partition(" ")
            line |= self._options(n, name)
            line["other"] = other.strip() == OR_OTHER
        yield line

    def _line(self, n: int, row: Row, kind: str) -> Line:
        line: Line = {"code": row.get("name", ""), "kind": kind, "text": row.get("label", "")}
        line["required"] = row.get("required", "").lower() in ("yes", "true", "true()", "1")
        line["divides"] = row.get(DIVIDES, "").lower() in ("yes", "true", "true()", "1")
        line["show_if"] = self._condition(n, row.get("relevant", ""))
        line["translations"] = "\n".join(f"{code}: {text}" for code, text in _others(row))
        line |= self._bounds(n, row.get("constraint", ""))
        return line

    def _options(self, n: int, name: str) -> Line:
        rows = self.lists.get(name)
        if not rows:
            self._say(n, NO_LIST(list=name[:40]))
            return {}
        points = [f" | {row['points']}" if row.get("points") else "" for row in rows]
        lines = [
            f"{row.get('name', '')} | {row.get('label', '')}{worth}" for row, worth in zip(rows, points, strict=True)
        ]
        others = [f"{code}/{row.get('name', '')}: {text}" for row in rows for code, text in _others(row)]
        return {"options": "\n".join(lines), "choices": "\n".join(others)}

    def _add_row(self, n: int, row: Row, matrix: Line) -> None:
        matrix["rows"] += f"{row.get('name', '')} | {row.get('label', '')}\n"
        matrix["required"] = matrix["required"] or row.get("required", "").lower() in ("yes", "true", "true()")
        others = [f"{code}/{row.get('name', '')}: {text}" for code, text in _others(row)]
        matrix["translations"] = "\n".join(filter(None, [matrix["translations"], *others]))
        if not matrix["options"]:
            matrix |= self._options(n, row.get("type", "").partition(" ")[2])

    def _bounds(self, n: int, text: str) -> Line:
        bounds: Line = {}
        for part in filter(None, (part.strip() for part in text.split(" and "))):
            match = _BOUND.fullmatch(part)
            try:
                value = Decimal(match[2]) if match else None
            except InvalidOperation:
                value = None
            if match is None or value is None:
                self._say(n, NO_CONSTRAINT(text=text[:60]))
                return {}
            bounds["least" if match[1] == ">=" else "most"] = value
        return bounds

    def _condition(self, n: int, text: str) -> str:
        """A condition in our words."""
        words, at = [], 0
        while at < len(text):
            match = _LEAF.match(text, at)
            if match is None:
                self._say(n, NO_RELEVANT(text=text[:60]))
                return ""
            words.append(_word(match))
            at = match.end()
        return " ".join(word for word in words if word)

    def _say(self, n: int, fault: Words) -> None:
        self.faults.append(IN_ROW(n=n, sheet="survey", fault=fault))


def _word(match: re.Match[str]) -> str:
    if match["has"]:
        return f"{match['has']} has {match['had']}"
    if match["lacks"]:
        return f"{match['lacks']} lacks {match['lacked']}"
    if match["word"]:
        return match["word"]
    if not match["name"]:
        return ""
    value = match["number"] if match["number"] is not None else match["text"]
    if value == "":
        return f"{match['name']} {'answered' if match['sign'] == '!=' else 'unanswered'}"
    return f"{match['name']} {match['sign']} {value}" if value not in KNOWN else f"{match['name']} {match['sign']} ?"


def _others(row: Row) -> Iterator[tuple[str, str]]:
    for code, name in LANGUAGES.items():
        if text := row.get(f"label::{name}"):
            yield code, text


def finished(line: Line) -> Line:
    """A line as the table of questions holds it: with the translations of its options behind its own."""
    choices = line.pop("choices", "")
    line["translations"] = "\n".join(filter(None, [line.get("translations", ""), choices]))
    return {name: value for name, value in line.items() if isinstance(value, Decimal) or value}
