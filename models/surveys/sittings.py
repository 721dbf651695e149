"""Half-filled answers: kept under a link that the respondent alone has, and sent once.

The database holds the hash of the link, and what was typed under a key that follows from the link: whoever reads the
database reads nothing of it. It stays after sending, so that the link says what became of it, and goes by itself.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bson import Binary, ObjectId
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from mongoengine.connection import get_db
from pymongo import ReturnDocument

from .. import public_links
from ..kernel.base import clock
from ..kernel.base.collections import SITTINGS, SURVEY_COUNTS
from ..kernel.base.errors import Refused
from ..kernel.base.people import SYSTEM
from ..kernel.base.store import in_unit
from ..kernel.base.words import L, current_locale
from ..kernel.gate import changes, editions
from ..kernel.gate.acts import Context
from ..kernel.gate.sources import Source
from ..kernel.gate.unit import Unit, in_transaction
from ..kernel.language.kinds.answers import EDITION, GIVEN
from ..kernel.language.questions.given import settled
from ..kernel.language.questions.question import Question
from ..kernel.language.questions.sheet import questions_of
from ..kernel.rights import rights
from . import anonymous
from .invitations import SurveyInvitation
from .responses import SurveyResponse
from .surveys import Opening, Survey, opening_of

TOKEN_MAX = 100
DAYS_KEPT = 60
RECEIPT_DAYS = 400  # so long a respondent can look an anonymous answer up, past the end of most surveys
NONCE_BYTES = 12
OVER = L(
    "The survey is over, and this came too late to be counted. Nothing was stored.",
    "問卷已結束，提交過晚，未計入。",
    code="over",
)
FULL = L(
    "The survey has as many answers as it takes. Nothing was stored.", "問卷已達到完成份數上限，未保存。", code="full"
)
USED = L("This invitation was used already. Nothing was stored.", "此邀請已使用過，未保存。", code="used")
PAUSED = L(
    "The survey is paused at the moment. What you typed is kept under this link; please send it later.",
    "問卷暫停中。您填寫的內容已保存在此鏈接下，請稍後提交。",
    code="paused",
)


@dataclass(frozen=True)
class Sitting:
    """What one respondent has typed so far, by key of the question, and in which edition of the questions."""

    token: str
    survey: ObjectId
    edition: str
    begun: dt.datetime
    given: Mapping[str, Any] = field(default_factory=dict)
    contact: Mapping[str, str] = field(default_factory=dict)
    is_test: bool = False
    invitation: ObjectId | None = None
    sent: str = ""  # the number or receipt under which it was taken in
    nonce: str = ""  # of an anonymous answer: what nobody else has

    @property
    def questions(self) -> tuple[Question, ...]:
        return editions.questions_in(self.edition)


def begin(survey: Survey, *, is_test: bool = False, token: str = "", invitation: ObjectId | None = None) -> Sitting:
    """A new sitting of somebody, with the questions as they stand now. `token`: its link, where it follows from that of
    an invitation; begun before, it is gone on with."""
    if token and (before := opened(token)):
        return before
    sitting = Sitting(
        token or new_token(),
        survey.id,
        editions.keep(stored_lines(survey)),
        clock.now(),
        is_test=is_test,
        invitation=invitation,
    )
    until = clock.start_of(clock.today() + dt.timedelta(days=DAYS_KEPT))
    row = {"_id": _id_of(sitting.token), "survey": survey.id, "until": until, "is_test": is_test, "is_sent": False}
    in_unit(SITTINGS).insert_one({**row, "content": _sealed(sitting)})
    return sitting


def stored_lines(survey: Survey) -> list[dict[str, Any]]:
    """The lines of the questions of a survey as the database keeps them."""
    row = get_db()[Survey.type_name()].find_one({"_id": survey.id}, {"questions": 1}) or {}
    return [line for line in row.get("questions") or () if isinstance(line, dict)]


def questions_now(survey: Survey) -> list[Question]:
    """The questions of a survey as they stand."""
    return questions_of(stored_lines(survey))


def opened(token: str) -> Sitting | None:
    """The sitting of a link; None of a link that leads nowhere."""
    token = token[:TOKEN_MAX]
    row = get_db()[SITTINGS].find_one({"_id": _id_of(token)})
    return _unsealed(token, row["content"]) if row else None


def keep(sitting: Sitting) -> None:
    """Keep what was typed. What was sent meanwhile stays as it was sent."""
    in_unit(SITTINGS).update_one(
        {"_id": _id_of(sitting.token), "is_sent": False}, {"$set": {"content": _sealed(sitting)}}
    )


def half_filled(survey: Survey) -> int:
    """How many have begun and not sent."""
    return get_db()[SITTINGS].count_documents({"survey": survey.id, "is_sent": False, "is_test": False})


def is_full(survey: Survey) -> bool:
    """Whether as many answers are complete as the survey takes."""
    limit = survey.complete_limit
    return bool(limit) and completed(survey) >= limit


def completed(survey: Survey) -> int:
    """How many complete answers were taken in."""
    row = get_db()[SURVEY_COUNTS].find_one({"_id": survey.id}, {"complete": 1})
    return int(row["complete"]) if row else 0


def follows(token: str, after: str) -> str:
    """Under which link the receipt of an anonymous answer stands that was half filled under the link of a mail: `after`
    is known to the page alone from which it was sent. Sent twice by it, the receipt is found."""
    return public_links.derived_token(token, f"sent {after[:TOKEN_MAX]}") if after else new_token()


def new_token() -> str:
    return secrets.token_urlsafe(32)


def send(sitting: Sitting, after: str = "") -> Sitting:
    """Take in the answers of a sitting, once; sent again, the sitting as it was sent comes back. Raises Refused with
    what is wrong by question, and where the survey takes no more.

    Of an anonymous answer to an invitation nothing stays under the link of the mail: its receipt moves to another."""

    def body(unit: Unit) -> Sitting:
        row = in_unit(SITTINGS).find_one({"_id": _id_of(sitting.token)})
        if row is None:
            raise Refused(OVER)
        if row["is_sent"]:
            return _unsealed(sitting.token, row["content"]) or sitting
        survey = rights.find(SYSTEM, Survey, sitting.survey)
        if not sitting.is_test:
            _refuse_unless_open(survey, sitting)
        if sitting.invitation and not public_links.use(sitting.invitation):
            raise Refused(USED)
        done = _taken_in(survey, sitting)
        if done.nonce and sitting.invitation:
            return _moved(row, replace(done, token=follows(sitting.token, after), invitation=None))
        content = {"content": _sealed(done), "is_sent": True}
        if done.nonce:
            content["until"] = row["until"] + dt.timedelta(days=RECEIPT_DAYS - DAYS_KEPT)
        in_unit(SITTINGS).update_one({"_id": row["_id"], "is_sent": False}, {"$set": content})
        return done

    return in_transaction(body)


def _moved(row: dict[str, Any], done: Sitting) -> Sitting:
    """Put what was sent under another link, and take away what was half filled."""
    in_unit(SITTINGS).delete_one({"_id": row["_id"]})
    until = row["until"] + dt.timedelta(days=RECEIPT_DAYS - DAYS_KEPT)
    fresh = {**row, "_id": _id_of(done.token), "content": _sealed(done), "is_sent": True, "until": until}
    in_unit(SITTINGS).insert_one(fresh)
    return done


def _refuse_unless_open(survey: Survey, sitting: Sitting) -> None:
    standing = opening_of(survey, sitting.begun)
    if standing is not Opening.OPEN:
        raise Refused(PAUSED if standing is Opening.PAUSED else OVER)
    counted = in_unit(SURVEY_COUNTS).find_one_and_update(
        {"_id": survey.id}, {"$inc": {"complete": 1}}, upsert=True, return_document=ReturnDocument.AFTER
    )
    if counted and survey.complete_limit and counted["complete"] > survey.complete_limit:
        raise Refused(FULL)


def _taken_in(survey: Survey, sitting: Sitting) -> Sitting:
    """Take in the answers: anonymous ones by their own way, all others as a record."""
    if not survey.anonymous or sitting.is_test:
        return replace(sitting, sent=_entered(survey, sitting))
    result = settled(sitting.questions, sitting.given)
    if result.problems:
        raise Refused(None, {f"answers.{key}": [sentence] for key, sentence in result.problems.items()})
    receipt, nonce = anonymous.take_in(survey, sitting.edition, result.values)
    return replace(sitting, given=result.values, contact={}, sent=receipt, nonce=nonce)


def _entered(survey: Survey, sitting: Sitting) -> str:
    """Enter the answers as a record, through the gate."""
    values = {
        "survey": survey.id,
        "answers": {GIVEN: dict(sitting.given), EDITION: sitting.edition},
        "language": current_locale(),
        "is_test": sitting.is_test,
        "owner": survey.ref("owner"),
        "invitation": sitting.invitation,
        **{name: text for name, text in sitting.contact.items() if text},
    }
    context = Context(source=Source.PUBLIC, confirmed=True)
    once = f"sitting:{_id_of(sitting.token)}"
    record = changes.create(SurveyResponse, values, actor=SYSTEM, context=context, once=once)
    if sitting.invitation:
        changes.move(SurveyInvitation, sitting.invitation, "answer", actor=SYSTEM, version=None, context=context)
    return record.number


def _id_of(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _cipher(token: str) -> AESGCM:
    return AESGCM(hmac.digest(token.encode("utf-8", "replace"), b"guicheng sitting", "sha256"))


def _sealed(sitting: Sitting) -> Binary:
    content = {
        "survey": str(sitting.survey),
        "edition": sitting.edition,
        "begun": sitting.begun.isoformat(),
        "given": dict(sitting.given),
        "contact": dict(sitting.contact),
        "is_test": sitting.is_test,
        "sent": sitting.sent,
        "invitation": str(sitting.invitation or ""),
        "nonce": sitting.nonce,
    }
    nonce = secrets.token_bytes(NONCE_BYTES)
    text = json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")
    return Binary(nonce + _cipher(sitting.token).encrypt(nonce, text, None))


def _unsealed(token: str, content: bytes) -> Sitting | None:
    try:
        text = _cipher(token).decrypt(bytes(content[:NONCE_BYTES]), bytes(content[NONCE_BYTES:]), None)
    except InvalidTag:
        return None
    kept = json.loads(text)
    kept |= {"survey": ObjectId(kept["survey"]), "begun": dt.datetime.fromisoformat(kept["begun"])}
    kept["invitation"] = ObjectId(kept["invitation"]) if kept["invitation"] else None
    return Sitting(token=token, **kept)
