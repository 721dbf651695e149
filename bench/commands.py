"""Commands to MongoDB of what people do all day, each counted on a company of its own.

Run:  PYTHONPATH=. .venv/bin/python bench/commands.py        (-v lists the commands one by one)
A form that is saved, one that is refused, an approval from the inbox, a page of the grid, a rehearsal of fifty moves;
the home of a clerk, a head and the management, the page of a record and its form.
"""

from __future__ import annotations

import itertools
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from admin_app.app import create_app
from bench.empty import installation
from tests.fixtures.company import Company
from tests.fixtures.http import COMMANDS, Browser, signed_in

ROWS = 50
SCRIPT = {"X-Requested-With": "XMLHttpRequest"}


def main() -> None:
    with installation() as settings:
        report(create_app(settings))


def report(app: Any) -> None:
    """Say how many commands each operation sends; each is done once before it is counted."""
    company = Company()
    clerk, head = signed_in(app, "clerk_sal"), signed_in(app, "head_sal")
    boss = signed_in(app, "management")
    for name, work in {**operations(company, clerk, head), **pages(company, clerk, head, boss)}.items():
        work()
        sent = counted(work)
        print(f"{name:34}{len(sent):5}")
        if "-v" in sys.argv:
            print(*(f"    {count:4} {command}" for command, count in Counter(sent).most_common()), sep="\n")


def operations(company: Company, clerk: Browser, head: Browser) -> dict[str, Callable[[], None]]:
    """The operations by name; each makes what it needs before it is counted."""
    typed = _typed(company, clerk)
    cases = [company.walk(company.make("quotation", "clerk_sal"), "submitted") for _ in range(2)]
    rows = [company.make("quotation", "clerk_sal") for _ in range(ROWS)]

    def save() -> None:
        assert clerk.post("/admin/quotation/new/", {**typed, "once": f"{next(company.count)}"}).status_code == 302

    def refuse() -> None:
        answer = clerk.post("/admin/quotation/new/", {**typed, "customer": "", "once": f"{next(company.count)}"})
        assert answer.status_code == 422

    def unreadable() -> None:
        answer = clerk.post("/admin/quotation/new/", {**typed, "valid_until": "soon", "once": f"{next(company.count)}"})
        assert answer.status_code == 422

    versions = itertools.count(1)

    def change() -> None:
        form = {**typed, "id": str(rows[0].id), "version": f"{next(versions)}", "subject": f"{next(company.count)}"}
        assert clerk.post("/admin/quotation/edit/", form).status_code == 302

    def approve() -> None:
        case = cases.pop()
        data = {"case": f"quotation:{case.id}:{case.version}", "decision": "yes", "sure": "1"}
        answer = head.post("/admin/decide/", data, headers=SCRIPT)
        assert answer.status_code == 200, answer.text

    def grid() -> None:
        assert clerk.get("/admin/quotation/").status_code == 200

    def rehearse() -> None:
        data = {"verb": "submit", "rowid": [f"{row.id}:{row.version}" for row in rows]}
        assert clerk.post("/admin/quotation/action/", data).status_code == 200

    return {
        "a form that is saved": save,
        "a form that is refused": refuse,
        "a form with a date that is none": unreadable,
        "a change that is saved": change,
        "an approval from the inbox": approve,
        "a page of the grid": grid,
        f"a rehearsal of {ROWS} moves": rehearse,
    }


def pages(company: Company, clerk: Browser, head: Browser, boss: Browser) -> dict[str, Callable[[], None]]:
    """The pages by name."""
    offer = company.make("quotation", "clerk_sal")

    def opened(browser: Browser, path: str, **query: str) -> Callable[[], None]:
        def work() -> None:
            assert browser.get(path, query).status_code == 200

        return work

    return {
        "the home of a clerk": opened(clerk, "/admin/"),
        "the home of a head": opened(head, "/admin/"),
        "the home of the management": opened(boss, "/admin/"),
        "the page of a record": opened(clerk, "/admin/quotation/details/", id=str(offer.id)),
        "the form of a record": opened(clerk, "/admin/quotation/edit/", id=str(offer.id)),
        "an empty form": opened(clerk, "/admin/quotation/new/"),
    }


def _typed(company: Company, clerk: Browser) -> Mapping[str, Any]:
    """What a clerk types into the form of a quotation: everything that a valid one holds."""
    known = company.make("quotation", "clerk_sal")
    form = clerk.form("/admin/quotation/new/", "/new/", copy=str(known.id))
    return {**form, "valid_until": f"{known.valid_until:%Y-%m-%d}"}


def counted(work: Callable[[], None]) -> list[str]:
    """The names of the commands that a piece of work sends, transactions ended included."""
    sent: list[str] = []
    listener = _into(sent)
    COMMANDS.listeners.append(listener)
    try:
        work()
    finally:
        COMMANDS.listeners.remove(listener)
    return sent


def _into(sent: list[str]) -> Callable[[Mapping[str, Any]], None]:
    """A listener that notes what a command is called and asks."""

    def note(command: Mapping[str, Any]) -> None:
        name = next(iter(command))
        sent.append(f"{name} {command[name]}" if isinstance(command[name], str) else name)

    return note


if __name__ == "__main__":
    main()
