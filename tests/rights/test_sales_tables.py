"""Who may do what with each sales record (1.3, 2.2), tried over HTTP by each person and by a stranger.

y may · n refused · x not found · - answered without the record · l sent to the login page · . there is no such thing
"""

from __future__ import annotations

from typing import Any

import pytest

from models import catalogue
from models.kernel.base.people import SYSTEM
from tests.rights.asking import ACTIONS, PEOPLE, Asker, read_table, table

# The record of the table is clerk_sal's own (the product head_sal's, the payment finance's), in its first state.
MAY: dict[str, str] = {
    "customer": """
                    list find open history export lookup download comment create edit inline attach remove bulk
        clerk_sal   y    y    y    y       y      y      y        y       y      y    y      y      y      y
        clerk_sal2  y    y    y    y       y      y      y        y       y      y    y      y      n      y
        head_sal    y    y    y    y       y      y      y        y       y      y    y      y      y      y
        clerk_mkt   n    -    n    n       n      n      x        n       n      n    n      n      n      n
        head_mkt    n    -    n    n       n      n      x        n       n      n    n      n      n      n
        clerk_prd   n    -    n    n       n      n      x        n       n      n    n      n      n      n
        legal       y    y    y    y       y      y      y        y       n      n    n      n      n      y
        finance     y    y    y    y       y      y      y        y       n      n    n      n      n      y
        management  y    y    y    y       y      y      y        y       n      n    n      n      n      y
        supervisor  y    y    y    y       y      y      y        n       n      n    n      n      n      y
        it          n    -    n    n       n      n      x        n       n      n    n      n      n      n
        a stranger  l    l    l    l       l      l      l        l       l      l    l      l      l      l
    """,
    "interaction": """
                    list find open history export lookup download comment create edit inline attach remove bulk
        clerk_sal   y    y    y    y       y      .      y        y       y      y    y      y      y      y
        clerk_sal2  y    y    y    y       y      .      y        y       y      y    y      y      n      y
        head_sal    y    y    y    y       y      .      y        y       y      y    y      y      y      y
        clerk_mkt   n    -    n    n       n      .      x        n       n      n    n      n      n      n
        head_mkt    n    -    n    n       n      .      x        n       n      n    n      n      n      n
        clerk_prd   n    -    n    n       n      .      x        n       n      n    n      n      n      n
        legal       y    y    y    y       y      .      y        y       n      n    n      n      n      y
        finance     y    y    y    y       y      .      y        y       n      n    n      n      n      y
        management  y    y    y    y       y      .      y        y       n      n    n      n      n      y
        supervisor  y    y    y    y       y      .      y        n       n      n    n      n      n      y
        it          n    -    n    n       n      .      x        n       n      n    n      n      n      n
        a stranger  l    l    l    l       l      .      l        l       l      l    l      l      l      l
    """,
    "product": """
                    list find open history export lookup download comment create edit inline attach remove bulk
        clerk_sal   y    y    y    y       y      y      y        y       n      n    n      n      n      y
        clerk_sal2  y    y    y    y       y      y      y        y       n      n    n      n      n      y
        head_sal    y    y    y    y       y      y      y        y       y      y    y      y      y      y
        clerk_mkt   n    -    n    n       n      n      x        n       n      n    n      n      n      n
        head_mkt    n    -    n    n       n      n      x        n       n      n    n      n      n      n
        clerk_prd   n    -    n    n       n      n      x        n       n      n    n      n      n      n
        legal       y    y    y    y       y      y      y        y       n      n    n      n      n      y
        finance     y    y    y    y       y      y      y        y       n      n    n      n      n      y
        management  y    y    y    y       y      y      y        y       n      n    n      n      n      y
        supervisor  y    y    y    y       y      y      y        n       n      n    n      n      n      y
        it          n    -    n    n       n      n      x        n       n      n    n      n      n      n
        a stranger  l    l    l    l       l      l      l        l       l      l    l      l      l      l
    """,
    "quotation": """
                    list find open history export lookup download comment create edit inline attach remove bulk
        clerk_sal   y    y    y    y       y      y      y        y       y      y    y      y      y      y
        clerk_sal2  y    y    y    y       y      y      y        y       y      y    y      y      n      y
        head_sal    y    y    y    y       y      y      y        y       y      y    y      y      y      y
        clerk_mkt   n    -    n    n       n      n      x        n       n      n    n      n      n      n
        head_mkt    n    -    n    n       n      n      x        n       n      n    n      n      n      n
        clerk_prd   n    -    n    n       n      n      x        n       n      n    n      n      n      n
        legal       y    y    y    y       y      y      y        y       n      n    n      n      n      y
        finance     y    y    y    y       y      y      y        y       n      n    n      n      n      y
        management  y    y    y    y       y      y      y        y       n      n    n      n      n      y
        supervisor  y    y    y    y       y      y      y        n       n      n    n      n      n      y
        it          n    -    n    n       n      n      x        n       n      n    n      n      n      n
        a stranger  l    l    l    l       l      l      l        l       l      l    l      l      l      l
    """,
    "negotiation": """
                    list find open history export lookup download comment create edit inline attach remove bulk
        clerk_sal   y    y    y    y       y      .      y        y       y      y    .      y      y      y
        clerk_sal2  y    y    y    y       y      .      y        y       y      y    .      y      n      y
        head_sal    y    y    y    y       y      .      y        y       y      y    .      y      y      y
        clerk_mkt   n    -    n    n       n      .      x        n       n      n    .      n      n      n
        head_mkt    n    -    n    n       n      .      x        n       n      n    .      n      n      n
        clerk_prd   n    -    n    n       n      .      x        n       n      n    .      n      n      n
        legal       y    y    y    y       y      .      y        y       n      n    .      n      n      y
        finance     y    y    y    y       y      .      y        y       n      n    .      n      n      y
        management  y    y    y    y       y      .      y        y       n      n    .      n      n      y
        supervisor  y    y    y    y       y      .      y        n       n      n    .      n      n      y
        it          n    -    n    n       n      .      x        n       n      n    .      n      n      n
        a stranger  l    l    l    l       l      .      l        l       l      l    .      l      l      l
    """,
    "contract": """
                    list find open history export lookup download comment create edit inline attach remove bulk
        clerk_sal   y    y    y    y       y      y      y        y       y      y    .      y      y      y
        clerk_sal2  y    y    y    y       y      y      y        y       y      y    .      y      n      y
        head_sal    y    y    y    y       y      y      y        y       y      y    .      y      y      y
        clerk_mkt   n    -    n    n       n      -      x        n       n      n    .      n      n      n
        head_mkt    n    -    n    n       n      -      x        n       n      n    .      n      n      n
        clerk_prd   n    -    n    n       n      -      x        n       n      n    .      n      n      n
        legal       y    y    y    y       y      y      y        y       n      n    .      n      n      y
        finance     y    y    y    y       y      y      y        y       n      n    .      n      n      y
        management  y    y    y    y       y      y      y        y       n      n    .      n      n      y
        supervisor  y    y    y    y       y      y      y        n       n      n    .      n      n      y
        it          n    -    n    n       n      n      x        n       n      n    .      n      n      n
        a stranger  l    l    l    l       l      l      l        l       l      l    .      l      l      l
    """,
    "sales_order": """
                    list find open history export lookup download comment create edit inline attach remove bulk
        clerk_sal   y    y    y    y       y      .      y        y       y      y    y      y      y      y
        clerk_sal2  y    y    y    y       y      .      y        y       y      y    y      y      n      y
        head_sal    y    y    y    y       y      .      y        y       y      y    y      y      y      y
        clerk_mkt   -    -    x    x       -      .      x        x       n      x    x      x      x      -
        head_mkt    -    -    x    x       -      .      x        x       n      x    x      x      x      -
        clerk_prd   -    -    x    x       -      .      x        x       n      x    x      x      x      -
        legal       y    y    y    y       y      .      y        y       n      n    n      n      n      y
        finance     y    y    y    y       y      .      y        y       n      n    n      n      n      y
        management  y    y    y    y       y      .      y        y       n      n    n      n      n      y
        supervisor  y    y    y    y       y      .      y        n       n      n    n      n      n      y
        it          n    -    n    n       n      .      x        n       n      n    n      n      n      n
        a stranger  l    l    l    l       l      .      l        l       l      l    l      l      l      l
    """,
    "sales_order handed over": """
                    list find open history export lookup download comment create edit inline attach remove bulk
        clerk_sal   y    y    y    y       y      .      y        y       y      y    y      y      y      y
        clerk_sal2  y    y    y    y       y      .      y        y       y      y    y      y      n      y
        head_sal    y    y    y    y       y      .      y        y       y      y    y      y      y      y
        clerk_mkt   -    -    x    x       -      .      x        x       n      x    x      x      x      -
        head_mkt    -    -    x    x       -      .      x        x       n      x    x      x      x      -
        clerk_prd   y    y    y    y       y      .      y        y       n      y    n      y      n      y
        legal       y    y    y    y       y      .      y        y       n      n    n      n      n      y
        finance     y    y    y    y       y      .      y        y       n      n    n      n      n      y
        management  y    y    y    y       y      .      y        y       n      n    n      n      n      y
        supervisor  y    y    y    y       y      .      y        n       n      n    n      n      n      y
        it          n    -    n    n       n      .      x        n       n      n    n      n      n      n
        a stranger  l    l    l    l       l      .      l        l       l      l    l      l      l      l
    """,
    "receivable": """
                    list find open history export lookup download comment create edit inline attach remove bulk
        clerk_sal   y    y    y    y       y      y      y        y       n      n    .      n      n      .
        clerk_sal2  y    y    y    y       y      y      y        y       n      n    .      n      n      .
        head_sal    y    y    y    y       y      y      y        y       n      n    .      n      n      .
        clerk_mkt   n    -    n    n       n      n      x        n       n      n    .      n      n      .
        head_mkt    n    -    n    n       n      n      x        n       n      n    .      n      n      .
        clerk_prd   n    -    n    n       n      n      x        n       n      n    .      n      n      .
        legal       y    y    y    y       y      y      y        y       n      n    .      n      n      .
        finance     y    y    y    y       y      y      y        y       n      n    .      n      n      .
        management  y    y    y    y       y      y      y        y       n      n    .      n      n      .
        supervisor  y    y    y    y       y      y      y        n       n      n    .      n      n      .
        it          n    -    n    n       n      n      x        n       n      n    .      n      n      .
        a stranger  l    l    l    l       l      l      l        l       l      l    .      l      l      .
    """,
    "payment": """
                    list find open history export lookup download comment create edit inline attach remove bulk
        clerk_sal   y    y    y    y       y      .      y        y       n      n    .      n      n      y
        clerk_sal2  y    y    y    y       y      .      y        y       n      n    .      n      n      y
        head_sal    y    y    y    y       y      .      y        y       n      n    .      n      n      y
        clerk_mkt   n    -    n    n       n      .      x        n       n      n    .      n      n      n
        head_mkt    n    -    n    n       n      .      x        n       n      n    .      n      n      n
        clerk_prd   n    -    n    n       n      .      x        n       n      n    .      n      n      n
        legal       y    y    y    y       y      .      y        y       n      n    .      n      n      y
        finance     y    y    y    y       y      .      y        y       y      n    .      y      n      y
        management  y    y    y    y       y      .      y        y       n      n    .      n      n      y
        supervisor  y    y    y    y       y      .      y        n       n      n    .      n      n      y
        it          n    -    n    n       n      .      x        n       n      n    .      n      n      n
        a stranger  l    l    l    l       l      .      l        l       l      l    .      l      l      l
    """,
    "dunning": """
                    list find open history export lookup download comment create edit inline attach remove bulk
        clerk_sal   y    y    y    y       y      .      y        y       y      y    .      y      y      y
        clerk_sal2  y    y    y    y       y      .      y        y       y      y    .      y      n      y
        head_sal    y    y    y    y       y      .      y        y       y      y    .      y      y      y
        clerk_mkt   n    -    n    n       n      .      x        n       n      n    .      n      n      n
        head_mkt    n    -    n    n       n      .      x        n       n      n    .      n      n      n
        clerk_prd   n    -    n    n       n      .      x        n       n      n    .      n      n      n
        legal       y    y    y    y       y      .      y        y       n      n    .      n      n      y
        finance     y    y    y    y       y      .      y        y       n      n    .      n      n      y
        management  y    y    y    y       y      .      y        y       n      n    .      n      n      y
        supervisor  y    y    y    y       y      .      y        n       n      n    .      n      n      y
        it          n    -    n    n       n      .      x        n       n      n    .      n      n      n
        a stranger  l    l    l    l       l      .      l        l       l      l    .      l      l      l
    """,
}

