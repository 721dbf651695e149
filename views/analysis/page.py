"""The page of analysis of each type: its declared charts, tables and matrices, and those that a reader chooses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import structlog
from flask import Response, abort, redirect, request
from flask_admin import expose
from pymongo.errors import ExecutionTimeout
from werkzeug.datastructures import MultiDict

from models.kernel.base import clock
from models.kernel.base.arithmetic.ratio import Ratio
from models.kernel.base.errors import Forbidden, Missing, Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import L, Words
from models.kernel.language.analysis import Analysis, Chart, Matrix, Pivot
from models.kernel.language.fields import Day, label_of
from models.kernel.language.record import Record
from models.kernel.language.typed import BadValue, parse
from models.kernel.rights import rights
from models.services.personal.layouts import View, arrangement_of
from models.services.sheets.writing import Cell as SheetCell

from ..lists import grid_page, listing
from ..lists.export import download, sheet_kind
from ..lists.layouts import FIGURES, query_of
from ..session import actor
from ..slots import MenuItem, PlainRun
from ..view_switch import ways_to_look
from .choosing import OwnTable
from .counting import EXPORTED_MAX, Breakdown, breakdown_by, breakdown_of, counted, sees
from .coverage import CoverageTable, ShownItems, coverage, what_covers
from .drawn import RECORDS, TOTAL, ChartTable, PivotTable, chart_rows, measure_label, pivot_table, rate_words

OWN, CHARTS = "own", "charts"
AGED_ON = Day(label=L("As of", "截至日期"))
OWN_LABEL, CHARTS_LABEL = L("Own choice", "自選"), L("Charts", "圖表")
LEFT_OUT = L(
    "{count} of {of} records are not reviewed yet and are left out.", "共 {of} 條記錄，其中 {count} 條未審核，未計入。"
)
ITEM, STANDING = L("Item", "條目"), L("Standing", "狀況")
CURRENCY, GROUP = L("Currency", "幣種"), L("Group", "分組")
NO_ACCESS = L("Your roles do not include these figures.", "您的角色無權查看這些數據。")
MONTHS_SHOWN = 12
FROM_DIGITS = 7
FLAGGED = Ratio(1, 10).value


class AnalysisView(PlainRun):
    """What the records of a type add up to, in the rights of the reader."""

    def __init__(self, catalogue: Mapping[str, type[Record]]):
        super().__init__(name="analyses", endpoint="analyses", url="/admin/analysis")
        self.catalogue = catalogue

    @expose("/")
    def index(self) -> Any:
        return redirect("/admin/")

    @expose("/<type_name>/")
    def of_type(self, type_name: str) -> str:
        """The charts of a type, or the table that is asked for: two commands, and one for the names of each side."""
        page = AnalysisRequest.read(self.catalogue, type_name)
        return self.render("analysis.html", **page.context())

    @expose("/<type_name>/export/<kind>/")
    def export(self, type_name: str, kind: str) -> Response:
        """The numbers of the page as a file, without the bounds of the page."""
        form = sheet_kind(kind)
        page = AnalysisRequest.read(self.catalogue, type_name)
        try:
            heads, rows = page.sheet()
        except ExecutionTimeout as late:
            raise Refused(listing.SLOW) from late
        log = structlog.get_logger("guicheng.export")
        filters = sorted({key for key, _, _ in page.query.chips})
        log.info("export", type=f"analysis of {type_name}", user=page.me.login, format=kind, filters=filters)
        name = f"{type_name}-{page.show}-{page.day.isoformat()}".replace(".", "-")
        return download(form, name, heads, rows, widths=[36, *[16] * (len(heads) - 1)], frozen_columns=1)


def menu_items(catalogue: Mapping[str, type[Record]], me: Actor) -> list[MenuItem]:
    """The analyses that stand in the menu of a reader."""
    return [
        MenuItem(cls.declared.chapter, item.menu, address_of(cls, item))
        for cls in catalogue.values()
        for item in cls.declared.analyses
        if item.menu and rights.can_open(me, cls) and sees(me, cls, item)
    ]


def address_of(cls: type[Record], item: Analysis) -> str:
    """The page on which an analysis stands."""
    base = f"/admin/analysis/{cls.declared.name}/"
    return base if isinstance(item, Chart) else f"{base}?{urlencode({'show': item.key})}"


@dataclass(frozen=True)
class AnalysisRequest:
    """What an address asks of the page: of which type, which of its analyses, of which list, aged on which day."""

    cls: type[Record]
    me: Actor
    show: str
    items: tuple[Analysis, ...]  # those that the reader sees
    own: OwnTable
    pairs: tuple[tuple[str, str], ...]
    query: listing.ListQuery
    day: dt.date
    problems: tuple[Words, ...]
    saved: tuple[View, ...] = ()  # the tables that the reader has kept, or that are for their department

    @classmethod
    def read(cls, catalogue: Mapping[str, type[Record]], type_name: str) -> AnalysisRequest:
        """What the present request asks. Raises Missing, Forbidden."""
        record, me = catalogue.get(type_name), actor()
        if record is None:
            abort(404)
        if not rights.can_open(me, record):
            raise Forbidden(NO_ACCESS)
        items = tuple(item for item in record.declared.analyses if sees(me, record, item))
        saved = arrangement_of(me, type_name).views
        view = next((item for item in saved if item.figures and str(item.id) == request.args.get("view")), None)
        show = request.args.get("show", "") or (OWN if view else _first(items))
        if show not in {OWN, CHARTS, *(item.key for item in items)}:
            raise Forbidden(NO_ACCESS) if show in {i.key for i in record.declared.analyses} else Missing
        own = OwnTable(record, me, _chosen(view) if show == OWN else MultiDict())
        query = query_of(record, me, request.args)
        day, problem = _day()
        shown = [item for item in items if item.key == show or (show == CHARTS and isinstance(item, Chart))]
        within = next((item.within for item in shown if not isinstance(item, Matrix) and item.within), "")
        pairs = tuple(_within(query.pairs, within))
        problems = (*query.problems, *([problem] if problem else []), *own.problems, *_span_faults(record, within))
        return cls(record, me, show, items, own, pairs, query, day, problems, tuple(v for v in saved if v.figures))

    @property
    def base(self) -> str:
        return f"/admin/analysis/{self.cls.declared.name}/"

    @property
    def charts(self) -> list[Chart]:
        return [item for item in self.items if isinstance(item, Chart)]

    @property
    def item(self) -> Analysis | None:
        """The analysis that is shown by itself."""
        return next((item for item in self.items if item.key == self.show), None)

    def breakdown(self) -> Breakdown:
        """What is counted for the table that is shown."""
        if isinstance(self.item, Chart | Pivot):
            return breakdown_of(self.cls, self.me, self.item, self.pairs, self.day)
        return breakdown_by(self.cls, self.me, self.own.axes, self.own.measure, self.pairs, self.day)

    def context(self) -> dict[str, Any]:
        """What the template is given."""
        drawn: dict[str, Any] = {"charts": [], "tables": [], "coverage": None, "problem": ""}
        breakdowns: list[Breakdown] = []
        try:
            if self.show == CHARTS:
                drawn["charts"], breakdowns = self._charts()
            elif isinstance(self.item, Matrix):
                drawn["coverage"], drawn["title"] = (
                    self._coverage(self.item, is_whole=False),
                    self.item.title(self.cls.fields_of()),
                )
            else:
                breakdowns = [self.breakdown()]
                drawn |= self._table(breakdowns[0])
        except ExecutionTimeout:
            drawn["problem"] = listing.SLOW
        within = next((item.within for item in self._shown() if item.within), "")
        return {
            **drawn,
            "declared": self.cls.declared,
            "base": self.base,
            "show": self.show,
            "asked": self.query,
            "problems": self.problems,
            "chips": grid_page.chips_of(self.query, self.base),
            "ways": ways_to_look(self.cls.declared.name, "analysis"),
            "tabs": self._tabs(),
            "kept": [(key, value) for key, value in self.query.args.items(multi=True) if _is_kept(key, within)],
            "within": self._span(within) if within else None,
            "on": self.day.isoformat() if any(by.ages for each in breakdowns for by in _axes(each)) else "",
            "own": self.own.options() if self.show == OWN else [],
            "keeping": self._keeping(),
            "left_out": _left_out(breakdowns),
            "exports": {kind: self.query.url(f"{self.base}export/{kind}/") for kind in ("csv", "xlsx")},
        }

    def _shown(self) -> list[Chart | Pivot]:
        shown = self.charts if self.show == CHARTS else [self.item]
        return [item for item in shown if isinstance(item, Chart | Pivot)]

    def _charts(self) -> tuple[list[ChartTable], list[Breakdown]]:
        drawn, breakdowns = [], []
        for item in self.charts:
            breakdown = breakdown_of(self.cls, self.me, item, self.pairs, self.day)
            breakdowns.append(breakdown)
            drawn.append(chart_of(breakdown, item, with_shares=True))
        return [chart for chart in drawn if not chart.is_empty], breakdowns

    def _table(self, breakdown: Breakdown) -> dict[str, Any]:
        if breakdown.columns is None:
            chart = ChartTable(self.show, self.own.title, ())
            table = counted(breakdown)[0]
            chart.heads, chart.rows = _drawn(breakdown, {}, table)
            return {"charts": [] if chart.is_empty else [chart]}
        tables = [pivot_table(breakdown, table) for table in counted(breakdown) if table.total.count]
        labels = [str(label_of(self.cls.fields_of()[axis.name])) for axis in breakdown.axes]
        title = self.item.title(self.cls.fields_of()) if self.item else self.own.title
        return {"tables": tables, "corner": labels[0], "title": title, "measured": measure_label(breakdown)}

    def _coverage(self, matrix: Matrix, *, is_whole: bool) -> CoverageTable:
        """The matrix that is shown, of the items that the address asks for."""
        of, standing = request.args.get("of", ""), request.args.get("standing", "")
        kept = [("show", self.show), *((k, v) for k, v in self.query.args.items(multi=True) if _is_kept(k, ""))]
        at = request.args.get("from", "")
        first = int(at) if at.isdecimal() and len(at) < FROM_DIGITS else 0
        shown = ShownItems(of, standing, self.base, kept, first, is_whole)
        return coverage(what_covers(self.cls, self.me, matrix, self.pairs, self.day), matrix, shown)

    def _tabs(self) -> list[dict[str, Any]]:
        fields = self.cls.fields_of()
        tabs = [(CHARTS, CHARTS_LABEL)] if self.charts else []
        tabs += [(item.key, item.title(fields)) for item in self.items if not isinstance(item, Chart)]
        if self.own.ways:
            tabs.append((OWN, OWN_LABEL))
        opened = self.view
        kept = [
            (k, v) for k, v in self.query.args.items(multi=True) if _is_kept(k, "") and not (opened and k == "view")
        ]
        result = [
            {"label": label, "url": f"{self.base}?{urlencode([('show', key), *kept])}", "is_open": key == self.show}
            for key, label in tabs
        ]
        for tab in result:
            tab["is_open"] = tab["is_open"] and opened is None
        views = [{"label": v.name, "url": f"{self.base}?view={v.id}", "is_open": v is opened} for v in self.saved]
        return [*result, *views]

    @property
    def view(self) -> View | None:
        """The kept table that is shown."""
        return next((view for view in self.saved if str(view.id) == self.query.args.get("view")), None)

    def _keeping(self) -> dict[str, Any] | None:
        """What the forms need by which a chosen table is kept under a name, changed or removed."""
        if self.show != OWN or not self.own.rows:
            return None
        state = [(k, v) for k, v in self.query.args.items(multi=True) if k not in (*FIGURES, "show")]
        view = self.view
        return {
            "action": f"/admin/{self.cls.declared.name}/views/",
            "state": urlencode([*state, *self.own.pairs]),
            "may_share": bool(rights.may_share_views(self.me)),
            "view": view if view and rights.may_change_view(self.me, view.person, view.department) else None,
        }

    def _span(self, within: str) -> dict[str, Any]:
        """The days that the page is bounded by, as its form shows them."""
        ends = {suffix: next((v for key, v in self.pairs if key == f"f.{within}.{suffix}"), "") for suffix in _ENDS}
        label = label_of(self.cls.fields_of()[within])
        return {"name": within, "label": label, "first": ends["from"], "last": ends["to"]}

    def sheet(self) -> tuple[list[str], Iterator[list[SheetCell]]]:
        """Heads and rows of the table that is shown; of charts, one below the other."""
        if self.show == CHARTS:
            charts, _ = self._charts()
            rows = [[str(chart.title), row.label, row.cells[0].value] for chart in charts for row in chart.rows]
            return [str(CHARTS_LABEL), str(GROUP), str(RECORDS)], iter(rows)
        if isinstance(self.item, Matrix):
            return _coverage_sheet(self._coverage(self.item, is_whole=True))
        breakdown = self.breakdown()
        tables = counted(breakdown, most=EXPORTED_MAX)
        corner = str(label_of(self.cls.fields_of()[breakdown.rows.name]))
        if breakdown.columns is None:
            words, rows_ = chart_rows(breakdown, tables[0], {}, with_shares=False)
            return [corner, *map(str, words)], ([row.label, *(cell.value for cell in row.cells)] for row in rows_)
        drawn = [pivot_table(breakdown, table) for table in tables]
        return _sheet_heads(corner, drawn, breakdown), _sheet_rows(drawn, breakdown)


_ENDS = ("from", "to")


def _coverage_sheet(table: CoverageTable) -> tuple[list[str], Iterator[list[SheetCell]]]:
    heads = [str(ITEM), str(STANDING), *table.heads, str(TOTAL), *map(str, table.also)]
    rows = (
        [row.item.title, str(row.badge[0]), *(cell.value for cell in (*row.cells, row.total, *row.also))]
        for row in table.rows
    )
    return heads, rows


def _sheet_heads(corner: str, drawn: list[PivotTable], breakdown: Breakdown) -> list[str]:
    heads = drawn[0].heads if drawn else []
    return [corner, *([str(CURRENCY)] if breakdown.currency else []), *heads, str(TOTAL)]


def _sheet_rows(drawn: list[PivotTable], breakdown: Breakdown) -> Iterator[list[SheetCell]]:
    """The lines of all tables, then the total of each."""
    for table in drawn:
        for row in table.rows:
            yield [row.label, *([table.currency] if breakdown.currency else []), *(cell.value for cell in row.cells)]
    for table in drawn:
        yield [str(TOTAL), *([table.currency] if breakdown.currency else []), *(cell.value for cell in table.foot)]


def chart_of(
    breakdown: Breakdown, item: Chart, *, with_shares: bool, limit_ms: int = listing.TIME_LIMIT_MS
) -> ChartTable:
    """A declared chart as it is drawn. Raises ExecutionTimeout."""
    chart = ChartTable(item.home or item.key, item.title(breakdown.cls.fields_of()), (), limit_ms=limit_ms)
    table = counted(breakdown, limit_ms)[0]
    heads, chart.rows = chart_rows(breakdown, table, item.tones, with_shares=with_shares)
    chart.heads, chart.more = tuple(heads), table.hides_some
    if item.rate:
        counts = [table.of_rows[key].count if key in table.of_rows else 0 for key in item.rate]
        chart.note = rate_words(counts, breakdown.rows.labels([item.rate[0]])[item.rate[0]])
    return chart


def _drawn(breakdown: Breakdown, tones: Mapping[str, str], table: Any) -> tuple[tuple[Words, ...], list[Any]]:
    heads, rows = chart_rows(breakdown, table, tones, with_shares=True)
    return tuple(heads), rows


def _chosen(view: View | None) -> MultiDict:
    """The lines, columns and value that are asked for; where an address says nothing of them, those of its view."""
    if view and not set(FIGURES) & set(request.args):
        return MultiDict(view.figures)
    return request.args


def _first(items: tuple[Analysis, ...]) -> str:
    """What an address without a choice shows: the charts, or the first table, or the reader's own choice."""
    if any(isinstance(item, Chart) for item in items):
        return CHARTS
    return items[0].key if items else OWN


