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
from models.kernel.base.words import HANS, HANT, L

FAMILIES = {HANS: "Noto Sans CJK SC", HANT: "Noto Sans CJK TC"}
NO_FONT = L(
    "This server has no Chinese font, so no PDF can be made. Please ask IT to install the package fonts-noto-cjk.",
    "服務器未安裝中文字體，無法生成 PDF。請聯繫信息技術部安裝軟件包 fonts-noto-cjk。",
)
_FORMATS = Path(__file__).parent / "templates" / "custom"
_one_at_a_time = threading.Lock()


def typeset(name: str, told: Mapping[str, Any], locale: str) -> bytes:
    """The document in one of the formats of `templates/custom` with these contents. Raises Refused."""
    family = FAMILIES.get(locale, FAMILIES[HANT])
    if not has_font(family):
        raise Refused(NO_FONT)
    inputs = {
        "told": json.dumps(told, ensure_ascii=False),
        "font": family,
        "lang": "zh" if locale in FAMILIES else "en",
    }
    moment = clock.now().replace(microsecond=0)
    with _one_at_a_time:
        return cast(bytes, _compiler(name).compile(format="pdf", sys_inputs=inputs, timestamp=moment))


def has_font(family: str) -> bool:
    """Whether a font stands on this server."""
    return family in _fonts().families()


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    return typst.Fonts()


@lru_cache(maxsize=8)
def _compiler(name: str) -> typst.Compiler:
    """Kept for the life of the process: finding the fonts takes longer than the document."""
    return typst.Compiler(str(_FORMATS / name), font_paths=_fonts())