# State and move: everybody who may make it; nobody else may, and the system's own moves are nobody's.
MOVES: dict[str, str] = {
    "customer": """
        lead screen: clerk_sal clerk_sal2 head_sal
        lead won: nobody
        lead dormant: clerk_sal clerk_sal2 head_sal
        screened target: head_sal
        screened won: nobody
        screened dormant: clerk_sal clerk_sal2 head_sal
        target won: nobody
        target dormant: clerk_sal clerk_sal2 head_sal
        dormant won: nobody
        dormant reactivate: clerk_sal clerk_sal2 head_sal
        customer dormant: clerk_sal clerk_sal2 head_sal
    """,
    "product": """
        draft submit: head_sal
        submitted approve: management
        submitted return: management
        submitted withdraw: head_sal
        active revise: head_sal
        active retire: head_sal
    """,
    "quotation": """
        draft submit: clerk_sal
        submitted approve: head_sal
        submitted return: head_sal
        submitted approve_by_rule: nobody
        submitted withdraw: clerk_sal
        approved send: clerk_sal
        sent accept: clerk_sal
        sent decline: clerk_sal
        sent expire: nobody
    """,
    "contract": """
        draft submit: clerk_sal
        legal_review approve: legal
        legal_review return: legal
        legal_review withdraw: clerk_sal
        approved sign: head_sal
        approved return: head_sal
        signed complete: clerk_sal
        signed terminate: management
    """,
    "sales_order": """
        open hand_over: clerk_sal
        in_production produced: clerk_prd
        in_production hold: clerk_sal
        ready ship: nobody
        ready hold: clerk_sal
        shipped deliver: clerk_sal
        shipped hold: clerk_sal
        delivered close: clerk_sal
        on_hold resume: clerk_sal
    """,
    "receivable": """
        open settle: nobody
        open pay_part: nobody
        open fall_due: nobody
        open cancel: nobody
        partly_paid settle: nobody
        partly_paid fall_due: nobody
        partly_paid cancel: nobody
        overdue settle: nobody
        overdue cancel: nobody
        paid reopen: nobody
    """,
    "payment": """
        booked reverse: finance
    """,
    "dunning": """
        open complete: clerk_sal
    """,
}


