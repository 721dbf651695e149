"""Every type whose records are merged: one of two, what links there is led on, and all of it back again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from mongoengine.connection import get_db

from models import catalogue, merging
from models.kernel.base.errors import Changed, Forbidden, Missing, Refused
from models.kernel.base.people import SYSTEM, Actor
from models.kernel.gate import changes, history, merged_links, unit, writing
from models.kernel.gate import merging as gate
from models.kernel.gate.merging import Pair
from models.kernel.language.fields import is_empty
from models.kernel.rights import picking, rights
from models.services.work import jobs
from tasks.engine.registry import load_jobs
from tasks.engine.run import Run
from tests.fixtures._guesses import Guesses
from tests.fixtures._types import types_with
from tests.fixtures.doing import Killed, work_off
from tests.fixtures.http import read_page, said

MERGING = types_with(lambda declared: declared.merges)
OF_EACH_WRITE = {"version", "updated_at", "updated_by", "chain", "sv"}


def merger(company: Any, cls: Any) -> Actor:
    """Somebody who may merge records of the department that the first clerk works in."""
    people = [company.actor(login) for login in company.logins]
    record = company.make(cls.type_name())
    may = [p for p in people if gate.may_merge(p, cls) and rights.can_open(p, cls) and rights.is_writer(p, cls, record)]
    return may[0]


def pair_of(company: Any, cls: Any) -> tuple[Any, Any]:
    """Two records, of which the second has something in each field that the first leaves empty."""
    kept, gone = company.make(cls.type_name()), company.make(cls.type_name())
    guesses = Guesses(company, cls, company.actor("clerk_sal"), reuse=False)
    for name, field in cls.declared.own_fields.items():
        if is_empty(gone.raw(name)) and not field.computed and not field.internal and not field.target:
            for value in guesses.options(field, []):
                try:
                    gone = changes.update(cls, gone.id, {name: value}, actor=SYSTEM, version=None)
                except Refused:
                    continue
                break
    return kept, gone


def linking_to(company: Any, record: Any) -> list[tuple[merged_links.LinkPlace, Any]]:
    """A record of each place that can link to one, as far as one can be made so."""
    result = []
    for place in merged_links.places_of(type(record)):
        if not place.is_firm and "." not in place.path and not place.is_text:
            try:
                other = company.make(place.cls.type_name(), **{place.path: record.id})
            except Refused:
                continue
            if any(obstacle(record) for obstacle in gate._obstacles):  # as a legal hold does
                changes.remove(type(other), other.id, actor=SYSTEM, version=None)
            else:
                result.append((place, other))
    assert result
    return result


def stored_facts(record: Any) -> dict[str, Any]:
    row = get_db()[record.type_name()].find_one({"_id": record.id})
    return {name: value for name, value in row.items() if name not in OF_EACH_WRITE}


def versions(kept: Any, gone: Any) -> Pair:
    return Pair(gone.id, kept.id, gone.version, kept.version)


def all_choosable(actor: Actor, kept: Any, gone: Any) -> list[str]:
    return gate.preferred(kept, gone, gate.fields_to_choose(actor, kept, gone))


@MERGING
def test_one_of_two_and_back(cls: Any, company: Any, browser_as: Any, program: Any) -> None:
    actor = merger(company, cls)
    kept, gone = pair_of(company, cls)
    linked = linking_to(company, gone)
    was, before = stored_facts(gone), stored_facts(kept)
    browser, base = browser_as(actor.login), f"/admin/{cls.type_name()}/"
    page = read_page(browser.get(f"{base}merge/", {"id": kept.id, "with": gone.id}).text)
    answer = browser.send(page.form(f"{base}merge/"))
    assert answer.status_code == 302, said(answer)
    taken = all_choosable(actor, kept, gone)
    now = get_db()[cls.type_name()].find_one({"_id": kept.id})
    assert taken
    assert all(now[name] == was[name] for name in taken)
    _lines_are_united(cls, now, before, was)
    _nobody_finds_it(cls, gone, actor, browser, program, kept)
    _links_are_led_on(actor, kept, gone, linked, browser)
    form = read_page(browser.get(f"{base}details/", {"id": kept.id}).text).form(f"{base}merge/undo/")
    answer = browser.send(form)
    assert answer.status_code == 302, said(answer)
    work_off(gate.JOB)
    assert stored_facts(gone) == was
    assert stored_facts(kept) == before | {"known_as": []}
    for place, record in linked:
        assert company.fresh(record).ref(place.path) == gone.id
    for record in (kept, gone):
        assert list(history.faults_in(history.entries_of(record.id), company.fresh(record).chain)) == []


def _lines_are_united(cls: Any, now: Mapping[str, Any], before: Mapping[str, Any], was: Mapping[str, Any]) -> None:
    for name, field in cls.declared.own_fields.items():
        if field.columns and not field.computed:
            keys = [line["key"] for line in now.get(name) or ()]
            assert len(keys) == len(set(keys)) == len(before.get(name) or ()) + len(was.get(name) or ())


def _nobody_finds_it(cls: Any, gone: Any, actor: Actor, browser: Any, program: Any, kept: Any) -> None:
    """It stands in no list, picker or bin; its page, the API and a search for its number lead to the other one."""
    base = f"/admin/{cls.type_name()}/"
    assert f"details/?id={gone.id}" not in browser.get(base).text
    assert gone.number not in browser.get("/admin/bin/").text
    with pytest.raises(Missing):
        rights.find(SYSTEM, cls, gone.id)
    with pytest.raises(Refused):
        changes.restore(cls, gone.id, actor=actor)
    rows = cls.collection().find({"$and": [rights.visible(actor, cls), picking.found_by(actor, cls, gone.number)]})
    assert [row["_id"] for row in rows] == [kept.id]
    answer = browser.get(f"{base}details/", {"id": gone.id})
    assert answer.status_code == 302
    assert answer.headers["Location"].endswith(f"id={kept.id}")
    shown = browser.get(f"{base}details/", {"id": kept.id}).text
    assert gone.number in shown
    assert browser.get(f"{base}merged/", {"id": gone.id}).status_code == 200
    answer = program(actor.login).get(f"{cls.type_name()}/{gone.id}")
    assert (answer.status_code, answer.json["merged_into"]) == (301, str(kept.id))
    assert answer.headers["Location"].endswith(f"/{kept.id}")


def _links_are_led_on(actor: Actor, kept: Any, gone: Any, linked: list[Any], browser: Any) -> None:
    """What may be changed names the one that stands; all of it is found from there, before and after."""
    for _ in range(2):
        for place, record in linked:
            own = type(record)
            row = get_db()[own.type_name()].find_one({"_id": record.id})
            assert getattr(own.from_stored(row), place.path).id == kept.id
            if rights.find_rows(actor, own, [record.id]):
                list_page = browser.get(f"/admin/{own.type_name()}/", {f"f.{place.path}": kept.id, "with": place.path})
                assert f"details/?id={record.id}" in list_page.text
        work_off(gate.JOB)
    for place, record in linked:
        fresh = rights.find(SYSTEM, type(record), record.id)
        last = history.entries_of(record.id)[-1]
        if merged_links.is_open(record):
            assert fresh.ref(place.path) == kept.id
            assert (last["door"], last["verb"], last["actor"]) == ("merge", "update", None)
            assert gone.number in last["reason"]
            assert kept.number in last["reason"]
        else:
            assert fresh.ref(place.path) == gone.id
            assert last["door"] != "merge"


@MERGING
def test_who_may_and_who_may_not(cls: Any, company: Any, browser_as: Any) -> None:
    """Whoever has the role and may change both; all others are refused on the page and by the gate."""
    kept, gone = company.make(cls.type_name()), company.make(cls.type_name())
    may: dict[str, bool] = {}
    for login in company.logins:
        actor, browser = company.actor(login), browser_as(login)
        expected = bool(rights.has_role(actor, cls.declared.merges.by)) and all(
            rights.can_open(actor, cls) and rights.is_writer(actor, cls, record) for record in (kept, gone)
        )
        answer = browser.get(f"/admin/{cls.type_name()}/merge/", {"id": kept.id, "with": gone.id})
        sent = {"kept": str(kept.id), "gone": str(gone.id), "kept.version": "-1", "gone.version": "-1"}
        posted = browser.post(f"/admin/{cls.type_name()}/merge/", sent)
        assert (posted.status_code == 409) == expected, login
        assert expected or posted.status_code in (403, 404), login
        assert answer.status_code == 200 if expected else answer.status_code in (403, 404), login
        may[login] = expected
        if not expected:
            with pytest.raises((Forbidden, Missing)):
                merging.merge(cls, versions(kept, gone), [], actor=actor)
    assert any(may.values())
    assert not all(may.values())
    for cls_ in catalogue.values():
        if cls_.declared.merges is None:
            assert browser_as("management").get(f"/admin/{cls_.type_name()}/merge/").status_code == 404
            break


@MERGING
def test_killed_at_any_access_nothing_is_half_done(cls: Any, company: Any, kill_at: Any, monkeypatch: Any) -> None:
    """The merge stands whole or not at all; its run, begun anew, leads each record on once."""
    actor = merger(company, cls)
    kept, gone = pair_of(company, cls)
    was, before = stored_facts(gone), stored_facts(kept)
    linked = [record for _, record in linking_to(company, gone) if merged_links.is_open(record)]
    for stop_at in (1, 3, 5):
        disarm = kill_at(stop_at, writing, unit)
        with pytest.raises(Killed):
            merging.merge(cls, versions(kept, gone), [], actor=actor)
        assert disarm()
        assert (stored_facts(gone), stored_facts(kept)) == (was, before)
    merging.merge(cls, versions(kept, gone), [], actor=actor)
    run = jobs.claim("tests", get_db()[jobs.COLLECTION].find_one({"task": gate.JOB})["_id"])
    for stop_at in (2, 4, 7):
        disarm = kill_at(stop_at, merged_links, writing)
        try:
            load_jobs()[gate.JOB].body(Run(run, "tests"), **run["params"])
        except Killed:
            assert disarm()
        disarm()
    load_jobs()[gate.JOB].body(Run(run, "tests"), **run["params"])
    for record in linked:
        moved = [entry for entry in history.entries_of(record.id) if entry["door"] == "merge"]
        assert len(moved) == 1
        assert gone.id not in list(_ids_in(get_db()[record.type_name()].find_one({"_id": record.id})))


def _ids_in(row: Mapping[str, Any]) -> Iterator[Any]:
    yield from (value for name, value in row.items() if name != "_id")


@MERGING
def test_what_is_seen_in_another_version_is_not_merged(cls: Any, company: Any) -> None:
    actor = merger(company, cls)
    kept, gone = company.make(cls.type_name()), company.make(cls.type_name())
    stale = Pair(gone.id, kept.id, gone.version - 1, kept.version)
    with pytest.raises(Changed):
        merging.merge(cls, stale, [], actor=actor)
    with pytest.raises(Refused):
        merging.merge(cls, Pair(gone.id, gone.id, gone.version, gone.version), [], actor=actor)
    assert company.fresh(gone).version == gone.version


@MERGING
def test_chains_end_at_the_last_and_are_undone_backwards(cls: Any, company: Any) -> None:
    """A into B into C: all lead to C; what came first is undone after what came last."""
    actor = merger(company, cls)
    first, second, third = (company.make(cls.type_name()) for _ in range(3))
    place, record = linking_to(company, first)[0]
    merging.merge(cls, versions(second, first), [], actor=actor)
    merging.merge(cls, versions(third, company.fresh(second)), [], actor=actor)
    assert getattr(company.fresh(record), place.path).id == third.id
    work_off(gate.JOB)
    assert company.fresh(record).ref(place.path) in ({third.id} if merged_links.is_open(record) else {first.id})
    with pytest.raises(Refused) as refused:
        merging.undo(cls, first.id, actor=actor)
    assert second.number in str(refused.value)
    merging.undo(cls, second.id, actor=actor)
    work_off(gate.JOB)
    merging.undo(cls, first.id, actor=actor)
    work_off(gate.JOB)
    assert company.fresh(record).ref(place.path) == first.id
    assert {company.fresh(item).removed_at for item in (first, second, third)} == {None}
