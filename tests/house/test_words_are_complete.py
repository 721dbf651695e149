"""Nothing is untranslated: templates say everything through `t()`, code through `L()`, each in English and Chinese."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.kernel.language.glossary import COUNTS
from models.services.files import scanning
from models.services.files import text as file_text
from models.services.notify import deliveries

ROOT = Path(__file__).parents[2]
ROOMS = ("models", "views", "tasks", "seed", "admin_app")
TEMPLATES = sorted((ROOT / "views" / "templates").rglob("*.html"))
SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.S)
TAGS = re.compile(r"<(script|style)\b.*?</\1>|<!--.*?-->|<[^>]*>", re.S)
SPOKEN = re.compile(r'\b(?:aria-label|placeholder|title|alt)="([^"]*)"')
WORD = re.compile(r"[A-Za-z]{2,}|[\u3400-\u9fff]")
HAN = re.compile(r"[\u3400-\u9fff]")
NAMES = {"Guicheng", "CSV", "Excel", "XLSX", "PDF", "ID", "Esc", "Enter", "Ctrl", "Shift", "Tab", "cron", "UTC", "規"}
TAIWAN = re.compile(
    "儲存|資訊|伺服器|選單|搜尋|登入|登出|檔名|軟體|網路|程式|匯出|匯入|欄位|字元|螢幕|滑鼠|預設|貼上|列印"
)


def bare_words(template: str) -> list[str]:
    """The words of a template that stand outside every expression."""
    plain = JINJA.sub(" ", template)
    texts = [*TAGS.sub("\n", plain).split("\n"), *SPOKEN.findall(plain)]
    return [word for text in texts for word in WORD.findall(re.sub(r"&\w+;", " ", text)) if word not in NAMES]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_say_everything_through_t(path: Path) -> None:
    assert bare_words(path.read_text(encoding="utf-8")) == []


def test_a_bare_word_would_be_found() -> None:
    assert bare_words('<p>{{ t("Yes", "是") }} Hello</p><i title="保存"></i>') == ["Hello", "保", "存"]
    assert bare_words('<p class="big">{{ t("Yes", "是") }}</p>{# note #}') == []


def said(source: str) -> Iterator[tuple[int, str, str]]:
    """Every pair of English and traditional Chinese written in Python code: line, English, Chinese."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("L", "t") and len(node.args) >= 2:
            texts = [
                part.value for part in node.args[:2] if isinstance(part, ast.Constant) and isinstance(part.value, str)
            ]
            if len(texts) == 2:
                yield node.lineno, texts[0], texts[1]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_code_says_everything_in_both_languages(path: Path) -> None:
    for line, english, chinese in said(path.read_text(encoding="utf-8")):
        where = f"{path.name}:{line}"
        assert bool(english) == bool(chinese), f"{where}: one language is missing"
        assert english == chinese or not HAN.search(english.replace("規", "")), f"{where}: “{english}” is not English"
        places = set(re.findall(r"\{(\w*)\}", english))
        assert places == set(re.findall(r"\{(\w*)\}", chinese)), f"{where}: the places of the two languages differ"
        if len(re.findall(r"[a-z]{2,}", re.sub(r"\{\w*\}", "", english))) > 1:
            assert HAN.search(chinese), f"{where}: “{chinese}” is not Chinese"
        assert not TAIWAN.search(chinese), f"{where}: “{chinese}” would read oddly in simplified Chinese"


def test_templates_use_the_mainlands_words() -> None:
    hits = {path.name: TAIWAN.findall(path.read_text(encoding="utf-8")) for path in TEMPLATES}
    assert {name: words for name, words in hits.items() if words} == {}


def counted(tree: ast.AST) -> Iterator[str]:
    """The names under which jobs count what they did: `run.count(sent=1)`, and the words in `run.count(**{…: 1})`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "count":
            for keyword in node.keywords:
                if keyword.arg:
                    yield keyword.arg
                elif isinstance(keyword.value, ast.Dict):
                    for key in keyword.value.keys:
                        keys = [key.body, key.orelse] if isinstance(key, ast.IfExp) else [key]
                        yield from (part.value for part in keys if isinstance(part, ast.Constant))


def test_what_jobs_count_has_words() -> None:
    names = {name for path in (ROOT / "tasks").rglob("*.py") for name in counted(ast.parse(path.read_text("utf-8")))}
    outcomes = {deliveries.SENT, deliveries.FAILED, deliveries.NOT_SURE, "server", "waiting"}
    readings = {
        file_text.WAITING,
        file_text.READ,
        file_text.CUT,
        file_text.EMPTY,
        file_text.UNREADABLE,
        file_text.NO_TEXT,
    }
    scans = {scanning.WAITING, scanning.CLEAN, scanning.INFECTED, scanning.TOO_LARGE}
    kept = {"held", "linked", "changed", "destroyed", "back", "not_due"}
    assert names >= {"sent", "made", "left_out"}
    assert (names | outcomes | readings | scans | kept) - set(COUNTS) == set()
