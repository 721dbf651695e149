"""What the templates of a record type are given: list, form, record page, move, history and help, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import wtforms
from bson import ObjectId
from flask import current_app, redirect, request
from markupsafe import Markup

from models import catalogue
from models.kernel import clock, files, history, people, rights, validation
from models.kernel.changes import LeadsTo, lead_key, note, stored
from models.kernel.declare import references_of
from models.kernel.drawing import draw
from models.kernel.errors import Refused
from models.kernel.fields import Choice, Choices, Flag, Lines, LongText, Ref, Refs, Sealed, label_of
from models.kernel.glossary import GATE_VERBS
from models.kernel.people import Actor
from models.kernel.record import Record
from models.kernel.words import L, current_locale
from models.kernel.workflow import REASON, Attached, Move, is_met, need_label

from . import wording
from .forms import Value, filled, form_from, input_problems, values_of
from .listing import PAGE_SIZES, Asked, Page, sortable
from .session import actor, say
from .wording import is_numeric, line_labels, moment, plain, reference_labels, state_label, tone

RELATED_MAX = 20
TIMELINE_MAX = 60
ATTACHED = L("Attached: {name}.", "已添加附件：{name}。")
NO_FILE = L("Please choose a file.", "請選擇文件。")
DOWNLOADED = frozenset({"download", "read", "export"})
HIDDEN_VALUE = L("(not shown)", "（不顯示）")
_BASE_FACTS = ("department", "owner", "created_at", "created_by", "updated_at", "updated_by", "tags")


def heading(cls: type[Record], record: Record) -> dict[str, Any]:
    """What every page about one record shows at its top."""
    told = cls.declared
    return {
        "told": told,
        "record": record,
        "base": f"/admin/{told.name}/",
        "url": f"/admin/{told.name}/details/?id={record.id}",
        "state": state_label(cls, record.state),
        "tone": tone(record.state),
    }


def list_context(cls: type[Record], me: Actor, asked: Asked, found: Page, columns: tuple[str, ...], base: str) -> dict:
    """Rows of plain cells for one loop of the template; two queries and one per linked type were made."""
    labels = reference_labels(cls, found.rows, columns)
    writable = rights.writable_fields(me, cls)
    inline = set(cls.declared.grid.inline) & writable if rights.is_writer(me, cls) else set()
    heads = [_head(cls, name, asked, base) for name in columns]
    rows = [_row(cls, row, columns, labels, inline, base) for row in found.rows]
    return {
        "told": cls.declared,
        "base": base,
        "asked": asked,
        "heads": heads,
        "rows": rows,
        "count": found.count,
        "first": asked.url(base) if found.previous else None,
        "previous": asked.url(base, before=found.previous) if found.previous else None,
        "next": asked.url(base, after=found.next) if found.next else None,
        "sizes": [(size, asked.url(base, size=size), size == asked.size) for size in PAGE_SIZES],
        "chips": [
            {"label": f"{label}{_chip_value(cls, name, value)}", "url": asked.url_without(base, name, value)}
            for name, value, label in asked.chips
        ],
        "filters": [_filter(cls, name, asked) for name in _filterable(cls, me)],
        "problems": asked.problems,
        "exports": {kind: asked.url(f"{base}export/{kind}/") for kind in ("csv", "xlsx")},
    }


def _head(cls: type[Record], name: str, asked: Asked, base: str) -> dict[str, Any]:
    told = cls._fields[name]
    current = asked.sort.lstrip("-") == name
    descending = current and asked.sort.startswith("-")
    url = asked.url(base, sort=name if descending or not current else f"-{name}") if sortable(cls, name) else None
    order = ("descending" if descending else "ascending") if current else None
    return {"name": name, "label": label_of(told), "numeric": is_numeric(told), "url": url, "sort": order}


def _row(cls: type[Record], row: Mapping[str, Any], columns: tuple, labels: Mapping, inline: set, base: str) -> dict:
    flow = cls.declared.workflow
    is_open = flow is None or row.get("state") in (flow.edit or ())
    cells = [_cell(cls, row, name, labels, name in inline and is_open) for name in columns]
    return {
        "id": str(row["_id"]),
        "version": row.get("version", 0),
        "url": f"{base}details/?id={row['_id']}",
        "cells": cells,
    }


def _cell(cls: type[Record], row: Mapping[str, Any], name: str, labels: Mapping, is_inline: bool) -> dict[str, Any]:
    told = cls._fields[name]
    value = row.get(name)
    if name == "state":
        return {"name": name, "text": state_label(cls, value), "tone": tone(value), "kind": "state"}
    try:
        text = plain(told, value, labels)
    except (ValueError, TypeError, AttributeError):
        return {"name": name, "text": str(wording.UNREADABLE), "kind": "bad"}
    cell = {"name": name, "text": text, "kind": "number" if is_numeric(told) else "text"}
    if is_inline:
        cell["inline"] = {"kind": inline_kind(told), "value": raw_value(told, value), "choices": _choices(told)}
    return cell


def inline_kind(told: Any) -> str:
    if isinstance(told, Choice):
        return "choice"
    if isinstance(told, Flag):
        return "bool"
    if is_numeric(told):
        return "number"
    return "date" if type(told).__name__ == "Day" else "text"


def raw_value(told: Any, value: Any) -> str:
    return str(value or "") if isinstance(told, Choice) else wording.input_text(told, value)


def _choices(told: Any) -> list[list[str]]:
    if not isinstance(told, Choice):
        return []
    blank = [] if told.required else [["", "—"]]
    return blank + [[key, str(label)] for key, label in told.options.items()]


def _chip_value(cls: type[Record], key: str, value: str) -> str:
    """An active filter's value in words."""
    name = key.removeprefix("f.").removesuffix(".from").removesuffix(".to")
    told = cls._fields[name]
    if name == "state":
        return state_label(cls, value)
    if isinstance(told, Choice | Choices):
        return str(told.options.get(value, value))
    if isinstance(told, Ref | Refs):
        found = wording.titles({told.target: [ObjectId(value)]}) if ObjectId.is_valid(value) else {}
        return next(iter(found.values()), value)
    return value


