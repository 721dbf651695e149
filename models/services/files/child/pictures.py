"""A program that makes pictures of what people upload: pages of a PDF, images, small previews, stamped copies.

Standard input: one line of JSON (`verb`, `file`: the number of the open file with the content, `width`, and what the
verb needs). Standard output: one line of JSON (`pages`, or `why` it cannot be done), then the bytes of the picture.
Pictures are drawn anew, so that nothing of the file but its look gets through.
"""

from __future__ import annotations

import io
import json
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import pypdfium2
from PIL import Image, ImageDraw, ImageFont, ImageOps

from . import pdf_forms
from .question_pictures import form_of
from .question_rows import NotTaken
from .unreadable import Unreadable

PIXELS_MAX = 60_000_000
SHOWN_PIXELS_MAX = 12_000_000
STAMPED_WIDTH = 1100
INK = (176, 42, 31, 70)
HIT = (255, 214, 0, 110)
HITS_MAX = 200
SIGNATURE_WIDTH, SIGNATURE_HEIGHT, SIGNATURE_PIXELS_MAX = 600, 200, 12_000_000
INK_BELOW, INK_LEAST, INK_MOST = 140, 60, 0.5  # of grey; how many pixels; which share of the image
PAGES_MAX = 3_000
Order = dict[str, Any]


def page(content: BinaryIO, order: Order) -> tuple[Order, bytes]:
    """One page of a PDF, as wide as asked, with the text that was searched for marked."""
    pdf = _opened(content)
    number = min(max(1, order["number"]), len(pdf))
    drawn = _drawn(pdf[number - 1], order["width"], order.get("search", ""))
    return {"pages": len(pdf), "number": number}, _webp(_stamped(drawn, order))


def _opened(content: BinaryIO) -> Any:
    try:
        pdf = pdf_forms.opened(content)
    except pypdfium2.PdfiumError as fault:
        raise Unreadable("password" if "assword" in str(fault) else "damaged") from fault
    if not len(pdf):
        raise Unreadable("damaged")
    return pdf


def _drawn(item: Any, width: int, search: str = "") -> Image.Image:
    """A page as a picture: never higher than four times its width, never of more pixels than can be shown."""
    wide, high = (max(1.0, side) for side in item.get_size())
    scale = min(width / wide, 4 * width / high, (SHOWN_PIXELS_MAX / (wide * high)) ** 0.5)
    picture = item.render(scale=scale).to_pil().convert("RGB")
    return _with_hits(picture, item, scale, search) if search else picture


def _with_hits(picture: Image.Image, item: Any, scale: float, search: str) -> Image.Image:
    marks = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    pen = ImageDraw.Draw(marks)
    text = item.get_textpage()
    searcher, high = text.search(search), item.get_size()[1]
    for _ in range(HITS_MAX):
        if (result := searcher.get_next()) is None:
            break
        for at in range(text.count_rects(*result)):
            left, bottom, right, top = text.get_rect(at)
            pen.rectangle([left * scale, (high - top) * scale, right * scale, (high - bottom) * scale], fill=HIT)
    return Image.alpha_composite(picture.convert("RGBA"), marks).convert("RGB")


def image(content: BinaryIO, order: Order) -> tuple[Order, bytes]:
    """A page of an image, drawn anew, at most as wide as asked."""
    picture, pages, number = _read(content, order["width"], order.get("number", 1))
    return {"pages": pages, "number": number}, _webp(_stamped(picture, order))


def _read(content: BinaryIO, width: int, number: int = 1) -> tuple[Image.Image, int, int]:
    """A page of an image as a picture, how many there are, and which it is; what moves is one page."""
    result = Image.open(content, formats=("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"))
    pages = min(getattr(result, "n_frames", 1), PAGES_MAX) if result.format == "TIFF" else 1
    number = min(max(1, number), pages)
    if pages > 1:
        result.seek(number - 1)
    return _drawn_anew(result, width), pages, number


def _drawn_anew(result: Image.Image, width: int) -> Image.Image:
    if result.width * result.height > PIXELS_MAX:
        raise Unreadable("pixels")
    result.draft("RGB", (width * 2, width * 8))
    upright = ImageOps.exif_transpose(result)
    upright.thumbnail((width, width * 4))
    if upright.mode in ("RGB", "L"):
        return upright.convert("RGB")
    ground = Image.new("RGBA", upright.size, "white")
    return Image.alpha_composite(ground, upright.convert("RGBA")).convert("RGB")


