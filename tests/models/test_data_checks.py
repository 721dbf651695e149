"""Checks of data (4.1, 3.2.2): the population is frozen, both sides make the seed, and a result says what it proves."""

from __future__ import annotations

import datetime as dt
import hashlib

import pytest
from bson import ObjectId

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.errors import Forbidden, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import EN, speaking
from models.kernel.gate import changes, passages
from models.kernel.gate.changes import Context
from models.kernel.language.localized import localized
from models.kernel.rights import rights
from models.kernel.rights.fields import readable_fields
from models.services.keeping import audit, snapshots
from tests.fixtures.doing import do

CHECK, REQUIREMENT, FINDING = (catalogue[name] for name in ("data_check", "requirement", "finding"))
NOW = dt.datetime(2025, 6, 10, 2, tzinfo=dt.UTC)
OURS, THEIRS = "supervisors-3f9a1c77d2", "marketing-88b0e4415f"


def promise(number):
    return hashlib.sha256(number.encode()).hexdigest()


@pytest.fixture(autouse=True)
def _today():
    with clock.set_to(NOW):
        yield


@pytest.fixture
def check(company):
    """A planned check of the requirements that marketing has entered; six of them in the period."""
    for at in range(6):
        company.make("requirement", "clerk_mkt", subject=f"需求 {at}", collected_on=dt.date(2025, 6, 2))
    company.make("requirement", "clerk_mkt", subject="以前", collected_on=dt.date(2025, 4, 2))
    company.make("requirement", "clerk_sal", subject="他部門", collected_on=dt.date(2025, 6, 2))
    values = {
        "subject": "需求核對",
        "inspected": company.department("MKT"),
        "leader": company.user("supervisor").id,
        "of_type": "requirement",
        "since": dt.date(2025, 6, 1),
        "until": dt.date(2025, 6, 9),
        "tolerable": 40,
    }
    return changes.create(CHECK, values, actor=company.actor("supervisor"))


def step(company, record, verb, login, **values):
    fresh = company.fresh(record)
    context = Context(reason="因故")
    return changes.move(
        CHECK, record.id, verb, actor=company.actor(login), version=fresh.version, values=values, context=context
    )


def edit(company, record, login, **values):
    fresh = company.fresh(record)
    return changes.update(CHECK, record.id, values, actor=company.actor(login), version=fresh.version)


def drawn(company, check, number=OURS, theirs=THEIRS):
    """The check with its sample drawn, by what both have given."""
    step(company, check, "freeze", "supervisor", commitment_ours=promise(number))
    step(company, check, "answer", "head_mkt", commitment_theirs=promise(theirs))
    audit.seal_all()
    step(company, check, "reveal", "head_mkt", number_theirs=theirs)
    return step(company, check, "draw", "supervisor", number_ours=number)


def fill(company, check, *results):
    """Give each line of the sample its result: right, or what is wrong, or why it could not be checked."""
    fresh = company.fresh(check)
    lines = list(fresh.sample)
    for line, (result, remark) in zip(lines, results, strict=True):
        line.put("result", result)
        line.put("remark", remark)
        line.put("clause_no", "2.1.1" if result == "wrong" else None)
    return changes.update(CHECK, check.id, {"sample": lines}, actor=company.actor("supervisor"), version=fresh.version)


def test_the_sample_follows_from_both_numbers_and_the_seal_alone(company, check):
    """Drawn again by hand, from what stands on the record: the population, the seed and the order of SHA-256."""
    made = drawn(company, check)
    root = root_of(made)
    assert made.seed == hashlib.sha256(f"{made.digest}:{OURS}:{THEIRS}:{root}".encode()).hexdigest()
    editions = list(passages.snapshot(made.digest))
    assert (made.population, made.size, len(editions)) == (6, 3, 6)  # C(3,3) / C(6,3) = 1/20
    ids = sorted((str(e.id) for e in editions), key=lambda id: hashlib.sha256((made.seed + id).encode()).hexdigest())
    assert [line.sampled for line in made.sample] == [f"requirement:{id}" for id in ids[:3]]


def root_of(check):
    return check._get_db()["history_seal"].find_one({"_id": check.seal_no})["root"]


