"""What somebody typed and has not saved yet: kept for them alone, sealed, offered again after a crash or a log-out.

A draft is the text of a form, not a record: no rule was asked, and nobody else can read it, not even with the database
in hand. There is one for each record that a person edits, for each new form they began, and for the cells that
they typed into the list of a type in sheet mode.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from bson.binary import Binary
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from models.kernel.base import clock, secrets
from models.kernel.base.errors import Refused
from models.kernel.base.people import Actor
from models.kernel.base.store import in_unit
from models.kernel.base.words import L

COLLECTION = "draft"
SIZE_MAX = 256 * 1024
PER_PERSON_MAX = 50
DAYS_MAX = 30
HINT_MAX = 60
NEW = "new:"
SHEET = "sheet"  # in the place of an entry key: the cells of a list
INDEXES = [
    IndexModel([("person", ASCENDING), ("type", ASCENDING), ("place", ASCENDING)], unique=True),
    IndexModel([("person", ASCENDING), ("kept_at", DESCENDING)]),
    IndexModel([("kept_at", ASCENDING)], expireAfterSeconds=DAYS_MAX * 24 * 3600),
]
TOO_LARGE = L(
    "This form is too large to be kept as a draft; save it to be safe.", "此表單過大，無法保存草稿，請及時保存。"
)

Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class DraftKey:
    """Which form of which person: a record that is edited, or the entry key of a new one."""

    person: ObjectId
    type: str
    name: str

    @property
    def key(self) -> dict[str, Any]:
        return {"person": self.person, "type": self.type, "place": self.name}

    @property
    def seal(self) -> str:
        return f"draft:{self.person}:{self.type}:{self.name}"

    @property
    def is_sheet(self) -> bool:
        return self.name == f"{NEW}{SHEET}"

    @property
    def is_form(self) -> bool:
        """Whether it is of the form of a new record."""
        return self.name.startswith(NEW) and not self.is_sheet

    @property
    def record(self) -> ObjectId | None:
        return None if self.name.startswith(NEW) else ObjectId(self.name)


def place_of(actor: Actor, type_name: str, *, record: ObjectId | None = None, once: str = "") -> DraftKey:
    """The place of an edit form (`record`) or of a new form (`once`, its entry key)."""
    if actor.id is None:
        raise ValueError("The system types nothing.")
    return DraftKey(actor.id, type_name, str(record) if record else f"{NEW}{once[:64]}")


@dataclass(frozen=True)
class Draft:
    """One draft: where it belongs, since when, the version that an edit began with, and a few words of it."""

    place: DraftKey
    kept_at: dt.datetime
    version: int | None = None
    hint: str = ""
    pairs: tuple[tuple[str, str], ...] = ()


def keep(place: DraftKey, pairs: Pairs, *, version: int | None = None, hint: str = "") -> dt.datetime:
    """Keep what stands in a form now, instead of what was kept before; returns when. Raises Refused."""
    text = json.dumps(pairs, ensure_ascii=False, separators=(",", ":"))
    if len(text.encode("utf-8", "replace")) > SIZE_MAX:
        raise Refused(TOO_LARGE)
    moment = clock.now()
    facts = {
        "version": version,
        "kept_at": moment,
        "text": Binary(secrets.seal(_whole(text), place.seal)),
        "hint": Binary(secrets.seal(_whole(hint[:HINT_MAX]), place.seal)),
    }
    drafts = in_unit(COLLECTION)
    try:
        known = drafts.update_one(place.key, {"$set": facts}, upsert=True)
    except DuplicateKeyError:  # two windows began at once: the later one stands
        known = drafts.update_one(place.key, {"$set": facts})
    if known.upserted_id is not None:
        _drop_oldest(place.person)
    return moment


def _whole(text: str) -> str:
    """A text without halves of characters, which cannot be encoded."""
    return text.encode("utf-8", "replace").decode()


def _drop_oldest(person: ObjectId) -> None:
    """So many drafts are kept for one person; the one that was left longest goes first."""
    beyond = in_unit(COLLECTION).find({"person": person}, {"_id": 1}).sort("kept_at", -1).skip(PER_PERSON_MAX)
    if old := [row["_id"] for row in beyond]:
        in_unit(COLLECTION).delete_many({"_id": {"$in": old}})


def find(place: DraftKey) -> Draft | None:
    """The draft of a form with everything typed in it."""
    row = in_unit(COLLECTION).find_one(place.key)
    return _draft(row) if row else None


def forget(place: DraftKey) -> None:
    """What was saved or thrown away is kept no longer."""
    in_unit(COLLECTION).delete_one(place.key)


def drafts_of(actor: Actor, *, types: Iterable[str] | None = None, most: int = 10) -> list[Draft]:
    """A person's own drafts, newest first, without their text; nobody sees those of a colleague they stand in for."""
    query: dict[str, Any] = {"person": actor.id}
    if types is not None:
        query["type"] = {"$in": sorted(types)}
    rows = in_unit(COLLECTION).find(query, {"text": 0}).sort("kept_at", -1).limit(most)
    return [draft for row in rows if (draft := _draft(row))]


def _draft(row: dict[str, Any]) -> Draft | None:
    """A kept draft opened; None for one that no key opens any more."""
    place = DraftKey(row["person"], row["type"], row["place"])
    try:
        hint = secrets.unseal(bytes(row["hint"]), place.seal)
        pairs = json.loads(secrets.unseal(bytes(row["text"]), place.seal)) if "text" in row else []
    except ValueError:
        return None
    return Draft(place, row["kept_at"], row.get("version"), hint, tuple((name, value) for name, value in pairs))
