"""Imports of sheets: what was sent, its rows in bounded batches, what became of each; sealed, and its maker's alone.

An import is no record. Its cells hold what records may hold, so they are kept as drafts are: under the key of sensitive
fields, bound to person, import and place (`import_rows`). `import_steps` reads, rehearses and carries out; the jobs in
`tasks/` run it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bson import ObjectId
from gridfs.errors import NoFile
from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from models.kernel.base import clock
from models.kernel.base.errors import Missing, Refused
from models.kernel.base.people import Actor
from models.kernel.base.store import in_unit
from models.kernel.base.words import At, L, Words, in_all_locales
from models.kernel.gate import changes, fresh
from models.kernel.gate.sources import Source
from models.kernel.gate.unit import in_transaction
from models.kernel.language.declare import registered

from ..files import files
from ..files.uploads import Incoming
from ..keeping import archive
from ..work import jobs
from . import rows as import_rows
from .rows import BAD, CHANGE, CHANGED, CREATE, CREATED, DOUBT, Sheet, opened, sealed

COLLECTION = "import"
ROWS_MAX, COLUMNS_MAX, CELL_MAX = 100_000, 200, 10_000
KEPT = dt.timedelta(days=30)
_BOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")

READING, CHECKED, RUNNING, DONE = "reading", "checked", "running", "done"
TAKING_BACK, TAKEN_BACK, FAILED, PAUSED = "taking_back", "taken_back", "failed", "paused"
OPEN = (READING, RUNNING, TAKING_BACK)
STATES = {
    READING: (L("Being checked", "檢查中"), "progress"),
    CHECKED: (L("Checked, nothing imported yet", "已檢查，尚未導入"), "wait"),
    RUNNING: (L("Being imported", "導入中"), "progress"),
    DONE: (L("Imported", "已導入"), "good"),
    TAKING_BACK: (L("Being taken back", "撤銷中"), "progress"),
    TAKEN_BACK: (L("Taken back", "已撤銷"), "neutral"),
    FAILED: (L("Stopped", "已停止"), "bad"),
    PAUSED: (L("Paused by its sender", "已由提交人暫停"), "wait"),
}

ALREADY = L(
    "Already imported on {at} by {who}; 0 new. Take that import back first, or correct the file.",
    "該文件已於 {at} 由 {who} 導入，新增 0 條。如需重新導入，請先撤銷該次導入，或更正文件。",
)
LOOKED_AT_ANOTHER = L(
    "The rows were checked anew meanwhile; please look at the result once more.", "期間已重新檢查，請再次查看結果。"
)
NOT_NOW = L("This import is at another step by now.", "此次導入已處於其他步驟。")
NOT_ALL_GOOD = L(
    "{count} rows are not good; correct them first, or import only the good ones.",
    "有 {count} 行不能導入；請先更正，或只導入可導入的行。",
)
NOTHING_GOOD = L("There is no row that can be imported.", "沒有可導入的行。")

INDEXES = [
    IndexModel([("person", ASCENDING), ("type", ASCENDING), ("_id", DESCENDING)]),
    IndexModel([("at", ASCENDING)]),
    IndexModel(
        [("imported", ASCENDING)], name="given_imported", unique=True, partialFilterExpression={"imported": {"$gt": ""}}
    ),
]


@dataclass(frozen=True)
class SendersChoices:
    """What a sender may say of a sheet: that empty cells empty fields, its encoding and the row of its heads, where
    they are not to be found out."""

    empties: bool = False
    encoding: str = ""
    head_row: int = 0


@dataclass(frozen=True)
class Import(Sheet):
    """One import as its maker sees it; `columns` are the fields that its heads were matched to, "" for none.

    `turn` counts the checks, so that what is carried out is what was looked at.
    """

    type: str
    state: str
    at: dt.datetime
    name: str
    sha256: str
    turn: int
    heads: tuple[str, ...]
    columns: tuple[str, ...]
    facts: Mapping[str, Any]

    @property
    def empties(self) -> bool:
        """Whether an empty cell empties the field of a record that is there."""
        return bool(self.facts.get("empties"))

    @property
    def previews(self) -> list[list[str]]:
        """The encodings that its sender is asked to choose from, each with the first lines."""
        return opened(self.facts.get("previews"), f"{self.seal}:previews") or []

    @property
    def pictures(self) -> dict[int, list[dict[str, Any]]]:
        """The pictures that came with the rows, by the number of the row: the facts of a file for each."""
        rows = opened(self.facts.get("pictures"), f"{self.seal}:pictures") or []
        result: dict[int, list[dict[str, Any]]] = {}
        for line, facts in rows:
            result.setdefault(line, []).append({**facts, "content": ObjectId(facts["content"])})
        return result

    @property
    def batch(self) -> str:
        """The name under which history remembers its changes."""
        return f"import-{self.id}"

    @property
    def back_batch(self) -> str:
        """The name under which history remembers that they were taken back."""
        return f"import-{self.id}-back"

    @property
    def counts(self) -> dict[str, int]:
        return dict(self.facts.get("counts") or {})

    @property
    def rows(self) -> int:
        return int(self.facts.get("rows") or 0)

    @property
    def is_written(self) -> bool:
        """Whether carrying out began."""
        return bool(self.facts.get("began"))

    def count(self, *verdicts: str) -> int:
        """How many rows have one of these verdicts."""
        return sum(self.counts.get(verdict, 0) for verdict in verdicts)


def kind_of(head: bytes, name: str = "") -> str:
    """As what a content is read: a workbook by its first bytes, whatever its name, but for a package of QTI, which is a
    ZIP file; documents and questions of other tools by how they begin, GIFT also by its name; or else as text."""
    if head.startswith(_BOOKS):
        return "qti" if name.lower().endswith(".zip") else "sheets"
    if b"<qti-assessment-item" in head or b"<assessmentItem" in head:
        return "qti"
    if b"<quiz" in head and head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return "moodle"
    is_gift = head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"::", b"$CATEGORY:", b"//"))
    if is_gift or name.lower().endswith(".gift"):
        return "gift"
    return "reqif" if b"<REQ-IF" in head or b":REQ-IF" in head else "text"


def begin(
    type_name: str, name: str, content: Incoming, *, actor: Actor, choices: SendersChoices | None = None
) -> Import:
    """Take a sheet in and order that it is read and checked. Raises Refused when the same was imported before."""
    if actor.id is None:
        raise ValueError("The system imports nothing.")
    content.seek(0)
    kept = content.adopt()
    row: dict[str, Any] = {"_id": ObjectId(), "person": actor.id, "who": actor.name, "type": type_name}
    row |= {
        "state": READING,
        "at": clock.now(),
        "name": name,
        "turn": 1,
        "kind": kind_of(content.head, name),
        **kept,
        **asdict(choices or SendersChoices()),
    }
    try:
        refuse_twin(type_name, kept["sha256"])
        in_transaction(lambda unit: _begin(row, actor))
    except BaseException:
        _drop_content(kept["content"])
        raise
    return find(row["_id"], actor)


def _begin(row: dict[str, Any], actor: Actor) -> None:
    run = jobs.enqueue(_order("imports.check", row["_id"], actor, turn=1))
    in_unit(COLLECTION).insert_one({**row, "run": run})


def _order(task: str, id: ObjectId, actor: Actor, **params: Any) -> jobs.Order:
    return jobs.Order(task=task, params={"import_id": str(id), **params}, asked_by=actor)


def refuse_twin(type_name: str, sha256: str) -> None:
    """Raise Refused when the same file was imported for this type before, by anybody, and not taken back."""
    if twin := twin_of(type_name, sha256):
        raise Refused(ALREADY(at=At(twin["at"]), who=twin["who"]))


def twin_of(type_name: str, sha256: str) -> dict[str, Any] | None:
    """The import of the same file for the same type that stands, whoever made it."""
    row: dict[str, Any] | None = in_unit(COLLECTION).find_one({"imported": f"{type_name}:{sha256}"})
    return row


def find(id: Any, actor: Actor) -> Import:
    """An import of the actor's own. Raises Missing, also for a colleague's."""
    query = {"_id": ObjectId(str(id)), "person": actor.id} if ObjectId.is_valid(str(id)) else {"_id": None}
    row = in_unit(COLLECTION).find_one(query)
    if row is None:
        raise Missing
    return _import(row)


def load(id: Any) -> Import | None:
    """An import for the job that works on it, or None when it was forgotten meanwhile."""
    row = in_unit(COLLECTION).find_one({"_id": ObjectId(str(id))})
    return _import(row) if row else None


def own(actor: Actor, type_name: str, most: int = 20) -> list[Import]:
    """A person's imports for a type, newest first."""
    rows = in_unit(COLLECTION).find({"person": actor.id, "type": type_name}).sort("_id", -1).limit(most)
    return [_import(row) for row in rows]


