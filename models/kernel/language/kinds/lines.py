"""Lists of lines within a record; each line keeps a key of its own by which it is known again."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from functools import lru_cache
from itertools import product
from typing import Any, Unpack

import mongoengine as me

from ...base.words import L, Listed, Words
from ..facts import Facts
from ..once_worked_out import of_declaration
from ..typed import BadParts, BadValue
from .dates import Moment
from .held import Held
from .links import Ref
from .rule import NO_SUCH_FIELD, TOO_MANY, WRONG_FORM, Rule, Sees, described, label_of

CELLS_MISSING = L(
    "“{label}” must be filled as a whole: {count} lines are missing, such as {first}.",
    "「{label}」須完整填寫：缺 {count} 行，如 {first}。",
)
CELLS_TWICE = L("“{label}” has {first} more than once.", "「{label}」中 {first} 重複。")
KEY = "key"
KEY_FORM = re.compile(r"[0-9a-z]{1,16}(\.\d{1,4})?")
LINES_MAX, LINES_LIMIT = 500, 5000  # by default, and at most
_STEM_LENGTH = 12
_NO_TEXT = frozenset({KEY, "_cls"})


class Line(Held, me.EmbeddedDocument):
    """One line of an embedded list; subclasses declare its columns, `clean` fills computed ones.

    `key` is given by the gate at the first write and stays; `claimed` is the key that a form says a line has, which the
    gate believes of lines alone that the record has.
    """

    meta = {"abstract": True, "strict": False}
    key = me.StringField()
    claimed: str = ""

    def check(self) -> Iterator[tuple[str, Words]]:
        """What is wrong with the line as a whole: pairs of column and sentence."""
        yield from ()


class SignedLine(Line):
    """A line of a list to which is only added: the gate fills in who wrote it, and when."""

    meta = {"abstract": True}
    by = Ref("User", computed=True, label=L("Written by", "記錄人"))
    at = Moment(computed=True, label=L("Written at", "記錄時間"))


@dataclass(frozen=True)
class Walk:
    """How a list is filled one line after the other, by keys: `Walk("plan.cases", link="case", choice="result")`.

    `over`: the links that are gone through, of the record or of one that it links to; each line names one of them in
    its column `link` and says what came out in `choice`. `note` and `seconds`: columns for words, and for how long it
    took.
    """

    over: str
    _: KW_ONLY
    link: str
    choice: str
    note: str = ""
    seconds: str = ""

    def faults(self, columns: Mapping[str, Any], *, append_only: bool) -> Iterator[str]:
        """What is wrong with it for a list with these columns."""
        if not append_only:
            yield "is walked through, and its lines are not only added"
        if not getattr(columns.get(self.link), "target", ""):
            yield f"is walked through by {self.link!r}, which is no link among its columns"
        if not getattr(columns.get(self.choice), "options", None):
            yield f"is walked through with {self.choice!r}, which is no choice among its columns"
        for name in (self.note, self.seconds):
            if name and name not in columns:
                yield f"is walked through with {name!r}, which is no column of its lines"


class Lines(Rule, me.EmbeddedDocumentListField):
    """Embedded lines, in order, `most` of them at most.

    `append_only`: lines are added and never changed or removed; they are `SignedLine`s. `owner` and `due` name the
    columns that say for whom a line is (a user or a department) and until when: it is reminded of and passed up until
    its `LineState` is an end, or the column that `done` names is filled; in the states of the record that `due_in`
    names, or in all.

    `done`, also by itself, makes it a checklist: its page, lists and boards say how many lines are done, of how many.

    `in_turn`, of a list to which is only added: who adds a line has seen the last one; else both are shown, so that two
    people do not answer alike, or against each other.

    `whole` names columns that are choices: the list is a table with a line for each combination of their options (of
    two choices it is drawn as a grid), and is refused while one is missing or there twice. A new record begins with
    what `default` gives.

    `walk`: it is filled on a page of its own, one line after the other, by keys (`Walk`).

    `indexed` names columns by which records are looked up from elsewhere, such as from what their lines link to.
    """

    is_sortable = is_indexable = is_in_sheet = is_column = False

    def __init__(  # noqa: PLR0913 - the words in which a list is declared
        self,
        line: type[Line],
        *,
        most: int = LINES_MAX,
        append_only: bool = False,
        owner: str = "",
        due: str = "",
        done: str = "",
        due_in: Iterable[str] = (),
        whole: Iterable[str] = (),
        in_turn: bool = False,
        walk: Walk | None = None,
        indexed: Iterable[str] = (),
        **facts: Unpack[Facts],
    ):
        super().__init__(line, **facts)
        self.most, self.append_only = most, append_only
        self.owner, self.due, self.done = owner, due, done
        self.due_in = frozenset(due_in.split() if isinstance(due_in, str) else due_in)
        self.in_turn, self.walk = in_turn, walk
        self.is_column = bool(done)  # type: ignore[misc] # how far it is fits into a cell
        self.whole = tuple(whole.split() if isinstance(whole, str) else whole)
        self.indexed = tuple(indexed.split() if isinstance(indexed, str) else indexed)
        if isinstance(most, bool) or not isinstance(most, int) or not 0 < most <= LINES_LIMIT:
            self.note_faults([f"has most={most!r}, which is not a number of lines from 1 to {LINES_LIMIT}"])

    def __get__(self, instance: Any, owner: Any) -> Any:
        """The lines as they are held; MongoEngine by itself would load everything that they link to."""
        return self if instance is None else instance._data.get(self.name)

    def done_of(self, lines: Iterable[Mapping[str, Any]]) -> tuple[int, int] | None:
        """Of stored lines, how many are done, and of how many; None where there are none, or nothing says so to all."""
        rows = list(lines)
        if not rows or not self.done or self.columns[self.done].see:
            return None
        return sum(bool(row.get(self.done)) for row in rows), len(rows)

    def faults(self, value: Any) -> Iterator[Words]:
        if not isinstance(value, list | tuple) or any(not isinstance(line, Line) for line in value):
            yield WRONG_FORM(label=label_of(self))
        elif len(value) > self.most:
            yield TOO_MANY(label=label_of(self), most=self.most)

    def faults_together(self, lines: Iterable[Line]) -> Iterator[Words | tuple[str, Words]]:
        """What is wrong with lines of which each is right by itself; with the cell that it is about, `line.column`,
        where it is about one."""
        if self.whole:
            yield from self._cell_faults(lines)

    def _cell_faults(self, lines: Iterable[Line]) -> Iterator[Words]:
        """Which combinations of a table lack their line, and which have several."""
        options = [self.columns[name].options for name in self.whole]
        count = Counter(tuple(line.raw(name) for name in self.whole) for line in lines)
        for sentence, cells in (
            (CELLS_MISSING, [cell for cell in product(*options) if not count[cell]]),
            (CELLS_TWICE, [cell for cell in count if count[cell] > 1 and None not in cell]),
        ):
            if cells:
                first = Listed(tuple(options[at].get(key, key) for at, key in enumerate(cells[0])))
                yield sentence(label=label_of(self), count=len(cells), first=first)

    def in_json(self, value: Any, sees: Sees) -> Any:
        shown = {name: column for name, column in self.columns.items() if sees(column)}
        return [_in_json(line, shown, sees) for line in value]

    def from_json(self, given: Any, sees: Sees) -> Any:
        """Lines from objects: a line that names its `key` goes on, one without is new; computed columns are no part of
        what is given. Raises BadParts with each cell that is wrong."""
        if not isinstance(given, list) or any(not isinstance(line, dict) for line in given):
            raise BadValue(WRONG_FORM(label=label_of(self)))
        if len(given) > self.most:
            raise BadValue(TOO_MANY(label=label_of(self), most=self.most))
        shown = {name: column for name, column in self.columns.items() if sees(column)}
        wrong: dict[str, Words] = {}
        lines = [self._line_of(line, shown, sees, f"{at}.", wrong) for at, line in enumerate(given)]
        if wrong:
            raise BadParts(wrong, lines)
        return lines

    def _line_of(
        self, given: Mapping[str, Any], shown: Mapping[str, Any], sees: Sees, prefix: str, wrong: dict[str, Words]
    ) -> Line:
        line: Line = self.field.document_type()
        for name, value in given.items():
            if name == KEY:
                line.claimed = value if is_key(value) else ""
            elif name not in shown:
                wrong[f"{prefix}{name[:80]}"] = NO_SUCH_FIELD
            elif not shown[name].computed:
                try:
                    line.put(name, None if value is None else shown[name].from_json(value, sees))
                except BadValue as bad:
                    wrong[f"{prefix}{name}"] = bad.sentence
        return line

    def json_schema(self, sees: Sees) -> dict[str, Any]:
        shown = {name: column for name, column in self.columns.items() if sees(column)}
        cells = {name: described(column, sees) for name, column in shown.items()}
        line = {"type": "object", "properties": {KEY: {"type": "string"}, **cells}, "additionalProperties": False}
        return {"type": "array", "maxItems": self.most, "items": line}

    @property
    def columns(self) -> dict[str, Any]:
        """The declared fields of a line by name, in the order written."""
        return declared_fields(self.field.document_type)


def _in_json(line: Mapping[str, Any], columns: Mapping[str, Any], sees: Sees) -> dict[str, Any]:
    cells = {name: column.in_json(line[name], sees) for name, column in columns.items() if line.get(name) is not None}
    return ({KEY: line[KEY]} if is_key(line.get(KEY)) else {}) | cells


@of_declaration
def declared_fields(cls: type) -> dict[str, Any]:
    """A class's fields by name in the order written (a base's first), without MongoEngine's own."""
    fields = {name: field for name, field in cls._fields.items() if isinstance(field, Rule)}  # type: ignore[attr-defined]
    return dict(sorted(fields.items(), key=lambda pair: pair[1].creation_counter))


