"""What the columns and cells of a sheet mean: heads name fields, texts are values, names lead to records.

A cell that says what its record holds already means no change, in whichever language it was exported.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from models.kernel.base import characters
from models.kernel.base.people import Actor
from models.kernel.base.words import LOCALES, L, Words
from models.kernel.gate import lines as gate_lines
from models.kernel.gate.stored_form import stored
from models.kernel.language.fields import label_of
from models.kernel.language.kinds.lines import KEY
from models.kernel.language.merging import KNOWN_AS
from models.kernel.language.record import Record
from models.kernel.language.typed import BadValue, label_folded
from models.kernel.rights import rights

from ..files.child.question_rows import PICTURE_BYTES, PICTURE_PIXELS
from .line_columns import AT_ROW, GROUP, NUMBER, Grouper, field_at, is_of_lines, label_at, lists_of, paths_of
from .names import NamesInCells

CELL_MAX = 10_000
NO_VALUE = "\x00"  # before what is shown of a cell that holds no value
NOT_TAKEN = "\x02"  # before the word that says why what stands here is not taken over
DIGITS_LOST = "\x01"  # before a number that is longer than the fifteen digits that sheets keep
_SHORTENED = re.compile(
    r"[0-9]\.?[0-9]*E\+(?:1[1-9]|2[0-9])", re.IGNORECASE
)  # what a sheet writes of such a number into a text
_FAULTS = re.compile(r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|SPILL!|CALC!|FIELD!|#+)", re.IGNORECASE)
Row = tuple[int, Sequence[str]]
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
WHY_NOT_TAKEN: dict[str, Words] = {
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
    "media": L(
        "Not taken over: it holds sound, film, a formula or a picture that cannot be read.",
        "未導入：含音視頻、公式，或無法讀取的圖片。",
    ),
    "alt": L(
        "Not taken over: a picture has no words that say what is seen (alt).", "未導入：圖片缺少文字說明（alt）。"
    ),
    "large": L(
        "Not taken over: a picture has more than {megabytes} MB or {pixels} million pixels.",
        "未導入：圖片超過 {megabytes} MB 或 {pixels} 百萬像素。",
    )(megabytes=PICTURE_BYTES >> 20, pixels=PICTURE_PIXELS // 1_000_000),
    "missing": L("Not taken over: the package does not hold this file.", "未導入：壓縮包中沒有此文件。"),
    "parts": L(
        "Not taken over: it asks several things, or goes by what stands elsewhere.",
        "未導入：一題含多個作答項，或依賴其他文件。",
    ),
    "rule": L("Not taken over: it is marked by a rule that is not known here.", "未導入：不支持其計分規則。"),
    "test": L(
        "Not taken over: this is a test. The questions of the package are rows of their own.",
        "未導入：此文件為試卷；壓縮包中的題目另行逐題列出。",
    ),
    "version": L("Not taken over: this is no item of QTI 3.", "未導入：不是 QTI 3 題目。"),
    "xml": L("Not taken over: the XML of this file is not sound.", "未導入：此文件的 XML 不完整或不合規。"),
}
CONTRADICTS = L(
    "“{label}” stands otherwise in row {first} of the same record than in row {row}.",
    "同一記錄的「{label}」在第 {first} 行與第 {row} 行不一致。",
)
NO_LINE = L(
    "The record has no line with this key; leave it empty for a new line.", "記錄中沒有此明細鍵；新增明細請留空。"
)
LINE_TWICE = L("This line stands in row {row} already.", "此明細已在第 {row} 行出現。")
NOT_COMPUTED = L("a formula without a result", "未計算結果的公式")
NOT_HERE = L("“{label}” cannot be changed on this record.", "此記錄的「{label}」不能修改。")


def importable(cls: type[Record], actor: Actor) -> tuple[str, ...]:
    """The fields that a sheet may fill, in the order of the form: what the actor may set and fits into a cell."""
    names = rights.writable_fields(actor, cls)
    return tuple(name for name in cls.declared.in_order(names) if cls._fields[name].is_in_sheet)


def left_out(cls: type[Record], actor: Actor) -> tuple[Any, ...]:
    """The fields that the actor may set on a form and not by a sheet: lists of lines that no cell can say."""
    names, lists = rights.writable_fields(actor, cls), lists_of(cls, actor)
    fields = [cls._fields[name] for name in cls.declared.in_order(names) if name not in lists]
    return tuple(field for field in fields if field.columns)


def heads_of(cls: type[Record], actor: Actor) -> dict[str, str]:
    """The head of each column that a sheet may have, in the reader's language; of two alike each says its field."""
    names = (NUMBER, *importable(cls, actor), *paths_of(cls, actor))
    labels = {name: str(label_at(cls, name)) for name in names}
    folded = {name: label_folded(label) for name, label in labels.items()}
    counts = Counter(folded.values())
    return {name: label if counts[folded[name]] == 1 else f"{label} ({name})" for name, label in labels.items()}


