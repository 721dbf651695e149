"""Compares attached files with the history: each fact with its entries, and each content with the digest noted there.

The entries are under the seal, so that who changes a file, its facts, or both, past the program is found out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from bson import ObjectId
from pymongo.client_session import ClientSession
from pymongo.database import Database

from models.kernel.base import collections
from models.kernel.base.words import L, Words
from models.kernel.gate import history

BATCH = 500
ATTACH, RENAME, DETACH = "attach", "rename", "detach"
VERBS = (ATTACH, RENAME, DETACH)
PLACES = (history.COLLECTION, collections.HISTORY_ARCHIVE)
FACTS = ("name", "sha256", "size", "kind")
WHERE = L("{type} {number}, file “{name}”", "{type} {number}，附件「{name}」")
GONE = L("the file is gone without an entry that says so", "附件丟失且無相應條目")
ADDED = L("the file was added past the application", "有附件繞過系統添加")
CHANGED = L("changed without entry: {fields}", "未經登記的更改：{fields}")
CONTENT = L("its content is not the one that was attached", "內容與附加時不符")
NO_CONTENT = L("its content is missing", "內容丟失")
Fault = tuple[Words, Words]
Tell = Callable[[int], None]


def said_by(entries: Iterable[Mapping[str, Any]]) -> dict[ObjectId, dict[str, Any]]:
    """The facts of files as the entries of their records give them, one after the other."""
    said: dict[ObjectId, dict[str, Any]] = {}
    for entry in entries:
        for change in entry.get("changes") or ():
            new = change.get("new")
            if change.get("field") != "file" or not isinstance(new, dict) or "_id" not in new:
                continue
            known = said.setdefault(new["_id"], {"record_id": entry["record"], "type": entry["type"]})
            if entry["verb"] != DETACH:
                known.update({name: new.get(name) for name in FACTS})
            known["is_off"] = entry["verb"] == DETACH
    return said


def differing(file: Mapping[str, Any], said: Mapping[str, Any]) -> list[str]:
    """The facts of a file that are not as its entries say."""
    names = [name for name in (*FACTS, "record_id", "type") if file.get(name) != said.get(name)]
    return names + (["removed_at"] if bool(file.get("removed_at")) != bool(said.get("is_off")) else [])


def is_as_entered(db: Database[Any], file: Mapping[str, Any]) -> bool:
    """Whether the facts of one file are those of its entries."""
    query = {"record": file.get("record_id"), "verb": {"$in": VERBS}, "changes.new._id": file["_id"]}
    entries = [row for name in PLACES for row in db[name].find(query)]
    said = said_by(sorted(entries, key=lambda row: row["seq"])).get(file["_id"])
    return said is not None and not differing(file, said)


def check_facts(db: Database[Any], tell: Tell = lambda done: None) -> Iterator[Fault]:
    """Every fact against its entries, and every entry against its fact, some hundred at one moment each."""
    done = 0
    for files, entries in _batches(db, collections.FILES, "record_id", lambda batch: _entries(db, batch)):
        said = said_by(entries)
        for file in files:
            wrong = differing(file, said[file["_id"]]) if file["_id"] in said else None
            if wrong is None:
                yield _where(db, file), ADDED
            elif wrong:
                yield _where(db, file), CHANGED(fields=", ".join(sorted(wrong)))
        done += len(files)
        tell(done)
    for name in PLACES:
        yield from _gone(db, name)


def _batches(
    db: Database[Any], name: str, key: str, beside: Callable[[list[Any]], Callable[[ClientSession], list[Any]]]
) -> Iterator[tuple[list[dict[str, Any]], list[Any]]]:
    """The documents of a collection in order of their ids, each batch with what stands beside it at the same moment."""
    after: Any = None
    while True:
        with db.client.start_session(snapshot=True) as session:
            query = {"_id": {"$gt": after}} if after is not None else {}
            rows = list(db[name].find(query, session=session).sort("_id", 1).limit(BATCH))
            others = beside([row.get(key) for row in rows])(session) if rows else []
        if not rows:
            return
        yield rows, others
        after = rows[-1]["_id"]


def _entries(db: Database[Any], records: list[Any]) -> Callable[[ClientSession], list[Any]]:
    query = {"record": {"$in": list(set(records))}, "verb": {"$in": VERBS}}

    def read(session: ClientSession) -> list[Any]:
        rows = [row for name in PLACES for row in db[name].find(query, session=session)]
        return sorted(rows, key=lambda row: (str(row["record"]), row["seq"]))

    return read


def _gone(db: Database[Any], name: str) -> Iterator[Fault]:
    """Files that were attached, by the entries of a collection, and of which there is no fact."""
    after: Any = None
    while True:
        query = {"verb": ATTACH, **({"_id": {"$gt": after}} if after is not None else {})}
        with db.client.start_session(snapshot=True) as session:
            entries = list(db[name].find(query, session=session).sort("_id", 1).limit(BATCH))
            said = said_by(entries)
            files = db[collections.FILES].find({"_id": {"$in": list(said)}}, {"_id": 1}, session=session)
            there = {row["_id"] for row in files}
            still = {
                row["_id"] for row in db[name].find({"_id": {"$in": [entry["_id"] for entry in entries]}}, {"_id": 1})
            }
        if not entries:
            return
        known = {entry["record"] for entry in entries if entry["_id"] in still}
        for id, facts in said.items():
            if id not in there and facts["record_id"] in known:
                yield _where(db, facts), GONE
        after = entries[-1]["_id"]


def check_contents(db: Database[Any], tell: Tell = lambda done: None) -> Iterator[Fault]:
    """Every content against the digest in the facts; read once. That of a file taken off may have been swept."""
    last, result = None, None
    rows = db[collections.FILES].find({}).sort("content", 1).batch_size(BATCH)
    for done, file in enumerate(rows, 1):
        if file.get("content") != last:
            last, result = file.get("content"), digest_of(db, file.get("content"))
        if result is not None and result != (file.get("sha256"), file.get("size")):
            yield _where(db, file), CONTENT
        elif result is None and file.get("removed_at") is None:
            yield _where(db, file), NO_CONTENT
        tell(done)


def digest_of(db: Database[Any], content: Any) -> tuple[str, int] | None:
    """The SHA-256 and the size of a content as it stands in the database; None when nothing is there."""
    total, size = hashlib.sha256(), 0
    for chunk in db["content.chunks"].find({"files_id": content}, {"data": 1}).sort("n", 1):
        total.update(chunk["data"])
        size += len(chunk["data"])
    return (total.hexdigest(), size) if size else None


def _where(db: Database[Any], facts: Mapping[str, Any]) -> Words:
    type_name, id = str(facts.get("type")), facts.get("record_id")
    homes = (type_name, collections.archive_of(type_name))
    row = next((row for name in homes if (row := db[name].find_one({"_id": id}, {"number": 1}))), None)
    return WHERE(type=type_name, number=(row or {}).get("number") or id, name=facts.get("name"))