def keyed_lines(lines: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Stored lines, each with its key. One that was written before lines had keys goes by one made of its name, with a
    number where several have the same, so that it is the same at each reading until the list is written."""
    count: Counter[str] = Counter()
    for line in lines:
        if is_key(line.get(KEY)):
            yield line[KEY], line
            continue
        name = name_of_line(line)
        count[name] += 1
        stem = hashlib.sha256(name.encode()).hexdigest()[:_STEM_LENGTH]
        yield (stem if count[name] == 1 else f"{stem}.{count[name]}"), line


def is_key(value: Any) -> bool:
    """Whether a value has the form of a line's key."""
    return type(value) is str and KEY_FORM.fullmatch(value) is not None


def name_of_line(line: Mapping[str, Any]) -> str:
    """What a stored line is called: the first text in it; a piece of code, which is a text to Python, is none."""
    return next((value for name, value in line.items() if type(value) is str and name not in _NO_TEXT), "")


def with_keys(cls: Any, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """A stored record with a key in every line of it."""
    for name in _lists_of(cls):
        lines = document.get(name)
        if not isinstance(lines, list) or any(not isinstance(line, dict) for line in lines):
            continue
        if not all(is_key(line.get(KEY)) for line in lines):
            document = {**document, name: [{**line, KEY: key} for key, line in keyed_lines(lines)]}
    return document


@lru_cache(maxsize=500)
def _lists_of(cls: Any) -> tuple[str, ...]:
    return tuple(name for name, field in cls._fields.items() if getattr(field, "columns", None))
