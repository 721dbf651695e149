"""In which language a request is answered: the user's own, the one chosen before signing in, or the browser's."""

from contextlib import ExitStack
from typing import Any

from flask import Flask, current_app, g, request, session
from flask_login import current_user

from admin_app.security import programs
from models.kernel.base.words import EN, HANS, HANT, LOCALES, speaking

COOKIE = "guicheng-language"  # of public pages, the only one that they set
_BROWSER_TAGS = {
    "zh-hant": HANT,
    "zh-tw": HANT,
    "zh-hk": HANT,
    "zh-mo": HANT,
    "zh-hans": HANS,
    "zh-cn": HANS,
    "zh-sg": HANS,
    "zh": HANS,
    "en": EN,
}


def request_locale() -> str:
    """The language of this request: the user's choice, else the browser's, else traditional Chinese."""
    if is_for_strangers():
        return _chosen_outside() or _of_browser()
    if programs.is_for_programs() and (asked_for := _asked_for()):
        return asked_for
    if current_user.is_authenticated and current_user.user.locale:
        return str(current_user.user.locale)
    if session.get("lang") in LOCALES:
        return str(session["lang"])
    return _of_browser()


def _chosen_outside() -> str | None:
    """What somebody on a public page has chosen: in the address, or before."""
    chosen = (request.args.get("lang"), request.cookies.get(COOKIE))
    return next((tag for tag in chosen if tag in LOCALES), None)


def _of_browser() -> str:
    return _asked_for() or HANT


def _asked_for() -> str | None:
    """The first language of the request that is one of ours."""
    return next((result for tag, _quality in request.accept_languages if (result := known(tag.lower()))), None)


def is_for_strangers() -> bool:
    """Whether the request is for a public page, where nobody is signed in."""
    return request.path.startswith("/p/") or bool(current_app.config.get("PUBLIC_ONLY"))


def known(tag: str) -> str | None:
    """Our language for a browser's, given in small letters."""
    parts = tag.split("-")
    starts = ("-".join(parts[:count]) for count in range(len(parts), 0, -1))
    return next((_BROWSER_TAGS[start] for start in starts if start in _BROWSER_TAGS), None)


def speak(app: Flask) -> None:
    """Let labels and sentences turn into the request's language until it ends."""

    @app.before_request
    def begin() -> None:
        g.speech = ExitStack()
        g.speech.enter_context(speaking(request_locale()))

    @app.teardown_request
    def end(_problem: BaseException | None) -> None:
        speech: Any = g.pop("speech", None)
        if speech is not None:
            speech.close()
