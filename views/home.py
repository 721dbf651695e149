"""Pages across all types: home, inbox of approvals, notices, bin, global search."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bson import ObjectId
from flask import redirect, request
from flask_admin import AdminIndexView, expose
from mongoengine.connection import get_db

from models.kernel import clock, history, rights
from models.kernel.fields import label_of
from models.kernel.notices import COLLECTION as NOTICES
from models.kernel.people import Actor, Role
from models.kernel.preferences import KINDS, OTHER
from models.kernel.record import Record
from models.kernel.search import contains
from models.kernel.waiting import COLLECTION as WAITING
from models.kernel.words import current_locale

from . import wording
from .custom import alarms_for
from .session import actor
from .shell import waiting_filter
from .timeline import timeline

INBOX_PAGE = 50
HOME_ROWS = 10
SEARCH_EACH = 8
TIME_LIMIT_MS = 1500


class HomeView(AdminIndexView):
    """Home and the other pages that belong to no single type."""

    def __init__(self, catalogue: Mapping[str, type[Record]]):
        super().__init__(name="home", endpoint="admin", url="/admin", template="home.html")
        self.catalogue = catalogue

    @expose("/")
    def index(self) -> Any:
        """What waits for me, what I am late with, what I began."""
        me = actor()
        waiting = get_db()[WAITING]
        decide = list(waiting.find(waiting_filter(me)).sort("since", 1).limit(HOME_ROWS + 1))
        mine = list(waiting.find({"act": {"$in": rights.tokens_of(me)}}).sort("since", -1).limit(HOME_ROWS + 1))
        department = _department_filter(me)
        late = (
            list(waiting.find({**department, "due": {"$lt": clock.now()}}).sort("due", 1).limit(HOME_ROWS + 1))
            if department
            else []
        )
        reasons = _return_reasons([case["_id"] for case in mine])
        boxes = (decide, mine, late)
        owners = wording.titles({"User": {case["owner"] for box in boxes for case in box if case.get("owner")}})
        return self.render(
            "home.html",
            decide=[self._case(case, owners) for case in decide[:HOME_ROWS]],
            decide_more=len(decide) > HOME_ROWS,
            mine=[self._case(case, owners, reasons) for case in mine[:HOME_ROWS]],
            mine_more=len(mine) > HOME_ROWS,
            late=[self._case(case, owners) for case in late[:HOME_ROWS]],
            shows_late=bool(department),
            starts=[cls.declared for cls in self.catalogue.values() if rights.may_create(me, cls)],
            tiles=self._tiles(me),
            alarms=alarms_for(me),
        )

    def _tiles(self, me: Actor) -> list[dict[str, Any]]:
        """The open records of each type that the reader works with, by state: one grouping for each type."""
        found = []
        for cls in self.catalogue.values():
            flow, scope = cls.declared.workflow, rights.visible(me, cls)
            if flow is None or scope is None:
                continue
            stages = [{"$match": {**scope, "state": {"$nin": sorted(flow.ends)}}}, {"$sortByCount": "$state"}]
            groups = {g["_id"]: g["count"] for g in cls._get_collection().aggregate(stages, maxTimeMS=TIME_LIMIT_MS)}
            if groups:
                base = f"/admin/{cls.declared.name}/"
                states = [
                    {"label": flow.labels[s], "count": groups[s], "tone": wording.tone(s), "url": f"{base}?f.state={s}"}
                    for s in flow.states
                    if s in groups
                ]
                found.append(
                    {"label": cls.declared.plural, "url": base, "states": states, "most": max(groups.values())}
                )
        return found

    @expose("/inbox/")
    def inbox(self) -> Any:
        """Everything that waits for my decision, oldest first, with exactly what changed since it was last decided."""
        me = actor()
        query = waiting_filter(me)
        after = request.args.get("after", "")
        kind = request.args.get("type", "")
        if kind in self.catalogue:
            query["type"] = kind
        if ObjectId.is_valid(after):
            last = get_db()[WAITING].find_one({"_id": ObjectId(after)}, {"since": 1})
            if last:
                query["$or"] = [
                    {"since": {"$gt": last["since"]}},
                    {"since": last["since"], "_id": {"$gt": last["_id"]}},
                ]
        cases = list(get_db()[WAITING].find(query).sort([("since", 1), ("_id", 1)]).limit(INBOX_PAGE + 1))
        shown = cases[:INBOX_PAGE]
        owners = wording.titles({"User": {case["owner"] for case in shown if case.get("owner")}})
        changes = self._last_changes(shown, me)
        facts = self._facts(shown, me)
        return self.render(
            "inbox.html",
            cases=[self._case(case, owners) | _told(case, facts, changes) for case in shown],
            next=f"/admin/inbox/?after={shown[-1]['_id']}" if len(cases) > INBOX_PAGE else None,
            kinds=[
                (cls.declared.name, cls.declared.plural) for cls in self.catalogue.values() if cls.declared.workflow
            ],
            kind=kind,
        )

    def _facts(self, cases: list[dict[str, Any]], me: Actor) -> dict[ObjectId, list[tuple[str, str]]]:
        """What the list of its type shows of each case: two queries for each type among them."""
        found: dict[ObjectId, list[tuple[str, str]]] = {}
        for name in {case["type"] for case in cases} & set(self.catalogue):
            cls = self.catalogue[name]
            seen = rights.readable_fields(me, cls)
            columns = [c for c in cls.declared.grid.columns if c in seen and c not in ("number", "owner", "state")]
            ids = [case["_id"] for case in cases if case["type"] == name]
            rows = list(cls._get_collection().find({"_id": {"$in": ids}}, dict.fromkeys(columns, 1)))
            labels = wording.reference_labels(cls, rows, columns)
            for row in rows:
                texts = [
                    (str(label_of(cls._fields[c])), wording.plain(cls._fields[c], row.get(c), labels)) for c in columns
                ]
                found[row["_id"]] = [pair for pair in texts if pair[1]]
        return found

    def _last_changes(self, cases: list[dict[str, Any]], me: Actor) -> dict[ObjectId, list[tuple[str, str, str]]]:
        """What was changed in each case since it was last returned or begun: one query for all."""
        if not cases:
            return {}
        by_id = {case["_id"]: case for case in cases}
        found: dict[ObjectId, list[tuple[str, str, str]]] = {}
        stages = [
            {"$match": {"record": {"$in": list(by_id)}, "verb": "update"}},
            {"$sort": {"record": 1, "seq": -1}},
            {"$group": {"_id": "$record", "last": {"$first": "$$ROOT"}}},
        ]
        for row in history.HistoryEntry._get_collection().aggregate(stages):
            cls = self.catalogue.get(by_id[row["_id"]]["type"])
            if cls is not None:
                told = timeline(cls, [row["last"]], me)
                found[row["_id"]] = told[0]["changes"] if told else []
        return found

    def _case(self, case: Mapping[str, Any], owners: Mapping, reasons: Mapping | None = None) -> dict[str, Any]:
        cls = self.catalogue.get(case["type"])
        base = f"/admin/{case['type']}/"
        due = case.get("due")
        return {
            "id": str(case["_id"]),
            "version": case.get("version"),
            "kind": cls.declared.label if cls else case["type"],
            "number": case["number"],
            "title": (case.get("title") or "").removeprefix(case["number"]).strip(),
            "url": f"{base}details/?id={case['_id']}",
            "owner": owners.get(case.get("owner"), ""),
            "state": wording.state_label(cls, case["state"]) if cls else case["state"],
            "tone": wording.tone(case["state"]),
            "since": wording.ago(case["since"]) if case.get("since") else "",
            "since_at": wording.moment(case["since"]) if case.get("since") else "",
            "due": wording.moment(due) if due else "",
            "is_late": bool(due and due < clock.now()),
            "reason": (reasons or {}).get(case["_id"], ""),
            "moves": self._decisions(cls, case["state"]) if cls else [],
            "base": base,
        }

    def _decisions(self, cls: type[Record], state: str) -> list[dict[str, Any]]:
        """The decisions that are open in a state, as links to their pages."""
        flow = cls.declared.workflow
        return [
            {"verb": move.verb, "label": flow.verb_label(move.verb)}
            for move in (flow.out_of(state) if flow else ())
            if move.is_decision and not move.optional and not move.auto
        ]

    @expose("/notices/", methods=("GET", "POST"))
    def notices(self) -> Any:
        """The messages for me, all or of one kind; POST marks them read, or the one that is named."""
        me = actor()
        box = get_db()[NOTICES]
        kind = request.values.get("kind", "")
        of_kind = {"kind": kind} if kind in KINDS else {}
        if request.method == "POST":
            one = request.form.get("id", "")
            which = {"_id": ObjectId(one)} if ObjectId.is_valid(one) else of_kind
            box.update_many({"person": me.id, "read_at": None, **which}, {"$set": {"read_at": clock.now()}})
            return redirect(f"/admin/notices/?kind={kind}" if of_kind else "/admin/notices/")
        rows = list(box.find({"person": me.id, "channel": "app", **of_kind}).sort("_id", -1).limit(100))
        shown = [
            {
                "id": row["_id"],
                "kind": KINDS.get(row["kind"], OTHER),
                "text": row["text"].get(current_locale(), row["text"].get("en", "")),
                "url": f"/admin/{row['type']}/details/?id={row['record']}",
                "at": wording.moment(row["at"]),
                "is_new": row.get("read_at") is None,
            }
            for row in rows
        ]
        return self.render("notices.html", notices=shown, kinds=list(KINDS.items()), kind=kind if of_kind else "")

    @expose("/bin/")
    def bin(self) -> Any:
        """What was removed and can be restored: at most 50 of each type."""
        me = actor()
        found = []
        for cls in self.catalogue.values():
            if (scope := rights.visible_removed(me, cls)) is None or not rights.is_writer(me, cls):
                continue
            wanted = {"number": 1, "title": 1, "removed_at": 1, "removed_by": 1}
            rows = list(cls._get_collection().find(scope, wanted).sort("removed_at", -1).limit(50))
            found += [(cls, row) for row in rows]
        people = wording.titles({"User": {row["removed_by"] for _, row in found if row.get("removed_by")}})
        rows = [
            {
                "kind": cls.declared.label,
                "number": row["number"],
                "title": row.get("title", ""),
                "by": people.get(row.get("removed_by"), ""),
                "at": wording.moment(row["removed_at"]),
                "restore": f"/admin/{cls.declared.name}/restore/",
                "id": str(row["_id"]),
            }
            for cls, row in found
        ]
        return self.render("bin.html", rows=rows)

    @expose("/search/")
    def search(self) -> Any:
        """Everything I may see whose number or short fields contain the text: one indexed query for each type."""
        me = actor()
        text = request.args.get("q", "").replace("\x00", "").strip()[:100]
        groups = []
        for cls in self.catalogue.values() if text else ():
            scope = rights.visible(me, cls)
            if scope is None:
                continue
            cursor = cls._get_collection().find({**contains(text), **scope}, {"number": 1, "title": 1, "state": 1})
            rows = list(cursor.sort("_id", -1).limit(SEARCH_EACH + 1).max_time_ms(TIME_LIMIT_MS))
            if rows:
                groups.append(_hits(cls, rows, text))
        has_archive = any(rights.visible_archived(me, cls) is not None for cls in self.catalogue.values())
        return self.render("search.html", text=text, groups=groups, has_archive=has_archive)


def _told(case: Mapping[str, Any], facts: Mapping, changes: Mapping) -> dict[str, Any]:
    return {"facts": facts.get(case["_id"], []), "changes": changes.get(case["_id"], [])}


def _hits(cls: type[Record], rows: list[dict[str, Any]], text: str) -> dict[str, Any]:
    base = f"/admin/{cls.declared.name}/"
    return {
        "label": cls.declared.plural,
        "all": (base, text) if len(rows) > SEARCH_EACH else None,
        "rows": [
            {
                "number": row["number"],
                "title": (row.get("title") or "").removeprefix(row["number"]).strip(),
                "url": f"{base}details/?id={row['_id']}",
                "state": wording.state_label(cls, row.get("state")),
                "tone": wording.tone(row.get("state")),
            }
            for row in rows[:SEARCH_EACH]
        ],
    }


def _department_filter(me: Actor) -> dict[str, Any] | None:
    """Late cases are shown to heads for their department and to management for all."""
    if any(Role.MANAGEMENT in face.roles for face in me.faces()):
        return {}
    departments = [face.department for face in me.faces() if Role.HEAD in face.roles]
    return {"department": {"$in": departments}} if departments else None


def _return_reasons(ids: list[ObjectId]) -> dict[ObjectId, str]:
    """Why cases came back to their owner: the last reason given with a move into their present state."""
    stages = [
        {"$match": {"record": {"$in": ids}, "state_to": {"$ne": None}}},
        {"$sort": {"record": 1, "seq": -1}},
        {"$group": {"_id": "$record", "reason": {"$first": "$reason"}, "by": {"$first": "$actor_name"}}},
    ]
    rows = history.HistoryEntry._get_collection().aggregate(stages) if ids else ()
    return {row["_id"]: f"{row['by']}：{row['reason']}" for row in rows if row.get("reason")}
