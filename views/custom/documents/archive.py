"""The archive is a screen of its own because it shows the records of all types where they no longer are at work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import urlencode

from bson import ObjectId
from flask import redirect, request
from flask_admin import BaseView, expose
from mongoengine.connection import get_db
from pymongo.errors import ExecutionTimeout

from models.chapters import RECORDS
from models.kernel.base.collections import ARCHIVED_AT, TOMBSTONES, archive_of
from models.kernel.base.errors import Missing
from models.kernel.base.people import Actor
from models.kernel.base.search import contains
from models.kernel.base.titles import short_title
from models.kernel.base.words import L
from models.kernel.gate.stored_form import stored
from models.kernel.language.declare import references_of, registered
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.operations.retention import BIN, DeletionList, LegalHold, is_held
from models.services.files import files
from models.services.keeping import archive
from views import wording
from views.files.panel import file_context
from views.lists import export, grid_page, listing
from views.lists.layouts import Shown
from views.page import record_page
from views.page.linked import linked_context
from views.page.timeline import timeline
from views.session import actor, say
from views.slots import CustomView, Link, MenuItem, on_record_page

TITLE = L("Archive", "檔案庫")
BACK = L("{number} is back among the records.", "{number} 已調回。")
IN_ARCHIVE = L("In the archive", "檔案庫中的記錄")
HOLD = L("Place under legal hold", "設置法律保全")
HELD = L("Under legal hold", "法律保全中")
COUNT_CAP = 10_000
SEARCH_EACH = 8
STONES_SHOWN = 50
LINKED_MOST = 100
TIME_LIMIT_MS = 1500


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    return [ArchiveView(catalogue)] if any(cls.declared.retention for cls in catalogue.values()) else []


class ArchiveView(CustomView):
    """Archived records: counts by type, search over all, lists as among the living, pages that only show (3.2.3)."""

    menu_item = MenuItem(RECORDS, TITLE, "/admin/archive/")

    def __init__(self, catalogue: Mapping[str, type[Record]]):
        super().__init__(name="archive", endpoint="archive", url="/admin/archive")
        self.catalogue = catalogue

    def is_accessible(self) -> bool:
        return any(True for _ in self._types())

    def _types(self) -> Iterator[type[Record]]:
        me = actor()
        return (cls for cls in self.catalogue.values() if rights.keeps_archived(me, cls))

    def _asked_type(self, name: str) -> type[Record]:
        """The type of an address. Raises Missing when it has no archive that the reader may open."""
        cls = self.catalogue.get(name)
        if cls is None or rights.visible_archived(actor(), cls) is None:
            raise Missing
        return cls

    @expose("/")
    def index(self) -> str:
        """How many archived records of each type the reader may see; with a text, those that contain it."""
        me = actor()
        text = request.args.get("q", "").replace("\x00", "").strip()[:100]
        tiles, groups = [], []
        for cls in self._types():
            scope = rights.visible_archived(me, cls) or {}
            tiles.append(_tile(cls, scope))
            if text and (rows := _hits(cls, scope, text)):
                groups.append(_group(cls, rows))
        tombstones = _tombstones(text) if text and rights.may_unarchive(me) else []
        return self.render("custom/archive.html", text=text, tiles=tiles, groups=groups, tombstones=tombstones)

    @expose("/linked/")
    def linked(self) -> str:
        """The archived records that link to one record, as far as the reader may see them."""
        me = actor()
        cls = self.catalogue.get(request.args.get("type", ""))
        if cls is None:
            raise Missing
        record = _anywhere(me, cls, request.args.get("id"))
        groups = []
        for other, query in _pointing(me, cls, record.id):
            needed = {"number": 1, "title": 1, "state": 1}
            rows = get_db()[archive_of(other.type_name())].find(query, needed).sort("_id", -1).limit(LINKED_MOST)
            groups.append(_group(other, list(rows.max_time_ms(TIME_LIMIT_MS)), most=LINKED_MOST))
        groups = [group for group in groups if group["rows"]]
        back = (record.number, f"/admin/{cls.type_name()}/details/?id={record.id}")
        return self.render("custom/archive_linked.html", back=back, groups=groups)

    @expose("/listed/")
    def listed(self) -> str:
        """The records of a deletion list as they stand in the archive, for those who decide on it."""
        me = actor()
        approved = rights.find(me, DeletionList, request.args.get("id"))
        cls = self._asked_type(approved.record_type)
        ids = [ObjectId(line.record_id) for line in approved.lines if ObjectId.is_valid(line.record_id or "")]
        query = {"$and": [{"_id": {"$in": ids}}, rights.visible_archived(me, cls) or {}]}
        rows = list(get_db()[archive_of(cls.type_name())].find(query, {"number": 1, "title": 1, "state": 1}))
        back = (approved.number, f"/admin/deletion_list/details/?id={approved.id}")
        return self.render("custom/archive_linked.html", back=back, groups=[_group(cls, rows, most=len(rows))])

    @expose("/<kind>/")
    def grid(self, kind: str) -> str:
        """The list of a type, filtered, searched, sorted and paged as the list of the living."""
        me, shown = actor(), self._shown(kind)
        cls, base = shown.query.cls, f"/admin/archive/{kind}/"
        result = listing.fetch(shown.query, shown.columns)
        context = grid_page.list_context(cls, me, shown, result, base)
        for row in context["rows"]:
            for cell in row["cells"]:
                cell.pop("inline", None)
        context["filters"] = [row for row in context["filters"] if row["kind"] != "ref"]
        return self.render("custom/archive_list.html", **context, may_create=False, bulk_verbs=[])

    def _shown(self, kind: str) -> Shown:
        """What was asked for of a type's list, and the columns that the reader sees."""
        me, cls = actor(), self._asked_type(kind)
        query = listing.read_request(cls, me, request.args, archived=True)
        seen = rights.readable_fields(me, cls)
        return Shown(query, tuple(column for column in cls.declared.grid.columns if column in seen))

    @expose("/<kind>/export/<export_type>/")
    def export(self, kind: str, export_type: str) -> Any:
        """What the list shows, as CSV or XLSX, with the rows and columns of the reader's rights."""
        form = export.sheet_kind(export_type)
        shown = self._shown(kind)
        return export.answer(shown.query.cls, actor(), shown.query, form, shown.columns)

    @expose("/<kind>/details/")
    def details(self, kind: str) -> str:
        """An archived record with its whole history; nothing here changes it."""
        me, cls = actor(), self._asked_type(kind)
        record = archive.find(me, cls, request.args.get("id"))
        document = stored(record)
        links = wording.reference_labels(cls, [document], list(references_of(cls)))
        labels = links | wording.line_labels(cls, document)
        where = get_db()[archive_of(kind)].find_one({"_id": record.id}, {ARCHIVED_AT: 1}) or {}
        opened = bool(rights.may_open(me, record))
        shown = {"has_mark": opened and record.watermark_for(me) is not None, "edition": document.get("edition")}
        entries = archive.entries_of(record.id) if opened else []
        return self.render(
            "custom/archive_record.html",
            **record_page.heading(cls, record) | {"base": f"/admin/archive/{kind}/"},
            parts_=record_page.parts_of(cls, document, labels, rights.Viewer(me, record), opened=opened),
            base_facts=record_page.base_facts(cls, document, labels),
            archived_at=wording.moment(where[ARCHIVED_AT]) if where.get(ARCHIVED_AT) else "",
            files=[file_context(file, me, **shown) for file in (files.files_of(record.id) if opened else [])],
            file_kinds=cls.declared.file_kinds,
            linked=linked_context(cls, record, me, is_living=False),
            timeline=timeline(cls, list(reversed(entries)), rights.Viewer(me, record)),
            may_unarchive=rights.may_unarchive(me),
        )

    @expose("/<kind>/bring_back/", methods=("POST",))
    def bring_back(self, kind: str) -> Any:
        """Give a record its place among the living again."""
        cls = self._asked_type(kind)
        reason = request.form.get("reason", "").replace("\x00", "").strip()[:2000]
        record = archive.bring_back(cls, request.form.get("id"), actor=actor(), reason=reason)
        say("good", BACK(number=record.number))
        return redirect(f"/admin/{kind}/details/?id={record.id}")


