"""What people wrote in their own words: tagged, and made a requirement, each once (2.1.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bson import ObjectId
from mongoengine.connection import get_db

from ..kernel.base import clock
from ..kernel.base.collections import SURVEY_VERBATIMS
from ..kernel.base.errors import Forbidden, Refused
from ..kernel.base.people import Actor
from ..kernel.base.store import in_unit
from ..kernel.base.words import L
from ..kernel.gate import changes
from ..kernel.gate.unit import Unit, in_transaction
from ..kernel.rights import rights
from ..market import Requirement
from .surveys import Survey

TAGS_MAX, TAG_MAX = 10, 30
SUBJECT_MAX = 60
LONG_TAGS = L("At most {most} tags of {length} characters each.", "最多 {most} 個標籤，每個不超過 {length} 字。")


def key_of(answer: Any, question: str) -> str:
    """The name of what one answer says to one question."""
    return f"{answer}:{question}"


def noted(survey: ObjectId, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
    """What was noted of some texts, by name."""
    return {row["_id"]: row for row in get_db()[SURVEY_VERBATIMS].find({"_id": {"$in": list(keys)}, "survey": survey})}


def tagged(survey: ObjectId, tag: str) -> set[str]:
    """The names of the texts with a tag."""
    return {row["_id"] for row in get_db()[SURVEY_VERBATIMS].find({"survey": survey, "tags": tag}, {"_id": 1})}


def tags_in(survey: ObjectId) -> list[str]:
    """All tags that stand at texts of a survey."""
    return sorted(get_db()[SURVEY_VERBATIMS].distinct("tags", {"survey": survey}))


def tag(survey: Survey, key: str, text: str, *, actor: Actor) -> None:
    """Give a text its tags, instead of those it had. Raises Forbidden, Refused."""
    _refuse_others(survey, actor)
    tags = list(dict.fromkeys(part.strip() for part in text.replace("，", ",").replace("、", ",").split(",")))
    tags = [part for part in tags if part]
    if len(tags) > TAGS_MAX or any(len(part) > TAG_MAX or not part.isprintable() for part in tags):
        raise Refused(LONG_TAGS(most=TAGS_MAX, length=TAG_MAX))
    in_unit(SURVEY_VERBATIMS).update_one({"_id": key}, {"$set": {"survey": survey.id, "tags": tags}}, upsert=True)


def to_requirement(survey: Survey, key: str, text: str, facts: Mapping[str, Any], *, actor: Actor) -> Requirement:
    """Make a requirement of a text, once; each leads to the other. Raises Forbidden, Refused."""
    _refuse_others(survey, actor)

    def body(unit: Unit) -> Requirement:
        values = {
            "subject": " ".join(text.split())[:SUBJECT_MAX],
            "description": text,
            "source": "customer",
            "source_reference": survey.number,
            "channel": "questionnaire",
            "collected_on": clock.today(),
            "survey": survey.id,
            **facts,
        }
        made = changes.create(Requirement, values, actor=actor, once=f"verbatim:{key}")
        facts_of_text = {"$set": {"survey": survey.id, "requirement": made.id, "number": made.number}}
        in_unit(SURVEY_VERBATIMS).update_one({"_id": key}, facts_of_text, upsert=True)
        return made

    return in_transaction(body)


def _refuse_others(survey: Survey, actor: Actor) -> None:
    if not rights.is_writer(actor, Survey, survey):
        raise Forbidden(rights.NOT_YOURS)
