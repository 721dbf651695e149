"""Malformed addresses on every page: never an error of ours, and nothing that the reader may not see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import flask
import pytest
from werkzeug.datastructures import ImmutableMultiDict

from models import catalogue
from models.kernel.rights import rights
from tests.bad_input.nasty import CURSORS, NASTY, UNKNOWN_ID
from tests.fixtures._types import between_them, kinds_of
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


SOME_TYPES = ("quotation", "negotiation", "user")


PEOPLE = ("management", "it", "clerk_sal", "records", "hr", "head_sal")
READING_MIN = 40
ALL = "*"  # a page that goes through all arguments


def routes(app: Any, method: str = "GET") -> list[str]:
    """The addresses that answer to a method, with their places filled; of those that several types have, that of one
    type."""
    rules = [rule for rule in app.url_map.iter_rules() if method in (rule.methods or ())]
    result: dict[str, str] = {}
    for path in sorted(rule.build(_places(rule), append_unknown=False)[1] for rule in rules):
        parts = path.split("/", 3)
        is_of_type = len(parts) == 4 and parts[2] in catalogue
        if not is_of_type or parts[2] == "quotation" or parts[3] not in result:
            result[parts[3] if is_of_type else path] = path
    return sorted(result.values())


def _places(rule: Any) -> dict[str, str]:
    kind = "quotation" if rule.rule.startswith("/admin/archive/") else "csv"
    places = {
        "key": "wecom",
        "file_id": UNKNOWN_ID,
        "export_type": "csv",
        "filename": "nothing.css",
        "type_name": "quotation",
    }
    return dict.fromkeys(rule.arguments, "1") | places | {"kind": kind}


class Noting(ImmutableMultiDict[str, str]):
    """The arguments of a request, which remember what is read of them."""

    read: ClassVar[set[str]] = set()

    def get(self, key: str, *rest: Any, **options: Any) -> Any:
        self.read.add(key)
        return super().get(key, *rest, **options)

    def getlist(self, key: str, *rest: Any, **options: Any) -> Any:
        self.read.add(key)
        return super().getlist(key, *rest, **options)

    def __getitem__(self, key: str) -> Any:
        self.read.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.read.add(str(key))
        return super().__contains__(key)

    def items(self, multi: bool = False) -> Any:
        self.read.add(ALL)
        return super().items(multi)

    def __iter__(self) -> Any:
        self.read.add(ALL)
        return super().__iter__()


@dataclass(frozen=True)
class Reading:
    """A page, one who may open it, which arguments it reads, and those that it is given as they should be."""

    path: str
    login: str
    names: tuple[str, ...]
    sound: tuple[tuple[str, str], ...] = ()

    def with_all(self, text: str) -> list[tuple[str, str]]:
        """The query in which each argument has a text."""
        return [*self.sound, *((name, text) for name in self.names)]


def readings(app: Any, browser_as: Any, record: Any) -> list[Reading]:
    """Of each page what it reads when it is asked for plainly, and when it is asked for about a record."""
    result, id = [], str(record.id)
    for path in routes(app):
        login, names = _read(path, browser_as, [])
        result.append(Reading(path, login, names))
        if "id" in names:
            login, more = _read(path, browser_as, [("id", id)])
            rest = tuple(name for name in more if name != "id")
            result += [Reading(path, login, rest, (("id", id),))] if rest else []
    return result


def _read(path: str, browser_as: Any, query: list[tuple[str, str]]) -> tuple[str, tuple[str, ...]]:
    for login in PEOPLE:
        browser = browser_as(login)
        Noting.read.clear()
        if browser.get(path, query).status_code != 403:
            names = {*ARGUMENTS, *Noting.read} - {ALL} if ALL in Noting.read else Noting.read
            return login, tuple(sorted(names))
    return PEOPLE[0], ()


def test_no_argument_of_any_page_breaks_it(
    app: Any, company: Any, browser_as: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each text in all arguments that a page reads at once. Pages that read nothing but the id of a record load it in
    the same way: they share the texts. A page that reads nothing is asked for once, with all that others read."""
    record = company.make("quotation")
    with monkeypatch.context() as noting:
        noting.setattr(flask.Request, "parameter_storage_class", Noting)
        pages = readings(app, browser_as, record)
    broken, texts = [], list(NASTY.values())
    for at, page in enumerate(pages):
        tries = [page.with_all(text) for text in (texts[at % 5 :: 5] if page.names == ("id",) else texts)]
        tries = tries if page.names else [[(argument, texts[at % len(texts)]) for argument in ARGUMENTS]]
        answers = [browser_as(page.login).get(page.path, query) for query in tries]
        broken += [f"{page}: {answer.status}" for answer in answers if answer.status_code >= 500]
    assert not broken
    assert len([page for page in pages if page.names]) >= READING_MIN


@pytest.mark.parametrize("name", NASTY)
def test_no_filter_of_any_list_breaks_it(name: str, company: Any, browser_as: Any) -> None:
    """In types that have all kinds of fields between them: a filter is its kind's."""
    text = NASTY[name]
    for cls in between_them(catalogue.values(), kinds_of):
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
