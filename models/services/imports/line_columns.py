"""The columns of a sheet that hold lines of records: a row for each line, the rows of one record below each other.

Rows belong together by the number of their record, or, of a new one, by what stands in the column of groups; a row in
which nothing of the record stands goes on with the one above it. The lines of a record that a sheet does not name stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from models.kernel.base import characters
from models.kernel.base.people import Actor
from models.kernel.base.words import L, Words
from models.kernel.language.fields import label_of
from models.kernel.language.kinds.lines import KEY
from models.kernel.language.record import Record
from models.kernel.rights import rights

NUMBER, GROUP = "number", "*group"
GROUP_LABEL = L("Group", "分組")
KEY_LABEL = L("Key of the line", "明細鍵")
OF_LIST = L("{list}: {column}", "{list}：{column}")
AT_ROW = "@"  # between what is wrong in a line and the number of its row

Row = tuple[int, Sequence[str]]


def lists_of(cls: type[Record], actor: Actor) -> dict[str, tuple[str, ...]]:
    """The lists of lines that the actor may fill by a sheet, each with the columns that they may set."""
    names = rights.writable_fields(actor, cls)
    result = {}
    for name in cls.declared.in_order(names):
        columns = cls._fields[name].columns
        settable = rights.settable_columns(actor, cls, name) if columns else ()
        if shown := tuple(column for column, field in columns.items() if column in settable and field.is_in_sheet):
            result[name] = shown
    return result


def paths_of(cls: type[Record], actor: Actor) -> tuple[str, ...]:
    """The columns of a sheet for lines: that of groups, then of each list its keys and its columns; none without
    lists."""
    lists = lists_of(cls, actor)
    return tuple(path for path in _paths(lists)) if lists else ()


def _paths(lists: Mapping[str, Sequence[str]]) -> Iterator[str]:
    yield GROUP
    for name, columns in lists.items():
        yield f"{name}.{KEY}"
        yield from (f"{name}.{column}" for column in columns)


def is_of_lines(name: str) -> bool:
    """Whether a column of a sheet is one of those for lines."""
    return name == GROUP or "." in name


def field_at(cls: type[Record], name: str) -> Any:
    """The field, or the column of lines, that a column of a sheet fills; None for those that fill none."""
    name = name.partition(AT_ROW)[0]
    list_name, dot, column = name.partition(".")
    if dot:
        return cls._fields[list_name].columns.get(column) if list_name in cls._fields else None
    return cls._fields.get(name)


def label_at(cls: type[Record], name: str) -> Words:
    """What a column of a sheet is called."""
    list_name, dot, _ = name.partition(".")
    if name == GROUP:
        return GROUP_LABEL
    field = field_at(cls, name)
    if dot and list_name in cls._fields:
        column = KEY_LABEL if field is None else label_of(field)
        return OF_LIST(list=label_of(cls._fields[list_name]), column=column)
    return label_of(field) if field is not None else L(name, name)


class Grouper:
    """Says of rows, one after the other, which go on with the record of the row above; `at`: the places of columns."""

    def __init__(self, at: Mapping[str, int]):
        self.number, self.group = at.get(NUMBER), at.get(GROUP)
        self.heads = [place for name, place in at.items() if not is_of_lines(name) and name != NUMBER]
        self.lines = [place for name, place in at.items() if "." in name]
        self._mark: tuple[str, str] | None = None
        self._is_begun = False

    def goes_on(self, cells: Sequence[str]) -> bool:
        """Whether a row belongs to the record of those before it; one that does not begins the next."""
        mark = self.mark_of(cells)
        if mark is not None:
            is_same = self._is_begun and mark == self._mark
        else:
            is_same = self._is_begun and not _any(cells, self.heads) and _any(cells, self.lines)
        if not is_same:
            self._mark, self._is_begun = mark, True
        return is_same

    def mark_of(self, cells: Sequence[str]) -> tuple[str, str] | None:
        """By what a row says to which record it belongs."""
        for kind, place in (("number", self.number), ("group", self.group)):
            if text := _text(cells, place):
                return kind, text
        return None


def _text(cells: Sequence[str], place: int | None) -> str:
    return characters.plain(cells[place]).strip() if place is not None and place < len(cells) else ""


def _any(cells: Sequence[str], places: Sequence[int]) -> bool:
    return any(place < len(cells) and cells[place].strip() for place in places)
