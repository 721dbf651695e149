"""The rows of an import in bounded batches, sealed under the key of sensitive fields; and what is said of each row.

A batch says which step it has been through, so that a job that is started again goes on with the next sheet.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from bson import ObjectId
from bson.binary import Binary
from pymongo import ASCENDING, IndexModel

from models.kernel.base import secrets
from models.kernel.base.store import in_unit
from models.kernel.base.words import Words, in_all_locales
from models.kernel.gate.unit import in_transaction

COLLECTION = "import_row"
INDEXES = [
    IndexModel([("import", ASCENDING), ("n", ASCENDING)], unique=True),
    IndexModel([("import", ASCENDING), ("keys", ASCENDING)]),
]
BATCH, BATCH_BYTES = 100, 1 << 20
GROUP_MAX = 6000  # rows of a batch, where the lines of one record are joined in it
SHOWN = 50
PROBLEMS_MAX = 8
# The steps of a batch: the number of the check, then these.
RAN, TOOK_BACK = 1 << 30, (1 << 30) + 1

# What is said of a row: first what would become of it, then what did.
CREATE, CHANGE, SAME, DOUBT, BAD = "create", "change", "same", "doubt", "refused"
CREATED, CHANGED, LEFT = "created", "changed", "left"
BINNED, BACK, LEFT_AS_IS = "binned", "back", "stays"
PART = "part"  # a further row of the record above it
ABOVE = "above"  # the heads, and what stands above them: kept, since its sender may say that the heads are elsewhere

Row = tuple[int, list[str]]


@dataclass(frozen=True)
class Sheet:
    """Whose rows they are: the import, and the person who alone may read them."""

    id: ObjectId
    person: ObjectId

    @property
    def seal(self) -> str:
        return f"import:{self.person}:{self.id}"

    def place(self, n: int) -> str:
        """What the cells of a batch are bound to."""
        return f"{self.seal}:{n}"


def opened(kept: Any, place: str) -> Any:
    """What was sealed; None where nothing is, or where no key opens it any more."""
    try:
        return json.loads(secrets.unseal(bytes(kept), place)) if kept else None
    except ValueError:
        return None


def sealed(content: Any, place: str) -> Binary:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return Binary(secrets.seal(text.encode("utf-8", "replace").decode(), place))


@dataclass(frozen=True)
class RowOutcome:
    """What would become, or became, of a row: the record with the version (and the length of its history) then, and
    what is wrong, each with the field or "" and the sentence in all languages."""

    verdict: str
    record: ObjectId | None = None
    version: int = 0
    seq: int = 0
    problems: tuple[tuple[str, Mapping[str, str]], ...] = ()

    def packed(self) -> list[Any]:
        return [self.verdict, str(self.record or ""), self.version, self.seq, [list(each) for each in self.problems]]

    @classmethod
    def unpacked(cls, sequence: Sequence[Any]) -> RowOutcome:
        verdict, record, version, seq, problems = sequence
        wrong = tuple((name, words) for name, words in problems)
        return cls(verdict, ObjectId(record) if record else None, version, seq, wrong)


def refused(problems: Iterable[tuple[str, Words]], verdict: str = BAD, **facts: Any) -> RowOutcome:
    """The outcome of a row in which something is wrong; of many problems the first are kept."""
    items = tuple((name, in_all_locales(words)) for name, words in list(problems)[:PROBLEMS_MAX])
    return RowOutcome(verdict, problems=items, **facts)


@dataclass(frozen=True)
class RowBatch:
    """Some rows of an import, in order: (number of the row, cells), with their outcomes once there are any."""

    n: int
    rows: list[tuple[int, list[str]]]
    outcomes: list[RowOutcome] = field(default_factory=list)

    def record_at(self, at: int) -> list[tuple[int, list[str]]]:
        """The row at a place with the further rows of its record."""
        end = at + 1
        while end < len(self.rows) and self.outcomes[end].verdict == PART:
            end += 1
        return self.rows[at:end]

    def below(self, heads_in: int) -> list[tuple[int, list[str]]]:
        """The rows that stand below the heads."""
        return [row for row in self.rows if row[0] > heads_in]


def keep_rows(sheet: Sheet, rows: Iterable[tuple[int, list[str]]], *, heads_in: int = 0) -> int:
    """Write rows in batches instead of those that were there; returns how many. Done again it has the same effect.

    The heads and what stands above them go with the first batch.
    """
    in_unit(COLLECTION).delete_many({"import": sheet.id})
    count = 0
    for n, batch in enumerate(_batches(rows, heads_in)):
        count += len(batch)
        cells = sealed(batch, sheet.place(n))
        in_unit(COLLECTION).insert_one({"import": sheet.id, "n": n, "count": len(batch), "rows": cells, "step": 0})
    return count


def _batches(rows: Iterable[tuple[int, list[str]]], heads_in: int) -> Iterator[list[tuple[int, list[str]]]]:
    batch: list[tuple[int, list[str]]] = []
    size = count = 0
    for row in rows:
        batch.append(row)
        size += 4 * sum(map(len, row[1]))
        count += row[0] > heads_in
        if count >= BATCH or size >= BATCH_BYTES:
            yield batch
            batch, size, count = [], 0, 0
    if batch:
        yield batch


def batches(sheet: Sheet, *, below: int) -> Iterator[RowBatch]:
    """The batches of an import that have not been through a step, in order, each read when its turn comes."""
    after = -1
    while row := in_unit(COLLECTION).find_one(
        {"import": sheet.id, "n": {"$gt": after}, "step": {"$lt": below}}, sort=[("n", ASCENDING)]
    ):
        after = row["n"]
        yield _batch(sheet, row)


def join_groups(sheet: Sheet, goes_on: Callable[[list[str]], bool]) -> None:
    """Let no batch begin with a row that goes on with the record of the batch before: such rows move there, one batch
    after the other. What is too large for that stays, and is refused as two records."""
    before: RowBatch | None = None
    for batch in batches(sheet, below=RAN):
        count = 0
        for _, cells in batch.rows:
            if not goes_on(cells):
                break
            count += 1
        for _, cells in batch.rows[count + 1 :]:
            goes_on(cells)
        if count and before is not None and _has_room(before.rows, batch.rows[:count]):
            before = _moved(sheet, before, batch, count)
            if count == len(batch.rows):
                continue
            batch = RowBatch(batch.n, batch.rows[count:])
        before = batch


def _has_room(rows: Sequence[Row], more: Sequence[Row]) -> bool:
    size = sum(len(cell) for _, cells in (*rows, *more) for cell in cells)
    return len(rows) + len(more) <= GROUP_MAX and size <= BATCH_BYTES


def _moved(sheet: Sheet, before: RowBatch, batch: RowBatch, count: int) -> RowBatch:
    """Move the first rows of a batch to the end of the one before, at once."""
    joined = RowBatch(before.n, [*before.rows, *batch.rows[:count]])
    rest = batch.rows[count:]

    def body(_unit: Any) -> None:
        _keep(sheet, joined)
        if rest:
            _keep(sheet, RowBatch(batch.n, rest))
        else:
            in_unit(COLLECTION).delete_one({"import": sheet.id, "n": batch.n})

    in_transaction(body)
    return joined


def _keep(sheet: Sheet, batch: RowBatch) -> None:
    content = {"rows": sealed(batch.rows, sheet.place(batch.n)), "count": len(batch.rows)}
    in_unit(COLLECTION).update_one({"import": sheet.id, "n": batch.n}, {"$set": content, "$unset": {"outcomes": ""}})


def first_rows(sheet: Sheet, most: int) -> list[tuple[int, list[str]]]:
    """The first rows that were kept, with their numbers."""
    kept = in_unit(COLLECTION).find({"import": sheet.id, "n": {"$lt": most}}).sort("n", ASCENDING).batch_size(1)
    return list(islice((row for batch in kept for row in _batch(sheet, batch).rows), most))


def passed(sheet: Sheet, step: int) -> int:
    """How many rows have been through a step."""
    rows = in_unit(COLLECTION).find({"import": sheet.id, "step": {"$gte": step}}, {"count": 1})
    return sum(row["count"] for row in rows)


def _batch(sheet: Sheet, row: Mapping[str, Any]) -> RowBatch:
    place = sheet.place(row["n"])
    rows, content = opened(row["rows"], place) or [], opened(row.get("outcomes"), f"{place}:outcomes") or []
    return RowBatch(row["n"], [(line, cells) for line, cells in rows], [RowOutcome.unpacked(each) for each in content])


def keep_outcomes(
    sheet: Sheet, batch: RowBatch, outcomes: Sequence[RowOutcome], *, step: int, keys: Mapping[str, int] | None = None
) -> bool:
    """Write what is said of a batch's rows, unless a later step has been there; `keys` are those of `key_of`."""
    content: dict[str, Any] = {"step": step, **_said_of(sheet, batch.n, outcomes)}
    if keys is not None:
        content |= {"keys": list(keys), "key_rows": list(keys.values())}
    place = {"import": sheet.id, "n": batch.n, "step": {"$lt": step}}
    return in_unit(COLLECTION).update_one(place, {"$set": content}).matched_count == 1


