"""What a request asks the database, and the rules: each question once."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from models.kernel.gate import validation
from models.kernel.language import working_time
from models.kernel.rights import rights
from tests.fixtures.company import Company
from tests.fixtures.http import COMMANDS
from views import record as record_screens
from views.forms import inputs

SCRIPT = {"X-Requested-With": "XMLHttpRequest"}


class ListQuery(Counter[str]):
    """The commands that were sent while it listens, by what they ask."""

    def __enter__(self) -> ListQuery:
        self.listener, self.beside = self.note, Counter[str]()
        COMMANDS.listeners.append(self.listener)
        return self

    def note(self, command: Any) -> None:
        name = next(iter(command))
        self[f"{name} {command[name]}" if isinstance(command[name], str) else name] += 1
        for stage in command.get("pipeline", ()):  # what is asked of several collections by one command
            if "$lookup" in stage:
                self.beside[stage["$lookup"]["from"]] += 1

    def __exit__(self, *_: object) -> None:
        COMMANDS.listeners.remove(self.listener)


@pytest.fixture
def typed(company: Company, browser_as: Any) -> dict[str, Any]:
    """The form of a quotation as a clerk has filled it, entered once before."""
    known, clerk = company.make("quotation", "clerk_sal"), browser_as("clerk_sal")
    form = clerk.form("/admin/quotation/new/", "/new/", copy=str(known.id))
    filled = {**form, "valid_until": f"{known.valid_until:%Y-%m-%d}"}
    assert clerk.post("/admin/quotation/new/", {**filled, "once": "before"}).status_code == 302
    return filled


def test_a_change_loads_the_record_once(company: Company, browser_as: Any, typed: Any) -> None:
    offer, clerk = company.make("quotation", "clerk_sal"), browser_as("clerk_sal")
    form = {**typed, "id": str(offer.id), "version": str(offer.version), "subject": "Other"}
    with ListQuery() as query:
        assert clerk.post("/admin/quotation/edit/", form).status_code == 302
    assert query["find quotation"] == 1
    assert query.total() <= 10  # 9, and the product where the copy has another
    assert company.fresh(offer).subject == "Other"


def test_an_approval_loads_the_record_once_and_tells_in_one_command(company: Company, browser_as: Any) -> None:
    head = browser_as("head_sal")
    assert head.token
    offer = company.walk(company.make("quotation", "clerk_sal"), "submitted")
    given = {"case": f"quotation:{offer.id}:{offer.version}", "decision": "yes", "sure": "1"}
    with ListQuery() as query:
        assert head.post("/admin/decide/", given, headers=SCRIPT).status_code == 200
    assert (query["find quotation"], query["update notice"]) == (1, 1)
    assert query.total() <= 9


def test_links_are_looked_up_once(browser_as: Any, typed: Any) -> None:
    """To be checked and to be shown, also where a date could not be read or something is missing."""
    clerk = browser_as("clerk_sal")
    for at, wrong in enumerate(({"valid_until": "soon"}, {"customer": ""})):
        with ListQuery() as query:
            answer = clerk.post("/admin/quotation/new/", {**typed, **wrong, "once": f"wrong{at}"})
        assert answer.status_code == 422
        assert query["find product"] + query.beside["product"] == 1, wrong
        assert query["find customer"] + query.beside["customer"] <= 1, wrong
        assert query.total() <= 7, wrong


def test_a_form_that_is_saved_asks_what_it_asks_by_few_commands(browser_as: Any, typed: Any) -> None:
    """Who asks, whether it came before, and all links: one command each."""
    with ListQuery() as query:
        assert browser_as("clerk_sal").post("/admin/quotation/new/", {**typed, "once": "few"}).status_code == 302
    assert query.total() <= 11


def test_a_rehearsal_loads_all_rows_by_one_query(company: Company, browser_as: Any) -> None:
    clerk = browser_as("clerk_sal")
    assert clerk.token
    assert working_time.calendars().company  # which the process remembers
    sums = []
    for count in (2, 12):
        rows = [company.make("quotation", "clerk_sal") for _ in range(count)]
        data = {"verb": "submit", "rowid": [f"{row.id}:{row.version}" for row in rows]}
        with ListQuery() as query:
            assert clerk.post("/admin/quotation/action/", data).status_code == 200
        assert (query["find quotation"], query["find product"]) == (1, 1)
        sums.append(query.total())
    assert sums[0] == sums[1]


@pytest.mark.parametrize("wrong", [{}, {"customer": ""}, {"valid_until": "soon"}])
def test_each_question_is_asked_once(typed: Any, browser_as: Any, monkeypatch: Any, wrong: Any) -> None:
    counts: Counter[str] = Counter()

    def count(place: Any, name: str) -> None:
        real = getattr(place, name)

        def counted(*given: Any, **more: Any) -> Any:
            counts[name] += 1
            return real(*given, **more)

        monkeypatch.setattr(place, name, counted)

    count(record_screens, "values_of")
    count(rights, "may_create")
    count(validation, "problems_of")
    clerk = browser_as("clerk_sal")
    assert inputs.values_of is not record_screens.values_of
    answer = clerk.post("/admin/quotation/new/", {**typed, **wrong, "once": "counted"})
    assert answer.status_code == (422 if wrong else 302)
    assert counts == {"values_of": 1, "may_create": 1, "problems_of": 1}
