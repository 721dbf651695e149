"""Who may do what with documents of each level of confidentiality, and what a loan adds, tried over HTTP.

y may · n refused · x not found · - answered, without this document
"""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pytest
from mongoengine.connection import get_db

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.services.files import files
from tests.fixtures.doing import work_off
from tests.fixtures.http import Browser
from tests.fixtures.papers import pdf
from tests.rights.asking import read_table

NOW = dt.datetime(2026, 11, 23, 2, tzinfo=dt.UTC)
WORD = "軸承間隙標準"
SUBJECT = "檢驗規程"
REQUESTED = ("see", "list", "hit", "textual", "preview", "page", "download", "history", "export", "edit", "lookup")
LETTERS = {403: "n", 404: "x", 303: "l"}


class Asker:
    """One person before one document; addresses are put together from the ids, as somebody who guesses would."""

    def __init__(self, browser: Browser, document: Any, file: Any):
        self.browser, self.id, self.file = browser, str(document.id), str(file["_id"])
        self.number = document.number

    def see(self) -> str:
        return self._letter(self.browser.get("/admin/document/details/", {"id": self.id}))

    def list(self) -> str:
        return self._with("/admin/document/", {"size": "200"})

    def hit(self) -> str:
        return self._with("/admin/search/", {"q": self.number})

    def textual(self) -> str:
        """A hit in the text of the file."""
        return self._with("/admin/search/", {"q": WORD}, f"/files/{self.file}")

    def preview(self) -> str:
        return self._letter(self.browser.get(f"/files/{self.file}/view"))

    def page(self) -> str:
        return self._letter(self.browser.get(f"/files/{self.file}/page/1"))

    def download(self) -> str:
        return self._letter(self.browser.get(f"/files/{self.file}"))

    def history(self) -> str:
        return self._letter(self.browser.get("/admin/document/history/", {"id": self.id}))

    def export(self) -> str:
        return self._with("/admin/document/export/csv/", {}, self.number)

    def edit(self) -> str:
        return self._letter(self.browser.get("/admin/document/edit/", {"id": self.id}))

    def lookup(self) -> str:
        """The picker of the form that asks for a loan."""
        return self._with("/admin/loan/ajax/lookup/", {"field": "document"})

    def _with(self, path: str, query: dict[str, str], mark: str = "") -> str:
        answer = self.browser.get(path, query)
        letter = self._letter(answer)
        return "-" if letter == "y" and (mark or self.id) not in answer.get_data(as_text=True) else letter

    def _letter(self, answer: Any) -> str:
        assert answer.status_code < 500
        return "y" if answer.status_code == 200 else LETTERS.get(answer.status_code, f"({answer.status_code})")