def _said_of(sheet: Sheet, n: int, outcomes: Sequence[RowOutcome]) -> dict[str, Any]:
    """What is written of the outcomes of a batch: sealed, and how many there are of each."""
    kept = sealed([each.packed() for each in outcomes], f"{sheet.place(n)}:outcomes")
    return {
        "outcomes": kept,
        "tally": dict(Counter(each.verdict for each in outcomes if each.verdict not in (ABOVE, PART))),
    }


def batch_at(sheet: Sheet, n: int) -> RowBatch | None:
    """One batch of an import."""
    row = in_unit(COLLECTION).find_one({"import": sheet.id, "n": n})
    return _batch(sheet, row) if row else None


def keep_corrected(sheet: Sheet, batch: RowBatch, lines: Collection[int], keys: Mapping[str, int]) -> None:
    """Write a batch in which the rows of some numbers are others now, with the keys that these have."""
    place = {"import": sheet.id, "n": batch.n}
    row = in_unit(COLLECTION).find_one(place, {"keys": 1, "key_rows": 1}) or {}
    pairs = zip(row.get("keys") or (), row.get("key_rows") or (), strict=True)
    kept = {key: line for key, line in pairs if line not in lines} | dict(keys)
    content = _said_of(sheet, batch.n, batch.outcomes) | {"rows": sealed(batch.rows, sheet.place(batch.n))}
    content |= {"keys": list(kept), "key_rows": list(kept.values())}
    in_unit(COLLECTION).update_one(place, {"$set": content})


