"""The kernel knows no record type: import-linter checks the arrows between packages, this one that inside models."""

import ast
from pathlib import Path

import pytest

KERNEL = Path(__file__).parents[2] / "models" / "kernel"


def imported(source: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
    return found


def strays(source: str) -> set[str]:
    def is_stray(name: str) -> bool:
        return name.startswith(("..", "models")) and not name.startswith("models.kernel")

    return {name for name in imported(source) if is_stray(name)}


@pytest.mark.parametrize("path", sorted(KERNEL.rglob("*.py")), ids=lambda path: path.stem)
def test_the_kernel_imports_no_record_type(path):
    assert strays(path.read_text("utf-8")) == set()


@pytest.mark.parametrize(
    "bad", ["from models import catalogue", "from ..sales import x", "import models.sales.customers"]
)
def test_a_stray_import_is_found(bad):
    assert strays(bad)


@pytest.mark.parametrize("good", ["from .record import Record", "from models.kernel.base.words import L", "import os"])
def test_a_good_import_is_let_through(good):
    assert not strays(good)
