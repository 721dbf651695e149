"""Whole chapters as declarations alone: each module of `declared/` is added to a copy of the tree and walked there.

Nothing else is touched: no screen, no job, no test of its own. `tests/every_record` derives what it tries from the
words that the declarations use.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.fixtures._copied_tree import copied_tree, walked

DECLARED = Path(__file__).with_name("declared")
LINES_MAX = 80
WALKED = ("entered_by_hand", "every_page_of_a_type_answers", "goes_to_the_bin", "by_an_index")


def modules() -> list[Path]:
    return sorted(DECLARED.glob("[!_]*.py"))


def types_in(module: Path) -> list[str]:
    return re.findall(r"^class (\w+)\(Record\):", module.read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("module", modules(), ids=lambda path: path.stem)
def test_a_type_is_declared_in_few_lines(module: Path) -> None:
    """The longest of a module: what stands between two types, blank lines left out."""
    parts = re.split(r"(?m)^(?=@record\()", module.read_text("utf-8"))[1:]
    assert parts
    assert max(len([line for line in part.splitlines() if line.strip()]) for part in parts) <= LINES_MAX


@pytest.mark.slow
def test_the_chapters_pass_the_tests_of_every_type(tmp_path: Path, mongo_uri: str) -> None:
    tree, names = copied_tree(tmp_path / "tree"), [name for module in modules() for name in types_in(module)]
    for module in modules():
        assert not (tree / "models" / module.name).exists()
        shutil.copy(module, tree / "models" / module.name)
    run = walked(tree, mongo_uri, names, seconds=900)
    assert run.returncode == 0, run.stdout[-6000:]
    for name in names:
        for walk in WALKED:
            assert re.search(rf"{walk}\S*\[{name}\] PASSED", run.stdout), f"{walk} did not run for {name}"
