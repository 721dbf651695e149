"""Timelines: the records of a type as bars between two of its dates, with what each of them waits for.

The server draws the bars. One is moved on a page of its own, to which a drag leads as well: it says what hangs on it,
which is moved along only if that is wished; all of it in one transaction of the gate.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import abort, redirect, request
from flask_admin import expose
from pymongo.errors import ExecutionTimeout

from models.kernel.base import clock
from models.kernel.base.errors import CHANGED, Changed, Forbidden, Missing, Refused
from models.kernel.base.people import Actor
from models.kernel.base.plan_bars import PlanBar, critical
from models.kernel.base.titles import short_title
from models.kernel.base.words import L, Words
from models.kernel.gate import batches, changes, intents
from models.kernel.gate.changes import Context
from models.kernel.gate.sources import Source
from models.kernel.language import working_time
from models.kernel.language.fields import label_of
from models.kernel.language.record import Record
from models.kernel.language.sound import rows_of
from models.kernel.language.timeline import Timeline
from models.kernel.rights import rights

from .. import refusals, wording
from ..session import actor, say, seen_version
from ..slots import PlainRun
from ..view_switch import kept_arguments, timelines, ways_to_look
from . import grid_page, listing
from .bars import BARS_MAX, bar_of, bar_of_record, followers_of
from .calendar import asked_day
from .layouts import query_of
from .listing import ListQuery

ROWS_MAX = 100
BATCH_LENGTH_MAX = 40
WEEKS = (4, 13, 26)
DAY_WIDTH, ROW_HEIGHT, HEAD_HEIGHT = {4: 28, 13: 12, 26: 6}, 28, 28
_A_DAY = dt.timedelta(days=1)
SPANS = {4: L("Four weeks", "四週"), 13: L("Quarter", "季度"), 26: L("Half a year", "半年")}
TOO_MANY = L(
    "Only the first {count} are drawn; narrow the list down to see the others.",
    "僅繪出前 {count} 條，請縮小範圍查看其他記錄。",
)
MOVED = L("{number}: now {first} to {last}.", "{number}：已改為 {first} 至 {last}。")
MOVED_WITH = L(
    "{number}: now {first} to {last}; {count} others moved along.",
    "{number}：已改為 {first} 至 {last}，另有 {count} 條隨之調整。",
)
TAKEN_BACK = L("Taken back: {count} dates are as before.", "已撤銷改期，{count} 條恢復原日期。")
NOT_TAKEN_BACK = L(
    "Nothing was taken back: one of them has been changed since.", "未能撤銷：其中有記錄在改期後又被修改。"
)
BACKWARDS = L("It cannot end before it begins.", "結束日期不能早於開始日期。")


@dataclass(frozen=True)
class _Window:
    """The days that are drawn, and how wide each is."""

    first: dt.date
    weeks: int

    @property
    def last(self) -> dt.date:
        return self.first + (7 * self.weeks - 1) * _A_DAY

    @property
    def day_width(self) -> int:
        return DAY_WIDTH[self.weeks]

    def left(self, day: dt.date) -> int:
        """Where a day begins, within the picture."""
        place = max(0, min((day - self.first).days, 7 * self.weeks))
        return place * self.day_width


class TimelineView(PlainRun):
    """The timeline of each type that declares one."""

    def __init__(self, catalogue: Mapping[str, type[Record]]):
        super().__init__(name="timelines", endpoint="timelines", url="/admin/timeline")
        self.catalogue = catalogue

    @expose("/")
    def index(self) -> Any:
        return redirect("/admin/")

    @expose("/<type_name>/")
    def of_type(self, type_name: str) -> str:
        """The bars of the shown weeks, filtered as the list: one query for them, and one for the titles of links."""
        me = actor()
        cls, timeline = self._type(type_name)
        window, base = _asked_window(), f"/admin/timeline/{type_name}/"
        query = query_of(cls, me, request.args)
        rows = _rows(query, timeline, window)
        bars = {row["_id"]: bar for row in rows if (bar := bar_of(cls, timeline, row))}
        ends = cls.declared.workflow.ends if cls.declared.workflow else frozenset()
        still_open = [bars[row["_id"]] for row in rows if row["_id"] in bars and row.get("state") not in ends]
        tight = critical(still_open, working_time.calendar_of(me.department))
        shown = [row for row in rows if row["_id"] in bars and bars[row["_id"]].first <= window.last]
        shown.sort(key=lambda row: (bars[row["_id"]].first, bars[row["_id"]].last, row["_id"]))
        if len(shown) > ROWS_MAX or len(rows) > BARS_MAX:
            query.problems.append(TOO_MANY(count=min(len(shown), ROWS_MAX)))
        titles = {row["_id"]: short_title(row) for row in rows}
        drawn = [
            _drawn(cls, row, at, _TimelineDrawing(bars, tight, titles, window))
            for at, row in enumerate(shown[:ROWS_MAX])
        ]
        return self.render(
            "timeline.html",
            declared=cls.declared,
            base=base,
            problems=query.problems,
            chips=grid_page.chips_of(query, base),
            mine_url=None if "f.owner" in request.args else query.url(base, **{"f.owner": me.id}),
            ways=ways_to_look(type_name, "timeline"),
            bars=drawn,
            arrows=_arrows(drawn, bars),
            scale=_scale(window, working_time.calendar_of(me.department)),
            width=7 * window.weeks * window.day_width,
            height=HEAD_HEIGHT + ROW_HEIGHT * max(1, len(drawn)),
            day_width=window.day_width,
            moved=request.args.get("moved", "")[:BATCH_LENGTH_MAX],
            on=request.args.get("on", "")[:10],
            **_ways_on(base, window),
        )

    @expose("/<type_name>/move/", methods=("GET", "POST"))
    def move(self, type_name: str) -> Any:
        """Other dates for one record, and for what hangs on it; always of the versions that were seen."""
        me = actor()
        cls, timeline = self._type(type_name)
        context = Context(source=Source.CALENDAR, batch=changes.new_batch())
        intent = refusals.intent_on(me, cls, "update", context)
        record = intent.record
        for name in (timeline.start, timeline.end):
            if not (verdict := intent.may_set(name)):
                raise refusals.refused(intent, "update", verdict, context)
        is_sent = request.method == "POST"
        try:
            to = _asked_bar(cls, timeline, record)
            followers = followers_of(me, cls, timeline, to)
            if not is_sent or (followers and request.form.get("seen") != _signature(to)):
                return self._move_page(cls, record, to, followers)
            words = _make(me, intent, timeline, to, followers, context)
        except (Refused, Changed) as problem:
            fresh = rights.find(me, cls, record.id)
            return self._move_page(cls, fresh, bar_of_record(cls, timeline, fresh), [], problem)
        say("good", words)
        shown = {"on": to.first.isoformat(), "moved": context.batch}
        return redirect(f"/admin/timeline/{type_name}/?{urlencode(shown)}")

    @expose("/<type_name>/take_back/", methods=("POST",))
    def take_back(self, type_name: str) -> Any:
        """Give what was moved together the dates of before: all of it, or none where somebody has changed it since."""
        me = actor()
        cls, timeline = self._type(type_name)
        batch = request.form.get("batch", "")[:BATCH_LENGTH_MAX]
        entries = batches.entries_of(cls.declared.name, batch, me) if batch else []
        own = [dates for entry in entries if (dates := _of_dates(entry, timeline))]
        if not own or len(own) < len(entries):
            raise Missing
        anew = changes.new_batch()

        def body() -> None:
            for entry in own:
                batches.take_back(cls, entry, me, anew, source=Source.CALENDAR)

        try:
            changes.in_batch(body)
        except Changed:
            say("bad", NOT_TAKEN_BACK)
        except Refused as refused:
            say("bad", refused.first)
        else:
            say("good", TAKEN_BACK(count=len(own)))
        return redirect(f"/admin/timeline/{type_name}/?{urlencode({'on': request.form.get('on', '')[:10]})}")

    def _type(self, name: str) -> tuple[type[Record], Timeline]:
        """The type of a timeline. What there is none of is not found; what is not the reader's is refused."""
        cls = self.catalogue.get(name)
        if cls is None or cls.declared.timeline is None:
            abort(404)
        if not rights.can_open(actor(), cls) or not timelines(actor(), cls):
            raise Forbidden(rights.NOT_YOURS)
        return cls, cls.declared.timeline

    def _move_page(
        self,
        cls: type[Record],
        record: Record,
        to: PlanBar | None,
        followers: list[dict[str, Any]],
        problem: Refused | Changed | None = None,
    ) -> Any:
        timeline = cls.declared.timeline
        said: list[Words] = [CHANGED] if isinstance(problem, Changed) else []
        if isinstance(problem, Refused):
            said = [words for some in problem.problems.values() for words in some] or [problem.sentence]
        page = self.render(
            "timeline_move.html",
            declared=cls.declared,
            record=record,
            labels={name: label_of(cls.fields_of()[name]) for name in (timeline.start, timeline.end)},  # type: ignore[union-attr]
            timeline=timeline,
            first=request.values.get("first") or (to.first.isoformat() if to else ""),
            last=request.values.get("last") or (to.last.isoformat() if to else ""),
            seen=_signature(to) if to else "",
            followers=followers,
            said=[str(words) for words in said],
        )
        return page, 200 if problem is None else 409 if isinstance(problem, Changed) else 422


