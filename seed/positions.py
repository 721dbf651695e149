"""Changes of position in the demo company (4.4.2): a promotion that is in force, and a transfer before management."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.kernel.gate.sources import Source
from seed.desk import Desk
from seed.vocabulary import assessments as words
from seed.vocabulary.organisation import USERS

HR, HEAD_OF_HR, MANAGEMENT = "hr", "head_hrd", "management"
Step = tuple[dt.datetime, Callable[[], Any]]


@dataclass(frozen=True)
class DemoChange:
    """Who is to come to which position, by the assessment of which cycle, and why."""

    desk: Desk
    login: str
    kind: str
    position: str
    cycle: str
    why: str

    @property
    def key(self) -> str:
        return f"position_change:{self.login}"

    def propose(self, day: dt.date) -> None:
        """Human resources proposes it, on the assessment of the employee."""
        person = next(user for user in USERS if user.login == self.login)
        employee = self.desk.id(f"user:{self.login}")
        query = {"employee": employee, "cycle": self.desk.id(f"assessment_cycle:{self.cycle}")}
        values = {
            "employee": employee,
            "kind": self.kind,
            "effective_on": day,
            "ground": "assessment",
            "evaluations": [row["_id"] for row in self.desk.rows("assessment", query)],
            "why": self.why,
            "to_department": self.desk.id(f"department:{person.department_code}"),
            "to_position": self.desk.id(f"position:{self.position}"),
            "to_roles": list(person.roles),
        }
        self.desk.login = HR
        self.desk.create(self.key, values)
        self.desk.move(self.key, "submit")

    def consent(self) -> None:
        self.desk.login = self.login
        name = next(user.name for user in USERS if user.login == self.login)
        self.desk.move(self.key, "consent", consent={"how": "typed", "typed": name})

    def review(self) -> None:
        self.desk.login = HEAD_OF_HR
        self.desk.move(self.key, "review")

    def approve(self) -> None:
        self.desk.login = MANAGEMENT
        self.desk.move(self.key, "approve")

    def take_effect(self) -> None:
        cls = catalogue["position_change"]
        context = Context(source=Source.SEED)
        changes.move(cls, self.desk.id(self.key), "take_effect", actor=SYSTEM, version=None, context=context)


def changes_of_position(desk: Desk, days: Sequence[dt.datetime], cycles: tuple[str, str]) -> list[Step]:
    """The steps of both within the last working days; `cycles`: by whose sheets, of sales and of service."""
    promoted = DemoChange(desk, words.PROMOTED, "promotion", words.PROMOTED_TO, cycles[0], words.PROMOTED_WHY)
    moved = DemoChange(desk, words.TRANSFERRED, "transfer", words.TRANSFERRED_TO, cycles[1], words.TRANSFERRED_WHY)
    begins = days[-6].astimezone(clock.zone()).date()
    ahead = days[-1].astimezone(clock.zone()).date() + dt.timedelta(days=20)
    return [
        (days[-12], partial(promoted.propose, begins)),
        (days[-11], promoted.consent),
        (days[-10], promoted.review),
        (days[-8], promoted.approve),
        (clock.start_of(begins), promoted.take_effect),
        (days[-4], partial(moved.propose, ahead)),
        (days[-3], moved.consent),
        (days[-2], moved.review),
    ]
