"""Programs that act for a person: the key that they send, how often they may come, and what their answers say of it."""

from typing import Any

from flask import Flask, Request, Response, current_app, g, request
from werkzeug.exceptions import TooManyRequests

from admin_app.security.events import clean
from models.services.personal.api_keys import KeyUse, use

API, DESCRIPTION = "/api/v1/", "/api/openapi.json"
_SCHEME = "bearer "


def is_for_programs() -> bool:
    """Whether the request is for what programs ask, and answers are documents in place of pages."""
    return request.path.startswith(API) or request.path == DESCRIPTION


def sends_key(given: Request) -> bool:
    """Whether a request goes by a key and not by a session: all of the API, so that no other site can use a cookie."""
    return given.path.startswith(API) or (given.path == DESCRIPTION and "Authorization" in given.headers)


def use_of_request() -> KeyUse | None:
    """The use of the key that this request sends, counted once; None without one that still holds."""
    if not sends_key(request):
        return None
    if "key_use" not in g:
        given = request.headers.get("Authorization", "")
        text = given[len(_SCHEME) :].strip() if given[: len(_SCHEME)].lower() == _SCHEME else ""
        limit = current_app.config["API_REQUESTS_PER_MINUTE"]
        g.key_use = use(text, address=clean(request.remote_addr or ""), limit=limit) if text else None
    known: KeyUse | None = g.key_use
    return known


def refuse_over(known: KeyUse | None) -> None:
    """Raise TooManyRequests where a key came more often than it may."""
    if known and known.is_over:
        raise TooManyRequests(retry_after=known.seconds)


def count_uses(app: Flask) -> None:
    """Let each answer to a program say how many requests are left to it, by the draft of RateLimit headers."""

    @app.after_request
    def add(response: Response) -> Response:
        known: Any = g.get("key_use")
        if known:
            response.headers["RateLimit-Policy"] = f'"minute";q={known.limit};w=60'
            response.headers["RateLimit"] = f'"minute";r={known.left};t={known.seconds}'
            if response.status_code == 429:
                response.headers["Retry-After"] = str(known.seconds)
        if response.status_code == 401 and is_for_programs():
            response.headers["WWW-Authenticate"] = 'Bearer realm="guicheng"'
        if is_for_programs():
            response.vary.update(("Authorization", "Accept-Language"))
        return response