def _filterable(cls: type[Record], me: Actor) -> list[str]:
    seen = rights.readable_fields(me, cls)
    names = dict.fromkeys((*cls.declared.grid.filters, "department"))
    return [name for name in names if name in seen and not isinstance(cls._fields[name], Lines | LongText | Sealed)]


def _filter(cls: type[Record], name: str, asked: Asked) -> dict[str, Any]:
    """One control of the filter panel."""
    told = cls._fields[name]
    flow = cls.declared.workflow
    key = f"f.{name}"
    control: dict[str, Any] = {"key": key, "label": label_of(told), "values": asked.args.getlist(key), "kind": "text"}
    if name == "state" and flow:
        control |= {"kind": "choices", "options": [(state, str(flow.labels[state])) for state in flow.states]}
    elif isinstance(told, Choice | Choices):
        control |= {"kind": "choices", "options": [(k, str(v)) for k, v in told.options.items()]}
    elif isinstance(told, Ref | Refs):
        ids = [ObjectId(one) for one in control["values"] if ObjectId.is_valid(one)]
        titles = wording.titles({told.target: ids}) if ids else {}
        control |= {"kind": "ref", "name": name, "chosen": [(str(one), titles.get(one, "")) for one in ids]}
    elif isinstance(told, Flag):
        control |= {"kind": "flag"}
    elif is_numeric(told) or type(told).__name__ in ("Day", "Moment"):
        control |= {"kind": "range", "input": "number" if is_numeric(told) else "date"}
        control |= {"from": asked.args.get(f"{key}.from", ""), "to": asked.args.get(f"{key}.to", "")}
    return control


