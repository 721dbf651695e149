"""History in words: entries, changed values as the reader may see them, the record as it was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from models.kernel.base.people import Actor, Role
from models.kernel.base.words import L
from models.kernel.gate import history
from models.kernel.gate.sources import source_label
from models.kernel.language.declare import references_of, registered
from models.kernel.language.glossary import GATE_VERBS
from models.kernel.language.record import Record
from models.kernel.language.relation_checks import shown_by_state
from models.kernel.rights.rights import Viewer
from models.services.keeping.audit import ERASED

from ..kinds import kind_of
from ..kinds.base import Change
from ..wording import doer, line_labels, machine_time, moment, reference_labels, state_label, tone

DOWNLOADED = frozenset({"download", "view", "read", "export"})
ACTING = L("{who}, acting for {principal}", "{who}（代理 {principal}）")
UNPASSED = L(
    "{who}, without the pass that a procedure asks for: nobody who has it could decide",
    "{who}（未通過規程要求的培訓；當時無其他合格人員，予以放行）",
)
NOT_SHOWN = L("{verb}, in fields that you do not see", "{verb}（所涉字段不對您顯示）")
DUE = L("{deadline}, due", "{deadline}期限")
_BASE_FIELDS = ("owner", "department", "tags", "due_at")


def timeline(cls: type[Record], entries: list[dict[str, Any]], viewer: Viewer) -> list[dict[str, Any]]:
    """History entries in words; values of fields that the reader may not see are left out. `is_silent`: a change of
    which the reader sees nothing."""
    links, around = _history_labels(cls, entries), _states_around(cls, entries, viewer)
    return [
        _context(cls, entry, viewer.of(*around.get(entry["seq"], ())), links)
        for entry in entries
        if entry["verb"] not in DOWNLOADED or sees_downloads(viewer.actor)
    ]


def _states_around(cls: type[Record], entries: list[dict[str, Any]], viewer: Viewer) -> dict[int, tuple]:
    """In which states each entry was made, where what is shown goes by states."""
    return history.states_around(viewer.record, entries) if viewer.record is not None and shown_by_state(cls) else {}


def sees_downloads(me: Actor) -> bool:
    """Whether a reader is told who has downloaded or read."""
    return any(principal.roles & {Role.SUPERVISOR, Role.HEAD, Role.MANAGEMENT} for principal in me.represented())


def _history_labels(cls: type[Record], entries: list[dict[str, Any]]) -> dict:
    rows = [
        {change["field"]: change[side]}
        for entry in entries
        if entry["verb"] not in ("create", ERASED)  # whose first values are not told
        for change in entry.get("changes", ())
        for side in ("old", "new")
        if change.get(side) is not None
    ]
    lines: dict[str, list[Any]] = {}
    for row in rows:
        for name, value in row.items():
            if name in cls.declared.own_fields and cls.declared.own_fields[name].columns:
                lines.setdefault(name, []).extend(value)
    return reference_labels(cls, rows, list(references_of(cls))) | line_labels(cls, lines)


def _context(cls: type[Record], entry: dict[str, Any], viewer: Viewer, labels: Mapping) -> dict[str, Any]:
    flow = cls.declared.workflow
    verb = entry["verb"]
    known = {**GATE_VERBS, **{leads.verb: leads.label for leads in cls.declared.follow_ups}}
    word = known.get(verb) or (flow.verb_label(verb) if flow and verb in flow.verbs() else L(verb, verb))
    states = ""
    if entry.get("state_to") and entry.get("state_from"):
        states = f" {state_label(cls, entry['state_from'])} → {state_label(cls, entry['state_to'])}"
    seen = _seen_changes(cls, entry, viewer, labels)
    reason = entry.get("reason") or "" if viewer.reads_reason(cls, verb) else ""
    is_silent = verb == "update" and bool(entry.get("changes")) and not seen and not reason
    who = doer(entry)
    if entry.get("acting_for_name"):
        who = str(ACTING(who=who, principal=entry["acting_for_name"]))
    if entry.get("waived"):
        who = str(UNPASSED(who=who))
    return {
        "text": str(NOT_SHOWN(verb=word)) if is_silent else f"{word}{states}",
        "is_silent": is_silent,
        "who": who,
        "when": moment(entry["at"]),
        "iso": machine_time(entry["at"]),
        "comment": reason,
        **_folded(reason),
        "tone": tone(cls, entry.get("state_to")),
        "changes": seen,
        "version": entry.get("version"),
        "seq": entry["seq"],
        "door": source_label(entry.get("door")),
        "hash": entry.get("hash", "")[:12],
    }


def _seen_changes(cls: type[Record], entry: Mapping[str, Any], viewer: Viewer, labels: Mapping) -> list[Change]:
    """What an entry has changed, as far as the reader may see it; first values are not told."""
    if entry["verb"] == ERASED:
        return [_destroyed(change["new"]) for change in entry["changes"]]
    if entry["verb"] == "create":
        return []
    return [seen for change in entry.get("changes", ()) for seen in _changes(cls, change, viewer, labels)]


def _folded(text: str) -> dict[str, str]:
    """What somebody said, and the quoted lines at its end, where there are some."""
    rows = text.split("\n")
    at = len(rows)
    while at and (rows[at - 1].startswith(">") or not rows[at - 1].strip()):
        at -= 1
    quoted = "\n".join(rows[at:]).strip()
    return {"said": "\n".join(rows[:at]), "quoted": quoted} if quoted else {}


def _destroyed(proof: Mapping[str, Any]) -> Change:
    """Which record was destroyed; the entry proves it by what it holds, none of which is a field of its own record."""
    cls = registered().get(proof["type"])
    return (str(cls.declared.label if cls else proof["type"]), proof["number"] or "", "")


def _moved_deadlines(cls: type[Record], old: Iterable[Mapping], new: Iterable[Mapping]) -> Iterator[Change]:
    """Each declared deadline that a change has moved, with the moments when it was due before and is now."""
    before, after = ({row["name"]: row["due"] for row in rows} for rows in (old, new))
    for deadline in cls.declared.deadlines:
        was, now = before.get(deadline.name), after.get(deadline.name)
        if was != now:
            label = str(DUE(deadline=deadline.label))
            yield label, moment(was) if was else "", moment(now) if now else ""


def _changes(cls: type[Record], change: Mapping[str, Any], viewer: Viewer, labels: Mapping) -> list[Change]:
    """A changed field with both texts; of a list of lines the cells that were changed, each by itself."""
    name, old, new = change["field"], change.get("old"), change.get("new")
    if name == "file":
        return [(str(L("File", "文件")), (old or {}).get("name", ""), new["name"])]
    if name == "clocks":
        return list(_moved_deadlines(cls, old or (), new or ()))
    field = cls._fields.get(name)
    if field is None or (name not in cls.declared.own_fields and name not in _BASE_FIELDS):
        return []
    if not viewer.sees(field):
        return []
    return kind_of(field).changes(old, new, labels, viewer)
