"""Questions go out as GIFT and Moodle XML and come in again as they were; what is not taken over is said with its line
(5.2)."""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models import catalogue
from models.kernel.base.words import EN
from models.services.files import confined
from models.services.files.child import gift, moodle, question_rows
from models.services.imports.cells import WHY_NOT_TAKEN
from models.services.imports.imports import kind_of
from models.training.bank import DIFFICULTIES, BankQuestion
from models.training.interchange import in_gift, in_moodle
from models.training.marking import BANK_KINDS
from tests.fixtures.doing import work_off
from tests.fixtures.http import said
from tests.training.conftest import QUESTIONS, Taking

LABELS = {kind: label.in_locale(EN) for kind, label in BANK_KINDS.items()}
ORDER = {"verb": "table", "bytes": 10**7, "rows": 5000, "columns": 60, "cell": 20_000}
MEANT = ("number", "kind", "category", "difficulty", "text", "options", "is_true", "answer", "tolerance", "explanation")


def read(content: str, kind: str) -> list[tuple[int, dict[str, str]]]:
    """The rows that a text is read as, with their lines."""
    file = io.BytesIO(content.encode())
    table = moodle.rows(file) if kind == "moodle" else gift.rows(file, "utf-8")
    (_, heads), *rows = table
    return [(number, dict(zip(heads, cells, strict=True))) for number, cells in rows]


def as_cells(row: dict[str, Any]) -> dict[str, str]:
    """A stored question as the cells that say the same."""
    tolerance = row.get("tolerance")
    said_true = ("yes" if row["is_true"] else "no") if row["kind"] == "true_false" else ""
    cells = {name: str(row.get(name) or "") for name in MEANT}
    cells |= {"kind": LABELS[row["kind"]], "difficulty": DIFFICULTIES[row["difficulty"]].in_locale(EN)}
    return cells | {"is_true": said_true, "tolerance": f"{tolerance.normalize():f}" if tolerance else ""}


SIGNS = "~=#{}:\\%*/<>&[]-$ 題目，。：＝～“”？！（）ａＺ１\"'|@"
WORDS = st.text(st.sampled_from(SIGNS), min_size=1, max_size=12).map(lambda text: " ".join(text.split()))
TEXTS = WORDS.filter(bool)
OPTIONS = st.lists(TEXTS.filter(lambda text: text[0] not in "*＊"), min_size=2, max_size=5, unique=True)
LONG = st.lists(TEXTS, min_size=1, max_size=3).map("\n".join)
LEFTS = st.lists(
    TEXTS.filter(lambda text: not set(text) & set("=＝") and text[0] not in "*＊" and "->" not in text),
    min_size=2,
    max_size=3,
    unique=True,
)


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(sorted(BANK_KINDS)))
    row: dict[str, Any] = {"number": "QB-00012", "kind": kind, "text": draw(LONG), "category": draw(TEXTS)}
    row |= {"difficulty": draw(st.sampled_from(sorted(DIFFICULTIES))), "explanation": draw(st.just("") | LONG)}
    row |= {"is_true": False}
    if kind in ("single", "multiple"):
        options = draw(OPTIONS)
        right = {draw(st.integers(0, len(options) - 1)) for _ in range(1 if kind == "single" else 3)}
        row["options"] = "\n".join(f"* {text}" if n in right else text for n, text in enumerate(options))
    elif kind == "ordering":
        row["options"] = "\n".join(draw(OPTIONS))
    elif kind == "matching":
        lefts = draw(LEFTS)
        row["options"] = "\n".join(f"{left} = {draw(TEXTS)}" for left in lefts)
    elif kind == "true_false":
        row["is_true"] = draw(st.booleans())
    elif kind == "number":
        row["answer"] = str(draw(st.decimals(-1000, 1000, places=3)))
        row["tolerance"] = draw(st.none() | st.decimals("0.001", 2, places=3))
    else:
        row["answer"] = draw(st.just("") | LONG)
    return row


def is_innermost(category: str) -> bool:
    """Whether a category can be told from the frame that Moodle puts around it, and from a path."""
    return category not in ("top", "$course$", "$system$", "$module$", "$cat$") and "/" not in category


@settings(max_examples=150, deadline=None)
@given(questions())
@example(
    {
        "number": "QB-1",
        "kind": "single",
        "category": "a/b",
        "difficulty": "hard",
        "text": "[html]<b>\n//\n\\n",
        "options": "* %50% 折扣\n{=~}\n：＝",
    }
)
def test_what_goes_out_comes_in_as_it_was(row: dict[str, Any]) -> None:
    row = {"explanation": "", "is_true": False, **row}
    if row["category"] != "a/b" and not is_innermost(row["category"]):
        row["category"] = "流程"
    expected = as_cells(row)
    ((_, back),) = read("".join(in_moodle([row])), "moodle")
    assert back == expected
    text = "".join(in_gift([row]))
    assert kind_of(text.encode()) == "gift"
    if row["kind"] == "ordering":
        assert read(text, "gift") == []
        assert "not in GIFT" in text
    else:
        ((_, back),) = read(text, "gift")
        assert back == expected