# The document is clerk_sal's. What each level means: docs/decisions/007.
MAY: dict[str, str] = {
    "internal": """
                    see list hit textual preview page download history export edit lookup
        clerk_sal   y   y    y   y       y       y    y        y       y      n    y
        clerk_sal2  y   y    y   y       y       y    y        y       y      n    y
        head_sal    y   y    y   y       y       y    y        y       y      y    y
        clerk_mkt   y   y    y   y       y       y    y        y       y      n    y
        legal       y   y    y   y       y       y    y        y       y      n    y
        management  y   y    y   y       y       y    y        y       y      n    y
        supervisor  y   y    y   y       y       y    y        y       y      n    y
        records     y   y    y   y       y       y    y        y       y      y    y
        it          n   n    -   -       x       x    x        n       n      n    n
    """,
    "confidential": """
                    see list hit textual preview page download history export edit lookup
        clerk_sal   y   y    y   y       y       y    y        y       y      n    y
        clerk_sal2  y   y    y   y       y       y    y        y       y      n    y
        head_sal    y   y    y   y       y       y    y        y       y      y    y
        clerk_mkt   y   y    y   -       n       n    n        n       y      n    y
        legal       y   y    y   -       n       n    n        n       y      n    y
        management  y   y    y   y       y       y    y        y       y      n    y
        supervisor  y   y    y   y       y       y    y        y       y      n    y
        records     y   y    y   y       y       y    y        y       y      y    y
        it          n   n    -   -       x       x    x        n       n      n    n
    """,
    "secret": """
                    see list hit textual preview page download history export edit lookup
        clerk_sal   y   y    y   y       y       y    y        y       y      n    y
        clerk_sal2  y   y    y   -       n       n    n        n       y      n    y
        head_sal    y   y    y   y       y       y    y        y       y      y    y
        clerk_mkt   x   -    -   -       x       x    x        x       -      x    -
        legal       x   -    -   -       x       x    x        x       -      x    -
        management  y   y    y   y       y       y    y        y       y      n    y
        supervisor  y   y    y   -       n       n    n        n       y      n    y
        records     y   y    y   y       y       y    y        y       y      y    y
        it          n   n    -   -       x       x    x        n       n      n    n
    """,
    "internal draft": """
                    see list hit textual preview page download history export edit lookup
        clerk_sal   y   y    y   y       y       y    y        y       y      y    -
        clerk_sal2  y   y    y   y       y       y    y        y       y      y    -
        head_sal    y   y    y   y       y       y    y        y       y      y    -
        clerk_mkt   x   -    -   -       x       x    x        x       -      x    -
        legal       x   -    -   -       x       x    x        x       -      x    -
        management  y   y    y   y       y       y    y        y       y      n    -
        supervisor  y   y    y   y       y       y    y        y       y      n    -
        records     y   y    y   y       y       y    y        y       y      y    -
        it          n   n    -   -       x       x    x        n       n      n    n
    """,
}
# What a loan of clerk_mkt adds, and that it adds nothing for the head or a colleague elsewhere.
LENT: dict[str, str] = {
    "confidential requested electronic": """
                    see list hit textual preview page download history export edit lookup
        clerk_mkt   y   y    y   -       n       n    n        n       y      n    y
    """,
    "confidential on_loan electronic": """
                    see list hit textual preview page download history export edit lookup
        clerk_mkt   y   y    y   y       y       y    y        y       y      n    y
        head_mkt    y   y    y   -       n       n    n        n       y      n    y
        clerk_prd   y   y    y   -       n       n    n        n       y      n    y
    """,
    "confidential over electronic": """
                    see list hit textual preview page download history export edit lookup
        clerk_mkt   y   y    y   -       n       n    n        n       y      n    y
    """,
    "confidential on_loan paper": """
                    see list hit textual preview page download history export edit lookup
        clerk_mkt   y   y    y   -       n       n    n        n       y      n    y
    """,
    "secret on_loan electronic": """
                    see list hit textual preview page download history export edit lookup
        clerk_mkt   y   y    y   y       y       y    y        y       y      n    y
        head_mkt    x   -    -   -       x       x    x        x       -      x    -
    """,
    "secret over electronic": """
                    see list hit textual preview page download history export edit lookup
        clerk_mkt   x   -    -   -       x       x    x        x       -      x    -
    """,
}


def document(company: Any, level: str, state: str = "approved") -> Any:
    made = company.make("document", "clerk_sal", subject=SUBJECT, confidentiality=level)
    upload = files.Upload("規程.pdf", io.BytesIO(pdf(WORD)))
    files.attach(type(made), made.id, "document", upload, actor=company.actor("clerk_sal"))
    made = company.walk(made, state)
    work_off("files.read")
    return made


def lend(company: Any, made: Any, login: str, kind: str, upto: str) -> Any:
    """A loan of a person, brought as far as it is asked for."""
    values = {"document": made.id, "kind": kind, "purpose": "核對", "copy": 1}
    values |= {"wanted_from": NOW.date(), "wanted_until": NOW.date() + dt.timedelta(days=2)}
    cls = catalogue["loan"]
    people = {"borrower": company.users[login], "owner": company.users[login], "department": company.department("MKT")}
    loan = changes.create(cls, values | people, actor=SYSTEM)
    for verb in {"requested": (), "on_loan": ("approve", "issue"), "refused": ("refuse",)}[upto]:
        if company.fresh(loan).state != upto:
            changes.move(cls, loan.id, verb, actor=SYSTEM, version=None, context=Context(reason="試"))
    loan = company.fresh(loan)
    assert loan.state == upto
    return loan


def answers(browser_as: Any, made: Any, people: tuple[str, ...]) -> str:
    """The table as these people find it."""
    file = files.files_of(made.id)[0]
    lines = [" " * 11 + " ".join(["", *REQUESTED])]
    for login in people:
        asker = Asker(browser_as(login, is_new=True), made, file)
        cells = [str(getattr(asker, name)()).ljust(len(name)) for name in REQUESTED]
        lines.append(f"{login.ljust(11)} {' '.join(cells)}".rstrip())
    return "\n".join(lines)


def people_in(table: str) -> tuple[str, ...]:
    return tuple(line.split()[0] for line in table.splitlines()[1:])


@pytest.mark.parametrize("name", MAY)
def test_who_may_do_what(name: str, company: Any, browser_as: Any) -> None:
    level, _, state = name.partition(" ")
    said = read_table(MAY[name])
    with clock.set_to(NOW):
        made = document(company, level, state or "approved")
        assert answers(browser_as, made, people_in(said)) == said


@pytest.mark.parametrize("name", LENT)
def test_what_a_loan_adds(name: str, company: Any, browser_as: Any) -> None:
    """The loan's times decide: when it is over, its state is not asked."""
    level, upto, kind = name.split()
    said = read_table(LENT[name])
    with clock.set_to(NOW):
        made = document(company, level)
        lend(company, made, "clerk_mkt", kind, "on_loan" if upto == "over" else upto)
    with clock.set_to(NOW + dt.timedelta(days=3 if upto == "over" else 0)):
        assert answers(browser_as, made, people_in(said)) == said


