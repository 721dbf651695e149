"""What README.md and docs/ name exists: links, files, commands, targets of make, settings."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from admin_app.cli import parser
from admin_app.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
README_WORDS_MAX = 900
SETTINGS = {PREFIX + name.upper() for name in Settings.model_fields}
FILES = set(subprocess.check_output(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, text=True).split("\n"))
NAMES = {Path(name).name for name in FILES}
FOLDERS = {folder.as_posix() for name in FILES for folder in Path(name).parents}
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```", re.S)
NAMED = re.compile(r"`([\w./-]+)`")
SUFFIXES = (".py", ".js", ".css", ".html", ".md", ".toml", ".txt", ".yaml", ".typ", ".env")
# Made when it runs, or an example of something that is to be made.
NOT_HERE = ("var/", "artefacts/", "models/visit.py", "FOLDER/", "/")

named = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


def text_of(page: Path) -> str:
    return CODE.sub("", page.read_text("utf-8"))


def missing_links(page: Path, text: str) -> list[str]:
    """The relative links of a page that lead nowhere."""
    targets = (target.partition("#")[0] for target in LINK.findall(text) if "://" not in target)
    return [target for target in targets if target and not (page.parent / target).exists()]


def missing_files(text: str) -> list[str]:
    """The names of files and folders of ours that do not exist: paths from the root, or single names of modules."""
    return [name for name in NAMED.findall(text) if _is_file_name(name) and not _exists(name)]


def _is_file_name(name: str) -> bool:
    return (name.endswith(SUFFIXES) or name.endswith("/")) and not name.startswith(NOT_HERE) and name not in ("/",)


def _exists(name: str) -> bool:
    if name.endswith("/"):
        return any(f"/{folder}/".endswith(f"/{name}") for folder in FOLDERS)
    return any(f"/{file}".endswith(f"/{name}") for file in FILES) if "/" in name else name in NAMES


def commands_in(text: str) -> list[str]:
    lines = re.findall(r"^ {4}guicheng (.+?)(?:  +.*)?$", text, re.M)
    return [*lines, *re.findall(r"`guicheng ([^`…]+)`", text)]


def is_understood(command: str) -> bool:
    """Whether the command line knows the first words of a command and its options."""
    words = [word for word in shlex.split(command.replace("…", "x")) if word not in ("FOLDER/", "…")]
    offered = next(action.choices for action in parser()._actions if action.choices)
    if not words or words[0] not in offered:
        return False
    options = offered[words[0]].format_help()
    nested = next((action.choices for action in offered[words[0]]._actions if isinstance(action.choices, dict)), {})
    options += "".join(each.format_help() for each in nested.values())
    return all(word in options for word in words[1:] if word.startswith("--"))


@named
def test_every_link_leads_somewhere(page: Path) -> None:
    assert missing_links(page, text_of(page)) == []


@named
def test_every_file_named_is_there(page: Path) -> None:
    assert missing_files(text_of(page)) == []


@named
def test_every_command_and_setting_is_known(page: Path) -> None:
    text = text_of(page)
    assert [command for command in commands_in(text) if not is_understood(command)] == []
    assert set(re.findall(r"GUICHENG_[A-Z_]+[A-Z]", text)) <= SETTINGS
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    assert set(re.findall(r"`make ([\w-]+)|^ {4}make ([\w-]+)", text, re.M)) <= {
        pair for name in targets for pair in ((name, ""), ("", name))
    }


def test_the_readme_is_read_in_three_minutes() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").split()) <= README_WORDS_MAX


def test_the_readme_leads_to_every_page() -> None:
    links = {target.split("#")[0] for target in LINK.findall((ROOT / "README.md").read_text("utf-8"))}
    pages = {page.relative_to(ROOT).as_posix() for page in PAGES if page.parent.name == "docs"}
    assert pages <= links
    assert "docs/decisions/" in links


def test_what_is_not_there_would_be_found() -> None:
    page = ROOT / "docs" / "x.md"
    assert missing_links(page, "[a](gone.md) [b](../README.md) [c](https://example.com) [d](#here)") == ["gone.md"]
    assert missing_files("`models/gone.py` `gone.py` `models/market.py` `models/sales/` `gone/` `word`") == [
        "models/gone.py", "gone.py", "gone/",
    ]  # fmt: skip
    assert all(is_understood(line) for line in ("run", "user add it", "audit verify --seal F"))
    assert not any(is_understood(line) for line in ("fly", "restore x --gone"))