def note_reading(cls: type[Record], record: Record, me: Actor) -> None:
    """Write down who has read a published report (2.1.4), once for each reader."""
    if not getattr(cls, "reads_are_noted", False) or record.state != "published" or record.ref("owner") == me.id:
        return
    known = {"record": record.id, "actor": me.id, "verb": "read"}
    if history.HistoryEntry._get_collection().find_one(known, {"_id": 1}) is None:
        note(cls, record.id, "read", actor=me)


def record_context(cls: type[Record], record: Record, me: Actor) -> dict[str, Any]:
    """The record page."""
    document = stored(record)
    seen = rights.readable_fields(me, cls)
    labels = reference_labels(cls, [document], list(references_of(cls))) | line_labels(cls, document)
    entries = history.entries_of(record.id, newest_first=True, limit=TIMELINE_MAX)
    attached = files.files_of(record.id)
    return {
        **heading(cls, record),
        "parts_": [_part(cls, part, record, document, labels, seen, me) for part in cls.declared.form],
        "base_facts": [_fact(cls, name, document, labels) for name in _BASE_FACTS if document.get(name)],
        "due": record.due_at,
        "is_late": bool(record.due_at and record.due_at < clock.now()),
        "steps": moves_context(record, me),
        "waits": _waits(record),
        "leads": leads_context(cls, record, me),
        "linked": linked_context(cls, record, me),
        "files": [_file(one) for one in attached],
        "file_kinds": cls.declared.file_kinds,
        "timeline": timeline(cls, entries, me),
        "has_more_history": len(entries) == TIMELINE_MAX,
        "may_edit": rights.may_update(me, record),
        "may_remove": rights.may_remove(me, record),
        "may_attach": rights.may_attach(me, record),
        "may_comment": rights.may_comment(me, record),
        "upload_limit": upload_limit_mb() * 1024 * 1024,
        "drawing": drawing_of(cls, record),
    }


def drawing_of(cls: type[Record], record: Record | None = None) -> Markup:
    flow = record.flow() if record else cls.declared.workflow
    return Markup(draw(flow, current_locale(), record.state if record else None)) if flow else Markup("")


def _part(cls: type, part: Any, record: Record, document: Mapping, labels: Mapping, seen: frozenset, me: Actor) -> dict:
    facts, tables = [], []
    for name in part.fields:
        if name not in seen:
            continue
        told = cls._fields[name]
        if isinstance(told, Lines):
            tables.append(lines_context(told, document.get(name) or [], labels, me))
        else:
            facts.append(_fact(cls, name, document, labels))
    return {"label": part.label, "clause": part.clause, "facts": facts, "tables": tables}


def _fact(cls: type[Record], name: str, document: Mapping, labels: Mapping) -> dict[str, Any]:
    told = cls._fields[name]
    value = document.get(name)
    text: Any = plain(told, value, labels)
    if isinstance(told, Ref) and value is not None and text and value in labels:
        text = Markup('<a href="/admin/{}/details/?id={}">{}</a>').format(_type_of(told), value, text)
    elif isinstance(told, Refs) and value:
        text = Markup("、").join(
            Markup('<a href="/admin/{}/details/?id={}">{}</a>').format(_type_of(told), one, labels.get(one, wording.GONE))
            for one in value
        )
    is_long = isinstance(told, LongText) or (isinstance(told, Sealed) and isinstance(told.form, LongText))
    return {"label": label_of(told), "value": text, "number": is_numeric(told), "wide": is_long}


def _type_of(told: Ref | Refs) -> str:
    return catalogue.by_class(told.target).declared.name


def lines_context(told: Lines, rows: list, labels: Mapping, me: Actor) -> dict[str, Any]:
    """A table of embedded lines for reading."""
    columns = {name: column for name, column in told.columns.items() if rights.sees(me, column)}
    return {
        "label": label_of(told),
        "heads": [{"label": label_of(column), "number": is_numeric(column)} for column in columns.values()],
        "rows": [
            [{"text": plain(column, row.get(name), labels), "number": is_numeric(column)} for name, column in columns.items()]
            for row in rows
        ],
    }