def _import(row: Mapping[str, Any]) -> Import:
    sheet = Sheet(row["_id"], row["person"])
    facts = {name: row[name] for name in ("type", "state", "at", "name", "sha256", "turn")}
    heads = opened(row.get("heads"), sheet.seal) or []
    columns = tuple(row.get("columns") or ())
    return Import(sheet.id, sheet.person, **facts, heads=tuple(heads), columns=columns, facts=row)


def facts_of_heads(sheet: Import, heads: Sequence[str], columns: Sequence[str], row: int) -> dict[str, Any]:
    """What is kept of heads: what they say, what they were matched to, in which row they stand."""
    return {"heads": sealed(list(heads), sheet.seal), "columns": list(columns), "heads_in": row}


def keep_heads(sheet: Import, heads: Sequence[str], columns: Sequence[str], *, row: int = 1) -> None:
    """Write what the heads say, in which row they stand, and what they were matched to."""
    in_unit(COLLECTION).update_one({"_id": sheet.id}, {"$set": facts_of_heads(sheet, heads, columns, row)})


def ask_encoding(sheet: Import, previews: Mapping[str, str], why: Words) -> None:
    """The encoding is for the sender to choose: the content stays until then, beside what it looks like in each."""
    shown = sealed(list(previews.items()), f"{sheet.seal}:previews")
    in_unit(COLLECTION).update_one({"_id": sheet.id, "turn": sheet.turn}, {"$set": {"previews": shown}})
    end(sheet, READING, FAILED, why)


