"""What protects public forms, where nobody has a session: a signed key with its time, limits, and a trap for robots."""

from __future__ import annotations

import secrets
from typing import Any

from flask import current_app, request
from itsdangerous import BadData, URLSafeSerializer
from werkzeug.exceptions import RequestEntityTooLarge

from models.kernel.base import clock
from models.kernel.base.errors import Refused
from models.kernel.base.words import L, Words

KEY, TRAP = "public-key", "public-website"  # no field has a name with a hyphen
VALID_SECONDS = 24 * 3600
MEGABYTE = 1024 * 1024
BODY_MAX, FILES_MAX = MEGABYTE, 20 * MEGABYTE
TEXT_MAX, INPUTS_MAX = MEGABYTE // 2, 300
TRIES = 10  # so many attempts for each entry that may be made
TOO_OLD = L(
    "This page was open for too long, or is not complete. Nothing was stored; what you typed is below. "
    "Please look at it and send it again.",
    "此頁面打開時間過長或不完整。未保存任何內容；您輸入的內容保留在下方，請核對後重新提交。",
)
ROBOT = L(
    "The last field of the form is there for robots and must stay empty. Nothing was stored; please send it again.",
    "表單最後一欄用於識別機器人，必須留空。未保存，請重新提交。",
)
TOO_OFTEN = L(
    "Too much was sent in this hour. Nothing was stored; please try again in {count} minutes.",
    "本小時提交過多，未保存。請在 {count} 分鐘後重試。",
)


class TooOften(Refused):
    """The limits of an hour are reached; `seconds` are left of it."""

    def __init__(self, seconds: int):
        super().__init__(TOO_OFTEN(count=max(2, -(-seconds // 60))))
        self.seconds = seconds


def limit_body(*, takes_files: bool) -> None:
    """Bound what is read of this request, before anything of it is read."""
    request.max_content_length = FILES_MAX if takes_files else BODY_MAX
    request.max_form_memory_size, request.max_form_parts = TEXT_MAX, INPUTS_MAX
    if (request.content_length or 0) > (request.max_content_length or 0):
        raise RequestEntityTooLarge


def refuse_many_inputs() -> None:
    """A form of ours has few inputs."""
    if sum(1 for _ in request.form.items(multi=True)) > INPUTS_MAX:
        raise RequestEntityTooLarge


def count(what: str, limit: int, total: int) -> None:
    """Count a sending. Raises TooOften."""
    wait: int = current_app.extensions["security"].seconds_to_wait(what, limit, total)
    if wait:
        raise TooOften(wait)


def new_key(purpose: str) -> str:
    """The key of a blank form: signed, with its time, good for this purpose alone."""
    return str(_signer().dumps([purpose, secrets.token_urlsafe(16), int(clock.now().timestamp())]))


def entry_of(purpose: str) -> str:
    """The entry that the key of the posted form names. Raises Refused where it is not ours, is of another form, or too
    old, or where the trap was filled."""
    if request.form.get(TRAP, "").strip():
        raise Refused(ROBOT)
    if (entry := known_entry(purpose)) is None:
        raise Refused(TOO_OLD)
    return entry


def known_entry(purpose: str) -> str | None:
    """The entry of a key that is good for this purpose now."""
    try:
        given: Any = _signer().loads(request.form.get(KEY, "")[:500])
    except BadData:
        return None
    named, entry, at = given
    return entry if named == purpose and 0 <= clock.now().timestamp() - at + 1 <= VALID_SECONDS else None


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt="guicheng public form")


def sentences(refused: Refused) -> list[Words]:
    """Everything that a refusal says."""
    return [words for problem in refused.problems.values() for words in problem] or [refused.sentence]
