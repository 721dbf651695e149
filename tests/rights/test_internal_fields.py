"""What the system notes for itself is shown to nobody: not in a right, not on a page, a list, a sheet or a history."""

from __future__ import annotations

from typing import Any

import pytest

from models import catalogue
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import LOCALES
from models.kernel.rights import rights

INTERNAL = [
    (cls, name) for cls in catalogue.values() for name, field in cls.declared.own_fields.items() if field.internal
]
LABELS = [cls.fields_of()[name].label for cls, name in INTERNAL if cls.__name__ == "Loan"]


def test_loans_have_such_fields() -> None:
    assert {cls.__name__ for cls, _ in INTERNAL} >= {"Loan"}


@pytest.mark.parametrize(("cls", "name"), INTERNAL, ids=lambda item: getattr(item, "__name__", item))
def test_nobody_sees_or_sets_it(company: Any, cls: Any, name: str) -> None:
    for login in company.logins:
        person = company.actor(login)
        assert name not in rights.readable_fields(person, cls), login
        assert name not in rights.listed_fields(person, cls), login
        assert name not in rights.writable_fields(person, cls), login
    assert name in rights.writable_fields(SYSTEM, cls)


@pytest.mark.parametrize("login", ["records", "supervisor", "clerk_sal"])
def test_no_page_of_a_loan_names_it(company: Any, browser_as: Any, login: str) -> None:
    loan = company.walk(company.make("loan", "clerk_sal"), "on_loan")
    browser = browser_as(login)
    id = f"?id={loan.id}"
    pages = [f"/admin/loan/details/{id}", f"/admin/loan/history/{id}", "/admin/loan/", "/admin/loan/help/"]
    for url in pages:
        answer = browser.get(url)
        assert answer.status_code in (200, 404), url
        for label in LABELS:
            assert not [locale for locale in LOCALES if f">{label.in_locale(locale)}<" in answer.text], (url, label)
    shown = type(loan).purpose.label
    details = browser.get(pages[0]).text
    assert login == "supervisor" or any(f">{shown.in_locale(locale)}<" in details for locale in LOCALES)
