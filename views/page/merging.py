"""The pages on which two records of a type become one: which other one, both side by side, what was merged; and the
pairs that may be the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from bson import ObjectId
from flask import abort, request
from flask_admin import expose
from mongoengine.connection import get_db
from werkzeug.utils import redirect

from models import merging as merges
from models.kernel.base.errors import CHANGED, Changed, Forbidden, Missing, Refused
from models.kernel.base.people import Actor
from models.kernel.base.record_key import RecordKey
from models.kernel.base.words import L, Words
from models.kernel.gate import alike, history, merged_links, merging
from models.kernel.gate.merging import Pair
from models.kernel.gate.stored_form import stored
from models.kernel.language.declare import references_of
from models.kernel.language.fields import label_of
from models.kernel.language.merging import stands_for
from models.kernel.language.record import Record
from models.kernel.rights import picking, rights
from models.services.files import files

from ..kinds import kind_of
from ..session import actor, say, version_if_given
from ..slots import ANY, Link, Panel, on_record_page, on_record_top
from ..wording import line_labels, moment, reference_labels, state_label, titles
from . import record_page
from .timeline import timeline

CANDIDATES_MAX = 20
PAGE = 60
MERGED_SHOWN = 20
MERGE_WITH = L("Merge with another…", "與另一條合併…")
TWO_ROWS = L("Select two rows to merge them.", "請選取兩行進行合併。")
MERGED = L("{gone} was merged into {kept}.", "{gone} 已併入 {kept}。")
MERGED_MEANWHILE = L(
    "{gone} has been merged into {kept} meanwhile. What you typed is below, for {kept}: look at it, and save.",
    "{gone} 已併入 {kept}。您輸入的內容列於下方，將保存到 {kept}：請核對後保存。",
)
LED_HERE = L("{gone} was merged into this record.", "{gone} 已併入本記錄。")
UNDONE = L("The merge is undone: {number} stands by itself again.", "已撤銷合併：{number} 恢復為獨立記錄。")
PERHAPS = L("Noted: {number} and {other} may be the same.", "已記錄：{number} 與 {other} 可能重複。")
APART = L("Noted: {number} and {other} are not the same.", "已記錄：{number} 與 {other} 不是重複。")
TIMELINE_MAX = 60


class MergeEndpoints:
    """What a record view answers about merging. Mixed into the screens of a type; found only where it merges."""

    model: type[Record]
    base: str
    show: Callable[[Record], str]
    render: Callable[..., str]

    @expose("/merge/", methods=("GET", "POST"))
    def merge_view(self) -> Any:
        """Choose another record; look at both side by side; make one of them."""
        me = _allowed(self.model)
        if request.method == "POST":
            return self._merged(me)
        first = rights.find(me, self.model, request.args.get("id"))
        merging.refuse_stranger(me, first)
        if not request.args.get("with"):
            return self.render("record/merge_choose.html", **choose_context(me, first, request.args.get("q", "")))
        other = rights.find(me, self.model, request.args["with"])
        return self.render("record/merge.html", **side_by_side(me, first, other))

    @expose("/merge/rows/", methods=("POST",))
    def merge_rows_view(self) -> Any:
        """The two rows that were ticked in the list."""
        _allowed(self.model)
        keys = [RecordKey.of_row(self.model.type_name(), text) for text in dict.fromkeys(request.form.getlist("rowid"))]
        ids = [str(key.id) for key in keys if key]
        if len(ids) != 2:
            raise Refused(TWO_ROWS)
        return redirect(f"{self.base}merge/?{urlencode({'id': ids[0], 'with': ids[1]})}")

    @expose("/merge/undo/", methods=("POST",))
    def unmerge_view(self) -> Any:
        """Let a merged record stand by itself again."""
        record = merges.undo(self.model, request.form.get("id"), actor=_allowed(self.model))
        say("good", UNDONE(number=record.number))
        return redirect(self.show(record))

    @expose("/merged/")
    def merged_record_view(self) -> str:
        """A merged record as it was, with its history."""
        me = actor()
        return self.render("record/merged.html", **merged_context(me, merges.find_merged(me, self.model, _id())))

    @expose("/doubles/", methods=("GET", "POST"))
    def doubles_view(self) -> Any:
        """Pairs of records that may be the same, sixty records looked at on each page; or that two are not the same, or
        may be, after all."""
        me = _allowed(self.model)
        if request.method == "GET":
            return self.render("record/doubles.html", **doubles_context(me, self.model, self.base))
        ids = tuple(ObjectId(text) for text in request.form.getlist("id") if ObjectId.is_valid(text))
        if len(ids) != 2:
            raise Missing
        records = [rights.find(me, self.model, id) for id in ids]
        is_same = bool(request.form.get("same"))
        merges.note_same(self.model, ids, same=is_same, actor=me)
        say("good", (PERHAPS if is_same else APART)(number=records[0].number, other=records[1].number))
        if is_same:
            return redirect(f"{self.base}merge/?{urlencode({'id': ids[0], 'with': ids[1]})}")
        after = request.form.get("after", "")
        return redirect(f"{self.base}doubles/" + (f"?after={after}" if ObjectId.is_valid(after) else ""))

    def _merged(self, me: Actor) -> Any:
        kept_id, gone_id = (_valid(request.form.get(name)) for name in ("kept", "gone"))
        versions = [version_if_given(request.form.get(f"{name}.version")) for name in ("gone", "kept")]
        pair = Pair(gone_id, kept_id, *(version if version is not None else -1 for version in versions))
        taken = [name.removeprefix("take.") for name, value in request.form.items() if value == "gone"]
        try:
            kept = merges.merge(self.model, pair, taken, actor=me)
        except Missing:
            return self._gone_on(me, pair)
        except (Changed, Refused) as problem:
            first, other = (rights.find(me, self.model, id) for id in (pair.kept, pair.gone))
            why = CHANGED if isinstance(problem, Changed) else problem.first
            context = side_by_side(me, first, other, taken=taken, why=why)
            status = 409 if isinstance(problem, Changed) else 403 if isinstance(problem, Forbidden) else 422
            return self.render("record/merge.html", **context), status
        number = merges.find_merged(me, self.model, pair.gone).number
        say("good", MERGED(gone=number, kept=kept.number))
        return redirect(self.show(kept))

    def _gone_on(self, me: Actor, pair: Pair) -> Any:
        """Where one of the two was merged by somebody else meanwhile: that, on the page of what stands for it."""
        for id in (pair.gone, pair.kept):
            if led := led_on(me, self.model, id):
                return led
        raise Missing


def led_on(me: Actor, cls: type[Record], id: Any) -> Any:
    """The way from a merged record to the one that stands for it, with a note; None: there is none for somebody."""
    into = stands_for(cls, _valid_or_none(id))
    if into is None:
        return None
    gone = merges.find_merged(me, cls, id)
    say("info", LED_HERE(gone=f"{gone.number} {gone.title}"))
    return redirect(f"/admin/{cls.type_name()}/details/?id={into}")


def _allowed(cls: type[Record]) -> Actor:
    """Who asks, where they may merge records of the type; a type that does not merge has no such page."""
    if cls.declared.merges is None:
        abort(404)
    me = actor()
    if not (verdict := merging.may_merge(me, cls)):
        raise Forbidden(verdict.why)
    return me


def _id() -> str:
    return request.args.get("id", "")


def _valid_or_none(text: Any) -> ObjectId | None:
    return ObjectId(text) if ObjectId.is_valid(text or "") else None


def _valid(text: Any) -> ObjectId:
    if (id := _valid_or_none(text)) is None:
        raise Missing
    return id


@on_record_page(ANY)
def offer(me: Actor, record: Record) -> Link | None:
    """The way to merge a record with another one, for those who may."""
    if record.declared.merges is None or not merging.may_merge(me, type(record)) or not rights.may_update(me, record):
        return None
    return Link(MERGE_WITH, f"/admin/{record.type_name()}/merge/?id={record.id}")


@on_record_top(ANY)
def merged_panel(me: Actor, record: Record) -> Panel | None:
    """What was merged into a record, for those who may see it."""
    cls = type(record)
    if cls.declared.merges is None or not record.known_as:
        return None
    known = merges.merged_with(me, cls, record.id, MERGED_SHOWN + 1)
    if not known:
        return None
    rows = known[:MERGED_SHOWN]
    running = merges.being_led(row["_id"] for row in rows)
    people = titles({"User": {row["removed_by"] for row in rows if row.get("removed_by")}})
    base = f"/admin/{record.type_name()}/"
    shown = [
        {
            "id": row["_id"],
            "title": f"{row.get('number', '')} {row.get('title', '')}",
            "url": f"{base}merged/?id={row['_id']}",
            "by": people.get(row.get("removed_by"), ""),
            "at": moment(row["removed_at"]),
            "is_running": row["_id"] in running,
        }
        for row in rows
    ]
    may = bool(merging.may_merge(me, cls)) and bool(rights.may_update(me, record))
    most = MERGED_SHOWN if len(known) > MERGED_SHOWN else 0
    facts = {"rows": shown, "base": base, "may_undo": may, "id": record.id, "most": most}
    return Panel("record/merged_panel.html", facts)


def choose_context(me: Actor, record: Record, text: str) -> dict[str, Any]:
    """Records that may be the same as one, and those that a text finds."""
    cls, typed = type(record), text.replace("\x00", "").strip()[:100]
    hits: list[Record] = []
    scope = rights.visible(me, cls)
    if typed and scope is not None:
        query = {"$and": [scope, picking.found_by(me, cls, typed), {"_id": {"$ne": record.id}}]}
        rows = cls.collection().find(query).sort("_id", -1).limit(CANDIDATES_MAX)
        hits = [cls.from_stored(row) for row in rows.max_time_ms(picking.TIME_LIMIT_MS)]
    near = alike.beside(me, record)[:CANDIDATES_MAX]
    return {
        **record_page.heading(cls, record),
        "text": typed,
        "hits": [_choice(record, item) for item in hits],
        "near": [_choice(record, item) for item in near],
    }


def _choice(record: Record, other: Record) -> dict[str, str]:
    query = urlencode({"id": str(record.id), "with": str(other.id)})
    facts = {"number": other.number, "title": other.title, "state": state_label(type(other), other.state)}
    return facts | {"url": f"/admin/{other.type_name()}/merge/?{query}"}


def side_by_side(
    me: Actor, kept: Record, gone: Record, *, taken: Sequence[str] | None = None, why: Words | None = None
) -> dict[str, Any]:
    """Two records field by field, what is taken from which, and what comes along with the one that goes. Raises
    Forbidden to those who may not merge them."""
    cls, may = type(kept), True
    try:
        merging.refuse_merge(me, kept, gone)
    except Forbidden:
        raise
    except Refused as refused:
        why, may = why or refused.first, False
    names = merging.fields_to_choose(me, kept, gone)
    chosen = merging.preferred(kept, gone, names) if taken is None else taken
    links, others = merged_links.count_links(me, cls, gone.id)
    sides = (_Side(me, kept), _Side(me, gone))
    return {
        **record_page.heading(cls, kept),
        "kept": _heading(kept),
        "gone": _heading(gone),
        "swap": f"/admin/{cls.type_name()}/merge/?{urlencode({'id': str(gone.id), 'with': str(kept.id)})}",
        "rows": list(_compared(sides, names, chosen)),
        "links": [_link_row(gone, item) for item in links],
        "others": others,
        "files": len(files.files_of(gone.id)),
        "comments": get_db()[history.COLLECTION].count_documents({"record": gone.id, "verb": "comment"}),
        "why": why,
        "may_merge": may,
        "is_apart": alike.is_apart(kept, gone),
        "days": merging.DAYS,
    }


def _heading(record: Record) -> dict[str, Any]:
    return {
        "id": record.id,
        "number": record.number,
        "title": record.title,
        "version": record.version,
        "state": state_label(type(record), record.state),
        "created": moment(record.created_at) if record.created_at else "",
        "url": f"/admin/{record.type_name()}/details/?id={record.id}",
    }


class _Side:
    """One of two records as its reader sees it."""

    def __init__(self, me: Actor, record: Record):
        cls, self.row = type(record), stored(record)
        self.viewer = rights.Viewer(me, record)
        self.fields = rights.readable_fields(me, cls, record)
        self.labels = reference_labels(cls, [self.row], list(references_of(cls))) | line_labels(cls, self.row)

    def text(self, field: Any, name: str) -> str:
        """What a field holds."""
        return str(kind_of(field).full(self.row.get(name), self.labels, self.viewer))


def _compared(sides: tuple[_Side, _Side], names: Sequence[str], chosen: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The fields of two records that are filled in one of them, with what is taken from the one that goes."""
    kept, gone = sides
    cls = type(kept.viewer.record)
    for name in cls.declared.in_order(kept.fields & gone.fields):
        field = cls.fields_of()[name]
        texts = kept.text(field, name), gone.text(field, name)
        if any(texts):
            yield {
                "name": name,
                "label": label_of(field),
                "kept": texts[0],
                "gone": texts[1],
                "differs": kept.row.get(name) != gone.row.get(name),
                "is_list": bool(field.columns) or name == "tags",
                "may_choose": name in names,
                "from_gone": name in chosen,
            }


