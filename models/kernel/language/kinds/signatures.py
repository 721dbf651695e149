"""Signatures: drawn, chosen as an image, or typed and confirmed; who signed what, and when, is said by the gate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from mongoengine.base import BaseField

from ...base.words import At, L, Words
from .dates import instant
from .rule import CONTROL_CHARACTERS, WRONG_FORM, Rule, Sees, label_of

DRAWN, IMAGE, TYPED = "drawn", "image", "typed"
PNG = b"\x89PNG\r\n\x1a\n"
PNG_MAX = 40_000
NAME_MAX = 100
_SAID: dict[str, type] = {"name": str, "at": dt.datetime, "hash": str, "for_name": str}
SIGNED_BY = L("Signed by {name} on {at}", "{name} 簽署於 {at}")
SIGNED_FOR = L("Signed by {name} for {principal} on {at}", "{name} 代 {principal} 簽署於 {at}")
NOT_TO_BE_TYPED = L(
    "“{label}” is signed by hand in a form; it cannot be typed or taken over from elsewhere.",
    "「{label}」須在表單中簽署，不能輸入或由他處帶入。",
)


class Signature(Rule, BaseField):
    """A signature: kept as a small black and white picture that was drawn anew here, or as a typed name. The gate notes
    by whom, when, and a digest of what was signed. It is given once; a move that asks for it may ask again.

    A form gives `{"how": …, "png": …}` or `{"how": "typed", "typed": …}`; what claims more is signed over.
    """

    is_signature = True
    is_sortable = is_indexable = is_in_sheet = is_column = is_for_strangers = False
    unreadable = NOT_TO_BE_TYPED

    def read(self, text: str) -> Any:
        raise ValueError("a signature is no text")

    def to_mongo(self, value: Any) -> Any:
        return dict(value) if isinstance(value, Mapping) else value

    def validate(self, value: Any, clean: bool = True) -> None:
        if not isinstance(value, Mapping):
            self.error("a signature expected")

    def faults(self, value: Any) -> Iterator[Words]:
        if not isinstance(value, Mapping) or not (is_picture(value) or is_typed(value)) or not _is_said_rightly(value):
            yield WRONG_FORM(label=label_of(self))

    def in_words(self, value: Any) -> Any:
        places = {"name": value.get("name", ""), "at": At(value.get("at"))}
        if value.get("for_name"):
            return SIGNED_FOR(principal=value["for_name"], **places)
        return SIGNED_BY(**places)

    def in_json(self, value: Any, sees: Sees) -> Any:
        """By whom and when it was given; the picture stands on the record's page."""
        said = {name: value[name] for name in ("how", "name", "for_name", "hash") if isinstance(value.get(name), str)}
        return said | ({"at": instant(value["at"])} if isinstance(value.get("at"), dt.datetime) else {})

    def json_schema(self, sees: Sees) -> dict[str, Any]:
        texts = {name: {"type": "string"} for name in ("how", "name", "for_name", "hash")}
        return {"type": "object", "readOnly": True, "properties": texts | {"at": {"type": "string"}}}


def is_picture(value: Mapping[str, Any]) -> bool:
    """Whether a signature is a small picture of our own."""
    png = value.get("png")
    return value.get("how") in (DRAWN, IMAGE) and isinstance(png, bytes) and png.startswith(PNG) and len(png) <= PNG_MAX


def is_typed(value: Mapping[str, Any]) -> bool:
    """Whether a signature is a typed name."""
    typed = value.get("typed")
    is_text = isinstance(typed, str) and len(typed.strip()) > 0 and len(typed) <= NAME_MAX
    return value.get("how") == TYPED and is_text and not CONTROL_CHARACTERS.search(str(typed))


def _is_said_rightly(value: Mapping[str, Any]) -> bool:
    """Whether what is said of a signature, if anything is, is of the right kind."""
    return all(isinstance(value[name], kind) for name, kind in _SAID.items() if value.get(name) is not None)
