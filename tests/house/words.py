"""Finds names in code that docs/glossary.md has given up: `python -m tests.house.words models/kernel`."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("models", "views", "tasks", "seed", "admin_app", "bench", "tests")
GLOSSARY = ROOT / "docs" / "glossary.md"
_ROW = re.compile(r"^\| `([^|]+)` \| (.+) \|$", re.M)


def given_up() -> dict[str, str]:
    """The words given up, each with what is said instead, as the table of the glossary has them."""
    table = GLOSSARY.read_text(encoding="utf-8").partition("## Names given up")[2]
    return {word: instead for words, instead in _ROW.findall(table) for word in re.findall(r"\w+", words)}


def bound_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every name that code binds: functions, classes, parameters, variables, attributes, aliases; line and name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.lineno, node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from ((node.lineno, alias.asname) for alias in node.names if alias.asname)


def files_of(room: str, *, deep: bool = True) -> list[Path]:
    """The Python files of a room (a folder, with all below it if `deep`, or one file), in order."""
    path = ROOT / room
    return [path] if path.is_file() else sorted(path.rglob("*.py") if deep else path.glob("*.py"))


def offenders_of(room: str, *, deep: bool = True) -> list[str]:
    """The offenders of a room as `file:line name, say …`; a module's own name counts, too."""
    words, lines = given_up(), []
    for path in files_of(room, deep=deep):
        file = path.relative_to(ROOT).as_posix()
        names = [(1, path.stem), *bound_names(ast.parse(path.read_text(encoding="utf-8")))]
        lines += [f"{file}:{line} {name}, say {words[plain(name)]}" for line, name in names if plain(name) in words]
    return lines


def plain(name: str) -> str:
    """A name without underscores around it and without capitals: neither hides a word."""
    return name.strip("_").lower()


def rooms() -> list[str]:
    """Every folder that holds Python files."""
    folders = {path.parent.relative_to(ROOT).as_posix() for package in PACKAGES for path in files_of(package)}
    return sorted(folders)


def main(arguments: list[str]) -> int:
    """Print the offenders of the rooms named, or without a name how many each room has. Exit code 1 if any."""
    if arguments:
        lines = [line for room in arguments for line in offenders_of(room)]
        print("\n".join([*lines, f"{len(lines)} in {', '.join(arguments)}"]))
        return 1 if lines else 0
    files = (line.partition(":")[0] for package in PACKAGES for line in offenders_of(package))
    counts = Counter(file.rpartition("/")[0] for file in files)
    print("\n".join(f"{counts[room]:5} {room}" for room in rooms()), f"{counts.total():5} in all", sep="\n")
    return 1 if counts else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