@dataclass(frozen=True)
class _TimelineDrawing:
    """What all bars of a picture have in common."""

    bars: Mapping[Any, PlanBar]
    tight: set[Any]
    titles: Mapping[Any, str]
    window: _Window


def _of_dates(entry: dict[str, Any], timeline: Timeline) -> dict[str, Any] | None:
    """What an entry of this page changed of the dates of a bar; None where it is none, or was itself a taking back."""
    changed = [change for change in entry["changes"] if change["field"] in (timeline.start, timeline.end)]
    is_move = entry["door"] == Source.CALENDAR and not entry.get("undoes")
    return {**entry, "changes": changed} if changed and is_move else None


def _asked_window() -> _Window:
    text = request.args.get("weeks", "")
    weeks = int(text) if text.isdecimal() and len(text) < 4 and int(text) in WEEKS else WEEKS[1]
    try:
        day = dt.date.fromisoformat(request.args.get("on", ""))
    except ValueError:
        day = clock.today()
    if not 1901 <= day.year <= 2199:
        day = clock.today()
    return _Window(day - (day.weekday() + 7) * _A_DAY, weeks)


def _rows(query: ListQuery, timeline: Timeline, window: _Window) -> list[dict[str, Any]]:
    """The records that end within the shown days or later, the first to end first: by the index of the last date."""
    cls, shown = query.cls, dict.fromkeys(("number", "title", "state", "version", timeline.start, timeline.end), 1)
    if timeline.after:
        shown[timeline.after] = 1
    chosen = {timeline.end: {"$gte": cls.fields_of()[timeline.end].start_of(window.first)}}
    result = query.collection.find({"$and": [query.filter, chosen]}, shown).sort([(timeline.end, 1), ("_id", 1)])
    try:
        return rows_of(cls, result.limit(BARS_MAX + 1).max_time_ms(listing.TIME_LIMIT_MS))
    except ExecutionTimeout:
        query.problems.append(listing.SLOW)
        return []


