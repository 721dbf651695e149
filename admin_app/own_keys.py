"""The secrets that an installation makes for itself and keeps in its folder, and how keys are written in settings."""

import base64
import binascii
import contextlib
import json
import os
import re
import secrets
import tempfile
from pathlib import Path

from admin_app.problems import SettingsError

FIELD_KEY_BYTES, BACKUP_KEY_BYTES = 64, 32
SECRETS_FILE, BACKUP_KEYS_FILE = "secrets.json", "backup-keys.json"


def parse_field_keys(text: str) -> dict[int, bytes]:
    """Read "1:base64,2:base64" into keys by number; raise ValueError with what is wrong."""
    return parse_keys(text, FIELD_KEY_BYTES)


def parse_keys(text: str, length: int) -> dict[int, bytes]:
    """Read keys of this many bytes by number; raise ValueError with what is wrong."""
    pairs = [part.strip().partition(":") for part in text.split(",") if part.strip()]
    keys = {_key_number(name): _key_of(name, encoded, length) for name, _, encoded in pairs}
    if len(keys) != len(pairs):
        raise ValueError("must not use a number twice")
    return keys


def _key_number(name: str) -> int:
    if not re.fullmatch(r"[0-9]{1,3}", name) or not 1 <= int(name) <= 255:
        raise ValueError("must look like 1:base64key,2:base64key with numbers from 1 to 255")
    return int(name)


def _key_of(name: str, encoded: str, length: int) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except binascii.Error as problem:
        raise ValueError(f"must give key {name} in base64") from problem
    if len(key) != length:
        raise ValueError(f"must give key {name} with {length} bytes, not {len(key)}")
    return key


def kept_secrets(folder: Path) -> dict[str, str]:
    """Return the secrets kept in `folder`, making them first if there are none; only their owner may read them."""
    path = folder / SECRETS_FILE
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _write_once(path, {"secret_key": secrets.token_urlsafe(48), "field_keys": f"1:{new_field_key()}"})
    try:
        kept = json.loads(path.read_text("utf-8"))
        return {"secret_key": kept["secret_key"], "field_keys": kept["field_keys"]}
    except (OSError, ValueError, KeyError) as problem:
        raise SettingsError(f"The secrets in {path} cannot be read ({type(problem).__name__}).") from problem


def kept_backup_keys(folder: Path) -> str:
    """Return the keys of the backups kept in `folder`, in a file of their own, making them first if there are none."""
    path = folder / BACKUP_KEYS_FILE
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _write_once(path, {"backup_keys": f"1:{base64.b64encode(secrets.token_bytes(BACKUP_KEY_BYTES)).decode()}"})
    try:
        return str(json.loads(path.read_text("utf-8"))["backup_keys"])
    except (OSError, ValueError, KeyError) as problem:
        raise SettingsError(
            f"The keys of the backups in {path} cannot be read ({type(problem).__name__})."
        ) from problem


def new_field_key() -> str:
    """Return a fresh key for encrypted fields, in base64."""
    return base64.b64encode(secrets.token_bytes(FIELD_KEY_BYTES)).decode()


def _write_once(path: Path, content: dict[str, str]) -> None:
    """Write a file that is whole from its first moment; of two writers at once the first wins."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mkstemp gives mode 0600
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    try:
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        os.unlink(temporary)