@pytest.mark.parametrize("name", MAY)
def test_who_may_do_what(name: str, company: Any, browser_as: Any) -> None:
    kind, _, is_handed_over = name.partition(" ")
    departments = {"departments": [company.department("PRD"), company.department("LOG")]} if is_handed_over else {}
    record = company.make(kind, **departments)
    file = company.attach(record, next(iter(catalogue[kind].declared.file_kinds), ""), by=SYSTEM)

    def answer(login: str, action: str) -> str:
        return str(getattr(Asker(browser_as(login), record, file), action)())

    assert table(ACTIONS, answer) == read_table(MAY[name])
    assert company.fresh(record).version == record.version, "asking changed the record"


@pytest.mark.parametrize("name", MOVES)
def test_who_may_make_which_move(name: str, company: Any, browser_as: Any) -> None:
    result = []
    flow = catalogue[name].declared.workflow
    assert flow is not None
    for state in flow.states:
        record = company.walk(company.make(name), state) if flow.out_of(state) else None
        for move in flow.out_of(state):
            answers = {login: Asker(browser_as(login), record, None).move(move.verb) for login in PEOPLE}
            assert set(answers.values()) <= set("ynxl"), answers
            allowed = [login for login, letter in answers.items() if letter == "y"]
            result.append(f"{state} {move.verb}: {' '.join(allowed) or 'nobody'}")
    assert "\n".join(result) == read_table(MOVES[name])
