"""The research of the demo year (2.1): requirements in every state, and reports going through the departments."""

from __future__ import annotations

import random

from bson import ObjectId

from models.kernel.base import clock
from seed.desk import Desk
from seed.organisation import ABSENT, STANDS_IN, absent_since
from seed.script import Act, Script, StoryStep, chance, length, spread
from seed.vocabulary import needs
from seed.vocabulary.dealings import return_reason
from seed.vocabulary.organisation import department, users_of

REQUIREMENTS = {"collected": 24, "analysed": 18, "accepted": 34, "rejected": 22, "closed": 44}
REPORTS = {
    "draft": 2,
    "returned": 1,
    "sent_back": 1,
    "in_review": 3,
    "cross_review": 3,
    "approved": 3,
    "published": 6,
}
TEAMS = {"MKT": 60, "SVC": 12, "SAL": 10, "RND": 8, "PRD": 5, "LOG": 5}
WAITING_AT_ABSENT = 3
CATEGORIES = {
    "功能改進": "function",
    "性能提升": "performance",
    "新產品": "function",
    "成本與交期": "delivery",
    "服務與培訓": "service",
    "接口與集成": "function",
    "安全與合規": "quality",
    "易用性": "quality",
}
DECISIONS = (
    "列入下半年研發計劃，由研發部評估工作量。",
    "先在一家客戶現場試點，再決定是否推廣。",
    "與現有方案合併處理，不單獨立項。",
    "市場需求明確，建議優先安排。",
)
REJECTIONS = (
    "需求客戶數量不足，暫不投入，半年後再評估。",
    "與公司產品路線不符，建議由合作夥伴提供。",
    "與已受理的需求重複，請合併跟進。",
    "成本測算顯示毛利低於公司底線。",
)
PRIORITIES = ("low", "normal", "normal", "normal", "high", "high", "urgent")
PERIODS = ("第一季度", "上半年", "第三季度", "全年")
RELATED = ("SAL", "RND", "PRD", "LOG", "SVC", "FIN")


def plan_research(script: Script, start: float) -> None:
    """Requirements first, since reports are written about them."""
    rng = chance("research")
    outcomes = spread(REQUIREMENTS, rng)
    for place, outcome in enumerate(outcomes):
        _plan_requirement(script, start, place, outcome)
    for place in range(WAITING_AT_ABSENT):
        _plan_requirement(script, start, len(outcomes) + place, "analysed", team="LOG", clerk="clerk_log")
    for place, outcome in enumerate(spread(REPORTS, rng)):
        _plan_report(script, start, place, outcome)
    for place in range(2):
        _agree_for_absent(script, _plan_report(script, start, sum(REPORTS.values()) + place, "cross_review"))


def _plan_requirement(
    script: Script, start: float, place: int, outcome: str, team: str | None = None, clerk: str | None = None
) -> None:
    rng = chance("requirement", place)
    team = team or rng.choices(list(TEAMS), list(TEAMS.values()))[0]
    clerk = clerk or rng.choice(users_of(team, "clerk")).login
    beats = _requirement_beats(rng, f"requirement:{team}:{place:04}", outcome, clerk, department(team).head_login)
    end = script.tape.end - length(beats)
    is_open = outcome in ("collected", "analysed")
    script.play(end - rng.uniform(0.3, 20) if is_open else rng.uniform(start, end - 1), beats)


def _requirement_beats(rng: random.Random, key: str, outcome: str, clerk: str, head: str) -> list[StoryStep]:
    beats = [StoryStep(0, clerk, _collect(rng, key, clerk))]
    if outcome == "collected":
        return beats
    beats += [
        StoryStep(rng.uniform(2, 30), clerk, _analyse(rng, key)),
        StoryStep(rng.uniform(0.1, 1), clerk, lambda desk: desk.move(key, "analyse")),
    ]
    if outcome == "analysed":
        return beats
    if outcome == "rejected" or (outcome == "closed" and rng.random() < 0.3):
        reason = rng.choice(REJECTIONS)
        beats.append(StoryStep(rng.uniform(2, 22), head, lambda desk: desk.move(key, "reject", reason)))
    else:
        beats.append(StoryStep(rng.uniform(2, 22), head, lambda desk: desk.move(key, "accept")))
    if outcome == "closed":
        beats.append(StoryStep(rng.uniform(40, 300), clerk, lambda desk: desk.move(key, "close")))
    return beats