def moves_context(record: Record, me: Actor) -> list[dict[str, Any]]:
    """The moves out of the present state: which the reader may make, what each still needs, and for whom it is."""
    flow = record.flow()
    found = []
    for move in flow.out_of(record.state) if flow else ():
        if move.auto or move.by.is_system or (move.when and not move.when(record)):
            continue
        if move.undecided and record.decisions:
            continue
        stand = rights.standing(me, record, move)
        found.append(
            {
                "verb": move.verb,
                "label": flow.verb_label(move.verb) if flow else move.verb,
                "may": bool(stand),
                "why": str(stand.verdict.why) if not stand else "",
                "who": str(move.by.label),
                "acting_for": stand.face.name if stand and stand.face and stand.face.id != me.id else "",
                "checklist": checklist(record, move),
                "is_danger": move.verb in ("reject", "decline", "terminate", "return", "send_back"),
                "url": f"/admin/{record.type_name()}/move/?id={record.id}&verb={move.verb}",
            }
        )
    return found


def checklist(record: Record, move: Move) -> list[dict[str, Any]]:
    """What a move needs, each with whether it is there."""
    return [
        {"label": need_label(type(record), need), "ok": is_met(record, need), "url": _mend_url(record, need)}
        for need in move.require
        if not (isinstance(need, str) and need in move.asked_fields)
    ]


def _mend_url(record: Record, need: Any) -> str | None:
    if isinstance(need, Attached):
        return "#files"
    return f"/admin/{record.type_name()}/edit/?id={record.id}#{need}" if isinstance(need, str) else None


def _waits(record: Record) -> list[str]:
    """Who is waited for, in words."""
    flow = record.flow()
    moves = flow.out_of(record.state) if flow else ()
    names = [str(m.by.label) for m in moves if not (m.auto or m.by.is_system or m.optional)]
    return list(dict.fromkeys(names))


def leads_context(cls: type[Record], record: Record, me: Actor) -> list[dict[str, Any]]:
    """The one-action followers: to be made, or made already."""
    return [found for one in cls.declared.leads_to if (found := _lead(record, one, me))]


def _lead(record: Record, one: LeadsTo, me: Actor) -> dict[str, Any] | None:
    target = catalogue.by_class(one.to)
    made = target._get_collection().find_one({"once": lead_key(record, one), "removed_at": None}, {"title": 1})
    if made:
        url = f"/admin/{target.declared.name}/details/?id={made['_id']}"
        return {"label": target.declared.label, "title": made["title"], "url": url}
    if record.state not in one.states or not rights.may_create(me, target):
        return None
    return {"label": one.label, "verb": one.verb, "url": None}


def linked_context(cls: type[Record], record: Record, me: Actor) -> list[dict[str, Any]]:
    """Records that link to this one, by type and field, in the reader's scope: one query for each."""
    found = []
    for other, name in catalogue.pointing_to(cls):
        scope = rights.visible(me, other)
        if scope is None or name not in rights.readable_fields(me, other):
            continue
        columns = [c for c in other.declared.grid.columns if c not in (name, "state")][:4]
        query = {name: record.id, **scope}
        wanted = dict.fromkeys(("title", "number", "state", *columns), 1)
        rows = list(other._get_collection().find(query, wanted).sort([("_id", -1)]).limit(RELATED_MAX + 1))
        if rows:
            found.append(_linked(other, name, record, rows, me))
    return found


