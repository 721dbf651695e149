"""Code asks a field what it is able to do, not which kind it is: comparisons with the classes of fields are counted."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.kernel.language import fields, localized
from models.kernel.language.kinds.rule import Rule
from views.kinds import kind_of

ROOT = Path(__file__).parents[2]
ROOMS = ("models", "views", "tasks", "seed", "admin_app")
COMPARISONS_MAX = 29
KINDS = {
    name for module in (fields, localized) for name, kind in inspect.getmembers(module, inspect.isclass)
    if issubclass(kind, Rule)
}  # fmt: skip


def comparisons(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Where a value is compared with the class of a kind of field: line and source."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="isinstance" | "issubclass"), args=[_, classes]):
                names = {part.id for part in ast.walk(classes) if isinstance(part, ast.Name)}
                names |= {part.attr for part in ast.walk(classes) if isinstance(part, ast.Attribute)}
                if names & KINDS:
                    yield node.lineno, ast.unparse(node)


def test_few_places_compare_a_field_with_a_kind() -> None:
    places = [
        f"{path.relative_to(ROOT)}:{line} {source}"
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
        for line, source in comparisons(ast.parse(path.read_text("utf-8")))
    ]
    assert len(places) <= COMPARISONS_MAX, "\n".join(places)


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("isinstance(field, Day)", 1),
        ("isinstance(field, Day | Moment)", 1),
        ("isinstance(field, (fields.Day, str))", 1),
        ("isinstance(value, str)", 0),
        ("kind_of(field).plain(value)", 0),
    ],
)
def test_a_comparison_is_seen(source: str, count: int) -> None:
    assert len([*comparisons(ast.parse(source))]) == count


def test_a_derived_kind_is_shown_like_the_kind_that_it_derives_from() -> None:
    class Grade(fields.Choice):
        """Not registered."""

    assert type(kind_of(Grade({}))) is type(kind_of(fields.Choice({})))
    assert type(kind_of(fields.Money())) is not type(kind_of(fields.Number()))
