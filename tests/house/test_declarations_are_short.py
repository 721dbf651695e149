"""What a record type costs to declare: counted in lines, so that the language is not left behind by what it describes.

`python -m tests.house.test_declarations_are_short` prints the lines of each type.
"""

from __future__ import annotations

import ast
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2] / "models"
MEDIAN_MAX = 50


def lines_of(text: str, first: int, last: int) -> int:
    """The lines of a stretch of code that are not blank."""
    return sum(1 for line in text.splitlines()[first - 1 : last] if line.strip())


def types_in(text: str) -> dict[str, tuple[int, int]]:
    """The record types of a module: the lines of the declaration, and of its methods."""
    result = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef) and any(is_record(item) for item in node.decorator_list):
            first = min(item.lineno for item in node.decorator_list)
            methods = [field for field in node.body if isinstance(field, ast.FunctionDef)]
            code = sum(lines_of(text, *stretch(method)) for method in methods)
            result[node.name] = (lines_of(text, first, node.end_lineno or first) - code, code)
    return result


def is_record(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "record"


def stretch(node: ast.FunctionDef) -> tuple[int, int]:
    return min([node.lineno, *(item.lineno for item in node.decorator_list)]), node.end_lineno or node.lineno


def all_types() -> dict[str, tuple[int, int]]:
    result: dict[str, tuple[int, int]] = {}
    for path in sorted(ROOT.rglob("*.py")):
        result |= types_in(path.read_text("utf-8"))
    return result


def test_half_of_the_types_are_declared_in_fifty_lines() -> None:
    assert median(declared for declared, _ in all_types().values()) <= MEDIAN_MAX


def test_lines_are_counted_without_blanks_and_methods_apart() -> None:
    text = "@record(\n    label=1,\n)\nclass A(Record):\n    x = 1\n\n    def check(self):\n        return 1\n"
    assert types_in(text) == {"A": (5, 2)}


if __name__ == "__main__":
    for name, (declared, code) in sorted(all_types().items(), key=lambda pair: pair[1]):
        print(f"{declared:4} lines of declaration {code:4} of methods  {name}")
    print(f"median {median(declared for declared, _ in all_types().values())}")
