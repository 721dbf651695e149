"""A session judged by the log: who took part against who did not, over published values, which each number opens."""

from __future__ import annotations

import datetime as dt
import html
import re
from decimal import Decimal
from typing import Any

from bson import Decimal128, ObjectId
from mongoengine.connection import get_db

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.arithmetic.difference import EffectFound
from models.kernel.base.arithmetic.ratio import NO_DATA
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.training import judged
from models.training.sessions import Participant, TrainingSession

HELD = dt.datetime(2026, 7, 15, 1, tzinfo=dt.UTC)
TRAINED = ("clerk_sal", "clerk_sal2", "clerk_mkt", "clerk_prd", "clerk_log")
OTHERS = ("head_sal", "head_mkt", "clerk_svc", "clerk_rnd", "head_svc", "finance")
MONTHS = (4, 5, 6, 7, 8, 9, 10)


def _session(company: Any, people: tuple[str, ...]) -> Any:
    lines = [Participant(person=company.users[login], signed_in=HELD, signed_out=HELD) for login in people]
    for line in lines:
        line.signed_out = HELD + dt.timedelta(hours=2)
    values = {"subject": "時間管理", "starts": HELD, "ends": HELD + dt.timedelta(hours=2), "cost": Decimal(0)}
    made = changes.create(TrainingSession, {**values, "participants": lines}, actor=company.actor("hr"))
    get_db().training_session.update_one({"_id": made.id}, {"$set": {"state": "held"}})
    return company.fresh(made)


def _indicator() -> Any:
    values = {"name": "任務及時率", "group": "process", "measure": "task.stepsintime", "per": ["person"]}
    quality = changes.create(
        catalogue["indicator"], {**values, "name": "質量", "measure": "quotation.firstpass"}, actor=SYSTEM
    )
    made = changes.create(catalogue["indicator"], {**values, "counterpart": quality.id}, actor=SYSTEM)
    get_db().indicator.update_one({"_id": made.id}, {"$set": {"state": "in_force"}})
    return made


def _value(company: Any, indicator: Any, login: str, month: int, hits: int, **facts: Any) -> dict[str, Any]:
    first, key = dt.datetime(2026, month, 1, tzinfo=dt.UTC), f"IV-{login}-{month}-{hits}"
    whose = {"employee": company.users[login], "department": company.department("SAL"), "scope": "person"}
    figures = {"numerator": hits, "n": 20, "value": Decimal128(str(hits * 5)), "formula": "f2", "unit": "percent"}
    when = {"first_day": first, "last_day": first, "state": "published", "version": 1, "removed_at": None}
    made = {"_id": ObjectId(), "number": key, "once": key, "indicator": indicator.id}
    return {**made, **whose, **figures, **when, **facts}


def test_an_effect_is_found_with_n_and_interval_and_opens_its_values(company: Any, browser_as: Any) -> None:
    """Before 12 and 13 of 20; after it 16 for those who took part and 13 for the others; July, when it was held, and
    values by a former formula count on neither side."""
    session, indicator = _session(company, (*TRAINED, "clerk_rnd")), _indicator()
    rows = [
        _value(company, indicator, login, month, 12 + at % 2 + (month > 7) * (4 if login in TRAINED else 1 - at % 2))
        for at, login in enumerate((*TRAINED, *OTHERS))
        for month in MONTHS
        if login != "clerk_rnd"
    ]
    rows += [_value(company, indicator, login, 3, 0, formula="f1") for login in TRAINED]
    rows += [_value(company, indicator, "clerk_sal", 8, 1, state="restated")]
    get_db().indicator_value.insert_many(rows)
    with clock.set_to(dt.datetime(2026, 11, 20, 2, tzinfo=dt.UTC)):
        trained = judged.trained_in(session)
        known = judged.indicators_of_people()
        chosen = next(row for row in known if row["_id"] == indicator.id)
        result = judged.judge(company.actor("hr"), chosen, trained)
        effect = result.effect
        assert isinstance(effect, EffectFound)
        assert (effect.treated.n, effect.others.n, result.unmeasured) == (5, 5, 1)
        assert (effect.sign, effect.treated.change) == (1, 20)
        assert effect.plain.low < effect.plain.value < effect.plain.high
        page = (
            browser_as("hr", locale="en")
            .get(f"/admin/training-effect/?session={session.id}&indicator={indicator.id}")
            .text
        )
        assert "Effect shown: better" in page
        link = next(each for each in re.findall(r'href="(/admin/indicator_value/[^"]+)"', page) if "2026-08-01" in each)
        assert "IV-clerk_sal-8-" in browser_as("hr").get(html.unescape(link)).text
        few = judged.judge(company.actor("hr"), chosen, dict(list(trained.items())[:4]))
        assert few.effect is NO_DATA


def test_human_resources_and_management_alone_read_it(company: Any, browser_as: Any) -> None:
    session = _session(company, TRAINED)
    for login, status in (("hr", 200), ("management", 200), ("head_sal", 403), ("clerk_sal", 403), ("it", 403)):
        answer = browser_as(login).get(f"/admin/training-effect/?session={session.id}")
        assert answer.status_code == status, login
    assert (
        "training-effect" not in browser_as("clerk_sal").get(f"/admin/training_session/details/?id={session.id}").text
    )
    assert "training-effect" in browser_as("hr").get(f"/admin/training_session/details/?id={session.id}").text
