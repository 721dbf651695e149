"""A few pictures of the gallery in each language, theme and width; `make gallery` takes them all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from admin_app.security.accounts import open_demo_accounts
from models.kernel.base.words import LOCALES
from tests.browser.gallery import PASSWORD, THEMES, WIDTHS, screens_of, take, write_index

SHOWN = ("home of clerk_sal", "quotation", "quotation details")


@pytest.mark.browser
def test_the_gallery_shows_screens_in_every_language_theme_and_width(
    company: Any, app: Any, address: str, chromium: Browser
) -> None:
    company.make("quotation", "clerk_sal")
    open_demo_accounts(PASSWORD)
    screens = list(screens_of(app, ["clerk_sal"]))
    assert len(screens) > 40
    folder = Path(__file__).parents[2] / "artefacts" / "gallery-of-the-tests"
    shots = list(take(chromium, address, [screen for screen in screens if screen.name in SHOWN], folder))
    assert len(shots) == len(SHOWN) * len(LOCALES) * len(THEMES) * len(WIDTHS)
    page = write_index(shots, folder).read_text("utf-8")
    assert all((folder / shot.file).stat().st_size > 5000 and shot.file in page for shot in shots)
