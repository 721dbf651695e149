"""The page on which the reader of a mail ends mail of its kind. To open it changes nothing: programs open links, too.

A mail program that has a button for it posts to the same address (RFC 8058).
"""

from __future__ import annotations

from typing import Any

from flask import render_template, request

from models.services.notify import outside

from ..problems import HEADINGS
from .following import nowhere
from .sending import TooOften, count

AN_HOUR, TOGETHER = 60, 2000


def page(token: str, *, is_done: bool = False) -> Any:
    """What the button would do, or that it is done; one answer for all links that are none of ours."""
    if outside.matter_of(token) is None:
        return nowhere()
    return render_template("public/stop.html", action=request.path, is_done=is_done)


def stopped(token: str) -> Any:
    """End the mail that a link is of."""
    try:
        count("stop", AN_HOUR, TOGETHER)
    except TooOften as refused:
        facts = {"heading": HEADINGS[429], "sentence": str(refused.sentence), "code": 429}
        return render_template("public/problem.html", **facts), 429, {"Retry-After": str(refused.seconds)}
    if (matter := outside.matter_of(token)) is not None and "switch" not in request.form:
        outside.stop(matter)
        return page(token, is_done=True)
    return page(token)