def _linked(other: type[Record], name: str, record: Record, rows: list[dict], me: Actor) -> dict[str, Any]:
    base = f"/admin/{other.declared.name}/"
    return {
        "label": other.declared.plural,
        "all": f"{base}?f.{name}={record.id}&with={name}",
        "more": len(rows) > RELATED_MAX,
        "rows": [
            {
                "title": row.get("title") or row["number"],
                "number": row["number"],
                "url": f"{base}details/?id={row['_id']}",
                "state": state_label(other, row.get("state")),
                "tone": tone(row.get("state")),
            }
            for row in rows[:RELATED_MAX]
        ],
    }


def _file(file: Mapping[str, Any]) -> dict[str, Any]:
    size = file["size"]
    shown = f"{size / 1048576:.1f} MB" if size >= 1048576 else f"{max(1, size // 1024)} KB"
    return {
        "id": str(file["_id"]),
        "name": file["name"],
        "kind": file.get("kind", ""),
        "size": shown,
        "by": file.get("uploaded_by_name", ""),
        "at": moment(file["at"]),
        "url": f"/files/{file['_id']}",
    }


def timeline(cls: type[Record], entries: list[dict[str, Any]], me: Actor) -> list[dict[str, Any]]:
    """History entries in words; values of fields that the reader may not see are left out."""
    links = _history_labels(cls, entries)
    return [_told(cls, entry, me, links) for entry in entries if entry["verb"] not in DOWNLOADED or _sees_downloads(me)]


def _sees_downloads(me: Actor) -> bool:
    return any(face.roles & {people.Role.SUPERVISOR, people.Role.HEAD, people.Role.MANAGEMENT} for face in me.faces())


def _history_labels(cls: type[Record], entries: list[dict[str, Any]]) -> dict:
    rows = [
        {change["field"]: change[side]}
        for entry in entries
        for change in entry.get("changes", ())
        for side in ("old", "new")
        if change.get(side) is not None
    ]
    return reference_labels(cls, rows, list(references_of(cls)))


def _told(cls: type[Record], entry: dict[str, Any], me: Actor, labels: Mapping) -> dict[str, Any]:
    flow = cls.declared.workflow
    verb = entry["verb"]
    word = GATE_VERBS.get(verb) or (flow.verb_label(verb) if flow and verb in flow.verbs() else L(verb, verb))
    states = ""
    if entry.get("state_to") and entry.get("state_from"):
        states = f" {state_label(cls, entry['state_from'])} → {state_label(cls, entry['state_to'])}"
    who = entry.get("actor_name") or ""
    if entry.get("acting_for_name"):
        who = str(ACTING(who=who, principal=entry["acting_for_name"]))
    return {
        "text": f"{word}{states}",
        "who": who,
        "when": moment(entry["at"]),
        "iso": entry["at"].isoformat(),
        "comment": entry.get("reason") or "",
        "tone": tone(entry.get("state_to")) if entry.get("state_to") else "neutral",
        "changes": [told for c in entry.get("changes", ()) if verb != "create" and (told := _change(cls, c, me, labels))],
        "version": entry.get("version"),
        "seq": entry["seq"],
        "door": entry.get("door", ""),
        "hash": entry.get("hash", "")[:12],
    }


ACTING = L("{who}, acting for {principal}", "{who}（代理 {principal}）")


def _change(cls: type[Record], change: Mapping[str, Any], me: Actor, labels: Mapping) -> tuple[str, str, str] | None:
    name = change["field"]
    if name == "file":
        return (str(L("File", "文件")), "", change["new"]["name"])
    told = cls._fields.get(name)
    if told is None or name not in cls.declared.own_fields and name not in ("owner", "department", "tags"):
        return None
    label = str(label_of(told))
    if not rights.sees(me, told):
        return None
    return (label, _side(told, change.get("old"), labels, me), _side(told, change.get("new"), labels, me))


def _side(told: Any, value: Any, labels: Mapping, me: Actor) -> str:
    if isinstance(told, Lines) and value:
        shown = []
        for line in value:
            columns = [(n, c) for n, c in told.columns.items() if rights.sees(me, c) and not isinstance(c, Ref | Sealed)]
            shown.append(" · ".join(text for n, c in columns if (text := plain(c, line.get(n), labels))))
        return " | ".join(shown)[:600]
    return plain(told, value, labels)[:600] or "—"


