"""A rule of qualification that is switched on or off holds at the next request of every process, whoever acts at that
moment."""

from __future__ import annotations

from typing import Any

import pytest
from mongoengine.connection import get_db

from admin_app.app import create_app
from models import catalogue
from models.kernel.base import clock
from models.kernel.base.errors import Forbidden
from models.kernel.gate import changes
from models.kernel.gate.history import entries_of, faults_in
from models.kernel.rights import qualified
from models.training.qualifications import Qualification
from tests.fixtures.doing import do, work_off
from tests.fixtures.http import Browser, signed_in
from tests.races.at_once import at_once, done
from tests.training.test_qualifications import JOB, LATE, QUOTATION, SIGNED, Office, office
from tests.views.test_commands_of_requests import ListQuery

__all__ = ["office"]


def elsewhere(office: Office, rule: Any, verb: str, login: str = "management") -> None:
    """A move of a rule by another process: this one keeps what it remembers."""
    known = list(qualified._rules)
    office.move(rule, verb, login)
    qualified._rules[:] = known


def offers(browser: Browser, record: Any) -> bool:
    return "verb=approve" in browser.get(f"/admin/quotation/details/?id={record.id}").text


def test_it_holds_at_the_next_request_of_every_process(office: Office, app: Any, settings: Any) -> None:
    rule = office.move(office.rule("quotation:approve"), "submit", "hr")
    record = office.quotation()
    with clock.set_to(LATE):
        browsers = signed_in(app, "head_sal"), signed_in(create_app(settings), "head_sal")
        assert [offers(browser, record) for browser in browsers] == [True, True]
    elsewhere(office, rule, "switch_on")
    do(JOB)
    office.passes("head_two")
    with clock.set_to(LATE):
        assert [offers(browser, record) for browser in browsers] == [False, False]
        sent = {"id": str(record.id), "verb": "approve", "version": str(office.company.fresh(record).version)}
        assert browsers[0].post("/admin/quotation/move/", sent).status_code == 403
        elsewhere(office, rule, "switch_off")
        assert [offers(browser, record) for browser in browsers] == [True, True]


def test_programs_and_background_work_go_by_it_too(office: Office, program: Any) -> None:
    rule = office.move(office.rule("quotation:approve"), "submit", "hr")
    record = office.quotation()
    client = program("head_sal")

    def approved() -> int:
        seen = f'"v{office.company.fresh(record).version}"'
        answer: int = client.ask("POST", f"quotation/{record.id}/moves/approve", If_Match=seen).status_code
        return answer

    elsewhere(office, rule, "switch_on")
    do(JOB)
    office.passes("head_two")
    with clock.set_to(LATE):
        qualified._rules[:] = [qualified._RulesRead(1e18, {}, None)]  # read before, and kept for ever
        assert approved() == 403
        qualified._rules[:] = [qualified._RulesRead(1e18, {}, None)]
        work_off(JOB)  # as a worker does
        assert qualified.is_governed("quotation")


def test_who_asks_and_the_rules_are_read_by_one_command(office: Office, app: Any) -> None:
    office.switched_on("quotation:approve")
    browser = signed_in(app, "head_sal")
    page = f"/admin/quotation/details/?id={office.quotation().id}"
    assert browser.get(page).status_code == 200
    with ListQuery() as query:
        assert browser.get(page).status_code == 200
    assert query["aggregate session"] == 1
    assert query["find qualification"] + query["find course"] == 0


@pytest.mark.parametrize("round_", range(3))
def test_two_people_switch_it_at_once_while_a_move_is_made(office: Office, round_: int) -> None:
    """One switch stands, the other is told; the move is made or refused as a whole."""
    office.hire("boss_two", "management")
    rule = office.move(office.rule("quotation:approve"), "submit", "hr")
    do(JOB)
    record, version = office.quotation(), office.company.fresh(rule).version
    with clock.set_to(LATE):
        actors = [office.company.actor(login) for login in ("management", "boss_two")]

        def switch(actor: Any, verb: str) -> Any:
            return lambda: changes.move(
                Qualification,
                rule.id,
                verb,
                actor=actor,
                version=version,
                context=type(SIGNED)(signed=True, reason="否"),
            )

        def approve() -> Any:
            head = office.company.actor("head_sal")
            return changes.move(QUOTATION, record.id, "approve", actor=head, version=record.version)

        results = at_once(switch(actors[0], "switch_on"), switch(actors[1], "return"), approve)
    assert len(done(results[:2])) == 1
    now = office.company.fresh(rule)
    assert now.state == done(results[:2])[0].state
    assert not list(faults_in(entries_of(rule.id), now.chain))
    assert office.company.fresh(record).state == ("approved" if done(results[2:]) else "submitted")


@pytest.mark.parametrize("round_", range(3))
def test_the_last_able_approver_fails_at_the_moment_another_decides(office: Office, round_: int) -> None:
    """Whoever comes first, the case ends with somebody who may decide."""
    office.switched_on("quotation:approve")
    do(JOB)
    passed = office.passes("head_two")
    with clock.set_to(LATE):
        record = office.quotation()

        def fails() -> Any:
            return get_db()["enrolment"].update_one({"_id": passed.id}, {"$set": {"state": "cancelled"}})

        def approve() -> Any:
            head = office.company.actor("head_sal")
            try:
                return changes.move(QUOTATION, record.id, "approve", actor=head, version=record.version)
            except Forbidden as refused:
                return refused

        results = at_once(fails, approve)
        if isinstance(results[1], Forbidden):
            assert "報價規程課程" in str(results[1].sentence)
            assert office.may("head_sal", record).waived
            assert approve().state == "approved"
        assert office.company.fresh(record).state == "approved"
        assert catalogue["quotation"].objects.get(id=record.id).state == "approved"
