"""Papers of records as PDF: those that a move has ordered, attached once, and those that a reader asks for."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any

import segno

from models.kernel.base.people import Actor
from models.kernel.base.words import LOCALE_NAMES, L, speaking
from models.kernel.gate import papers
from models.kernel.language.paper import Paper
from models.kernel.language.record import Record

from .typesetting import typeset

VERSION = L("Version {version}", "第 {version} 版")
CODE = L("Check code {code}", "校驗碼 {code}")
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')


def paper_of(record_type: type[Record], id: str) -> Paper | None:
    """The paper of a type by its id."""
    return next((paper for paper in record_type.declared.papers if paper.id == id), None)


def pdf_for(record: Record, paper: Paper, reader: Actor, locale: str) -> bytes:
    """A paper as a reader has it made, with their rights; it proves nothing. Raises Refused where there is no font."""
    return pdf_of(paper, papers.content_of(record, paper, reader, locale))


def pdf_of(paper: Paper, content: Mapping[str, Any], address: str = "") -> bytes:
    """The PDF of what a paper says; `address`: to which its QR code leads. Raises Refused where there is no font."""
    locale = content["locale"]
    proof = _proof(content, address) if content["has_proof"] else None
    return typeset(paper.path, {**content, "proof": proof}, locale)


def _proof(content: Mapping[str, Any], address: str) -> dict[str, str]:
    """Number, version and code of what a paper says, and where it is checked, as a QR code."""
    code = papers.code_of(content)
    address = address or f"{content['number']} {code}"
    with speaking(content["locale"]):
        words = " · ".join(
            (content["number"], str(VERSION(version=content["version"])), str(CODE(code=code)), content["printed"])
        )
    drawn = segno.make(address, error="m", micro=False).svg_inline(border=2, scale=4)
    return {"text": words, "code": code, "svg": str(drawn)}


def stream_of(paper: Paper, order: Mapping[str, Any], address: str) -> io.BytesIO:
    """The content of the file that an order becomes; `address`: the full one to which its QR code leads."""
    return io.BytesIO(pdf_of(paper, order["content"], address))


def name_of(paper: Paper, content: Mapping[str, Any]) -> str:
    """What the file of a paper is called, in its language; with the language where there are several."""
    several = len(paper.languages) > 1 and not paper.locale
    ending = f" {LOCALE_NAMES[content['locale']]}" if several else ""
    return _NOT_IN_NAMES.sub("_", f"{content['paper']} {content['number']}{ending}") + ".pdf"