def history_context(cls: type[Record], record: Record, me: Actor, version: int | None) -> dict[str, Any]:
    """The whole history, whether its chain holds, and the record as it was at a version."""
    entries = history.entries_of(record.id)
    past = None
    if version is not None and 0 < version <= record.version:
        document = history.as_of(stored(record), entries, version)
        seen = rights.readable_fields(me, cls)
        labels = reference_labels(cls, [document], list(references_of(cls))) | line_labels(cls, document)
        past = [_part(cls, part, record, document, labels, seen, me) for part in cls.declared.form]
    return {
        **heading(cls, record),
        "entries": timeline(cls, list(reversed(entries)), me),
        "faults": list(history.faults_in(entries, record.chain)),
        "past": past,
        "version": version,
    }


def move_context(
    cls: type[Record],
    record: Record,
    move: Move,
    me: Actor,
    *,
    form: wtforms.Form | None = None,
    reason: str = "",
    refused: Refused | None = None,
) -> dict[str, Any]:
    """The page of one move."""
    shown = form or form_from(cls, move.asked_fields, record)
    step = next((one for one in moves_context(record, me) if one["verb"] == move.verb), None)
    problems = refused.problems if refused else {}
    return {
        **heading(cls, record),
        "step": step,
        "asks_reason": REASON in move.ask,
        "is_signed": move.sign,
        "controls_": [_control(cls, name, shown[name], record, problems, me) for name in move.asked_fields],
        "reason": reason,
        "refusal": str(refused.sentence) if refused else "",
        "loose": [str(w) for path, words in problems.items() if path not in move.asked_fields and path != "reason" for w in words],
        "reason_errors": [str(words) for words in problems.get("reason", [])],
        "next": request.values.get("next", ""),
    }


def form_context(cls: type, form: wtforms.Form, record: Record | None, me: Actor, refused: Refused | None) -> dict:
    """The form: its parts with their controls, all problems on top with links to the fields."""
    problems = refused.problems if refused else {}
    allowed = set(form._fields)
    parts, placed = [], set()
    for part in cls.declared.form:
        names = [name for name in part.fields if name in allowed or _is_shown_computed(cls, name, me)]
        controls = [_control(cls, name, form._fields.get(name), record, problems, me) for name in names]
        placed |= set(names)
        if controls:
            parts.append({"label": part.label, "clause": part.clause, "help": part.help, "controls": controls})
    rest = [name for name in form._fields if name not in placed]
    if rest:
        controls = [_control(cls, name, form._fields[name], record, problems, me) for name in rest]
        parts.append({"label": L("More", "其他"), "clause": "", "help": None, "controls": controls})
    told = cls.declared
    return {
        "told": told,
        "record": record,
        "base": f"/admin/{told.name}/",
        "parts_": parts,
        "refusal": str(refused.sentence) if refused else "",
        "problems": [(control_id(path), str(words)) for path, found in problems.items() for words in found],
        "asks_confirmation": validation.DOUBT in problems,
        "has_computed": any(getattr(f, "computed", False) for f in told.own_fields.values())
        or any(isinstance(f, Lines) for f in told.own_fields.values()),
    }


def control_id(path: str) -> str:
    return path.replace(".", "-")


def _is_shown_computed(cls: type[Record], name: str, me: Actor) -> bool:
    told = cls._fields[name]
    return bool(getattr(told, "computed", False)) and rights.sees(me, told)


