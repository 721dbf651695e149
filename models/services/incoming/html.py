"""The text of a message that has none but HTML: its words in lines, quoted parts marked, nothing else of it."""

from __future__ import annotations

import re

from lxml import etree, html

BLOCKS = frozenset(
    "address article aside blockquote center dd div dl dt fieldset footer form h1 h2 h3 h4 h5 h6 header hr li main nav "
    "ol p pre section table tr ul".split()
)
APART = frozenset("blockquote h1 h2 h3 h4 h5 h6 hr ol p pre table ul".split())
LEFT_OUT = frozenset("script style head title template noscript object embed svg math".split())
HTML_MAX = 2_000_000
_MARKS = re.compile("[\x00-\x02]")


def text_in(source: str) -> str:
    """The words of an HTML text, in lines. Text that is no HTML comes back as it is."""
    parser = html.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True)
    raw = _MARKS.sub("", source[:HTML_MAX]).encode("utf-8", "replace")
    try:
        root = html.document_fromstring(raw, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return source if "<" not in source else ""
    return "\n".join(_tidied("".join(_words(root))))


def _words(root: etree._Element) -> list[str]:
    """The texts of a tree in order, without recursion: trees from outside may be deep."""
    words: list[str] = []
    left_out = depth = 0
    for event, item in etree.iterwalk(root, events=("start", "end")):
        name = item.tag if isinstance(item.tag, str) else ""
        if event == "start":
            left_out += name in LEFT_OUT
            if not left_out:
                depth += name == "blockquote"
                _begin(words, name)
                _add(words, item.text, depth, is_pre=name == "pre")
            continue
        left_out -= name in LEFT_OUT
        if not left_out:
            depth -= name == "blockquote"
            _end(words, name)
            _add(words, item.tail, depth, is_pre=False)
    return words


def _begin(words: list[str], name: str) -> None:
    """What stands before the words of an element."""
    if name == "br" or (name in BLOCKS and words and words[-1] != "\n"):
        words.append("\n")
    elif name in ("td", "th"):
        words.append("\t")


def _end(words: list[str], name: str) -> None:
    """What stands after them: a new line, and an empty one after a paragraph."""
    if name in BLOCKS and words and words[-1] != "\n":
        words.append("\n")
    if name in APART:
        words.append("\n")


def _add(words: list[str], text: str | None, depth: int, *, is_pre: bool) -> None:
    """Add a text as a browser would set it: blanks between two blocks are none."""
    flat = _flat(text, depth, is_pre=is_pre)
    if flat and not (words and words[-1] == "\n" and not (text or "").strip()):
        words.append(flat)


def _flat(text: str | None, depth: int, *, is_pre: bool) -> str:
    """A text as a browser would set it; a sign at its beginning stands for each level of quoting."""
    if not text:
        return ""
    plain = text if is_pre else " ".join(text.replace("\xa0", " ").split(" ")).replace("\n", " ").replace("\r", " ")
    return f"\x01{min(depth, 9)}\x02{plain}"


def _tidied(text: str) -> list[str]:
    """Lines without blanks at their ends and with at most one empty one between two, quoted ones marked."""
    rows: list[str] = []
    for row in text.split("\n"):
        depth, plain = 0, ""
        for part in row.split("\x01"):
            mark, has_mark, rest = part.partition("\x02")
            depth = max(depth, int(mark)) if has_mark and rest.strip() else depth
            plain += rest if has_mark else part
        line = "\t".join(" ".join(cell.split()) for cell in plain.strip("\t").split("\t"))
        if line or (rows and rows[-1]):
            rows.append("> " * bool(depth) + line if line else "")
    while rows and not rows[-1]:
        rows.pop()
    return rows
