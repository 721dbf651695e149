"""The data model of SCORM 1.2 and SCORM 2004: which elements a package reads and writes, of which form and how long.

One table for both ends: the player answers a package by it at once, with the error codes of the standard, and the
server takes nothing that does not fit it, since whatever comes from a package may be forged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

V12, V2004 = "1.2", "2004"
INTERACTIONS_MAX, OBJECTIVES_MAX, INNER_MAX = 250, 100, 20
VALUES_MAX, CHARACTERS_MAX = 6_000, 300_000
SECONDS_CLAIMED_MAX = 10**7
READ, WRITE, BOTH = "r", "w", "rw"
STATUS_12 = "passed|completed|failed|incomplete|browsed"
RESULTS_12 = "correct|wrong|unanticipated|neutral"
KINDS_12 = "true-false|choice|fill-in|matching|performance|sequencing|likert|numeric"
KINDS_2004 = f"{KINDS_12}|long-fill-in|other"
SUCCESS, COMPLETION = "passed|failed|unknown", "completed|incomplete|unknown|not attempted"
_INDEX = re.compile(r"\.(\d{1,4})(?=\.|$)")
_CLOCK = re.compile(r"^\d{2,4}:[0-5]\d:[0-5]\d(\.\d{1,2})?$")
_TIME = re.compile(r"^([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,2})?$")
_DURATION = re.compile(
    r"^P(?=.)(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,5})D)?(?:T(?=.)(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,9}(?:\.\d{1,2})?)S)?)?$"
)
_MOMENT = re.compile(
    r"^\d{4}(-\d\d(-\d\d(T\d\d(:\d\d(:\d\d(\.\d{1,2})?(Z|[+-]\d\d(:\d\d)?)?)?)?)?)?)?$",
)
_NUMBER = re.compile(r"^-?\d{1,10}(\.\d{1,10})?$")
_DURATION_SECONDS = (31_556_952, 2_629_746, 86_400, 3_600, 60, 1)


@dataclass(frozen=True)
class CmiElement:
    """One element. `form`: text, id, words, number, score, clock, time, duration, moment, result; `rule` bounds it."""

    pattern: str
    mode: str
    form: str
    rule: str = ""

    def fits(self, value: str) -> bool:
        """Whether a value has the form of the element."""
        if self.form in ("text", "id"):
            return len(value) <= int(self.rule) and (self.form == "text" or bool(value.strip()))
        if self.form == "words":
            return value in self.rule.split("|")
        if self.form == "result":
            return value in self.rule.split("|") or bool(_NUMBER.match(value))
        if self.form == "score" and value == "":
            return True
        if self.form in ("number", "score"):
            return _is_number(value, self.rule)
        return bool(_FORMS[self.form].match(value))


_FORMS = {"clock": _CLOCK, "time": _TIME, "duration": _DURATION, "moment": _MOMENT}


def _is_number(value: str, rule: str) -> bool:
    if not _NUMBER.match(value):
        return False
    least, _, most = rule.partition("..")
    number = Decimal(value)
    return (not least or number >= Decimal(least)) and (not most or number <= Decimal(most))


def _elements(text: str) -> dict[str, CmiElement]:
    rows = (line.split(None, 3) for line in text.strip().splitlines())
    return {row[0]: CmiElement(*row) for row in rows}


_ELEMENTS_12 = f"""
cmi.core.student_id r text 255
cmi.core.student_name r text 255
cmi.core.lesson_location rw text 255
cmi.core.credit r words credit|no-credit
cmi.core.lesson_status rw words {STATUS_12}
cmi.core.entry r text 255
cmi.core.score.raw rw score 0..100
cmi.core.score.max rw score 0..100
cmi.core.score.min rw score 0..100
cmi.core.total_time r clock
cmi.core.lesson_mode r text 255
cmi.core.exit w text 20
cmi.core.session_time w clock
cmi.suspend_data rw text 4096
cmi.launch_data r text 4096
cmi.comments rw text 4096
cmi.comments_from_lms r text 4096
cmi.objectives.n.id rw id 255
cmi.objectives.n.score.raw rw score 0..100
cmi.objectives.n.score.max rw score 0..100
cmi.objectives.n.score.min rw score 0..100
cmi.objectives.n.status rw words {STATUS_12}|not attempted
cmi.student_data.mastery_score r text 255
cmi.student_data.max_time_allowed r text 255
cmi.student_data.time_limit_action r text 255
cmi.student_preference.audio rw number -1..100
cmi.student_preference.language rw text 255
cmi.student_preference.speed rw number -100..100
cmi.student_preference.text rw number -1..1
cmi.interactions.n.id w id 255
cmi.interactions.n.objectives.n.id w id 255
cmi.interactions.n.time w time
cmi.interactions.n.type w words {KINDS_12}
cmi.interactions.n.correct_responses.n.pattern w text 255
cmi.interactions.n.weighting w number
cmi.interactions.n.student_response w text 255
cmi.interactions.n.result w result {RESULTS_12}
cmi.interactions.n.latency w clock
"""
_ELEMENTS_2004 = f"""
cmi.comments_from_learner.n.comment rw text 4000
cmi.comments_from_learner.n.location rw text 250
cmi.comments_from_learner.n.timestamp rw moment
cmi.completion_status rw words {COMPLETION}
cmi.completion_threshold r text 20
cmi.credit r text 20
cmi.entry r text 20
cmi.exit w text 20
cmi.interactions.n.id rw id 4000
cmi.interactions.n.type rw words {KINDS_2004}
cmi.interactions.n.objectives.n.id rw id 4000
cmi.interactions.n.timestamp rw moment
cmi.interactions.n.correct_responses.n.pattern rw text 4000
cmi.interactions.n.weighting rw number
cmi.interactions.n.learner_response rw text 4000
cmi.interactions.n.result rw result correct|incorrect|unanticipated|neutral
cmi.interactions.n.latency rw duration
cmi.interactions.n.description rw text 250
cmi.launch_data r text 4096
cmi.learner_id r text 4000
cmi.learner_name r text 250
cmi.learner_preference.audio_level rw number 0..
cmi.learner_preference.language rw text 250
cmi.learner_preference.delivery_speed rw number 0..
cmi.learner_preference.audio_captioning rw words -1|0|1
cmi.location rw text 1000
cmi.max_time_allowed r text 40
cmi.mode r text 20
cmi.objectives.n.id rw id 4000
cmi.objectives.n.score.scaled rw number -1..1
cmi.objectives.n.score.raw rw number
cmi.objectives.n.score.min rw number
cmi.objectives.n.score.max rw number
cmi.objectives.n.success_status rw words {SUCCESS}
cmi.objectives.n.completion_status rw words {COMPLETION}
cmi.objectives.n.progress_measure rw number 0..1
cmi.objectives.n.description rw text 250
cmi.progress_measure rw number 0..1
cmi.scaled_passing_score r text 20
cmi.score.scaled rw number -1..1
cmi.score.raw rw number
cmi.score.min rw number
cmi.score.max rw number
cmi.session_time w duration
cmi.success_status rw words {SUCCESS}
cmi.suspend_data rw text 64000
cmi.time_limit_action r text 40
cmi.total_time r duration
adl.nav.request rw text 300
"""
ELEMENTS = {V12: _elements(_ELEMENTS_12), V2004: _elements(_ELEMENTS_2004)}
OF_ONE_SESSION = frozenset("cmi.core.session_time cmi.core.exit cmi.session_time cmi.exit adl.nav.request".split())


def element_of(version: str, name: str) -> CmiElement | None:
    """The element that a name means, whatever its places in lists; None where the model has none."""
    return ELEMENTS[version].get(_INDEX.sub(".n", name))


def places_fit(name: str) -> bool:
    """Whether the places in a name are within what is kept of lists."""
    places = [int(place) for place in _INDEX.findall(name)]
    most = INTERACTIONS_MAX if name.startswith("cmi.interactions.") else OBJECTIVES_MAX
    return all(place < (INNER_MAX if depth else most) for depth, place in enumerate(places))


def misfit(version: str, values: Mapping[str, object]) -> str | None:
    """The first element of a commit that the model does not take; None where all fit."""
    if len(values) > VALUES_MAX:
        return "cmi"
    size = 0
    for name, value in values.items():
        element = element_of(version, name) if len(name) < 120 else None
        if element is None or element.mode == READ or not isinstance(value, str):
            return name[:120]
        size += len(value)
        if not places_fit(name) or not element.fits(value) or size > CHARACTERS_MAX:
            return name
    return None


def kept_of(values: Mapping[str, str]) -> dict[str, str]:
    """What of a commit is given to the package again at its next launch."""
    return {name: value for name, value in values.items() if name not in OF_ONE_SESSION}


def seconds_claimed(version: str, values: Mapping[str, str]) -> int:
    """How long a package says that its session has lasted, in seconds."""
    text = values.get("cmi.core.session_time" if version == V12 else "cmi.session_time", "")
    if version == V12:
        hours, minutes, seconds = (text or "0:0:0").split(":")
        result = int(hours) * 3600 + int(minutes) * 60 + int(Decimal(seconds))
    else:
        match = _DURATION.match(text)
        parts = match.groups() if match else ()
        result = int(sum(Decimal(part or 0) * unit for part, unit in zip(parts, _DURATION_SECONDS, strict=False)))
    return min(result, SECONDS_CLAIMED_MAX)


def time_words(version: str, seconds: int) -> str:
    """So many seconds as a package of a version reads them."""
    hours, rest = divmod(max(0, seconds), 3600)
    if version == V12:
        return f"{min(hours, 9999):04d}:{rest // 60:02d}:{rest % 60:02d}"
    return f"PT{hours}H{rest // 60}M{rest % 60}S"


def settled(version: str, values: Mapping[str, str], rules: Mapping[str, str], *, is_over: bool) -> dict[str, str]:
    """The values with the status that follows from the rules of the manifest: mastery, threshold of progress, and
    where a 1.2 package has ended without a word of its status."""
    result = dict(values)
    if version == V2004:
        _judge(
            result, "cmi.completion_status", ("completed", "incomplete"), ("cmi.progress_measure", rules, "progress")
        )
        _judge(result, "cmi.success_status", ("passed", "failed"), ("cmi.score.scaled", rules, "scaled"))
        return result
    if is_over:
        result.setdefault("cmi.core.lesson_status", "completed")
    status = result.get("cmi.core.lesson_status", "")
    if status in ("completed", "passed") or (is_over and status != "browsed"):  # nobody passes by never ending it
        _judge(result, "cmi.core.lesson_status", ("passed", "failed"), ("cmi.core.score.raw", rules, "mastery"))
    return result


def _judge(values: dict[str, str], status: str, words: tuple[str, str], by: tuple[str, Mapping[str, str], str]) -> None:
    name, rules, rule = by
    reached, needed = _decimal(values.get(name)), _decimal(rules.get(rule))
    if reached is not None and needed is not None:
        values[status] = words[0] if reached >= needed else words[1]


def _decimal(text: str | None) -> Decimal | None:
    try:
        return Decimal(text) if text else None
    except InvalidOperation:
        return None


def is_done(version: str, values: Mapping[str, str]) -> bool:
    """Whether what a package says of itself is that it was learned."""
    if version == V12:
        return values.get("cmi.core.lesson_status") in ("completed", "passed")
    success, completion = values.get("cmi.success_status"), values.get("cmi.completion_status")
    return success == "passed" or (completion == "completed" and success != "failed")


def status_of(version: str, values: Mapping[str, str]) -> str:
    """One word for how far somebody is: passed, failed, completed, incomplete, browsed, or nothing yet."""
    if version == V12:
        return values.get("cmi.core.lesson_status", "")
    success = values.get("cmi.success_status", "")
    known = success if success in ("passed", "failed") else values.get("cmi.completion_status", "")
    return known if known != "unknown" else ""


def score_of(version: str, values: Mapping[str, str]) -> Decimal | None:
    """The score in percent, where the package says one."""
    if version == V12:
        return _decimal(values.get("cmi.core.score.raw"))
    if (scaled := _decimal(values.get("cmi.score.scaled"))) is not None:
        return scaled * 100
    raw = _decimal(values.get("cmi.score.raw"))
    return raw if raw is not None and 0 <= raw <= 100 else None


def not_set_back(version: str, now: Mapping[str, str], before: Mapping[str, str]) -> dict[str, str]:
    """What is committed now, but for status and score where it was done before and would be no more."""
    result = dict(now)
    is_less = not is_done(version, now) or (_is_passed(version, before) and not _is_passed(version, now))
    if is_done(version, before) and is_less:
        for name in _STATUS[version]:
            result.pop(name, None)
            if name in before:
                result[name] = before[name]
    return result


def _is_passed(version: str, values: Mapping[str, str]) -> bool:
    return status_of(version, values) == "passed"


_STATUS: dict[str, Iterable[str]] = {
    V12: tuple(f"cmi.core.{name}" for name in ("lesson_status", "score.raw", "score.min", "score.max")),
    V2004: (
        *("cmi.completion_status", "cmi.success_status", "cmi.progress_measure"),
        *(f"cmi.score.{name}" for name in ("scaled", "raw", "min", "max")),
    ),
}
