"""Every page in English and in simplified Chinese; the traditional are read in tests/browser/test_quality.py."""

from __future__ import annotations

from typing import Any

import pytest

from models.kernel.base.words import EN, HANS, HANT
from tests.fixtures._languages import foreign, spoken, untranslated
from tests.fixtures._types import FULL, RICH
from tests.fixtures._visits import Tour


@pytest.mark.parametrize(
    ("text", "locale", "strange"),
    [
        ("Please look 請看", EN, "請看"),
        ("請看 the rest", HANT, "the rest"),
        ("请看規程", HANS, "请看規程"),
        ("導出為 PDF", HANT, ""),
        ("Please look", EN, ""),
    ],
)
def test_what_is_in_another_language_is_found(text: str, locale: str, strange: str) -> None:
    assert foreign(text, locale) == strange


def test_what_a_page_says_is_read_from_texts_labels_and_the_words_of_its_scripts() -> None:
    page = '<p title="a">b<script>no</script></p><div data-words=\'{"x": "c"}\'></div><i lang="zh">no</i>'
    assert sorted(spoken(page)) == ["a", "b", "c"]


@pytest.mark.parametrize("locale", [EN, HANS])
def test_nothing_is_untranslated(locale: str, app: Any, company: Any, browser_as: Any) -> None:
    """All pages of types that have all kinds and options between them; what declarations say is read in
    tests/house/test_words_are_complete.py. What is not said by our words at all is met in English: in simplified
    Chinese the pages of the types with all options do."""
    for login in company.logins:
        browser_as(login, locale=locale)
    result = untranslated(
        list(Tour(app, company, browser_as, of_others=(), full=RICH if locale == HANS else FULL).visits()), locale
    )
    assert not result, "\n".join(result)
