"""How records fall into groups by a field: which group each is in, the order, the words, and the list of each group.

The list of a group is said by arguments of an address, so that a number and the list that it leads to are one query.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from mongoengine.base import get_document

from models.kernel.base import clock
from models.kernel.base.arithmetic.ages import AgeBand, age_bands
from models.kernel.base.arithmetic.periods import PeriodKind, between, of_day
from models.kernel.base.words import L
from models.kernel.language.analysis import By
from models.kernel.language.kinds.choices import NO, YES
from models.kernel.language.kinds.line_links import parts_of
from models.kernel.language.merging import merged_ids
from models.kernel.language.record import Record
from models.kernel.language.sound import DAMAGED
from models.kernel.language.trees import tree_of
from models.kernel.rights import line_picking

from ..session import actor
from ..wording import number, state_label, titles, tone

ODD, OTHERS = "\x00odd", "\x00others"  # keys of what no list shows, and of all groups that are not shown
NOTHING_CHOSEN = "-"  # as the value of a filter: those records in which there is none
NOT_GIVEN = L("(not given)", "（未填）")
NOT_DUE, FROM_DAYS = L("Not due", "未到期"), L("Over {days} days", "{days} 天以上")
UP_TO_DAYS, BETWEEN_DAYS = L("Up to {days} days", "{days} 天以內"), L("{first}-{last} days", "{first}-{last} 天")
QUARTER = L("{year} Q{quarter}", "{year} 年第 {quarter} 季度")
YEAR = L("{year}", "{year} 年")
PERIODS_MAX = 36
NAMED_MAX = 100  # groups in the address of the others
_FIRST, _LAST = dt.datetime(1000, 1, 1, tzinfo=dt.UTC), dt.datetime(9998, 1, 1, tzinfo=dt.UTC)
Pairs = Sequence[tuple[str, str]]


class Groups:
    """The groups of one field of a type, by the values that it holds as they are."""

    is_many = False  # a record stands in several
    is_ranked = False  # the largest first, and a few of them
    types: tuple[str, ...] = ("string",)

    def __init__(self, cls: type[Record], name: str, by: By, day: dt.date):
        self.cls, self.name, self.by, self.day = cls, name, by, day
        self.field: Any = cls.fields_of()[name]

    @property
    def most(self) -> int:
        """How many groups are shown beside the one without a value."""
        return self.by.top if self.is_ranked else NAMED_MAX

    def stages(self) -> list[dict[str, Any]]:
        """What goes before grouping: a record that stands in several groups counts in each."""
        return []

    def expression(self) -> Any:
        """The key of the group of a document: a value, None for none, ODD for what the field cannot hold."""
        place = f"${self.name}"
        kind = {"$type": place}
        return {
            "$switch": {
                "branches": [
                    {"case": {"$in": [kind, ["missing", "null", "undefined"]]}, "then": None},
                    {"case": {"$in": [place, ["", NOTHING_CHOSEN]]}, "then": None},
                    {"case": {"$in": [kind, list(self.types)]}, "then": place},
                ],
                "default": {"$literal": ODD},
            }
        }

    def in_order(self, keys: Iterable[Any]) -> list[Any]:
        """Keys as they came, what has no value after them, what is damaged last."""
        held = list(keys)
        return [key for key in held if key not in (None, ODD)] + [key for key in (None, ODD) if key in held]

    def expected(self, pairs: Pairs) -> list[Any]:
        """The groups that are shown even where nothing is in them."""
        return []

    def blank(self, pairs: Pairs) -> list[Any]:
        """The group without a value, where a chart shows it although nothing is in it."""
        return []

    def labels(self, keys: Iterable[Any]) -> dict[Any, str]:
        """What groups are called; at most one query."""
        held = list(keys)
        plain = {None: str(NOT_GIVEN), ODD: str(DAMAGED)}
        return plain | self.named([key for key in held if key not in plain])

    def named(self, keys: list[Any]) -> dict[Any, str]:
        """The words of groups that have a value."""
        return {key: str(key) for key in keys}

    def tone(self, key: Any) -> str:
        """The tone of a group; empty: it has none."""
        return ""

    def narrowed(self, pairs: Pairs, key: Any) -> list[tuple[str, str]] | None:
        """The arguments of a list, narrowed to a group of it; None where no list shows it."""
        if key == ODD:
            return None
        return self.replaced(pairs, [NOTHING_CHOSEN if key is None else self.text(key)])

    def text(self, key: Any) -> str:
        """A key as the value of an argument."""
        return str(key)

    def replaced(self, pairs: Pairs, values: Iterable[str], suffix: str = "") -> list[tuple[str, str]]:
        """Arguments with these values of the field instead of those that they have."""
        place = f"f.{self.name}{suffix}"
        return [*(pair for pair in pairs if pair[0] != place), *((place, value) for value in values)]

    def beyond(self, pairs: Pairs, keys: Sequence[Any]) -> list[tuple[str, str]] | None:
        """The arguments of a list, narrowed to the groups beside these; None where no list shows them."""
        if self.is_many or len(keys) > NAMED_MAX + 1 or ODD in keys:
            return None
        named = [NOTHING_CHOSEN if key is None else self.text(key) for key in keys]
        return self.replaced(pairs, dict.fromkeys([*self.chosen(pairs, ".not"), *named]), ".not")

    def chosen(self, pairs: Pairs, suffix: str = "") -> list[str]:
        """The values by which the list is narrowed already."""
        return [value for place, value in pairs if place == f"f.{self.name}{suffix}"]


class ManyGroups(Groups):
    """Of a field with several values: a record stands in the group of each."""

    is_many = True

    def stages(self) -> list[dict[str, Any]]:
        return [{"$unwind": {"path": f"${self.name}", "preserveNullAndEmptyArrays": True}}]

    def narrowed(self, pairs: Pairs, key: Any) -> list[tuple[str, str]] | None:
        """Where the list is narrowed by this field already, a record must be in the group besides."""
        if key == ODD or (held := self.chosen(pairs, ".is")):
            return list(pairs) if key != ODD and held == [self.text(key)] else None
        suffix = ".is" if self.chosen(pairs) else ""
        return self.replaced(pairs, [NOTHING_CHOSEN if key is None else self.text(key)], suffix)


class OptionGroups(Groups):
    """One of a few options, in the order in which they are declared."""

    @property
    def options(self) -> Mapping[str, Any]:
        return self.field.options  # type: ignore[no-any-return]

    def in_order(self, keys: Iterable[Any]) -> list[Any]:
        held = set(keys)
        unknown = sorted(key for key in held if key not in self.options and key not in (None, ODD))
        return super().in_order([key for key in (*self.options, *unknown, None, ODD) if key in held])

    def expected(self, pairs: Pairs) -> list[Any]:
        chosen = self.chosen(pairs)
        return [key for key in self.options if not chosen or self.is_many or key in chosen]

    def blank(self, pairs: Pairs) -> list[Any]:
        return [] if self.field.required or self.chosen(pairs) else [None]

    def named(self, keys: list[Any]) -> dict[Any, str]:
        return {key: str(self.options.get(key, key)) for key in keys}


class SeveralOptionGroups(ManyGroups, OptionGroups):
    """Any of a few options."""


class StateGroups(OptionGroups):
    """The state of a record."""

    @property
    def options(self) -> Mapping[str, Any]:
        flow = self.cls.declared.workflow
        return {state: state for state in flow.states} if flow else {}

    def blank(self, pairs: Pairs) -> list[Any]:
        return []

    def named(self, keys: list[Any]) -> dict[Any, str]:
        return {key: state_label(self.cls, key) for key in keys}

    def tone(self, key: Any) -> str:
        return tone(self.cls, key)


class FlagGroups(Groups):
    """Yes and no; what says neither counts as no, as in lists."""

    def expression(self) -> Any:
        return {"$eq": [f"${self.name}", True]}

    def in_order(self, keys: Iterable[Any]) -> list[Any]:
        held = set(keys)
        return [key for key in (True, False) if key in held]

    def expected(self, pairs: Pairs) -> list[Any]:
        return [] if self.chosen(pairs) else [True, False]

    def named(self, keys: list[Any]) -> dict[Any, str]:
        return {key: str(YES if key else NO) for key in keys}

    def text(self, key: Any) -> str:
        return "1" if key else "0"


class RecordGroups(Groups):
    """One linked record each; in a tree each stands for itself, without those below it."""

    is_ranked = True
    types = ("objectId",)

    def expression(self) -> Any:
        """The id that is linked to; what was merged counts with the record that stands for it."""
        onward = merged_ids(get_document(self.field.target))
        if not onward:
            return super().expression()
        plain: dict[str, Any] = super().expression()
        place = f"${self.name}"
        led = [{"case": {"$in": [place, ids]}, "then": into} for into, ids in onward.items()]
        return {"$switch": {**plain["$switch"], "branches": [*led, *plain["$switch"]["branches"]]}}

    def named(self, keys: list[Any]) -> dict[Any, str]:
        known = titles({self.field.target: keys}) if keys else {}
        return {key: known.get(key, str(NOT_GIVEN)) for key in keys}

    def narrowed(self, pairs: Pairs, key: Any) -> list[tuple[str, str]] | None:
        if key not in (None, ODD) and tree_of(get_document(self.field.target)):
            return self.replaced(pairs, [str(key)], ".is")
        return super().narrowed(pairs, key)


class SeveralRecordGroups(ManyGroups, RecordGroups):
    """Several linked records."""

    def narrowed(self, pairs: Pairs, key: Any) -> list[tuple[str, str]] | None:
        if key not in (None, ODD) and tree_of(get_document(self.field.target)) and not self.chosen(pairs, ".is"):
            return self.replaced(pairs, [str(key)], ".is")
        return super().narrowed(pairs, key)


class WordGroups(ManyGroups):
    """Free words."""

    is_ranked = True


class LineGroups(Groups):
    """One line of another record each."""

    is_ranked = True

    def named(self, keys: list[Any]) -> dict[Any, str]:
        known = line_picking.line_titles(actor(), self.field, [key for key in keys if parts_of(key)])
        return {key: known.get(key, str(line_picking.REMOVED_LINE)) for key in keys}


class StepGroups(Groups):
    """A number of a few steps."""

    types = ("int", "long")

    def in_order(self, keys: Iterable[Any]) -> list[Any]:
        held = set(keys)
        return [key for key in (*sorted(held - {None, ODD}), None, ODD) if key in held]

    def named(self, keys: list[Any]) -> dict[Any, str]:
        return {key: number(key) for key in keys}


class DateGroups(Groups):
    """What dates have in common, in periods or in ages: the arguments of a list are its first and last day."""

    def _is_date(self) -> dict[str, Any]:
        place = f"${self.name}"
        return {"$and": [{"$eq": [{"$type": place}, "date"]}, {"$gte": [place, _FIRST]}, {"$lt": [place, _LAST]}]}

    def grouped(self) -> Any:
        """The key of a document that has a date."""
        raise NotImplementedError

    def expression(self) -> Any:
        missing = {"$in": [{"$type": f"${self.name}"}, ["missing", "null", "undefined"]]}
        known = {"case": self._is_date(), "then": self.grouped()}
        return {"$switch": {"branches": [{"case": missing, "then": None}, known], "default": {"$literal": ODD}}}

    def days(self, key: Any) -> tuple[dt.date | None, dt.date | None]:
        """The first and the last day of a group; None where it is open."""
        raise NotImplementedError

    def narrowed(self, pairs: Pairs, key: Any) -> list[tuple[str, str]] | None:
        if key == ODD:
            return None
        if key is None:
            return self.replaced(pairs, [NOTHING_CHOSEN])
        return self.between(pairs, *self.days(key))

    def between(self, pairs: Pairs, first: dt.date | None, last: dt.date | None) -> list[tuple[str, str]]:
        """Arguments narrowed to days, as far as they were not narrower before."""
        result = list(pairs)
        for suffix, day, tighter in ((".from", first, max), (".to", last, min)):
            place = f"f.{self.name}{suffix}"
            held = [value for key, value in result if key == place and value]
            if day is None:
                continue
            kept = [known for value in held[-1:] if (known := self._day(value))]
            result = [pair for pair in result if pair[0] != place]
            result.append((place, held[-1] if kept and tighter(kept[0], day) != day else day.isoformat()))
        return result

    def _day(self, text: str) -> dt.date | None:
        try:
            return dt.date.fromisoformat(text.strip()[:10])
        except ValueError:
            return None


class PeriodGroups(DateGroups):
    """Months, quarters or years, the earliest first; of many the latest."""

    def __init__(self, cls: type[Record], name: str, by: By, day: dt.date):
        super().__init__(cls, name, by, day)
        self.kind = PeriodKind(by.each or PeriodKind.MONTH)

    @property
    def most(self) -> int:
        return PERIODS_MAX

    def grouped(self) -> Any:
        zone = {"timezone": clock.zone().key} if self.field.is_moment else {}
        return {"$dateTrunc": {"date": f"${self.name}", "unit": self.kind.value, **zone}}

    def in_order(self, keys: Iterable[Any]) -> list[Any]:
        held = set(keys)
        return [*self.filled(sorted(held - {None, ODD})), *(key for key in (None, ODD) if key in held)]

    def filled(self, keys: Sequence[Any]) -> list[Any]:
        """The periods between the first and the last of these, too, where they are not too many."""
        if not keys:
            return []
        first, last = self._first(keys[0]), self._first(keys[-1])
        periods = list(islice(between(self.kind, first, last), PERIODS_MAX + 1))
        return [self.field.start_of(period.first) for period in periods] if len(periods) <= PERIODS_MAX else list(keys)

    def _first(self, key: Any) -> dt.date:
        return self.field.day_in(key)  # type: ignore[no-any-return]

    def days(self, key: Any) -> tuple[dt.date | None, dt.date | None]:
        period = of_day(self.kind, self._first(key))
        return period.first, period.last

    def named(self, keys: list[Any]) -> dict[Any, str]:
        return {key: self._word(self._first(key)) for key in keys}

    def _word(self, first: dt.date) -> str:
        if self.kind is PeriodKind.YEAR:
            return str(YEAR(year=first.year))
        if self.kind is PeriodKind.QUARTER:
            return str(QUARTER(year=first.year, quarter=(first.month + 2) // 3))
        return f"{first:%Y-%m}"

    def beyond(self, pairs: Pairs, keys: Sequence[Any]) -> list[tuple[str, str]] | None:
        """What is before the first of the shown periods."""
        known = [] if ODD in keys else sorted(key for key in keys if key is not None)
        return self.between(pairs, None, self._first(known[0]) - dt.timedelta(days=1)) if known else None


class AgeGroups(DateGroups):
    """Bands of days since a date, the youngest first."""

    def __init__(self, cls: type[Record], name: str, by: By, day: dt.date):
        super().__init__(cls, name, by, day)
        self.bands: tuple[AgeBand, ...] = age_bands(by.ages)

    def grouped(self) -> Any:
        branches = [
            {"case": {"$gte": [f"${self.name}", self.field.start_of(first)]}, "then": at}
            for at, band in enumerate(self.bands)
            if (first := band.days(self.day)[0]) is not None
        ]
        return {"$switch": {"branches": branches, "default": len(self.bands) - 1}}

    def in_order(self, keys: Iterable[Any]) -> list[Any]:
        held = set(keys)
        return [key for key in (*range(len(self.bands)), None, ODD) if key in held]

    def expected(self, pairs: Pairs) -> list[Any]:
        return list(range(len(self.bands)))

    def days(self, key: Any) -> tuple[dt.date | None, dt.date | None]:
        return self.bands[key].days(self.day)

    def named(self, keys: list[Any]) -> dict[Any, str]:
        return {key: str(_band_word(self.bands[key])) for key in keys}

    def tone(self, key: Any) -> str:
        if key in (None, ODD):
            return ""
        return "bad" if self.bands[key].most is None else ("good", "progress")[key] if key < 2 else "wait"


def _band_word(band: AgeBand) -> Any:
    if band.least is None:
        return NOT_DUE if band.most == -1 else UP_TO_DAYS(days=band.most)
    if band.most is None:
        return FROM_DAYS(days=band.least - 1)
    return BETWEEN_DAYS(first=band.least, last=band.most)


def date_groups(cls: type[Record], name: str, by: By, day: dt.date) -> Groups:
    """The groups of a date, in ages where they are declared, else in periods."""
    return (AgeGroups if by.ages else PeriodGroups)(cls, name, by, day)
