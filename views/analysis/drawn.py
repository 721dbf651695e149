"""What a chart and a table of figures are drawn from: words and numbers, each with the list that it leads to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from models.kernel.base.arithmetic.ratio import SMALL, NoData, Ratio
from models.kernel.base.arithmetic.rounding import rounded
from models.kernel.base.arithmetic.shares import percentages
from models.kernel.base.words import L, Words
from models.kernel.language.fields import label_of

from .. import wording
from ..kinds.grouping import ODD, OTHERS, Groups
from ..kinds.states import column_of
from ..lists.listing import SLOW
from .counting import MEAN, NOTHING, Breakdown, Counts, Sums, currency_groups

FIRST_MS = 500  # with the page; what takes longer is fetched after it
PATIENT_LIMIT_MS = 20_000
RECORDS, AMOUNT, SHARE = L("Records", "記錄數"), L("Amount", "金額"), L("Share", "佔比")
TOTAL, OTHER = L("Total", "合計"), L("Others", "其他")
AVERAGE, ADDED = L("Average: {field}", "{field}（平均）"), L("Sum: {field}", "{field}（求和）")
OF_SO_MANY = L("{mean} (n = {n})", "{mean}（n = {n}）")
RATE = L("{group}: {rate} % of {of}", "{of} 張中{group}率 {rate}%")
FEW = L("{group}: {count} of {of}", "{of} 張中 {count} 張{group}")


@dataclass(frozen=True)
class Cell:
    """A cell of a table; with an address, its number is the count of the list there, or what that list adds up to."""

    text: str
    url: str = ""
    is_number: bool = True
    value: Any = None  # as a sheet holds it


@dataclass(frozen=True)
class Row:
    """A row of the table, and the bar that is drawn from it: `name` is the part of the bar where it has several."""

    label: str
    value: float
    url: str
    cells: tuple[Cell, ...]
    tone: str = ""
    name: str = ""


@dataclass
class ChartTable:
    """A chart with its table: what it shows, its heads, its rows, and what is wrong with it if it could not be made."""

    key: str
    title: Words
    heads: tuple[Words, ...]
    rows: list[Row] = field(default_factory=list)
    note: str = ""
    problem: str = ""
    is_stacked: bool = False
    limit_ms: int = FIRST_MS
    is_late: bool = False  # not counted within the limit
    tells_zero: bool = False  # what took no time was done all the same
    more: bool = False  # there are groups that no row stands for

    @property
    def is_empty(self) -> bool:
        return not (self.problem or self.is_late) and not any(row.value or self.tells_zero for row in self.rows)

    def stop(self) -> None:
        """It took too long: with the page it is left for later, breakdown for by itself it is given up and said."""
        self.is_late = self.limit_ms < PATIENT_LIMIT_MS
        self.problem = "" if self.is_late else str(SLOW)


@dataclass
class PivotTable:
    """A table of two fields: a row for each group of the lines, its total last; the totals of the columns below."""

    caption: str
    heads: list[str]
    rows: list[Row]
    foot: tuple[Cell, ...]
    is_count: bool = True
    more: bool = False
    currency: str = ""


def labels_of(groups: Groups, keys: Sequence[Any]) -> dict[Any, str]:
    """What groups are called; at most one query."""
    return {OTHERS: str(OTHER), **groups.labels([key for key in keys if key != OTHERS])}


def pairs_of(groups: Groups, pairs: Any, key: Any, shown: Sequence[Any]) -> list[tuple[str, str]] | None:
    """The arguments of a list narrowed to a group of it, or to those that are not shown; None where no list does."""
    if key == OTHERS:
        return groups.beyond(pairs, [known for known in shown if known != OTHERS])
    return groups.narrowed(pairs, key)


def chart_rows(
    breakdown: Breakdown, table: Counts, tones: Mapping[str, str], *, with_shares: bool
) -> tuple[list[Words], list[Row]]:
    """The heads and rows of a chart: the number of records, what is added up of them, and their share."""
    groups = breakdown.rows
    labels = labels_of(groups, table.rows)
    counts = [table.of_rows[key].count for key in table.rows]
    has_shares = with_shares and not groups.is_many and sum(counts) >= SMALL
    shares = percentages(counts) if has_shares else []
    heads: list[Words] = [RECORDS]
    if breakdown.measure.field:
        heads.append(AMOUNT if breakdown.currency else measure_label(breakdown))
    if has_shares:
        heads.append(SHARE)
    rows = []
    for at, key in enumerate(table.rows):
        tally = table.of_rows[key]
        narrowed = pairs_of(groups, breakdown.pairs, key, table.rows)
        url = breakdown.address(narrowed) if narrowed is not None else ""
        cells = [Cell(wording.number(tally.count), url, value=tally.count)]
        if breakdown.measure.field:
            cells.append(_measured(breakdown, tally, table.amounts.get(key, {})))
        if has_shares:
            cells.append(Cell(f"{shares[at]} %", value=shares[at]))
        tone = groups.tone(key) or tones.get(key if isinstance(key, str) else "", "neutral" if tones else "")
        rows.append(Row(labels[key], tally.count, url, tuple(cells), tone))
    return heads, rows


def _measured(breakdown: Breakdown, tally: Sums, amounts: Mapping[str, Decimal]) -> Cell:
    if breakdown.currency and breakdown.measure.by != MEAN:
        return Cell(wording.t("; ", "；").join(money(amounts)))
    return Cell(measured_text(breakdown, tally), value=measured_value(breakdown, tally))


def money(amounts: Mapping[str, Decimal]) -> list[str]:
    """Amounts as text, each with its currency, the largest first."""
    result = sorted(amounts.items(), key=lambda pair: -pair[1])
    return [f"{code} {wording.number(amount, 2)}".strip() for code, amount in result if amount]


def measure_label(breakdown: Breakdown) -> Words:
    """What the cells of a table tell."""
    if not breakdown.measure.field:
        return RECORDS
    label = label_of(breakdown.cls.fields_of()[breakdown.measure.field])
    return (AVERAGE if breakdown.measure.by == MEAN else ADDED)(field=label)


def measured_value(breakdown: Breakdown, tally: Sums) -> Any:
    """What a group holds, as a sheet has it; an average is rounded half up to the cent."""
    if not breakdown.measure.field:
        return tally.count
    if breakdown.measure.by == MEAN:
        mean = tally.mean
        return None if isinstance(mean, NoData) else rounded(mean, 2)
    is_amount = column_of(breakdown.cls, breakdown.measure.field).is_amount
    if is_amount:
        return rounded(tally.added, 2)
    return int(tally.added) if tally.added == tally.added.to_integral_value() else tally.added


def measured_text(breakdown: Breakdown, tally: Sums) -> str:
    """The same in words; empty where there is nothing."""
    value = measured_value(breakdown, tally)
    if not tally.count or value is None:
        return ""
    if not breakdown.measure.field:
        return wording.number(value)
    if breakdown.measure.by == MEAN:
        return str(OF_SO_MANY(mean=wording.number(value, 2), n=wording.number(tally.measured)))
    is_amount = column_of(breakdown.cls, breakdown.measure.field).is_amount
    return wording.number(value, 2) if is_amount else wording.number(value)


def pivot_table(breakdown: Breakdown, table: Counts) -> PivotTable:
    """A table with its words and addresses; at most one query for the names of each side."""
    rows, columns = breakdown.axes
    row_labels, column_labels = labels_of(rows, table.rows), labels_of(columns, table.columns)
    pairs, caption = list(breakdown.pairs), ""
    if table.currency is not None:
        currencies = currency_groups(breakdown)
        pairs = currencies.narrowed(pairs, None if table.currency not in currencies.options else table.currency) or []
        caption = str(currencies.options.get(table.currency, wording.t("Other currency", "其他幣種")))
    drawn = []
    for key in table.rows:
        own = pairs_of(rows, pairs, key, table.rows)
        cells = [_cell(breakdown, table.cells.get((key, c), NOTHING), own, c, table) for c in table.columns]
        total = _cell(breakdown, table.of_rows[key], own, None, None)
        drawn.append(Row(row_labels[key], float(table.of_rows[key].count), total.url, (*cells, total), rows.tone(key)))
    foot = [_cell(breakdown, table.of_columns[c], pairs, c, table) for c in table.columns]
    foot.append(_cell(breakdown, table.total, pairs, None, None))
    heads = [str(column_labels[key]) for key in table.columns]
    is_count = not breakdown.measure.field
    currency = "" if table.currency in (None, ODD) else str(table.currency)
    return PivotTable(caption, heads, drawn, tuple(foot), is_count, table.hides_some, currency)


def _cell(breakdown: Breakdown, tally: Sums, own: Any, key: Any, table: Counts | None) -> Cell:
    """One cell or, without a table, a total of a line."""
    pairs = own
    if own is not None and table is not None and breakdown.columns is not None:
        pairs = pairs_of(breakdown.columns, own, key, table.columns)
    text = measured_text(breakdown, tally)
    url = breakdown.address(pairs) if pairs is not None and text else ""
    return Cell(text, url, value=measured_value(breakdown, tally))


def rate_words(counts: Sequence[int], group: str) -> str:
    """The first of some counts in per cent of all of them, in words, with how many they are; counts alone where they
    are few, nothing where there are none."""
    ratio = Ratio(counts[0], sum(counts))
    if isinstance(percent := ratio.percent, NoData):
        return ""
    if ratio.is_small:
        return str(FEW(count=counts[0], of=sum(counts), group=group))
    return str(RATE(rate=wording.number(rounded(percent, 1)), of=sum(counts), group=group))
