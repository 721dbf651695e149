"""What the templates of a form and of a move are given: controls with what was typed, and all that is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

import wtforms
from flask import current_app, request

from models.kernel.base.errors import Refused
from models.kernel.base.words import L
from models.kernel.gate import validation
from models.kernel.gate.intents import Intent
from models.kernel.language.fields import label_of
from models.kernel.language.kinds.lines import KEY
from models.kernel.language.questions.sheet import IN_LINE as OF_QUESTION
from models.kernel.language.record import Record
from models.kernel.language.spec import Part
from models.kernel.language.workflow import REASON, Move
from models.kernel.rights import rights

from ..forms import deciding
from ..forms.answering import bind_questions
from ..forms.inputs import LinesList, Value, filled, form_from, values_of
from ..kinds import kind_of
from ..moves import moves_context
from ..slots import scripts_for
from ..wording import line_labels, titles_chosen
from . import beside, replaying
from .form_lines import LinesTable, lines_control
from .record_page import heading

UNKNOWN = "—"
FILLED_IN = L("Filled in by the system", "由系統自動填寫")
IN_LINE = L("Line {n}: {sentence}", "第 {n} 行：{sentence}")


def move_context(
    intent: Intent[Record],
    move: Move,
    *,
    form: wtforms.Form | None = None,
    reason: str = "",
    refused: Refused | None = None,
    given: wtforms.Form | None = None,
) -> dict[str, Any]:
    """The page of one move, or the dialog of it. `given`: what was filled in with a decision."""
    cls, record = intent.cls, intent.record
    shown = form or form_from(cls, move.asked_fields, record)
    step = next((row for row in moves_context(intent) if row["verb"] == move.verb), None)
    problems = refused.problems if refused else {}
    bind_questions(shown, intent)
    draw = Drawing(intent, problems)
    return {
        **heading(cls, record),
        "step": step,
        "asks_reason": REASON in move.ask,
        "replay": replaying.before_move(intent.actor, record, move),
        "is_signed": move.sign,
        "controls_": [
            *(draw.control(name, shown[name]) for name in move.asked_fields),
            *_value_controls(draw, intent, move, given),
        ],
        "reason": reason,
        "refusal": str(refused.sentence) if refused else "",
        "loose": [
            str(w)
            for path, words in problems.items()
            if path not in move.asked_fields and path != "reason" and not _is_of_values(move, path)
            for w in words
        ],
        "reason_errors": [str(words) for words in problems.get("reason", [])],
        "next": request.values.get("next", ""),
        "version": record.version,
        "fragment": request.values.get("part") == "dialog",
    }


def _is_of_values(move: Move, path: str) -> bool:
    return bool(move.values) and path.partition(".")[0] == move.values.list


def _value_controls(
    draw: Drawing, intent: Intent[Record], move: Move, form: wtforms.Form | None
) -> Iterator[dict[str, Any]]:
    """The controls of what an approver fills in with a decision."""
    columns = deciding.columns_of(intent.cls, move)
    shown = form if form is not None or not columns else deciding.form_of(intent, move)
    for name, column in columns.items():
        entry = shown[name]
        yield {
            "name": entry.name,
            "id": entry.name,
            "label": label_of(column),
            "required": column.required,
            "help": column.help or "",
            "errors": [str(words) for words in deciding.errors_at(draw.problems, move, name)],
            **draw.input(entry),
        }


def form_context(form: wtforms.Form, intent: Intent[Record], refused: Refused | None) -> dict[str, Any]:
    """The form: its parts with their controls, all problems on top with links to the fields."""
    cls, problems = intent.cls, refused.problems if refused else {}
    bind_questions(form, intent)
    draw = Drawing(intent, problems)
    allowed = set(form._fields)
    parts, placed, places = [], set(), _places_in(form)
    for part in cls.declared.form:
        names = [name for name in part.fields if name in allowed or _is_shown_computed(cls, name, draw.viewer)]
        controls = [draw.control(name, form._fields.get(name)) for name in names]
        placed |= set(names)
        if intent.id is None and allowed.isdisjoint(names):
            continue  # a part that only the system fills has nothing to say before the record is there
        if controls:
            parts.append(_part(len(parts), part, controls, names, problems))
    rest = [name for name in form._fields if name not in placed]
    if rest:
        controls = [draw.control(name, form._fields[name]) for name in rest]
        parts.append(_part(len(parts), Part(L("More", "其他")), controls, rest, problems))
    declared = cls.declared
    return {
        "declared": declared,
        "record": intent.record if intent.id is not None else None,
        "base": f"/admin/{declared.name}/",
        "parts_": parts,
        "refusal": str(refused.sentence) if refused else "",
        "problems": [
            (place, _in_line(form, place, words))
            for path, problem in problems.items()
            for words in problem
            for place in [_place_of(places, path)]
        ],
        "scripts": scripts_for(declared.name),
        "beside": " ".join(dict.fromkeys(name for item in declared.beside for name in item.fields)),
        "lists": beside.lists_for(intent.actor, cls, _texts_of(form)) if declared.beside else [],
        "may_attach": intent.id is not None and rights.may_attach(intent.actor, intent.record),
        "upload_limit": current_app.config["UPLOAD_LIMIT_MB"] * 1024 * 1024,
        "asks_confirmation": validation.DOUBT in problems,
        "is_replayed": bool(declared.replayed and not declared.replayed.on),
        "has_preview": any(kind_of(field).builder for field in declared.own_fields.values()),
        "has_computed": any(field.computed or field.columns for field in declared.own_fields.values()),
    }


def _texts_of(form: wtforms.Form) -> dict[str, str]:
    """What stands in the inputs of a form, by field."""
    return {name: " ".join(entry.raw) for name, entry in form._fields.items() if isinstance(entry, Value)}


def _part(at: int, part: Part, controls: list[dict], names: list[str], problems: Mapping) -> dict[str, Any]:
    """A part of the form with its place in the index and how many problems it has."""
    own = set(names)
    count = sum(len(problem) for path, problem in problems.items() if path.partition(".")[0] in own)
    facts = {"id": f"part-{at + 1}", "label": part.label, "clause": part.clause, "help": part.help}
    groups = [(is_lines, list(run)) for is_lines, run in groupby(controls, lambda row: row["kind"] == "lines")]
    return {**facts, "groups": groups, "has_lines": any(is_lines for is_lines, _ in groups), "count": count}


def _places_in(form: wtforms.Form) -> dict[str, list[int]]:
    """Where the lines that count stand among those of the form, blank ones too, by list."""
    lists = {name: entries for name, entries in form._fields.items() if isinstance(entries, LinesList)}
    kept = {name: {id(item) for item in filled(entries)} for name, entries in lists.items()}
    return {name: [at for at, item in enumerate(entries) if id(item) in kept[name]] for name, entries in lists.items()}


def _place_of(places: Mapping[str, list[int]], path: str) -> str:
    """The id of the control that a problem is about; lines are numbered as they stand in the form, blank ones too."""
    name, _, rest = path.partition(".")
    at, _, column = rest.partition(".")
    if at.isdecimal() and name in places:
        place = places[name][int(at)] if int(at) < len(places[name]) else int(at)
        return f"{name}-{place}-{column}"
    return path.replace(".", "-")


def _in_line(form: wtforms.Form, place: str, words: Any) -> str:
    """A problem as the list above the form says it: one in a line with the number of the line."""
    name, _, rest = place.partition("-")
    at = rest.partition("-")[0]
    is_line = at.isdecimal() and isinstance(form._fields.get(name), LinesList)
    is_told = getattr(words, "pattern", words) == OF_QUESTION  # such a sentence names its line itself
    return str(IN_LINE(n=int(at) + 1, sentence=words)) if is_line and not is_told else str(words)


def _is_shown_computed(cls: type[Record], name: str, viewer: rights.Viewer) -> bool:
    field = cls._fields[name]
    return field.computed and viewer.sees(field)


class Drawing:
    """How the controls of one form are drawn: what is wrong with each, and what its links are called.

    `held` is what the record links to already, which its page names anyway; `titles` those that were looked up.
    """

    def __init__(self, intent: Intent[Record], problems: Mapping[str, Any]):
        self.intent, self.problems, self.titles = intent, problems, dict(intent.titles)
        self.record = intent.record if intent.id is not None else None
        self.viewer = rights.Viewer(intent.actor, self.record)
        self.held = validation.linked_by(intent.record) if intent.id is not None else frozenset()

    def control(self, name: str, entry: Any) -> dict[str, Any]:
        """One control for the template: kind, id, label, what is in it, what is wrong with it."""
        cls, record = self.intent.cls, self.record
        field = cls._fields[name]
        control: dict[str, Any] = {
            "name": name,
            "id": name,
            "label": label_of(field),
            "required": field.required,
            "help": field.help or "",
            "errors": [str(words) for words in self.problems.get(name, [])],
            "lookup": f"/admin/{cls.declared.name}/ajax/lookup/?field={name}",
        }
        if entry is None:
            kind = kind_of(field)
            value = record.raw(name) if record else None
            nothing = UNKNOWN if record else _nothing_yet(field)
            text = kind.plain(record.to_mongo().to_dict().get(name)) if record and value is not None else nothing
            return control | {"kind": "computed", "text": text, "number": kind.is_number}
        if isinstance(entry, LinesList):
            self._look_up_kept(entry)
            return control | {"builder": entry.kind.builder} | lines_control(self._table(name), entry)
        return control | self._with_errors(name, self.input(entry))

    def _look_up_kept(self, entry: LinesList) -> None:
        """What the links of lines are called that are kept as texts: the lines of a column together."""
        for column, link in entry.field.columns.items():
            if link.is_kept_link and column in entry.kind.entered_columns():
                inputs = (item.form._fields.get(column) for item in entry)
                kept = {text for item in inputs if item is not None for text in item.raw if text}
                self.titles |= kind_of(link).names_of(sorted(kept), self.held)

    def _with_errors(self, name: str, drawn: dict[str, Any]) -> dict[str, Any]:
        """Questions, where an input has some, each with what is wrong with its answer."""
        for question in drawn.get("questions", ()):
            question["errors"] = [str(words) for words in self.problems.get(f"{name}.{question['key']}", [])]
        return drawn

    def _table(self, name: str) -> LinesTable:
        """A list of lines as the reader sees it; what they see of it and may not set stands there as text."""
        cls, me = self.intent.cls, self.intent.actor
        columns = {c: f for c, f in cls._fields[name].columns.items() if self.viewer.sees(f)}
        settable = rights.settable_columns(me, cls, name, self.record)
        fixed = {c: kind_of(f) for c, f in columns.items() if c not in settable and not f.computed}
        return LinesTable(cls.declared.name, name, columns, self, self._texts(name, fixed) if fixed else {})

    def _texts(self, name: str, kinds: Mapping[str, Any]) -> dict[str, dict[str, str]]:
        """What stands in some columns of the record's lines, by the keys of these."""
        rows = self.record.to_mongo().to_dict().get(name) or [] if self.record else []
        labels = line_labels(self.intent.cls, {name: rows})
        return {row[KEY]: {c: kind.plain(row.get(c), labels) for c, kind in kinds.items()} for row in rows} | {
            "": dict.fromkeys(kinds, "")
        }

    def input(self, entry: Value) -> dict[str, Any]:
        """What stands in one input: the typed text, the options, the titles behind chosen references."""
        kind = entry.kind
        facts = {"kind": kind.control, "attributes": kind.attributes_in(self.record), "number": kind.is_number}
        typed = {"value": entry._value(), "values": [text for text in entry.raw if text]}
        return facts | typed | kind.drawn(entry, self.held, self.titles)


