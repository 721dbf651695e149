"""The addresses of the API: `/api/v1/<type>/…`, the same for every type of the catalogue.

Each asks first for the type that its caller works with and for what the key is for; then reads go through `rights`, and
writes through the gate.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from bson import ObjectId
from flask import Blueprint, Response, request
from flask_login import current_user
from werkzeug.exceptions import HTTPException

from models.kernel.base.errors import Changed, Forbidden, Missing, Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.gate.attempts import rehearsing
from models.kernel.language.merging import stands_for
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.services.personal.api_keys import KeyVerb

from ..session import actor, catalogue
from . import problem, reading, writing
from .bodies import NEED_VERSION, VersionNeeded, flag
from .records import record_json

endpoints = Blueprint("api", __name__, url_prefix="/api/v1")
View = Callable[..., Response]
MERGED_AWAY = L(
    "This record was merged into the one that merged_into names; go on with that one.",
    "此記錄已併入 merged_into 所指的記錄，請改用該記錄。",
    code="merged",
)
OUT_OF_SCOPE = L("This key is not for that.", "此密鑰不用於此項。", code="key_scope")


def address(rule: str, *methods: str, verb: KeyVerb) -> Callable[[View], View]:
    """Serve an address, with and without a slash at its end, for keys that are for this verb; the view is given the
    caller and the type. Raises Missing for a type with which the caller has nothing to do."""

    def register(view: View) -> View:
        @wraps(view)
        def answer(name: str, **parts: str) -> Response:
            me, cls = actor(), type_of(name)
            use = current_user.use
            if use is None or not use.key.covers(name, verb):
                raise Forbidden(OUT_OF_SCOPE)
            with rehearsing(flag("rehearse")):
                try:
                    return view(cls, me, **parts)
                except Missing:
                    if onward := _led_on(cls, me, parts.get("id", "")):
                        return onward
                    raise

        endpoints.add_url_rule(
            f"/<name>{rule}", view.__name__, answer, methods=methods or ("GET",), strict_slashes=False
        )
        return answer

    return register


def _led_on(cls: type[Record], me: Actor, id: str) -> Response | None:
    """What is answered about a record that was merged: the one that stands for it, and to reads the way there."""
    into = stands_for(cls, ObjectId(id)) if ObjectId.is_valid(id) else None
    if into is None or not rights.find_rows(me, cls, [into]):
        return None
    is_read = request.method in ("GET", "HEAD")
    response = problem.answer(301 if is_read else 409, MERGED_AWAY, code="merged", merged_into=str(into))
    if is_read:
        response.headers["Location"] = request.full_path.replace(id, str(into), 1).rstrip("?")
    return response


def type_of(name: str) -> type[Record]:
    """The type of a name, if it is the caller's business. Raises Missing."""
    cls = catalogue().get(name)
    if cls is None or not is_open(actor(), cls):
        raise Missing
    result: type[Record] = cls
    return result


def is_open(me: Actor, cls: type[Record]) -> bool:
    """Whether somebody has any business with a type: reads records of it, or may enter one."""
    return rights.can_open(me, cls) or bool(rights.may_create(me, cls))


@address("", verb=KeyVerb.READ)
def list_records(cls: type[Record], me: Actor) -> Response:
    return reading.listed(cls, me)


@address("/<id>", verb=KeyVerb.READ)
def read_record(cls: type[Record], me: Actor, id: str) -> Response:
    return reading.read(cls, me, id)


@address("/<id>/history", verb=KeyVerb.READ)
def read_history(cls: type[Record], me: Actor, id: str) -> Response:
    return reading.history_of(cls, me, id)


@address("/<id>/comments", verb=KeyVerb.READ)
def read_comments(cls: type[Record], me: Actor, id: str) -> Response:
    return reading.comments_of(cls, me, id)


@address("/<id>/moves", verb=KeyVerb.READ)
def list_moves(cls: type[Record], me: Actor, id: str) -> Response:
    return reading.moves_of(cls, me, id)


@address("/<id>/files", verb=KeyVerb.READ)
def list_files(cls: type[Record], me: Actor, id: str) -> Response:
    return reading.files_of(cls, me, id)


@address("/<id>/files/<file>", verb=KeyVerb.READ)
def read_file(cls: type[Record], me: Actor, id: str, file: str) -> Response:
    return reading.file_of(cls, me, id, file)


@address("", "POST", verb=KeyVerb.CREATE)
def create_record(cls: type[Record], me: Actor) -> Response:
    return writing.create(cls, me)


@address("/<id>", "PATCH", verb=KeyVerb.UPDATE)
def change_record(cls: type[Record], me: Actor, id: str) -> Response:
    return writing.update(cls, me, id)


@address("/<id>", "DELETE", verb=KeyVerb.REMOVE)
def remove_record(cls: type[Record], me: Actor, id: str) -> Response:
    return writing.remove(cls, me, id)


@address("/<id>/restore", "POST", verb=KeyVerb.REMOVE)
def restore_record(cls: type[Record], me: Actor, id: str) -> Response:
    return writing.restore(cls, me, id)


@address("/<id>/moves/<verb>", "POST", verb=KeyVerb.MOVE)
def make_move(cls: type[Record], me: Actor, id: str, verb: str) -> Response:
    return writing.move(cls, me, id, verb)


@address("/<id>/comments", "POST", verb=KeyVerb.COMMENT)
def add_comment(cls: type[Record], me: Actor, id: str) -> Response:
    return writing.comment(cls, me, id)


@address("/<id>/files", "POST", verb=KeyVerb.ATTACH)
def attach_file(cls: type[Record], me: Actor, id: str) -> Response:
    return writing.attach(cls, me, id)


attach_file.takes_files = attach_file.stores_files = True  # type: ignore[attr-defined]


@address("/<id>/files/<file>", "DELETE", verb=KeyVerb.ATTACH)
def detach_file(cls: type[Record], me: Actor, id: str, file: str) -> Response:
    return writing.detach(cls, me, id, file)


@endpoints.errorhandler(Refused)
def _refused(fault: Refused) -> Response:
    return problem.refused(fault)


@endpoints.errorhandler(Changed)
def _changed(fault: Changed) -> Response:
    current: Any = fault.current
    return problem.stale(record_json(current, actor()))


@endpoints.errorhandler(VersionNeeded)
def _needed(_fault: VersionNeeded) -> Response:
    return problem.answer(428, NEED_VERSION)


@endpoints.errorhandler(HTTPException)
def _http(fault: HTTPException) -> Response:
    """What the server refuses by itself; its own sentence, where it is one of ours, says more than the number."""
    code = fault.code or 500
    result = problem.answer(code, problem.sentence_of(fault))
    if code == 405 and (allowed := getattr(fault, "valid_methods", None)):
        result.headers["Allow"] = ", ".join(sorted(allowed))
    return result


def own_types(me: Actor) -> list[type[Record]]:
    """The types that are somebody's business, as the description and its page list them."""
    return [cls for cls in catalogue().values() if is_open(me, cls)]
