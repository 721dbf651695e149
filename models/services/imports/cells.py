"""What the columns and cells of a sheet mean: heads name fields, texts are values, names lead to records.

A cell that says what its record holds already means no change, in whichever language it was exported.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models.kernel.base import characters
from models.kernel.base.people import Actor
from models.kernel.base.words import LOCALES, L, Words
from models.kernel.gate.stored_form import stored
from models.kernel.language.fields import label_of
from models.kernel.language.merging import KNOWN_AS
from models.kernel.language.record import Record
from models.kernel.language.typed import BadValue, label_folded
from models.kernel.rights import rights

from .names import NamesInCells

NUMBER = "number"
CELL_MAX = 10_000
NO_VALUE = "\x00"  # before what is shown of a cell that holds no value
NOT_TAKEN = "\x02"  # before the word that says why what stands here is not taken over
DIGITS_LOST = "\x01"  # before a number that is longer than the fifteen digits that sheets keep
_SHORTENED = re.compile(
    r"[0-9]\.?[0-9]*E\+(?:1[1-9]|2[0-9])", re.IGNORECASE
)  # what a sheet writes of such a number into a text
_FAULTS = re.compile(r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|SPILL!|CALC!|FIELD!|#+)", re.IGNORECASE)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

CELL_TOO_LONG = L("“{label}” may have {most} characters at most in a sheet.", "表格中「{label}」最多 {most} 字。")
NO_RECORD = L(
    "There is no record {text}, or it is not yours to see; leave the number empty for a new one.",
    "沒有編號為 {text} 的記錄，或您無權查看；新建記錄請將編號留空。",
)
WAS_MERGED = L(
    "{text} was merged into {number}; compare this row with that record, and write its number.",
    "{text} 已併入 {number}；請將本行與該記錄核對後改填其編號。",
)
HOLDS_NO_VALUE = L(
    "“{label}”: the cell holds {shown}, which is no value; correct or empty it.",
    "「{label}」：單元格為 {shown}，沒有值；請更正或清空。",
)
HAS_LOST_DIGITS = L(
    "“{label}”: the sheet kept {shown} as a number, of which it keeps fifteen digits; the others are lost. "
    "Format the column as text and enter it again.",
    "「{label}」：表格把 {shown} 存為數值，只保留十五位，其餘數字已丟失。請將該列設為文本格式後重新填寫。",
)
WHY_NOT_TAKEN = {
    "unclosed": L("Not taken over: “{” is not closed.", "未導入：「{」未關閉。"),
    "no_answer": L("Not taken over: no answers stand in “{ }”.", "未導入：「{ }」中沒有答案。"),
    "kind": L("Not taken over: questions of this kind have no place here.", "未導入：不支持此類題目。"),
    "weights": L(
        "Not taken over: the weights say more than right and wrong.", "未導入：選項權重不能表示為正確與錯誤。"
    ),
    "decoy": L("Not taken over: of a pair one side is empty.", "未導入：配對題有一側為空。"),
    "signs": L(
        "Not taken over: an option begins with *, or the left side of a pair holds =.",
        "未導入：選項以 * 開頭，或配對左項含 =。",
    ),
    "number": L("Not taken over: the right answer is no number.", "未導入：正確答案不是數字。"),
}
NOT_COMPUTED = L("a formula without a result", "未計算結果的公式")
NOT_HERE = L("“{label}” cannot be changed on this record.", "此記錄的「{label}」不能修改。")


def importable(cls: type[Record], actor: Actor) -> tuple[str, ...]:
    """The fields that a sheet may fill, in the order of the form: what the actor may set and fits into a cell."""
    names = rights.writable_fields(actor, cls)
    return tuple(name for name in cls.declared.in_order(names) if cls._fields[name].is_in_sheet)


def left_out(cls: type[Record], actor: Actor) -> tuple[Any, ...]:
    """The fields that the actor may set on a form and not by a sheet: those that hold lines."""
    names = rights.writable_fields(actor, cls)
    return tuple(item for name in cls.declared.in_order(names) if (item := cls._fields[name]).columns)


def heads_of(cls: type[Record], actor: Actor) -> dict[str, str]:
    """The head of each column that a sheet may have, in the reader's language; of two alike each says its field."""
    names = (NUMBER, *importable(cls, actor))
    labels = {name: str(label_of(cls._fields[name])) for name in names}
    folded = {name: label_folded(label) for name, label in labels.items()}
    counts = Counter(folded.values())
    return {name: label if counts[folded[name]] == 1 else f"{label} ({name})" for name, label in labels.items()}


def matched(cls: type[Record], actor: Actor, heads: Iterable[str]) -> tuple[str, ...]:
    """The fields that heads name, by label in any language or by name; "" for what names none. Each is named once."""
    known: dict[str, list[str]] = {}
    for name in (NUMBER, *importable(cls, actor)):
        labels = {label_of(cls._fields[name]).in_locale(locale) for locale in LOCALES}
        for said in {name, *labels, *(f"{label} ({name})" for label in labels)}:
            known.setdefault(label_folded(said), []).append(name)
    result: list[str] = []
    for head in heads:
        free = [name for name in known.get(label_folded(head), ()) if name not in result]
        result.append(free[0] if free else "")
    return tuple(result)


