"""Documents on paper: a typst format and data give a PDF. The data go in as data, so nothing in them is markup."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import typst

from models.kernel.base import clock
from models.kernel.base.errors import Refused
from models.kernel.base.words import EN, HANS, HANT, L

FAMILIES = {HANS: "Noto Sans CJK SC", HANT: "Noto Sans CJK TC", EN: "Noto Sans CJK TC"}
NO_FONT = L(
    "This server has no Chinese font, so no PDF can be made. Please ask IT to install the package fonts-noto-cjk.",
    "服務器未安裝中文字體，無法生成 PDF。請聯繫信息技術部安裝軟件包 fonts-noto-cjk。",
)
_PLACES = {HANS: ("zh", "CN"), HANT: ("zh", "TW"), EN: ("en", "GB")}
_one_at_a_time = threading.Lock()


def typeset(form: Path, content: Mapping[str, Any], locale: str) -> bytes:
    """The PDF of a typst format with this content, in the fonts of a language. Raises Refused without a font.

    The format reads its content with `json(bytes(sys.inputs.content))`, its font, language and region from
    `sys.inputs.font`, `lang` and `region`.
    """
    family = FAMILIES[locale]
    if not has_font(family):
        raise Refused(NO_FONT)
    lang, region = _PLACES[locale]
    inputs = {"content": json.dumps(content, ensure_ascii=False), "font": family, "lang": lang, "region": region}
    return compiled(form, inputs)


def compiled(form: Path, inputs: Mapping[str, str]) -> bytes:
    """The PDF of a typst format with these inputs; one at a time, since the compiler is not made for threads."""
    moment = clock.now().replace(microsecond=0)
    with _one_at_a_time:
        return cast(bytes, _compiler(form).compile(format="pdf", sys_inputs=dict(inputs), timestamp=moment))


def has_font(family: str) -> bool:
    """Whether a font stands on this server."""
    return family in _fonts().families()


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    return typst.Fonts()


@lru_cache(maxsize=8)
def _compiler(form: Path) -> typst.Compiler:
    """Kept for the life of the process: finding the fonts takes longer than the document."""
    return typst.Compiler(str(form), font_paths=_fonts())
