"""Who may make a move: the seats of every rule, and when a table is complete."""

from types import SimpleNamespace
from typing import Any

import pytest
from bson import ObjectId

from models.kernel.base.people import Actor, DepartmentFacts, Role
from models.kernel.base.words import EN, HANT, L
from models.kernel.language.who import (
    HEAD,
    NOBODY,
    OWNER,
    ApproverSlot,
    Quorum,
    Who,
    all_of,
    any_of,
    heads_of,
    in_order,
    n_of,
    role,
    user_in,
)
from models.kernel.language.workflow import Move
from models.kernel.rights import rights

SALES, MARKET = ObjectId(), ObjectId()
LEGAL, FINANCE, BOSS = role(Role.LEGAL), role(Role.FINANCE), role(Role.MANAGEMENT)


def person(*roles: Role, department: ObjectId = SALES) -> Actor:
    return Actor(id=ObjectId(), login="x", name="X", roles=frozenset(roles), department=department)


class Case(SimpleNamespace):
    """A record of a type that is not private."""

    declared = SimpleNamespace(access=SimpleNamespace(private=False))

    def type_name(self) -> str:
        return "case"


def case(**links: Any) -> Any:
    """A record as far as the rules look at it."""
    facts: dict[str, Any] = {
        "removed_at": None,
        "decisions": [],
        "submitted_by_head": False,
        "due_at": None,
        "passed_up": None,
    }
    return Case(
        **facts,
        ref=links.get,
        ids_at=lambda path: [id for id in [links.get(path)] if id],
        raw=links.get,
        refs=lambda name: links.get(name, []),
    )


@pytest.fixture(autouse=True)
def departments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sales stands under the market department; no procedure governs a step."""
    facts = {SALES: DepartmentFacts(SALES, "SAL", MARKET), MARKET: DepartmentFacts(MARKET, "MKT", None)}
    monkeypatch.setattr("models.kernel.language.who.department_facts", facts.get)
    monkeypatch.setattr("models.kernel.rights.qualified.rules_for", lambda *_: ())


def seats_after(who: Who, record: Any, *filled: str) -> list[str]:
    return [slot.key for slot in who.quorum(record).open_slots(set(filled))]


def test_any_of_needs_one_seat() -> None:
    quorum = any_of(LEGAL, FINANCE).quorum(case())
    assert [slot.key for slot in quorum.slots] == ["0.role:legal", "1.role:finance"]
    assert not quorum.is_complete(set())
    assert quorum.is_complete({"1.role:finance"})


def test_all_of_needs_every_seat_in_any_order() -> None:
    who, record = all_of(LEGAL, FINANCE), case()
    assert seats_after(who, record, "1.role:finance") == ["0.role:legal"]
    assert not who.quorum(record).is_complete({"1.role:finance"})
    assert who.quorum(record).is_complete({"0.role:legal", "1.role:finance"})


def test_n_of_needs_so_many() -> None:
    quorum = n_of(2, LEGAL, FINANCE, BOSS).quorum(case())
    assert not quorum.is_complete({"0.role:legal"})
    assert quorum.is_complete({"0.role:legal", "2.role:management"})
    assert len(quorum.open_slots({"0.role:legal"})) == 2


def test_in_order_opens_one_seat_after_the_other() -> None:
    who, record = in_order(LEGAL, FINANCE, BOSS), case()
    assert seats_after(who, record) == ["0.role:legal"]
    assert seats_after(who, record, "0.role:legal") == ["1.role:finance"]
    assert seats_after(who, record, "0.role:legal", "1.role:finance") == ["2.role:management"]
    assert who.quorum(record).is_complete({"0.role:legal", "1.role:finance", "2.role:management"})


def test_heads_of_lays_a_seat_for_each_department() -> None:
    who = heads_of("related")
    quorum = who.quorum(case(related=[SALES, MARKET]))
    assert quorum.need == 2
    assert [slot.fits(person(Role.HEAD, department=MARKET)) for slot in quorum.slots] == [False, True]
    assert who.fields == ("related",)


def test_combined_seats_stay_apart_even_for_the_same_rule() -> None:
    quorum = all_of(LEGAL, LEGAL).quorum(case())
    assert len({slot.key for slot in quorum.slots}) == 2
    assert not quorum.is_complete({"0.role:legal"})


def test_combinations_hold_what_their_parts_ask_for() -> None:
    who = any_of(user_in("buyer", L("Buyer", "採購員")), heads_of("related"))
    assert who.fields == ("buyer", "related")
    assert not who.is_own
    assert any_of(OWNER, OWNER).is_own
    assert not any_of(OWNER, HEAD).is_own


def test_a_seat_for_nobody_is_empty() -> None:
    assert NOBODY.quorum(case()) == Quorum((), 0)
    assert NOBODY.is_system


def test_the_head_of_another_department_does_not_fit() -> None:
    (slot,) = HEAD.quorum(case(department=SALES)).slots
    assert slot.fits(person(Role.HEAD))
    assert not slot.fits(person(Role.HEAD, department=MARKET))
    assert not slot.fits(person(Role.CLERK))


def test_what_a_head_submitted_goes_to_the_head_above() -> None:
    record = case(department=SALES)
    above = person(Role.HEAD, department=MARKET)
    assert not standing(record, above, HEAD)
    record.submitted_by_head = True
    assert standing(record, above, HEAD)


def test_nobody_fits_the_seat_of_a_field_that_is_empty() -> None:
    (slot,) = user_in("buyer", L("Buyer", "採購員")).quorum(case()).slots
    assert not slot.fits(person(Role.CLERK))


@pytest.mark.parametrize(
    ("who", "en", "hant"),
    [
        (any_of(LEGAL, FINANCE), "any of: Legal, Finance", "任一：法務、財務"),
        (all_of(LEGAL, FINANCE), "all of: Legal, Finance", "全部：法務、財務"),
        (n_of(1, LEGAL, FINANCE), "1 of: Legal, Finance", "其中 1 位：法務、財務"),
        (in_order(LEGAL, any_of(FINANCE)), "one after the other: Legal, any of: Finance", "依序：法務、任一：財務"),
    ],
)
def test_rules_say_who_they_mean(who: Who, en: str, hant: str) -> None:
    assert who.label.in_locale(EN) == en
    assert who.label.in_locale(HANT) == hant


def standing(record: Any, actor: Actor, who: Who) -> rights.Standing:
    return rights.standing(actor, record, Move("approve", "a", "b", by=who))


def test_a_deputy_decides_for_the_absent_one_and_never_for_the_owner() -> None:
    boss = person(Role.HEAD)
    deputy = Actor(id=ObjectId(), login="d", name="D", principals=(boss,))
    stand = standing(case(department=SALES), deputy, HEAD)
    assert stand
    assert stand.principal is boss
    assert not standing(case(department=SALES, owner=boss.id), deputy, HEAD)
    assert not standing(case(department=SALES, submitted_by=deputy.id), deputy, HEAD)


def test_the_same_person_gives_one_decision_per_seat() -> None:
    both = person(Role.LEGAL, Role.FINANCE)
    record, who = case(), all_of(LEGAL, FINANCE)
    first = standing(record, both, who)
    assert first.slot == ApproverSlot("0.role:legal", ("role:legal",))
    record.decisions = [{"verb": "approve", "seat": "0.role:legal", "user": both.id}]
    assert standing(record, person(Role.LEGAL), who).verdict.allowed is False
    assert standing(record, person(Role.FINANCE), who).verdict.allowed