def undefused(text: str) -> str:
    """A cell of our own export as it was before it was kept from being a formula."""
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text


def _number_in(text: str) -> str:
    """The number of a record as it is written in a cell."""
    return characters.plain(text).strip()


def no_value_in(text: str) -> str | L:
    """What a cell shows instead of a value, such as #N/A; empty for a cell with a value, or an empty one."""
    if text.startswith(NO_VALUE):
        return text.removeprefix(NO_VALUE) or NOT_COMPUTED
    return text.strip() if _FAULTS.fullmatch(text.strip()) else ""


def shown_of(text: str) -> str:
    """What is shown of a cell, without the marks of those who read it."""
    return "" if text.startswith(NOT_TAKEN) else text.removeprefix(NO_VALUE).removeprefix(DIGITS_LOST)


@dataclass
class RowEntry:
    """One row as it is understood: the record that it changes (None: a new one), values by field, what is wrong, and
    the field by which its record was known where it has no number."""

    line: int
    record: Record | None = None
    known_by: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    problems: list[tuple[str, Words]] = field(default_factory=list)


def _no_value(field: Any, text: str) -> Words | None:
    """Why a cell cannot be a value of a field, whatever the field takes."""
    if text.startswith(NOT_TAKEN):
        return WHY_NOT_TAKEN.get(text.removeprefix(NOT_TAKEN), WHY_NOT_TAKEN["kind"])
    if shown := no_value_in(text):
        return HOLDS_NO_VALUE(label=label_of(field), shown=shown)
    if text.startswith(DIGITS_LOST) or _SHORTENED.fullmatch(text.strip()):
        return HAS_LOST_DIGITS(label=label_of(field), shown=shown_of(text).strip())
    return None


