"""The player of a SCORM package, and the files of the package, under an address that one open page has (decision 036).

What comes from a package is foreign script. Its host name has no session and no cookie of ours; its policy lets it talk
to the files of its own address alone; only the page of the lesson may frame it, and nothing is shown by itself.
"""

from __future__ import annotations

import mimetypes
from typing import Any

from flask import Blueprint, Flask, Response, current_app, render_template, request

from models.kernel.base.errors import Missing, Refused
from models.kernel.base.people import actor_of
from models.kernel.base.words import L
from models.organisation import User
from models.training import packages, scorm, tracking
from models.training.courses import Enrolment
from models.training.tracking import Played
from views.files.ranges import in_ranges

endpoints = Blueprint("contents", __name__, url_prefix="/c")
SANDBOX = "allow-scripts allow-same-origin allow-forms"
PLAYER = "; ".join(
    (
        f"sandbox {SANDBOX}",
        "default-src 'none'",
        "script-src {origin}/c/player.js",
        "style-src {origin}/c/player.css",
        "connect-src {leave}",
        "frame-src {own}",
        "form-action 'none'",
        "base-uri 'none'",
        "object-src 'none'",
        "frame-ancestors {page}",
    )
)
CONTENT = "; ".join(
    (
        f"sandbox {SANDBOX}",
        "default-src {own} data: blob: 'unsafe-inline' 'unsafe-eval'",
        "connect-src {own} data: blob:",
        "frame-src {own} data: blob:",
        "form-action {own}",
        "base-uri {own}",
        "worker-src 'none'",
        "object-src 'none'",
        "frame-ancestors {page} {origin}",
    )
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Origin-Agent-Cluster": "?1",
    "X-DNS-Prefetch-Control": "off",
    "Cache-Control": "no-store",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), display-capture=(), "
    "clipboard-read=(), clipboard-write=(), serial=(), hid=(), midi=()",
}
HSTS = "max-age=31536000"
LEAVE_MAX = 64 * 1024  # what browsers send of a page that goes
KINDS = {
    "html": "text/html",
    "htm": "text/html",
    "js": "text/javascript",
    "mjs": "text/javascript",
    "css": "text/css",
    "json": "application/json",
    "xml": "application/xml",
    "svg": "image/svg+xml",
    "vtt": "text/vtt",
    "mp4": "video/mp4",
    "webm": "video/webm",
    "mp3": "audio/mpeg",
    "woff": "font/woff",
    "woff2": "font/woff2",
    "wasm": "application/wasm",
}
NOT_THERE = L(
    "These contents are not open any more. Please load the page of the lesson again.",
    "課件已關閉，請重新打開課時頁面。",
)
NOT_BY_ITSELF = L("Contents of courses are shown within their lesson only.", "課件只能在課時頁面內打開。")


def build_contents(app: Flask) -> None:
    """Give an application the contents, and nothing else."""
    app.config["MAX_CONTENT_LENGTH"] = LEAVE_MAX
    app.register_blueprint(endpoints)
    app.register_error_handler(Missing, lambda _fault: _sentence(NOT_THERE, 404))
    app.register_error_handler(404, lambda _fault: _sentence(NOT_THERE, 404))

    @app.before_request
    def refuse() -> Response | None:
        if request.endpoint == "static":
            return _sentence(NOT_THERE, 404)
        is_known = request.method in ("GET", "HEAD") or request.endpoint == "contents.leave"
        if not is_known or request.headers.get("Service-Worker"):
            return _sentence(NOT_THERE, 403)
        if request.headers.get("Sec-Fetch-Dest") in ("document", "embed", "object", "serviceworker"):
            return _sentence(NOT_BY_ITSELF, 403)
        return None

    @app.after_request
    def add(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Content-Security-Policy", "sandbox; default-src 'none'")
        if app.config["CONTENTS_URL"].startswith("https:"):
            response.headers["Strict-Transport-Security"] = HSTS
        return response


def _sentence(words: L, status: int) -> Response:
    return Response(f"{words}\n", status, content_type="text/plain; charset=utf-8")


def _label() -> str:
    """The name of this host that a launch is bound to; empty where all contents have one host."""
    return request.host.partition(".")[0] if "*" in current_app.config["CONTENTS_URL"] else ""


def _policy(pattern: str, this: Played, key: str) -> str:
    origin = request.host_url.rstrip("/")
    home = f"{origin}/c/{key}"
    return pattern.format(own=f"{home}/f/", leave=f"{home}/leave", origin=origin, page=this.row["origin"])


@endpoints.get("/player.js")
@endpoints.get("/player.css")
def asset() -> Response:
    """What the player itself is made of."""
    return current_app.send_static_file(request.path.rpartition("/")[2])


@endpoints.get("/<key>/")
def player(key: str) -> Response:
    """The frame between the page of the lesson and the package: in it stands the API that a package looks for."""
    this = tracking.played(key, _label())
    person = actor_of(User.objects.get(id=this.row["person"]))
    facts = {
        "version": this.version,
        "page": this.row["origin"],
        "launch": f"f/{this.item.href}",
        "query": this.item.query,
        "speaks": this.item.kind == packages.SCO,
        "values": tracking.state_for(this, person),
        "elements": [[each.pattern, each.mode, each.form, each.rule] for each in scorm.ELEMENTS[this.version].values()],
        "most": [scorm.INTERACTIONS_MAX, scorm.OBJECTIVES_MAX, scorm.INNER_MAX, scorm.CHARACTERS_MAX],
    }
    response = Response(render_template("contents/player.html", facts=facts, title=this.item.title))
    response.headers["Content-Security-Policy"] = _policy(PLAYER, this, key)
    return response


@endpoints.get("/<key>/f/<path:path>")
def member(key: str, path: str) -> Response:
    """One file of the package, in the ranges that are asked for."""
    this = tracking.played(key, _label())
    content, size, name = packages.open_member(this.file, path)
    response = in_ranges(content, size, content_type(name))
    response.headers["Content-Security-Policy"] = _policy(CONTENT, this, key)
    response.headers["Cache-Control"] = "private, max-age=600"
    return response


@endpoints.post("/<key>/leave")
def leave(key: str) -> Response:
    """What a package says while its page goes: many end only then, when no page is there any more to send it on."""
    this = tracking.played(key, _label())
    if request.headers.get("Origin") != request.host_url.rstrip("/"):
        return _sentence(NOT_THERE, 403)
    sent = request.get_json(silent=True, force=True)
    values = sent.get("values") if isinstance(sent, dict) else None
    if not isinstance(values, dict):
        return _sentence(NOT_THERE, 422)
    person = actor_of(User.objects.get(id=this.row["person"]))
    enrolment = Enrolment.objects.get(id=this.row["enrolment"])
    try:
        tracking.commit(person, enrolment, key, values, is_over=sent.get("over") is True, seq=sent.get("seq"))
    except Refused as refused:
        return Response(f"{refused.first}\n", 422, content_type="text/plain; charset=utf-8")
    return Response(status=204)


def content_type(name: str) -> str:
    """As what a file of a package is sent, by its name alone; of text no encoding is stated, since its makers state
    one in it or meant that of their readers."""
    ending = name.rpartition(".")[2].lower()
    known: Any = KINDS.get(ending) or mimetypes.guess_type(name)[0]
    return str(known or "application/octet-stream")
