"""Captions of videos (5.2): WebVTT, or SubRip turned into it; read cue by cue, and only cues are sent on.

A file belongs to the video whose name it bears: `intro.mp4` has `intro.vtt`, and in several languages `intro.en.vtt`,
`intro.zh-Hant.srt`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from ..kernel.base.errors import Refused
from ..kernel.base.words import EN, HANS, HANT, LOCALE_NAMES, L
from ..services.files.checking import checks_files

CAPTIONS = "captions"
SIZE_MAX, CUES_MAX, LINE_MAX = 2 * 1024 * 1024, 20_000, 500
ENDINGS = ("vtt", "srt")
NO_CAPTIONS = L(
    "Captions are a file in WebVTT (.vtt) or SubRip (.srt); this one has no caption.",
    "字幕須為 WebVTT（.vtt）或 SubRip（.srt）文件；此文件沒有字幕。",
)
LINE_WRONG = L(
    "Line {line} of the captions is not as “00:01.000 --> 00:04.000” is, with an end after its begin.",
    "字幕第 {line} 行的時間應如「00:01.000 --> 00:04.000」，且結束晚於開始。",
)
TOO_LONG = L("The captions are too long.", "字幕過長。")
_TIMING = re.compile(
    r"^\s*(?:(\d{1,3}):)?([0-5]?\d):([0-5]\d)[.,](\d{1,3})\s*-->\s*(?:(\d{1,3}):)?([0-5]?\d):([0-5]\d)[.,](\d{1,3})(?:\s.*)?$"
)
_MARKUP = re.compile(r"</?[A-Za-z0-9][^<>]*>|\{\\[^}]*\}")
_LEFT_OUT = ("NOTE", "STYLE", "REGION", "WEBVTT")
_LANGUAGES = {"zh-hant": HANT, "zh-tw": HANT, "zh-hk": HANT, "zh-hans": HANS, "zh-cn": HANS, "zh": HANS, "en": EN}


@dataclass(frozen=True)
class Cue:
    """A caption: from and until which millisecond it stands there, and its plain text."""

    begin: int
    end: int
    text: str


@dataclass(frozen=True)
class Track:
    """A file of captions of a video: its language as browsers name it, and how readers do."""

    file: Mapping[str, Any]
    language: str
    label: str
    is_default: bool = False


@checks_files("course", CAPTIONS)
def looked_through(content: IO[bytes], name: str) -> dict[str, Any]:
    """Raises Refused for what holds no captions, or a wrong line."""
    cues_of(content.read(SIZE_MAX + 1))
    return {}


def cues_of(raw: bytes) -> list[Cue]:
    """The cues of a file of captions. Raises Refused, with the line that is wrong."""
    if len(raw) > SIZE_MAX:
        raise Refused(None, {"file": [TOO_LONG]})
    cues = list(_cues(_decoded(raw).replace("\r\n", "\n").replace("\r", "\n").split("\n")))
    if not cues:
        raise Refused(None, {"file": [NO_CAPTIONS]})
    if len(cues) > CUES_MAX:
        raise Refused(None, {"file": [TOO_LONG]})
    return cues


def _decoded(raw: bytes) -> str:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", "replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("gb18030", "replace")


def _cues(lines: Sequence[str]) -> Iterator[Cue]:
    for first, block in _blocks(lines):
        if block[0].lstrip("\ufeff").startswith(_LEFT_OUT):
            continue
        at = next((place for place, line in enumerate(block[:2]) if "-->" in line), None)
        if at is None:
            raise Refused(None, {"file": [LINE_WRONG(line=first)]})
        match = _TIMING.match(block[at])
        begin, end = (_milliseconds(match.groups()[part : part + 4]) for part in (0, 4)) if match else (0, 0)
        if end <= begin:
            raise Refused(None, {"file": [LINE_WRONG(line=first + at)]})
        text = "\n".join(_plain(line) for line in block[at + 1 :])
        if text.strip():
            yield Cue(begin, end, text)


def _blocks(lines: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """What stands between empty lines, with the number of its first line."""
    block: list[str] = []
    for number, line in enumerate([*lines, ""], 1):
        if line.strip():
            block.append(line)
        elif block:
            yield number - len(block), block
            block = []


def _milliseconds(parts: Sequence[str]) -> int:
    hours, minutes, seconds, rest = parts
    return ((int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(rest.ljust(3, "0"))


def _plain(line: str) -> str:
    return html.unescape(_MARKUP.sub("", line))[:LINE_MAX]


def web_vtt(cues: Sequence[Cue]) -> str:
    """Cues in WebVTT: times and plain text alone, no style and no settings."""
    lines = ["WEBVTT", ""]
    for cue in cues:
        text = html.escape(cue.text, quote=False).replace("-->", "--&gt;")
        lines += [f"{_clock(cue.begin)} --> {_clock(cue.end)}", text, ""]
    return "\n".join(lines)


def _clock(moment: int) -> str:
    seconds, rest = divmod(moment, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{rest:03d}"


def tracks_for(video: Mapping[str, Any], every: Sequence[Mapping[str, Any]], locale: str) -> list[Track]:
    """The captions of a video among the files of its course; the one in the reader's language, or else in the other
    Chinese, is shown at first."""
    stem = video["name"].rpartition(".")[0].casefold()
    tracks: dict[str, Track] = {}
    for file in every:
        name, _, ending = file["name"].rpartition(".")
        if file.get("kind") != CAPTIONS or ending.lower() not in ENDINGS:
            continue
        base, _, tag = name.rpartition(".")
        if name.casefold() == stem:
            tag, base = "", name
        if base.casefold() == stem and re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*|", tag):
            language = _LANGUAGES.get(tag.lower(), tag) or HANT
            tracks[language] = Track(file, language, LOCALE_NAMES.get(language, tag))
    others = {HANT: HANS, HANS: HANT}
    chosen = locale if locale in tracks else others.get(locale, "")
    return [Track(item.file, item.language, item.label, item.language == chosen) for item in tracks.values()]