class Reader:
    """Reads rows of one sheet for one actor, many at a time: few queries, however many rows.

    With `empties` an empty cell of a record that is there empties its field; else it leaves it as it is. With `by_part`
    a name may be typed in part or by its initials, where somebody sees at once which record it was read as.
    """

    def __init__(
        self, cls: type[Record], actor: Actor, columns: Sequence[str], *, empties: bool = False, by_part: bool = False
    ):
        self.empties = empties
        own = {NUMBER, *importable(cls, actor)}
        self.cls, self.actor = cls, actor
        self.at = {name: at for at, name in enumerate(columns) if name in own}
        self.fields = {name: cls._fields[name] for name in self.at if name != NUMBER}
        self.names = NamesInCells(actor, by_part=by_part)
        self.merged: dict[str, str] = {}  # numbers of merged records, with those of the records that stand
        self._read = {name: item.cell_reader(self.names) for name, item in self.fields.items()}

    def read(self, rows: Sequence[tuple[int, Sequence[str]]]) -> list[RowEntry]:
        """The rows in order."""
        texts = [{name: cells[at] if at < len(cells) else "" for name, at in self.at.items()} for _, cells in rows]
        numbers = [_number_in(row.get(NUMBER, "")) for row in texts]
        records = self._records({*numbers} - {""})
        entries = [RowEntry(line, records.get(number)) for (line, _), number in zip(rows, numbers, strict=True)]
        self._learn(entries, texts)
        if known := self._know([at for at, number in enumerate(numbers) if not number], entries, texts):
            self._learn([entries[at] for at in known], [texts[at] for at in known])
        for entry, row in zip(entries, texts, strict=True):
            self._fill(entry, row)
        return entries

    def read_cells(self, rows: Sequence[tuple[Record, Mapping[str, str]]]) -> list[RowEntry]:
        """Records that are known, each with those of its cells alone that somebody filled, in order."""
        texts = [{name: text for name, text in cells.items() if name in self.fields} for _, cells in rows]
        entries = [RowEntry(line, record) for line, (record, _) in enumerate(rows)]
        self._learn(entries, texts)
        for entry, row in zip(entries, texts, strict=True):
            self._fill(entry, row)
        return entries

    def _records(self, numbers: set[str]) -> dict[str, Record]:
        """The records that the actor may see by number: one query."""
        scope = rights.visible(self.actor, self.cls)
        if scope is None or not numbers:
            return {}
        query: dict[str, Any] = {"number": {"$in": sorted(numbers)}}
        if self.cls.declared.merges:
            query = {"$or": [query, {KNOWN_AS: {"$in": sorted(numbers)}}]}
        rows = list(self.cls._get_collection().find({"$and": [query, scope]}))
        self.merged = {name: row["number"] for row in rows for name in row.get(KNOWN_AS) or ()}
        return {row["number"]: self.cls._from_son(row) for row in rows}

    def _know(self, without: Sequence[int], entries: Sequence[RowEntry], texts: list[dict[str, str]]) -> list[int]:
        """Find the records of rows without a number by what other programs know them by: one query; returns the places
        of those that were found. Where it is our number, its cell says nothing more."""
        rule = next((rule for rule in self.cls.declared.unique if rule.knows), None)
        scope = rights.visible(self.actor, self.cls)
        if rule is None or scope is None or not {*rule.fields} <= self.fields.keys():
            return []
        key = rule.fields[-1]
        values = {at: said for at in without if (said := self._said_of(rule.fields, texts[at]))}
        each = [{**said, key: said[key]} for said in values.values()]
        each += [{**said, key: None, NUMBER: said[key]} for said in values.values()]
        rows = list(self.cls._get_collection().find({"$and": [{"$or": each}, scope]})) if each else []
        by_place = {self._place(rule.fields, row): row for row in rows}
        known = []
        for at, said in values.items():
            if row := by_place.get(self._place(rule.fields, said)):
                entries[at].record, entries[at].known_by = self.cls._from_son(row), key
                texts[at] |= {} if row.get(key) else {key: ""}
                known.append(at)
        return known

    def _said_of(self, names: Sequence[str], texts: Mapping[str, str]) -> dict[str, Any]:
        """What cells say of some fields, as it is stored; nothing where one is empty or wrong."""
        try:
            values = {name: self._value(name, self.fields[name], texts[name]) for name in names}
        except BadValue:
            return {}
        stored_ = {name: self.fields[name].to_mongo(value) for name, value in values.items()}
        return {} if None in stored_.values() or "" in stored_.values() else stored_

    def _place(self, names: Sequence[str], row: Mapping[str, Any]) -> tuple[Any, ...]:
        *others, key = names
        return (*(row.get(name) for name in others), row.get(key) or row.get(NUMBER))

    def _learn(self, entries: Sequence[RowEntry], texts: Sequence[Mapping[str, str]]) -> None:
        """Look up everything that the links of these rows name, and what their records link to now."""
        for name, link in self.fields.items():
            if link.target:
                filled = [(entry, row) for entry, row in zip(entries, texts, strict=True) if name in row]
                held = [entry.record._data.get(name) for entry, _ in filled if entry.record]
                self.names.learn_held(link, [id for value in held for id in link.ids_in(value)])
                new = [row[name] for entry, row in filled if not self._keeps(entry, name, row)]
                self.names.learn(link, [said for text in new for said in link.names_in(undefused(text))])

    def _fill(self, entry: RowEntry, texts: Mapping[str, str]) -> None:
        """Turn the cells of a row into values of the fields that it would set."""
        number = _number_in(texts.get(NUMBER, ""))
        if number and entry.record is None:
            if into := self.merged.get(number):
                entry.problems.append((NUMBER, WAS_MERGED(text=number, number=into)))
                return
            number = str(no_value_in(number) or shown_of(number))
            entry.problems.append((NUMBER, NO_RECORD(text=number[:60])))
            return
        for name, content in self.fields.items():
            if (text := texts.get(name)) is None:
                continue
            if why := _no_value(content, text):
                entry.problems.append((name, why))
                continue
            is_left = not text.strip() and (entry.record is None or not self.empties)
            if is_left or self._keeps(entry, name, texts):
                continue
            try:
                value = self._value(name, content, text)
            except BadValue as bad:
                entry.problems.append((name, bad.sentence))
                continue
            faults = list(content.faults(value)) if value not in (None, []) else []
            entry.problems += [(name, sentence) for sentence in faults]
            if not faults:
                entry.values[name] = value
        if entry.record is not None:
            self._leave_what_stands(entry)

    def _value(self, name: str, field: Any, text: str) -> Any:
        """What a cell means for a field. Raises BadValue."""
        if len(text) > CELL_MAX:
            raise BadValue(CELL_TOO_LONG(label=label_of(field), most=CELL_MAX))
        return self._read[name](undefused(text))

    def _keeps(self, entry: RowEntry, name: str, texts: Mapping[str, str]) -> bool:
        """Whether a cell says what the record holds, as an export would have written it."""
        if entry.record is None:
            return False
        held, field = entry.record._data.get(name), self.fields[name]
        return any(field.is_said_by(text, held, self.names) for text in {texts[name], undefused(texts[name])})

    def _leave_what_stands(self, entry: RowEntry) -> None:
        """Keep of the values those that differ from the record; what may not be changed on it is a problem."""
        record = entry.record
        if record is None or not entry.values:
            return
        before, copy = stored(record), self.cls._from_son(record.to_mongo().to_dict())
        for name, value in entry.values.items():
            setattr(copy, name, value)
        after = stored(copy)
        entry.values = {name: value for name, value in entry.values.items() if before.get(name) != after.get(name)}
        if not entry.values:
            return
        if not (verdict := rights.may_update(self.actor, record)):
            entry.problems.append(("", verdict.why))
            return
        closed = set(entry.values) - rights.writable_fields(self.actor, self.cls, record)
        entry.problems += [
            (name, NOT_HERE(label=label_of(self.fields[name]))) for name in self.fields if name in closed
        ]
