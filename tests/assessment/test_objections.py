"""An objection to one event: what is shown before the decision is what happens, and both values stay."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from mongoengine.connection import get_db

from models import catalogue
from models.assessment import proofs, publishing
from models.assessment.counting import shown
from models.assessment.objections import effects_of
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.base.record_key import RecordKey
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.kernel.rights import rights
from tests.fixtures.histories import HOUR, Histories, WrittenCase

OBJECTION, VALUE = catalogue["figure_objection"], catalogue["indicator_value"]
BEGIN = dt.datetime(2026, 9, 20, 1, tzinfo=dt.UTC)


@pytest.fixture
def late(month: Any) -> dict[str, Any]:
    """The entry of one late approval."""
    rows = get_db().history.find({"type": "quotation", "verb": "approve"}).sort("at", 1)
    return next(row for row in rows if row["at"] > row["due"])


def submitted(company: Any, entry: Any, login: str = "clerk_sal2") -> Any:
    values = {"case": f"quotation:{entry['record']}", "entry": entry["seq"], "reason": "主管當日獲准休假"}
    login = "head_sal" if entry["owner"] != company.users[login] else login
    made = changes.create(OBJECTION, values, actor=company.actor(login))
    return changes.move(OBJECTION, made.id, "submit", actor=company.actor(login), version=made.version)


def test_exactly_the_predicted_values_change_and_are_shown_before(
    company: Any, month: Any, late: Any, browser_as: Any
) -> None:
    """Late at the step of the head: the company, sales and the head have 2,129 and 1,029 cases; accuracy counts the
    approval as well, and loses one good case of 950. Nothing else moves."""
    objection = submitted(company, late)
    key = RecordKey("quotation", late["record"])
    page = browser_as("supervisor", locale="en").get("/admin/figure_objection/details/", {"id": objection.id})
    assert "96.24" in page.text
    assert "96.29" in page.text
    predicted = {effect.value: effect for effect in effects_of(key, late["seq"])}
    assert len(predicted) == 3 + 3
    before = {row["_id"]: row for row in get_db().indicator_value.find()}
    changes.move(
        OBJECTION, objection.id, "accept", actor=company.actor("supervisor"), version=objection.version,
        context=Context(reason="休假屬實"),
    )  # fmt: skip
    made = [row for row in get_db().indicator_value.find() if row["_id"] not in before]
    assert {row["restates"] for row in made} == predicted.keys()
    for row in made:
        effect = predicted[row["restates"]]
        value = row["value"].to_decimal() if row.get("value") is not None else None
        assert (row["n"], row.get("numerator"), value) == (
            effect.after.n, effect.after.numerator, shown(effect.after.value),
        )  # fmt: skip
        assert ("objection", 1) in [(line["reason"], line["count"]) for line in row["reasons"]]
        report = proofs.verify(row["number"])
        assert report is not None
        assert report.faults == []
    whole = VALUE.objects.get(indicator=month["及時性"], scope="company", state="published")
    assert (whole.numerator, whole.n, whole.value) == (2050, 2129, Decimal("96.29"))
    # both stay: the first as it was, said to be restated
    for id in predicted:
        now = get_db().indicator_value.find_one({"_id": id})
        assert now["state"] == "restated"
        assert {name: now.get(name) for name in ("value", "n", "population")} == {
            name: before[id].get(name) for name in ("value", "n", "population")
        }
    others = [row for id, row in before.items() if id not in predicted]
    assert all(get_db().indicator_value.find_one({"_id": row["_id"]}) == row for row in others)
    lines = OBJECTION.objects.get(id=objection.id).effects
    assert {(line.n_before - line.n_after) for line in lines} == {1}
    # whoever objects learns nobody else's figure from what came of it
    field = OBJECTION.declared.own_fields["effects"]
    for login, sees_all, hidden in (("supervisor", True, 0), ("head_sal", False, 2)):
        assert rights.sees(company.actor(login), field, OBJECTION.objects.get(id=objection.id)) is sees_all
        browser = browser_as(login, is_new=True, locale="en")
        about = {"id": objection.id}
        text = "".join(browser.get(f"/admin/figure_objection/{page}/", about).text for page in ("details", "history"))
        assert "96.29" in text  # of sales, which have all cases of the company here
        assert (f"and that change as well: {hidden}" in text) is bool(hidden), login


def quotations_in_force(company: Any) -> Any:
    """How many quotations pass at once, of the whole and of each person."""
    values = {"name": "准", "group": "process", "measure": "quotation.firstpass", "since": BEGIN.date(), "least_n": 1,
              "per": ["department", "person"]}  # fmt: skip
    made = changes.create(catalogue["indicator"], values, actor=SYSTEM)
    get_db().indicator.update_one({"_id": made.id}, {"$set": {"state": "in_force"}})
    return made


def approved(company: Any, *departments: str) -> list[WrittenCase]:
    """A quotation of one person in each of these departments, one after the other."""
    histories, owner = Histories(), company.users["clerk_sal2"]
    for at, code in enumerate(departments):
        case = histories.case("quotation", owner=owner, actor=owner, department=company.department(code))
        case.add(BEGIN + at * HOUR, "create", target="draft").add(BEGIN + at * HOUR, "submit", "draft", "submitted")
        case.add(BEGIN + at * HOUR, "approve", "submitted", "approved")
    histories.write()
    return histories.cases


def test_accepted_while_values_are_published_it_counts(company: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is published is what its proof says: with the objections that were accepted until then."""
    with clock.set_to(BEGIN):
        quotations_in_force(company)
        case, *_ = approved(company, "SAL", "SAL")
        made = submitted(company, case.entries[2])
    publish = publishing.publish

    def accepted_before(*given: Any) -> int:
        supervisor, why = company.actor("supervisor"), Context(reason="屬實")
        changes.move(OBJECTION, made.id, "accept", actor=supervisor, version=made.version, context=why)
        return publish(*given)

    monkeypatch.setattr(publishing, "publish", accepted_before)
    with clock.set_to(BEGIN + dt.timedelta(days=20)):
        assert publishing.compute()["published"] == 3
    for value in VALUE.objects:
        report = proofs.verify(value.number)
        assert (value.n, value.left_out, report and report.faults) == (1, 1, [])


