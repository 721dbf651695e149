"""Files as people of this trade have them, made by hand after public reports of what failed elsewhere."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from tests.fixtures.doing import work_off
from tests.fixtures.http import Browser, Page, said

FOLDER = Path(__file__).parents[1] / "data" / "field_cases"


def content_of(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def checked(browser: Browser, type_name: str, name: str, content: bytes | None = None, **choices: str) -> str:
    """The address of an import whose sheet was sent over HTTP and checked."""
    sent: dict[str, Any] = {"file": (io.BytesIO(content or content_of(name)), name), **choices}
    answer = browser.post(f"/admin/{type_name}/import/", sent, content_type="multipart/form-data")
    assert answer.status_code == 302, said(answer)
    work_off("imports.check")
    return str(answer.headers["Location"])


def imported(browser: Browser, type_name: str, name: str, content: bytes | None = None, **choices: str) -> Page:
    """The page of an import whose good rows were imported."""
    way = checked(browser, type_name, name, content, **choices)
    answer = browser.send(browser.form(way, "/import/run/"))
    assert answer.status_code == 302, said(answer)
    work_off("imports.run")
    return browser.page(way)
