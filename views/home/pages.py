"""Pages across all types: home, inbox of approvals, notices, bin, global search."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from bson import ObjectId
from flask import redirect, request
from flask_admin import AdminIndexView, expose
from mongoengine.connection import get_db
from pymongo.errors import ExecutionTimeout

from models.kernel.base import clock
from models.kernel.base.errors import Missing
from models.kernel.base.people import Actor
from models.kernel.base.titles import short_title
from models.kernel.base.words import current_locale
from models.kernel.gate import history
from models.kernel.gate.notices import COLLECTION as NOTICES
from models.kernel.gate.notices import FOR_USERS, NOTICE_LABELS, kind_label
from models.kernel.gate.waiting import COLLECTION as WAITING
from models.kernel.language.fields import label_of
from models.kernel.language.record import Record
from models.kernel.language.sound import rows_of
from models.kernel.rights import picking, rights

from .. import wording
from ..files.hits import file_hits
from ..forms.drafts import unsaved
from ..frame import waiting_filter
from ..kinds import kind_of
from ..page.timeline import timeline
from ..session import actor
from ..slots import PlainRun, alarms_for, tiles_for
from . import cases, day, decisions
from .cases import HOME_ROWS
from .charts import read_period
from .figures import chart_by_itself, charts_for, periods, shows_period
from .held import Held, held_back
from .reviews import entries_to_review

INBOX_PAGE = 50
NOTICES_PAGE = 100
SEARCH_EACH = 8
TIME_LIMIT_MS = 1500


class HomeView(PlainRun, AdminIndexView):
    """Home and the other pages that belong to no single type."""

    def __init__(self, catalogue: Mapping[str, type[Record]]):
        super().__init__(name="home", endpoint="admin", url="/admin", template="home.html")
        self.catalogue = catalogue

    @expose("/")
    def index(self) -> Any:
        """What waits for me, what I go on with, what is late, and the figures of my roles.

        Who has several roles has one page with all of it; the number of queries does not depend on that of records.
        """
        me = actor()
        rows_of_mine = None if request.args.get("mine") == "all" else HOME_ROWS
        decide = cases.to_decide(me, HOME_ROWS + 1)
        late = cases.overseen_late(me, self.catalogue, HOME_ROWS + 1)
        own, reasons = cases.mine(me, self.catalogue)
        owners = cases.owners_of([*decide, *(late or []), *(case for result in own.values() for case in result)])
        period = read_period(request.args.get("period", ""))
        return self.render(
            "home.html",
            decide=self._rows(decide[:HOME_ROWS], owners, held=held_back(me, decide[:HOME_ROWS], self.catalogue)),
            decide_more=len(decide) > HOME_ROWS,
            own=[
                (cases.MINE_LABELS[key], cases.how_many(own, key), self._rows(result[:rows_of_mine], owners, reasons))
                for key, result in own.items()
                if result
            ],
            late=self._rows((late or [])[:HOME_ROWS], owners),
            late_more=len(late or []) > HOME_ROWS,
            shows_late=late is not None,
            shows_all_mine=rows_of_mine is None,
            unsaved=unsaved(me, self.catalogue),
            starts=[cls.declared for cls in self.catalogue.values() if rights.may_create(me, cls)],
            alarms=alarms_for(me),
            tiles=[*entries_to_review(me), *tiles_for(me)],
            charts=charts_for(me, self.catalogue, period),
            periods=periods(period) if shows_period(me) else [],
            period=period.key,
        )

    def _rows(
        self,
        result: cases.Cases,
        owners: Mapping,
        reasons: Mapping | None = None,
        held: Mapping[ObjectId, Held] = MappingProxyType({}),
    ) -> list[dict[str, Any]]:
        return [cases.case_row(case, self.catalogue, owners, reasons, held.get(case["_id"], {})) for case in result]

    @expose("/chart/")
    def chart(self) -> Any:
        """One figure of the home page by itself, when counting it takes longer than the page should."""
        me, period = actor(), read_period(request.args.get("period", ""))
        result = chart_by_itself(me, self.catalogue, period, request.args.get("key", ""))
        if result is None:
            raise Missing
        return self.render("chart.html", chart=result, back=f"/admin/?period={period.key}")

    @expose("/day/", methods=("GET", "POST"))
    def day(self) -> Any:
        """All that one owes in one list, and a line for a new task."""
        return day.page(self)

    @expose("/decide/", methods=("POST",))
    def decide(self) -> Any:
        """Yes or no to one case or several, each on the version that was seen."""
        return decisions.answer(self)

    @expose("/inbox/")
    def inbox(self) -> Any:
        """Everything that waits for my decision, urgent first, oldest first, with what changed since it was decided."""
        me = actor()
        query = waiting_filter(me)
        after = request.args.get("after", "")
        kind = request.args.get("type", "")
        if kind in self.catalogue:
            query["type"] = kind
        if ObjectId.is_valid(after):
            last = get_db()[WAITING].find_one({"_id": ObjectId(after)}, {"since": 1, "rank": 1})
            if last:
                query = {"$and": [query, cases.following(last)]}
        result = list(get_db()[WAITING].find(query).sort(cases.INBOX_ORDER).limit(INBOX_PAGE + 1))
        shown = result[:INBOX_PAGE]
        changes = self._last_changes(shown, me)
        facts = self._facts(shown, me)
        more = urlencode({"type": kind, "after": shown[-1]["_id"]}) if len(result) > INBOX_PAGE else ""
        held = held_back(me, shown, self.catalogue)
        rows = zip(shown, self._rows(shown, cases.owners_of(shown), held=held), strict=True)
        return self.render(
            "inbox.html",
            cases=[row | _context(case, facts, changes) for case, row in rows],
            next=f"/admin/inbox/?{more}" if more else None,
            kinds=[
                (cls.declared.name, cls.declared.plural) for cls in self.catalogue.values() if cls.declared.workflow
            ],
            kind=kind,
        )

    def _facts(self, shown: list[dict[str, Any]], me: Actor) -> dict[ObjectId, list[tuple[str, str]]]:
        """What the list of its type shows of each case: two queries for each type among them."""
        result: dict[ObjectId, list[tuple[str, str]]] = {}
        for name in {case["type"] for case in shown} & set(self.catalogue):
            cls = self.catalogue[name]
            seen = rights.readable_fields(me, cls)
            columns = [c for c in cls.declared.grid.columns if c in seen and c not in ("number", "owner", "state")]
            ids = [case["_id"] for case in shown if case["type"] == name]
            rows = rows_of(cls, cls._get_collection().find({"_id": {"$in": ids}}, dict.fromkeys(columns, 1)))
            labels = wording.reference_labels(cls, rows, columns)
            for row in rows:
                texts = [
                    (str(label_of(cls._fields[c])), kind_of(cls._fields[c]).plain(row.get(c), labels)) for c in columns
                ]
                result[row["_id"]] = [pair for pair in texts if pair[1]]
        return result

    def _last_changes(self, shown: list[dict[str, Any]], me: Actor) -> dict[ObjectId, list[tuple[str, str, str]]]:
        """What was changed in each case since it was last returned or begun: one query for all."""
        if not shown:
            return {}
        by_id = {case["_id"]: case for case in shown}
        result: dict[ObjectId, list[tuple[str, str, str]]] = {}
        stages = [
            {"$match": {"record": {"$in": list(by_id)}, "verb": "update"}},
            {"$sort": {"record": 1, "seq": -1}},
            {"$group": {"_id": "$record", "last": {"$first": "$$ROOT"}}},
        ]
        for row in history.HistoryEntry._get_collection().aggregate(stages):
            cls = self.catalogue.get(by_id[row["_id"]]["type"])
            if cls is not None:
                content = timeline(cls, [row["last"]], rights.Viewer(me))
                result[row["_id"]] = content[0]["changes"] if content else []
        return result

    @expose("/notices/", methods=("GET", "POST"))
    def notices(self) -> Any:
        """The messages for me, all or of one kind; POST marks them read, or the one that is named."""
        me = actor()
        box = get_db()[NOTICES]
        kind = request.values.get("kind", "")
        of_kind = {"kind": kind} if kind in FOR_USERS else {}
        if request.method == "POST":
            id = request.form.get("id", "")
            which = {"_id": ObjectId(id)} if ObjectId.is_valid(id) else of_kind
            box.update_many({"person": me.id, "read_at": None, **which}, {"$set": {"read_at": clock.now()}})
            return redirect(f"/admin/notices/?kind={kind}" if of_kind else "/admin/notices/")
        after = request.args.get("after", "")
        behind = {"_id": {"$lt": ObjectId(after)}} if ObjectId.is_valid(after) else {}
        query = {"person": me.id, "channel": "app", **of_kind, **behind}
        rows = list(box.find(query).sort("_id", -1).limit(NOTICES_PAGE + 1))
        next_after = str(rows[NOTICES_PAGE - 1]["_id"]) if len(rows) > NOTICES_PAGE else ""
        shown = [
            {
                "id": row["_id"],
                "kind": kind_label(row["kind"]),
                "text": row["text"].get(current_locale(), row["text"].get("en", "")),
                "url": f"/admin/{row['type']}/details/?id={row['record']}",
                "at": wording.moment(row["at"]),
                "is_new": row.get("read_at") is None,
            }
            for row in rows[:NOTICES_PAGE]
        ]
        kinds = {"kinds": [(kind, NOTICE_LABELS[kind]) for kind in FOR_USERS], "kind": kind if of_kind else ""}
        return self.render("notices.html", notices=shown, next_after=next_after, **kinds)

    @expose("/bin/")
    def bin(self) -> Any:
        """What was removed and can be restored: at most 50 of each type."""
        me = actor()
        result = []
        for cls in self.catalogue.values():
            if (scope := rights.visible_removed(me, cls)) is None or not rights.is_writer(me, cls):
                continue
            query = {"number": 1, "title": 1, "removed_at": 1, "removed_by": 1}
            living = {**scope, "went_into": None} if cls.declared.merges else scope
            rows = rows_of(cls, cls._get_collection().find(living, query).sort("removed_at", -1).limit(50))
            result += [(cls, row) for row in rows]
        people = wording.titles({"User": {row["removed_by"] for _, row in result if row.get("removed_by")}})
        rows = [
            {
                "kind": cls.declared.label,
                "number": row.get("number", ""),
                "title": row.get("title", ""),
                "by": people.get(row.get("removed_by"), ""),
                "at": wording.moment(row["removed_at"]) if row.get("removed_at") else "",
                "restore": f"/admin/{cls.declared.name}/restore/",
                "id": str(row["_id"]),
            }
            for cls, row in result
        ]
        return self.render("bin.html", rows=rows)

    @expose("/search/")
    def search(self) -> Any:
        """What I may see whose number or short fields contain the text, and what I may open whose files do.

        One indexed query for each type; `in=files` goes on in the files alone, `type` in those of one type.
        """
        me = actor()
        text = request.args.get("q", "").replace("\x00", "").strip()[:100]
        in_files_only = request.args.get("in") == "files"
        groups, unfinished = self._groups(me, text) if text and not in_files_only else ([], [])
        has_archive = any(rights.visible_archived(me, cls) is not None for cls in self.catalogue.values())
        in_files = file_hits(self.catalogue, me, text, request.args) if text else None
        return self.render(
            "search.html",
            text=text,
            groups=groups,
            unfinished=unfinished,
            has_archive=has_archive,
            in_files=in_files,
            in_files_only=in_files_only,
        )

    def _groups(self, me: Actor, text: str) -> tuple[list[dict[str, Any]], list[str]]:
        """The hits of each type, and the types whose search took too long and was stopped."""
        groups, unfinished = [], []
        for cls in self.catalogue.values():
            scope = rights.visible(me, cls)
            if scope is None:
                continue
            query = {"$and": [picking.found_by(me, cls, text), scope]}
            cursor = cls._get_collection().find(query, {"number": 1, "title": 1, "state": 1}).sort("_id", -1)
            try:
                rows = rows_of(cls, cursor.limit(SEARCH_EACH + 1).max_time_ms(TIME_LIMIT_MS))
            except ExecutionTimeout:
                unfinished.append(str(cls.declared.plural))
                continue
            if rows:
                groups.append(_hits(cls, rows, text))
        return groups, unfinished


def _context(case: Mapping[str, Any], facts: Mapping, changes: Mapping) -> dict[str, Any]:
    return {"facts": facts.get(case["_id"], []), "changes": changes.get(case["_id"], [])}


def _hits(cls: type[Record], rows: list[dict[str, Any]], text: str) -> dict[str, Any]:
    base = f"/admin/{cls.declared.name}/"
    return {
        "label": cls.declared.plural,
        "all": (base, text) if len(rows) > SEARCH_EACH else None,
        "rows": [
            {
                "number": row.get("number", ""),
                "title": short_title(row),
                "url": f"{base}details/?id={row['_id']}",
                "state": wording.state_label(cls, row.get("state")),
                "tone": wording.tone(cls, row.get("state")),
            }
            for row in rows[:SEARCH_EACH]
        ],
    }
