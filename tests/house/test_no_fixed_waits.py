"""Tests wait for a condition, never for a time: a fixed wait is too long on a fast machine and too short on a busy one.

Only tests/fixtures/processes.py sleeps, in `until` and `let_run`, and the programs of tests/faults that are killed.
"""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
WAITS = {"sleep", "wait_for_timeout"}
HOME = TESTS / "fixtures" / "processes.py"


def fixed_waits(code):
    """The lines on which code waits for a time."""
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    names = {call.lineno: getattr(call.func, "attr", getattr(call.func, "id", "")) for call in calls}
    return [line for line, name in names.items() if name in WAITS]


def is_program(path):
    return path.parent.name == "faults" and not path.name.startswith("test_")


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("import time\ntime.sleep(1)", [2]),
        ("from time import sleep\nfor n in range(3):\n    sleep(0.1)", [3]),
        ("page.goto('/')\npage.wait_for_timeout(400)", [2]),
        ("until(lambda: rows(), 20, 'nothing comes')", []),
        ("code = 'time.sleep(600)'", []),
    ],
)
def test_a_fixed_wait_is_found(code, lines):
    assert fixed_waits(code) == lines


def test_no_test_waits_for_a_time():
    result = [
        f"{path.relative_to(TESTS)}:{line}"
        for path in sorted(TESTS.rglob("*.py"))
        if path != HOME and not is_program(path)
        for line in fixed_waits(path.read_text("utf-8"))
    ]
    assert not result, f"wait for what is to come, with until(): {', '.join(result)}"
