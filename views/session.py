"""Who is asking: the actor of the present request, as the log-in put it there."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, request
from flask_login import current_user

from models.kernel.base.people import Actor

NEVER_SEEN = -1
VERSION_DIGITS_MAX = 10


def actor() -> Actor:
    """The actor of this request; pages that ask are reached only when signed in."""
    return current_user.actor


def is_signed_in() -> bool:
    return bool(current_user.is_authenticated)


def catalogue() -> Any:
    """The record types that this application was made with."""
    return current_app.extensions["catalogue"]


def say(tone: str, words: object) -> None:
    """A message at the top of the next page: tone is info, good, warn or bad."""
    flash(str(words), tone)


def asks_for_json() -> bool:
    """Whether a script asks, which wants facts rather than a page."""
    return request.headers.get("X-Requested-With") == "XMLHttpRequest"


def seen_version(text: str | None) -> int:
    """The version that the reader saw, as a form or link says it, full-width digits too.

    One that is missing or nonsense counts as never seen, so that what is refused is nobody's change.
    """
    return int(text) if text and text.isdecimal() and len(text) < VERSION_DIGITS_MAX else NEVER_SEEN


def version_if_given(text: str | None) -> int | None:
    """The same where a version may be left out: then None."""
    return None if text is None else seen_version(text)


def own_path(target: str | None) -> str | None:
    """A way back that stays on this site: the inbox, or a list."""
    return target if target and target.startswith("/admin/") and "\\" not in target and "//" not in target else None
