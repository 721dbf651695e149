"""The public form of a type: drawn from its declaration, read like every form, and entered through the gate."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import wtforms
from flask import current_app, render_template, request, url_for
from mongoengine.base import get_document
from werkzeug.datastructures import FileStorage, MultiDict

from models import public_links, public_reading
from models.kernel.base.errors import Missing, Refused
from models.kernel.base.people import PUBLIC, department_with, holder_of
from models.kernel.base.words import L
from models.kernel.gate.acts import Context
from models.kernel.gate.answering import questions_for
from models.kernel.gate.intents import Intent
from models.kernel.gate.sources import Source
from models.kernel.language.record import Record
from models.mailing import mail_settings
from models.services.files import files
from models.services.files.positions import without_position

from ..forms.inputs import form_class, form_from, input_problems, presets_of, values_of
from ..page.form_page import Drawing
from ..session import catalogue
from . import sending
from .sending import TooOften, sentences

AT_ONCE = 10
TOO_MANY = L("Please send at most {most} files at once.", "一次最多發送 {most} 個文件。")
OF_FILE = L("{name}: {why}", "{name}：{why}")


def is_open(cls: type[Record]) -> bool:
    """Whether entries of a type are taken now: there is the department to which they go."""
    public = cls.declared.public
    has_home = cls.declared.belongs_to == public.under if public.under else False
    return bool(public.create) and (has_home or department_with(public.department) is not None)


@dataclass(frozen=True)
class Under:
    """The record that an entry is about, and how it is named in addresses: by its public link, or by its number."""

    record: Record
    handle: str


def under_of(cls: type[Record], handle: str) -> Under | None:
    """The record that a handle leads to; what is not there and what is not open are one answer: None."""
    target = get_document(cls.declared.own_fields[cls.declared.public.under].target)
    public = target.declared.public
    record = public_links.opened(target, handle) if public.token else None
    if record is None and public.browse:
        record = public_reading.readable(target, handle)
    states = cls.declared.own_fields[cls.declared.public.under].states
    if record is None or (states and record.state not in states):
        return None
    return Under(record, handle)


def entries_under(record: Record, handle: str) -> list[dict[str, Any]]:
    """The forms to which the public page of a record leads."""
    types = (cls for cls in catalogue().values() if cls.declared.public and cls.declared.public.under)
    return [
        {"label": cls.declared.label, "path": url_for("public.entry_under", name=cls.declared.name, handle=handle)}
        for cls in types
        if cls.declared.own_fields[cls.declared.public.under].target == type(record).__name__
        and is_open(cls)
        and under_of(cls, handle)
    ]


def blank(cls: type[Record], under: Under | None = None) -> str:
    """An empty form."""
    names = tuple(cls.declared.public.create)
    return _page(cls, form_from(cls, names, None, presets_of(cls, names, MultiDict())), under=under)


def received(cls: type[Record], under: Under | None = None) -> Any:
    """Enter what was sent; a refusal shows the form with everything that was typed, and all that is wrong."""
    public = cls.declared.public
    form = form_class(cls, tuple(public.create))(request.form)
    if "switch" in request.form:
        return _page(cls, form, is_again=True, under=under)
    try:
        entry = _entered(cls, form, under)
    except TooOften as refused:
        return _page(cls, form, refused, is_again=True, under=under), 429, {"Retry-After": str(refused.seconds)}
    except Refused as refused:
        return _page(cls, form, refused, is_again=True, under=under), 422
    said = attached(cls, entry.record) if public.files else []
    path = public_links.path_of(entry.record, entry.token)
    facts = {"link": full_address(path), "refusals": said}
    return render_template("public/received.html", declared=cls.declared, number=entry.record.number, **facts)


def _entered(cls: type[Record], form: wtforms.Form, under: Under | None) -> public_links.Receipt:
    public, name = cls.declared.public, cls.declared.name
    once = sending.entry_of(_purpose(cls, under))
    _refuse_many_files()
    values = values_of(form, cls) | ({public.under: under.record.id} if under else {})
    actor = holder_of(under.record.id) if under else PUBLIC
    intent, context = Intent(actor, cls), Context(source=Source.PUBLIC, confirmed=True)
    intent.refuse_unread(public.filled() | values, input_problems(form, cls), "create", context)
    if not public_links.came_before(cls, once):
        sending.count(f"entry:{name}", public.limit, public.total)
    return public_links.receive(cls, values, once=once, actor=actor)


def _purpose(cls: type[Record], under: Under | None) -> str:
    """What the key of a blank form is good for."""
    return f"{cls.declared.name}:{under.record.id}" if under else str(cls.declared.name)


def _refuse_many_files() -> None:
    if len(list(request.files.items(multi=True))) > AT_ONCE * 2:
        raise Refused(None, {"files": [TOO_MANY(most=AT_ONCE)]})


def attached(cls: type[Record], record: Record) -> list[str]:
    """Attach the files that came along to a record; returns what is said of those that were refused."""
    said: list[str] = []
    given = [(kind, item) for kind in cls.declared.public.files for item in request.files.getlist(f"file-{kind}")]
    chosen = [(kind, item) for kind, item in given if item.filename]
    if len(chosen) > AT_ONCE:
        return [str(TOO_MANY(most=AT_ONCE))]
    for kind, item in chosen:
        try:
            _attach(cls, record, kind, item)
        except (Refused, Missing) as refused:
            why = sentences(refused)[0] if isinstance(refused, Refused) else ""
            said.append(str(OF_FILE(name=files.clean_name(item.filename or ""), why=why)))
    return said


def _attach(cls: type[Record], record: Record, kind: str, item: FileStorage) -> None:
    once = f"public:{record.id}:{kind}:{request.form.get(sending.KEY, '')[:200]}"
    most = sending.FILES_MAX // sending.MEGABYTE
    content = io.BytesIO(without_position(item.stream.read()))  # a form from outside has 20 MB at most
    upload = files.Upload(item.filename or "", content, most, once=once)
    files.attach(cls, record.id, kind, upload, actor=holder_of(record.id), context=Context(source=Source.PUBLIC))


def full_address(path: str) -> str:
    """The whole address of a public page, as it is kept or handed on; nothing of nothing."""
    return (mail_settings().page(path) or request.host_url.rstrip("/") + path) if path else ""


def _page(
    cls: type[Record],
    form: wtforms.Form,
    refused: Refused | None = None,
    *,
    is_again: bool = False,
    under: Under | None = None,
) -> str:
    """The form with what is in it. Sent again it keeps its key, as long as that is good."""
    declared, problems = cls.declared, refused.problems if refused else {}
    drawing, purpose = Drawing(Intent(PUBLIC, cls), problems), _purpose(cls, under)
    kept = request.form.get(sending.KEY, "") if is_again and sending.known_entry(purpose) else ""
    for entry in form:
        if under and entry.field.answers_to:
            entry.questions = questions_for(cls, entry.field, under.record.id, None)
    action = url_for("public.entry", name=declared.name)
    if under:
        action = url_for("public.entry_under", name=declared.name, handle=under.handle)
    return render_template(
        "public/form.html",
        declared=declared,
        controls_=[drawing.control(name, form[name]) for name in declared.public.create],
        files=[(kind, declared.file_kinds[kind]) for kind in declared.public.files],
        most_mb=sending.FILES_MAX // sending.MEGABYTE,
        key=kept if kept and not _was_used(refused) else sending.new_key(purpose),
        key_name=sending.KEY,
        trap=sending.TRAP,
        action=action,
        about=under.record.title if under else "",
        problems=_said(problems, refused),
        is_demo=current_app.config.get("IS_DEMO", False),
    )


def _was_used(refused: Refused | None) -> bool:
    return refused is not None and refused.sentence == public_links.SENT_BEFORE


def _said(problems: Any, refused: Refused | None) -> list[tuple[str, str]]:
    """What is wrong, each with the place of its control; "" where it is of the whole."""
    if refused is not None and not problems:
        return [("", str(refused.sentence))]
    return [(path, str(words)) for path, problem in problems.items() for words in problem]
