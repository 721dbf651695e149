"""Photographs that people outside send carry no position, no device and no preview; the picture stays as it was."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from models.services.files.positions import without_position

GPS, MAKE, TURNED = 0x8825, 0x010F, 0x0112
SECRET = b"SECRET-DEVICE"


def picture(form: str, orientation: int = 6, **options: object) -> bytes:
    image = Image.effect_noise((64, 48), 60).convert("RGB")
    exif = image.getexif()
    exif[MAKE], exif[TURNED] = SECRET.decode(), orientation
    exif.get_ifd(GPS)[1], exif.get_ifd(GPS)[2] = "N", (31.0, 14.0, 12.0)
    content = io.BytesIO()
    image.save(content, form, exif=exif, **options)
    return content.getvalue()


def pixels(content: bytes) -> bytes:
    return Image.open(io.BytesIO(content)).convert("RGB").tobytes()


@pytest.mark.parametrize(
    ("form", "options"),
    [("JPEG", {}), ("JPEG", {"progressive": True}), ("JPEG", {"comment": SECRET}), ("PNG", {}), ("WEBP", {})],
)
def test_nothing_is_said_beside_the_picture(form: str, options: dict[str, object]) -> None:
    before = picture(form, **options)
    assert SECRET in before
    after = without_position(before)
    assert SECRET not in after
    exif = Image.open(io.BytesIO(after)).getexif()
    assert not exif.get_ifd(GPS)
    assert MAKE not in exif
    assert pixels(after) == pixels(before)
    if form == "JPEG":
        assert exif[TURNED] == 6  # which way is up
    assert without_position(after) == after


def test_texts_and_times_of_a_png_go_too() -> None:
    texts, content = PngInfo(), io.BytesIO()
    texts.add_text("Location", SECRET.decode())
    texts.add_itxt("Comment", SECRET.decode())
    Image.new("RGB", (8, 8)).save(content, "PNG", pnginfo=texts)
    assert SECRET not in without_position(content.getvalue())


def test_what_stands_behind_the_end_of_a_picture_is_cut_off() -> None:
    plain = picture("JPEG")
    assert without_position(plain + picture("JPEG") + SECRET) == without_position(plain)


@pytest.mark.parametrize(
    "content", [b"", b"%PDF-1.4", b"\xff\xd8", b"\xff\xd8\xff\xe1\xff", b"\x89PNG\r\n\x1a\n\0", b"RIFFxxxxWEBPx"]
)
def test_what_is_broken_or_no_photograph_stays(content: bytes) -> None:
    assert len(without_position(content)) <= max(len(content), 12)


@pytest.mark.parametrize("cut", range(0, 1800, 61))
def test_a_picture_that_is_cut_off_anywhere_stays_as_it_is(cut: int) -> None:
    content = picture("JPEG")[:cut]
    assert without_position(content) == content
