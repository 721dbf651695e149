"""Notices to those who look after the system: what background work found wrong; each leads to the page of its run."""

from __future__ import annotations

from models.kernel.base import people
from models.kernel.base.people import Role
from models.kernel.base.words import Words
from models.kernel.gate.notices import notice_for
from models.kernel.gate.unit import Unit, in_transaction
from models.services.work import jobs

from .run import Run


class RunPage:
    """The page of a run, as a notice leads to it."""

    def __init__(self, run: Run):
        self.id = run.id

    def type_name(self) -> str:
        return jobs.COLLECTION


def tell_it(run: Run, kind: str, words: Words, to: tuple[Role, ...] = (Role.IT,), once: str = "") -> None:
    """A notice to those who look after the system, once for each run, or under the key `once`."""

    def body(unit: Unit) -> None:
        for person in people.people_at([f"role:{one}" for one in to]):
            cause = f"{kind}:{once or run.id}"
            unit.notify(notice_for(person, cause=cause, kind="alarm", words=words, record=RunPage(run)))

    in_transaction(body)
