"""Chapters as declarations alone: each module of `declared/`, and the README's example, is added to a copy of the tree
and walked there. Some of their words no shipped type uses yet.

Nothing else is touched: no screen, no job, no test of its own. `tests/every_record` derives what it tries from the
words that the declarations use.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.fixtures._copied_tree import copied_tree, walked
from tests.fixtures._readme import classes_in, example

DECLARED = Path(__file__).with_name("declared")
LINES_MAX = 80
WALKED = ("entered_by_hand", "every_page_of_a_type_answers", "goes_to_the_bin", "by_an_index")


def modules() -> list[Path]:
    return sorted(DECLARED.glob("[!_]*.py"))


@pytest.mark.parametrize("module", modules(), ids=lambda path: path.stem)
def test_a_type_is_declared_in_few_lines(module: Path) -> None:
    """The longest of a module: what stands between two types, blank lines left out."""
    parts = re.split(r"(?m)^(?=@record\()", module.read_text("utf-8"))[1:]
    assert parts
    assert max(len([line for line in part.splitlines() if line.strip()]) for part in parts) <= LINES_MAX


@pytest.mark.slow
def test_the_chapters_pass_the_tests_of_every_type(tmp_path: Path, mongo_uri: str) -> None:
    tree, path = copied_tree(tmp_path / "tree"), example()[0]
    added = {path: example()[1], **{f"models/{module.name}": module.read_text("utf-8") for module in modules()}}
    names = [name for module in added.values() for name in classes_in(module)]
    for place, module in added.items():
        assert not (tree / place).exists()
        (tree / place).write_text(module, "utf-8")
    run = walked(tree, mongo_uri, names, seconds=900)
    assert run.returncode == 0, run.stdout[-6000:]
    shown = classes_in(added[path])[0]
    assert len(re.findall(rf"\[{shown}\S*\] PASSED", run.stdout)) >= len(_tests_of_one_type(tree))
    for name in names:
        for walk in WALKED:
            assert re.search(rf"{walk}\S*\[{name}\] PASSED", run.stdout), f"{walk} did not run for {name}"


def _tests_of_one_type(tree: Path) -> list[str]:
    """The tests that run once for each type."""
    files = (tree / "tests" / "every_record").glob("test_*.py")
    return [
        text for file in files for text in re.findall(r"^@TYPES\ndef (test_\w+)", file.read_text("utf-8"), re.MULTILINE)
    ]
