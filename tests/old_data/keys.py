"""The keys that the kept backups were made with: known to everybody, since there is nothing of anybody in them."""

from __future__ import annotations

import hashlib
from typing import Any

PASSWORD = "guicheng-demo"
RING_KEYS = {1: b"1" * 32}


def keys() -> dict[str, Any]:
    """The settings that open what the program sealed."""
    field_key = hashlib.sha512(b"the fields of the kept backups").digest()
    return {"secret_key": hashlib.sha256(b"the forms of the kept backups").hexdigest(), "field_keys": {1: field_key}}
