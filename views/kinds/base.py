"""What a page, a form, a list and a sheet ask of a kind of field; by itself, a field is one line of text."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any

from bson import ObjectId
from mongoengine.base import BaseField
from werkzeug.datastructures import MultiDict

from models.kernel.base.text_width import width_of
from models.kernel.base.words import L, Words
from models.kernel.language.fields import label_of
from models.kernel.language.typed import BadValue, parse
from models.kernel.rights.rights import Viewer
from models.services.sheets.writing import Cell

from ..wording import NO_LABELS, Labels
from .grouping import NOT_GIVEN, NOTHING_CHOSEN, Groups
from .inputs import Value
from .registry import for_kind

LONG, WIDE = 44, 25  # letters, and heights of a line, from which on a cell is clipped and can be opened
SHORT_MAX = 200
HISTORY_MAX = 600
NONE = "—"
CUT = L(
    "{start}… ({count} more characters; compare the versions to see all)", "{start}…（另有 {count} 字，請對照版本查看）"
)
A_TEXT = L("Text, at most {most} characters", "文字，最多 {most} 字")
NO_ORDER = L("this field has no order", "此字段不能比較大小")
NO_GROUPS = L("this field has no values to choose from", "此字段沒有可選的值")


Change = tuple[str, str, str]  # what, its text before, its text after


@for_kind(BaseField)
class Kind:
    """How one field is said, entered, listed, filtered and exported. A kind of field overrides what differs."""

    control = "text"  # the control of a form, as `components/controls.html` draws it
    attributes: Mapping[str, object] = {"type": "text", "autocomplete": "off"}  # of the input of a control of text
    script = ""  # what a browser is given beside it, on every page on which it is entered
    inline = "text"  # the control of a cell that is edited in its row
    is_many = False  # several inputs of one name make one value
    is_number = False  # its digits stand below each other
    layout = ""  # of the cells of its column: number, state
    is_amount = False  # money: summed in lists, and printed with its currency
    is_wide = False  # takes the whole width of a page
    is_text_cell = False  # an empty sheet keeps what is typed as text
    takes: L | None = None  # what a cell of a sheet takes
    builder = ""  # the script that lets its lines be built, for a list whose lines are more than a table shows
    groups: Callable[..., Groups] | None = None  # how records fall into groups by it

    def __init__(self, field: Any):
        self.field = field

    def plain(self, value: Any, labels: Labels = NO_LABELS) -> str:
        """A stored value as text, for lists, record pages, history and exports."""
        return "" if value is None or value == "" else self.say(value, labels)

    def say(self, value: Any, labels: Labels) -> str:
        """The text of a value that is there; `labels` are the titles of linked records."""
        return str(value)

    def full(self, value: Any, labels: Labels, viewer: Viewer) -> str:
        """The text of a value with everything in it that a reader may see."""
        return self.plain(value, labels)

    def changes(self, old: Any, new: Any, labels: Labels, viewer: Viewer) -> list[Change]:
        """A change as the history says it: what was changed, and its text before and after; a long one says so."""
        return [(str(label_of(self.field)), start_of(self.plain(old, labels)), start_of(self.plain(new, labels)))]

    def table(self, value: Any) -> dict[str, Any] | None:
        """A value as a table of its own on pages and paper, for a kind that is more than a text."""
        return None

    def linked(self, value: Any, labels: Labels) -> str:
        """A value as its record's page shows it, with what it leads to."""
        return self.plain(value, labels)

    def typed(self, value: Any) -> str:
        """A value as it stands in an input; reading it back gives the same value."""
        return "" if value is None else self.in_input(value)

    def in_input(self, value: Any) -> str:
        """The text of a value that is there, in an input."""
        return str(value)

    def raw(self, value: Any) -> list[str]:
        """What stands in the inputs of a value."""
        return [self.typed(value)]

    def read(self, raw: list[str]) -> Any:
        """The value of what was typed or chosen. Raises BadValue."""
        return parse(self.field, raw[0] if raw else "")

    def attributes_in(self, record: Any) -> Mapping[str, object]:
        """The attributes of its input, with what follows from the record as it was loaded; None: of a new one."""
        return self.attributes

    def input(self) -> Any:
        """The input of a form, as WTForms binds it."""
        return Value(kind=self)

    def drawn(self, entry: Any, held: frozenset[ObjectId], titles: dict[ObjectId, str]) -> dict[str, Any]:
        """What its control shows beside the text: options, or the titles of what is chosen.

        `held`: what the record links to already, which its page names anyway; `titles`: those that are known, added to.
        """
        return {}

    def preset(self, given: str) -> Any:
        """The value of a blank form that an address hands over; None: none."""
        return None

    def presets(self, given: list[str]) -> Any:
        """The same of all values that an address hands over."""
        return self.preset(given[0])

    def shown(self, value: Any) -> Any:
        """A value as its input is filled with it."""
        return value

    def copied(self, value: Any) -> Any:
        """What a copy of a record begins with; None: nothing."""
        return value

    def cell(self, value: Any, labels: Labels, today: dt.date) -> dict[str, Any]:
        """The text of a cell and how it is laid out: text, long, number or date."""
        return text_cell(self.plain(value, labels))

    def projection(self, name: str) -> Any:
        """What of a column leaves the database."""
        return 1

    def labels(self) -> list[tuple[str, str]]:
        """Its options with their labels, for a kind that has some."""
        return []

    def options(self) -> list[tuple[str, str]]:
        """What may be chosen where a cell is edited in its row."""
        return []

    def time_of_day(self, value: Any) -> str:
        """The time at which a calendar shows a value; empty: the whole day."""
        return ""

    def condition(self, values: list[str]) -> Any:
        """What the database compares the field with. Raises BadValue."""
        return {"$regex": re.escape(values[-1]), "$options": "i"}

    def condition_is(self, values: list[str]) -> Any:
        """What the database compares the field with for these values alone, without what stands below them."""
        return self.condition(values)

    def condition_not(self, values: list[str]) -> Any:
        """What the database compares the field with for all values but these. Raises BadValue."""
        raise BadValue(NO_GROUPS)

    def condition_from(self, text: str) -> Any:
        """What the database compares the field with, from a value on. Raises BadValue."""
        raise BadValue(NO_ORDER)

    def condition_to(self, text: str) -> Any:
        """What the database compares the field with, up to a value and with it. Raises BadValue."""
        raise BadValue(NO_ORDER)

    def filter(self, name: str, args: MultiDict, labels: Labels) -> dict[str, Any]:
        """The control by which a list is narrowed."""
        key = f"f.{name}"
        return {"key": key, "label": label_of(self.field), "values": args.getlist(key), "kind": "text"}

    def chip(self, value: str, labels: Labels) -> str:
        """The value of an active filter in words."""
        return value

    def chip_words(self, value: str, labels: Labels, *, is_alone: bool = False) -> str:
        """The same, also where it asks for records without a value, or for this value alone."""
        return str(NOT_GIVEN) if value == NOTHING_CHOSEN and self.groups else self.chip(value, labels)

    def in_sheet(self, value: Any, labels: Labels) -> Cell:
        """A value as a sheet holds it: numbers and dates as such, everything else as text."""
        return self.plain(value, labels)

    def takes_words(self) -> Words:
        """What kind of thing a cell of a sheet takes."""
        return self.takes or A_TEXT(most=getattr(self.field, "most", SHORT_MAX))

    def takes_all(self) -> Words:
        """What a cell of a sheet takes, with all its choices."""
        return self.takes_words()

    def offers(self) -> list[str]:
        """What a cell of an empty sheet lets choose from."""
        return []


def text_cell(text: str) -> dict[str, Any]:
    """A cell of text, which is clipped where it would not fit into one line."""
    is_long = len(text) > LONG or "\n" in text or (len(text) >= WIDE and width_of(text, 1) > WIDE)
    return {"text": text, "kind": "long" if is_long else "text"}


def range_filter(kind: Kind, name: str, args: MultiDict, control: str) -> dict[str, Any]:
    """A filter by a first and a last value; `control` is the input of both."""
    key = f"f.{name}"
    ends = {"from": args.get(f"{key}.from", ""), "to": args.get(f"{key}.to", "")}
    return {**Kind.filter(kind, name, args, NO_LABELS), "kind": "range", "input": control, **ends}


def start_of(text: str) -> str:
    """A text as a line of the history shows it: where the rest is left out, it says how much."""
    more = len(text) - HISTORY_MAX
    return str(CUT(start=text[:HISTORY_MAX], count=more)) if more > 0 else text or NONE