def _tile(cls: type[Record], scope: dict[str, Any]) -> dict[str, Any]:
    try:
        count_documents = get_db()[archive_of(cls.type_name())].count_documents(
            scope, limit=COUNT_CAP + 1, maxTimeMS=TIME_LIMIT_MS
        )
        count = wording.number(count_documents) if count_documents <= COUNT_CAP else f"{wording.number(COUNT_CAP)}+"
    except ExecutionTimeout:
        count = "…"
    return {"label": cls.declared.plural, "count": count, "url": f"/admin/archive/{cls.type_name()}/"}


def _hits(cls: type[Record], scope: dict[str, Any], text: str) -> list[dict[str, Any]]:
    query: dict[str, Any] = {"$and": [contains(text), scope]}
    needed = {"number": 1, "title": 1, "state": 1}
    rows = get_db()[archive_of(cls.type_name())].find(query, needed).sort("_id", -1).limit(SEARCH_EACH + 1)
    return list(rows.max_time_ms(TIME_LIMIT_MS))


def _anywhere(me: Actor, cls: type[Record], id: Any) -> Record:
    """A record among the living or in the archive. Raises Missing."""
    try:
        return rights.find(me, cls, id)
    except Missing:
        return archive.find(me, cls, id)


@cache
def _linking(cls: type[Record]) -> tuple[tuple[type[Record], tuple[str, ...]], ...]:
    """The types whose fields link to a type, each with the names of these fields."""
    pairs = []
    for other in registered().values():
        refs = references_of(other).items()
        names = [name for name, ref in refs if ref.target == cls.__name__ and name in other.declared.own_fields]
        pairs += [(other, tuple(names))] if names else []
    return tuple(pairs)


