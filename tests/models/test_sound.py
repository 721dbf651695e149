"""What a field can hold is no damage, whatever way it is kept."""

from __future__ import annotations

from typing import Any

import pytest

from models import catalogue
from models.kernel.language.sound import DAMAGED_FIELDS, row_of

SENTENCE = {"en": "The disk is full.", "zh-Hant": "磁盤已滿。", "zh-Hans": "磁盘已满。"}


@pytest.mark.parametrize("value", [SENTENCE, "The disk is full.", {"en": ""}, None])
def test_a_sentence_of_the_system_is_sound(value: Any) -> None:
    assert row_of(catalogue["backup"], {"error": value}) == {"error": value}


@pytest.mark.parametrize("value", [5, ["x"], {"en": 5}, {"en": {"en": "x"}}, b"x", True])
def test_what_is_no_sentence_is_damaged(value: Any) -> None:
    assert row_of(catalogue["backup"], {"error": value})[DAMAGED_FIELDS] == ["error"]
