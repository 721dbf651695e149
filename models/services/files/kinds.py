"""As what a file is opened, by its content and the ending of its name; what nothing is known of is only downloaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PDF, IMAGE, DOCUMENT, SLIDES, SHEETS, TEXT = "pdf", "image", "document", "slides", "sheets", "text"
_IMAGES = frozenset(f"image/{item}" for item in ("png", "jpeg", "gif", "webp", "bmp", "tiff"))
_BY_ENDING = {"docx": DOCUMENT, "docm": DOCUMENT, "dotx": DOCUMENT, "xlsx": SHEETS, "xlsm": SHEETS, "xls": SHEETS}
_BY_ENDING |= {"xlsb": SHEETS, "ods": SHEETS, "pptx": SLIDES, "pptm": SLIDES, "ppsx": SLIDES, "potx": SLIDES}
_TEXTS = frozenset("txt csv tsv md log json xml yaml yml ini eml html htm svg js css sql py srt tex".split())


def kind_of(file: Mapping[str, Any]) -> str:
    """As what a file is opened: pdf, image, document, slides, sheets, text, or nothing."""
    content = str(file.get("content_type", ""))
    ending = str(file.get("name", "")).rpartition(".")[2].lower()
    if content == "application/pdf":
        return PDF
    if content in _IMAGES:
        return IMAGE
    if ending in _BY_ENDING:
        return _BY_ENDING[ending]
    if content == "text/plain" or (content == "application/octet-stream" and ending in _TEXTS):
        return TEXT  # of an encoding that the first bytes did not tell
    return ""


def has_text(file: Mapping[str, Any]) -> bool:
    """Whether there may be text in a file."""
    return kind_of(file) not in ("", IMAGE)


def has_pages(file: Mapping[str, Any]) -> bool:
    """Whether pages or a picture of the file can be shown."""
    return kind_of(file) in (PDF, IMAGE)


def video_type(head: bytes) -> str:
    """The content type of a video that browsers play, by its first bytes; empty of whatever else."""
    if head[4:8] == b"ftyp":
        return "video/mp4"
    return "video/webm" if head[:4] == b"\x1aE\xdf\xa3" else ""
