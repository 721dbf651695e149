"""Where anybody checks the code of a paper: typed, or reached by its QR code."""

from __future__ import annotations

from typing import Any

from flask import render_template, request

from models.mailing import mail_settings
from models.services.papers import checking

from . import sending
from .sending import TooOften


def page() -> Any:
    """The blank form, or what is said of a code; nothing of the record. So many codes are tried in an hour."""
    typed = request.args.get("code", "")[: checking.TYPED_MAX]
    try:
        if typed.strip():
            sending.count("check", checking.TRIES_PER_HOUR, checking.TRIES_OF_ALL)
    except TooOften as refused:
        answer = checking.Answer("bad", checking.too_often(refused.seconds))
        return _drawn(typed, answer), 429, {"Retry-After": str(refused.seconds)}
    return _drawn(typed, checking.answer_to(typed) if typed.strip() else None)


def _drawn(typed: str, answer: checking.Answer | None) -> str:
    is_apart = bool(mail_settings().pages_url)  # where public pages have a host of their own, there is no other page
    return render_template("public/check.html", typed=typed, answer=answer, is_apart=is_apart)
