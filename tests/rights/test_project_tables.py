"""Who may do what with a project and with what belongs to it (2.3), tried over HTTP: owner, leader, department, team,
those of a department that works on it, and everybody else.

y may · n refused · x not found · - answered without the record
"""

from __future__ import annotations

from typing import Any

from models import catalogue
from models.development.projects import TeamMember
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from tests.rights.asking import Asker, read_table

PEOPLE = {
    "owner": "clerk_mkt",
    "leader": "clerk_sal",
    "department": "clerk_rnd",
    "its head": "head_rnd",
    "team": "clerk_prd",
    "works on it": "head_svc",
    "other": "clerk_log",
    "head_mkt": "head_mkt",
    "management": "management",
    "supervisor": "supervisor",
    "finance": "finance",
    "it": "it",
}
ACTIONS = ("list", "find", "open", "history", "export", "comment", "edit", "attach", "remove")
EXPECTED = {
    "project": """
                    list find open history export comment edit attach remove
        owner       y    y    y    y       y      y       y    y      y
        leader      y    y    y    y       y      y       y    y      n
        department  y    y    y    y       y      y       y    y      n
        its head    y    y    y    y       y      y       y    y      y
        team        y    y    y    y       y      y       y    y      n
        works on it y    y    y    y       y      y       n    y      n
        other       -    -    x    x       -      x       x    x      x
        head_mkt    -    -    x    x       -      x       x    x      x
        management  y    y    y    y       y      y       y    y      n
        supervisor  y    y    y    y       y      n       n    n      n
        finance     -    -    x    x       -      x       x    x      x
        it          -    -    x    x       -      x       x    x      x
    """,
    "launch": """
                    list find open history export comment edit attach remove
        owner       y    y    y    y       y      y       y    y      n
        leader      y    y    y    y       y      y       y    y      n
        department  y    y    y    y       y      y       y    y      y
        its head    y    y    y    y       y      y       y    y      y
        team        y    y    y    y       y      y       y    y      n
        works on it y    y    y    y       y      y       n    n      n
        other       -    -    x    x       -      x       x    x      x
        head_mkt    -    -    x    x       -      x       x    x      x
        management  y    y    y    y       y      y       n    n      n
        supervisor  y    y    y    y       y      n       n    n      n
        finance     -    -    x    x       -      x       x    x      x
        it          -    -    x    x       -      x       x    x      x
    """,
    "maintenance": """
                    list find open history export comment edit attach remove
        owner       y    y    y    y       y      y       y    y      n
        leader      y    y    y    y       y      y       y    y      n
        department  y    y    y    y       y      y       y    y      y
        its head    y    y    y    y       y      y       y    y      y
        team        y    y    y    y       y      y       y    y      n
        works on it y    y    y    y       y      y       n    n      n
        other       -    -    x    x       -      x       x    x      x
        head_mkt    -    -    x    x       -      x       x    x      x
        management  y    y    y    y       y      y       n    n      n
        supervisor  y    y    y    y       y      n       n    n      n
        finance     -    -    x    x       -      x       x    x      x
        it          -    -    x    x       -      x       x    x      x
    """,
}
MOVES = """
    draft submit: owner
    proposed assess: its head
    proposed return: its head
    proposed withdraw: owner
    assessed approve: management
    assessed reject: management
    assessed return: management
    initiated begin: leader
    initiated terminate: management
    requirement enter_design: leader
    requirement terminate: management
"""


def scene(company: Any) -> dict[str, Any]:
    """A project in its first phase, of marketing, led by somebody of sales, with one of production in the team; service
    works on it, too."""
    project = company.make("project", "clerk_mkt", leader=company.users["clerk_sal"])
    project = company.walk(project, "initiated")
    more = {
        "team": [TeamMember(user=company.users["clerk_prd"], part="試製")],
        "departments": [company.department("SVC")],
    }
    project = changes.update(type(project), project.id, more, actor=SYSTEM, version=None)
    values = {"project": project.id, "subject": "樣品", "owner": company.users["clerk_rnd"]}
    made = {name: changes.create(catalogue[name], values, actor=SYSTEM) for name in ("launch", "maintenance")}
    return {"project": project, **made}


def written(rows: dict[str, list[str]], columns: tuple[str, ...]) -> str:
    """A line for each person."""
    lines = [" ".join(["", *columns])]
    for who, letters in rows.items():
        cells = [letter.ljust(len(column)) for letter, column in zip(letters, columns, strict=True)]
        lines.append(f"{who.ljust(11)} {' '.join(cells)}".rstrip())
    lines[0] = " " * 11 + lines[0]
    return "\n".join(lines)


def test_who_may_do_what(company: Any, browser_as: Any) -> None:
    records, tables = scene(company), {}
    for name, record in records.items():
        rows = {
            who: [str(getattr(Asker(browser_as(login), record, None), action)()) for action in ACTIONS]
            for who, login in PEOPLE.items()
        }
        tables[name] = written(rows, ACTIONS)
        assert company.fresh(record).version == record.version, "asking changed the record"
    assert tables == {name: read_table(text) for name, text in EXPECTED.items()}


def test_who_moves_a_project(company: Any, browser_as: Any) -> None:
    result = []
    project = company.make("project", "clerk_mkt", leader=company.users["clerk_sal"])
    for state in ("draft", "proposed", "assessed", "initiated", "requirement"):
        project = company.walk(project, state)
        for move in project.flow().out_of(state):
            answers = {who: Asker(browser_as(login), project, None).move(move.verb) for who, login in PEOPLE.items()}
            allowed = [who for who, letter in answers.items() if letter == "y"]
            result.append(f"{state} {move.verb}: {', '.join(allowed) or 'nobody'}")
    assert "\n".join(result) == read_table(MOVES)
