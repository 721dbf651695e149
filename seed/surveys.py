"""The surveys of the demo year (2.1.1): a named one with invitations, an anonymous one, and one that is still open."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, cast

from models.kernel.base.collections import SURVEY_COUNTS
from models.kernel.base.store import in_unit
from models.kernel.language.kinds.questions import QuestionLine
from models.surveys import anonymous, sittings
from models.surveys.surveys import Survey
from seed.desk import SYSTEM_LOGIN, Desk
from seed.script import Script, chance
from seed.vocabulary import people, surveys

CLERK = "clerk_mkt"
ANSWERS = {"service": 60, "workplace": 48, "needs": 25}
UNANSWERED = {"prepared": 3, "invited": 6, "reminded": 5}
CLOSED_AGO, LENGTH_DAYS = 60, 25
Given = dict[str, Any]


def plan_surveys(script: Script) -> None:
    """Three surveys with answers, and three that nobody has answered yet."""
    tape = script.tape
    service = {
        "subject": "客戶滿意度調查",
        "purpose": "了解客戶對產品與服務的評價，改進質量與售後。",
        "asks_address": True,
    }
    place = {"subject": "員工工作環境調查", "purpose": "改善工作環境與培訓安排。", "anonymous": True}
    needs = {"subject": "新品需求調查", "purpose": "為下一代產品收集需求。", "asks_address": True}
    service |= {"remind_after": 7, "remind_most": 2}
    begun = tape.ago(CLOSED_AGO + LENGTH_DAYS)
    ended = tape.ago(CLOSED_AGO)
    _open(script, begun, "survey:service", service, surveys.SERVICE)
    _plan_invited(script, begun, ended)
    script.add(ended, CLERK, lambda desk: desk.move("survey:service", "close"))
    _open(script, begun + 4, "survey:workplace", place, surveys.WORKPLACE)
    script.add(ended + 1, SYSTEM_LOGIN, _answer_anonymously)
    _open(script, tape.ago(20), "survey:needs", needs, surveys.NEEDS)
    _plan_answers(script, "needs", tape.ago(19), tape.end - 1)
    for key, verb in (("draft", ""), ("scheduled", "schedule"), ("paused", "pause")):
        _plan_unanswered(script, key, verb)


def _values(values: Given, lines: list[Given]) -> Given:
    return {
        "introduction": "完成問卷約需三分鐘，感謝您的支持。",
        **values,
        "questions": [QuestionLine(**line) for line in lines],
    }


def _open(script: Script, at: float, key: str, values: Given, lines: list[Given]) -> None:
    script.add(at, CLERK, lambda desk: desk.create(key, _values(values, lines)))
    script.add(at + 1, CLERK, lambda desk: desk.move(key, "open"))


def _plan_unanswered(script: Script, key: str, verb: str) -> None:
    """A survey in a state of its own that nobody has answered."""
    names = {"draft": "展會觀眾問卷", "scheduled": "經銷商合作意向調查", "paused": "官網訪客調查"}
    end = script.tape.end
    values: Given = {"subject": names[key], "purpose": "收集市場信息。"}
    if verb == "schedule":
        values["opens"] = script.tape.now.replace(year=script.tape.now.year + 1, second=0, microsecond=0)
    script.add(end - 6, CLERK, lambda desk: desk.create(f"survey:{key}", _values(values, surveys.NEEDS)))
    if verb == "pause":
        script.add(end - 5, CLERK, lambda desk: desk.move(f"survey:{key}", "open"))
    if verb:
        script.add(end - 4, CLERK, lambda desk: desk.move(f"survey:{key}", verb))


def _plan_invited(script: Script, begun: float, ended: float) -> None:
    """Who was invited, who was reminded, and who answered."""
    rng = chance("invited")
    outcomes = ["answered"] * ANSWERS["service"] + [state for state, n in UNANSWERED.items() for _ in range(n)]
    for place, outcome in enumerate(outcomes):
        key = f"survey_invitation:{place:03}"
        name = people.person_name(rng)
        script.add(begun + 2, CLERK, _invite(key, name, place))
        if outcome == "prepared":
            continue
        script.add(begun + 3, CLERK, lambda desk, key=key: desk.move(key, "invite"))
        if outcome == "reminded" or (outcome == "answered" and rng.random() < 0.3):
            script.add(begun + 30, CLERK, lambda desk, key=key: desk.move(key, "remind"))
        if outcome == "answered":
            at = rng.uniform(begun + 31, ended - 1)
            script.add(at, SYSTEM_LOGIN, _answer("service", place, name, invitation=key))
            if place % 3 == 0:
                script.add(
                    ended + 2,
                    CLERK,
                    lambda desk, place=place: desk.move(f"survey_response:service:{place:03}", "evaluate"),
                )


def _invite(key: str, name: str, place: int) -> Callable[[Desk], object]:
    def act(desk: Desk) -> object:
        address = people.mail_address(name, f"client{place:03}.example.com")
        return desk.create(key, {"survey": desk.id("survey:service"), "name": name, "mail": address})

    return act


def _plan_answers(script: Script, survey: str, start: float, end: float) -> None:
    rng = chance("answers", survey)
    for place in range(ANSWERS[survey]):
        script.add(rng.uniform(start, end), SYSTEM_LOGIN, _answer(survey, place, people.person_name(rng)))


def _answer(survey: str, place: int, name: str, invitation: str = "") -> Callable[[Desk], object]:
    def act(desk: Desk) -> object:
        rng = chance("answer", survey, place)
        values: Given = {"survey": desk.id(f"survey:{survey}"), "contact": name, "language": "zh-Hant"}
        values["answers"] = {"given": GIVEN[survey](rng)}
        values["owner"] = desk.id(f"user:{CLERK}")
        if invitation:
            values["invitation"] = desk.id(invitation)
            desk.move(invitation, "answer")
        in_unit(SURVEY_COUNTS).update_one({"_id": values["survey"]}, {"$inc": {"complete": 1}}, upsert=True)
        return desk.create(f"survey_response:{survey}:{place:03}", values)

    return act


def _answer_anonymously(desk: Desk) -> None:
    """All anonymous answers come in, the survey is closed, and the last of them are released."""
    survey = cast(Survey, desk.find("survey:workplace"))
    edition = sittings.editions.keep(sittings.stored_lines(survey))
    keys = {line.code: line.key for line in survey.questions}
    for place in range(ANSWERS["workplace"]):
        given = GIVEN["workplace"](chance("answer", "workplace", place))
        anonymous.take_in(survey, edition, {keys[code]: value for code, value in given.items()})
    count = {"complete": ANSWERS["workplace"]}
    in_unit(SURVEY_COUNTS).replace_one({"_id": survey.id}, {"_id": survey.id, **count}, upsert=True)
    anonymous.release_rest(survey)
    desk.keep("survey:workplace", {"_id": survey.id, "version": desk.find("survey:workplace").version})
    desk.move("survey:workplace", "close")


def _service(rng: random.Random) -> Given:
    bought = rng.choices(("yes", "earlier", "no"), (75, 15, 10))[0]
    given: Given = {"bought": bought}
    if bought != "yes":
        given["why_not"] = rng.sample(("price", "function", "delivery"), rng.randint(1, 2))
    if bought != "no":
        given["quality"] = rng.choices("12345", (2, 5, 18, 45, 30))[0]
        given["service"] = rng.choices("12345", (3, 8, 22, 40, 27))[0]
        given["parts"] = {
            row: rng.choices(("good", "fair", "bad"), (60, 30, 10))[0] for row in ("quote", "send", "repair")
        }
        given["recommend"] = str(rng.choices(range(11), (1, 0, 1, 1, 2, 5, 8, 16, 26, 24, 16))[0])
    return _with_text(rng, given, "wish", surveys.WISHES)


def _workplace(rng: random.Random) -> Given:
    given: Given = {
        "team": rng.choices(("office", "plant", "field"), (45, 40, 15))[0],
        "tools": rng.choices("12345", (4, 10, 26, 38, 22))[0],
        "climate": rng.choices("12345", (2, 6, 20, 42, 30))[0],
        "training": rng.sample(("product", "safety", "language", "software"), rng.randint(1, 3)),
    }
    return _with_text(rng, given, "say", surveys.SAYINGS)


def _needs(rng: random.Random) -> Given:
    given: Given = {
        "field": rng.choice(("metal", "food", "pack")),
        "order": rng.sample(("energy", "speed", "precision", "noise"), 2),
        "budget": str(rng.randint(2, 40) * 10),
    }
    return _with_text(rng, given, "idea", surveys.IDEAS)


def _with_text(rng: random.Random, given: Given, code: str, texts: tuple[str, ...]) -> Given:
    return given | ({code: rng.choice(texts)} if rng.random() < 0.45 else {})


GIVEN: dict[str, Callable[[random.Random], Given]] = {"service": _service, "workplace": _workplace, "needs": _needs}