def _link_row(gone: Record, item: merged_links.LinkCount) -> dict[str, Any]:
    """How many records of a type link to the one that goes; with the way to their list, where that finds by it."""
    name = item.path.partition(".")[0]
    may = "." not in item.path
    value = f"{gone.type_name()}:{gone.id}" if item.cls.fields_of()[name].is_any_link else gone.id
    return {
        "label": item.cls.declared.plural,
        "moving": item.moving,
        "staying": item.staying,
        "is_more": item.is_more,
        "url": f"/admin/{item.cls.type_name()}/?f.{name}={value}&with={name}" if may else "",
    }


def merged_context(me: Actor, record: Record) -> dict[str, Any]:
    """A merged record: its fields as they were, and its history."""
    cls, document = type(record), stored(record)
    labels = reference_labels(cls, [document], list(references_of(cls))) | line_labels(cls, document)
    viewer, opened = rights.Viewer(me, record), rights.may_open(me, record)
    entries = history.entries_of(record.id, newest_first=True, limit=TIMELINE_MAX + 1) if opened else []
    into = stands_for(cls, record.id)
    return {
        **record_page.heading(cls, record),
        "into": {
            "url": f"/admin/{cls.type_name()}/details/?id={into}",
            "title": titles({cls.__name__: [into]}).get(into),
        },
        "parts_": record_page.parts_of(cls, document, labels, viewer, opened=bool(opened)),
        "timeline": timeline(cls, entries[:TIMELINE_MAX], viewer),
        "most": TIMELINE_MAX if len(entries) > TIMELINE_MAX else 0,
    }


