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


def boxed(brand: bytes = b"heic") -> bytes:
    """A photograph of boxes with position, device and XMP, as telephones write them (HEIC; AVIF has the same boxes)."""
    content = picture("AVIF", orientation=1, xmp=b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>")
    return content[:8] + brand + content[12:]


@pytest.mark.parametrize("brand", [b"avif", b"heic", b"mif1"])
def test_pictures_of_boxes_say_nothing_and_stay_as_they_are(brand: bytes) -> None:
    before = boxed(brand)
    assert before.count(SECRET) == 2
    after = without_position(before)
    assert SECRET not in after
    assert len(after) == len(before)
    as_drawn = [content[:8] + b"avif" + content[12:] for content in (before, after)]
    assert pixels(as_drawn[0]) == pixels(as_drawn[1])
    assert not Image.open(io.BytesIO(as_drawn[1])).getexif().get_ifd(GPS)
    assert without_position(after) == after


def box(kind: bytes, *inner: bytes) -> bytes:
    body = b"".join(inner)
    return (8 + len(body)).to_bytes(4, "big") + kind + body


def test_films_keep_their_pictures_and_lose_where_they_were_taken() -> None:
    where = box(b"udta", box(b"\xa9xyz", SECRET))
    keys = box(b"meta", box(b"keys", SECRET))
    frames = box(b"mdat", b"frames " * 20)
    film = box(b"ftyp", b"qt  ") + box(b"moov", box(b"mvhd", b"h" * 20), where, box(b"trak", keys)) + frames
    after = without_position(film)
    assert SECRET not in after
    assert len(after) == len(film)
    assert after.endswith(frames)
    assert b"mvhd" in after


@pytest.mark.parametrize("at", range(0, 400, 7))
def test_a_broken_file_of_boxes_stays_as_it_is_or_loses_no_byte(at: int) -> None:
    content = boxed()
    for broken in (content[: 20 + at], content[:at] + b"\xff\xff" + content[at + 2 :]):
        assert len(without_position(broken)) == len(broken)