def _drawn(cls: type[Record], row: Mapping[str, Any], at: int, of: _TimelineDrawing) -> dict[str, Any]:
    """One row of the picture: where its bar lies, and what is said of it."""
    bar, window = of.bars[row["_id"]], of.window
    left = window.left(bar.first)
    right = window.left(bar.last + _A_DAY)
    flow = cls.declared.workflow
    is_done = bool(flow and row.get("state") in flow.ends)
    after = [of.titles[id] for id in bar.after if id in of.titles]
    return {
        "id": row["_id"],
        "number": row.get("number", ""),
        "title": short_title(row),
        "url": f"/admin/{cls.declared.name}/details/?id={row['_id']}",
        "move_url": "" if is_done else f"/admin/timeline/{cls.declared.name}/move/?id={row['_id']}",
        "left": left,
        "width": max(right - left, window.day_width if bar.last >= window.first else 0),
        "top": HEAD_HEIGHT + at * ROW_HEIGHT + 6,
        "first": bar.first.isoformat(),
        "last": bar.last.isoformat(),
        "dates": f"{wording.day(bar.first)} – {wording.day(bar.last)}",
        "state": wording.state_label(cls, row.get("state")),
        "after": after,
        "is_critical": row["_id"] in of.tight,
        "is_done": is_done,
        "is_late": not is_done and bar.last < clock.today(),
    }