def matched(cls: type[Record], actor: Actor, heads: Iterable[str]) -> tuple[str, ...]:
    """The fields that heads name, by label in any language or by name; "" for what names none. Each is named once."""
    known: dict[str, list[str]] = {}
    of_lines = paths_of(cls, actor)
    for name in (NUMBER, *importable(cls, actor), *of_lines):
        labels = {label_at(cls, name).in_locale(locale) for locale in LOCALES}
        for said in {name, *labels, *(f"{label} ({name})" for label in labels)}:
            known.setdefault(label_folded(said), []).append(name)
    alone: dict[str, list[str]] = {}
    for name in of_lines:  # the column alone, where nothing of the record is called so
        if field := field_at(cls, name):
            for label in {label_folded(label_of(field).in_locale(locale)) for locale in LOCALES} - known.keys():
                alone.setdefault(label, []).append(name)
    known |= {label: names for label, names in alone.items() if len(names) == 1}
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
    """The row or rows of one record as they are understood: the record that they change (None: a new one), values by
    field, what is wrong, the field by which the record was known where it has no number, and what groups its rows.

    `places`: in which row each line of a list stands. What is wrong in a line names its row behind `AT_ROW`.
    `pictures`: the stored contents that its texts name, each with the facts of a file.
    """

    line: int
    record: Record | None = None
    known_by: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    problems: list[tuple[str, Words]] = field(default_factory=list)
    group: str = ""
    rows: tuple[int, ...] = ()
    places: dict[tuple[str, int], int] = field(default_factory=dict)
    pictures: Sequence[Mapping[str, Any]] = ()

    def placed(self, path: str) -> str:
        """The column of a sheet that a path within the record is about, `list.place.column`."""
        name, _, rest = path.partition(".")
        at, _, column = rest.partition(".")
        row = self.places.get((name, int(at))) if at.isdecimal() and len(at) < 9 else None
        return f"{name}.{column}{AT_ROW}{row}" if row is not None and column else name


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
    a name may be typed in part or by its initials, where somebody sees at once which record it was read as. `pictures`:
    those that came with the sheet, by the number of their row.
    """

    pictures: Mapping[int, Sequence[Mapping[str, Any]]] = MappingProxyType({})

    def __init__(
        self, cls: type[Record], actor: Actor, columns: Sequence[str], *, empties: bool = False, by_part: bool = False
    ):
        self.empties = empties
        own = {NUMBER, *importable(cls, actor), *paths_of(cls, actor)}
        self.cls, self.actor = cls, actor
        self.at = {name: at for at, name in enumerate(columns) if name in own}
        self.fields = {name: cls._fields[name] for name in self.at if name != NUMBER and not is_of_lines(name)}
        self.names = NamesInCells(actor, by_part=by_part)
        self.merged: dict[str, str] = {}  # numbers of merged records, with those of the records that stand
        self.lines = LineReader(self)
        self._read = {name: item.cell_reader(self.names) for name, item in (self.fields | self.lines.fields).items()}

    def read(self, rows: Sequence[Row]) -> list[RowEntry]:
        """The records that rows say, in order: each row one, unless it holds lines."""
        return self.read_groups(self.grouped(rows))

    def grouped(self, rows: Sequence[Row]) -> list[list[Row]]:
        """The rows of each record."""
        if not self.lines.lists:
            return [[row] for row in rows]
        groups: list[list[Row]] = []
        grouper = Grouper(self.at)
        for row in rows:
            if grouper.goes_on(row[1]):
                groups[-1].append(row)
            else:
                groups.append([row])
        return groups

    def read_groups(self, groups: Sequence[Sequence[Row]]) -> list[RowEntry]:
        """The same of rows that were grouped before."""
        heads = [self._heads(group) for group in groups]
        texts = [merged for merged, _ in heads]
        numbers = [_number_in(row.get(NUMBER, "")) for row in texts]
        records = self._records({*numbers} - {""})
        entries = [
            RowEntry(
                group[0][0],
                records.get(number),
                rows=tuple(line for line, _ in group),
                pictures=self.pictures.get(group[0][0], ()),
            )
            for group, number in zip(groups, numbers, strict=True)
        ]
        for entry, (merged, wrong) in zip(entries, heads, strict=True):
            entry.problems, entry.group = wrong, merged.pop(GROUP, "").strip()
        self.lines.learn(entries, groups)
        self._learn(entries, texts)
        if known := self._know([at for at, number in enumerate(numbers) if not number], entries, texts):
            self._learn([entries[at] for at in known], [texts[at] for at in known])
        for entry, row, group in zip(entries, texts, groups, strict=True):
            self._fill(entry, row, group)
        return entries

    def _heads(self, group: Sequence[Row]) -> tuple[dict[str, str], list[tuple[str, Words]]]:
        """What the rows of a record say of itself: in each of them, or in some; and where two rows contradict."""
        line, cells = group[0]
        names = {name: at for name, at in self.at.items() if "." not in name}
        merged = {name: cells[at] if at < len(cells) else "" for name, at in names.items()}
        said_in = dict.fromkeys(names, line)
        wrong: list[tuple[str, Words]] = []
        for number, cells in group[1:]:
            for name, at in names.items():
                text = cells[at] if at < len(cells) else ""
                if not merged[name].strip():
                    merged[name], said_in[name] = text, number
                elif text.strip() and text.strip() != merged[name].strip():
                    label = label_at(self.cls, name)
                    wrong.append((f"{name}{AT_ROW}{number}", CONTRADICTS(label=label, first=said_in[name], row=number)))
        return merged, wrong

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
            values = {name: self.value(name, self.fields[name], texts[name]) for name in names}
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

    def _fill(self, entry: RowEntry, texts: Mapping[str, str], group: Sequence[Row] = ()) -> None:
        """Turn the cells of a row, or of the rows of one record, into values of the fields that they would set."""
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
                value = self.value(name, content, text)
            except BadValue as bad:
                entry.problems.append((name, bad.sentence))
                continue
            faults = list(content.faults(value)) if value not in (None, []) else []
            entry.problems += [(name, sentence) for sentence in faults]
            if not faults:
                entry.values[name] = value
        self.lines.fill(entry, group)
        if entry.record is not None:
            self._leave_what_stands(entry)

    def value(self, name: str, field: Any, text: str) -> Any:
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
            (name, NOT_HERE(label=label_of(self.cls._fields[name]))) for name in self.cls._fields if name in closed
        ]


class LineReader:
    """Reads the cells of lines for a reader of rows."""

    def __init__(self, reader: Reader):
        self.reader = reader
        self.lists: dict[str, dict[str, int]] = {}
        for path, at in reader.at.items():
            name, dot, column = path.partition(".")
            if dot:
                self.lists.setdefault(name, {})[column] = at
        paths = [path for path in reader.at if "." in path]
        self.fields = {path: item for path in paths if (item := field_at(reader.cls, path)) is not None}

    def learn(self, entries: Sequence[RowEntry], groups: Sequence[Sequence[Row]]) -> None:
        """Look up everything that the links of these lines name, and what the records' lines link to now."""
        for path, link in self.fields.items():
            if link.target:
                name, _, column = path.partition(".")
                lines = [line for entry in entries if entry.record for line in entry.record.raw(name) or ()]
                self.reader.names.learn_held(link, [id for line in lines for id in link.ids_in(line.raw(column))])
                texts = [_text_at(cells, self.lists[name][column]) for group in groups for _, cells in group]
                self.reader.names.learn(link, [said for text in texts for said in link.names_in(undefused(text))])

    def fill(self, entry: RowEntry, group: Sequence[Row]) -> None:
        """Turn the rows of a record into its lists of lines."""
        for name, columns in self.lists.items():
            rows = [(line, {c: _text_at(cells, at) for c, at in columns.items()}) for line, cells in group]
            if filled := [(line, texts) for line, texts in rows if any(text.strip() for text in texts.values())]:
                self._fill_list(entry, name, filled)

    def _fill_list(self, entry: RowEntry, name: str, rows: Sequence[tuple[int, dict[str, str]]]) -> None:
        held = {line.key: line for line in (entry.record.raw(name) or ())} if entry.record else {}
        now: dict[Any, Any] = dict(held)
        place: dict[Any, int] = {}
        for row, texts in rows:
            claimed = texts.pop(KEY, "").strip()
            spare = {key: line for key, line in held.items() if key not in place}
            key: Any = claimed or self._same(name, texts, spare)
            if claimed and (claimed not in held or claimed in place):
                why = LINE_TWICE(row=place[claimed]) if claimed in place else NO_LINE
                entry.problems.append((f"{name}.{KEY}{AT_ROW}{row}", why))
                continue
            line = self._line(entry, name, row, texts, held.get(key))
            if not key:  # the same, written in another way
                known = gate_lines.said(line, list(texts))
                key = next((other for other in spare if gate_lines.said(held[other], list(texts)) == known), len(now))
                line = held.get(key, line)
            place[key], now[key] = row, line
        entry.values[name] = list(now.values())
        entry.places |= {(name, at): place[key] for at, key in enumerate(now) if key in place}

    def _same(self, name: str, texts: Mapping[str, str], lines: Mapping[str, Any]) -> str:
        """The key of the line that says the same as the cells of a row without a key; empty where none does."""
        return next(
            (key for key, line in lines.items() if all(self._keeps(name, c, texts[c], line) for c in texts)), ""
        )

    def _keeps(self, name: str, column: str, text: str, line: Any) -> bool:
        field = self.fields[f"{name}.{column}"]
        held = line._data.get(column)
        return any(field.is_said_by(form, held, self.reader.names) for form in {text, undefused(text)})

    def _line(self, entry: RowEntry, name: str, row: int, texts: Mapping[str, str], held: Any) -> Any:
        """The line as a row leaves it: a copy of the one that the record has, or a new one."""
        kind = self.reader.cls._fields[name].field.document_type
        line = kind._from_son(held.to_mongo().to_dict()) if held is not None else kind()
        for column, text in texts.items():
            path = f"{name}.{column}"
            field, at_row = self.fields[path], f"{path}{AT_ROW}{row}"
            if why := _no_value(field, text):
                entry.problems.append((at_row, why))
            elif (text.strip() or (held is not None and self.reader.empties)) and not (
                held is not None and self._keeps(name, column, text, held)
            ):
                self._put(entry, line, column, (path, at_row, text))
        return line

    def _put(self, entry: RowEntry, line: Any, column: str, cell: tuple[str, str, str]) -> None:
        path, at_row, text = cell
        try:
            value = self.reader.value(path, self.fields[path], text)
        except BadValue as bad:
            entry.problems.append((at_row, bad.sentence))
            return
        faults = list(self.fields[path].faults(value)) if value not in (None, []) else []
        entry.problems += [(at_row, sentence) for sentence in faults]
        if not faults:
            line.put(column, value)


def _text_at(cells: Sequence[str], at: int) -> str:
    return cells[at] if at < len(cells) else ""
