"""An objection to one event: what is shown before the decision is what happens, and both values stay."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from mongoengine.connection import get_db

from models import catalogue
from models.assessment import proofs
from models.assessment.counting import shown
from models.assessment.objections import effects_of
from models.kernel.base.record_key import RecordKey
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.kernel.rights import rights

OBJECTION, VALUE = catalogue["figure_objection"], catalogue["indicator_value"]


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