def _arrows(drawn: list[dict[str, Any]], bars: Mapping[Any, PlanBar]) -> list[str]:
    """The lines from the end of each bar to the beginning of those that wait for it, as paths."""
    at = {row["id"]: row for row in drawn}
    paths = []
    for row in drawn:
        for before in bars[row["id"]].after:
            if before in at:
                start = at[before]
                x, y = start["left"] + start["width"], start["top"] + 8
                paths.append(f"M{x} {y} h4 V{row['top'] + 8} H{max(row['left'], 2)}")
    return paths


def _scale(window: _Window, calendar: Any) -> dict[str, Any]:
    """The weeks at the top, today, and the days off."""
    days = [window.first + ahead * _A_DAY for ahead in range(7 * window.weeks)]
    return {
        "weeks": [{"left": window.left(day), "label": f"{day:%m-%d}"} for day in days[::7]],
        "off": [{"left": window.left(day)} for day in days if not calendar.is_workday(day)],
        "today": window.left(clock.today()) if window.first <= clock.today() <= window.last else None,
    }


def _ways_on(base: str, window: _Window) -> dict[str, Any]:
    on = window.first + 7 * _A_DAY

    def url(**changed: Any) -> str:
        kept = {"on": on.isoformat(), "weeks": window.weeks, **changed}
        return f"{base}?{urlencode([*kept_arguments(), *kept.items()])}"

    by, weeks_now = window.weeks // 2 * 7 * _A_DAY, window.weeks
    return {
        "previous": url(on=(on - by).isoformat()),
        "next": url(on=(on + by).isoformat()),
        "today": url(on=clock.today().isoformat()),
        "kinds": [{"label": SPANS[each], "url": url(weeks=each), "is_current": each == weeks_now} for each in WEEKS],
    }


def _asked_bar(cls: type[Record], timeline: Timeline, record: Record) -> PlanBar:
    """Where a record is to lie: as it was typed or dropped; without that, where it lies. Raises Refused."""
    now = bar_of_record(cls, timeline, record)
    texts = {name: request.values.get(key, "") for key, name in (("first", timeline.start), ("last", timeline.end))}
    if now and not any(texts.values()):
        return now
    first, last = (asked_day(cls, name, text) for name, text in texts.items())
    if last < first:
        raise Refused(None, {timeline.end: [BACKWARDS]})
    return PlanBar(record.id, first, last, now.after if now else ())


def _signature(bar: PlanBar) -> str:
    return f"{bar.first}:{bar.last}"


def _make(
    me: Actor,
    intent: intents.Intent[Any],
    timeline: Timeline,
    to: PlanBar,
    followers: list[dict[str, Any]],
    context: Context,
) -> Words:
    """Move a record, and those that were chosen with it: all of them, or none. Raises Refused, Changed, Forbidden."""
    cls = intent.cls
    chosen = dict(item.partition(":")[::2] for item in request.form.getlist("follow"))
    along = [row for row in followers if str(row["id"]) in chosen]
    seen = seen_version(request.form.get("version"))

    def body() -> None:
        _update(me, cls, intent.record, timeline, to, (seen, context))
        for row in along:
            other = rights.find(me, cls, row["id"])
            version = seen_version(chosen[str(row["id"])])
            _update(me, cls, other, timeline, row["bar"], (version, context))

    changes.in_batch(body)
    places = {"number": intent.record.number, "first": wording.day(to.first), "last": wording.day(to.last)}
    return MOVED_WITH(count=len(along), **places) if along else MOVED(**places)


def _update(
    me: Actor,
    cls: type[Record],
    record: Record,
    timeline: Timeline,
    bar: PlanBar,
    seen: tuple[int | None, Context],
) -> None:
    fields = cls.fields_of()
    values = {
        name: fields[name].moved_to(day, record.raw(name))
        for name, day in ((timeline.start, bar.first), (timeline.end, bar.last))
    }
    changes.update(cls, record.id, values, actor=me, version=seen[0], context=seen[1])