def doubles_context(me: Actor, cls: type[Record], base: str) -> dict[str, Any]:
    """The pairs that the next sixty records make with older ones."""
    scope, after = rights.visible(me, cls), _valid_or_none(request.args.get("after"))
    before = {"_id": {"$lt": after}} if after else {}
    rows = (
        list(cls.collection().find({"$and": [scope, before]}).sort("_id", -1).limit(PAGE)) if scope is not None else []
    )
    doubles = alike.doubles_of(me, cls, [cls.from_stored(row) for row in rows])
    onward = str(rows[-1]["_id"]) if len(rows) == PAGE else ""
    return {
        "declared": cls.declared,
        "base": base,
        "after": str(after or ""),
        "count": len(rows),
        "next": f"{base}doubles/?after={onward}" if onward else "",
        "pairs": [
            {
                "record": _heading(pair.record),
                "other": _heading(pair.other),
                "fields": [_label_at(cls, path) for path in pair.fields],
                "url": f"{base}merge/?{urlencode({'id': str(pair.other.id), 'with': str(pair.record.id)})}",
            }
            for pair in doubles.pairs
        ],
        "further": [(_heading(record), count) for record, count in doubles.further.items()],
        "common": [(_heading(record), _label_at(cls, path)) for record, path in doubles.common],
        "most": alike.HITS_MAX,
    }


def _label_at(cls: type[Record], path: str) -> Any:
    name, _, column = path.partition(".")
    field = cls.fields_of()[name]
    return label_of(field.columns[column] if column else field)