def test_a_value_of_a_person_belongs_to_their_own_department(company: Any) -> None:
    """Their head sees it, and not that of another in which they stood in for somebody."""
    with clock.set_to(BEGIN):
        quotations_in_force(company)
        approved(company, "SAL", "MKT")
    with clock.set_to(BEGIN + 5 * HOUR):
        publishing.compute()
        assert get_db().indicator_running.find_one({"scope": "person"})["department"] == company.department("SAL")
    with clock.set_to(BEGIN + dt.timedelta(days=20)):
        publishing.compute()
    assert VALUE.objects.get(scope="person").ref("department") == company.department("SAL")


def test_who_and_what_is_gone_is_not_corrected_and_holds_no_objection_up(company: Any) -> None:
    """The department to which a value of a person belonged, a department, and a person."""
    own, user = company.users["clerk_sal2"], get_db().user
    with clock.set_to(BEGIN):
        quotations_in_force(company)
        case, other = approved(company, "SAL", "SAL")
        objection = submitted(company, case.entries[2])
        user.update_one({"_id": own}, {"$set": {"department": company.department("PRD")}})
    now = BEGIN + dt.timedelta(days=20)
    with clock.set_to(now):
        assert publishing.compute()["published"] == 3
        user.update_one({"_id": own}, {"$set": {"department": company.department("MKT")}})
        gone = [company.department(code) for code in ("SAL", "PRD")]
        get_db().department.update_many({"_id": {"$in": gone}}, {"$set": {"removed_at": now}})
        changes.move(
            OBJECTION, objection.id, "accept", actor=company.actor("supervisor"), version=objection.version,
            context=Context(reason="屬實"),
        )  # fmt: skip
    made = {value.scope: value.ref("department") for value in VALUE.objects(restates__ne=None)}
    assert made.keys() == {"company", "person"}
    assert made["person"] == company.department("MKT")
    user.update_one({"_id": own}, {"$set": {"removed_at": now}})
    assert {effect.subject[0] for effect in effects_of(RecordKey("quotation", other.id), 3)} == {"company"}
