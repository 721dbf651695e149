"""What programs change, each through the gate: with the version that they have seen, once, or as a rehearsal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from flask import Response, request
from werkzeug.exceptions import BadRequest

from models.kernel.base.errors import Forbidden, Missing, Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.gate import changes, comments, intents, rehearsal
from models.kernel.gate.attempts import VerbAttempt, note, noting
from models.kernel.gate.intents import Intent
from models.kernel.gate.moving import why_not
from models.kernel.language.record import Record
from models.kernel.language.workflow import Move
from models.kernel.rights import rights
from models.services.files import files

from ..forms import deciding
from ..page.attaching import NO_FILE, upload_limit_mb
from .answers import as_json, with_version
from .bodies import (
    NO_SUCH_FIELD,
    context,
    entry,
    flag,
    read_columns,
    read_object,
    read_object_if_sent,
    read_values,
    settable_of,
    version_seen,
)
from .reading import file_json
from .records import at_version, record_json

SIGNED_BY_PEOPLE = L(
    "This step is signed by a person, on the page of the record; a key is not a way around it.",
    "此步驟須由本人在記錄頁面簽署，密鑰不能代替。",
    code="signature",
)
ONE_FILE = L(
    "Send one file as multipart/form-data, in the part “file”.", "請以 multipart/form-data 的「file」發送一個文件。"
)


def create(cls: type[Record], me: Actor) -> Response:
    """A new record. Under the same Idempotency-Key the first one comes back, as it was made."""
    given, made, intent = read_object(), context(), Intent(me, cls)
    if not intent.verdict:
        raise _refused(intent, "create", intent.verdict.why)
    values = read_values(intent, given, "create", settable_of(intent), made)
    if flag("rehearse"):
        return _rehearsed(me, lambda: changes.create(cls, values, actor=me, context=made))
    once = entry(me)
    record = changes.create(cls, values, actor=me, context=made, once=once.key if once else None, intent=intent)
    if once:
        once.answered(record.version)
    content, then = record_json(record, me), once.version if once else None
    if then is not None and then != record.version:
        content = at_version(record, me, then)
    return with_version(content, 201, Location=f"/api/v1/{cls.type_name()}/{record.id}")


def update(cls: type[Record], me: Actor, id: str) -> Response:
    """Changed fields alone, on the version that was seen."""
    made = context(exact=True)
    with noting(VerbAttempt(me, cls, "update", made, id)):
        intent = intents.of(me, cls, id)
    if not intent.verdict:
        raise _refused(intent, "update", intent.verdict.why)
    seen, given = version_seen(), read_object()
    values = read_values(intent, given, "update", settable_of(intent), made)
    return _done(me, lambda: changes.update(cls, intent.id, values, actor=me, version=seen, context=made))


def remove(cls: type[Record], me: Actor, id: str) -> Response:
    """Put a record into the bin."""
    intent, made = intents.of(me, cls, id), context()
    seen = version_seen()
    if flag("rehearse"):
        return _rehearsed(me, lambda: changes.remove(cls, intent.id, actor=me, version=seen, context=made))
    changes.remove(cls, intent.id, actor=me, version=seen, context=made)
    return Response(status=204)


def restore(cls: type[Record], me: Actor, id: str) -> Response:
    """Take a record out of the bin."""
    read_object_if_sent(())
    made = context()
    return _done(me, lambda: changes.restore(cls, id, actor=me, context=made))


def move(cls: type[Record], me: Actor, id: str, verb: str) -> Response:
    """One move on what was seen, with what it asks for."""
    with noting(VerbAttempt(me, cls, verb, context(), id)):
        intent = intents.of(me, cls, id)
    seen, given = version_seen(), read_object_if_sent(("reason", "fields", "decision"))
    made, flow = context(given.get("reason", "")), intent.record.flow()
    chosen = flow.find(verb, intent.record.state) if flow else None
    if chosen is None:
        why = why_not(intent.record, verb, seen)
        refusal = Refused(why)
        note(intent.attempt(verb, made), refusal)
        raise refusal
    if chosen.sign:
        raise _refused(intent, verb, SIGNED_BY_PEOPLE)
    values = _values_of_move(intent, chosen, given, made)
    if deciding.is_correction(intent, chosen):
        return _done(me, lambda: changes.correct(cls, intent.id, verb, values, actor=me, version=seen, context=made))
    return _done(me, lambda: changes.move(cls, intent.id, verb, actor=me, version=seen, values=values, context=made))


def _values_of_move(intent: Intent[Any], chosen: Move, given: dict[str, Any], made: Any) -> dict[str, Any]:
    fields, decision = given.get("fields", {}), given.get("decision")
    if not isinstance(fields, dict):
        raise Refused(None, {"fields": [NO_SUCH_FIELD]})
    values = read_values(intent, fields, chosen.verb, frozenset(chosen.asked_fields), made)
    if chosen.values:
        columns, sees = deciding.columns_of(intent.cls, chosen), rights.Viewer(intent.actor, intent.record).sees
        values[chosen.values.list] = read_columns(columns, decision or {}, "decision", sees)
    elif decision is not None:
        raise Refused(None, {"decision": [NO_SUCH_FIELD]})
    return values


def comment(cls: type[Record], me: Actor, id: str) -> Response:
    """Say something on a record."""
    record, given = rights.find(me, cls, id), read_object(("text",))
    text, made = given.get("text", ""), context()
    if not isinstance(text, str):
        raise Refused(None, {"text": [comments.COMMENT_LENGTH(most=comments.COMMENT_MAX)]})
    once = entry(me)
    key = once.key if once else ""
    return _done(me, lambda: comments.comment(cls, record.id, text, actor=me, once=key, context=made), 201)


def attach(cls: type[Record], me: Actor, id: str) -> Response:
    """Store a file on a record."""
    record, made = rights.find(me, cls, id), context()
    given = [item for item in request.files.getlist("file") if item.filename]
    if len(given) != 1:
        raise Refused(None, {"file": [ONE_FILE if given or not request.files else NO_FILE]})
    kind, once = request.form.get("kind", "")[:40], entry_key_of_file(me)
    upload = files.Upload(given[0].filename or "", given[0].stream, upload_limit_mb(), once=once)  # type: ignore[arg-type]
    if flag("rehearse"):
        files.refuse_unfit(cls, record, kind, upload, actor=me)
        return as_json({"rehearsed": True, "name": files.clean_name(upload.name), "kind": kind})
    row = files.attach(cls, record.id, kind, upload, actor=me, context=made)
    return as_json(file_json(row), 201, Location=f"/api/v1/{cls.type_name()}/{record.id}/files/{row['_id']}")


def entry_key_of_file(me: Actor) -> str:
    """The key under which a file is attached once: the same content under the same name."""
    given = request.headers.get("Idempotency-Key", "")
    if len(given) > 200:
        raise BadRequest
    return f"api:{me.id}:{request.path}:{given}" if given else ""


def detach(cls: type[Record], me: Actor, id: str, file: str) -> Response:
    """Take a file off its record."""
    fact, owner, record = files.located(file, me)
    if owner is not cls or str(record.id) != id:
        raise Missing
    made = context()
    if flag("rehearse"):
        rehearsal.rehearsed(lambda: files.detach(fact["_id"], actor=me, context=made))
        return as_json({"rehearsed": True, "name": fact["name"], "kind": fact.get("kind", "")})
    files.detach(fact["_id"], actor=me, context=made)
    return Response(status=204)


def _done(me: Actor, make: Callable[[], Record], status: int = 200) -> Response:
    """What a verb has led to, or would."""
    if flag("rehearse"):
        return _rehearsed(me, make)
    return with_version(record_json(make(), me), status)


def _rehearsed(me: Actor, make: Callable[[], Record]) -> Response:
    """What a verb would lead to: the record as it would be, what else would be written, and who would be told."""
    seen: list[dict[str, Any]] = []

    def body() -> Record:
        record = make()
        seen[:] = [record_json(record, me)]  # while it stands
        return record

    result = rehearsal.rehearsed(body)
    others = Counter((entry["type"], entry["verb"]) for entry in result.entries if entry["record"] != result.result.id)
    kinds = Counter(str(notice["kind"]) for notice in result.notices)
    own = [entry["verb"] for entry in result.entries if entry["record"] == result.result.id]
    return as_json(
        {
            "rehearsed": True,
            "record": seen[0],
            "verbs": own,
            "follows": [{"type": name, "verb": did, "count": count} for (name, did), count in sorted(others.items())],
            "notices": [{"kind": kind, "count": count} for kind, count in sorted(kinds.items())],
        }
    )


def _refused(intent: Intent[Any], verb: str, why: Any) -> Forbidden:
    """The refusal of what a program sent, written down."""
    refusal = Forbidden(why)
    note(intent.attempt(verb, context()), refusal)
    return refusal
