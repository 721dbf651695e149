"""What a program sends: JSON that is exactly one object, the version that it has seen, its own key for a request."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from flask import request
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from models.kernel.base.errors import Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import L, Words
from models.kernel.gate.acts import Context
from models.kernel.gate.intents import Intent
from models.kernel.gate.sources import Source
from models.kernel.language.fields import Problems, declared_fields
from models.kernel.language.kinds.rule import NO_SUCH_FIELD
from models.kernel.language.record import Record
from models.kernel.language.typed import BadParts, BadValue
from models.kernel.rights import rights
from models.services.personal import api_keys
from models.services.personal.api_keys import OnceEntry

JSON = frozenset({"application/json", "application/merge-patch+json"})
_VERSION = re.compile(r'\s*"v?(\d{1,9})"\s*')
_HALF = re.compile("[\ud800-\udfff]")
_ENTRY = re.compile(r"[\x21-\x7e]{1,200}")
NOT_JSON = L("The body is no JSON object: {why}", "請求內容不是 JSON 對象：{why}")
NO_MEDIA = L("Send JSON, as Content-Type: application/json.", "請發送 JSON，並註明 Content-Type: application/json。")
NEED_VERSION = L(
    'Name the version that you have seen, such as If-Match: "v7"; reading the record gives it as its ETag.',
    '請以 If-Match 說明您查看的版本，如 If-Match: "v7"；讀取記錄時 ETag 即為該版本。',
)
NOT_SETTABLE = L("This field is not yours to set, or not now.", "此字段現在不由您填寫。", code="not_settable")
OTHER_CONTENT = L(
    "This Idempotency-Key came with another content before; use a new one.",
    "此 Idempotency-Key 先前用於另一內容，請使用新的。",
    code="entry_key",
)
BAD_ENTRY = L("An Idempotency-Key has 1 to 200 plain signs.", "Idempotency-Key 須為 1 至 200 個 ASCII 字符。")
TOO_LONG = L("A reason is a text.", "原因須為文字。", code="form")


class VersionNeeded(Exception):
    """A change came without the version that its sender has seen."""


def read_object(known: tuple[str, ...] | None = None) -> dict[str, Any]:
    """The object that was sent; with `known`, one that has no other members. Raises BadRequest, UnsupportedMediaType,
    Refused."""
    if request.mimetype not in JSON:
        raise UnsupportedMediaType(str(NO_MEDIA))
    try:
        content = json.loads(request.get_data().decode(), object_pairs_hook=_object, parse_constant=_no_constant)
    except (ValueError, RecursionError) as fault:
        raise BadRequest(str(NOT_JSON(why=str(fault)[:200]))) from fault
    if not isinstance(content, dict):
        raise BadRequest(str(NOT_JSON(why=type(content).__name__)))
    if known is not None and (others := [name for name in content if name not in known]):
        raise Refused(None, {name[:80]: [NO_SUCH_FIELD] for name in others})
    return content


def read_object_if_sent(known: tuple[str, ...]) -> dict[str, Any]:
    """The same, where nothing need be sent."""
    return read_object(known) if request.content_length else {}


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a name stands twice")
    if any(_has_half(name) or _has_half(value) for name, value in content.items()):
        raise ValueError("a text has half a character")
    return content


def _has_half(value: Any) -> bool:
    """Whether a text, or one of a list, has half of a pair of UTF-16, which nothing can be written with."""
    if isinstance(value, list):
        return any(map(_has_half, value))
    return isinstance(value, str) and _HALF.search(value) is not None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def version_seen() -> int:
    """The version that the sender has seen; another one than any where it is none. Raises VersionNeeded."""
    given = request.headers.get("If-Match", "")
    if not given.strip() or given.strip() == "*":
        raise VersionNeeded
    match = _VERSION.fullmatch(given)
    return int(match[1]) if match else -1


def context(reason: Any = "", *, exact: bool = False) -> Context:
    """How a change of a program comes in. Raises Refused for a reason that is no text."""
    if not isinstance(reason, str):
        raise Refused(None, {"reason": [TOO_LONG]})
    return Context(source=Source.API, confirmed=flag("confirm"), reason=reason, exact=exact)


def flag(name: str) -> bool:
    """Whether an argument of the address is set."""
    return request.args.get(name, "") in ("1", "true")


def entry(me: Actor) -> OnceEntry | None:
    """Under what this request is done once, if its sender gives a key for it. Raises BadRequest, Refused."""
    given = request.headers.get("Idempotency-Key")
    if given is None or me.id is None:
        return None
    if not _ENTRY.fullmatch(given):
        raise BadRequest(str(BAD_ENTRY))
    if flag("rehearse"):
        return None
    result = api_keys.begin_entry(me.id, f"{request.path}\n{given}", request.get_data())
    if result is None:
        raise Refused(OTHER_CONTENT)
    return result


def read_values(
    intent: Intent[Any], given: Mapping[str, Any], verb: str, settable: frozenset[str], made: Context
) -> dict[str, Any]:
    """The values of the fields that were sent. What is none of its kind, or not the sender's to set, is refused with
    all else that is wrong (Refused); names that are hidden from them answer as names that nobody knows."""
    viewer = rights.Viewer(intent.actor, intent.record if intent.id is not None else None)
    fields = declared_fields(intent.cls)
    values: dict[str, Any] = {}
    unread = Problems()
    for name, value in given.items():
        if name not in settable:
            unread.add(name[:80], NOT_SETTABLE if name in fields and viewer.sees(fields[name]) else NO_SUCH_FIELD)
            continue
        try:
            values[name] = None if value is None else fields[name].from_json(value, viewer.sees)
        except BadParts as bad:
            values[name] = bad.rest
            unread.update({f"{name}.{path}": [words] for path, words in bad.parts.items()})
        except BadValue as bad:
            unread.add(name, bad.sentence)
    intent.refuse_unread(values, unread, verb, made)
    return values


def read_columns(columns: Mapping[str, Any], given: Any, path: str, sees: Any) -> dict[str, Any]:
    """The values of the columns that come with a decision. Raises Refused."""
    if not isinstance(given, dict):
        raise Refused(None, {path: [NO_SUCH_FIELD]})
    values: dict[str, Any] = {}
    wrong: dict[str, list[Words]] = {}
    for name, value in given.items():
        if name not in columns:
            wrong[f"{path}.{name[:80]}"] = [NO_SUCH_FIELD]
            continue
        try:
            values[name] = None if value is None else columns[name].from_json(value, sees)
        except BadValue as bad:
            wrong[f"{path}.{name}"] = [bad.sentence]
    if wrong:
        raise Refused(None, wrong)
    return values


def settable_of(intent: Intent[Record]) -> frozenset[str]:
    """The fields that the sender may set."""
    return intent.fields & declared_fields(intent.cls).keys()