def _control(cls: type, name: str, entry: Any, record: Record | None, problems: Mapping, me: Actor) -> dict[str, Any]:
    """One control for the template: kind, id, label, what is in it, what is wrong with it."""
    told = cls._fields[name]
    control: dict[str, Any] = {
        "name": name,
        "id": name,
        "label": label_of(told),
        "required": told.required,
        "help": getattr(told, "help", None) or "",
        "errors": [str(words) for words in problems.get(name, [])],
        "lookup": f"/admin/{cls.declared.name}/ajax/lookup/?field={name}",
    }
    if entry is None:
        value = record._data.get(name) if record else None
        text = plain(told, record.to_mongo().to_dict().get(name), {}) if record and value is not None else "—"
        return control | {"kind": "computed", "text": text, "number": is_numeric(told)}
    if isinstance(told, Lines):
        return control | _lines_control(cls, name, told, entry, problems, me)
    return control | _input(entry)


def _input(entry: Value) -> dict[str, Any]:
    """What stands in one input: the typed text, the options, the titles behind chosen references."""
    told, raw = entry.told, [one for one in entry.raw if one]
    found: dict[str, Any] = {"kind": entry.kind, "value": entry._value(), "values": raw}
    if isinstance(told, Choice | Choices):
        blank = [] if told.required or isinstance(told, Choices) else [("", "—")]
        found["options"] = blank + [(key, str(label)) for key, label in told.options.items()]
        if isinstance(told, Choice) and told.required and not entry._value():
            found["options"] = [("", "—"), *found["options"]]
    if isinstance(told, Ref | Refs):
        ids = [ObjectId(one) for one in raw if ObjectId.is_valid(one)]
        titles = wording.titles({told.target: ids}) if ids else {}
        found["chosen"] = [(str(one), titles.get(one, str(wording.GONE))) for one in ids]
    found["number"] = is_numeric(told)
    return found


def _lines_control(cls: type, name: str, told: Lines, entry: Any, problems: Mapping, me: Actor) -> dict[str, Any]:
    """The table of a list of lines: heads, one row per line, and a blank row to copy."""
    columns = {c: f for c, f in told.columns.items() if rights.sees(me, f)}
    kept = filled(entry)
    rows = []
    for at, item in enumerate(entry):
        place = kept.index(item) if item in kept else None
        rows.append([_line_cell(cls, name, at, c, f, item.form._fields.get(c), problems, place) for c, f in columns.items()])
    blank_form = entry.unbound_field.args[0]() if hasattr(entry.unbound_field, "args") else None
    blank_values = {c: f.default() if callable(f.default) else f.default for c, f in columns.items()}
    blank = []
    for column, field in columns.items():
        one = blank_form._fields.get(column) if blank_form is not None else None
        if one is not None and blank_values[column] is not None:
            one.process_data(blank_values[column])
        blank.append(_line_cell(cls, name, "__index__", column, field, one, {}, None))
    heads = [{"label": label_of(f), "number": is_numeric(f), "required": f.required} for f in columns.values()]
    return {"kind": "lines", "heads": heads, "rows": rows, "blank": blank}


def _line_cell(cls: type, name: str, at: Any, column: str, field: Any, entry: Any, problems: Mapping, place: Any) -> dict:
    cell: dict[str, Any] = {
        "name": f"{name}-{at}-{column}",
        "id": f"{name}-{at}-{column}",
        "label": label_of(field),
        "number": is_numeric(field),
        "lookup": f"/admin/{cls.declared.name}/ajax/lookup/?field={name}.{column}",
        "errors": [str(words) for words in problems.get(f"{name}.{place}.{column}", [])] if place is not None else [],
    }
    return cell | ({"kind": "computed", "text": ""} if entry is None else _input(entry))


def computed(cls: type[Record], form: wtforms.Form, me: Actor) -> dict[str, Any]:
    """The computed fields of what is typed so far, as texts by the name of their place in the form."""
    draft = cls(**{name: value for name, value in values_of(form, cls).items() if value is not None})
    values: dict[str, str] = {}
    for name, told in cls.declared.own_fields.items():
        if isinstance(told, Lines):
            for at, line in _computable(form, draft, name):
                values |= {f"{name}-{at}-{c}": _computed_text(f, line, c) for c, f in told.columns.items() if getattr(f, "computed", False)}
    if all(_clean(line) for name in _line_fields(cls) for line in draft._data.get(name) or []) and _clean(draft):
        for name, told in cls.declared.own_fields.items():
            if getattr(told, "computed", False) and rights.sees(me, told):
                values[name] = _computed_text(told, draft, name)
    return {"values": values}


