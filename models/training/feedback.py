"""Feedback on a training (5.2): anonymous, shown from five answers on, and nothing of it leads back to a person.

An answer is no record: it has no number, no time, no history, and nobody is notified. All answers of a training are one
sealed text of even length, shuffled and written anew with each (as decision 015 has it); who has answered stands in it
as a digest, so that nobody answers twice. Ratings are kept as counts, apart from the comments.

What a session came to is shown once, when its time for answers is over; a course has no end, so that its answers count
in groups of five. So what is shown never changes by the answer of one person.
"""

from __future__ import annotations

import json
import random
import secrets
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bson import Binary, ObjectId

from ..kernel.base import clock
from ..kernel.base.arithmetic.ratio import Ratio
from ..kernel.base.collections import FEEDBACK_BOXES
from ..kernel.base.errors import Refused
from ..kernel.base.people import Actor, Role
from ..kernel.base.secrets import keyed_digest, seal, unseal
from ..kernel.base.store import in_unit
from ..kernel.base.words import L
from ..kernel.gate.unit import Unit, in_transaction
from ..kernel.language.record import Record
from ..kernel.rights import rights
from .courses import Course, Enrolment
from .sessions import TrainingSession, attended, feedback_ends

GROUP = 5  # below it nothing is shown; of a course so many are counted together
PADDED_TO = 16 * 1024
PLACE = "feedback_box"
COMMENT_MAX, COMMENTS_MAX = 1000, 2000
RATED = {
    "content": L("Contents", "內容"),
    "trainer": L("Trainer", "講師"),
    "useful": L("Of use in my work", "對工作的幫助"),
}
POINTS = ("1", "2", "3", "4", "5")
READERS = frozenset({Role.HR, Role.MANAGEMENT})
NOT_YOURS = L(
    "Feedback is given by those who took part, until its time is over.", "僅參訓人員可在期限內填寫反饋。", code="range"
)
TWICE = L("You have given your feedback already.", "您已提交過反饋。", code="twice")
RATE_ALL = L("Please rate each of them from 1 to 5.", "請逐項評分（1 至 5）。", code="required")
TOO_LONG = L("The comment is too long: {most} characters at most.", "意見過長，最多 {most} 字。", code="most")
_chance = random.SystemRandom()
Training = Course | TrainingSession


@dataclass(frozen=True)
class FeedbackShown:
    """What a training came to: how many answered, how often each number of points was given, and comments in an order
    that says nothing."""

    n: int
    counts: Mapping[str, Mapping[str, int]]
    comments: tuple[str, ...]

    def mean(self, name: str) -> Ratio:
        """The mean of one rating: sum of the points of how many."""
        counts = self.counts[name]
        return Ratio(sum(int(points) * count for points, count in counts.items()), sum(counts.values()))


def part_of(me: Actor, training: Training) -> ObjectId | None:
    """By what somebody took part: the session, or their finished learning of a course; None: they did not."""
    if isinstance(training, TrainingSession):
        if training.state not in ("held", "closed"):
            return None
        starts, ends = clock.aware(training.starts), clock.aware(training.ends)
        came = {line.ref("person") for line in training.participants or () if attended(line, starts, ends) > 0}
        return training.id if me.id in came else None
    query = {"course": training.id, "person": me.id, "state": "done", "removed_at": None}
    row = Enrolment.collection().find_one(query, {"_id": 1}, sort=[("_id", -1)])
    return row["_id"] if row else None


def is_over(training: Training) -> bool:
    """Whether nothing more comes in: of a session so long after its end, of a course when it is retired."""
    if isinstance(training, TrainingSession):
        return training.state in ("held", "closed") and clock.today() > feedback_ends(training)
    return training.state == "retired"


def may_give(me: Actor, training: Training) -> bool:
    """Whether somebody may give feedback, and has not yet."""
    if training.damaged or is_over(training) or (part := part_of(me, training)) is None:
        return False
    return _mark(me, training, part) not in _opened(training.id)["given"]


def give(me: Actor, training: Training, points: Mapping[str, str], comment: str) -> None:
    """Take the feedback of somebody, in a transaction that writes nothing else. Raises Refused where it is not theirs
    to give, or was given already."""
    if set(points) != set(RATED) or not set(points.values()) <= set(POINTS):
        raise Refused(RATE_ALL)
    if len(comment) > COMMENT_MAX:
        raise Refused(TOO_LONG(most=COMMENT_MAX))

    def body(unit: Unit) -> None:
        part = None if is_over(training) else part_of(me, training)
        if part is None:
            raise Refused(NOT_YOURS)
        box, mark = _opened(training.id), _mark(me, training, part)
        if mark in box["given"]:
            raise Refused(TWICE)
        box["given"].append(mark)
        box["waiting"].append({**points, "comment": comment.strip()})
        if isinstance(training, Course) and len(box["waiting"]) >= GROUP:
            _count(box)
        _hold(training.id, box)

    in_transaction(body)


def may_read(me: Actor, training: Training) -> bool:
    """Whether somebody reads what a training came to: its trainer, human resources, management."""
    return training.ref("trainer") == me.id or rights.has_role(me, READERS)


def shown(training: Training) -> FeedbackShown | None:
    """What a training came to; None where there is not enough, or it is not over yet."""
    box = _opened(training.id)
    if is_over(training) and len(box["waiting"]) >= GROUP:
        _count(box)
    if box["n"] < GROUP:
        return None
    return FeedbackShown(
        box["n"], {name: box["counts"].get(name, {}) for name in RATED}, tuple(sorted(box["comments"]))
    )


def _count(box: dict[str, Any]) -> None:
    """Let all that wait count: ratings as sums, comments apart from them."""
    for name in RATED:
        counts = Counter(box["counts"].get(name, {}))
        counts.update(answer[name] for answer in box["waiting"])
        box["counts"][name] = dict(sorted(counts.items()))
    box["comments"] += [answer["comment"] for answer in box["waiting"] if answer["comment"]]
    box["comments"] = sorted(box["comments"][:COMMENTS_MAX])
    box["n"] += len(box["waiting"])
    box["waiting"] = []


def _mark(me: Actor, training: Record, part: ObjectId) -> str:
    """What says that somebody has answered, to whom has the key alone."""
    return keyed_digest(f"feedback:{training.id}:{part}:{me.id}")


def _opened(training: ObjectId) -> dict[str, Any]:
    row = in_unit(FEEDBACK_BOXES).find_one({"_id": training})
    empty: dict[str, Any] = {"given": [], "waiting": [], "n": 0, "counts": {}, "comments": []}
    return empty | (json.loads(unseal(bytes(row["content"]), PLACE)) if row else {})


def _hold(training: ObjectId, box: dict[str, Any]) -> None:
    """Write all of it anew: in another order, and padded so that its length says next to nothing."""
    box["waiting"] = _chance.sample(box["waiting"], len(box["waiting"]))
    box["given"] = sorted(box["given"])
    content = {**box, "salt": secrets.token_hex(16), "pad": ""}
    length = len(json.dumps(content, ensure_ascii=False).encode())
    content["pad"] = "0" * (-length % PADDED_TO)
    text = Binary(seal(json.dumps(content, ensure_ascii=False), PLACE))
    in_unit(FEEDBACK_BOXES).replace_one({"_id": training}, {"_id": training, "content": text}, upsert=True)