def computed(form: wtforms.Form, intent: Intent[Record]) -> dict[str, Any]:
    """The computed fields of what is typed so far, as texts by the name of their place in the form, and by the name of
    its input what cannot be read. What cannot be computed is a dash, so that no older number stands in its place.

    Nothing is computed from a link that leads where the reader may not.
    """
    cls, viewer = intent.cls, rights.Viewer(intent.actor, intent.record if intent.id is not None else None)
    draft = cls(**{name: value for name, value in values_of(form, cls).items() if value is not None})
    may = intent.may_follow(draft)
    if intent.id is None:
        draft.put("owner", intent.actor.id)  # as it will be when it is saved
    values, can = {}, may
    for name, field in cls.declared.own_fields.items():
        if field.columns:
            texts, is_whole = _line_texts(form, draft, name, viewer)
            values |= texts if may else dict.fromkeys(texts, UNKNOWN)
            can = can and is_whole
    can = can and not any(_is_misread(entry) for entry in form._fields.values()) and validation.try_compute(draft)
    for name, field in cls.declared.own_fields.items():
        if field.computed and viewer.sees(field):
            text = _computed_text(field, draft, name) if can else UNKNOWN
            values[name] = _nothing_yet(field) if intent.id is None and text in ("", UNKNOWN) else text
    return {"values": values, "errors": _misread(form)}


