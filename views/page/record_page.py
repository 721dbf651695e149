"""What the template of a record page is given: fields, state, links both ways, files; and the help page."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from flask import current_app

from models.kernel.base import clock
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.gate import history, intents
from models.kernel.gate.stored_form import stored
from models.kernel.language.declare import references_of, restricted_fields
from models.kernel.language.fields import label_of
from models.kernel.language.record import Record
from models.kernel.language.rollup import NIGHTLY
from models.kernel.language.workflow import need_label
from models.kernel.rights import rights
from models.services.files import files

from ..files.panel import file_context
from ..kinds import kind_of
from ..moves import moves_context, needs_shown, timed_lines
from ..session import catalogue
from ..slots import links_for, panels_for
from ..wording import deadline, line_labels, reference_labels, state_label, tone
from . import whole_grid
from .clocks import clocks_context
from .course import course_of, drawing_of
from .linked import leads_context, linked_context
from .papers import papers_context, signed_context
from .receipts import receipts_context
from .timeline import timeline
from .waited import waited_lines

AT_NIGHT = L("counted each night", "每夜統計")

TIMELINE_MAX = 60
_BASE_FACTS = ("department", "owner", "created_at", "created_by", "updated_at", "updated_by", "tags")


def heading(cls: type[Record], record: Record) -> dict[str, Any]:
    """What every page about one record shows at its top."""
    declared = cls.declared
    return {
        "declared": declared,
        "record": record,
        "base": f"/admin/{declared.name}/",
        "url": f"/admin/{declared.name}/details/?id={record.id}",
        "state": state_label(cls, record.state),
        "tone": tone(cls, record.state),
    }


def record_context(cls: type[Record], record: Record, me: Actor) -> dict[str, Any]:
    """The record page."""
    document = stored(record)
    labels = reference_labels(cls, [document], list(references_of(cls))) | line_labels(cls, document)
    opened = rights.may_open(me, record)
    entries = history.entries_of(record.id, newest_first=True, limit=TIMELINE_MAX) if opened else []
    attached = files.files_of(record.id) if opened else []
    intent = intents.on(me, record)
    may_edit = intent.verdict
    has_mark = bool(attached) and record.watermark_for(me) is not None
    return {
        **heading(cls, record),
        "entry_key": secrets.token_urlsafe(16),
        "opened": opened,
        "panels": panels_for(me, record),
        "parts_": parts_of(cls, document, labels, rights.Viewer(me, record), opened=bool(opened)),
        "base_facts": base_facts(cls, document, labels),
        "now": clock.now(),
        "due": deadline(record.due_at, is_provisional=bool(record.due_provisional)),
        "is_late": bool(record.due_at and record.due_at < clock.now()),
        "clocks": clocks_context(record),
        "receipts": receipts_context(record, me),
        "steps": moves_context(intent),
        "timed": timed_lines(intent),
        "waited": waited_lines(record, rights.Viewer(me, record)),
        "leads": leads_context(cls, record, me),
        "extra_links": links_for(me, record),
        **papers_context(record, opened=bool(opened)),
        **signed_context(record, rights.Viewer(me, record)),
        "linked": linked_context(cls, record, me),
        "files": [
            file_context(item, me, has_mark=has_mark, edition=record.raw("edition"))
            | {"may_detach": bool(files.may_detach(item, record, me, may_edit))}
            for item in attached
        ],
        "file_kinds": cls.declared.file_kinds,
        "timeline": [row for row in timeline(cls, entries, rights.Viewer(me, record)) if not row["is_silent"]],
        "has_more_history": len(entries) == TIMELINE_MAX,
        "may_edit": may_edit,
        "may_copy": opened and rights.may_create(me, cls),
        "may_remove": rights.may_remove(me, record),
        "may_attach": rights.may_attach(me, record),
        "may_comment": rights.may_comment(me, record),
        "upload_limit": current_app.config["UPLOAD_LIMIT_MB"] * 1024 * 1024,
        **course_of(record, entries, is_whole=len(entries) < TIMELINE_MAX),
    }


def base_facts(cls: type[Record], document: Mapping, labels: Mapping) -> list[dict[str, Any]]:
    """What every record has: department, owner, who made and changed it, and when."""
    return [_fact(cls, name, document, labels) for name in _BASE_FACTS if document.get(name)]


def parts_of(
    cls: type[Record], document: Mapping, labels: Mapping, viewer: rights.Viewer, *, opened: bool = True
) -> list[dict[str, Any]]:
    """The parts of the declaration with their facts and tables, as far as the reader may see them."""
    seen = viewer.fields_of(cls)
    if not opened:
        seen -= restricted_fields(cls)
    parts = [_part(cls, part, document, labels, viewer, seen) for part in cls.declared.form]
    return [part for part in parts if part["pieces"]]


def _part(
    cls: type[Record], part: Any, document: Mapping, labels: Mapping, viewer: rights.Viewer, seen: frozenset[str]
) -> dict[str, Any]:
    """The pieces of a part in the order of the declaration: runs of facts, and tables of lines."""
    pieces: list[dict[str, Any]] = []
    for name in (field for field in part.fields if field in seen):
        field = cls._fields[name]
        if field.columns:
            pieces.append({"table": lines_context(field, document.get(name) or [], labels, viewer)})
        elif table := kind_of(field).table(document.get(name)):
            pieces.append({"table": table})
        elif pieces and "facts" in pieces[-1]:
            pieces[-1]["facts"].append(_fact(cls, name, document, labels) | _evidence(field, viewer))
        else:
            pieces.append({"facts": [_fact(cls, name, document, labels) | _evidence(field, viewer)]})
    return {"label": part.label, "clause": part.clause, "pieces": pieces}


def _fact(cls: type[Record], name: str, document: Mapping, labels: Mapping) -> dict[str, Any]:
    kind = kind_of(cls._fields[name])
    facts = {"number": kind.is_number, "wide": kind.is_wide, "amount": kind.is_amount}
    return {"label": label_of(kind.field), "value": kind.linked(document.get(name), labels), **facts}


def _evidence(field: Any, viewer: rights.Viewer) -> dict[str, str]:
    """Where the records stand from which a field is counted, for those who may open their list."""
    if field.rollup is None or viewer.record is None:
        return {}
    note = {"note": str(AT_NIGHT)} if field.rollup.fresh == NIGHTLY else {}
    source = catalogue().by_class(field.rollup.type_name)
    may = rights.can_open(viewer.actor, source) and field.rollup.link in rights.listed_fields(viewer.actor, source)
    return note | ({"url": field.rollup.address(source, viewer.record.id)} if may else {})


def lines_context(field: Any, rows: list, labels: Mapping, viewer: rights.Viewer) -> dict[str, Any]:
    """A table of embedded lines for reading."""
    columns = {name: column for name, column in field.columns.items() if viewer.sees(column)}
    kinds = {name: kind_of(column) for name, column in columns.items()}
    grid = whole_grid.reading(field, rows, columns, labels) if whole_grid.is_grid(field, columns) else None
    return {
        "label": label_of(field),
        "progress": kind_of(field).progress(rows),
        "grid": grid,
        "heads": [{"label": label_of(column), "number": kind_of(column).is_number} for column in columns.values()],
        "rows": [
            [{"text": kind.linked(row.get(name), labels), "number": kind.is_number} for name, kind in kinds.items()]
            for row in rows
        ],
    }


def help_context(cls: type[Record], me: Actor) -> dict[str, Any]:
    """The type explained from its declaration."""
    flow = cls.declared.workflow
    seen = rights.readable_fields(me, cls)
    fields = [(label_of(f), f.required, f.help or "") for n, f in cls.declared.own_fields.items() if n in seen]
    moves = [
        {
            "label": flow.verb_label(move.verb),
            "from": [flow.labels[item] for item in move.source],
            "to": flow.labels[move.target],
            "who": move.by.label,
            "needs": [need_label(cls, need) for need in needs_shown(cls, move, rights.Viewer(me))],
        }
        for move in (flow.moves if flow else ())
    ]
    return {
        "declared": cls.declared,
        "base": f"/admin/{cls.declared.name}/",
        "drawing": drawing_of(cls),
        "fields": fields,
        "moves": moves,
    }