def read_again(sheet: Import, encoding: str, *, actor: Actor) -> None:
    """Order that a text is read in the encoding that its sender chose. Raises Refused."""
    if encoding not in dict(sheet.previews):
        raise Refused(NOT_NOW)

    def body(_unit: Any) -> None:
        run = jobs.enqueue(_order("imports.check", sheet.id, actor, turn=sheet.turn + 1))
        command = {"$set": {"state": READING, "encoding": encoding, "run": run}, "$inc": {"turn": 1}}
        _turn(sheet, (FAILED,), {**command, "$unset": {"previews": "", "why": ""}})

    in_transaction(body)


PicturesByRow = Sequence[tuple[int, Mapping[str, Any]]]


def finish_reading(sheet: Import, rows: int, *, kept: int = 0, pictures: PicturesByRow = ()) -> None:
    """The rows are there (`kept`: with the heads and what stands above; `pictures`: what is stored of those that came
    with them, by row): the content is not needed any more."""
    content: dict[str, Any] = {"rows": rows, "kept": kept, "is_read": True}
    if pictures:
        named = [(line, {**facts, "content": str(facts["content"])}) for line, facts in pictures]
        content["pictures"] = sealed(named, f"{sheet.seal}:pictures")
        content["contents"] = [*{facts["content"] for _, facts in pictures}]
    in_unit(COLLECTION).update_one({"_id": sheet.id}, {"$set": content, "$unset": {"content": ""}})
    if "content" in sheet.facts:
        _drop_content(sheet.facts["content"])


def _drop_content(content: ObjectId) -> None:
    try:
        files.bucket().delete(content)
    except NoFile:
        return


