"""Whether the keys of encrypted fields are those of this database: a wrong one would make what is written unreadable.

The database keeps a check value of each key, sealed with it. One from before there were any is asked for a field.
"""

from collections.abc import Iterator
from typing import Any

from mongoengine.connection import get_db
from pymongo.errors import DuplicateKeyError

from admin_app.problems import Problem
from models.kernel.base import secrets
from models.kernel.base.collections import KEY_CHECKS
from models.kernel.language.declare import registered
from models.kernel.language.fields import Lines, Sealed

PLACE, TEXT = "key_check", "guicheng"


def check_keys(numbers: list[int]) -> None:
    """Raise Problem when a key is not the one that this database was written with, or one of those is not given."""
    checks = get_db()[KEY_CHECKS]
    kept = {row["_id"]: bytes(row["value"]) for row in checks.find({})}
    if gone := sorted(set(kept) - set(numbers)):
        raise Problem(
            f"GUICHENG_FIELD_KEYS lacks key {gone[0]}, with which fields of the database {get_db().name} are "
            "encrypted; nothing was started."
        )
    is_first = not kept
    for number in sorted(numbers):
        if number not in kept:
            if is_first:
                _try_a_field(number)
            kept[number] = _keep(number)
        if kept[number] != secrets.sealed_with(number, TEXT, PLACE):
            raise Problem(_wrong(number))


def _keep(number: int) -> bytes:
    value = secrets.sealed_with(number, TEXT, PLACE)
    try:
        get_db()[KEY_CHECKS].insert_one({"_id": number, "value": value})
    except DuplicateKeyError:  # another process of this installation was first
        row = get_db()[KEY_CHECKS].find_one({"_id": number})
        value = bytes(row["value"]) if row else value
    return value


def _try_a_field(number: int) -> None:
    """In a database without check values: open one sealed field of each kind, if there is any."""
    for collection, path, place in _sealed_fields():
        row = get_db()[collection].find_one({path: {"$type": "binData"}}, {path: 1})
        for value in _values(row or {}, path.split(".")):
            if value[:1] == bytes([number]):
                try:
                    secrets.unseal(value, place)
                except ValueError:
                    raise Problem(_wrong(number)) from None


def _sealed_fields() -> Iterator[tuple[str, str, str]]:
    for name, cls in registered().items():
        for field_name, field in cls._fields.items():
            if isinstance(field, Sealed):
                yield name, field_name, f"{cls.__name__}.{field_name}"
            elif isinstance(field, Lines):
                for column, inner in field.columns.items():
                    if isinstance(inner, Sealed):
                        yield name, f"{field_name}.{column}", f"{inner.owner_document.__name__}.{column}"


def _values(row: Any, path: list[str]) -> Iterator[bytes]:
    if isinstance(row, list):
        for item in row:
            yield from _values(item, path)
    elif isinstance(row, dict) and path:
        yield from _values(row.get(path[0]), path[1:])
    elif isinstance(row, bytes) and not path:
        yield row


def _wrong(number: int) -> str:
    return (
        f"Key {number} of GUICHENG_FIELD_KEYS is not the one with which the fields of the database {get_db().name} are "
        "encrypted; nothing was started. Give the right key, or restore the backup of the keys."
    )
