"""Whether any record holds the same as the new records of a block: asked at once for all of them, not for each.

What is known so is only that nothing stands under a text. Where something does, where too many do, and where the block
itself has written it since, the question is asked for the one record as ever, with the rights of whoever asks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ..base.search import whole_gram
from ..language.record import Record

AT_ONCE = 200
HITS_MAX = 1000


class _Unheld:
    """The keys of which it is known that no record of a type is found by them."""

    def __init__(self, name: str, keys: set[str]):
        self.name, self.keys = name, keys


_unheld: ContextVar[_Unheld | None] = ContextVar("unheld", default=None)


@contextmanager
def asked_ahead(cls: type[Record], keys: Collection[str]) -> Iterator[None]:
    """Within it, in one transaction, it is known by which of these keys (`whole_gram`, `sealed_gram`) no record of the
    type is found."""
    token = _unheld.set(_Unheld(cls.type_name(), set(_without_holder(cls, keys))))
    try:
        yield
    finally:
        _unheld.reset(token)


def _without_holder(cls: type[Record], keys: Collection[str]) -> Iterator[str]:
    every = sorted(keys)
    for at in range(0, len(every), AT_ONCE):
        some = every[at : at + AT_ONCE]
        rows = list(cls.collection().find({"g": {"$in": some}}, {"g": 1, "_id": 0}).limit(HITS_MAX + 1))
        if len(rows) <= HITS_MAX:
            held = {key for row in rows for key in row["g"]}
            yield from (key for key in some if key not in held)


def is_unheld(cls: type[Record], key: str) -> bool:
    """Whether it is known that no record of the type is found by a key."""
    known = _unheld.get()
    return known is not None and known.name == cls.type_name() and key in known.keys


def note_held(record: Record) -> None:
    """Within a block, ask anew of what a record is found by that it has written."""
    known = _unheld.get()
    if known is not None and known.name == record.type_name():
        known.keys.difference_update(record.raw("g") or ())


def first_same(cls: type[Record], text: str) -> str | None:
    """The number of a record outside the bin that holds exactly this text, whoever may see it; of types that merge."""
    key = whole_gram(text)
    if is_unheld(cls, key):
        return None
    row = cls.collection().find_one({"g": key, "removed_at": None}, {"number": 1})
    return row["number"] if row else None
