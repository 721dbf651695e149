"""Every ordered choice: lists sort by it by an index and are narrowed by it; what leads a list leads the inbox."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from models import catalogue
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes, search_parts
from models.kernel.gate.history import entries_of
from models.kernel.gate.waiting import COLLECTION as WAITING
from models.kernel.gate.waiting import rank_of
from models.kernel.language.declare import leading_choice, ordered_choices
from models.services.keeping import audit
from tests.fixtures.http import reader
from views.home.cases import INBOX_ORDER, following
from views.lists import listing

ORDERED = pytest.mark.parametrize(
    ("cls", "name"),
    [(cls, name) for cls in catalogue.values() for name in ordered_choices(cls) if not cls.fields_of()[name].computed],
    ids=lambda item: getattr(item, "__name__", item),
)


@pytest.fixture
def ranked(cls: Any, name: str, company: Any, made_anew: Callable[[], Any]) -> dict[str, Any]:
    """A record of each option, and one of none unless it is required; not in the order of the options."""
    first, field = made_anew(), cls.fields_of()[name]
    options = sorted([*field.options, *([] if field.required else [""])], key=lambda option: option[::-1])
    if field.unique:
        made = {first.raw(name): first}
        return {option: made.get(option) or company.make(cls.declared.name, **{name: option}) for option in options}
    return {
        option: changes.update(
            cls, company.make(cls.declared.name).id, {name: option or None}, actor=SYSTEM, version=None
        )
        for option in options
    }


def in_order(cls: Any, name: str, ranked: dict[str, Any]) -> list[str]:
    """Its numbers, the least first: what was not chosen, then as the options stand."""
    return [ranked[option].number for option in ("", *cls.fields_of()[name].options) if option in ranked]


def test_priority_is_ordered_and_leads() -> None:
    assert leading_choice(catalogue["requirement"]) == "priority"


def numbers(cls: Any, person: Any, **args: str) -> list[str]:
    query = listing.read_request(cls, person, MultiDict(args))
    assert not query.problems, [str(words) for words in query.problems]
    return [row["number"] for row in listing.fetch(query, ("number",)).rows]


@ORDERED
def test_a_list_sorts_by_rank_and_reads_an_index(cls: Any, name: str, ranked: dict[str, Any], company: Any) -> None:
    known = {record.number for record in ranked.values()}
    for sort, is_least_first in ((name, True), (f"-{name}", False)):
        shown = [number for number in numbers(cls, SYSTEM, sort=sort) if number in known]
        assert shown == (in_order(cls, name, ranked) if is_least_first else in_order(cls, name, ranked)[::-1])
    query = listing.read_request(cls, SYSTEM, MultiDict({"sort": name}))
    plan = cls.collection().find(query.filter).sort(listing.order_of(query)).limit(51).explain()
    assert "IXSCAN" in str(plan["queryPlanner"]["winningPlan"])
    assert "SORT'" not in str(plan["queryPlanner"]["winningPlan"]), "nothing is sorted after it was read"


@ORDERED
def test_neighbours_follow_the_order(cls: Any, name: str, ranked: dict[str, Any]) -> None:
    query, shown = listing.read_request(cls, SYSTEM, MultiDict({"sort": f"-{name}"})), []
    last = ranked[list(cls.fields_of()[name].options)[-1]].id
    while last is not None:
        stored = cls.collection().find_one({"_id": last})
        shown.append(stored["number"])
        last = listing.beside(query, stored, "after")
    known = {record.number for record in ranked.values()}
    assert [number for number in shown if number in known] == in_order(cls, name, ranked)[::-1]


@ORDERED
def test_pages_by_key_go_on_in_the_order(cls: Any, name: str, ranked: dict[str, Any]) -> None:
    args, shown = MultiDict({"sort": f"-{name}"}), []
    for _ in range(30):
        query = listing.read_request(cls, SYSTEM, args)
        page = listing.fetch(listing.ListQuery(**{**vars(query), "size": 1}), ("number",))
        shown += [row["number"] for row in page.rows]
        if not page.next:
            break
        args = MultiDict({"sort": f"-{name}", "after": page.next})
    known = {record.number for record in ranked.values()}
    assert [number for number in shown if number in known] == in_order(cls, name, ranked)[::-1]


@ORDERED
def test_a_list_is_narrowed_from_and_up_to_an_option(
    cls: Any, name: str, ranked: dict[str, Any], company: Any, browser_as: Any
) -> None:
    options = [option for option in cls.fields_of()[name].options if option in ranked]
    for at, option in enumerate(options):
        for end, right in (("from", options[at:]), ("to", options[: at + 1])):
            shown = set(numbers(cls, SYSTEM, **{f"f.{name}.{end}": option}))
            here = {record.number for record in ranked.values()} & shown
            assert here == {ranked[other].number for other in right}
    record = ranked[options[-1]]
    browser = browser_as(reader(company, cls, record), locale="en")
    page = browser.get(f"/admin/{cls.declared.name}/", {f"f.{name}.from": options[-1]})
    assert page.status_code == 200
    assert f"id={record.id}" in page.text
    for bad in {"nothing", "1", "$gt"} - {*options}:
        answer = browser.get(f"/admin/{cls.declared.name}/", {f"f.{name}.from": bad})
        assert answer.status_code == 200
        assert "must be one of" in answer.text


@ORDERED
def test_records_of_before_get_their_rank(cls: Any, name: str, ranked: dict[str, Any]) -> None:
    """As they were while the choice had no order: the refresh that an update of the program orders brings it."""
    ids = [record.id for record in ranked.values()]
    cls.collection().update_many({"_id": {"$in": ids}}, {"$unset": {"r": ""}, "$set": {"sv": "before"}})
    cls._get_db()[WAITING].update_many({"_id": {"$in": ids}}, {"$unset": {"rank": ""}})
    assert not audit.check().faults
    last = None
    while True:
        _, last = search_parts.refresh(cls, cls.type_name(), last)
        if last is None:
            break
    shown = numbers(cls, SYSTEM, sort=name)
    known = {record.number for record in ranked.values()}
    assert [number for number in shown if number in known] == in_order(cls, name, ranked)
    for record in ranked.values():
        case = cls._get_db()[WAITING].find_one({"_id": record.id}) or {}
        assert not case or case.get("rank", 0) == rank_of(record)
    assert not audit.check().faults


@ORDERED
def test_another_choice_is_another_rank_and_leaves_no_trace_of_its_own(
    cls: Any, name: str, ranked: dict[str, Any]
) -> None:
    options = [option for option in cls.fields_of()[name].options if option in ranked]
    if cls.fields_of()[name].unique:
        changes.remove(cls, ranked[options[-1]].id, actor=SYSTEM, version=None)
        cls.collection().delete_one({"_id": ranked[options[-1]].id})
    record = changes.update(cls, ranked[options[0]].id, {name: options[-1]}, actor=SYSTEM, version=None)
    stored = cls.collection().find_one({"_id": record.id})
    assert stored["r"][name] == len(cls.fields_of()[name].options)
    entry = entries_of(record.id, newest_first=True, limit=1)[0]
    editions = {"edition", "meant_since"} if cls.declared.editions and name in cls.declared.editions.of else set()
    assert {change["field"] for change in entry["changes"]} == {name} | editions


@ORDERED
def test_what_leads_its_list_leads_board_and_inbox(
    cls: Any, name: str, ranked: dict[str, Any], company: Any, browser_as: Any
) -> None:
    if leading_choice(cls) != name:
        return
    top = ranked[list(cls.fields_of()[name].options)[-1]]
    browser = browser_as(reader(company, cls, top))
    text = browser.get(f"/admin/board/{cls.declared.name}/", {"f.state": top.state}).text
    places = [text.index(number) for number in in_order(cls, name, ranked)[::-1] if number in text]
    assert places == sorted(places)
    cases = list(cls._get_db()[WAITING].find().sort(INBOX_ORDER))
    assert cases[0]["number"] == top.number, "although it is not the oldest"
    for at, case in enumerate(cases):
        after = cls._get_db()[WAITING].find(following(case)).sort(INBOX_ORDER)
        assert [other["_id"] for other in after] == [other["_id"] for other in cases[at + 1 :]]
