"""The steps of an import: its rows are rehearsed, carried out, taken back; each batch by itself.

Rehearsing is the gate's own verb in a transaction that is undone: no rule stands here twice, and nothing stays of it.
Whatever is done again has the same effect: a new record is known by its entry key, a changed one by its history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from typing import Any

from bson import ObjectId
from mongoengine.base import get_document
from mongoengine.connection import get_db
from pymongo.errors import DuplicateKeyError

from models.kernel.base import store
from models.kernel.base.errors import CHANGED as CHANGED_SINCE
from models.kernel.base.errors import NOT_FOUND, Changed, Forbidden, Missing, Refused
from models.kernel.base.people import Actor, actor_of
from models.kernel.base.words import L, Words, in_all_locales
from models.kernel.gate import alike, batches, changes, intents, rehearsal
from models.kernel.gate.attempts import VerbAttempt, note, noting
from models.kernel.gate.caches import forget_read
from models.kernel.gate.changes import Context
from models.kernel.gate.creating import known_to_be_new
from models.kernel.gate.history import COLLECTION as HISTORY
from models.kernel.gate.sources import Source
from models.kernel.gate.stored_form import stored
from models.kernel.gate.unit import Undone, Unit, in_transaction
from models.kernel.gate.validation import DOUBT as CONFIRM
from models.kernel.language.record import Record
from models.kernel.rights import rights

from ..files import files
from . import imports
from . import rows as import_rows
from .cells import NUMBER, Reader, RowEntry
from .imports import Import
from .line_columns import AT_ROW, GROUP, Grouper, label_at
from .reading import type_of
from .rows import (
    ABOVE,
    BACK,
    BAD,
    BINNED,
    CHANGE,
    CHANGED,
    CREATE,
    CREATED,
    DOUBT,
    LEFT,
    LEFT_AS_IS,
    PART,
    RAN,
    SAME,
    TOOK_BACK,
    RowBatch,
    RowOutcome,
    refused,
)

NO_LONGER = L(
    "The one who asked for this import may no longer enter such records; the rows that remain were left.",
    "提交人已無權錄入此類記錄，其餘各行未導入。",
)
TWICE = L("“{label}” stands with the same value in row {row} already.", "「{label}」的值與第 {row} 行重複。")
PICTURE = "picture"  # the file kind of pictures that come with rows
OTHER_PICTURE = L(
    "“{name}” is not the picture that this record has. Attach it on the page of the record first, or leave the number "
    "out for a new record.",
    "「{name}」與此記錄現有的圖片不同。請先在記錄頁面上傳該圖片；如需新建記錄，請去掉編號。",
)
TOUCHED = L("It was changed since, so it stays as it is.", "此後已有變更，保持不變。")
ALL_OR_NONE = L(
    "Nothing was imported: all rows were to be good, but row {row} was refused meanwhile.",
    "未導入任何內容：要求全部可導入，但第 {row} 行在導入時被拒絕。",
)
SEE_ROW = L("Row {row} of the same record is refused.", "同一記錄的第 {row} 行不能導入。")
BACK_AT_ONCE = 20
_LOOKING = frozenset({"view", "download", "read", "export"})


def asker(sheet: Import) -> Actor | None:
    """The one who asked for an import as they are now: None when they may not enter records of the type any more."""
    user = get_document("User").objects(__raw__={"_id": sheet.person, "active": True, "removed_at": None}).first()
    actor = actor_of(user) if user else None
    return actor if actor and rights.may_create(actor, type_of(sheet)) else None


def reader_for(sheet: Import, actor: Actor) -> Reader:
    """What reads the rows of an import, as its sender chose."""
    reader = Reader(type_of(sheet), actor, sheet.columns, empties=sheet.empties)
    if PICTURE in reader.cls.declared.file_kinds:
        reader.pictures = sheet.pictures
    return reader


def rehearse(sheet: Import, reader: Reader, batch: RowBatch) -> bool:
    """Find out what would become of each row of a batch, and write it down; nothing else is written or told.

    False when a later check has taken over.
    """
    keys: dict[str, int] = {}
    rows = batch.below(sheet.facts.get("heads_in", 0))
    entries = reader.read(rows)
    results = trials(reader, entries)
    owned = [keys_of(sheet, entry, outcome, record) for entry, (outcome, record) in zip(entries, results, strict=True)]
    outcomes = [RowOutcome(ABOVE)] * (len(batch.rows) - len(rows))
    earlier = import_rows.earlier_keys(sheet, batch.n, [key for mine in owned for key in mine])
    for entry, (outcome, _record), mine in zip(entries, results, owned, strict=True):
        duplicates_of = [(name, line_) for key, name in mine.items() if (line_ := earlier.get(key) or keys.get(key))]
        if duplicates_of:
            outcome = twice(reader.cls, duplicates_of)
        else:
            keys |= dict.fromkeys(mine, entry.line)
        outcomes += by_row(entry, outcome)
    return import_rows.keep_outcomes(sheet, batch, outcomes, step=sheet.turn, keys=keys)


def join_groups(sheet: Import, reader: Reader) -> None:
    """Let the rows of one record stand in one batch, where a sheet holds lines."""
    if reader.lines.lists:
        grouper = Grouper(reader.at)
        import_rows.join_groups(sheet, grouper.goes_on)


def twice(cls: type[Record], places: Sequence[tuple[str, int]]) -> RowOutcome:
    """What is said of a row whose values stand in other rows already."""
    return refused((name, TWICE(label=label_at(cls, name), row=row)) for name, row in places)


def by_row(entry: RowEntry, outcome: RowOutcome) -> list[RowOutcome]:
    """What is said of each row of a record: of the first what becomes of it, of the others what is wrong in them."""
    own: list[tuple[str, Mapping[str, str]]] = []
    others: dict[int, list[tuple[str, Mapping[str, str]]]] = {}
    for name, words in outcome.problems:
        column, _, row = name.partition(AT_ROW)
        is_other = row.isdecimal() and int(row) != entry.line and outcome.verdict == BAD
        (others.setdefault(int(row), []) if is_other else own).append((column, words))
    if others and not own:
        own = [("", in_all_locales(SEE_ROW(row=min(others))))]
    first = replace(outcome, problems=tuple(own))
    rest = [
        RowOutcome(BAD, problems=tuple(others[row])) if row in others else RowOutcome(PART) for row in entry.rows[1:]
    ]
    return [first, *rest]


def trials(reader: Reader, entries: Sequence[RowEntry]) -> list[tuple[RowOutcome, Record | None]]:
    """What would become of each row by itself: of a type that is alone in one transaction, in which nothing is written
    and no question is asked twice."""
    if not rehearsal.is_alone(reader.cls):
        return [rehearsed(reader, entry) for entry in entries]
    result: list[tuple[RowOutcome, Record | None]] = []

    def body(_unit: Unit) -> None:
        new = intents.Intent(reader.actor, reader.cls)
        with _doubts_at_once(reader, entries):
            result[:] = [rehearsed(reader, entry, trial=partial(_dry_trial, new)) for entry in entries]
        raise Undone

    try:
        in_transaction(body, quiet=True)
    except Undone:
        return result
    raise AssertionError("A rehearsal always ends by being undone.")


def _doubts_at_once(reader: Reader, entries: Iterable[RowEntry]) -> AbstractContextManager[None]:
    """Within it, what the new records of a batch hold is not asked for one by one."""
    new = [intents.draft(reader.cls, entry.values) for entry in entries if entry.record is None]
    return alike.asked_at_once(reader.cls, reader.actor, new)


Trial = Callable[[Reader, RowEntry, Context], tuple[Record | None, list[tuple[str, Words]]]]


def rehearsed(
    reader: Reader, entry: RowEntry, source: Source = Source.IMPORT, trial: Trial | None = None
) -> tuple[RowOutcome, Record | None]:
    """What would become of a row, and the record as it would be."""
    seen = entry.record.version if entry.record else 0
    id = entry.record.id if entry.record else None
    entry.problems += other_pictures(entry)
    if entry.record is not None and not entry.values and not entry.problems:
        return RowOutcome(SAME, id, seen), None
    if any(name in ("", NUMBER) for name, _ in entry.problems):
        return refused(entry.problems, record=id), None
    verdict, tried = CHANGE if entry.record else CREATE, trial or _trial
    made, problems = tried(reader, entry, Context(source=source))
    bad = {name for name, _ in entry.problems} | {name.partition(".")[0] for name, _ in entry.problems}
    problems = [(entry.placed(name), words) for name, words in problems]
    wrong = [*entry.problems, *((name, words) for name, words in problems if name not in (bad | {CONFIRM}))]
    if entry.problems or (problems and CONFIRM not in dict(problems)):
        return refused(wrong, record=id), None
    if problems:
        made, worse = tried(reader, entry, Context(source=source, confirmed=True))
        return (refused(worse), None) if worse else (refused(wrong, DOUBT), made)
    return RowOutcome(verdict, id, seen), made


def _dry_trial(
    new: intents.Intent[Record], reader: Reader, entry: RowEntry, context: Context
) -> tuple[Record | None, list[tuple[str, Words]]]:
    """Ask the gate what it says of a row, within a transaction and without a write; the record as it would be, or what
    is wrong. `new`: what is true of all new records alike."""
    record = entry.record
    intent, version = (intents.on(reader.actor, record), record.version) if record else (new, None)
    return _answered(lambda: rehearsal.would_enter(intent, entry.values, version=version, context=context))


def _trial(reader: Reader, entry: RowEntry, context: Context) -> tuple[Record | None, list[tuple[str, Words]]]:
    """Send a row through the gate and undo it; the record as it would be, or what is wrong."""
    made: list[Record] = []

    def body() -> None:
        made.append(write_row(reader, entry, context))
        raise Undone

    def undone() -> Record:
        try:
            changes.in_batch(body, quiet=True)
        except Undone:
            return made[-1]
        raise AssertionError("A rehearsal always ends by being undone.")

    try:
        return _answered(undone)
    finally:
        forget_read(reader.cls.type_name())


def _answered(verb: Callable[[], Record]) -> tuple[Record | None, list[tuple[str, Words]]]:
    """What a verb of the gate makes, or what it says against it."""
    try:
        return verb(), []
    except Changed:
        return None, [("", CHANGED_SINCE)]
    except Missing:
        return None, [("", NOT_FOUND)]
    except Refused as fault:
        return None, [(path, words) for path, problem in fault.problems.items() for words in problem] or said_of(fault)


def said_of(fault: Refused) -> list[tuple[str, Words]]:
    """What is wrong by field, without the place of a line within it; at least the sentence itself."""
    lines = [(path.partition(".")[0], words) for path, problem in fault.problems.items() for words in problem]
    return lines or [("", fault.sentence)]


def write_row(
    reader: Reader,
    entry: RowEntry,
    context: Context,
    once: str | None = None,
    new: intents.Intent[Record] | None = None,
) -> Record:
    """One row through the gate; `new`: what is true of all new records alike. Raises Refused, Missing, Changed."""
    cls, actor = reader.cls, reader.actor
    if entry.record is None and entry.pictures:
        return in_transaction(lambda _unit: _with_pictures(reader, entry, context, once, new))
    if entry.record is None:
        return changes.create(cls, entry.values, actor=actor, context=context, once=once, intent=new)
    drawn = intents.of_block(actor, entry.record)
    return changes.update(cls, drawn, entry.values, actor=actor, version=entry.record.version, context=context)


def _with_pictures(
    reader: Reader, entry: RowEntry, context: Context, once: str | None, new: intents.Intent[Record] | None
) -> Record:
    """A new record to which the pictures are attached that came with its row. Raises Refused."""
    made = changes.create(reader.cls, entry.values, actor=reader.actor, context=context, once=once, intent=new)
    store.settle()  # the record is written before its files
    if not (verdict := rights.may_attach(reader.actor, made)):
        raise Forbidden(verdict.why)
    facts = {"kind": PICTURE, "uploaded_by": reader.actor.id, "uploaded_by_name": reader.actor.name}
    for picture in entry.pictures:
        files.refer({**picture, **facts}, made, actor=reader.actor, context=context)
    return made


def other_pictures(entry: RowEntry) -> list[tuple[str, Words]]:
    """What is wrong where a record that is there has other pictures than those that came with its row."""
    if entry.record is None or not entry.pictures:
        return []
    there = {file["name"]: file["sha256"] for file in files.files_of(entry.record.id)}
    others = [item["name"] for item in entry.pictures if there.get(item["name"]) != item["sha256"]]
    return [("", OTHER_PICTURE(name=name)) for name in others]


def keys_of(sheet: Import, entry: RowEntry, outcome: RowOutcome, record: Record | None) -> dict[str, str]:
    """The keys of what may stand only once in a sheet, with their fields: a record that is changed, or known without
    its number, unique values."""
    if entry.group and entry.record is None and record is not None:
        own_group = {import_rows.key_of(sheet, GROUP, entry.group): GROUP}
    else:
        own_group = {}
    if entry.known_by and entry.record:
        return {import_rows.key_of(sheet, NUMBER, str(entry.record.number)): entry.known_by}
    if record is None:
        return {}
    own = {name for name, field in record.declared.own_fields.items() if field.unique and record._data.get(name)}
    result = own_group | {import_rows.key_of(sheet, name, str(record._data[name])): name for name in own}
    for rule in record.declared.unique:
        if same := rule.same_as(stored(record)):
            result[import_rows.key_of(sheet, rule.name, repr(sorted(same.items())))] = rule.fields[-1]
    if outcome.verdict == CHANGE:
        result[import_rows.key_of(sheet, NUMBER, str(record.number))] = NUMBER
    return result


class _RefusedNow(Exception):
    """A row of a batch was refused only while it was imported, so that nothing of the batch stands yet."""


def carry_out(sheet: Import, reader: Reader, batch: RowBatch) -> bool:
    """Import the good rows of a batch and write down what became of each; whether none was refused only now.

    All of them are one transaction, with what is said of them; where one is refused, nothing of that stands, and they
    are taken one by one, so that it keeps no other back.
    """
    good = {CREATE, CHANGE, *([DOUBT] if sheet.facts.get("doubtful") else [])}
    chosen = [at for at, outcome in enumerate(batch.outcomes) if outcome.verdict in good]
    entries = dict(zip(chosen, reader.read_groups([batch.record_at(at) for at in chosen]), strict=True))
    keys = [_key(sheet, batch.rows[at][0]) for at in chosen]

    def all_at_once(unit: Unit) -> None:
        made = _made_before(reader.cls, keys)
        new = known_to_be_new(reader.cls, [key for key in keys if key not in made])
        with new, _doubts_at_once(reader, entries.values()), store.gathering():
            outcomes = _outcomes(sheet, reader, batch, entries, made, is_block=True)
        import_rows.keep_outcomes(sheet, batch, _as_left(outcomes, unit), step=RAN)

    try:
        in_transaction(all_at_once)
    except (_RefusedNow, store.NotAsExpected, DuplicateKeyError):
        forget_read(reader.cls.type_name())
    else:
        return True
    outcomes = _outcomes(sheet, reader, batch, entries, _made_before(reader.cls, keys))
    import_rows.keep_outcomes(sheet, batch, outcomes, step=RAN)
    return all(outcomes[at].verdict != BAD for at in chosen)


def _outcomes(
    sheet: Import,
    reader: Reader,
    batch: RowBatch,
    entries: Mapping[int, RowEntry],
    made: Mapping[str, ObjectId],
    *,
    is_block: bool = False,
) -> list[RowOutcome]:
    """What becomes of each row of a batch. Raises _RefusedNow in a block, at the first that is refused."""
    outcomes, new = [], intents.Intent(reader.actor, reader.cls)
    for at, outcome in enumerate(batch.outcomes):
        if at in entries:
            outcome = _carried_out(sheet, reader, entries[at], outcome, made, new, is_block=is_block)
            if is_block and outcome.verdict == BAD:
                raise _RefusedNow
        elif outcome.verdict == DOUBT:
            outcome = RowOutcome(LEFT, problems=outcome.problems)
        outcomes.append(outcome)
    return outcomes


def _as_left(outcomes: Sequence[RowOutcome], unit: Unit) -> list[RowOutcome]:
    """The outcomes with the versions in which a transaction leaves the records: what followed by rule counts."""
    last = {entry["record"]: entry for entry in sorted(unit.entries, key=lambda entry: entry["seq"])}
    return [
        replace(outcome, version=last[outcome.record]["version"], seq=last[outcome.record]["seq"])
        if outcome.record in last
        else outcome
        for outcome in outcomes
    ]


def refused_late(sheet: Import) -> int | None:
    """The number of a row that was refused only while it was imported, where all rows were to be good."""
    if not sheet.facts.get("strict"):
        return None
    rows = import_rows.listed(sheet, [BAD], most=1).rows
    return rows[0][0] if rows else None


def _key(sheet: Import, line: int) -> str:
    """The entry key of a row."""
    return f"import/{sheet.id}/{line}"


def _made_before(cls: type[Record], keys: Sequence[str]) -> dict[str, ObjectId]:
    """The records that rows became before the work was cut off, wherever they are now: one query."""
    return {row["once"]: row["_id"] for row in cls._get_collection().find({"once": {"$in": list(keys)}}, {"once": 1})}


def _carried_out(  # noqa: PLR0913 - one row of a sheet, with what is known of it
    sheet: Import,
    reader: Reader,
    entry: RowEntry,
    seen: RowOutcome,
    made: Mapping[str, ObjectId],
    new: intents.Intent[Record],
    *,
    is_block: bool = False,
) -> RowOutcome:
    """Import one row, or find that it was imported already."""
    key = _key(sheet, entry.line)
    if key in made:
        return _own_state(sheet, made[key], CREATED)
    context = imports.context_of(sheet, confirmed=seen.verdict == DOUBT)
    verb = "create" if seen.record is None else "update"
    attempt = VerbAttempt(reader.actor, reader.cls, verb, context, seen.record, entry.record)
    if seen.record is not None and (entry.record is None or entry.record.version != seen.version):
        return _changed_before(sheet, seen, None if is_block else attempt)
    try:
        with noting(attempt):
            if entry.problems:
                raise Refused(None, {name: [words] for name, words in entry.problems})
            record = write_row(reader, entry, context, key if entry.record is None else None, new)
    except Changed:
        return _changed_before(sheet, seen)
    except (Missing, Refused) as fault:
        lines = [("", NOT_FOUND)] if isinstance(fault, Missing) else said_of(fault)
        return refused([(name, words) for name, words in lines if name != CONFIRM], record=seen.record)
    verdict = CREATED if seen.record is None else CHANGED
    left = RowOutcome(verdict, record.id, record.version, record.chain.get("seq", 0))
    leads_on = hasattr(record, "on_create") or entry.pictures
    return _own_state(sheet, record.id, verdict) if leads_on and not is_block else left


def _changed_before(sheet: Import, seen: RowOutcome, attempt: VerbAttempt | None = None) -> RowOutcome:
    """A record that is no longer as it was at the rehearsal: this import was there itself, or somebody else was.
    `attempt`: where the gate was not asked, and so has not written it down."""
    if seen.record is not None and _entry(seen.record, sheet.batch) is not None:
        return _own_state(sheet, seen.record, CHANGED)
    if attempt is not None:
        note(attempt, Changed(attempt.record, seen.version) if attempt.record else Missing())
    return refused([("", CHANGED_SINCE)], record=seen.record)


def _entry(record: ObjectId, batch: str) -> dict[str, Any] | None:
    """The entry that a batch left in the history of a record."""
    rows = get_db()[HISTORY].find({"record": record}).sort("seq", -1).limit(200)
    return next((row for row in rows if row.get("batch") == batch), None)


def _own_state(sheet: Import, record: ObjectId, verdict: str) -> RowOutcome:
    """The version in which an import left a record: that of its own entries and of what followed by rule."""
    version, seq = 0, 0
    for row in get_db()[HISTORY].find({"record": record}).sort("seq", 1).limit(200):
        if row.get("batch") == sheet.batch or (version and row["seq"] == seq + 1 and row.get("door") == "rule"):
            version, seq = row["version"], row["seq"]
    return RowOutcome(verdict, record, version, seq)


def take_back(sheet: Import, reader: Reader, batch: RowBatch) -> None:
    """Take back what the rows of a batch became: new records go to the bin, changed ones get their former values.

    What somebody has touched since stays, and so does what the gate does not let go; each says why. Some rows at a time
    are one transaction; where one of them stays, they are taken one by one.
    """
    outcomes = list(batch.outcomes)
    chosen = [at for at, outcome in enumerate(outcomes) if outcome.verdict in (CREATED, CHANGED)]
    for begin in range(0, len(chosen), BACK_AT_ONCE):
        some = chosen[begin : begin + BACK_AT_ONCE]
        back = _back_together(sheet, reader, [outcomes[at] for at in some])
        for at, outcome in zip(some, back, strict=True):
            outcomes[at] = outcome
    import_rows.keep_outcomes(sheet, batch, outcomes, step=TOOK_BACK)


def _back_together(sheet: Import, reader: Reader, some: Sequence[RowOutcome]) -> list[RowOutcome]:
    def each() -> Iterator[RowOutcome]:
        for item in some:
            yield _taken_back(sheet, reader, item, _binned if item.verdict == CREATED else _changed_back)

    def all_or_none() -> list[RowOutcome]:
        outcomes = []
        for outcome in each():
            if outcome.verdict == LEFT_AS_IS:
                raise _RefusedNow  # at once: what the database has refused ends the transaction
            outcomes.append(outcome)
        return outcomes

    try:
        result: list[RowOutcome] = changes.in_batch(all_or_none)
    except _RefusedNow:
        forget_read(reader.cls.type_name())
        return [*each()]
    return result


Back = Callable[[Import, Reader, RowOutcome], RowOutcome]


def _taken_back(sheet: Import, reader: Reader, outcome: RowOutcome, back: Back) -> RowOutcome:
    facts: dict[str, Any] = {"record": outcome.record, "version": outcome.version}
    try:
        return back(sheet, reader, outcome)
    except (Changed, Missing) as fault:
        if outcome.record is not None and _entry(outcome.record, sheet.back_batch) is not None:
            return RowOutcome(BINNED if outcome.verdict == CREATED else BACK, outcome.record)
        return refused([("", TOUCHED if isinstance(fault, Changed) else NOT_FOUND)], LEFT_AS_IS, **facts)
    except Refused as fault:
        return refused(said_of(fault), LEFT_AS_IS, **facts)


def _binned(sheet: Import, reader: Reader, outcome: RowOutcome) -> RowOutcome:
    """Put a record that the import made into the bin. Raises Missing, Refused, Changed."""
    if _is_touched(outcome):
        raise Changed(rights.find(reader.actor, reader.cls, outcome.record), outcome.version)
    context = imports.context_of(sheet, back=True)
    changes.remove(reader.cls, outcome.record, actor=reader.actor, version=outcome.version, context=context)
    return RowOutcome(BINNED, outcome.record)


def _is_touched(outcome: RowOutcome) -> bool:
    """Whether somebody has added to a record since, be it a comment or a file, beyond looking at it."""
    later = {"record": outcome.record, "seq": {"$gt": outcome.seq}, "verb": {"$nin": sorted(_LOOKING)}}
    return get_db()[HISTORY].find_one(later, {"_id": 1}) is not None


def _changed_back(sheet: Import, reader: Reader, outcome: RowOutcome) -> RowOutcome:
    """Give a record its former values. Raises Missing, Refused, Changed."""
    entry = _entry(outcome.record, sheet.batch) if outcome.record else None
    if entry is None:
        raise Missing
    batches.take_back(reader.cls, entry, reader.actor, sheet.back_batch, source=Source.IMPORT)
    return RowOutcome(BACK, outcome.record)
