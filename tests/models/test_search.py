"""Finding records by any part of a Chinese text, by initials, and literally whatever is typed."""

from typing import Any

import pytest

from models.kernel.base.search import contains, initials, normal, same, search_fields

NAMES = {
    "bank": ["重慶銀行股份有限公司"],
    "tech": ["深圳市华强科技（集团）", "CU-2025-00017"],
    "dots": ["A.B*C (50%) [x]\\d+$"],
    "wide": ["ＡＢＣ　１２３"],
    "long": ["長" * 100 + "尾"],
    "emoji": ["節日 🎉 活動"],
}


@pytest.fixture
def numbers_of(db: Any) -> Any:
    rows = db["search_sample"]
    rows.delete_many({})
    rows.insert_many([{"_id": name, **search_fields(texts)} for name, texts in NAMES.items()])
    return lambda text: {row["_id"] for row in rows.find(contains(text))}


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("重慶", {"bank"}),
        ("重庆", {"bank"}),
        ("庆银行股", {"bank"}),
        ("華強", {"tech"}),
        ("科技(集团)", {"tech"}),
        ("cqyh", {"bank"}),
        ("CQYH", {"bank"}),
        ("szshqkj", {"tech"}),
        ("yhgf", {"bank"}),
        ("00017", {"tech"}),
        ("cu-2025", {"tech"}),
        ("行", {"bank"}),
        ("A.B*C", {"dots"}),
        ("a.b", {"dots"}),
        ("[x]\\d+$", {"dots"}),
        ("50%", {"dots"}),
        (".*", set()),
        ("a.b.c", set()),
        ("^", set()),
        ("(", {"dots", "tech"}),
        ("$where", set()),
        ("abc 123", {"wide"}),
        ("ＡＢＣ", {"wide"}),
        ("  ABC   123 ", {"wide"}),
        ("🎉", {"emoji"}),
        ("長" * 80, {"long"}),
        ("銀重", set()),
        ("a\x00.b", {"dots"}),
        ("", set(NAMES)),
        ("\ud83d", set(NAMES)),
    ],
)
def test_what_is_typed_is_found_literally(numbers_of: Any, typed: str, names: set[str]) -> None:
    assert numbers_of(typed) == names


def test_grams_alone_are_not_enough(numbers_of: Any) -> None:
    """Both pairs of characters are in the name, their order is another."""
    assert numbers_of("有限股份有限") == set()


@pytest.mark.parametrize(
    ("text", "letters"),
    [("重庆银行", "cqyh"), ("重庆", "cq"), ("ABC", ""), ("", ""), ("ABC公司", "gs"), ("上海-浦东", "shpd")],
)
def test_initials(text: str, letters: str) -> None:
    assert initials(text) == letters


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Ａｂｃ", "abc"),
        ("  a \t b\n", "a b"),
        ("慶", "庆"),
        ("①", "1"),
        ("half \ud83d text", "half text"),
        ("\u3000", ""),
    ],
)
def test_one_form_for_what_is_stored_and_what_is_typed(text: str, form: str) -> None:
    assert normal(text) == form
    assert normal(normal(text)) == form


def test_the_same_text_is_found_whole_only(db: Any) -> None:
    rows = db["search_sample"]
    rows.delete_many({})
    rows.insert_many([{"_id": name, **search_fields([name])} for name in ("重慶銀行", "重慶銀行分行")])
    assert [row["_id"] for row in rows.find(same("重庆银行"))] == ["重慶銀行"]
