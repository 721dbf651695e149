"""About how wide a text will be, and where to break it: Latin letters are half as wide as Chinese characters."""

from __future__ import annotations

import unicodedata


def width_of(text: str, font: float) -> float:
    """About how wide a text is: a Chinese character takes its full height, a Latin letter a little over half."""
    return sum(font if unicodedata.east_asian_width(char) in "WF" else font * 0.58 for char in text)


def wrapped(text: str, widest: float, font: float) -> list[str]:
    """The text in as few lines as fit the width, of about the same length; Latin words stay whole."""
    pieces = _pieces(text)
    lines = _filled(pieces, widest, font)
    least = max((width_of(piece, font) for piece in pieces), default=0)
    while len(lines) > 1 and widest > least:
        widest -= font / 2
        tighter = _filled(pieces, widest, font)
        if len(tighter) > len(lines):
            break
        lines = tighter
    return lines


def _pieces(text: str) -> list[str]:
    """Words with the blank after them, and single Chinese characters, closing marks tied to what they close."""
    pieces: list[str] = []
    for char in text:
        is_wide = unicodedata.east_asian_width(char) in "WF"
        starts = (
            not pieces or pieces[-1].endswith(" ") or is_wide or unicodedata.east_asian_width(pieces[-1][-1]) in "WF"
        )
        if starts and not (pieces and unicodedata.category(char) in ("Pe", "Pf", "Po", "Zs")):
            pieces.append(char)
        else:
            pieces[-1] += char
    return pieces


def _filled(pieces: list[str], widest: float, font: float) -> list[str]:
    lines = [""]
    for piece in pieces:
        if lines[-1] and width_of((lines[-1] + piece).rstrip(), font) > widest:
            lines.append("")
        lines[-1] += piece
    return [line.strip() for line in lines]
