"""What is wrong with fields of answers: they lead to questions, by a link that does not change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .kinds.questions import Questions


def answer_faults(
    fields: Mapping[str, Any], by_class: Mapping[str, Any], file_kinds: Mapping[str, Any]
) -> Iterator[str]:
    """What is wrong with the answers of a type, as halves of a sentence."""
    for name, field in fields.items():
        if field.answers_to:
            yield from _apart_faults(name, field.apart, fields)
            if field.photos and field.photos not in file_kinds:
                yield f"field {name!r} has photos={field.photos!r}, which is no file kind of the type"
            yield from _faults(f"field {name!r} answers {field.answers_to!r}", field.answers_to, fields, by_class)
        for column_name, column in field.columns.items():
            if column.answers_to:
                yield f"column {name}.{column_name} holds answers, which holds for fields of a record only"


def _apart_faults(name: str, apart: Any, fields: Mapping[str, Any]) -> Iterator[str]:
    if apart and (apart not in fields or any(fields[apart].faults(True))):
        yield f"field {name!r} has apart={apart!r}, which is no yes-or-no field of the type"


def _faults(what: str, path: str, fields: Mapping[str, Any], by_class: Mapping[str, Any]) -> Iterator[str]:
    link_name, _, questions = path.partition(".")
    link = fields.get(link_name)
    if link is None or not link.is_single_link:
        yield f"{what}, and {link_name!r} is no link to one record"
    elif not (link.required and link.fixed):
        yield f"{what}, and {link_name!r} must be required and fixed"
    elif not isinstance(by_class[link.target].declared.own_fields.get(questions), Questions):
        yield f"{what}, and {link.target} has no such questions"