def end(sheet: Import, expected: str, state: str, why: Words | None = None) -> None:
    """Bring an import from one state to another, with its counts and a sentence; one that moved on stays as it is."""
    values: dict[str, Any] = {"state": state, "counts": import_rows.counted(sheet), "ended": clock.now()}
    command: dict[str, Any] = {"$set": values}
    if why is not None:
        values["why"] = in_all_locales(why)
    elif state != TAKEN_BACK:
        command["$unset"] = {"why": ""}
    values |= {"paused_in": expected} if state == PAUSED else {}
    command["$unset"] = {**command.get("$unset", {}), "stop": ""}
    if _holds_nothing(state, values["counts"]):
        command["$unset"] = {**command.get("$unset", {}), "imported": ""}
    in_unit(COLLECTION).update_one({"_id": sheet.id, "state": expected, "turn": sheet.turn}, command)


def _holds_nothing(state: str, counts: Mapping[str, int]) -> bool:
    """Whether nothing that the import wrote stands any more: then its file may come again."""
    if state == TAKEN_BACK:
        return True
    return state in (DONE, FAILED) and not counts.get(CREATED, 0) + counts.get(CHANGED, 0)


def check_again(sheet: Import, facts: Mapping[str, Any], *, actor: Actor, empties: bool = False) -> None:
    """Order another check, with other columns or heads. Raises Refused."""

    def body(_unit: Any) -> None:
        run = jobs.enqueue(_order("imports.check", sheet.id, actor, turn=sheet.turn + 1))
        values = {"state": READING, "run": run, "counts": {}, "empties": empties, **facts}
        _turn(sheet, (CHECKED,), {"$set": values, "$inc": {"turn": 1}})

    in_transaction(body)


def start(sheet: Import, *, turn: int, strict: bool, doubtful: bool, actor: Actor) -> None:
    """Order that the good rows are imported: with `strict` only if none is bad, with `doubtful` the doubtful ones too.

    Raises Refused (checked anew, not all good, nothing good, the same file was imported meanwhile).
    """
    if turn != sheet.turn:
        raise Refused(LOOKED_AT_ANOTHER)
    bad = sheet.count(BAD) + (0 if doubtful else sheet.count(DOUBT))
    if strict and bad:
        raise Refused(NOT_ALL_GOOD(count=bad))
    if not sheet.count(CREATE, CHANGE, *([DOUBT] if doubtful else [])):
        raise Refused(NOTHING_GOOD)
    fresh.ask_for(registered()[sheet.type])

    def body(_unit: Any) -> None:
        run = jobs.enqueue(_order("imports.run", sheet.id, actor))
        values = {"state": RUNNING, "run": run, "strict": strict, "doubtful": doubtful, "began": clock.now()}
        values |= {"at": clock.now(), "imported": f"{sheet.type}:{sheet.sha256}"}
        _turn(sheet, (CHECKED,), {"$set": values})

    try:
        in_transaction(body)
    except DuplicateKeyError:
        refuse_twin(sheet.type, sheet.sha256)
        raise


def ask_stop(sheet: Import) -> None:
    """Ask that the check or the import pauses after the rows that are under way. Raises Refused."""
    _turn(sheet, (READING, RUNNING), {"$set": {"stop": True}})


def is_to_stop(sheet: Import) -> bool:
    """Whether its sender wants it to pause."""
    return in_unit(COLLECTION).find_one({"_id": sheet.id, "stop": True}, {"_id": 1}) is not None


def go_on(sheet: Import, *, actor: Actor) -> None:
    """Order that what was paused goes on with the first row that it has not come to. Raises Refused."""
    state = sheet.facts.get("paused_in")
    if state == RUNNING:
        fresh.ask_for(registered()[sheet.type])
    task, more = ("imports.run", {}) if state == RUNNING else ("imports.check", {"turn": sheet.turn})

    def body(_unit: Any) -> None:
        run = jobs.enqueue(_order(task, sheet.id, actor, **more))
        _turn(sheet, (PAUSED,), {"$set": {"state": state, "run": run}, "$unset": {"paused_in": "", "stop": ""}})

    in_transaction(body)


