"""What the moves of a period say: counted by hand on small courses, and consistent on random ones."""

import datetime as dt
from collections import Counter
from fractions import Fraction

from bson import ObjectId
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.kernel.base.arithmetic.ratio import NO_DATA, Ratio
from models.kernel.language import HEAD, OWNER, REASON, Move, Workflow
from models.kernel.language.course import columns, is_return, leads_back
from models.kernel.language.workflow import completed
from models.services.process.measures import (
    Took,
    ended_in,
    first_pass,
    in_time,
    lead_time,
    split,
    stages,
    variants,
    ways,
)
from models.services.process.steps import MomentSpan, ProcessStep

FLOW = completed(
    Workflow(
        "draft",
        (
            Move("submit", "draft", "submitted", by=OWNER),
            Move("approve", "submitted", "approved", by=HEAD),
            Move("return", "submitted", "draft", by=HEAD, ask=REASON),
            Move("reject", "submitted", "rejected", by=HEAD, ask=REASON),
        ),
    )
)
START = dt.datetime(2025, 3, 1, tzinfo=dt.UTC)
MARCH = MomentSpan(START, START + dt.timedelta(days=31))
TARGETS = {"submit": ("draft", "submitted"), "approve": ("submitted", "approved"), "return": ("submitted", "draft"),
           "reject": ("submitted", "rejected"), "withdraw": ("submitted", "draft")}  # fmt: skip
A, B, C, D = (ObjectId() for _ in range(4))


def course(record, *moves):
    """Steps of a case: (verb, hours after the first of March, hours of work in the state that it left)."""
    return [
        ProcessStep(record, seq, START + dt.timedelta(hours=at), verb, *TARGETS[verb], None, None, None, spent, 0)
        for seq, (verb, at, spent) in enumerate(((v, a, None if s is None else s * 3600) for v, a, s in moves), 2)
    ]


def courses(*each):
    return {steps[0].record: steps for steps in each}


COURSES = courses(
    course(A, ("submit", 1, 1), ("approve", 5, 3)),
    course(B, ("submit", 2, 2), ("return", 6, 4), ("submit", 30, 8), ("approve", 33, 3)),
    course(C, ("submit", 3, 1), ("withdraw", 4, 1), ("submit", 5, 1), ("approve", 9, 4)),
    course(D, ("submit", -30, 1), ("return", -20, 5), ("submit", 20, 4), ("reject", 40, None)),
)
IN_MARCH = [step for steps in COURSES.values() for step in steps if MARCH.holds(step.at)]


def test_the_course_of_a_workflow():
    assert columns(FLOW) == {"draft": 0, "submitted": 1, "approved": 2, "rejected": 2}
    assert leads_back(FLOW, "submitted", "draft")
    assert not leads_back(FLOW, "draft", "submitted")
    assert [move.verb for move in FLOW.moves if is_return(FLOW, move, "submitted")] == ["return"]


def test_ways_count_moves_and_cases():
    counted = {(way.verb, way.moves, len(way.cases)) for way in ways(IN_MARCH)}
    assert counted == {("submit", 6, 4), ("approve", 3, 3), ("return", 1, 1), ("withdraw", 1, 1), ("reject", 1, 1)}
    submit = ways(IN_MARCH)[0]
    assert (submit.took.known, submit.took.median, submit.took.slow) == (6, Fraction(3600 * 3, 2), 3600 * 6)


def test_what_is_not_known_is_no_time_of_zero():
    reject = next(way for way in ways(IN_MARCH) if way.verb == "reject")
    assert reject.took == Took(0, NO_DATA, NO_DATA)
    assert lead_time(COURSES, [D]) == Took(0, NO_DATA, NO_DATA)


def test_first_pass_counts_a_case_once_in_the_period_of_its_first_decision():
    share = first_pass(FLOW, COURSES, MARCH)
    assert set(share.cases) == {A, B, C}  # D was decided on in February
    assert set(share.hits) == {A, C}  # B was given back; C was withdrawn by its submitter
    assert share.ratio == Ratio(2, 3)


def test_a_case_ends_in_the_period_of_its_last_move():
    assert set(ended_in(COURSES, MARCH, frozenset(FLOW.ends))) == {A, B, C, D}
    assert ended_in(COURSES, MomentSpan(START - dt.timedelta(days=5), START), frozenset(FLOW.ends)) == ()
    reopened = courses([*course(A, ("submit", 1, 1), ("reject", 2, 1)), *course(A, ("submit", 3, 1))])
    assert ended_in(reopened, MARCH, frozenset(FLOW.ends)) == ()


def test_the_lead_time_is_the_work_in_all_states():
    took = lead_time(COURSES, [A, B, C])
    assert (took.known, took.median) == (3, 7 * 3600)  # 4, 17 and 7 hours


def test_ways_to_the_end():
    most, *others = variants(COURSES, ended_in(COURSES, MARCH, frozenset(FLOW.ends)))
    assert most.states == ("draft", "submitted", "draft", "submitted", "approved")
    assert most.cases == (B, C)
    assert [variant.states[-1] for variant in others] == ["approved", "rejected"]


def test_late_is_by_the_deadline_in_force():
    due = START + dt.timedelta(hours=10)

    def step(record, at):
        return ProcessStep(
            record, 2, START + dt.timedelta(hours=at), "approve", "submitted", "approved", None, None, due, 1, 0
        )

    share = in_time([step(A, 10), step(B, 11), step(C, 5), *course(D, ("submit", 1, 1))])
    assert (share.hits, share.cases) == ((A, C), (A, B, C))
    assert split(share, lambda record: "x" if record == A else "y") == {"x": Ratio(1, 1), "y": Ratio(1, 2)}


MOVES = st.lists(st.tuples(st.sampled_from(range(5)), st.sampled_from([*TARGETS]), st.integers(0, 10**6)), max_size=40)


@settings(suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy
@given(MOVES)
def test_nothing_is_counted_twice_or_lost(drawn):
    ids = [A, B, C, D, ObjectId()]
    steps = [
        ProcessStep(ids[who], at, START, verb, *TARGETS[verb], None, None, None, spent, 0)
        for at, (who, verb, spent) in enumerate(drawn)
    ]
    by_verb = Counter(verb for _, verb, _ in drawn)
    assert {way.verb: way.moves for way in ways(steps)} == by_verb
    assert sum(stage.moves for stage in stages(steps, FLOW.states)) == len(drawn)
    for way in ways(steps):
        assert len(set(way.cases)) == len(way.cases) <= way.moves
