"""The place to sign in, in a real browser: drawn with the pointer, cleared, and sent as an image."""

from __future__ import annotations

from typing import Any

import flask
from playwright.sync_api import Browser, Page

from models.services.files.confined import Unreadable
from models.services.files.signing import picture_of

FORM = (
    '{% import "components/controls.html" as controls with context %}'
    '<form style="max-width: 640px">{{ controls.control(c) }}</form>'
)
CONTROL: dict[str, Any] = {"kind": "signature", "name": "sign", "id": "sign", "label": "簽字", "help": "", "errors": []}
CONTROL |= {"required": False, "value": "", "typed": "", "sure": False, "largest": 1024 * 1024}


def page_with_it(app: flask.Flask, chromium: Browser, **touch: Any) -> Page:
    with app.test_request_context("/"):
        html = flask.render_template_string(FORM, c=CONTROL)
    page = chromium.new_context(**touch).new_page()
    page.set_content(html)
    page.add_style_tag(path=f"{app.static_folder}/app.css")
    page.add_script_tag(path=f"{app.static_folder}/signature.js")
    page.wait_for_selector("canvas", state="visible")
    return page


def value(page: Page) -> str:
    return str(page.eval_on_selector("[data-signature-value]", "input => input.value"))


def test_what_is_drawn_is_sent_and_cleared(app: flask.Flask, chromium: Browser) -> None:
    page = page_with_it(app, chromium)
    assert value(page) == ""
    room = page.locator("canvas").bounding_box()
    assert room
    page.mouse.move(room["x"] + 30, room["y"] + 120)
    page.mouse.down()
    for x, y in ((90, 30), (160, 130), (260, 50)):
        page.mouse.move(room["x"] + x, room["y"] + y, steps=4)
    page.mouse.up()
    assert picture_of(value(page)).startswith(b"\x89PNG")
    page.click("[data-signature-clear]")
    assert value(page) == ""
    page.context.close()


def test_a_finger_signs_and_a_tap_alone_does_not(app: flask.Flask, chromium: Browser) -> None:
    page = page_with_it(app, chromium, has_touch=True, viewport={"width": 360, "height": 700})
    room = page.locator("canvas").bounding_box()
    assert room
    assert room["width"] <= 360
    page.touchscreen.tap(room["x"] + 40, room["y"] + 40)
    try:
        picture_of(value(page))
        is_read = True
    except Unreadable:
        is_read = False
    assert not is_read
    page.context.close()


def test_an_image_that_is_too_large_is_said_at_once(app: flask.Flask, chromium: Browser) -> None:
    page = page_with_it(app, chromium)
    large = {"name": "me.png", "mimeType": "image/png", "buffer": b"x" * (1024 * 1024 + 1)}
    page.set_input_files("input[type=file]", large)
    page.wait_for_function("document.querySelector('[data-signature-said]').textContent !== ''")
    assert value(page) == ""
    page.context.close()
