"""Security events: who came in, who failed, what was refused; kept in the database and logged, never with a secret."""

import re
from enum import StrEnum
from typing import Any

import structlog
from bson import ObjectId
from flask import has_request_context, request

from models.kernel.base import clock
from models.kernel.base import collections as names
from models.kernel.base.store import in_unit

TEXT_MAX = 200
_breaks = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
log = structlog.get_logger("guicheng.security")


class Event(StrEnum):
    """What is worth remembering for an inquiry."""

    LOGIN = "login"
    FAILURE = "failure"
    LOGOUT = "logout"
    LOGOUT_EVERYWHERE = "logout_everywhere"
    SESSION_ENDED = "session_ended"
    PASSWORD = "password"  # noqa: S105 the name of an event
    RESET = "reset"
    ADDED = "added"
    FACTOR_ON = "factor_on"
    FACTOR_OFF = "factor_off"
    FACTOR_CODES = "factor_codes"
    CLOSED = "closed"
    CONFIRMED = "confirmed"
    COMPANY_ON = "company_on"
    COMPANY_OFF = "company_off"
    KEY_MADE = "key_made"
    KEY_REVOKED = "key_revoked"
    REFUSED = "refused"
    BYPASS = "bypass"


def record_event(kind: Event | str, *, user: ObjectId | None = None, **detail: Any) -> None:
    """Keep an event of a known user, or of nobody; texts in `detail` are cut and freed of line breaks.

    Never pass what was typed into a login form: people type their password into the wrong field.
    """
    event: dict[str, Any] = {"at": clock.now(), "kind": str(kind), "user": user}
    if has_request_context():
        event |= {
            "address": clean(request.remote_addr or ""),
            "agent": clean(request.user_agent.string),
            "method": clean(request.method),
            "path": clean(request.path),
        }
    facts = {name: clean(value) if isinstance(value, str) else value for name, value in detail.items()}
    in_unit(names.EVENTS).insert_one(event | {"detail": facts})
    tell(kind, user=user)


def tell(kind: Event | str, *, user: ObjectId | None = None, why: str = "") -> None:
    """Only log it: for what strangers can repeat without limit, so that they cannot fill the database."""
    log.info(str(kind), user=str(user) if user else None, **({"why": clean(why)} if why else {}))


def clean(text: str, most: int = TEXT_MAX) -> str:
    """One line of text that cannot forge another."""
    return _breaks.sub(" ", text)[:most]
