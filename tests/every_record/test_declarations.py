"""What each declaration must say, whatever the type: words in three languages, every field on the form, a number."""

from __future__ import annotations

import re
from typing import Any

from models import catalogue
from models.kernel.base.words import EN, HANS, HANT, LOCALES, in_all_locales
from models.kernel.language.declare import registered
from models.kernel.language.fields import Choice, Choices, Lines
from models.kernel.language.indexes import indexed_fields, indexes_of
from tests.fixtures._types import TYPES
from views.lists.listing import sortable

HAN = re.compile(r"[\u3400-\u9fff]")


def is_spoken(words: Any, name: str) -> bool:
    """Whether a label says something in every language, and is more than the name in the code."""
    said = in_all_locales(words)
    return bool(
        all(said[locale].strip() and said[locale] != name for locale in LOCALES)
        and (HAN.search(said[HANT]) or is_abbreviation(said[HANT]))
        and (HAN.search(said[HANS]) or is_abbreviation(said[HANS]))
        and not HAN.search(said[EN])
    )


def is_abbreviation(text: str) -> bool:
    """Such as SHA-256, which every language writes alike."""
    return text == text.upper() and text.isascii()


def test_every_class_in_the_source_is_in_the_catalogue() -> None:
    assert dict(catalogue) == dict(sorted(registered().items()))
    assert len({cls.__name__ for cls in catalogue.values()}) == len(catalogue)


@TYPES
def test_labels_speak_three_languages(cls: Any) -> None:
    declared = cls.declared
    mute = [name for name, field in declared.own_fields.items() if not is_spoken(field.label, name)]
    for name, field in declared.own_fields.items():
        if isinstance(field, Lines):
            mute += [f"{name}.{c}" for c, column in field.columns.items() if not is_spoken(column.label, c)]
        if isinstance(field, Choice | Choices):
            mute += [f"{name}={key}" for key, label in field.options.items() if not all(in_all_locales(label).values())]
    mute += [str(kind) for kind, label in declared.file_kinds.items() if not is_spoken(label, kind)]
    mute += [lead.verb for lead in declared.follow_ups if not is_spoken(lead.label, lead.verb)]
    assert not mute
    assert is_spoken(declared.label, declared.name)
    assert is_spoken(declared.plural, declared.name)
    assert is_spoken(declared.chapter.label, declared.chapter.id)
    assert all(is_spoken(part.label, "") for part in declared.form)
    assert all(is_spoken(part.help, "") for part in declared.form if part.help)


@TYPES
def test_states_and_moves_speak_three_languages(cls: Any) -> None:
    flow = cls.declared.workflow
    if flow is None:
        return
    assert not [state for state in flow.states if not is_spoken(flow.labels[state], state)]
    assert not [verb for verb in flow.verbs() if not is_spoken(flow.verb_label(verb), verb)]


@TYPES
def test_every_field_has_one_place_on_the_form(cls: Any) -> None:
    placed = [name for part in cls.declared.form for name in part.fields]
    assert sorted(placed) == sorted(set(placed)), "a field stands in two places"
    shown = {name for name, field in cls.declared.own_fields.items() if not field.internal}
    hidden = shown - set(placed)
    assert not hidden, "declared, but on no part of the form"


@TYPES
def test_what_a_list_sorts_by_is_served_by_an_index(cls: Any) -> None:
    first = {next(iter(model.document["key"])) for model in indexes_of(cls)} | {"_id"}
    offered = {name for name in cls._fields if sortable(cls, name)}
    assert {"_id" if name == "id" else name for name in offered} <= first
    assert cls.declared.grid.sort.lstrip("-") in offered | {"id"}


@TYPES
def test_what_a_grid_shows_can_be_filtered_by_an_index(cls: Any) -> None:
    assert {name.partition(".")[0] for name in indexed_fields(cls)} <= set(cls.fields_of())
    assert set(cls.declared.grid.columns), "a list without columns"
    assert set(cls.declared.grid.inline) <= set(cls.declared.own_fields)


@TYPES
def test_a_type_says_what_it_is_and_where_it_comes_from(cls: Any) -> None:
    assert (cls.__doc__ or "").strip().endswith(".")
    assert re.fullmatch(r"\d+(\.\d+)*", cls.declared.clause)