def lines_with(sheet: Sheet, keys: Iterable[str], *, but: Collection[int]) -> dict[str, int]:
    """Those of some keys that other rows of the sheet have, with the numbers of these."""
    needed = set(keys)
    rows = in_unit(COLLECTION).find({"import": sheet.id, "keys": {"$in": list(needed)}}, {"keys": 1, "key_rows": 1})
    pairs = [pair for row in rows for pair in zip(row["keys"], row["key_rows"], strict=True)] if needed else []
    return {key: line for key, line in pairs if key in needed and line not in but}


def key_of(sheet: Sheet, place: str, value: str) -> str:
    """A key under which a value of this import is known again, and which tells nobody the value."""
    return hashlib.sha256(secrets.seal(value, f"{sheet.seal}:{place}")).hexdigest()[:24]


def earlier_keys(sheet: Sheet, n: int, keys: Iterable[str]) -> dict[str, int]:
    """Those of some keys that earlier batches have, with the numbers of their rows."""
    needed = set(keys)
    query = {"import": sheet.id, "n": {"$lt": n}, "keys": {"$in": list(needed)}}
    result: dict[str, int] = {}
    for row in in_unit(COLLECTION).find(query, {"keys": 1, "key_rows": 1}) if needed else ():
        pairs = zip(row["keys"], row["key_rows"], strict=True)
        result |= {key: line for key, line in pairs if key in needed}
    return result


def counted(sheet: Sheet) -> dict[str, int]:
    """How many rows have which verdict now, over all batches."""
    counts: dict[str, int] = {}
    for row in in_unit(COLLECTION).find({"import": sheet.id}, {"tally": 1}):
        for verdict, number in (row.get("tally") or {}).items():
            counts[verdict] = counts.get(verdict, 0) + number
    return counts


@dataclass(frozen=True)
class RowsShown:
    """Rows of one verdict, some at a time: (number, cells, outcome), where each stands (batch, then row), and the place
    from which the next ones follow."""

    rows: list[tuple[int, list[str], RowOutcome]]
    places: list[str] = field(default_factory=list)
    next: str = ""


def listed(
    sheet: Sheet, verdicts: Iterable[str], *, after: str = "", most: int = SHOWN, with_parts: bool = False
) -> RowsShown:
    """The rows with one of some verdicts in order, from a place that `next` named; with the further rows of their
    records, if need be."""
    needed, result = tuple(verdicts), RowsShown([])
    begin_n, begin_at = _place(after)
    for batch in _with(sheet, needed, begin_n):
        is_in = False
        for at, (row, outcome) in enumerate(zip(batch.rows, batch.outcomes, strict=True)):
            is_part = outcome.verdict == PART
            is_in = is_in if is_part else outcome.verdict in needed
            if not (is_in and (with_parts or not is_part)) or (batch.n == begin_n and at < begin_at):
                continue
            if len(result.rows) == most:
                return RowsShown(result.rows, result.places, f"{batch.n}.{at}")
            result.rows.append((row[0], row[1], outcome))
            result.places.append(f"{batch.n}.{at}")
    return result


def _place(after: str) -> tuple[int, int]:
    n, _, at = after.partition(".")
    return (int(n), int(at)) if n.isdecimal() and at.isdecimal() and len(after) < 20 else (0, 0)


def _with(sheet: Sheet, verdicts: Sequence[str], begin_n: int) -> Iterator[RowBatch]:
    query = {"import": sheet.id, "n": {"$gte": begin_n}, "$or": [{f"tally.{v}": {"$gt": 0}} for v in verdicts]}
    for row in in_unit(COLLECTION).find(query).sort("n", ASCENDING).batch_size(1):
        yield _batch(sheet, row)


def forget(id: ObjectId) -> None:
    """Take away all rows of an import."""
    in_unit(COLLECTION).delete_many({"import": id})


def imports_with_rows() -> set[ObjectId]:
    """The imports of which there are rows."""
    return set(in_unit(COLLECTION).distinct("import"))
