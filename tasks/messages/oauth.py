"""Access tokens for mailboxes that take no password (OAuth 2.0, RFC 6749): by a refresh token or by client credentials.

A token is kept in memory until a minute before it ends. A refresh token that comes back anew takes the place of the old
one, through the gate. The token endpoint is asked over TLS, follows nowhere else, and its answer is bounded.
"""

from __future__ import annotations

import http.client
import json
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

from models.kernel.base.people import SYSTEM
from models.kernel.base.words import L, Words
from models.kernel.gate import changes
from models.operations.mailboxes import Mailbox

from .mail import one_line

TIMEOUT_SECONDS = 20
ANSWER_MAX = 64 * 1024
EARLY_SECONDS, USUAL_SECONDS = 60, 300
REFUSED = L("The token endpoint refuses: {reason}", "令牌服務器拒絕：{reason}")
AWAY = L("The token endpoint cannot be reached: {reason}", "無法連接令牌服務器：{reason}")
FAULTS = (OSError, http.client.HTTPException, ValueError)


class NoToken(Exception):
    """There is no token now. `is_ours`: the entry of the mailbox is refused, so that waiting mends nothing."""

    def __init__(self, said: Words, *, is_ours: bool = False):
        super().__init__(str(said))
        self.said, self.is_ours = said, is_ours


@dataclass(frozen=True)
class KeptToken:
    token: str
    until: float
    version: int


_kept: dict[Any, KeptToken] = {}


def access_token(mailbox: Mailbox) -> str:
    """A token with which the mailbox is opened now. Raises NoToken, and ValueError where a secret cannot be read."""
    held = _kept.get(mailbox.id)
    if held and held.version == mailbox.version and time.monotonic() < held.until:
        return held.token
    answer = _answer_of(mailbox.token_url, _question(mailbox))
    token = answer.get("access_token")
    if not isinstance(token, str) or not token.isprintable():
        raise NoToken(REFUSED(reason=_reason(answer)), is_ours=True)
    version = _keep_refresh_token(mailbox, answer.get("refresh_token"))
    seconds = answer.get("expires_in")
    lasts = seconds if isinstance(seconds, int) and 0 < seconds < 10**7 else USUAL_SECONDS
    _kept[mailbox.id] = KeptToken(token, time.monotonic() + lasts - EARLY_SECONDS, version)
    return token


def forget(mailbox: Mailbox) -> bool:
    """Forget the token of a mailbox, which was refused; whether there was one that may have ended early."""
    return _kept.pop(mailbox.id, None) is not None


def is_kept(mailbox: Mailbox) -> bool:
    """Whether the next token is one from before."""
    return mailbox.id in _kept


def _question(mailbox: Mailbox) -> dict[str, str]:
    grant = {"grant_type": "client_credentials"}
    if mailbox.refresh_token:
        grant = {"grant_type": "refresh_token", "refresh_token": mailbox.refresh_token}
    facts = {"client_id": mailbox.client_id, "client_secret": mailbox.client_secret, "scope": mailbox.scope}
    return grant | {name: value for name, value in facts.items() if value}


def _keep_refresh_token(mailbox: Mailbox, token: Any) -> int:
    """Keep a refresh token that takes the place of the old one; the version of the entry then."""
    if not mailbox.refresh_token or not isinstance(token, str) or token in ("", mailbox.refresh_token):
        return int(mailbox.version)
    changed = changes.update(Mailbox, mailbox.id, {"refresh_token": token}, actor=SYSTEM, version=None)
    return int(changed.version)


class _Nowhere(urllib.request.HTTPRedirectHandler):
    """Secrets go to the address that was entered, and to no other."""

    def redirect_request(self, *_args: Any) -> None:
        return None


def _answer_of(url: str, question: dict[str, str]) -> dict[str, Any]:
    """The answer of a token endpoint. Raises NoToken."""
    request = urllib.request.Request(  # noqa: S310 - the entry of a mailbox takes https:// alone
        url, urllib.parse.urlencode(question).encode(), {"Accept": "application/json"}
    )
    context = ssl.create_default_context()
    opener = urllib.request.build_opener(_Nowhere, urllib.request.HTTPSHandler(context=context))
    try:
        with opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
            return _read(answer.read(ANSWER_MAX))
    except urllib.error.HTTPError as fault:
        with fault:
            said = _read(fault.read(ANSWER_MAX))
        is_ours = 400 <= fault.code < 500 and fault.code != 429
        words = REFUSED if is_ours else AWAY
        raise NoToken(words(reason=_reason(said) or str(fault.code)), is_ours=is_ours) from fault
    except FAULTS as fault:
        raise NoToken(AWAY(reason=one_line(f"{type(fault).__name__}: {fault}"))) from fault


def _read(raw: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(raw)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _reason(answer: dict[str, Any]) -> str:
    """What a token endpoint says is wrong (RFC 6749 5.2); never what was sent to it."""
    return one_line(" ".join(str(answer[name]) for name in ("error", "error_description") if answer.get(name)))[:300]
