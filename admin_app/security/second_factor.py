"""The second step of signing in: a code of an authenticator app (RFC 6238), or one of the recovery codes (ASVS 6.3.3).

Each code counts once: the time step of the last one is moved on by compare-and-set, and a recovery code is taken out of
the list. The key of the app is kept encrypted, recovery codes (120 bits) as hashes.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import unicodedata
from collections.abc import Iterable
from typing import Any

import segno
from bson import ObjectId
from cryptography.hazmat.primitives import constant_time
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from flask import current_app

from admin_app.security.account_rows import accounts, find_account
from models.kernel.base import clock
from models.kernel.base.secrets import seal, unseal

ISSUER = "Guicheng"
KEY_BYTES, DIGITS, STEP_SECONDS = 20, 6, 30
STEPS_AROUND = 1
RECOVERY_CODES, RECOVERY_BYTES = 8, 15
_PLACE = "account.factor"
_CODE = re.compile(r"[0-9]{6}")


def is_on(account: dict[str, Any] | None) -> bool:
    """Whether a second step is set up for an account."""
    return bool(account and account.get("factor"))


def is_asked_of(roles: Iterable[str]) -> bool:
    """Whether people of these roles must have a second step (a setting)."""
    return not current_app.config["SECOND_FACTOR_ROLES"].isdisjoint(roles)


def new_key() -> str:
    """A key for an app, as it is typed by hand: base32."""
    return base64.b32encode(secrets.token_bytes(KEY_BYTES)).decode()


def hold(key: str) -> str:
    """A key as a session keeps it until the app has shown that it has it: encrypted."""
    return seal(key, _PLACE).hex()


def unhold(held: str) -> str:
    return unseal(bytes.fromhex(held), _PLACE)


def address_of(key: str, login: str) -> str:
    """What the picture holds for the app."""
    return _totp(key).get_provisioning_uri(login, ISSUER)


def picture_of(address: str) -> str:
    """A QR code as inline SVG, dark on white in either theme."""
    return str(segno.make(address, error="m", micro=False).svg_inline(border=4, scale=4, light="#ffffff"))


def turn_on(user_id: ObjectId, key: str, code: str) -> list[str] | None:
    """Set the second step up, once a code shows that the app has the key; the recovery codes, or None."""
    step = _step_of(key, _folded(code))
    if step is None:
        return None
    codes, hashes = _new_codes()
    factor = {"key": seal(key, _PLACE), "since": clock.now(), "step": step, "recovery": hashes}
    accounts().update_one({"_id": user_id}, {"$set": {"factor": factor}})
    return codes


def turn_off(user_id: ObjectId) -> bool:
    """Take the second step off; whether there was one."""
    return bool(accounts().update_one({"_id": user_id}, {"$unset": {"factor": ""}}).modified_count)


def renew_codes(user_id: ObjectId) -> list[str]:
    """New recovery codes in the place of those that are left."""
    codes, hashes = _new_codes()
    held = {"_id": user_id, "factor": {"$exists": True}}
    accounts().update_one(held, {"$set": {"factor.recovery": hashes}})
    return codes


def passes(user_id: ObjectId, typed: str) -> bool:
    """Whether a code of the app or a recovery code is right and was not used before; it is used up by this."""
    account = find_account(user_id)
    if account is None or not is_on(account):
        return False
    code = _folded(typed)
    if _CODE.fullmatch(code):
        step = _step_of(unseal(bytes(account["factor"]["key"]), _PLACE), code)
        return step is not None and _takes(user_id, {"factor.step": {"$lt": step}}, {"$set": {"factor.step": step}})
    kept = _hash(code)
    return _takes(user_id, {"factor.recovery": kept}, {"$pull": {"factor.recovery": kept}})


def _takes(user_id: ObjectId, held: dict[str, Any], change: dict[str, Any]) -> bool:
    return accounts().update_one({"_id": user_id, **held}, change).modified_count == 1


def _step_of(key: str, code: str) -> int | None:
    """The time step near now whose code this is."""
    if not _CODE.fullmatch(code):
        return None
    totp, now = _totp(key), int(clock.now().timestamp()) // STEP_SECONDS
    near = range(now - STEPS_AROUND, now + STEPS_AROUND + 1)
    fits = [step for step in near if constant_time.bytes_eq(totp.generate(step * STEP_SECONDS), code.encode())]
    return fits[-1] if fits else None


def _totp(key: str) -> TOTP:
    return TOTP(base64.b32decode(key), DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303 - what the apps know (RFC 6238)


def _new_codes() -> tuple[list[str], list[str]]:
    bare = [base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode() for _ in range(RECOVERY_CODES)]
    return ["-".join(item[at : at + 4] for at in range(0, len(item), 4)) for item in bare], [
        _hash(item) for item in bare
    ]


def _folded(typed: str) -> str:
    return re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", typed[:80])).upper()


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
