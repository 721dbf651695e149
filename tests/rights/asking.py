"""What a person may do with a record, found out by trying it over HTTP; the answers make the lines of a truth table.

Where trying would change the record, it is tried in a way that is refused for another reason after the right was looked
at: on a version that nobody saw, or with an empty file. So one record serves all people and all actions.

  y  may      n  refused (403)      x  not found (404)      -  answered, without this record      l  to the login page
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Callable
from typing import Any

from tests.fixtures.http import Browser, read_page
from views.kinds import kind_of

STALE = "0"
LETTERS = {403: "n", 404: "x", 303: "l"}
PEOPLE = (
    "clerk_sal", "clerk_sal2", "head_sal", "clerk_mkt", "head_mkt", "clerk_prd", "legal", "finance", "management",
    "supervisor", "it", "",
)  # fmt: skip
LOOKED_UP = {
    "customer": ("quotation", "customer"),
    "product": ("quotation", "lines.product"),
    "quotation": ("negotiation", "quotation"),
    "contract": ("sales_order", "contract"),
    "receivable": ("payment", "receivable"),
}


class Asker:
    """One person with their browser before one record."""

    def __init__(self, browser: Browser, record: Any, file: Any):
        self.browser, self.record, self.file = browser, record, file
        self.name = record.type_name()
        self.base = f"/admin/{self.name}/"
        self.id = {"id": str(record.id)}

    def list(self) -> str:
        """The list, and this record on it."""
        return self._with_record(self.browser.get(self.base, {"size": "200"}))

    def find(self) -> str:
        return self._with_record(self.browser.get("/admin/search/", {"q": self.record.number}))

    def export(self) -> str:
        first = str(getattr(self.record, type(self.record).declared.grid.columns[0]))
        return self._with_record(self.browser.get(f"{self.base}export/csv/"), first)

    def lookup(self) -> str:
        if self.name not in LOOKED_UP:
            return "."
        other, field = LOOKED_UP[self.name]
        return self._with_record(self.browser.get(f"/admin/{other}/ajax/lookup/", {"field": field}))

    def open(self) -> str:
        return self._letter(self.browser.get(f"{self.base}details/", self.id), 200)

    def history(self) -> str:
        return self._letter(self.browser.get(f"{self.base}history/", self.id), 200)

    def download(self) -> str:
        return self._letter(self.browser.get(f"/files/{self.file['_id']}"), 200)

    def create(self) -> str:
        blank = self.browser.get(f"{self.base}new/")
        sent = self._letter(self._post("new/", {}), 422)
        assert sent == self._letter(blank, 200), "the form and what it sends to differ"
        return sent

    def edit(self) -> str:
        form = self.browser.get(f"{self.base}edit/", self.id)
        sent = self._letter(self._post("edit/", {**self.id, "version": STALE}), 409)
        assert sent == self._letter(form, 200), "the form and what it sends to differ"
        return sent

    def inline(self) -> str:
        """A cell of the list."""
        fields = type(self.record).declared.grid.inline
        if not fields:
            return "."
        held = self.record.to_mongo().get(fields[-1])
        value = kind_of(type(self.record)._fields[fields[-1]]).typed(held)
        sent = {**self.id, "name": fields[-1], "value": value, "version": STALE}
        return self._letter(self._post("ajax/update/", sent), 409)

    def remove(self) -> str:
        return self._letter(self._post("delete/", {**self.id, "sure": "1", "version": STALE}), 409)

    def attach(self) -> str:
        return self._letter(self._post("attach/", {**self.id, "file": (io.BytesIO(b""), "a.pdf"), "kind": ""}), 422)

    def comment(self) -> str:
        return self._letter(self._post("comment/", {**self.id, "comment": "seen"}), 302)

    def bulk(self) -> str:
        """The rehearsal of a step on several rows: it names the record to those who see it."""
        flow = type(self.record).declared.workflow
        verbs = [move.verb for move in flow.moves if not (move.by.is_system or move.asked_fields)] if flow else []
        if not verbs:
            return "."
        answer = self._post("action/", {"verb": verbs[0], "rowid": f"{self.record.id}:{self.record.version}"})
        return self._with_record(answer)

    def move(self, verb: str) -> str:
        """A step, on a version that nobody saw."""
        return self._letter(self._post("move/", {**self.id, "verb": verb, "version": STALE, "reason": "tried"}), 409)

    def _post(self, path: str, data: dict[str, Any]) -> Any:
        if not self.browser.login:
            # A stranger has a token of their own: the one of the login page.
            data = {**data, "csrf_token": read_page(self.browser.get("/login").text).form("/login")["csrf_token"]}
            return self.browser.client.post(self.base + path, data=data, buffered=True)
        return self.browser.post(self.base + path, data)

    def _with_record(self, answer: Any, mark: str = "") -> str:
        letter = self._letter(answer, 200)
        return "-" if letter == "y" and (mark or str(self.record.id)) not in answer.get_data(as_text=True) else letter

    def _letter(self, answer: Any, expected: int) -> str:
        assert answer.status_code < 500
        if answer.status_code == expected:
            return "y"
        return LETTERS.get(answer.status_code, f"({answer.status_code})")


ACTIONS = ("list", "find", "open", "history", "export", "lookup", "download", "comment", "create", "edit", "inline",
           "attach", "remove", "bulk")  # fmt: skip


def table(columns: tuple[str, ...], answers: Callable[[str, str], str]) -> str:
    """Who may do what, a line for each person."""
    lines = [" ".join(["", *columns])]
    for login in PEOPLE:
        cells = [answers(login, column).ljust(len(column)) for column in columns]
        lines.append(f"{(login or 'a stranger').ljust(11)} {' '.join(cells)}".rstrip())
    lines[0] = " " * 11 + lines[0]
    return "\n".join(lines)


def read_table(text: str) -> str:
    """A table as it is written in a test, without its indentation."""
    return "\n".join(line.rstrip() for line in textwrap.dedent(text).strip("\n").splitlines())
