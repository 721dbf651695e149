"""How far somebody is within a lesson that is played (5.2): a SCORM package or a video.

Position, status, score and time are kept per person and lesson beside the record, since they change by the second;
what came of them stands in the learning itself.

A page that plays a lesson has a launch: a random key for the address of the contents, bound to one person, one lesson
and one file, which ends some minutes after the page is gone. Time counts by our clock: all pages together have been
open for so long, and no package claims more.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ..kernel.base import clock
from ..kernel.base.collections import COURSE_LAUNCHES, COURSE_TRACKS, FILES
from ..kernel.base.errors import Missing, Refused
from ..kernel.base.people import Actor
from ..kernel.base.secrets import keyed_digest
from ..kernel.base.store import in_unit, row_of
from ..kernel.base.words import L
from ..kernel.gate.unit import Unit, in_transaction
from ..services.files import tampering, viewing
from . import courses, scorm
from .courses import Enrolment, Lesson
from .packages import SCO, PackageItem, items_of, newest_named, package_of
from .watched import covered, merged

ALIVE = dt.timedelta(minutes=10)  # a launch ends so long after its page was last heard of
APART = dt.timedelta(minutes=5)  # between two signs of a page no more than this counts as open
KEPT = dt.timedelta(days=730)
WATCHED_SHARE = Decimal("0.95")
SPEED, LEEWAY = 2, 15  # a video runs at double speed at most; seconds that reports may be early
VIDEO_SECONDS_MAX = 100_000
PLACE_MAX = 10**9
LABEL_LENGTH = 20
PLAYED = frozenset({"scorm", "video"})
NOT_IN_MODEL = L(
    "The package sent something that SCORM {version} does not take ({element}); it was not saved.",
    "課件發送了 SCORM {version} 不接受的內容（{element}），未保存。",
)
NOT_FINISHED = L(
    "“{lesson}” is done when it has been worked through; the course notes that by itself.",
    "「{lesson}」學完後由系統自動記錄，無需手動標記。",
)


@dataclass(frozen=True)
class LessonLaunch:
    """What a page that plays a lesson is given: the key of the address, and the name of the host that is its own."""

    key: str
    label: str


@dataclass(frozen=True)
class LessonStanding:
    """How far somebody is: whether the lesson is done, the seconds that count, and of each part its status."""

    is_done: bool = False
    seconds: int = 0
    statuses: Mapping[str, str] | None = None
    position: float = 0.0
    share: Decimal = Decimal(0)


@dataclass(frozen=True)
class Played:
    """What stands behind a launch: its row, the file, the part of the package, and its version."""

    row: Mapping[str, Any]
    file: Mapping[str, Any]
    item: PackageItem
    version: str


def begin(
    me: Actor, enrolment: Enrolment, lesson: Lesson, file: Mapping[str, Any], place: int, origin: str
) -> LessonLaunch:
    """Let a page of somebody play a lesson; `origin` is that of the page. Raises Missing, Forbidden."""
    viewing.may_look(file["_id"], actor=me)
    tampering.refuse_changed_content(file)
    key, now, label = secrets.token_urlsafe(32), clock.now(), label_for(me, file)
    row = {
        "_id": _digest(key),
        "person": me.id,
        "enrolment": enrolment.id,
        "lesson": lesson.key,
        "file": file["_id"],
        "place": place,
        "origin": origin,
        "label": label,
        "at": now,
        "until": now + ALIVE,
        "credited": 0,
        "expires": now + dt.timedelta(days=1),
    }
    in_unit(COURSE_LAUNCHES).insert_one(row)
    return LessonLaunch(key, label)


def label_for(me: Actor, file: Mapping[str, Any]) -> str:
    """The host name on which somebody opens a package: its own for each person and content, so that no package finds
    what another one has left in the browser."""
    return keyed_digest(f"contents:{me.id}:{file['sha256']}")[:LABEL_LENGTH]


def played(key: str, label: str) -> Played:
    """What a key opens for whoever has it, as long as its page is open, on the host that is its own (without a label:
    on any). Raises Missing."""
    host = {"label": label} if label else {}
    row = row_of(COURSE_LAUNCHES, {"_id": _digest(key), **host, "until": {"$gt": clock.now()}})
    if row is None or row_of("user", {"_id": row["person"], "active": True}) is None:
        raise Missing
    return _played(row)


def _played(row: Mapping[str, Any]) -> Played:
    file = row_of(FILES, {"_id": row["file"], "removed_at": None})
    package = package_of(file)
    if file is None or package is None or (file.get("scan") or {}).get("state") == "infected":
        raise Missing
    items = items_of(file)
    if row["place"] >= len(items):
        raise Missing
    return Played(row, file, items[row["place"]], package["version"])


def _own(me: Actor, enrolment: Enrolment, key: str) -> Mapping[str, Any]:
    """The launch of a page of the person themselves, by the session that sends. Raises Missing."""
    query = {"_id": _digest(key), "person": me.id, "enrolment": enrolment.id}
    if (row := row_of(COURSE_LAUNCHES, query)) is None:
        raise Missing
    return row


def state_for(this: Played, me: Actor) -> dict[str, str]:
    """The elements that a package finds at its launch: what it has left, and what we tell it."""
    version, rules = this.version, this.item.rules
    part = row_of(COURSE_TRACKS, {"_id": _part_id(this.row)}) or {}
    values: dict[str, str] = json.loads(part.get("values", "{}")) if part.get("sha256") == this.file["sha256"] else {}
    person, total = keyed_digest(f"learner:{me.id}")[:24], scorm.time_words(version, part.get("seconds", 0))
    entry = "resume" if values else "ab-initio"
    if version == scorm.V12:
        core = {"student_id": person, "student_name": me.name, "entry": entry, "total_time": total}
        core |= {"credit": "credit", "lesson_mode": "normal"}
        facts = {f"cmi.core.{name}": value for name, value in core.items()}
        facts |= {"cmi.launch_data": rules.get("data", ""), "cmi.comments_from_lms": ""}
        named = {"mastery_score": "mastery", "max_time_allowed": "max_time", "time_limit_action": "at_limit"}
        facts |= {f"cmi.student_data.{name}": rules.get(rule, "") for name, rule in named.items()}
        return {"cmi.core.lesson_status": "not attempted", **values, **facts}
    facts = {"learner_id": person, "learner_name": me.name, "entry": entry, "total_time": total}
    facts |= {"credit": "credit", "mode": "normal"}
    named = {"launch_data": "data", "max_time_allowed": "max_time", "time_limit_action": "at_limit"}
    named |= {"completion_threshold": "progress", "scaled_passing_score": "scaled"}
    facts |= {name: rules[rule] for name, rule in named.items() if rule in rules}
    unknown = {"cmi.completion_status": "unknown", "cmi.success_status": "unknown"}
    return {**unknown, **values, **{f"cmi.{name}": value for name, value in facts.items()}}


def commit(
    me: Actor, enrolment: Enrolment, key: str, values: Mapping[str, Any], *, is_over: bool, seq: Any = None
) -> LessonStanding:
    """Keep what a package says: the last commit stands, whatever page it came from, but nobody is set back from done.

    `seq`: the place of a commit among those of its page; one that was overtaken on the way changes nothing.
    Raises Missing, Refused (what the data model does not take)."""
    this = _played(_own(me, enrolment, key))
    if this.item.kind != SCO:
        values = _opened(this.version)
    elif (element := scorm.misfit(this.version, values)) is not None:
        raise Refused(NOT_IN_MODEL(version=this.version, element=element))
    given = scorm.settled(this.version, values, this.item.rules, is_over=is_over)
    place = seq if isinstance(seq, int) and 0 < seq < PLACE_MAX else 0

    def body(unit: Unit) -> LessonStanding:
        launch = _own(me, enrolment, key)
        track = _track_of(launch)
        if not place or place > launch.get("seq", 0):
            counted = _count(track, launch, scorm.seconds_claimed(this.version, values))
            _keep_part(this, given, counted, track)
            _write(track, launch, counted, place)
        return _standing(track, len(items_of(this.file)))

    return _noted(me, enrolment, str(this.row["lesson"]), in_transaction(body))


def _opened(version: str) -> dict[str, str]:
    """What is known of a part that does not speak to us: it was opened, and that is all of it."""
    return {"cmi.core.lesson_status" if version == scorm.V12 else "cmi.completion_status": "completed"}


def _keep_part(this: Played, given: Mapping[str, str], counted: int, track: dict[str, Any]) -> None:
    id, sha256 = _part_id(this.row), this.file["sha256"]
    before = row_of(COURSE_TRACKS, {"_id": id}) or {}
    old = json.loads(before.get("values", "{}")) if before.get("sha256") == sha256 else {}
    values = scorm.not_set_back(this.version, scorm.kept_of(given), old)
    place = str(this.row["place"])
    track["statuses"] = {**track.get("statuses", {}), place: scorm.status_of(this.version, values)}
    if scorm.is_done(this.version, values):
        track["done"] = sorted({*track.get("done", ()), place})
    if (score := scorm.score_of(this.version, values)) is not None:
        track["scores"] = {**track.get("scores", {}), place: str(score)}
    facts = {"enrolment": this.row["enrolment"], "sha256": sha256, "values": json.dumps(values, ensure_ascii=False)}
    facts |= {"seconds": before.get("seconds", 0) + counted, "expires": clock.now() + KEPT}
    in_unit(COURSE_TRACKS).replace_one({"_id": id}, facts, upsert=True)


def stays_open(me: Actor, enrolment: Enrolment, key: str) -> None:
    """The page that plays a lesson is still there. Raises Missing."""

    def body(unit: Unit) -> None:
        launch = _own(me, enrolment, key)
        track = _track_of(launch)
        _count(track, launch, 0)
        _write(track, launch)

    in_transaction(body)


def watch(
    me: Actor, enrolment: Enrolment, key: str, at: float, duration: float, seen: Sequence[tuple[float, float]]
) -> LessonStanding:
    """Keep where somebody is in a video, and which stretches of it they have watched since; no more of them counts than
    could be watched in the time that has passed. Raises Missing."""

    def body(unit: Unit) -> LessonStanding:
        launch = _own(me, enrolment, key)
        track = _track_of(launch)
        _count(track, launch, 0)
        length = min(max(duration, track.get("duration", 0.0)), VIDEO_SECONDS_MAX)
        stretches = merged([*track.get("seen", ()), *seen], length)
        if covered(stretches) <= SPEED * track["open"] + LEEWAY:
            track["seen"] = [[*stretch] for stretch in stretches]
        track |= {"duration": length, "position": min(max(at, 0.0), length)}
        _write(track, launch)
        return _standing(track, 0)

    lesson = str(_own(me, enrolment, key)["lesson"])
    return _noted(me, enrolment, lesson, in_transaction(body))


def _count(track: dict[str, Any], launch: Mapping[str, Any], claimed: int) -> int:
    """Let the time since the last sign count as open, and of what a package claims what fits in; returns that."""
    now = clock.now()
    since = max(clock.aware(track.get("seen_at") or launch["at"]), clock.aware(launch["at"]))
    track["open"] = track.get("open", 0) + max(0.0, min(now - since, APART).total_seconds())
    track["seen_at"] = max(now, since)
    more = claimed - launch["credited"] if claimed >= launch["credited"] else claimed
    counted = max(0, min(more, int(track["open"]) - track.get("seconds", 0)))
    track["seconds"] = track.get("seconds", 0) + counted
    return counted


def _write(track: dict[str, Any], launch: Mapping[str, Any], counted: int = 0, seq: int = 0) -> None:
    now = clock.now()
    in_unit(COURSE_TRACKS).replace_one({"_id": track["_id"]}, {**track, "expires": now + KEPT}, upsert=True)
    change = {"$set": {"until": now + ALIVE}, "$inc": {"credited": counted}, "$max": {"seq": seq}}
    in_unit(COURSE_LAUNCHES).update_one({"_id": launch["_id"]}, change)


def _track_of(launch: Mapping[str, Any]) -> dict[str, Any]:
    """The track of a lesson; begun anew where its file was replaced by another one, but for the time."""
    id, file = f"{launch['enrolment']}:{launch['lesson']}", launch["file"]
    track: dict[str, Any] = row_of(COURSE_TRACKS, {"_id": id}) or {"_id": id, "enrolment": launch["enrolment"]}
    if track.get("file") != file:
        kept = ("_id", "enrolment", "open", "seconds", "seen_at")
        track = {**{name: track[name] for name in kept if name in track}, "file": file}
    return track


def standing(enrolment: Enrolment, lesson: Lesson, file: Mapping[str, Any] | None) -> LessonStanding:
    """How far somebody is in a lesson with its present file."""
    track = row_of(COURSE_TRACKS, {"_id": f"{enrolment.id}:{lesson.key}"})
    if track is None or file is None or track.get("file") != file["_id"]:
        return LessonStanding(seconds=_spent(track or {}))
    return _standing(track, len(items_of(file)) if package_of(file) else 0)


def _standing(track: Mapping[str, Any], parts: int) -> LessonStanding:
    length = Decimal(str(track.get("duration", 0)))
    share = Decimal(str(covered(track.get("seen", ())))) / length if length else Decimal(0)
    is_done = len(track.get("done", ())) >= parts if parts else share >= WATCHED_SHARE
    position = float(track.get("position", 0))
    return LessonStanding(is_done, _spent(track), track.get("statuses", {}), position, min(share, Decimal(1)))


def _spent(track: Mapping[str, Any]) -> int:
    """The seconds that count: those that the package has claimed, else those that its page was open."""
    return int(track.get("seconds") or track.get("open", 0))


def _noted(me: Actor, enrolment: Enrolment, key: str, now: LessonStanding) -> LessonStanding:
    """With a lesson done the learning goes on by itself, as far as the lessons before are done."""
    if now.is_done and enrolment.state == "in_progress":
        try:
            finish(me, enrolment, key)
        except Refused:
            return now  # it comes in its turn: the page of the course offers it then
    return now


def finish(me: Actor, enrolment: Enrolment, key: str) -> Enrolment:
    """Note a lesson as done: what is played only once it was worked through. Raises Missing, Refused."""
    lesson = lesson_of(enrolment, key)
    if lesson.kind not in PLAYED:
        return courses.done_with(me, enrolment, key)
    track = row_of(COURSE_TRACKS, {"_id": f"{enrolment.id}:{key}"}) or {}
    now = standing(enrolment, lesson, file_of(enrolment, lesson))
    if not now.is_done:
        raise Refused(NOT_FINISHED(lesson=lesson.title))
    scores = [Decimal(text) for text in track.get("scores", {}).values()]
    score = (sum(scores, Decimal()) / len(scores)).quantize(Decimal("0.01")) if scores else None
    return courses.done_with(me, enrolment, key, spent=now.seconds, score=score)


def lesson_of(enrolment: Enrolment, key: str) -> Lesson:
    """A lesson of the course that somebody learns. Raises Missing."""
    lesson = next((line for line in enrolment.course.lessons or () if line.key == key), None)
    if lesson is None:
        raise Missing
    return lesson


def file_of(enrolment: Enrolment, lesson: Lesson | None) -> dict[str, Any] | None:
    """The attached file that a lesson names."""
    return newest_named(enrolment.course.id, lesson.file) if lesson is not None else None


def _part_id(row: Mapping[str, Any]) -> str:
    return f"{row['enrolment']}:{row['lesson']}:{row['place']}"


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
