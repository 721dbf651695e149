"""Labels and sentences in three languages, with labels and sentences in their places."""

import threading

import pytest

from models.kernel.base.words import (
    EN,
    HANS,
    HANT,
    LOCALES,
    L,
    Listed,
    current_locale,
    in_all_locales,
    simplified,
    speaking,
)

HEAD = L("Head", "部門負責人")
STEP = L("“{move}” is for {who}.", "「{move}」由{who}辦理。")


def test_a_label_speaks_three_languages() -> None:
    assert [HEAD.in_locale(one) for one in LOCALES] == ["Head", "部門負責人", "部门负责人"]
    assert in_all_locales(HEAD) == {EN: "Head", HANT: "部門負責人", HANS: "部门负责人"}


def test_simplified_can_be_written_down() -> None:
    assert L("Taxi", "計程車", "出租车").in_locale(HANS) == "出租车"


def test_without_a_language_it_is_english() -> None:
    assert current_locale() == EN
    assert str(HEAD) == "Head"
    with speaking("tlh"):
        assert str(HEAD) == "Head"


def test_the_language_holds_within_the_block_only() -> None:
    with speaking(HANT):
        assert str(HEAD) == "部門負責人"
        with speaking(HANS):
            assert str(HEAD) == "部门负责人"
        assert str(HEAD) == "部門負責人"
        with pytest.raises(RuntimeError), speaking(HANS):
            raise RuntimeError
        assert str(HEAD) == "部門負責人"


def test_another_thread_speaks_its_own_language() -> None:
    heard: list[str] = []
    with speaking(HANT):
        thread = threading.Thread(target=lambda: heard.append(str(HEAD)))
        thread.start()
        thread.join()
    assert heard == ["Head"]


def test_labels_stand_in_sentences_in_the_language_of_the_sentence() -> None:
    said = STEP(move=L("Approve", "批准"), who=HEAD)
    assert [said.in_locale(one) for one in LOCALES] == [
        "“Approve” is for Head.", "「批准」由部門負責人辦理。", "「批准」由部门负责人办理。",
    ]  # fmt: skip


def test_sentences_stand_in_sentences() -> None:
    both = L("all of: {who}", "全部：{who}")(who=Listed((HEAD, L("Legal", "法務"))))
    said = STEP(move="X", who=both)
    assert said.in_locale(EN) == "“X” is for all of: Head, Legal."
    assert said.in_locale(HANT) == "「X」由全部：部門負責人、法務辦理。"


def test_what_people_typed_is_not_taken_for_a_place() -> None:
    for typed in ("{who}", "{0}", "{who.__class__}", "%s", "{"):
        assert STEP(move=typed, who=HEAD).in_locale(EN) == f"“{typed}” is for Head."


def test_a_forgotten_place_is_our_fault_and_shows() -> None:
    with pytest.raises(KeyError):
        str(STEP(move="X"))


def test_words_can_be_compared_and_kept_in_sets() -> None:
    assert L("A", "甲") == L("A", "甲", "甲甲")
    assert STEP(move="X", who=HEAD) == STEP(move="X", who=L("Head", "部門負責人"))
    assert len({HEAD, L("Head", "部門負責人"), L("Head", "主管")}) == 2


def test_names_typed_by_people_stay_as_they_are() -> None:
    assert in_all_locales("國泰") == dict.fromkeys(LOCALES, "國泰")


def test_simplifying_twice_changes_nothing_more() -> None:
    for text in ("合同與發票", "头发发现", "ABC 123", "", "乾隆皇后"):
        assert simplified(simplified(text)) == simplified(text)
