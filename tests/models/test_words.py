"""Labels and sentences in three languages, with labels and sentences in their places."""

import datetime as dt
import threading
from decimal import Decimal
from types import SimpleNamespace

import pytest

from models.kernel.base.titles import number_and_title, short_title
from models.kernel.base.words import (
    EN,
    HANS,
    HANT,
    LOCALES,
    Amount,
    At,
    L,
    Listed,
    On,
    current_locale,
    in_all_locales,
    simplified,
    speaking,
)

HEAD = L("Head", "部門負責人")
STEP = L("“{move}” is for {who}.", "「{move}」由{who}辦理。")


def test_a_label_speaks_three_languages() -> None:
    assert [HEAD.in_locale(locale) for locale in LOCALES] == ["Head", "部門負責人", "部门负责人"]
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
    assert [said.in_locale(locale) for locale in LOCALES] == [
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


class TestPlacesOfASentence:
    """Places that say themselves: whoever writes a sentence formats nothing."""

    SENTENCE = L("{number} was due on {due}.", "{number} 應於 {due} 到期。")

    @pytest.mark.parametrize(("place", "text"), [
        (At(dt.datetime(2025, 6, 13, 16, 5, 59, tzinfo=dt.UTC)), "2025-06-14 00:05"), (At(None), ""),
        (On(dt.date(2025, 6, 3)), "2025-06-03"), (Amount(Decimal("1234567.5"), "CNY"), "1,234,567.50 CNY"),
        (Amount(Decimal("-3")), "-3.00"),
    ], ids=str)  # fmt: skip
    def test_they_say_themselves(self, place, text):
        assert str(place) == text
        assert in_all_locales(self.SENTENCE(number="A", due=place))["en"] == f"A was due on {text}."

    def test_a_moment_is_said_by_the_companys_clock(self):
        moment = At(dt.datetime(2025, 6, 13, 16, 5, tzinfo=dt.timezone(dt.timedelta(hours=-5))))
        assert str(moment) == "2025-06-14 05:05"


@pytest.mark.parametrize(("number", "title", "short", "line"), [
    ("QT-1", "QT-1 泵", "泵", "QT-1 泵"), ("QT-1", "泵 QT-1", "泵 QT-1", "QT-1 泵 QT-1"), ("QT-1", "QT-1", "", "QT-1"),
    (None, "泵", "泵", "泵"), ("QT-1", None, "", "QT-1"), (None, None, "", ""), ("QT-1", 7, "7", "QT-1 7"),
])  # fmt: skip
def test_a_title_is_said_without_its_number(number, title, short, line):
    row = {"number": number, "title": title}
    for named in (row, SimpleNamespace(**row)):
        assert (short_title(named), number_and_title(named)) == (short, line)
