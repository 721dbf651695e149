"""A type more costs one class in one file: the README's own example, saved as a new module, passes these tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from models import catalogue
from models.kernel.language.declare import snake_case
from tests.fixtures._copied_tree import copied_tree, walked

ROOT = Path(__file__).parents[2]
HEADING = "Add a record type"
LINES_MAX = 25


def example() -> tuple[str, str]:
    """The file that the README tells to save, and the first Python block under its heading."""
    text = (ROOT / "README.md").read_text("utf-8")
    if not text.strip():
        pytest.skip("README.md is not written yet; once it is, it must show how to add a record type.")
    match = re.search(rf"^#+ {HEADING}\s*$(.*?)(?=^#+ |\Z)", text, re.MULTILINE | re.DOTALL)
    assert match, f"README.md has no heading “{HEADING}”."
    block = re.search(r"^```python\n(.*?)^```", match[1], re.MULTILINE | re.DOTALL)
    assert block, f"README.md shows no Python block under “{HEADING}”."
    path = re.search(r"`(models/\w+\.py)`", match[1])
    assert path, f"README.md does not say under which name the module of “{HEADING}” is saved."
    return path[1], block[1]


def classes_in(module: str) -> list[str]:
    return re.findall(r"^class (\w+)\(Record\):", module, re.MULTILINE)


def test_the_example_is_one_short_module() -> None:
    path, module = example()
    assert not (ROOT / path).exists(), f"{path} is there already; the example must show a new file."
    compile(module, "README.md", "exec")
    lines = [line for line in module.splitlines() if line.strip()]
    assert lines[0].startswith('"""')
    assert len(lines[1:]) <= LINES_MAX
    (name,) = classes_in(module)
    assert snake_case(name) not in catalogue, f"{name} is a type already; the example must show a new one."


@pytest.mark.slow
def test_the_example_gets_its_screens_and_passes_these_tests(tmp_path: Path, mongo_uri: str) -> None:
    """In a copy of the whole tree, with nothing else touched."""
    path, module = example()
    (name,) = classes_in(module)
    tree = copied_tree(tmp_path / "tree")
    (tree / path).write_text(module, "utf-8")
    run = walked(tree, mongo_uri, [name], seconds=300)
    counted = re.search(r"(\d+) passed", run.stdout)
    assert run.returncode == 0, run.stdout[-4000:]
    assert counted
    assert int(counted[1]) >= len(_tests_of_one_type(tree))
    for screen in ("entered_by_hand", "every_page_of_a_type_answers", "goes_to_the_bin", "by_an_index"):
        assert re.search(rf"{screen}\S*\[{name}\] PASSED", run.stdout), f"{screen} did not run for {name}"


def _tests_of_one_type(tree: Path) -> list[str]:
    """The tests that run once for each type."""
    files = (tree / "tests" / "every_record").glob("test_*.py")
    return [
        text for file in files for text in re.findall(r"^@TYPES\ndef (test_\w+)", file.read_text("utf-8"), re.MULTILINE)
    ]