def test_a_number_that_does_not_fit_its_commitment_is_refused(company, check):
    with pytest.raises(Refused) as refusal:
        step(company, check, "freeze", "supervisor", commitment_ours="12345")
    assert "commitment_ours" in refusal.value.problems
    step(company, check, "freeze", "supervisor", commitment_ours=promise(OURS))
    step(company, check, "answer", "head_mkt", commitment_theirs=promise(THEIRS))
    audit.seal_all()
    with pytest.raises(Refused) as refusal:
        step(company, check, "reveal", "head_mkt", number_theirs="another-number-of-mine")
    assert "number_theirs" in refusal.value.problems
    step(company, check, "reveal", "head_mkt", number_theirs=THEIRS)
    with pytest.raises(Refused) as refusal:
        step(company, check, "draw", "supervisor", number_ours=THEIRS)
    assert "number_ours" in refusal.value.problems
    step(company, check, "draw", "supervisor", number_ours=OURS)


def test_a_number_that_could_be_guessed_is_refused(company, check):
    step(company, check, "freeze", "supervisor", commitment_ours=promise(OURS))
    step(company, check, "answer", "head_mkt", commitment_theirs=promise("7"))
    with pytest.raises(Refused) as refusal:
        step(company, check, "reveal", "head_mkt", number_theirs="7")
    assert "number_theirs" in refusal.value.problems


def test_no_number_is_shown_before_the_commitments_are_sealed(company, check):
    """Neither handed in nor filled in: whoever knew both could write until the root of the seal suits."""
    audit.seal_all()  # a seal of before does not count
    step(company, check, "freeze", "supervisor", commitment_ours=promise(OURS))
    step(company, check, "answer", "head_mkt", commitment_theirs=promise(THEIRS))
    with pytest.raises(Refused):
        step(company, check, "reveal", "head_mkt", number_theirs=THEIRS)
    with pytest.raises(Refused) as refusal:
        edit(company, check, "head_mkt", number_theirs=THEIRS)
    assert "number_theirs" in refusal.value.problems
    audit.seal_all()
    step(company, check, "reveal", "head_mkt", number_theirs=THEIRS)
    assert step(company, check, "draw", "supervisor", number_ours=OURS).state == "checking"


def test_without_an_answer_the_inspector_waits_for_the_seal_as_well(company, check):
    step(company, check, "freeze", "supervisor", commitment_ours=promise(OURS))
    with clock.set_to(NOW + dt.timedelta(days=3)):
        do("moves.timed")
    assert company.fresh(check).state == "opened"
    for act in (lambda: step(company, check, "draw", "supervisor", number_ours=OURS),
                lambda: edit(company, check, "supervisor", number_ours=OURS)):  # fmt: skip
        with pytest.raises(Refused):
            act()


def test_a_number_that_was_filled_in_and_not_handed_in_is_the_department_s(company, check):
    step(company, check, "freeze", "supervisor", commitment_ours=promise(OURS))
    step(company, check, "answer", "head_mkt", commitment_theirs=promise(THEIRS))
    audit.seal_all()
    edit(company, check, "head_mkt", number_theirs=THEIRS)
    with clock.set_to(NOW + dt.timedelta(days=3)):
        do("moves.timed")
    assert (company.fresh(check).state, company.fresh(check).alone) == ("opened", False)
    made = step(company, check, "draw", "supervisor", number_ours=OURS)
    assert made.seed == hashlib.sha256(f"{made.digest}:{OURS}:{THEIRS}:{root_of(made)}".encode()).hexdigest()


def test_once_the_population_is_frozen_what_was_promised_stays(company, check):
    """Nor is the check called off after the department has answered, or put into the bin: that would choose, too."""
    supervisor = company.actor("supervisor")
    late = {
        "planned": {"subject": "需求核對（一）", "confidence": "99", "members": []},
        "frozen": {}, "committed": {}, "opened": {"members": []},
        "checking": {"members": [], "subject": "需求核對（二）", "conclusion": "無"},
    }  # fmt: skip
    values = {
        "confidence": "90", "tolerable": 50, "inspected": company.department("SAL"), "of_type": "ticket",
        "since": dt.date(2025, 6, 2), "until": dt.date(2025, 6, 8), "leader": company.user("supervisor").id,
        "members": [], "subject": "另一主題", "conclusion": "結論",
    }  # fmt: skip
    acts = {
        "planned": lambda: step(company, check, "freeze", "supervisor", commitment_ours=promise(OURS)),
        "frozen": lambda: step(company, check, "answer", "head_mkt", commitment_theirs=promise(THEIRS)),
        "committed": lambda: step(company, check, "reveal", "head_mkt", number_theirs=THEIRS),
        "opened": lambda: step(company, check, "draw", "supervisor", number_ours=OURS),
        "checking": lambda: None,
    }
    may = {}
    for state, act in acts.items():
        record = company.fresh(check)
        assert record.state == state
        settable = {name for name in values if rights.may_set(supervisor, record, name)}
        may[state] = (
            settable - {*late[state], "leader"} if state != "planned" else set(),
            bool(rights.may_remove(supervisor, record)),
            any(move.verb == "cancel" and rights.may_move(supervisor, record, move)
                for move in record.flow().out_of(state)),
        )  # fmt: skip
        audit.seal_all()
        act()
    assert may == {
        "planned": (set(), True, True),
        "frozen": (set(), False, True),
        "committed": (set(), False, False),
        "opened": (set(), False, False),
        "checking": (set(), False, False),
    }


