"""What a declaration may not say of a signature, and that no text is one."""

import pytest

from models.kernel.language.facts import DeclarationError
from models.kernel.language.fields import Line, Lines, Signature
from models.kernel.language.typed import BadValue, parse
from tests.models.test_declaring import NAME, nothing_stays, started

__all__ = ["nothing_stays"]  # a fixture of every test here


class SignedRow(Line):
    """A line with a signature of its own."""

    sign = Signature(label=NAME)


def test_lines_have_no_signatures() -> None:
    with pytest.raises(DeclarationError, match=r"^Sample: column rows.sign is a signature, which only a record has\.$"):
        started(fields={"rows": Lines(SignedRow, label=NAME)})


def test_no_text_is_one() -> None:
    with pytest.raises(BadValue):
        parse(Signature(label=NAME), "王建國")
