"""A program that reads results of automated tests in JUnit XML, one after the other, whatever the size of the file.

Standard input: one line of JSON (`file`: the number of the open file). Standard output: a line of JSON for each test
case that was run, [key, result, what was said, seconds], and at the end one with how many were skipped. Nothing of the
file is kept but what a result says: output of tests, of hundreds of megabytes, passes by. A file with a document type,
and so with entities, is refused.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, BinaryIO

from lxml import etree

from .unreadable import Unreadable

CHUNK = 256 * 1024
NOTE_MAX, KEY_MAX = 1000, 240
_SAID = {"failure": "failed", "error": "failed"}
_PARSER: dict[str, Any] = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": True}


class Results:
    """What the parser tells, element by element; only the case that is open is held."""

    def __init__(self) -> None:
        self.case: dict[str, str] | None = None
        self.result, self.note, self.skipped, self.depth = "", "", 0, 0
        self.is_junit = self.says = False

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        raise Unreadable("entities")

    def start(self, tag: str, attributes: Any) -> None:
        name = tag.rpartition("}")[2]
        if not self.depth and name not in ("testsuites", "testsuite"):
            raise Unreadable("junit")
        self.depth += 1
        if name == "testcase":
            self.case, self.result, self.note = dict(attributes), "passed", ""
        elif self.case is not None and name in _SAID:
            self.result, self.says = _SAID[name], True
            self.note = self.note or (attributes.get("message", "") + "\n")[:NOTE_MAX]
        elif self.case is not None and name == "skipped":
            self.result = "skipped"

    def data(self, text: str) -> None:
        if self.says and len(self.note) < NOTE_MAX:
            self.note = (self.note + text)[:NOTE_MAX]

    def end(self, tag: str) -> None:
        self.depth -= 1
        name = tag.rpartition("}")[2]
        self.says = self.says and name not in _SAID
        if name != "testcase" or self.case is None:
            return
        if self.result == "skipped":
            self.skipped += 1
        else:
            key = ".".join(filter(None, (self.case.get("classname"), self.case.get("name"))))
            _write([key[:KEY_MAX], self.result, self.note.strip(), _seconds(self.case.get("time", ""))])
        self.case = None

    def comment(self, text: str) -> None:
        """Nothing."""

    def pi(self, target: str, data: str | None = None) -> None:
        """Nothing."""

    def close(self) -> int:
        return self.skipped


def _seconds(text: str) -> float | None:
    try:
        value = float(text.replace(",", ""))
    except ValueError:
        return None
    return value if 0 <= value < 10**7 else None


def _write(row: Any) -> None:
    sys.stdout.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")


def read(content: BinaryIO) -> int:
    """Write each result; how many tests were skipped. Raises Unreadable."""
    parser = etree.XMLParser(target=Results(), **_PARSER)
    try:
        while chunk := content.read(CHUNK):
            parser.feed(chunk)
        return int(parser.close())
    except etree.XMLSyntaxError as fault:
        raise Unreadable("damaged") from fault


def main() -> None:
    order = json.loads(sys.stdin.buffer.readline())
    with os.fdopen(order["file"], "rb") as content:
        try:
            answer: dict[str, Any] = {"skipped": read(content)}
        except Unreadable as fault:
            answer = {"why": str(fault), "line": fault.line}
        except MemoryError:
            answer = {"why": "memory"}
        except Exception as fault:  # noqa: BLE001 - an edge: whatever a library says of a hostile file is one answer
            answer = {"why": "damaged", "fault": type(fault).__name__}
    _write(answer)
    sys.stdout.flush()
    os._exit(0)  # what the libraries would tidy up goes with the process
