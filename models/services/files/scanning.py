"""Virus scanning by ClamAV's daemon, when a setting names it; without one nothing is scanned and nothing says it was.

A new file waits until it was scanned: only its uploader may open it. An infected one is opened by nobody any more. The
daemon is spoken to in its own words (INSTREAM), which are few.
"""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Mapping
from typing import IO, Any

from bson import ObjectId
from mongoengine.connection import get_db

from models.kernel.base import clock
from models.kernel.base.collections import FILES
from models.kernel.base.people import Actor
from models.kernel.base.words import L, Words

WAITING, CLEAN, INFECTED, TOO_LARGE = "waiting", "clean", "infected", "too_large"
NOT_YET = L("This file waits for its virus scan; please try again later.", "此文件正在等待病毒掃描，請稍後再試。")
LOCKED = L("A virus was found in this file, so nobody can open it.", "此文件檢出病毒，已隔離，任何人不能打開。")
STATES = {
    WAITING: L("Waiting for the virus scan", "等待病毒掃描"),
    INFECTED: L("A virus was found: locked", "檢出病毒，已隔離"),
    TOO_LARGE: L("Too large for the virus scanner: not scanned", "超過掃描上限，未掃描"),
}
CHUNK = 128 * 1024
SECONDS_MAX = 60
_ANSWER_MAX = 4096
_VERDICT = re.compile(r"^stream: (?:(?P<virus>.+) )?(?P<state>OK|FOUND|ERROR)$")
_address: list[str] = [""]


class ScannerUnavailable(Exception):
    """The scanner cannot be reached, or does not answer as a scanner does."""


def set_scanner(address: str) -> None:
    """Name the daemon: host:port, the path of its socket, or nothing for none."""
    _address[:] = [address]


def is_on() -> bool:
    """Whether there is a scanner."""
    return bool(_address[0])


def begin(file: dict[str, Any]) -> None:
    """Mark a new file as waiting for its scan; one whose content was scanned before keeps the verdict."""
    if is_on() and "scan" not in file:
        file["scan"] = {"state": WAITING}


def state_of(file: Mapping[str, Any]) -> str:
    """The state of a file's scan; empty without one, and for files that waited for a scanner that is no longer used."""
    state = str((file.get("scan") or {}).get("state", ""))
    return "" if state == WAITING and not is_on() else state


def closed(file: Mapping[str, Any], actor: Actor) -> Words | None:
    """Why a file cannot be opened by somebody because of its scan; None when it can."""
    state = state_of(file)
    if state == INFECTED:
        return LOCKED
    return NOT_YET if state == WAITING and file.get("uploaded_by") != actor.id and not actor.is_system else None


def note(file_id: ObjectId, state: str, virus: str = "") -> bool:
    """Write a verdict on all files with this content that wait; False when there is none any more."""
    file = get_db()[FILES].find_one({"_id": file_id}, {"content": 1})
    if file is None:
        return False
    verdict = {"state": state, "at": clock.now(), **({"virus": virus} if virus else {})}
    waiting = {"content": file["content"], "scan.state": WAITING}
    return get_db()[FILES].update_many(waiting, {"$set": {"scan": verdict}}).matched_count > 0


def scan(content: IO[bytes]) -> tuple[str, str]:
    """Send a content to the scanner; returns the state and the name of a virus. Raises Away."""
    try:
        with _connected() as line:
            answer = _request(line, content)
    except (OSError, ValueError) as fault:
        raise ScannerUnavailable(type(fault).__name__) from fault
    if "size limit exceeded" in answer:
        return TOO_LARGE, ""
    verdict = _VERDICT.match(answer)
    if verdict is None or verdict["state"] == "ERROR":
        raise ScannerUnavailable(answer[:200])
    return (INFECTED, verdict["virus"][:200]) if verdict["state"] == "FOUND" else (CLEAN, "")


def _connected() -> socket.socket:
    address = _address[0].removeprefix("unix:")
    host, _, port = address.rpartition(":")
    if address.startswith("/"):
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.settimeout(SECONDS_MAX)
        line.connect(address)
        return line
    return socket.create_connection((host.strip("[]"), int(port)), timeout=SECONDS_MAX)


def _request(line: socket.socket, content: IO[bytes]) -> str:
    """The daemon's answer. It ends the line early when a content is larger than it takes, with its answer given."""
    try:
        line.sendall(b"zINSTREAM\0")
        while part := content.read(CHUNK):
            line.sendall(struct.pack("!L", len(part)) + part)
        line.sendall(struct.pack("!L", 0))
    except (BrokenPipeError, ConnectionResetError):
        pass
    answer = b""
    while len(answer) < _ANSWER_MAX and not answer.endswith(b"\0") and (part := line.recv(1024)):
        answer += part
    return answer.rstrip(b"\0\n").decode("utf-8", "replace")
