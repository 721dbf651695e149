"""What the columns and cells of a sheet mean: heads name fields, texts are values, names lead to records.

A cell that says what its record holds already means no change, in whichever language it was exported.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bson import ObjectId

from models.kernel.base.people import Actor
from models.kernel.base.words import LOCALES, L, Listed, Words, enumerate_words, speaking
from models.kernel.gate.bookkeeping import stored
from models.kernel.language.fields import (
    NOT_A_CHOICE,
    Choice,
    Choices,
    Flag,
    Lines,
    Moment,
    Ref,
    Refs,
    Sealed,
    Tags,
    Text,
    label_of,
)
from models.kernel.language.localized import LocalizedText
from models.kernel.language.record import Record
from models.kernel.language.typed import BadValue, parse, tags_of
from models.kernel.rights import rights

from .names import Names

NUMBER = "number"
CELL_MAX = 10_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_BETWEEN = re.compile(r"[、,，;；\n]")
_YES = frozenset({"是", "yes", "y", "true", "1", "on", "✓", "√", "對", "对"})
_NO = frozenset({"否", "no", "n", "false", "0", "off", "✗", "×", "不", "錯", "错"})

CELL_TOO_LONG = L("“{label}” may have {most} characters at most in a sheet.", "表格中「{label}」最多 {most} 字。")
NO_RECORD = L(
    "There is no record {text}, or it is not yours to see; leave the number empty for a new one.",
    "沒有編號為 {text} 的記錄，或您無權查看；新建記錄請將編號留空。",
)
YES_OR_NO = L("“{label}” must be yes or no.", "「{label}」須為「是」或「否」。")
NOT_HERE = L("“{label}” cannot be changed on this record.", "此記錄的「{label}」不能修改。")


def importable(cls: type[Record], actor: Actor) -> tuple[str, ...]:
    """The fields that a sheet may fill, in the order of the form: what the actor may set and fits into a cell."""
    names = rights.writable_fields(actor, cls)
    return tuple(
        name for name in cls.declared.in_order(names) if not isinstance(cls._fields[name], Lines | LocalizedText)
    )


def left_out(cls: type[Record], actor: Actor) -> tuple[Any, ...]:
    """The fields that the actor may set on a form and not by a sheet: those that hold lines."""
    names = rights.writable_fields(actor, cls)
    return tuple(one for name in cls.declared.in_order(names) if isinstance(one := cls._fields[name], Lines))


def heads_of(cls: type[Record], actor: Actor) -> dict[str, str]:
    """The head of each column that a sheet may have, in the reader's language; of two alike each says its field."""
    names = (NUMBER, *importable(cls, actor))
    labels = {name: str(label_of(cls._fields[name])) for name in names}
    counts = [_folded(label) for label in labels.values()]
    return {name: said if counts.count(_folded(said)) == 1 else f"{said} ({name})" for name, said in labels.items()}


def matched(cls: type[Record], actor: Actor, heads: Iterable[str]) -> tuple[str, ...]:
    """The fields that heads name, by label in any language or by name; "" for what names none. Each is named once."""
    known: dict[str, list[str]] = {}
    for name in (NUMBER, *importable(cls, actor)):
        labels = {label_of(cls._fields[name]).in_locale(locale) for locale in LOCALES}
        for said in {name, *labels, *(f"{label} ({name})" for label in labels)}:
            known.setdefault(_folded(said), []).append(name)
    found: list[str] = []
    for head in heads:
        free = [name for name in known.get(_folded(head), ()) if name not in found]
        found.append(free[0] if free else "")
    return tuple(found)


