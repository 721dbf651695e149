"""Encryption of sensitive fields: AES-SIV with a ring of keys; the same text in the same place gives the same bytes.

And the key of digests that nobody makes who only writes to the database.
"""

from __future__ import annotations

import hashlib
import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

_ring: dict[int, AESSIV] = {}
_newest: list[int] = []
_digest_key: list[bytes] = []


def set_keys(keys: dict[int, bytes]) -> None:
    """Name the keys by id (1-255); the highest id encrypts, every id decrypts. Keys are 64 bytes."""
    _ring.clear()
    _ring.update({number: AESSIV(key) for number, key in keys.items()})
    _newest[:] = [max(keys)] if keys else []


def seal(text: str, place: str) -> bytes:
    """The text under the newest key, bound to its place (`type.field`); one leading byte names the key."""
    if not _newest:
        raise RuntimeError("No key for sensitive fields is set: see GUICHENG_FIELD_KEYS in docs/settings.md.")
    number = _newest[0]
    return bytes([number]) + _ring[number].encrypt(text.encode(), [place.encode()])


def sealed_with(number: int, text: str, place: str) -> bytes:
    """The text under one key of the ring, for comparing."""
    return bytes([number]) + _ring[number].encrypt(text.encode(), [place.encode()])


def key_numbers() -> list[int]:
    """The ids of the keys there are, that of the newest first."""
    return sorted(_ring, reverse=True)


def unseal(sealed: bytes, place: str) -> str:
    """The text again; raises ValueError when the key is missing or the bytes were changed or moved elsewhere."""
    if not sealed:
        raise ValueError(f"A sensitive field of {place} is empty, which no key makes.")
    cipher = _ring.get(sealed[0])
    if cipher is None:
        raise ValueError(f"The key {sealed[0]} of a sensitive field is not in GUICHENG_FIELD_KEYS.")
    try:
        return cipher.decrypt(sealed[1:], [place.encode()]).decode()
    except InvalidTag as fault:
        raise ValueError(f"A sensitive field of {place} does not open with its key.") from fault


def set_digest_key(secret: str) -> None:
    """Derive the key of keyed digests from the installation's secret key; none of an empty one."""
    _digest_key[:] = [hmac.digest(secret.encode(), b"guicheng keyed digests", "sha256")] if secret else []


def digest_key_name() -> str:
    """A name of the present key that does not give it away; empty where there is none."""
    return hashlib.sha256(b"name" + _digest_key[0]).hexdigest()[:16] if _digest_key else ""


def keyed_digest(text: str) -> str:
    """The HMAC-SHA-256 of a text under the present key."""
    return hmac.digest(_digest_key[0], text.encode(), "sha256").hex()
