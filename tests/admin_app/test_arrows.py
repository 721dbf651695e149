"""Kernel and services know no record type: import-linter checks the arrows between rooms, this the rest."""

import ast
from pathlib import Path

import pytest

MODELS = Path(__file__).parents[2] / "models"
GROUND = ("models.kernel", "models.services")
MODULES = [path for room in ("kernel", "services") for path in sorted((MODELS / room).rglob("*.py"))]


def imported(source: str, package: str) -> set[str]:
    """The modules that a source imports, by their full names."""
    result = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            result |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            result.add(".".join([*base, *([node.module] if node.module else [])]))
    return result


def strays(source: str, package: str) -> set[str]:
    names = {name for name in imported(source, package) if name.split(".")[0] == "models"}
    return {name for name in names if not any(name == room or name.startswith(f"{room}.") for room in GROUND)}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(MODELS).as_posix())
def test_kernel_and_services_import_no_chapter(path):
    package = ".".join(path.parent.relative_to(MODELS.parent).parts)
    assert strays(path.read_text("utf-8"), package) == set()


@pytest.mark.parametrize(
    "bad", ["from models import catalogue", "from ...sales import x", "import models.sales.customers"]
)
def test_a_stray_import_is_found(bad):
    assert strays(bad, "models.kernel.gate")


@pytest.mark.parametrize(
    "good",
    ["from .record import Record", "from ..base import clock", "from models.kernel.base.words import L", "import os"],
)
def test_a_good_import_is_let_through(good):
    assert not strays(good, "models.kernel.gate")
