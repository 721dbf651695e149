"""Runs the programs of `child/` on contents that nobody trusts: little memory and time, no secrets, no files to write.

Whatever a hostile file does to the program that opens it, the worst that comes of it is a reason why it cannot be read.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from .child.unreadable import Unreadable

__all__ = ["Unreadable", "rows", "run"]

MEGABYTE = 1024 * 1024
MEMORY_MAX = 1024 * MEGABYTE
ANSWER_MAX = 96 * MEGABYTE
SECONDS_MAX = 30
_PROGRAMS = Path(__file__).with_name("child")
_START = "import sys, importlib; sys.path.append(sys.argv[1]); importlib.import_module(sys.argv[2]).main()"


def run(
    program: str, order: Mapping[str, Any], content: IO[bytes], *, seconds: int = SECONDS_MAX
) -> tuple[dict[str, Any], bytes]:
    """Let a program do what is ordered with a content; returns what it tells, and its bytes. Raises Unreadable."""
    content.flush()
    content.seek(0)
    with tempfile.TemporaryFile() as answer:
        _carry_out(program, order, content, answer, (seconds, ANSWER_MAX))
        answer.seek(0)
        head, rest = answer.readline(), answer.read()
    try:
        payload = json.loads(head)
    except ValueError:
        raise Unreadable("memory") from None  # it died before it could answer
    if "why" in payload:
        raise Unreadable(payload["why"], payload.get("line", 0))
    return payload, rest


def rows(
    program: str, order: Mapping[str, Any], content: IO[bytes], *, seconds: int = SECONDS_MAX, most: int = ANSWER_MAX
) -> Iterator[Any]:
    """Let a program tell a content row by row; the answer waits in a file without a name, not in memory, and has `most`
    bytes.

    Raises Unreadable, after the rows before the fault: whoever takes them takes them back then.
    """
    content.flush()
    content.seek(0)
    with tempfile.TemporaryFile() as answer:
        _carry_out(program, order, content, answer, (seconds, most))
        answer.seek(0)
        for line in answer:
            try:
                payload = json.loads(line)
            except ValueError:
                break
            if isinstance(payload, dict):
                if "why" in payload:
                    raise Unreadable(payload["why"], payload.get("line", 0))
                return
            yield payload
    raise Unreadable("memory")  # it died before it came to the end


def _carry_out(
    program: str, order: Mapping[str, Any], content: IO[bytes], answer: IO[bytes], within: tuple[int, int]
) -> None:
    """`within`: how many seconds it may take, and how many bytes it may answer."""
    file, seconds = content.fileno(), within[0]
    child = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-I", "-c", _START, str(_PROGRAMS.parent), f"{_PROGRAMS.name}.{program}"],
        stdin=subprocess.PIPE,
        stdout=answer,
        stderr=subprocess.DEVNULL,
        pass_fds=(file,),
        env={"LANG": "C.UTF-8"},
        cwd="/",
    )
    try:
        _limit(child.pid, *within)  # it waits for its order, so nothing is opened before
        child.communicate(json.dumps({**order, "file": file}).encode() + b"\n", timeout=seconds)
    except subprocess.TimeoutExpired:
        raise Unreadable("time") from None
    finally:
        child.kill()
        child.wait()


def _limit(pid: int, seconds: int, most: int) -> None:
    limits = {
        resource.RLIMIT_AS: MEMORY_MAX,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_FSIZE: most,
        resource.RLIMIT_NOFILE: 64,
        resource.RLIMIT_CORE: 0,
    }
    for which, bound in limits.items():
        resource.prlimit(pid, which, (bound, bound))
