"""While somebody is absent their deputy decides for them, marked as such; before and after, and in their own, not."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.gate.history import entries_of
from models.organisation import User

DAY = dt.timedelta(days=1)


def away(company: Any, login: str, deputy: str, start: int, end: int | None) -> None:
    """Somebody is absent from so many days from now, until so many."""
    today = clock.today()
    values = {"absent_from": today + start * DAY, "deputy": company.users[deputy]}
    values["absent_until"] = None if end is None else today + end * DAY
    changes.update(User, company.users[login], values, actor=SYSTEM, version=None)


def approve(browser: Any, record: Any) -> int:
    sent = {"id": str(record.id), "verb": "approve", "version": str(record.version)}
    return int(browser.post(f"/admin/{record.type_name()}/move/", sent).status_code)


# First and last day of the absence, counted from today, and whether the deputy may decide today.
ABSENCES = {
    "today only": (0, 0, True),
    "since yesterday, until today": (-1, 0, True),
    "from today on, open": (0, None, True),
    "for a week": (-3, 4, True),
    "from tomorrow on": (1, 5, False),
    "ended yesterday": (-5, -1, False),
}


@pytest.mark.parametrize("name", ABSENCES)
def test_a_deputy_decides_while_the_head_is_absent(name: str, company: Any, browser_as: Any) -> None:
    offer = company.walk(company.make("quotation"), "submitted")
    start, end, may = ABSENCES[name]
    away(company, "head_sal", "head_mkt", start, end)
    deputy = browser_as("head_mkt")
    assert (str(offer.id) in deputy.get("/admin/inbox/").text) == may
    assert (deputy.get("/admin/quotation/details/", {"id": offer.id}).status_code == 200) == may
    assert approve(deputy, offer) == (302 if may else 403)
    assert company.fresh(offer).state == ("approved" if may else "submitted")
    if may:
        entry = entries_of(offer.id)[-1]
        assert (entry["actor"], entry["acting_for"]) == (company.users["head_mkt"], company.users["head_sal"])
        page = browser_as("clerk_sal", locale="en").page("/admin/quotation/history/", {"id": offer.id})
        assert f"acting for {company.user('head_sal').name}" in page.text


def test_the_right_ends_with_the_absence(company: Any, browser_as: Any) -> None:
    """On the day after the last one the deputy's next request is a stranger's."""
    offer = company.walk(company.make("quotation"), "submitted")
    away(company, "head_sal", "head_mkt", 0, 0)
    assert browser_as("head_mkt").get("/admin/quotation/details/", {"id": offer.id}).status_code == 200
    with clock.set_to(clock.now() + DAY):
        tomorrow = browser_as("head_mkt", is_new=True)
        assert tomorrow.get("/admin/quotation/details/", {"id": offer.id}).status_code == 403
        assert approve(tomorrow, offer) == 403
    assert company.fresh(offer).state == "submitted"


def test_the_absence_ended_by_hand_counts_at_once(company: Any, browser_as: Any) -> None:
    offer = company.walk(company.make("quotation"), "submitted")
    away(company, "head_sal", "head_mkt", -1, None)
    deputy = browser_as("head_mkt")
    assert deputy.get("/admin/quotation/details/", {"id": offer.id}).status_code == 200
    head = browser_as("head_sal")
    form = head.form("/admin/account/", "/preferences")
    assert head.send(form, absent_from="", absent_until="", deputy="").status_code == 303
    assert approve(deputy, offer) == 403


def test_nobody_decides_on_their_own_for_somebody_else(company: Any, browser_as: Any) -> None:
    """The clerk who submitted is the head's deputy: it is still their own."""
    offer = company.walk(company.make("quotation"), "submitted")
    away(company, "head_sal", "clerk_sal", 0, None)
    clerk = browser_as("clerk_sal", locale="en")
    answer = clerk.post("/admin/quotation/move/", {"id": str(offer.id), "verb": "approve", "version": offer.version})
    assert answer.status_code == 403
    assert "Nobody decides on what they submitted" in answer.text
    assert company.fresh(offer).state == "submitted"
    assert str(offer.id) not in clerk.get("/admin/inbox/").text


def test_the_deputy_of_a_deputy_is_nobodys(company: Any, browser_as: Any) -> None:
    """Standing in is not handed on."""
    offer = company.walk(company.make("quotation"), "submitted")
    away(company, "head_sal", "head_mkt", 0, None)
    away(company, "head_mkt", "clerk_mkt", 0, None)
    assert approve(browser_as("clerk_mkt"), offer) == 403
    assert approve(browser_as("head_mkt"), offer) == 302


def test_a_deputy_who_is_the_head_of_another_department_gains_only_what_the_absent_one_has(
    company: Any, browser_as: Any
) -> None:
    """The clerk of marketing stands in for a clerk of sales: they see sales records, and approve none."""
    offer = company.walk(company.make("quotation"), "submitted")
    away(company, "clerk_sal2", "clerk_mkt", 0, None)
    deputy = browser_as("clerk_mkt")
    assert deputy.get("/admin/quotation/details/", {"id": offer.id}).status_code == 200
    assert approve(deputy, offer) == 403


def test_an_absent_colleague_who_was_disabled_lends_nothing(company: Any, browser_as: Any) -> None:
    offer = company.walk(company.make("quotation"), "submitted")
    away(company, "head_sal", "head_mkt", 0, None)
    changes.update(User, company.users["head_sal"], {"active": False}, actor=SYSTEM, version=None)
    assert approve(browser_as("head_mkt"), offer) == 403


def test_an_absent_colleague_in_the_bin_lends_nothing(company: Any, browser_as: Any) -> None:
    offer = company.walk(company.make("quotation"), "submitted")
    away(company, "head_sal", "head_mkt", 0, None)
    User._get_collection().update_one({"_id": company.users["head_sal"]}, {"$set": {"removed_at": clock.now()}})
    assert approve(browser_as("head_mkt"), offer) == 403