def _pointing(me: Actor, cls: type[Record], id: ObjectId) -> Iterator[tuple[type[Record], dict[str, Any]]]:
    """The types with an archive that link to a type, each with the filter of those that link to this record."""
    for other, names in _linking(cls):
        scope = rights.visible_archived(me, other)
        seen = rights.readable_fields(me, other) if scope is not None else ()
        if scope is not None and (clauses := [{name: id} for name in names if name in seen]):
            yield other, {"$and": [scope, {"$or": clauses}]}


def _offer_linked(me: Actor, record: Record) -> Link | None:
    """A way to the archived records that link to this one, if there are any: one query for all types."""
    first = [{"$limit": 1}, {"$project": {"_id": 1}}]
    ways = [
        (archive_of(o.type_name()), [{"$match": query}, *first]) for o, query in _pointing(me, type(record), record.id)
    ]
    if not ways:
        return None
    (coll, stages), *others = ways
    unions = [{"$unionWith": {"coll": other, "pipeline": pipeline}} for other, pipeline in others]
    if next(get_db()[coll].aggregate([*stages, *unions, {"$limit": 1}]), None) is None:
        return None
    return Link(IN_ARCHIVE, f"/admin/archive/linked/?type={record.type_name()}&id={record.id}")


def _offer_hold(me: Actor, record: Record) -> Link | None:
    """Those who may know of legal holds see that one keeps this record; those who may place one find the way."""
    if record.declared.retention is None or not rights.can_open(me, LegalHold):
        return None
    if is_held(type(record), stored(record)):
        return Link(HELD, "/admin/legal_hold/?f.state=active")
    if not rights.may_create(me, LegalHold):
        return None
    query = urlencode({"record_type": record.type_name(), "record_number": record.number})
    return Link(HOLD, f"/admin/legal_hold/new/?{query}")


def _offer_listed(_me: Actor, record: Record) -> Link | None:
    """Records in the bin have no page; the lines of their list say what they are."""
    if record.raw("source") == BIN:
        return None
    return Link(IN_ARCHIVE, f"/admin/archive/listed/?id={record.id}")


for _name in registered():
    on_record_page(_name)(_offer_linked)
    on_record_page(_name)(_offer_hold)
on_record_page("deletion_list")(_offer_listed)


def _group(cls: type[Record], rows: list[dict[str, Any]], *, most: int = SEARCH_EACH) -> dict[str, Any]:
    base = f"/admin/archive/{cls.type_name()}/"
    return {
        "label": cls.declared.plural,
        "all": base if len(rows) > most else None,
        "rows": [
            {
                "number": row["number"],
                "title": short_title(row),
                "url": f"{base}details/?id={row['_id']}",
                "state": wording.state_label(cls, row.get("state")),
                "tone": wording.tone(cls, row.get("state")),
            }
            for row in rows[:most]
        ],
    }


def _tombstones(text: str) -> list[dict[str, Any]]:
    """What was destroyed under a number that begins so, and on whose word."""
    end = f"{text.upper()}\uffff"
    rows = get_db()[TOMBSTONES].find({"number": {"$gte": text.upper(), "$lt": end}}).sort("number", 1)
    return [
        {
            "number": row["number"],
            "by": row.get("approved_by_name", ""),
            "at": wording.moment(row["destroyed_at"]),
            "list": row.get("list_number", ""),
            "url": f"/admin/deletion_list/details/?id={row['list']}" if isinstance(row.get("list"), ObjectId) else "",
            "hash": row.get("hash", "")[:12],
        }
        for row in rows.limit(STONES_SHOWN)
    ]