def small(content: BinaryIO, order: Order) -> tuple[Order, bytes]:
    """A small preview, and how many pages there are."""
    if order["kind"] != "pdf":
        picture, pages, _ = _read(content, order["width"])
    else:
        pdf = _opened(content)
        picture, pages = _drawn(pdf[0], order["width"]), len(pdf)
    picture.thumbnail((order["width"], order["width"] * 2))
    return {"pages": pages}, _webp(picture, quality=70)


def stamped(content: BinaryIO, order: Order) -> tuple[Order, bytes]:
    """A copy of a PDF of which each page is a picture with the mark in it, so that the mark cannot be taken off."""
    pdf = _opened(content)
    if len(pdf) > order["pages"]:
        raise Unreadable("pages")
    pages: Iterator[Image.Image] = (_stamped(_drawn(item, STAMPED_WIDTH), order) for item in pdf)
    out = io.BytesIO()
    next(pages).save(out, "PDF", save_all=True, append_images=pages, resolution=110, quality=80)
    return {"pages": len(pdf)}, out.getvalue()


def signature(content: BinaryIO, order: Order) -> tuple[Order, bytes]:
    """The ink of a signature, drawn anew black on white, cut to its size and small; nothing else is kept."""
    grey = _opened_signature(content)
    ink = grey.point(lambda value: 255 if value < INK_BELOW else 0)
    box = ink.getbbox()
    share = ink.histogram()[255] / (ink.width * ink.height)
    if box is None or ink.histogram()[255] < INK_LEAST or share > INK_MOST:
        raise Unreadable("empty")
    cut = ink.crop(box)
    cut.thumbnail((SIGNATURE_WIDTH, SIGNATURE_HEIGHT))
    drawn = Image.new("1", (cut.width + 16, cut.height + 16), 1)
    drawn.paste(0, (8, 8), cut.point(lambda value: 255 if value >= 96 else 0).convert("1"))
    out = io.BytesIO()
    drawn.save(out, "PNG", optimize=True)
    return {"width": drawn.width, "height": drawn.height}, out.getvalue()


def of_question(content: BinaryIO, order: Order) -> tuple[Order, bytes]:
    """Which form a picture of a question has; `fault` where it can be none."""
    try:
        return {"form": form_of(content.read())}, b""
    except NotTaken as why:
        return {"fault": str(why)}, b""


def _opened_signature(content: BinaryIO) -> Image.Image:
    result = Image.open(content, formats=("PNG", "JPEG", "WEBP"))
    if result.width * result.height > SIGNATURE_PIXELS_MAX or getattr(result, "n_frames", 1) > 1:
        raise Unreadable("pixels")
    return _drawn_anew(result, 1200).convert("L")


def _stamped(picture: Image.Image, order: Order) -> Image.Image:
    """The picture with the mark across it, again and again, if there is one."""
    mark = order.get("mark")
    if not mark:
        return picture
    size = max(16, picture.width // 36)
    font = ImageFont.truetype(order["font"], size) if order.get("font") else ImageFont.load_default(size)
    side = int((picture.width**2 + picture.height**2) ** 0.5)
    sheet = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    pen = ImageDraw.Draw(sheet)
    step = int(pen.textlength(mark, font=font)) + size * 4
    for row, y in enumerate(range(0, side, size * 7)):
        for x in range(-step * (row % 2) // 2, side, step):
            pen.text((x, y), mark, font=font, fill=INK)
    left, top = (side - picture.width) // 2, (side - picture.height) // 2
    turned = sheet.rotate(24, Image.Resampling.BICUBIC).crop((left, top, left + picture.width, top + picture.height))
    return Image.alpha_composite(picture.convert("RGBA"), turned).convert("RGB")


def _webp(picture: Image.Image, quality: int = 82) -> bytes:
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=quality, method=2)
    return out.getvalue()


VERBS: dict[str, Callable[[BinaryIO, Order], tuple[Order, bytes]]] = {
    "page": page,
    "image": image,
    "small": small,
    "stamped": stamped,
    "signature": signature,
    "of_question": of_question,
}


def main() -> None:
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = PIXELS_MAX
    order = json.loads(sys.stdin.buffer.readline())
    picture = b""
    with os.fdopen(order["file"], "rb") as content:
        try:
            facts, picture = VERBS[order["verb"]](content, order)
        except Unreadable as fault:
            facts = {"why": str(fault)}
        except MemoryError:
            facts = {"why": "memory"}
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            facts = {"why": "pixels"}
        except Exception as fault:  # noqa: BLE001 - an edge: whatever a library says of a hostile file is one answer
            facts = {"why": "damaged", "fault": type(fault).__name__}
    sys.stdout.buffer.write(json.dumps(facts).encode() + b"\n" + picture)
    sys.stdout.buffer.flush()
    os._exit(0)  # what the libraries would tidy up goes with the process
