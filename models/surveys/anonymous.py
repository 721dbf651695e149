"""Anonymous answers: a way of their own past everything that could lead back to a person.

An answer is no record: it has a random name, no number, no time, no history. It waits in a holding place, a single
sealed text of even length that is shuffled and written anew with each answer, and leaves it in shuffled groups of at
least five. Whoever reads the whole database, its order and earlier states of it too, learns of an answer that it is one
of a group. What was released is named by hashes: the list of them is public, and its own hash stands in the survey,
whose history is sealed; so nobody changes, removes or adds an answer unnoticed.
"""

from __future__ import annotations

import hashlib
import json
import random
import secrets
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bson import Binary, ObjectId
from mongoengine.connection import get_db
from pymongo.client_session import ClientSession

from ..kernel.base.clock import now, today
from ..kernel.base.collections import SURVEY_ANSWERS, SURVEY_BOXES, SURVEY_COUNTS, archive_of
from ..kernel.base.errors import Refused
from ..kernel.base.people import SYSTEM
from ..kernel.base.secrets import seal, unseal
from ..kernel.base.store import in_unit
from ..kernel.base.words import L, Words
from ..kernel.gate import changes
from ..kernel.gate.acts import Context
from ..kernel.gate.sources import Source
from ..kernel.gate.unit import Unit, in_transaction
from ..kernel.language.kinds.answers import EDITION, GIVEN
from ..services.keeping import audit
from .surveys import GRACE, Survey, end_of

GROUP = 5  # the least size of a group in which answers leave the holding place
FULL = 2 * GROUP  # so many wait before some leave, so that the last group is whole, too
ANSWER_MAX = 256 * 1024
PADDED_TO = 64 * 1024
PLACE = "survey_box"
ANSWER, RECEIPT, CONTENT = "answer", "receipt", "content"
_chance = random.SystemRandom()
TOO_LONG = L("All answers together are too long. Please shorten the long texts.", "回答總長度過長，請縮短長文字。")
OTHER_LIST = L(
    "its released answers are not those of its sealed list: {count} stand there, {sealed} were released",
    "已釋出的回答與封存清單不符：現有 {count} 份，釋出 {sealed} 份",
)
CHANGED_ANSWER = L("an anonymous answer was changed ({name})", "匿名回答被更改（{name}）")
BOX_CLOSED = L("its holding place does not open", "待釋出的回答無法開啟")
LOST = L("{complete} anonymous answers came in, and {there} are there", "共收到 {complete} 份匿名回答，現有 {there} 份")


def receipt_of(survey: str, edition: str, given: Mapping[str, Any], nonce: str) -> str:
    """What a respondent can prove with: the SHA-256 of `statement`."""
    return hashlib.sha256(statement(survey, edition, given, nonce).encode()).hexdigest()


def statement(survey: str, edition: str, given: Mapping[str, Any], nonce: str) -> str:
    """The text over which a receipt is made: survey, edition, answers, and what the respondent alone has."""
    return "\n".join((survey, edition, canonical(given), nonce))


