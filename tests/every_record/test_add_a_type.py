"""A type more costs one class in one file: the README's own example, saved as a new module. It is walked with the
chapters that are declared in tests/chapters."""

from __future__ import annotations

from pathlib import Path

from models import catalogue
from models.kernel.language.declare import snake_case
from tests.fixtures._readme import classes_in, example

ROOT = Path(__file__).parents[2]
LINES_MAX = 25


def test_the_example_is_one_short_module() -> None:
    path, module = example()
    assert not (ROOT / path).exists(), f"{path} is there already; the example must show a new file."
    compile(module, "README.md", "exec")
    lines = [line for line in module.splitlines() if line.strip()]
    assert lines[0].startswith('"""')
    assert len(lines[1:]) <= LINES_MAX
    (name,) = classes_in(module)
    assert snake_case(name) not in catalogue, f"{name} is a type already; the example must show a new one."
