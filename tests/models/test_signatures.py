"""What a signature may be, and what a declaration may not say of one."""

from typing import Any

import pytest

from models.kernel.language.facts import DeclarationError
from models.kernel.language.fields import Line, Lines, Signature
from models.kernel.language.kinds.signatures import PNG, PNG_MAX
from models.kernel.language.typed import BadValue, parse
from tests.models.test_declaring import NAME, nothing_stays, started

__all__ = ["nothing_stays"]  # a fixture of every test here


class SignedRow(Line):
    """A line with a signature of its own."""

    sign = Signature(label=NAME)


def test_lines_have_no_signatures() -> None:
    with pytest.raises(DeclarationError, match=r"^Sample: column rows.sign is a signature, which only a record has\.$"):
        started(fields={"rows": Lines(SignedRow, label=NAME)})


@pytest.mark.parametrize(("value", "is_right"), [
    ({"how": "drawn", "png": PNG + b"x"}, True),
    ({"how": "typed", "typed": "王建國"}, True),
    ({"how": "typed", "typed": ""}, False),
    ({"how": "typed", "typed": "a\x00b"}, False),
    ({"how": "typed", "typed": "x" * 101}, False),
    ({"how": "drawn", "png": b"<svg>"}, False),
    ({"how": "drawn", "png": PNG + b"x" * PNG_MAX}, False),
    ({"how": "drawn", "png": PNG.decode("latin-1")}, False),
    ({"how": "drawn", "png": PNG + b"x", "at": "yesterday"}, False),
    ({"how": "stamp", "png": PNG}, False),
    ({}, False), ("text", False), (5, False), ([], False), (None, False),
])  # fmt: skip
def test_what_is_a_signature(value: Any, is_right: bool) -> None:
    assert any(Signature(label=NAME).faults(value)) != is_right


def test_no_text_is_one() -> None:
    with pytest.raises(BadValue):
        parse(Signature(label=NAME), "王建國")