def _line_texts(form: wtforms.Form, draft: Record, name: str, viewer: rights.Viewer) -> tuple[dict[str, str], bool]:
    """The computed cells of a list of lines by their place, and whether each line that was begun could be computed."""
    entries = form._fields.get(name)
    field, lines = type(draft)._fields[name], list(draft.raw(name) or [])
    columns = {c: f for c, f in field.columns.items() if f.computed and viewer.sees(f)}
    if not isinstance(entries, LinesList):
        return {}, all(validation.try_compute(line) for line in lines)
    places, texts, is_whole = {id(item): at for at, item in enumerate(filled(entries))}, {}, True
    for at, item in enumerate(entries):
        line = lines[places[id(item)]] if id(item) in places else None
        can = line is not None and not any(_is_misread(entry) for entry in item.form) and validation.try_compute(line)
        is_whole = is_whole and (can or line is None)
        for c, f in columns.items():
            texts[f"{name}-{at}-{c}"] = _computed_text(f, line, c) if can else "" if line is None else UNKNOWN
    return texts, is_whole


def _is_misread(entry: Any) -> bool:
    """Whether a text could not be read that something may be computed from; a link is looked up when it is saved."""
    return isinstance(entry, Value) and bool(entry.process_errors) and not entry.field.is_picked


def _misread(form: wtforms.Form) -> dict[str, list[str]]:
    """What cannot be read, by the name of its input."""
    result: dict[str, list[str]] = {}
    for entry in form._fields.values():
        inputs = [part for item in entry for part in item.form] if isinstance(entry, LinesList) else [entry]
        result |= {item.name: [str(words) for words in item.process_errors] for item in inputs if _is_misread(item)}
    return result


def _nothing_yet(field: Any) -> str:
    """What stands in a computed field of a new record before it can be computed."""
    return UNKNOWN if kind_of(field).is_number else str(FILLED_IN)


def _computed_text(content: Any, document: Any, name: str) -> str:
    value = document.raw(name)
    if value is None:
        return kind_of(content).plain(None)
    kept = content.to_mongo(value)
    labels = titles_chosen(content.target, content.ids_in(kept)) if content.target else {}
    return kind_of(content).plain(kept, labels)