def _line_fields(cls: type[Record]) -> list[str]:
    return [name for name, told in cls.declared.own_fields.items() if isinstance(told, Lines)]


def _computable(form: wtforms.Form, draft: Record, name: str):
    """The typed lines with their index in the form, computed where they can be."""
    entries = form._fields.get(name)
    if entries is None:
        return
    kept = filled(entries)
    lines = list(draft._data.get(name) or [])
    for at, item in enumerate(entries):
        if item in kept:
            line = lines[kept.index(item)]
            if _clean(line):
                yield at, line


def _clean(document: Any) -> bool:
    """Compute; False while something that is needed has not been typed yet."""
    try:
        document.clean()
    except (TypeError, ArithmeticError, AttributeError):
        return False
    return True


def _computed_text(told: Any, document: Any, name: str) -> str:
    value = document._data.get(name)
    return plain(told, told.to_mongo(value) if value is not None else None, {})


def rule_problems(cls: type[Record], form: wtforms.Form, record: Record | None, me: Actor) -> dict:
    """What the rules say of the values that could be parsed, so that everything wrong is said at once."""
    draft = cls(id=record.id, **{}) if record is not None else cls()
    if record is not None:
        draft._data.update(record._data)
    for name, value in values_of(form, cls, record).items():
        setattr(draft, name, value)
    unparsed = input_problems(form, cls)
    found = validation.problems_in(draft, {n: cls._fields[n] for n in form._fields})
    found.update(validation.rule_problems(draft, {**found, **unparsed}))
    return {path: words for path, words in found.items() if path not in unparsed}


def upload_limit_mb() -> int:
    return int(current_app.config.get("UPLOAD_LIMIT_MB", 200))


def attached(view: Any) -> Any:
    """Take an uploaded file in; a refusal shows the record page with its sentence."""
    me = actor()
    record = rights.find(me, view.model, request.form.get("id"))
    given = request.files.get("file")
    try:
        if given is None or not given.filename:
            raise Refused(None, {"file": [NO_FILE]})
        upload = files.Upload(given.filename, given.stream, upload_limit_mb())  # type: ignore[arg-type]
        kind = request.form.get("kind", "")[:40]
        file = files.attach(view.model, record.id, kind, upload, actor=me)
    except Refused as refused:
        context = record_context(view.model, record, me)
        sentence = next((words for found in refused.problems.values() for words in found), refused.sentence)
        return view.render("record/details.html", **context, file_error=str(sentence)), 422
    say("good", ATTACHED(name=file["name"]))
    return redirect(view.show(record) + "#files")


def help_context(cls: type[Record], me: Actor) -> dict[str, Any]:
    """The type explained from its declaration."""
    flow = cls.declared.workflow
    seen = rights.readable_fields(me, cls)
    fields = [(label_of(f), f.required, getattr(f, "help", "") or "") for n, f in cls.declared.own_fields.items() if n in seen]
    moves = [
        {
            "label": flow.verb_label(move.verb),
            "from": [flow.labels[one] for one in move.source],
            "to": flow.labels[move.target],
            "who": move.by.label,
            "needs": [need_label(cls, need) for need in move.require],
        }
        for move in (flow.moves if flow else ())
    ]
    doc = (cls.__doc__ or "").strip()
    return {
        "told": cls.declared,
        "base": f"/admin/{cls.declared.name}/",
        "drawing": drawing_of(cls),
        "fields": fields,
        "moves": moves,
        "doc": doc,
    }