def _axes(breakdown: Breakdown) -> list[Any]:
    return [axis.by for axis in breakdown.axes]


def _is_kept(key: str, within: str) -> bool:
    """Whether an argument of the address is carried on by the forms of the page."""
    if within and key in (f"f.{within}.from", f"f.{within}.to"):
        return False
    return listing.is_narrowing(key) or key in ("view", "own")


def _day() -> tuple[dt.date, Words | None]:
    """The day to age on, today unless another is asked for; and what is wrong with the one that is."""
    text, today = request.args.get("on", ""), clock.today()
    if not text.strip():
        return today, None
    try:
        day = parse(AGED_ON, text)
    except BadValue as bad:
        return today, bad.sentence
    return (today, fault) if (fault := next(AGED_ON.faults(day), None)) else (day, None)


def _within(pairs: list[tuple[str, str]], name: str) -> list[tuple[str, str]]:
    """Arguments bounded to the last twelve months of a date, unless the address says something of it."""
    places = {f"f.{name}{suffix}" for suffix in ("", ".from", ".to", ".is")}
    if not name or places & set(request.args) or places & {key for key, _ in pairs}:
        return pairs
    return [*pairs, (f"f.{name}.from", _a_year_back().isoformat())]


def _span_faults(cls: type[Record], name: str) -> Iterator[Words]:
    """What is wrong with the days that an address bounds the page by, beyond what a list says of them."""
    field = cls.fields_of().get(name)
    for text in (request.args.get(f"f.{name}.{end}", "").strip() for end in _ENDS):
        try:
            day = parse(field, text) if field and text else None
        except BadValue:
            continue
        yield from field.faults(day) if day else ()


def _a_year_back() -> dt.date:
    """The first day of the twelve months that end with this one."""
    today = clock.today()
    months = today.year * 12 + today.month - MONTHS_SHOWN
    return dt.date(months // 12, months % 12 + 1, 1)


def _left_out(breakdowns: list[Breakdown]) -> dict[str, Any] | None:
    """How many records nobody has reviewed, and of how many, where they are not counted; from a tenth on it is
    flagged."""
    first = next((breakdown for breakdown in breakdowns if breakdown.left_out is not None), None)
    if first is None or first.left_out is None:
        return None
    unseen = Breakdown(first.cls, first.me, first.left_out, first.axes).query()
    count = listing.count(unseen)
    every = listing.count(first.query()).value + count.value
    if not count.value:
        return None
    is_much = Ratio(count.value, every).value > FLAGGED  # type: ignore[operator]
    text = LEFT_OUT(count=str(count), of=every)
    return {"text": text, "url": first.address(first.left_out), "tone": "warn" if is_much else "info"}
