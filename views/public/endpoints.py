"""The addresses of the public pages: `/p/`, a form for each type that takes entries, and the page behind a link."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, g, render_template, request

from models.kernel.base.words import LOCALES, speaking
from models.kernel.language.record import Record

from ..problems import HEADINGS
from ..session import catalogue
from . import behind, browsing, checking, following, receiving, stopping, surveys
from .sending import TRIES, TooOften, count, limit_body, refuse_many_inputs

LANGUAGE_COOKIE = "guicheng-language"
YEAR_SECONDS = 31_536_000
endpoints = Blueprint("public", __name__, url_prefix="/p")
View = Callable[..., Any]


def build_public_pages(app: Flask) -> None:
    """Give an application the public pages of its catalogue. Their forms have keys of their own instead of sessions."""
    app.register_blueprint(endpoints)
    if "csrf" in app.extensions:
        app.extensions["csrf"].exempt(endpoints)


def for_strangers(view: View) -> View:
    """A view that is open to anybody, and speaks the language that was chosen in a form that is sent again for it."""

    @wraps(view)
    def public(**arguments: Any) -> Any:
        g.is_bare = True
        cls = _type_of(arguments.pop("name")) if "name" in arguments else None
        limit_body(takes_files=bool(cls and cls.declared.public.files))
        if request.method == "POST" and cls and (refusal := _over_limits(cls)):
            return refusal
        if request.method == "POST" and (chosen := request.form.get("switch")) in LOCALES:
            g.chosen = chosen
            with speaking(str(chosen)):
                return view(cls, **arguments)
        return view(cls, **arguments) if cls else view(**arguments)

    public.is_public = True  # type: ignore[attr-defined]
    return public


def _over_limits(cls: type[Record]) -> Any:
    """The answer to what is too much, given before a body is read; None where it is not."""
    public = cls.declared.public
    try:
        count(f"try:{cls.declared.name}", public.limit * TRIES, public.total * TRIES)
    except TooOften as refused:
        facts = {"heading": HEADINGS[429], "sentence": str(refused.sentence), "code": 429}
        return render_template("public/problem.html", **facts), 429, {"Retry-After": str(refused.seconds)}
    refuse_many_inputs()
    return None


def _type_of(name: str) -> type[Record]:
    cls = catalogue().get(name)
    if cls is None or cls.declared.public is None:
        abort(404)
    return cls


@endpoints.get("/")
@for_strangers
def index() -> str:
    """What can be sent here."""
    types = [cls.declared for cls in catalogue().values() if _has_own_form(cls)]
    read = [cls.declared for cls in catalogue().values() if cls.declared.public and cls.declared.public.browse]
    return render_template("public/index.html", types=types, read=read)


def _has_own_form(cls: type[Record]) -> bool:
    """Whether there is a form that is about no other record."""
    public = cls.declared.public
    return bool(public and public.create and not public.under)


@endpoints.get("/check/")
@for_strangers
def check() -> Any:
    """What the check code of a paper proves."""
    return checking.page()


@endpoints.get("/<name>/all/")
@for_strangers
def read_all(cls: type[Record]) -> Any:
    """What everybody may read of a type."""
    if cls.declared.public.browse is None:
        abort(404)
    return browsing.all_of(cls)


@endpoints.route("/<name>/all/<number>", methods=("GET", "POST"))
@for_strangers
def read(cls: type[Record], number: str) -> Any:
    """One record that everybody may read."""
    if cls.declared.public.browse is None:
        abort(404)
    return browsing.voted(cls, number) if request.method == "POST" else browsing.page(cls, number)


@endpoints.route("/<name>/", methods=("GET", "POST"))
@for_strangers
def entry(cls: type[Record]) -> Any:
    """The form of a type, and what came in with it."""
    if not receiving.is_open(cls) or cls.declared.public.under:
        abort(404)
    return receiving.received(cls) if request.method == "POST" else receiving.blank(cls)


@endpoints.route("/<name>/under/<handle>", methods=("GET", "POST"))
@for_strangers
def entry_under(cls: type[Record], handle: str) -> Any:
    """The form of a type whose entries are about a record that people outside see."""
    if not cls.declared.public.under or not receiving.is_open(cls):
        abort(404)
    if (under := receiving.under_of(cls, handle)) is None:
        return following.nowhere()
    return receiving.received(cls, under) if request.method == "POST" else receiving.blank(cls, under)


@endpoints.route("/<name>/at/<token>", methods=("GET", "POST"))
@for_strangers
def follow(cls: type[Record], token: str) -> Any:
    """What the holder of a link sees, and what they add."""
    if not cls.declared.public.token:
        abort(404)
    if own := behind.page_of(cls):
        return own(cls, token)
    return following.added(cls, token) if request.method == "POST" else following.page(cls, token)


@endpoints.route("/stop/<token>", methods=("GET", "POST"))
@for_strangers
def stop(token: str) -> Any:
    """Where the reader of a mail ends those of its kind: by the button of the page, or of their mail program."""
    return stopping.stopped(token) if request.method == "POST" else stopping.page(token)


@endpoints.route("/survey/fill/<token>", methods=("GET", "POST"), defaults={"name": "survey"})
@for_strangers
def fill(cls: type[Record], token: str) -> Any:
    """The questions of a survey, a part at a time, with what was typed so far."""
    return surveys.sent(cls, token) if request.method == "POST" else surveys.shown(cls, token)


@endpoints.get("/survey/list/<token>", defaults={"name": "survey"})
@for_strangers
def answer_list(cls: type[Record], token: str) -> Any:
    """The list of the anonymous answers to a survey, by hashes."""
    return surveys.answer_list(cls, token)


@endpoints.after_request
def say_less(response: Response) -> Response:
    """Let no search engine keep a page and no address of one travel; remember the language that was chosen."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response.headers["Referrer-Policy"] = "no-referrer"
    chosen = g.get("chosen") or request.args.get("lang")
    if chosen in LOCALES:
        secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
        response.set_cookie(
            LANGUAGE_COOKIE, chosen, YEAR_SECONDS, path="/p/", secure=secure, httponly=True, samesite="Lax"
        )
    return response
