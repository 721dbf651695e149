"""Pages that belong to no single type: who opens them; and no page but the doors is open to strangers."""

from __future__ import annotations

from typing import Any

from models import catalogue
from tests.rights.asking import LETTERS, PEOPLE, read_table, table

OPEN_TO_ALL = (
    "/login", "/language", "/healthz", "/readyz", "/static/", "/admin/static/", "/calendar/", "/p/", "/session",
    "/metrics", "/api/v1/", "/api/openapi.json",
)  # fmt: skip
PAGES = {
    "home": "/admin/", "inbox": "/admin/inbox/", "search": "/admin/search/", "bin": "/admin/bin/",
    "account": "/admin/account/", "ageing": "/admin/analysis/receivable/",
    "needs": "/admin/analysis/requirement/", "archive": "/admin/archive/",
    "audit": "/admin/audit/", "backups": "/admin/backups/", "deliveries": "/admin/deliveries/",
    "timetable": "/admin/timetable/", "runs": "/admin/task_runs/", "setup": "/admin/setup/",
}  # fmt: skip
MAY = """
            home inbox search bin account ageing needs archive audit backups deliveries timetable runs setup
clerk_sal   y    y     y      y   y       y      y     y       n     n       n          n         n    n
clerk_sal2  y    y     y      y   y       y      y     y       n     n       n          n         n    n
head_sal    y    y     y      y   y       y      y     y       n     n       n          n         n    n
clerk_mkt   y    y     y      y   y       n      y     y       n     n       n          n         n    n
head_mkt    y    y     y      y   y       n      y     y       n     n       n          n         n    n
clerk_prd   y    y     y      y   y       n      y     y       n     n       n          n         n    n
legal       y    y     y      y   y       y      n     y       n     n       n          n         n    n
finance     y    y     y      y   y       y      n     y       n     n       n          n         n    n
management  y    y     y      y   y       y      y     y       n     n       n          n         n    n
supervisor  y    y     y      y   y       y      y     y       y     n       n          n         n    n
it          y    y     y      y   y       n      n     y       y     y       y          y         y    y
a stranger  l    l     l      l   l       l      l     l       l     l       l          l         l    l
"""


def test_who_opens_which_page(company: Any, browser_as: Any) -> None:
    def answer(login: str, page: str) -> str:
        status = browser_as(login).get(PAGES[page]).status_code
        return "y" if status == 200 else LETTERS.get(status, str(status))

    assert table(tuple(PAGES), answer) == read_table(MAY)
    assert {line.split()[0] for line in MAY.split("\n")[2:] if line.strip()} == {*PEOPLE[:-1], "a"}


def test_no_page_is_open_to_strangers(app: Any, company: Any, browser_as: Any) -> None:
    stranger = browser_as("")
    for rule in app.url_map.iter_rules():
        path = rule.build({**dict.fromkeys(rule.arguments, "1"), "key": "wecom"}, append_unknown=False)[1]
        if "GET" in (rule.methods or ()) and not path.startswith(OPEN_TO_ALL):
            answer = stranger.get(path)
            assert answer.status_code == 303, f"{path}: {answer.status}"
            assert answer.headers["Location"].startswith("/login"), path


def test_programs_without_a_key_or_token_get_nothing(app: Any, company: Any, browser_as: Any) -> None:
    for login in ("", "management", "it"):
        for path in ("/api/v1/customer", f"/api/v1/customer/{'0' * 24}"):
            assert browser_as(login).get(path).status_code == 401, (login, path)
        assert browser_as(login).get("/metrics").status_code == 404, login


def test_the_menu_leads_only_where_one_may_go(company: Any, browser_as: Any) -> None:
    for login in ("clerk_sal", "head_mkt", "supervisor", "it"):
        browser = browser_as(login)
        links = {link for link in browser.page("/admin/").links if link.startswith("/admin/")}
        for link in links:
            assert browser.get(link).status_code == 200, f"{login} is led to {link}"
        own = {name for name in catalogue if f"/admin/{name}/" in links}
        closed = {name for name in catalogue if browser.get(f"/admin/{name}/help/").status_code == 403}
        assert not own & closed