def hold(sheet: Import) -> bool:
    """Within a transaction, keep everybody else from a checked import; False where it is not as it was read."""
    place = {"_id": sheet.id, "state": CHECKED, "turn": sheet.turn, "edits": sheet.facts.get("edits")}
    return in_unit(COLLECTION).update_one(place, {"$inc": {"edits": 1}}).matched_count == 1


def count_anew(sheet: Import) -> None:
    """Write down how many rows have which verdict now."""
    in_unit(COLLECTION).update_one({"_id": sheet.id}, {"$set": {"counts": import_rows.counted(sheet)}})


def ask_back(sheet: Import, *, actor: Actor) -> None:
    """Order that what an import wrote is taken back. Raises Refused."""

    def body(_unit: Any) -> None:
        run = jobs.enqueue(_order("imports.take_back", sheet.id, actor))
        _turn(sheet, (DONE, FAILED, PAUSED), {"$set": {"state": TAKING_BACK, "run": run}})

    if not sheet.is_written:
        raise Refused(NOT_NOW)
    fresh.ask_for(registered()[sheet.type])
    in_transaction(body)


def turn_back(sheet: Import, why: Words) -> None:
    """An import of all or none meets a bad row: what it wrote so far is taken back by the same run."""
    content = {"$set": {"state": TAKING_BACK, "why": in_all_locales(why)}}
    in_unit(COLLECTION).update_one({"_id": sheet.id, "state": RUNNING}, content)


def _turn(sheet: Import, states: tuple[str, ...], command: Mapping[str, Any]) -> None:
    """Change an import that is still where the actor saw it. Raises Refused."""
    place = {"_id": sheet.id, "state": {"$in": list(states)}, "turn": sheet.turn}
    if in_unit(COLLECTION).find_one_and_update(place, command, return_document=ReturnDocument.AFTER) is None:
        raise Refused(NOT_NOW)


def discard(sheet: Import) -> None:
    """Throw away an import that was not carried out. Raises Refused."""
    place = {"_id": sheet.id, "state": {"$in": [READING, CHECKED, FAILED, PAUSED]}, "began": None}
    if not in_unit(COLLECTION).delete_one(place).deleted_count:
        raise Refused(NOT_NOW)
    _forget(sheet.facts)


def forget_before(before: dt.datetime, most: int = 100) -> int:
    """Forget imports that rest since before a moment, `most` at once; returns how many. What they wrote stays."""
    old = {"at": {"$lt": before}, "state": {"$nin": [RUNNING, TAKING_BACK]}}
    rows = list(in_unit(COLLECTION).find(old, {"content": 1, "contents": 1}).sort("at", 1).limit(most))
    for row in rows:  # the rows first: what is cut off here is found again
        _forget(row)
        in_unit(COLLECTION).delete_one({"_id": row["_id"]})
    return len(rows)


def forget_strays() -> int:
    """Forget rows whose import was thrown away while they were being read; returns of how many imports."""
    strays = import_rows.imports_with_rows() - {row["_id"] for row in in_unit(COLLECTION).find({}, {"_id": 1})}
    for id in strays:
        import_rows.forget(id)
    return len(strays)


def _forget(row: Mapping[str, Any]) -> None:
    import_rows.forget(row["_id"])
    if row.get("content") is not None:
        _drop_content(row["content"])
    for content in row.get("contents") or ():
        archive.drop_content(content)  # unless a record has it by now


def waiting_among(contents: Collection[ObjectId]) -> set[ObjectId]:
    """Those of some contents that an import still needs: its sheet, and the pictures that came with it."""
    ids = list(contents)
    needed = {"$or": [{"content": {"$in": ids}}, {"contents": {"$in": ids}}]}
    rows = in_unit(COLLECTION).find(needed, {"content": 1, "contents": 1})
    return {id for row in rows for id in (row.get("content"), *(row.get("contents") or ())) if id is not None}


def context_of(sheet: Import, *, confirmed: bool = False, back: bool = False) -> changes.Context:
    """How the changes of an import come in: through its own door, under one name."""
    if back:
        return changes.Context(source=Source.IMPORT, batch=sheet.back_batch, undoes=sheet.batch)
    return changes.Context(source=Source.IMPORT, batch=sheet.batch, confirmed=confirmed)