OTHERS = """\ufeff$CATEGORY: $course$/top/流程

// written by hand
1. 誰審批報價？ {
  ~本人
  =部門負責人 # 正確
  ~%0%客戶
}

::Q2:: 合同原件交檔案室。{TRUE#對#錯####見制度}

::Q3:: 圓周率？ {#3.14:0.01}
::Q4:: 在 1 與 3 之間 {#1..3}

[html]<p>以下<b>正確</b>的&nbsp;有</p>{
 ~%50%甲 ~%50%乙
 ~%-100%丙
}

中國首都是{=北京 =Beijing}。

說明 {}

甲與乙 {=左\\=邊 -> 右 =丙 -> 丁}

這不是題目

未完 {=甲 ~乙

多權重 {~%70%甲 ~%30%乙}

有星號 {=甲 ~*乙}
"""


def test_gift_of_others_is_read_with_the_line_of_what_is_not_taken_over() -> None:
    rows = read(OTHERS, "gift")
    kinds = [(number, row["kind"]) for number, row in rows]
    assert kinds[:2] == [(4, LABELS["single"]), (10, LABELS["true_false"])]
    assert (rows[0][1]["options"], rows[0][1]["category"]) == ("本人\n* 部門負責人\n客戶", "流程")
    assert (rows[1][1]["is_true"], rows[1][1]["explanation"]) == ("yes", "見制度")
    by_line = dict(rows)
    assert by_line[12]["kind"] == "\x02kind"  # two questions without an empty line between them
    assert (by_line[15]["text"], by_line[15]["options"]) == ("以下正確的 有", "* 甲\n* 乙\n丙")
    assert (by_line[20]["text"], by_line[20]["answer"]) == ("中國首都是 _____ 。", "北京\nBeijing")
    assert by_line[22]["kind"] == LABELS["short"]
    assert by_line[24]["kind"] == "\x02signs"
    assert [by_line[n]["kind"] for n in (26, 28, 30, 32)] == [
        "\x02no_answer",
        "\x02unclosed",
        "\x02weights",
        "\x02signs",
    ]
    assert {row["kind"][1:] for _, row in rows if row["kind"][0] == "\x02"} <= {*WHY_NOT_TAKEN}


QUIZ = """<?xml version="1.0"?><quiz>
<question type="category"><category><text>top/流程</text></category></question>
<question type="multichoice"><name><text>a</text></name>
<questiontext format="html"><text><![CDATA[<p>第一行</p><p>第二&amp;行<script>a()</script></p>]]></text></questiontext>
<single>true</single><answer fraction="100" format="html"><text>&lt;b&gt;甲&lt;/b&gt;</text></answer>
<answer fraction="0"><text>乙</text></answer></question>
<question type="cloze"><questiontext><text>{1:NM:=1}</text></questiontext></question>
<question type="matching"><questiontext><text>配對</text></questiontext>
<subquestion><text/><answer><text>多</text></answer></subquestion></question>
<question type="multichoice"><questiontext><text>半對</text></questiontext><single>true</single>
<answer fraction="100"><text>甲</text></answer><answer fraction="50"><text>乙</text></answer></question>
<question type="numerical"><questiontext><text>數</text></questiontext>
<answer fraction="100"><text>3.5</text><tolerance>x</tolerance></answer></question>
<question type="numerical"><questiontext><text>數</text></questiontext>
<answer fraction="ten"><text>3.5</text></answer></question>
</quiz>"""


def test_moodle_of_others_is_read_with_the_line_of_what_is_not_taken_over() -> None:
    rows = read(QUIZ, "moodle")
    first = rows[0][1]
    assert (rows[0][0], first["kind"], first["text"]) == (3, LABELS["single"], "第一行\n第二&行")
    assert (first["options"], first["category"]) == ("* 甲\n乙", "流程")
    assert [(number, row["kind"]) for number, row in rows[1:]] == [
        (7, "\x02kind"),
        (8, "\x02decoy"),
        (10, "\x02weights"),
        (12, "\x02number"),
        (14, "\x02weights"),
    ]


