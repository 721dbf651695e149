"""Every list: sorted, filtered and searched by indexes only, and a page of it costs the same whatever it holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bson import ObjectId
from werkzeug.datastructures import MultiDict

from models.kernel.rights import rights
from tests.fixtures._types import TYPES, VARIED, dealt
from tests.fixtures.http import COMMANDS, reader
from views.lists.listing import order_of, read_request, sortable

QUERIES_MAX = 14  # session, account, user, deputies, four counts, rows and their count; one more for each linked type
READING = ("find", "aggregate", "count", "distinct", "getMore")


def sorted_columns(cls: Any) -> list[str]:
    """The columns of its grid by which a type is sorted."""
    return [name for name in cls.declared.grid.columns if sortable(cls, name)]


SHOWN_SORTED = dealt(sorted_columns)  # the others are sorted by the same code; each has its own index


@contextmanager
def commands() -> Iterator[list[dict[str, Any]]]:
    """The reading commands that are sent within the block."""
    heard: list[dict[str, Any]] = []
    COMMANDS.listeners.append(heard.append)
    try:
        yield heard
    finally:
        COMMANDS.listeners.remove(heard.append)


def copies(record: Any, count: int) -> None:
    """Many rows like this one, put beside the gate since only their number matters."""
    rows = type(record)._get_collection()
    row = rows.find_one({"_id": record.id})
    unique = [name for name, field in type(record).declared.own_fields.items() if field.unique and row.get(name)]
    apart = {rule.fields[-1] for rule in type(record).declared.unique if rule.same_as(row)}
    many = []
    for _ in range(count):
        new = ObjectId()
        copy = {**row, "_id": new, "number": f"{row['number']}-{new}", **dict.fromkeys(unique, f"x{new}")}
        many.append({name: value for name, value in copy.items() if name != "once" and name not in apart})
    if many:
        rows.insert_many(many)


def stages(plan: Any) -> set[str]:
    """The names of all stages of a query plan."""
    if isinstance(plan, list):
        return set().union(*map(stages, plan)) if plan else set()
    if not isinstance(plan, dict):
        return set()
    own = {plan["stage"]} if "stage" in plan else set()
    return own.union(*(stages(value) for key, value in plan.items() if key != "rejectedPlans"))


@TYPES
def test_every_order_of_the_list_answers_by_an_index(cls: Any, record: Any, company: Any, browser_as: Any) -> None:
    rows = cls._get_collection()
    if SHOWN_SORTED[cls]:
        copies(record, 30)
    browser = browser_as(reader(company, cls, record))
    for name in SHOWN_SORTED[cls]:
        for sort in (name, f"-{name}"):
            page = browser.page(f"/admin/{cls.declared.name}/", {"sort": sort, "size": "20"})
            assert len([row for row in page.rows if any(row)]) == 21
            after = next(link for link in page.links if "after=" in link)
            second = browser.page(after)
            assert [row for row in second.rows if any(row)], f"sorted by {sort}, the second page is empty"
    explained: set[str] = set()
    for login in company.logins:
        actor = company.actor(login)
        if not rights.can_open(actor, cls):
            continue
        for name in (field for field in cls._fields if sortable(cls, field)):
            questions = read_request(cls, actor, MultiDict({"sort": name}))
            if (query := f"{name} {questions.filter}") in explained:  # of colleagues with the same rights
                continue
            explained.add(query)
            plan = (
                rows.find(questions.filter).sort(order_of(questions)).limit(51).explain()["queryPlanner"]["winningPlan"]
            )
            assert "COLLSCAN" not in stages(plan), f"{login} sorts by {name}"


@TYPES
def test_pages_by_key_show_every_row_once(cls: Any, record: Any, company: Any, browser_as: Any) -> None:
    """Forwards to the end, also among rows of equal and of missing values: in every order of the types that have all
    kinds between them, in the last one of the others."""
    base = f"/admin/{cls.declared.name}/"
    copies(record, 45)
    login = reader(company, cls, record)
    browser = browser_as(login)
    total = cls._get_collection().count_documents(rights.visible(company.actor(login), cls) or {})
    orders = sorted_columns(cls)[-2:]
    for sort in ("", *orders) if cls in VARIED else orders[-1:] or ("",):
        address: str | None = f"{base}?size=20&sort={sort}"
        ids: list[str] = []
        while address:
            page = browser.page(address)
            ids += [link.rsplit("=", 1)[1] for link in dict.fromkeys(page.links) if f"{base}details/?id=" in link]
            address = next((link for link in page.links if "after=" in link), None)
        assert (len(ids), len(set(ids))) == (total, total), f"sorted by {sort or 'default'}"


@TYPES
def test_every_filter_of_the_list_answers(cls: Any, record: Any, company: Any, browser_as: Any) -> None:
    """Filtered by its own value a row is found; by another one it is not."""
    base = f"/admin/{cls.declared.name}/"
    browser = browser_as(reader(company, cls, record))
    assert f"id={record.id}" in browser.get(base, {"q": record.number, "size": "200"}).text
    assert f"id={record.id}" not in browser.get(base, {"q": "no such thing 沒有"}).text
    flow = cls.declared.workflow
    if flow:
        other = next(state for state in flow.states if state != record.state)
        assert f"id={record.id}" in browser.get(base, {"f.state": record.state}).text
        assert f"id={record.id}" not in browser.get(base, {"f.state": other}).text
    for name in cls.declared.grid.filters:
        assert browser.get(base, {f"f.{name}": "1", f"f.{name}.from": "1", f"f.{name}.to": "9"}).status_code == 200


@TYPES
def test_a_page_costs_the_same_with_ten_rows_and_with_sixty(
    cls: Any, record: Any, company: Any, browser_as: Any
) -> None:
    base = f"/admin/{cls.declared.name}/"
    browser, counts = browser_as(reader(company, cls, record)), []
    copies(record, 9)
    browser.page(base)  # departments and words are remembered from the first page on
    for more in (0, 50):
        copies(record, more)
        with commands() as heard:
            browser.page(base, {"size": "200"})
        counts.append(len([item for item in heard if next(iter(item)) in READING]))
    assert counts[0] == counts[1], "one row more, one query more"
    links = {
        field.target
        for name, field in cls._fields.items()
        if name in cls.declared.grid.columns and hasattr(field, "target")
    }
    assert counts[0] <= QUERIES_MAX + len(links)
