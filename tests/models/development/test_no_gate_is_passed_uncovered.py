"""Whatever is specified, tried, found and changed in whatever order: testing is left exactly when nothing is uncovered,
by a reckoning of its own that asks neither the gate nor what it stores."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mongoengine.connection import get_db

from models import catalogue
from models.development.changes import ChangedItem
from models.kernel.base.errors import Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.rights import rights
from tests.models.development.conftest import Workshop

ITEMS = 2
SEVERE = ("high", "critical")
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("case"), st.integers(0, ITEMS - 1)),
        st.tuples(st.just("pass"), st.booleans()),
        st.tuples(st.just("fail"), st.booleans()),
        st.tuples(st.just("defect"), st.sampled_from(("low", "high", "critical"))),
        st.tuples(st.just("mend"), st.just(0)),
        st.tuples(st.just("change"), st.integers(0, ITEMS - 1)),
        st.tuples(st.just("confirm"), st.just(0)),
    ),
    max_size=7,
)


@dataclass
class Reckoning:
    """What stands in a project, kept apart from the program."""

    edition: list[int] = field(default_factory=lambda: [1] * ITEMS)
    covers: list[int] = field(default_factory=list)  # of each case, its item
    looked_at: list[int] = field(default_factory=list)  # of each case, the edition of the item it stands on
    build: int = 0
    results: dict[int, tuple[int, str, int]] = field(default_factory=dict)  # case: build, result, edition of the item
    defects: list[str] = field(default_factory=list)

    def is_covered(self) -> bool:
        """Whether nothing keeps the project in testing."""
        every = set(range(ITEMS)) <= set(self.covers)
        fresh = all(self.looked_at[at] == self.edition[item] for at, item in enumerate(self.covers))
        passed = all(
            self.results.get(at) == (self.build, "passed", self.edition[item]) for at, item in enumerate(self.covers)
        )
        return every and fresh and passed and not set(self.defects) & set(SEVERE)


class Walk:
    """One project in testing, and the reckoning beside it."""

    def __init__(self, company: Any):
        self.workshop, self.reckoning = Workshop(company), Reckoning()
        self.items = self.workshop.released(ITEMS)
        self.cases: list[Any] = []
        self.defects: list[Any] = []
        project = self.workshop.project
        get_db()["project"].update_one({"_id": project.id}, {"$set": {"state": "testing"}})

    def case(self, item: int) -> None:
        self.cases.append(self.workshop.case(self.workshop.fresh(self.items[item])))
        self.reckoning.covers.append(item)
        self.reckoning.looked_at.append(self.reckoning.edition[item])

    def _run(self, result: str, is_new: bool, count: int) -> None:
        if not self.cases:
            return
        known = self.reckoning
        known.build += 1 if is_new or not known.build else 0
        self.workshop.run(f"b{known.build}", *((case, result) for case in self.cases[:count]))
        for at in range(len(self.cases[:count])):
            known.results[at] = (known.build, result, known.looked_at[at])

    def pass_(self, is_new: bool) -> None:
        self._run("passed", is_new, len(self.cases))

    def fail(self, is_new: bool) -> None:
        self._run("failed", is_new, 1)

    def defect(self, severity: str) -> None:
        made = self.workshop.make("defect", subject="異常", description="不符合", severity=severity)
        self.defects.append(made)
        self.reckoning.defects.append(severity)

    def mend(self, _: int) -> None:
        if self.defects:
            facts = {"fixed_in": "b9"}
            changes.move(catalogue["defect"], self.defects[-1].id, "fix", actor=SYSTEM, version=None, values=facts)
            changes.move(catalogue["defect"], self.defects.pop().id, "verify", actor=SYSTEM, version=None)
            self.reckoning.defects.pop()

    def change(self, item: int) -> None:
        request = self.workshop.change(
            ChangedItem(item=self.items[item].id, text=f"改為第 {self.reckoning.edition[item] + 1} 版。")
        )
        assert request.state == "approved"
        self.reckoning.edition[item] += 1

    def confirm(self, _: int) -> None:
        for at, case in enumerate(self.cases):
            if self.workshop.fresh(case).suspect:
                self.workshop.move(case, "confirm_links")
            self.reckoning.looked_at[at] = self.reckoning.edition[self.reckoning.covers[at]]


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(acts=ACTS)
def test_testing_is_left_exactly_when_nothing_is_uncovered(company: Any, acts: list[tuple[str, Any]]) -> None:
    walk = Walk(company)
    for verb, value in acts:
        getattr(walk, "pass_" if verb == "pass" else verb)(value)
    project = rights.find(SYSTEM, catalogue["project"], walk.workshop.project.id)
    try:
        made = changes.move(type(project), project.id, "leave_testing", actor=SYSTEM, version=None)
        is_left = made.state == "launch"
    except Refused:
        is_left = False
    assert is_left == walk.reckoning.is_covered(), (acts, walk.reckoning)


def test_a_way_that_leads_out_is_among_them(company: Any) -> None:
    walk = Walk(company)
    for verb, value in (("case", 0), ("case", 1), ("defect", "high"), ("fail", True), ("mend", 0), ("pass_", True)):
        getattr(walk, verb)(value)
    assert walk.reckoning.is_covered()
    changes.move(catalogue["project"], walk.workshop.project.id, "leave_testing", actor=SYSTEM, version=None)