BOMB = '<!DOCTYPE quiz [<!ENTITY a "xxxxxxxxxx"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
HOSTILE = {
    "a bomb": f'{BOMB}<quiz><question type="essay"><name><text>&b;</text></name></question></quiz>',
    "an entity of a file": '<!DOCTYPE quiz [<!ENTITY f SYSTEM "file:///etc/passwd">]><quiz>&f;</quiz>',
    "cut off": QUIZ[:300],
    "another root": QUIZ.replace("quiz>", "quizzes>"),
    "deep": "<quiz>" + "<a>" * 5000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_xml_is_refused(text: str) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(text.encode())
        with pytest.raises(confined.Unreadable):
            list(confined.rows("texts", {**ORDER, "kind": "moodle"}, file))


def test_the_words_of_the_reader_are_those_of_the_bank() -> None:
    words = (
        getattr(question_rows, name) for name in "SINGLE MULTIPLE TRUE_FALSE NUMERIC ORDERING MATCHING SHORT".split()
    )
    assert {*words} == {*LABELS.values()}
    assert {key: label.in_locale(EN) for key, label in DIFFICULTIES.items()} == question_rows.DIFFICULTIES
    assert kind_of(b"id,text\n1,{=a}") == "text"
    assert (kind_of(b"x {=a}", "a.GIFT"), kind_of(QUIZ.encode())) == ("gift", "moodle")


def sent(browser: Any, content: bytes, name: str) -> Any:
    """The page of the rehearsal of a file."""
    body = {"file": (io.BytesIO(content), name)}
    answer = browser.post("/admin/bank_question/import/", body, content_type="multipart/form-data")
    assert answer.status_code == 302, said(answer)
    work_off("imports.check")
    return browser.page(answer.headers["Location"])


@pytest.mark.parametrize(("form", "write"), [("gift", in_gift), ("xml", in_moodle)])
def test_the_bank_goes_out_and_in_by_its_pages(
    company: Any, browser_as: Any, form: str, write: Callable[[Iterable[Any]], Iterable[str]]
) -> None:
    taking = Taking(company)
    for kind in (*QUESTIONS, "short"):
        taking.question(kind, answer={"number": "3.14159", "short": "要點甲\n要點乙"}.get(kind))
    browser = browser_as("hr")
    assert f"export/{form}/" in browser.get("/admin/bank_question/").get_data(as_text=True)
    assert browser_as("clerk_sal").get(f"/admin/bank_question/export/{form}/").get_data(as_text=True).count("題目") == 0
    assert browser.get(f"/admin/quiz/export/{form}/").status_code == 404
    content = browser.get(f"/admin/bank_question/export/{form}/").data
    count = len(QUESTIONS) + 1 - (form == "gift")  # an order has no place there
    assert f"無變化 {count}" in sent(browser, content, f"bank.{form}").text
    fresh = re.sub(r"QB-\d+", "Q", content.decode())
    page = sent(browser, fresh.encode(), f"fresh.{form}")
    assert f"將新建 {count}" in page.text, said(page)
    assert browser.send(page.form("/import/run/")).status_code == 302
    work_off("imports.run")
    rows = list(BankQuestion.collection().find({}, dict.fromkeys(MEANT, 1)).sort("_id", 1))
    old, new = rows[: len(QUESTIONS) + 1], rows[len(QUESTIONS) + 1 :]
    if form == "gift":
        old = [row for row in old if row["kind"] != "ordering"]
    drop = {"_id", "number"}
    assert [{k: v for k, v in row.items() if k not in drop} for row in sorted(new, key=lambda row: row["text"])] == [
        {k: v for k, v in row.items() if k not in drop} for row in sorted(old, key=lambda row: row["text"])
    ]


def test_wrong_questions_are_said_at_their_lines_and_the_others_are_entered(company: Any, browser_as: Any) -> None:
    browser = browser_as("hr")
    page = sent(browser, OTHERS.encode(), "others.txt")
    assert ("將新建 5" in page.text, "不能導入 6" in page.text) == (True, True), said(page)
    for words in ("未導入：「{」未關閉。", "未導入：「{ }」中沒有答案。", "未導入：選項權重不能表示為正確與錯誤。"):
        assert words in page.text
    assert "\x02" not in page.text
    assert catalogue["bank_question"].objects.count() == 0


def test_numbers_keep_their_value() -> None:
    row = {"number": "QB-1", "kind": "number", "category": "數", "difficulty": "easy", "text": "?", "answer": "-0.50"}
    row |= {"tolerance": Decimal("0.250000")}
    for text, kind in (("".join(in_gift([row])), "gift"), ("".join(in_moodle([row])), "moodle")):
        ((_, cells),) = read(text, kind)
        assert (Decimal(cells["answer"]), Decimal(cells["tolerance"])) == (Decimal("-0.5"), Decimal("0.25"))