def canonical(given: Mapping[str, Any]) -> str:
    """Answers as one text, the same whatever their order."""
    return json.dumps(given, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def content_hash(row: Mapping[str, Any]) -> str:
    """What a released answer is known by: a hash over its name, its receipt and what was answered."""
    answer = row[ANSWER]
    parts = (str(row["_id"]), str(row["survey"]), row[RECEIPT], answer[EDITION], canonical(answer[GIVEN]))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def list_of(rows: Iterable[Mapping[str, Any]]) -> str:
    """The public list of released answers: a receipt and a content hash to a line, in order."""
    return "".join(f"{line}\n" for line in sorted(f"{row[RECEIPT]} {row[CONTENT]}" for row in rows))


def root_of(text: str) -> str:
    """The hash of a public list, which stands in the survey."""
    return hashlib.sha256(text.encode()).hexdigest()


def take_in(survey: Survey, edition: str, given: Mapping[str, Any]) -> tuple[str, str]:
    """Take an answer into the holding place, in the transaction that is under way, and let a group leave it where
    enough wait. Returns its receipt and the nonce, which is kept nowhere. Raises Refused where it is too long."""
    nonce = secrets.token_hex(16)
    if len(canonical(given).encode()) > ANSWER_MAX:
        raise Refused(TOO_LONG)
    receipt = receipt_of(survey.number, edition, given, nonce)
    waiting = [*held(survey.id), {EDITION: edition, GIVEN: dict(given), RECEIPT: receipt}]
    if len(waiting) >= FULL:
        waiting = _released(survey, waiting, len(waiting) - GROUP)
    _hold(survey.id, waiting)
    return receipt, nonce


def release_rest(survey: Survey) -> int:
    """Let all that wait leave, once nothing more comes in: where they are a group. Returns how many left."""

    def body(unit: Unit) -> int:
        waiting = held(survey.id)
        if len(waiting) < GROUP:
            return 0
        _hold(survey.id, _released(survey, waiting, len(waiting)))
        return len(waiting)

    return in_transaction(body)


def is_settled(survey: Survey) -> bool:
    """Whether nothing more comes in, and all that ever leaves the holding place has left it."""
    end = end_of(survey)
    if survey.state != "closed" or end is None or now() < end + GRACE:
        return False
    try:
        return len(held(survey.id)) < GROUP
    except ValueError:
        return False


def held(survey: ObjectId) -> list[dict[str, Any]]:
    """What waits. Raises ValueError where the holding place does not open with any key."""
    return _opened(in_unit(SURVEY_BOXES).find_one({"_id": survey}))


def _opened(row: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    answers: list[dict[str, Any]] = json.loads(unseal(bytes(row["content"]), PLACE))["answers"] if row else []
    return answers


def _hold(survey: ObjectId, waiting: list[dict[str, Any]]) -> None:
    """Write the holding place anew: shuffled, and padded so that its length says next to nothing."""
    content = {"answers": shuffled(waiting), "salt": secrets.token_hex(16), "pad": ""}
    length = len(json.dumps(content, ensure_ascii=False).encode())
    content["pad"] = "0" * (-length % PADDED_TO)
    text = Binary(seal(json.dumps(content, ensure_ascii=False), PLACE))
    in_unit(SURVEY_BOXES).replace_one({"_id": survey}, {"_id": survey, "content": text}, upsert=True)


def shuffled(answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Answers in an order that nobody can foretell."""
    return _chance.sample(answers, len(answers))


def _released(survey: Survey, waiting: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """Let so many leave, chosen and ordered by chance, and note the new list in the survey; returns the others."""
    mixed = shuffled(waiting)
    rows = released_rows(survey.id, mixed[:count])
    in_unit(SURVEY_ANSWERS).insert_many(rows)
    text = public_list(survey)
    facts = {"released": text.count("\n"), "released_list": root_of(text)}
    changes.update(Survey, survey.id, facts, actor=SYSTEM, version=None, context=Context(source=Source.RULE))
    return mixed[count:]


def released_rows(survey: ObjectId, answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Answers as they are released: in a new order, under random names, with the day alone."""
    day = today().isoformat()
    return [_row(survey, day, answer) for answer in shuffled(answers)]


def _row(survey: ObjectId, day: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    row = {
        "_id": secrets.token_hex(16),
        "survey": survey,
        "day": day,
        ANSWER: {GIVEN: answer[GIVEN], EDITION: answer[EDITION]},
        RECEIPT: answer[RECEIPT],
    }
    return row | {CONTENT: content_hash(row)}


def rows_of(survey: ObjectId, **query: Any) -> Iterator[dict[str, Any]]:
    """The released answers of a survey."""
    return in_unit(SURVEY_ANSWERS).find({"survey": survey, **query})


def public_list(survey: Survey) -> str:
    """The list that everybody who answered may see."""
    return list_of(in_unit(SURVEY_ANSWERS).find({"survey": survey.id}, {RECEIPT: 1, CONTENT: 1, "_id": 0}))


def is_listed(survey: Survey, receipt: str) -> bool:
    """Whether an answer was released under this receipt."""
    return get_db()[SURVEY_ANSWERS].find_one({"survey": survey.id, RECEIPT: receipt}, {"_id": 1}) is not None


@audit.also
def faults(session: ClientSession) -> Iterator[tuple[str, Words]]:
    """What is wrong with anonymous answers: pairs of the number of the survey and what was noticed."""
    fields = {"number": 1, "released": 1, "released_list": 1}
    for name in (Survey.type_name(), archive_of(Survey.type_name())):
        for row in get_db()[name].find({"anonymous": True}, fields, session=session):
            yield from ((row["number"], sentence) for sentence in _faults_of(row, session))


def _faults_of(survey: Mapping[str, Any], session: ClientSession) -> Iterator[Words]:
    rows = list(get_db()[SURVEY_ANSWERS].find({"survey": survey["_id"]}, session=session))
    for row in rows:
        if _hash_or_none(row) != row.get(CONTENT):
            yield CHANGED_ANSWER(name=str(row["_id"])[:8])
    listed = root_of(list_of({**row, CONTENT: _hash_or_none(row)} for row in rows)) if rows else None
    sealed = survey.get("released") or 0
    if listed != (survey.get("released_list") or None) or len(rows) != sealed:
        yield OTHER_LIST(count=len(rows), sealed=sealed)
    try:
        waiting = len(_opened(get_db()[SURVEY_BOXES].find_one({"_id": survey["_id"]}, session=session)))
    except ValueError:
        yield BOX_CLOSED()
        return
    complete = get_db()[SURVEY_COUNTS].find_one({"_id": survey["_id"]}, session=session) or {"complete": 0}
    if complete["complete"] != len(rows) + waiting:
        yield LOST(complete=complete["complete"], there=len(rows) + waiting)


def _hash_or_none(row: Mapping[str, Any]) -> str | None:
    """The hash of an answer as it stands; None of what is none any more."""
    try:
        return content_hash(row)
    except (KeyError, TypeError, ValueError):
        return None