def _folded(text: str) -> str:
    """A head or a label as it is compared: without case, width, blanks around it, or the star of what is needed."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().strip(" *\t\n").split())


def undefused(text: str) -> str:
    """A cell of our own export as it was before it was kept from being a formula."""
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text


@dataclass
class RowEntry:
    """One row as it is understood: the record that it changes (None: a new one), values by field, what is wrong."""

    line: int
    record: Record | None = None
    values: dict[str, Any] = field(default_factory=dict)
    problems: list[tuple[str, Words]] = field(default_factory=list)


class Reader:
    """Reads rows of one sheet for one actor, many at a time: few queries, however many rows."""

    def __init__(self, cls: type[Record], actor: Actor, columns: Sequence[str]):
        own = {NUMBER, *importable(cls, actor)}
        self.cls, self.actor = cls, actor
        self.at = {name: at for at, name in enumerate(columns) if name in own}
        self.fields = {name: cls._fields[name] for name in self.at if name != NUMBER}
        self.names = Names(actor)
        self._choices = {name: _choices(one) for name, one in self.fields.items() if isinstance(one, Choice | Choices)}

    def read(self, rows: Sequence[tuple[int, Sequence[str]]]) -> list[RowEntry]:
        """The rows in order."""
        texts = [{name: cells[at] if at < len(cells) else "" for name, at in self.at.items()} for _, cells in rows]
        records = self._records({one.get(NUMBER, "").strip() for one in texts} - {""})
        entries = [
            RowEntry(line, records.get(one.get(NUMBER, "").strip())) for (line, _), one in zip(rows, texts, strict=True)
        ]
        self._learn(entries, texts)
        for entry, row in zip(entries, texts, strict=True):
            self._fill(entry, row)
        return entries

    def _records(self, numbers: set[str]) -> dict[str, Record]:
        """The records that the actor may see by number: one query."""
        scope = rights.visible(self.actor, self.cls)
        if scope is None or not numbers:
            return {}
        found = self.cls._get_collection().find({"$and": [{"number": {"$in": sorted(numbers)}}, scope]})
        return {row["number"]: self.cls._from_son(row) for row in found}

    def _learn(self, entries: Sequence[RowEntry], texts: Sequence[Mapping[str, str]]) -> None:
        """Look up everything that the links of these rows name, and what their records link to now."""
        for name, link in self.fields.items():
            if isinstance(link, Ref | Refs):
                held = [id for one in entries if one.record for id in _linked(one.record, name, link)]
                self.names.learn_held(link, held)
                wanted = [
                    row[name] for entry, row in zip(entries, texts, strict=True) if not self._keeps(entry, name, row)
                ]
                split = [
                    one for text in wanted for one in (several(text) if isinstance(link, Refs) else [text.strip()])
                ]
                self.names.learn(link, split)

    def _fill(self, entry: RowEntry, texts: Mapping[str, str]) -> None:
        """Turn the cells of a row into values of the fields that it would set."""
        number = texts.get(NUMBER, "").strip()
        if number and entry.record is None:
            entry.problems.append((NUMBER, NO_RECORD(text=number[:60])))
            return
        for name, told in self.fields.items():
            text = texts[name]
            if self._keeps(entry, name, texts) or (entry.record is None and not text.strip()):
                continue
            try:
                value = self._value(name, told, text)
            except BadValue as bad:
                entry.problems.append((name, bad.sentence))
                continue
            faults = list(told.faults(value)) if value not in (None, []) else []
            entry.problems += [(name, sentence) for sentence in faults]
            if not faults:
                entry.values[name] = value
        if entry.record is not None:
            self._leave_what_stands(entry)

    def _value(self, name: str, told: Any, text: str) -> Any:  # noqa: PLR0911 - one return for each kind of field
        """What a cell means for a field. Raises BadValue."""
        if len(text) > CELL_MAX:
            raise BadValue(CELL_TOO_LONG(label=label_of(told), most=CELL_MAX))
        plain = undefused(text)
        if isinstance(told, Tags):
            return tags_of(plain)
        if isinstance(told, Refs):
            return [self.names.one(told, one) for one in several(plain)]
        if isinstance(told, Choices):
            return [self._choice(name, told, one) for one in several(plain)]
        if not plain.strip():
            return False if isinstance(told, Flag) else None
        if isinstance(told, Ref):
            return self.names.one(told, plain.strip())
        if isinstance(told, Choice):
            return self._choice(name, told, plain)
        return _yes_or_no(told, plain) if isinstance(told, Flag) else parse(told, plain)

    def _choice(self, name: str, told: Choice | Choices, text: str) -> str:
        """The option of a label in any language, or of its id. Raises BadValue."""
        found = self._choices[name].get(_folded(text), set())
        if len(found) != 1:
            raise BadValue(NOT_A_CHOICE(label=label_of(told), choices=Listed(tuple(told.options.values()))))
        return next(iter(found))

    def _keeps(self, entry: RowEntry, name: str, texts: Mapping[str, str]) -> bool:
        """Whether a cell says what the record holds, as an export would have written it."""
        if entry.record is None:
            return False
        held, told = entry.record._data.get(name), self.fields[name]
        for text in {texts[name], undefused(texts[name])}:
            if text.strip() in {one.strip() for one in self._said(entry.record, name, told, held)}:
                return True
        return _same_minute(told, held, texts[name]) if isinstance(told, Moment) else False

    def _said(self, record: Record, name: str, told: Any, held: Any) -> Iterator[str]:
        """How an export writes a value, in each language; for kinds of which it leaves something out."""
        if held is None or held == []:
            yield ""
        elif isinstance(told, Text | Sealed):
            yield str(held).replace("\r\n", "\n")
        elif isinstance(told, Choice):
            yield from (one.in_locale(locale) for one in [told.options.get(held)] if one for locale in LOCALES)
        elif isinstance(told, Ref | Refs | Choices | Tags):
            for locale in LOCALES:
                with speaking(locale):
                    yield enumerate_words(self._words(record, name, told, held))

    def _words(self, record: Record, name: str, told: Any, held: Any) -> list[str]:
        if isinstance(told, Ref | Refs):
            return [self.names.title(told, id) for id in _linked(record, name, told)]
        return [str(told.options.get(one, one)) for one in held] if isinstance(told, Choices) else list(held)

    def _leave_what_stands(self, entry: RowEntry) -> None:
        """Keep of the values those that differ from the record; what may not be changed on it is a problem."""
        record = entry.record
        if record is None or not entry.values:
            return
        before, copy = stored(record), self.cls._from_son(record.to_mongo().to_dict())
        for name, value in entry.values.items():
            setattr(copy, name, value)
        after = stored(copy)
        entry.values = {name: one for name, one in entry.values.items() if before.get(name) != after.get(name)}
        if not entry.values:
            return
        if not (verdict := rights.may_update(self.actor, record)):
            entry.problems.append(("", verdict.why))
            return
        closed = set(entry.values) - rights.writable_fields(self.actor, self.cls, record)
        entry.problems += [
            (name, NOT_HERE(label=label_of(self.fields[name]))) for name in self.fields if name in closed
        ]


def several(text: str) -> list[str]:
    """The names in one cell, with commas, semicolons or new lines between them, each once."""
    return list(dict.fromkeys(one.strip() for one in _BETWEEN.split(undefused(text)) if one.strip()))


def _choices(told: Choice | Choices) -> dict[str, set[str]]:
    """The ids of the options by what may be typed for them; an id counts before a label that reads the same."""
    found: dict[str, set[str]] = {}
    for id, label in told.options.items():
        for locale in LOCALES:
            found.setdefault(_folded(label.in_locale(locale)), set()).add(id)
    return found | {_folded(id): {id} for id in told.options}


def _yes_or_no(told: Any, text: str) -> bool:
    typed = _folded(text)
    if typed not in _YES | _NO:
        raise BadValue(YES_OR_NO(label=label_of(told)))
    return typed in _YES


def _same_minute(told: Any, held: Any, text: str) -> bool:
    """Whether a time says that of the record, whose seconds no export shows."""
    try:
        value = parse(told, text)
    except BadValue:
        return False
    return held is not None and value is not None and value == held.replace(second=0, microsecond=0)


def _linked(record: Record, name: str, link: Ref | Refs) -> list[ObjectId]:
    """The ids that a link holds."""
    if isinstance(link, Refs):
        return record.refs(name)
    found = record.ref(name)
    return [found] if found else []
