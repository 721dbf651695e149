"""Who is asking: the actor of the present request, as the log-in put it there."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash
from flask_login import current_user

from models.kernel.people import Actor


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