def test_only_the_head_of_the_inspected_department_answers(company, check):
    step(company, check, "freeze", "supervisor", commitment_ours=promise(OURS))
    for login in ("supervisor", "head_sal", "clerk_mkt"):
        with pytest.raises((Forbidden, Refused, changes.Missing)):
            step(company, check, "answer", login, commitment_theirs=promise(THEIRS))


@pytest.mark.parametrize("given", [0, 1])
def test_without_the_department_s_number_the_seal_takes_its_place_and_the_record_says_so(company, check, given):
    """Neither keeping silent nor keeping back a number stops a check, or lets anybody choose: the inspector's number is
    not known yet."""
    step(company, check, "freeze", "supervisor", commitment_ours=promise(OURS))
    if given:
        step(company, check, "answer", "head_mkt", commitment_theirs=promise(THEIRS))
    for day in (1, 3):
        with clock.set_to(NOW + dt.timedelta(days=day)):
            do("moves.timed")
    assert (company.fresh(check).state, company.fresh(check).alone) == ("opened", True)
    audit.seal_all()
    made = step(company, check, "draw", "supervisor", number_ours=OURS)
    root = root_of(made)
    assert made.seed == hashlib.sha256(f"{made.digest}:{OURS}:{root}:{root}".encode()).hexdigest()


def test_a_record_that_is_changed_later_is_checked_as_it_was_frozen(company, check):
    step(company, check, "freeze", "supervisor", commitment_ours=promise(OURS))
    for row in list(REQUIREMENT.objects(collected_on=dt.date(2025, 6, 2), department=company.department("MKT"))):
        changes.update(REQUIREMENT, row.id, {"subject": "改過"}, actor=SYSTEM, version=None)
    company.make("requirement", "clerk_mkt", subject="後補", collected_on=dt.date(2025, 6, 2))
    step(company, check, "answer", "head_mkt", commitment_theirs=promise(THEIRS))
    audit.seal_all()
    step(company, check, "reveal", "head_mkt", number_theirs=THEIRS)
    made = step(company, check, "draw", "supervisor", number_ours=OURS)
    assert (made.population, {(line.edition, line.changed) for line in made.sample}) == (6, {(1, True)})
    assert snapshots.digests_of(made.number) == [made.digest]
    assert snapshots.check(made.digest).is_good


def test_what_was_not_checked_is_not_right(company, check):
    """Its base is what was checked; the share that was not stands beside it, with what it could make of the result."""
    made = drawn(company, check)
    with pytest.raises(Refused):
        step(company, made, "report", "supervisor")
    with pytest.raises(Refused):
        fill(company, made, ("right", ""), ("right", ""), ("unchecked", ""))
    done = fill(company, made, ("right", ""), ("wrong", "來源未註明"), ("unchecked", "原件遺失"))
    assert (done.checked, done.wrong, done.unchecked) == (2, 1, 1)
    with speaking(EN):
        text = localized(done.result)
    assert text == (
        "1 of 2 wrong: at most 83.4 % (95 % sure). "  # one of six is known to be right
        "1 of 3 drawn (33.3 %) were not checked; were all of them wrong, it would be at most 83.4 %. "
        "More than a tenth: the result says little."
    )
    assert step(company, done, "report", "supervisor").state == "reported"


@pytest.mark.parametrize("keeps", [slice(1, None), slice(None, None, -1), slice(0, 0)])
def test_the_records_of_a_sample_stay_as_they_were_drawn(company, check, keeps):
    record = drawn(company, check)
    before = [line.sampled for line in record.sample]
    lines = list(record.sample)[keeps]
    with pytest.raises(Refused):
        changes.update(
            type(record), record.id, {"sample": lines}, actor=company.actor("supervisor"), version=record.version
        )
    assert [line.sampled for line in company.fresh(record).sample] == before


