"""The README's pictures: `make pictures` takes them of the demo company into docs/pictures/ and notes what they show.

A picture is out of date when the words of its templates, the labels of its record type or the colours have changed;
that is compared by a checksum (`checksum_of`), since another machine draws other pixels. The frame around them is not
compared.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from mongoengine.connection import get_db
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from models import catalogue
from tests.browser.gallery import FLAGS, _window, demo_company

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "pictures"
NOTES = FOLDER / "made_from.json"
BYTES_MAX = 60_000
SIZE = {"width": 1280, "height": 800}
SHOWN_WIDTH = 960
_WORDS = re.compile(r'\bt\(\s*(["\'])(.*?)\1', re.S)
_COLOURS = re.compile(r"--[\w-]+:\s*(?:#|light-dark|oklch|rgb|hsl)[^;]*;")


@dataclass(frozen=True)
class Picture:
    """What a picture shows to whom, and what it is made from. `first`: the first record of the list, not the list."""

    name: str
    login: str
    path: str
    templates: tuple[str, ...]
    type: str = ""
    first: bool = False


QUOTATIONS = "/admin/quotation/"
PICTURES = (
    Picture("home", "head_sal", "/admin/", ("home.html", "components/cases.html")),
    Picture("quotations", "clerk_sal", QUOTATIONS, ("record/list.html",), "quotation"),
    Picture("quotation", "clerk_sal", f"{QUOTATIONS}?f.state=sent", ("record/details.html",), "quotation", True),
    Picture("desk", "records", "/admin/desk/", ("custom/desk.html",)),
)


def checksum_of(picture: Picture) -> str:
    """The checksum of the words, labels and colours that a picture shows."""
    templates = [(ROOT / "views" / "templates" / name).read_text("utf-8") for name in picture.templates]
    words = [text for template in templates for _, text in _WORDS.findall(template)]
    colours = _COLOURS.findall((ROOT / "views" / "static" / "app.css").read_text("utf-8"))
    facts = [picture.login, picture.path, words, colours, _labels(picture.type)]
    return hashlib.sha256(json.dumps(facts, ensure_ascii=False).encode()).hexdigest()


def _labels(name: str) -> list[str]:
    if not name:
        return []
    declared = catalogue[name].declared
    shown = [str(getattr(catalogue[name]._fields[column], "label", column)) for column in declared.grid.columns]
    return [str(declared.plural.en), *shown, *(declared.workflow.states if declared.workflow else ())]


def taken(page: Page, picture: Picture) -> bytes:
    """A picture as WebP."""
    page.set_viewport_size(SIZE)
    page.goto(picture.path)
    if picture.first:
        page.locator("main table tbody a").first.click()
        page.wait_for_url("**/details/**")
    image = Image.open(io.BytesIO(page.screenshot(type="png")))
    small = image.resize((SHOWN_WIDTH, image.height * SHOWN_WIDTH // image.width), Image.Resampling.LANCZOS)
    content = io.BytesIO()
    small.save(content, "WEBP", quality=72, method=6)
    return content.getvalue()


def main() -> None:
    """Take all pictures and write down what they were made from."""
    FOLDER.mkdir(exist_ok=True)
    with demo_company() as (_app, address), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        get_db()["user"].update_many({}, {"$set": {"locale": "zh-Hant"}})
        for picture in PICTURES:
            page = _window(browser, address, picture.login, "zh-Hant")
            content = taken(page, picture)
            (FOLDER / f"{picture.name}.webp").write_bytes(content)
            print(f"{picture.name}: {len(content):,} bytes")
            page.context.close()
        browser.close()
    notes = {picture.name: checksum_of(picture) for picture in PICTURES}
    NOTES.write_text(json.dumps(notes, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
