"""Small films that need no camera: WebM of drawn pictures, one after the other, the same each time."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable

from PIL import Image, ImageDraw

WIDTH, HEIGHT = 320, 180
PAPER, INK, SEAL = (246, 244, 238), (40, 40, 44), (176, 32, 32)
Drawing = Callable[[ImageDraw.ImageDraw, float], None]


def film(seconds: int, draw: Drawing) -> bytes:
    """A film of one picture a second; `draw` is given how much of it is over, from 0 to 1."""
    info = _element("1549A966", _number("2AD7B1", 1_000_000) + _element("4489", struct.pack(">d", seconds * 1000.0)))
    size = _element("E0", _number("B0", WIDTH) + _number("BA", HEIGHT))
    track = _number("D7", 1) + _number("73C5", 1) + _number("83", 1) + _element("86", b"V_VP8") + size
    before = info + _element("1654AE6B", _element("AE", track))
    clusters, cues = b"", b""
    for second in range(seconds):
        at = _element("B7", _number("F7", 1) + _number("F1", len(before) + len(clusters)))
        cues += _element("BB", _number("B3", 1000 * second) + at)
        block = _element("A3", b"\x81\x00\x00\x80" + _picture(draw, second / max(1, seconds - 1)))
        clusters += _element("1F43B675", _number("E7", 1000 * second) + block)
    return _head() + _element("18538067", before + clusters + _element("1C53BB6B", cues))


def lockout(draw: ImageDraw.ImageDraw, share: float) -> None:
    """A switch is turned off and a lock is put on, while a line at the foot says how far it is."""
    draw.rectangle((100, 40, 220, 130), outline=INK, width=4)
    if share < 0.5:
        draw.line((160, 110, 200, 62), fill=INK, width=8)
    else:
        draw.line((160, 110, 110, 62), fill=INK, width=8)
        draw.arc((142, 66, 178, 106), 180, 360, fill=SEAL, width=6)
        draw.rectangle((136, 86, 184, 124), fill=SEAL)
    draw.ellipse((152, 102, 168, 118), fill=INK)
    draw.rectangle((20, 160, 20 + round(280 * share), 166), fill=SEAL)


def _picture(draw: Drawing, share: float) -> bytes:
    """A key frame of VP8, as a lossy WebP has it behind its heads."""
    image, out = Image.new("RGB", (WIDTH, HEIGHT), PAPER), io.BytesIO()
    draw(ImageDraw.Draw(image), share)
    image.save(out, "WEBP", quality=50, method=0)
    content = out.getvalue()
    at = content.index(b"VP8 ")
    return content[at + 8 : at + 8 + int.from_bytes(content[at + 4 : at + 8], "little")]


def _head() -> bytes:
    versions = (_number(id, value) for id, value in (("4286", 1), ("42F7", 1), ("42F2", 4), ("42F3", 8)))
    return _element(
        "1A45DFA3", b"".join(versions) + _element("4282", b"webm") + _number("4287", 2) + _number("4285", 2)
    )


def _element(id: str, content: bytes) -> bytes:
    return bytes.fromhex(id) + (len(content) | 1 << 56).to_bytes(8, "big") + content


def _number(id: str, value: int) -> bytes:
    return _element(id, value.to_bytes(8, "big"))
