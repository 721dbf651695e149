"""What the service of the demo year learned (2.4.5): articles in all their states, and a review of each quarter."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

from models.aftersales.reviews import ImprovementMeasure
from models.kernel.base import clock
from seed.desk import Desk
from seed.offers import ACTIVE
from seed.script import DEALS, Act, Script, StoryStep, chance, in_days, length, spread
from seed.vocabulary import service
from seed.vocabulary.service import PROBLEMS, TicketText, filled

HEAD, WRITERS = "head_svc", ("clerk_svc", "clerk_svc3")
ARTICLES = {"draft": 3, "in_review": 2, "published": 32, "retired": 2, "superseded": 3}
QUARTERS_BACK = 3
QUARTER_DAYS = 91
PUBLIC_SHARE, STALE_SHARE = 0.5, 0.1


def plan_lessons(script: Script, start: float) -> None:
    """Articles all through the year, and a review of each quarter that is over."""
    texts = _texts(chance("articles"))
    for place, (outcome, text) in enumerate(zip(spread(ARTICLES, chance("lessons")), texts, strict=True)):
        _plan_article(script, start, place, outcome, text)
    for back in range(QUARTERS_BACK, -1, -1):
        _plan_review(script, back)


def _texts(rng: random.Random) -> list[TicketText]:
    """One text for each matter with each of two products."""
    pairs = [
        filled(problem, product)
        for problem in PROBLEMS
        for product in rng.sample([each for each in ACTIVE if each.family == problem.family], 2)
    ]
    return rng.sample(pairs, sum(ARTICLES.values()))


def _plan_article(script: Script, start: float, place: int, outcome: str, text: TicketText) -> None:
    rng, key = chance("article", place), f"knowledge_article:{place:03}"
    writer = rng.choice(WRITERS)
    beats = [_step(0, writer, _write(rng, key, text))]
    if outcome != "draft":
        beats.append(_step(rng.uniform(0.2, 4), writer, _moving(key, "submit")))
    if outcome not in ("draft", "in_review"):
        beats.append(_step(rng.uniform(1, 10), HEAD, _moving(key, "approve")))
    if outcome == "retired":
        reason = "產品停產，內容不再適用。"
        beats.append(_step(rng.uniform(100, 300), HEAD, lambda desk: desk.move(key, "retire", reason)))
    if outcome == "superseded":
        beats += _next_edition(rng, key, writer)
    is_open = outcome in ("draft", "in_review")
    end = script.tape.end - length(beats)
    script.play(end - rng.uniform(0.3, 12) if is_open else rng.uniform(start, end - 1), beats)


def _next_edition(rng: random.Random, key: str, writer: str) -> list[StoryStep]:
    after = f"{key}:2"
    return [
        _step(rng.uniform(60, 200), writer, lambda desk: desk.lead(key, "revise", after)),
        _step(rng.uniform(0.5, 3), writer, _moving(after, "submit")),
        _step(rng.uniform(1, 8), HEAD, _moving(after, "approve")),
    ]


def _write(rng: random.Random, key: str, text: TicketText) -> Act:
    audience = "public" if rng.random() < PUBLIC_SHARE else "internal"
    days = 20 if rng.random() < STALE_SHARE else 400

    def act(desk: Desk) -> None:
        values: dict[str, Any] = {"question": text.subject, "answer": f"{text.description}\n\n{text.solution}"}
        values |= {"product": desk.id(f"product:{text.product.code}"), "audience": audience}
        desk.create(key, values | {"review_on": in_days(days)})

    return act


def _plan_review(script: Script, back: int) -> None:
    """The review of a quarter; that of the running one is still being written."""
    key, until = f"service_review:{back}", script.tape.today - dt.timedelta(days=QUARTER_DAYS * back)
    first, last = until - dt.timedelta(days=QUARTER_DAYS), until - dt.timedelta(days=1)
    values = {"subject": f"服務總結 {first:%Y-%m-%d} 至 {last:%Y-%m-%d}", "first_day": first, "last_day": last}
    begin = script.tape.before(until) + (2 if back else -6)
    beats = [_step(0, "clerk_svc", lambda desk: desk.create(key, values))]
    if back:
        beats += [
            _step(1, "clerk_svc", lambda desk: desk.update(key, _lessons(desk, back))),
            _step(0.5, "clerk_svc", _moving(key, "submit")),
            _step(6, HEAD, _moving(key, "approve")),
        ]
    script.play(begin, beats)


def _lessons(desk: Desk, back: int) -> dict[str, Any]:
    problems, measure = service.LESSONS[back % len(service.LESSONS)]
    due = clock.today() + dt.timedelta(days=45)
    done = due - dt.timedelta(days=5) if back > 1 else None
    line = ImprovementMeasure(what=measure, owner=desk.id("user:clerk_svc3"), due=due, done=done)
    return {"problems": problems, "conclusion": "整體達到目標，超時工單集中在備件缺貨。", "measures": [line]}


def _moving(key: str, verb: str) -> Act:
    return lambda desk: desk.move(key, verb)


def _step(gap: float, login: str, act: Act) -> StoryStep:
    return StoryStep(gap, login, act, DEALS)