def test_a_wrong_record_makes_a_finding_in_one_action_and_once(company, check):
    made = drawn(company, check)
    fill(company, made, ("right", ""), ("wrong", "來源未註明"), ("right", ""))
    for _ in range(2):
        changes.follow_up(CHECK, made.id, "find", actor=company.actor("supervisor"))
    (finding,) = FINDING.objects()
    line = company.fresh(made).sample[1]
    assert (finding.ref("data_check"), finding.record, finding.clause_no) == (made.id, line.sampled, "2.1.1")
    frozen = {f"requirement:{edition.id}": edition.hash for edition in passages.snapshot(made.digest)}
    assert (finding.evidence_hash, line.ref("finding")) == (frozen[line.sampled], finding.id)


@pytest.mark.parametrize("login", ["clerk_mkt", "head_mkt", "management"])
def test_nobody_checks_the_own_department(company, check, login):
    with pytest.raises(Refused) as refusal:
        changes.update(
            CHECK, check.id, {"members": [company.user(login).id]}, actor=company.actor("supervisor"), version=1
        )
    assert "members" in refusal.value.problems


def test_whoever_has_worked_on_a_record_of_the_sample_does_not_check_it(company, check):
    """By what they did, not by where they are: a clerk of sales once changed a requirement of marketing."""
    helper = company.user("clerk_sal")
    changes.update(CHECK, check.id, {"members": [helper.id]}, actor=company.actor("supervisor"), version=1)
    entries = check._get_db()["history"]
    entries.update_many({"type": "requirement", "verb": "create"}, {"$set": {"acting_for": helper.id}})
    with pytest.raises(Refused) as refusal:
        drawn(company, check)
    assert "members" in refusal.value.problems
    assert str(helper.name) in str(refusal.value.problems["members"][0])
    edit(company, check, "supervisor", members=[])  # makes room, so that the check goes on
    assert step(company, check, "draw", "supervisor", number_ours=OURS).state == "checking"


def test_what_an_inspector_does_after_the_draw_holds_nothing_up(company, check):
    """A check that was reported could neither be closed nor returned."""
    made = drawn(company, check)
    fill(company, made, *[("right", "")] * 3)
    step(company, made, "report", "supervisor")
    with clock.set_to(NOW + dt.timedelta(hours=1)):
        for line in made.sample:
            id = ObjectId(line.sampled.partition(":")[2])
            changes.update(REQUIREMENT, id, {"subject": "更正"}, actor=SYSTEM, version=None)
    entries = check._get_db()["history"]
    leader = company.user("supervisor").id
    entries.update_many({"type": "requirement", "verb": "update"}, {"$set": {"actor": leader}})
    assert step(company, made, "close", "management").state == "closed"


def test_a_result_is_seen_by_the_department_when_it_is_reported(company, check):
    made = drawn(company, check)
    head = company.actor("head_mkt")
    shown = [rights.find(head, CHECK, made.id).id]
    assert shown == [made.id]
    column = CHECK.declared.own_fields["sample"].columns["result"]
    assert not column.see.holds(company.fresh(made), [head])
    counts = {"checked", "wrong", "unchecked", "result"}
    assert not counts & readable_fields(head, CHECK, company.fresh(made))
    fill(company, made, *[("right", "")] * 3)
    reported = step(company, made, "report", "supervisor")
    assert column.see.holds(reported, [head])
    assert counts <= readable_fields(head, CHECK, reported)


def test_what_is_archived_is_left_out_and_counted(company, check):
    """Of the department and the period alone."""
    rows = list(REQUIREMENT.collection().find({"subject": {"$in": ["需求 0", "需求 1", "以前", "他部門"]}}))
    REQUIREMENT.collection().delete_many({"_id": {"$in": [row["_id"] for row in rows]}})
    check._get_db()["requirement_archive"].insert_many(rows)
    step(company, check, "freeze", "supervisor", commitment_ours=promise(OURS))
    assert (company.fresh(check).population, company.fresh(check).archived) == (4, 2)


def test_a_promise_that_needs_too_many_and_an_empty_population_are_refused(company, check):
    for values in ({"since": dt.date(2025, 5, 1), "until": dt.date(2025, 5, 2)}, {"of_type": "loan"}):
        changes.update(CHECK, check.id, values, actor=SYSTEM, version=None)
        with pytest.raises(Refused):
            step(company, check, "freeze", "supervisor", commitment_ours=promise(OURS))
