"""Malformed addresses on every page: never an error of ours, and nothing that the reader may not see."""

from __future__ import annotations

from typing import Any

import pytest

from models import catalogue
from models.kernel.rights import rights
from tests.bad_input.nasty import CURSORS, NASTY, UNKNOWN_ID
from tests.fixtures.http import read_page, reader, said

ARGUMENTS = (
    "q",
    "sort",
    "size",
    "after",
    "before",
    "at",
    "with",
    "view",
    "from",
    "side",
    "state",
    "id",
    "version",
    "verb",
    "field",
    "query",
    "type",
    "next",
)


# Pages of one type are the same code for every type: these three have all kinds of fields between them.
SOME_TYPES = ("quotation", "negotiation", "user")


def routes(app: Any, method: str) -> list[str]:
    """The addresses of the pages that answer to a method, of the types only some; their places are filled."""
    result = [rule for rule in app.url_map.iter_rules() if method in (rule.methods or ())]
    left_out = tuple(f"/admin/{name}/" for name in catalogue if name not in SOME_TYPES)
    places = {"file_id": UNKNOWN_ID, "export_type": "csv", "filename": "nothing.css"}
    paths = {rule.build(dict.fromkeys(rule.arguments, "1") | places, append_unknown=False)[1] for rule in result}
    return sorted(path for path in paths if not path.startswith(left_out))


@pytest.mark.parametrize("name", NASTY)
def test_no_argument_of_any_page_breaks_it(name: str, app: Any, company: Any, browser_as: Any) -> None:
    management, text = browser_as("management"), NASTY[name]
    answers = {path: management.get(path, [(argument, text) for argument in ARGUMENTS]) for path in routes(app, "GET")}
    broken = [f"{path}: {answer.status}" for path, answer in answers.items() if answer.status_code >= 500]
    assert not broken


def types_of_all_kinds() -> list[Any]:
    """Types that have all kinds of fields between them, those with the most fields first: a filter is its kind's."""
    known: set[Any] = set()
    result = []
    for cls in sorted(catalogue.values(), key=lambda cls: len(cls._fields), reverse=True):
        kinds = {(type(field), getattr(field, "ordered", None)) for field in cls._fields.values()}
        if kinds - known:
            result.append(cls)
        known |= kinds
    return result


@pytest.mark.parametrize("name", NASTY)
def test_no_filter_of_any_list_breaks_it(name: str, company: Any, browser_as: Any) -> None:
    text = NASTY[name]
    for cls in types_of_all_kinds():
        names = [(f"f.{field}{end}", text) for field in cls._fields for end in ("", ".from", ".to")]
        names += [("with", field) for field in cls._fields]
        answer = browser_as(reader(company, cls)).get(f"/admin/{cls.declared.name}/", names)
        assert answer.status_code == 200, f"{cls.__name__}: {answer.status} {said(answer)}"


@pytest.mark.parametrize("name", CURSORS)
def test_no_cursor_breaks_a_list(name: str, company: Any, browser_as: Any) -> None:
    company.walk(company.make("quotation"), "draft")
    management = browser_as("management")
    for sort in ("", *catalogue["quotation"].declared.grid.columns):
        for side in ("after", "before"):
            answer = management.get("/admin/quotation/", {side: CURSORS[name], "sort": sort})
            assert answer.status_code == 200, f"{side}, sorted by {sort!r}: {answer.status} {said(answer)}"


def test_a_filter_that_means_nothing_is_named(company: Any, browser_as: Any) -> None:
    page = browser_as("management", locale="en").page(
        "/admin/quotation/", {"f.total.from": "much", "f.valid_until": "soon"}
    )
    assert [sentence for sentence in page.notices if "Total" in sentence and "number" in sentence]
    assert [sentence for sentence in page.notices if "Valid until" in sentence]


@pytest.mark.parametrize("operator", ["$ne", "$gt", "$where", "$regex"])
def test_operators_in_names_are_no_operators(operator: str, company: Any, browser_as: Any) -> None:
    """`field[$ne]=…` is an argument that nobody knows; the list stays as it was asked for otherwise."""
    company.make("customer", name="Ours")
    clerk = browser_as("clerk_sal")
    names = ("state", "q", "f.state", "id", "f.department")
    page = clerk.page("/admin/customer/", {f"{name}[{operator}]": "1" for name in names})
    assert [row for row in page.rows if "Ours" in row]
    assert clerk.get("/admin/customer/details/", {f"id[{operator}]": "1"}).status_code == 404


@pytest.mark.parametrize("id", ["", "zz", UNKNOWN_ID, "{'$ne': None}", "5" * 23 + "\x00", "None", "5" * 12])
@pytest.mark.parametrize("name", SOME_TYPES)
def test_unknown_ids_are_not_found(name: str, id: str, company: Any, browser_as: Any) -> None:
    """The same for "malformed" and for "not there", on every page about one record."""
    management, base = browser_as("management"), f"/admin/{name}/"
    for path in ("details/", "history/", "edit/", "move/", "delete/"):
        answer = management.get(base + path, {"id": id, "verb": "approve"})
        assert answer.status_code == 404, f"{path}: {answer.status}"
    for path in ("edit/", "move/", "delete/", "comment/", "attach/", "detach/", "restore/", "lead/"):
        answer = management.post(
            base + path, {"id": id, "verb": "approve", "version": "1", "sure": "1", "comment": "x"}
        )
        assert answer.status_code == 404, f"posted to {path}: {answer.status}"
    assert management.post(f"{base}ajax/update/", {"id": id, "name": "x", "value": "x"}).status_code == 404
    assert management.get(f"/files/{id or 'x'}").status_code == 404


def test_long_texts_in_addresses_answer_quickly(company: Any, browser_as: Any) -> None:
    management = browser_as("management")
    for text in ("(a+)+$" * 1000, "[" * 6000, "*" * 6000, "資" * 3000):
        assert management.get("/admin/search/", {"q": text}).status_code == 200
        assert management.get("/admin/customer/", {"q": text, "f.name": text}).status_code == 200
        assert management.get("/admin/quotation/ajax/lookup/", {"field": "customer", "query": text}).status_code == 200


def test_a_lookup_answers_for_links_only(company: Any, browser_as: Any) -> None:
    for cls in catalogue.values():
        browser = browser_as(reader(company, cls))
        for name in ("", "number", "password", "chain", "once", "lines", "lines.amount", "_id", "__class__"):
            answer = browser.get(f"/admin/{cls.declared.name}/ajax/lookup/", {"field": name})
            assert answer.status_code == 404, f"{cls.__name__}.{name}: {answer.status}"


def test_every_page_that_is_refused_says_so_in_a_sentence(company: Any, browser_as: Any) -> None:
    for locale, marks in (("en", ".)"), ("zh-Hant", "。）")):
        clerk = browser_as("clerk_mkt", locale=locale)
        for path in (
            "/admin/payment/new/",
            "/admin/customer/details/?id=zz",
            "/nothing/",
            "/admin/customer/edit/?id=zz",
        ):
            page = read_page(clerk.get(path).text)
            assert page.notices, path
            assert page.notices[0][-1] in marks, f"{path}: {page.notices}"


def test_rights_are_asked_before_anything_else(company: Any, browser_as: Any) -> None:
    """A list that one has no business with is refused whatever else is asked."""
    it = browser_as("it")
    for cls in catalogue.values():
        if not rights.can_open(company.actor("it"), cls):
            assert it.get(f"/admin/{cls.declared.name}/", {"sort": "zz", "after": "zz"}).status_code == 403
