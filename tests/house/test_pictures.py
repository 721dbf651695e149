"""The README's pictures are there, small, and of the screens as they are now."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from tests.browser import pictures
from tests.browser.pictures import BYTES_MAX, FOLDER, NOTES, PICTURES, ROOT, checksum_of

each = pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)


@each
def test_a_picture_shows_the_screen_as_it_is(picture):
    noted = json.loads(NOTES.read_text("utf-8"))[picture.name]
    assert noted == checksum_of(picture), f"The screen of {picture.name} has changed since: make pictures"


@each
def test_a_picture_is_small_and_in_the_readme(picture):
    path = FOLDER / f"{picture.name}.webp"
    assert path.stat().st_size < BYTES_MAX
    with Image.open(path) as image:
        assert image.width == pictures.SHOWN_WIDTH
    assert f"](docs/pictures/{picture.name}.webp)" in (ROOT / "README.md").read_text("utf-8")


def test_no_other_pictures_lie_about():
    assert {path.stem for path in FOLDER.glob("*.webp")} == {picture.name for picture in PICTURES}


def test_a_word_of_a_template_counts(tmp_path, monkeypatch):
    before = checksum_of(PICTURES[0])
    copied = tmp_path / "views"
    for name in PICTURES[0].templates:
        target = copied / "templates" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text((ROOT / "views" / "templates" / name).read_text("utf-8"), encoding="utf-8")
    (copied / "static").mkdir()
    (copied / "static" / "app.css").write_text((ROOT / "views/static/app.css").read_text("utf-8"), encoding="utf-8")
    monkeypatch.setattr(pictures, "ROOT", tmp_path)
    assert checksum_of(PICTURES[0]) == before
    home = copied / "templates" / "home.html"
    home.write_text(home.read_text("utf-8").replace('t("Home"', 't("Start"'), encoding="utf-8")
    assert checksum_of(PICTURES[0]) != before
