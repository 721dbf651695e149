"""The glossary holds: no name in code is a word given up, and a class's name stands once in the program."""

from __future__ import annotations

import ast
from collections import defaultdict

import pytest

from tests.house.words import PACKAGES, ROOT, bound_names, files_of, given_up, offenders_of, plain, rooms


def test_the_words_are_read_from_the_glossary() -> None:
    words = given_up()
    assert {"told", "doors", "one", "tokens", "dress"} <= set(words)
    assert all(words.values())
    assert "record" not in words


@pytest.mark.parametrize(
    "source",
    [
        "told = 1",
        "def _asked(): ...",
        "def read(found): ...",
        "class Face: ...",
        "rows = [one for one in ()]",
        "with open('x') as doors: ...",
        "import json as tokens",
        "self.wanted: int = 1",
        "try: ...\nexcept OSError as told: ...",
        "if (one := 1): ...",
        "read = lambda wanted: 1",
    ],
)
def test_a_word_given_up_would_be_found(source: str) -> None:
    assert [name for _, name in bound_names(ast.parse(source)) if plain(name) in given_up()]


def test_words_that_are_only_read_or_said_are_free() -> None:
    source = "print('told'); hits.found(one.asked); not_found = wanted_by = token = 1"
    assert not [name for _, name in bound_names(ast.parse(source)) if plain(name) in given_up()]


@pytest.mark.parametrize("room", rooms())
def test_no_room_binds_a_word_given_up(room: str) -> None:
    assert offenders_of(room, deep=False) == []


def test_each_class_has_a_name_of_its_own() -> None:
    places = defaultdict(list)
    for path in (path for package in PACKAGES if package != "tests" for path in files_of(package)):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert {name: at for name, at in places.items() if len(at) > 1} == {}
