"""Checks of data of the demo year (4.1, 3.2.2): one each quarter, the newest of them waiting for the department."""

from __future__ import annotations

import datetime as dt

from models.kernel.base import clock
from models.kernel.base.arithmetic.sampling import commitment_of
from models.services.keeping import audit
from models.supervision.data_checks import RIGHT, UNCHECKED, WRONG
from seed.desk import Desk
from seed.script import Act, Script
from seed.vocabulary.organisation import users_of
from seed.vocabulary.supervision import CHECKS, CheckText

HEAD = "head_sup"
AGO = (4, 14, 75, 160)  # days; the newest first
DAYS = 90
UNREADABLE = 7  # the place in a sample of the record of which the original is missing


def plan_data_checks(script: Script) -> None:
    """The newest waits for the department's number, the next is being checked, the others are closed."""
    for place, ago in enumerate(AGO):
        text, key = CHECKS[place % len(CHECKS)], f"data_check:{place}"
        at, who = script.tape.ago(ago), ("supervisor", "supervisor2")[place % 2]
        head = users_of(text.department, "head")[0].login
        ours, theirs = f"demo-{place}-supervisors-2f8a", f"demo-{place}-department-91cc"
        steps = [
            (who, _begin(key, text, who)),
            (who, _moving(key, "freeze", commitment_ours=commitment_of(ours))),
            (head, _moving(key, "answer", commitment_theirs=commitment_of(theirs))),
            (head, _reveal(key, theirs)),
            (who, _moving(key, "draw", number_ours=ours)),
            (who, _fill(key, text)),
            (who, lambda desk, key=key: _find(desk, key)),
            (who, _moving(key, "report")),
            (HEAD, _moving(key, "close")),
        ]
        for step, (login, act) in enumerate(steps[: (2, 7, 9, 9)[place]]):
            script.add(at + step / 20, login, act)


def _begin(key: str, text: CheckText, who: str) -> Act:
    def act(desk: Desk) -> None:
        end = clock.today() - dt.timedelta(days=1)
        values = {
            "subject": text.subject,
            "inspected": desk.id(f"department:{text.department}"),
            "about": "3.2",
            "leader": desk.id(f"user:{who}"),
            "of_type": text.type,
            "since": end - dt.timedelta(days=DAYS),
            "until": end,
        }
        desk.create(key, values)

    return act


def _reveal(key: str, number: str) -> Act:
    def act(desk: Desk) -> None:
        audit.seal_next()  # the seal that joins the seed
        desk.move(key, "reveal", number_theirs=number)

    return act


def _fill(key: str, text: CheckText) -> Act:
    """One is wrong, one could not be checked, the others are right."""

    def act(desk: Desk) -> None:
        lines = list(desk.find(key).sample)
        for place, line in enumerate(lines):
            line.put("result", WRONG if not place else UNCHECKED if place == UNREADABLE else RIGHT)
        lines[0].put("clause_no", text.clause)
        lines[0].put("remark", text.fault)
        if len(lines) > UNREADABLE:
            lines[UNREADABLE].put("remark", "原始單據未找到。")
        desk.update(key, {"sample": lines})

    return act


def _find(desk: Desk, key: str) -> None:
    """One action makes the finding; the check then names it."""
    finding = desk.lead(key, "find", f"finding:{key}")
    desk.move(f"finding:{key}", "confirm")
    desk.keep(key, desk.row("data_check", {"_id": finding.ref("data_check")}) or {})


def _moving(key: str, verb: str, **values: str) -> Act:
    return lambda desk: desk.move(key, verb, **values)