def test_a_secret_title_is_told_nowhere_but_to_those_who_see_the_document(company: Any, browser_as: Any) -> None:
    """Not by the loan, its list, its export, its history, a notice, nor a document that was guessed in a filter."""
    with clock.set_to(NOW):
        made = document(company, "secret")
        loan = lend(company, made, "clerk_mkt", "paper", "on_loan")
        head = browser_as("head_mkt", is_new=True)
        pages = [
            head.get("/admin/loan/details/", {"id": str(loan.id)}),
            head.get("/admin/loan/history/", {"id": str(loan.id)}),
            head.get("/admin/loan/", {"f.document": str(made.id)}),
            head.get("/admin/loan/export/csv/"),
            head.get("/admin/search/", {"q": loan.number}),
            head.get("/admin/loan/new/", {"document": str(made.id)}),
            head.get("/admin/copy/", {"code": f"{made.number}/1"}),
            head.get("/admin/editions/", {"id": str(made.id)}),
        ]
    assert loan.number in pages[0].text
    assert [page.status_code for page in pages[-2:]] == [404, 404]
    for page in pages:
        assert SUBJECT not in page.get_data(as_text=True)
    rows = get_db()["notice"].find({"person": {"$in": [company.users["clerk_mkt"], company.users["head_mkt"]]}})
    assert SUBJECT not in str(list(rows))


def test_who_stands_in_for_a_borrower_does_not_read_what_was_lent(company: Any, browser_as: Any) -> None:
    with clock.set_to(NOW):
        made = document(company, "confidential")
        lend(company, made, "clerk_mkt", "electronic", "on_loan")
        values = {"absent_from": NOW.date(), "deputy": company.users["clerk_prd"]}
        changes.update(catalogue["user"], company.users["clerk_mkt"], values, actor=SYSTEM, version=None)
        file = files.files_of(made.id)[0]
        assert browser_as("clerk_prd", is_new=True).get(f"/files/{file['_id']}").status_code == 403


def test_a_paper_copy_is_asked_for_by_everybody_who_sees_the_document_but_it_and_supervisors(
    company: Any, browser_as: Any
) -> None:
    made = document(company, "confidential")
    query = {}
    for login in ("clerk_mkt", "legal", "hr", "management", "records", "supervisor", "it"):
        browser = browser_as(login)
        answer = browser.post("/admin/loan/new/", {"document": str(made.id), "kind": "paper", "purpose": "核對"})
        query[login] = answer.status_code
    assert query == dict.fromkeys(("clerk_mkt", "legal", "hr", "management", "records"), 302) | dict.fromkeys(
        ("supervisor", "it"), 403
    )
    mine = browser_as("clerk_mkt").post(
        "/admin/loan/new/",
        {"document": str(made.id), "kind": "electronic", "purpose": "核對", "wanted_from": "2099-01-01",
         "wanted_until": "2099-01-02", "borrower": str(company.users["head_mkt"])},
    )  # fmt: skip
    assert mine.status_code == 302
    rows = list(get_db()["loan"].find({"kind": "electronic"}))
    assert [row["borrower"] for row in rows] == [company.users["clerk_mkt"]], "nobody borrows in another's name"


def test_the_desk_the_log_and_the_labels_are_for_those_who_keep_them(company: Any, browser_as: Any) -> None:
    made = document(company, "internal")
    screens = {
        "/admin/desk/": {"records"},
        f"/admin/labels/?document={made.id}": {"records"},
        "/admin/borrowing_log/": {"records", "management", "supervisor"},
        "/admin/borrowing_log/export/csv/": {"records", "management", "supervisor"},
        "/admin/safekeeping/": set(company.logins) - {"it"},
    }
    for path, people in screens.items():
        may = {login for login in company.logins if browser_as(login).get(path).status_code == 200}
        assert may == people, path


def test_nobody_changes_a_loan_that_was_decided(company: Any, browser_as: Any) -> None:
    with clock.set_to(NOW):
        loan = lend(company, document(company, "internal"), "clerk_mkt", "paper", "on_loan")
        before = get_db()["loan"].find_one({"_id": loan.id})
        for login in ("clerk_mkt", "head_mkt", "records", "management", "supervisor"):
            browser = browser_as(login, is_new=True)
            sent = {"id": str(loan.id), "version": str(loan.version), "due": "2099-01-01", "copy": "7", "purpose": "x"}
            assert browser.post("/admin/loan/edit/", sent).status_code in (403, 404)
    assert get_db()["loan"].find_one({"_id": loan.id}) == before
