"""The page behind a public link: the declared fields of one record, and what its holder adds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import render_template, request, url_for

from models import public_links
from models.kernel.base.errors import Refused
from models.kernel.base.people import holder_of
from models.kernel.base.words import L
from models.kernel.gate import comments
from models.kernel.language.fields import label_of
from models.kernel.language.record import Record
from models.kernel.rights import rights

from ..kinds import kind_of
from ..page.clocks import ledgers_of
from . import asking, sending
from .receiving import attached, entries_under
from .sending import TooOften, sentences

NOWHERE = L(
    "This link leads nowhere. It may not be complete, have ended, or have been revoked.",
    "此鏈接無效：可能不完整、已到期或已撤銷。",
)
NOT_FOUND = L("Not found", "找不到")
ADDED = L("Thank you: it was added.", "已添加，謝謝。")
CLOSED = L("Nothing more can be added here. Nothing was stored.", "此處不能再添加內容，未保存。")
ANSWERS_SENT = "public-asked"  # in the form of the question that follows a solution
NOTHING = L("Please write something or choose a file.", "請填寫內容或選擇文件。")


def page(
    cls: type[Record], token: str, said: Mapping[str, Any] | None = None, controls: list[dict[str, Any]] | None = None
) -> Any:
    """What the holder of a link sees; the same answer whatever is wrong with the link. `controls`: those of what is
    asked, as they were sent."""
    record = public_links.opened(cls, token)
    if record is None:
        return nowhere()
    record = asking.note_opened(cls, record)
    declared, holder = cls.declared, holder_of(record.id)
    if controls is None and asking.may_answer(record):
        controls = asking.controls(record, asking.blank(cls, record))
    return render_template(
        "public/follow.html",
        declared=declared,
        number=record.number,
        state=str(rights.state_word(record)) if declared.workflow else "",
        pieces=pieces_of(record, declared.public.show),
        ledgers=list(ledgers_of(record)) if declared.public.clocks else [],
        may_answer=bool(rights.may_comment(holder, record)),
        files=[(kind, declared.file_kinds[kind]) for kind in declared.public.files]
        if rights.may_attach(holder, record)
        else [],
        most_mb=sending.FILES_MAX // sending.MEGABYTE,
        action=url_for("public.follow", name=declared.name, token=token),
        key=sending.new_key(f"answer:{record.id}"),
        entries=entries_under(record, token),
        controls_=controls or [],
        asks_key=sending.new_key(f"asks:{record.id}") if controls else "",
        key_name=sending.KEY,
        trap=sending.TRAP,
        said=said or {},
    )


def nowhere() -> Any:
    """Unknown, revoked, ended and not allowed are one answer."""
    return render_template("public/problem.html", heading=NOT_FOUND, sentence=str(NOWHERE), code=404), 404


def added(cls: type[Record], token: str) -> Any:
    """Add a message, and files, to the record of a link."""
    record = public_links.opened(cls, token)
    if record is None:
        return nowhere()
    if ANSWERS_SENT in request.form:
        return _answered(cls, token, record)
    text = request.form.get("comment", "")
    if "switch" in request.form:
        return page(cls, token, {"text": text})
    try:
        refusals = _added(cls, record, text)
    except TooOften as refused:
        return page(cls, token, _refusal(text, refused)), 429, {"Retry-After": str(refused.seconds)}
    except Refused as refused:
        return page(cls, token, _refusal(text, refused)), 422
    return page(cls, token, {"good": [str(ADDED)] if not refusals else [], "bad": refusals})


def _answered(cls: type[Record], token: str, record: Record) -> Any:
    """Take what the holder was asked; a refusal shows what they chose."""
    form = asking.typed(cls, record)
    try:
        asking.answered(cls, record, form)
    except TooOften as refused:
        drawn = asking.controls(record, form, refused)
        return page(cls, token, _refusal("", refused), drawn), 429, {"Retry-After": str(refused.seconds)}
    except Refused as refused:
        drawn = asking.controls(record, form, refused) if asking.may_answer(record) else []
        return page(cls, token, _refusal("", refused), drawn), 422
    return page(cls, token, {"good": [str(asking.THANKS)], "bad": []})


def _refusal(text: str, refused: Refused) -> dict[str, Any]:
    return {"text": text, "bad": [str(words) for words in sentences(refused)]}


def _added(cls: type[Record], record: Record, text: str) -> list[str]:
    public, holder = cls.declared.public, holder_of(record.id)
    once = sending.entry_of(f"answer:{record.id}")
    has_files = any(item.filename for kind in public.files for item in request.files.getlist(f"file-{kind}"))
    if not text.strip() and not has_files:
        raise Refused(NOTHING)
    _refuse_what_is_closed(record, has_text=bool(text.strip()), has_files=has_files)
    sending.count(f"answer:{cls.declared.name}", public.limit, public.total)
    if text.strip():
        comments.comment(cls, record.id, text, actor=holder, once=f"public:{once}")
    return attached(cls, record) if has_files else []


def _refuse_what_is_closed(record: Record, *, has_text: bool, has_files: bool) -> None:
    holder = holder_of(record.id)
    is_closed = has_text and not rights.may_comment(holder, record)
    if is_closed or (has_files and not rights.may_attach(holder, record)):
        raise Refused(CLOSED)


def pieces_of(record: Record, show: Iterable[str]) -> list[dict[str, Any]]:
    """The fields that are shown and filled, in the declared order; number and state stand above them."""
    document = record.to_mongo().to_dict()
    names = [name for name in show if name not in ("number", "state")]
    drawn = (_piece(record.fields_of()[name], document.get(name)) for name in names)
    return [piece for piece in drawn if piece]


def _piece(field: Any, value: Any) -> dict[str, Any] | None:
    if not field.columns:
        text = kind_of(field).plain(value)
        return {"label": label_of(field), "text": text} if text else None
    columns = {name: column for name, column in field.columns.items() if _is_shown(column)}
    rows = [[kind_of(column).plain(row.get(name)) for name, column in columns.items()] for row in value or ()]
    heads = [label_of(column) for column in columns.values()]
    return {"label": label_of(field), "heads": heads, "rows": rows} if rows else None


def _is_shown(column: Any) -> bool:
    """Whether a column of lines may stand on a public page: it names no record, and everybody sees it who reads it."""
    return not (column.target or column.internal or column.see is not None or not column.is_for_strangers)
