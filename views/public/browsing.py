"""Pages that everybody may read: the list of a type with its search, one record, and whether it helped."""

from __future__ import annotations

from typing import Any

from flask import render_template, request, url_for

from models import public_reading
from models.kernel.base.errors import Refused
from models.kernel.base.words import L
from models.kernel.language.record import Record

from . import following, sending
from .receiving import entries_under
from .sending import TooOften, sentences

TEXT_MAX = 100
THANKS = L("Thank you, that helps us.", "感謝您的反饋。")


def all_of(cls: type[Record]) -> str:
    """The list, narrowed by a text."""
    text = request.args.get("q", "").replace("\x00", "").strip()[:TEXT_MAX]
    rows = public_reading.listed(cls, text)
    return render_template(
        "public/all.html", declared=cls.declared, rows=rows, text=text, most=public_reading.SHOWN_MAX
    )


def page(cls: type[Record], number: str, said: dict[str, list[str]] | None = None) -> Any:
    """One record; the same answer for what is not there and what is not open."""
    record = public_reading.readable(cls, number)
    if record is None:
        return following.nowhere()
    if request.method == "GET":
        public_reading.count(record, public_reading.VIEWED)
    return render_template(
        "public/one.html",
        declared=cls.declared,
        title=record.title,
        number=record.number,
        pieces=following.pieces_of(record, cls.declared.public.browse.show),
        entries=entries_under(record, number),
        may_vote=cls.declared.public.browse.votes and not said,
        action=url_for("public.read", name=cls.declared.name, number=number),
        key=sending.new_key(f"vote:{record.id}"),
        key_name=sending.KEY,
        trap=sending.TRAP,
        said=said or {},
    )


def voted(cls: type[Record], number: str) -> Any:
    """Count whether a record helped: by a button, a few times an hour from one address."""
    record, public = public_reading.readable(cls, number), cls.declared.public
    if record is None or not public.browse.votes:
        return following.nowhere()
    if "switch" in request.form:
        return page(cls, number)
    try:
        sending.entry_of(f"vote:{record.id}")
        sending.count(f"vote:{cls.declared.name}:{record.id}", 1, public.total)
    except TooOften as refused:
        return page(cls, number, {"bad": [str(refused.sentence)]}), 429, {"Retry-After": str(refused.seconds)}
    except Refused as refused:
        return page(cls, number, {"bad": [str(words) for words in sentences(refused)]}), 422
    is_good = request.form.get("helped") == "yes"
    public_reading.count(record, public_reading.HELPED if is_good else public_reading.NOT_HELPED)
    return page(cls, number, {"good": [str(THANKS)]})