def _collect(rng: random.Random, key: str, clerk: str) -> Act:
    need = needs.need(rng)
    values = {
        "subject": need.title,
        "description": need.description,
        "source": need.source_kind,
        "source_reference": need.source_reference,
        "channel": need.channel,
        "category": CATEGORIES[need.category] if rng.random() < 0.7 else None,
    }

    def act(desk: Desk) -> None:
        desk.create(key, values | {"collected_on": clock.today(), "collector": desk.id(f"user:{clerk}")})

    return act


def _analyse(rng: random.Random, key: str) -> Act:
    values = {
        "category": rng.choice(list(CATEGORIES.values())),
        "market_trend": needs.market_trend(rng),
        "competition": needs.competition_note(rng),
        "feasibility": rng.choice((2, 3, 3, 4, 4, 5)),
        "priority": rng.choice(PRIORITIES),
        "decision": rng.choice(DECISIONS),
    }
    return lambda desk: desk.update(key, values)


def _plan_report(script: Script, start: float, place: int, outcome: str) -> str:
    rng = chance("report", place)
    key, clerk = f"research_report:{place:03}", rng.choice(users_of("MKT", "clerk")).login
    related = rng.sample(RELATED, rng.randint(2, 3))
    if outcome == "cross_review":
        related = ["LOG", *rng.sample([code for code in RELATED if code != "LOG"], 2)]
    beats = [StoryStep(0, clerk, _write_report(rng, key, related))]
    if outcome != "draft":
        beats.append(StoryStep(rng.uniform(8, 40), clerk, lambda desk: desk.move(key, "submit")))
    beats += _review_beats(rng, key, outcome, related)
    end = script.tape.end - length(beats)
    script.play(rng.uniform(start + 300, end - 1) if outcome == "published" else end - rng.uniform(5, 20), beats)
    return key


def _review_beats(rng: random.Random, key: str, outcome: str, related: list[str]) -> list[StoryStep]:
    """The superior, then every related department, then publication (2.1.4), as far as the outcome goes."""
    if outcome in ("draft", "in_review"):
        return []
    head, gap = "head_mkt", rng.uniform(3, 20)
    if outcome == "returned":
        reason = return_reason(rng, "department")
        return [StoryStep(gap, head, lambda desk: desk.move(key, "return", reason))]
    beats = [StoryStep(gap, head, lambda desk: desk.move(key, "approve"))]
    if outcome == "sent_back":
        reason = return_reason(rng, "department")
        reader = department(related[-1]).head_login
        return [*beats, StoryStep(rng.uniform(4, 20), reader, lambda desk: desk.move(key, "send_back", reason))]
    readers = [department(code).head_login for code in related]
    if outcome == "cross_review":
        readers = [reader for reader in readers if reader != ABSENT][:1]
    beats += [
        StoryStep(rng.uniform(2, 16), reader, lambda desk: desk.move(key, "agree", "同意。")) for reader in readers
    ]
    if outcome == "published":
        beats.append(StoryStep(rng.uniform(2, 16), head, lambda desk: desk.move(key, "publish")))
    return beats


def _agree_for_absent(script: Script, key: str) -> None:
    """The deputy gives the absent head's opinion, which the history shows as acting for them."""
    since = absent_since(script)
    moment = since + (script.tape.end - since) * 0.8
    script.add(moment, STANDS_IN, lambda desk: desk.move(key, "agree", "受韓天寧委託代為審核，物流部無意見。"))


def _write_report(rng: random.Random, key: str, related: list[str]) -> Act:
    text = needs.report(rng)
    everyone = rng.random() < 0.4
    period = rng.choice(PERIODS)
    values = {
        "market_status": text.market_status,
        "competitors": text.competitors,
        "opportunities_threats": text.opportunities_and_threats,
        "recommendations": text.recommendations,
        "to_everyone": everyone,
        "to_roles": [] if everyone else ["management"],
    }

    def act(desk: Desk) -> None:
        year = clock.today().year
        facts = {
            "subject": f"{year}年{text.title}",
            "period": f"{year}年{period}",
            "requirements": _some_requirements(desk, key),
            "related_departments": [desk.id(f"department:{code}") for code in related],
            "to_departments": [] if everyone else [desk.id(f"department:{code}") for code in ("MKT", "SAL", "RND")],
        }
        desk.create(key, values | facts)

    return act


def _some_requirements(desk: Desk, key: str) -> list[ObjectId]:
    """A few of the department's requirements, the same ones whenever the step is played again."""
    there = [id for key, (id, _) in desk.known.items() if key.startswith("requirement:MKT:")]
    return chance("links", key).sample(there, min(len(there), 3))
