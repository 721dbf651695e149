"""Sentences kept for later: every reader finds the own language; an older text is read as it is."""

import pytest

from models.kernel.base.words import EN, HANS, HANT, L, in_all_locales, speaking
from models.kernel.language.localized import LocalizedText, localized, together

FULL = L("{place} is full.", "{place} 空間不足。")
FIELD = LocalizedText(label=L("What went wrong", "錯誤說明"))


def test_read_in_the_language_of_the_reader():
    kept = in_all_locales(together((FULL(place="A"), FULL(place="B")), "\n"))
    for locale, text in (
        (EN, "A is full.\nB is full."),
        (HANT, "A 空間不足。\nB 空間不足。"),
        (HANS, "A 空间不足。\nB 空间不足。"),
    ):
        with speaking(locale):
            assert localized(kept) == text
            assert localized("an older text") == "an older text"
            assert localized(None) == ""


@pytest.mark.parametrize("value", [{"fr": "x"}, {EN: 3}, ["x"], 7, {EN: "a\x00b"}, "a\x00b"])
def test_what_is_no_such_text_is_refused(value):
    assert list(FIELD.faults(value))


@pytest.mark.parametrize("value", [{}, {EN: "x"}, in_all_locales(FULL(place="A")), "text"])
def test_what_is_one(value):
    assert list(FIELD.faults(value)) == []
    assert FIELD.to_python(FIELD.to_mongo(value)) == value
