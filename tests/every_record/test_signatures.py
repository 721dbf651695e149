"""Every type with a signature: given in a form by hand, by an image or by a typed name; signed by the gate; given once;
and whatever is no signature is refused in a sentence."""

from __future__ import annotations

import base64
import io
from contextlib import suppress
from typing import Any

import pytest
from PIL import Image, ImageDraw

from models.kernel.base.errors import Forbidden, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes, signing
from models.kernel.language.kinds.signatures import PNG, PNG_MAX
from models.kernel.rights import rights
from tests.fixtures._types import types_with
from tests.fixtures.papers import text_in

SIGNED = types_with(lambda declared: any(field.is_signature for field in declared.own_fields.values()))


def image(
    form: str = "PNG", size: tuple[int, int] = (600, 200), *, is_empty: bool = False, ground: str = "white"
) -> str:
    """An image with a stroke, as a browser sends it."""
    made = Image.new("RGB", size, ground)
    if not is_empty:
        ImageDraw.Draw(made).line([(40, 150), (200, 40), (380, 160), (560, 60)], fill="black", width=4)
    out = io.BytesIO()
    made.save(out, form)
    return f"data:image/{form.lower()};base64,{base64.b64encode(out.getvalue()).decode()}"


SVG = base64.b64encode(b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>').decode()
BAD = {
    "nothing drawn": image(is_empty=True),
    "all black": image(ground="black"),
    "an SVG": f"data:image/svg+xml;base64,{SVG}",
    "an SVG that says it is a PNG": f"data:image/png;base64,{SVG}",
    "no image": f"data:image/png;base64,{base64.b64encode(b'x' * 500).decode()}",
    "too many pixels": image(size=(6000, 4000)),
    "huge": "data:image/png;base64," + "A" * 1_500_000,
    "an address": "https://example.com/me.png",
    "markup": "<script>alert(1)</script>",
}


def signature_of(cls: Any) -> str:
    return next(name for name, field in cls.declared.own_fields.items() if field.is_signature)


@pytest.fixture
def record(record: Any, cls: Any, company: Any) -> Any:
    return to_be_signed(cls, record, company)


def to_be_signed(cls: Any, record: Any, company: Any) -> Any:
    """A record in the first state in which somebody may sign."""
    name, flow = signature_of(cls), cls.declared.workflow
    for state in flow.states if flow else ():
        if any(name in rights.writable_fields(company.actor(login), cls, record) for login in company.logins):
            break
        record = company.walk(record, state)
    return record


def writer(record: Any, company: Any, name: str) -> str:
    """Somebody who may sign."""
    return next(
        login
        for login in company.logins
        if rights.may_update(company.actor(login), record)
        and name in rights.writable_fields(company.actor(login), type(record), record)
    )


def sign(browser: Any, record: Any, **given: str) -> Any:
    """Send the form of a record with these inputs."""
    address = f"/admin/{record.type_name()}/edit/"
    form = browser.form(address, address, id=record.id)
    return browser.post(address, {**{key: value for key, value in form.items() if not key.endswith(".sure")}, **given})


@SIGNED
def test_what_is_drawn_is_signed_by_the_gate_and_given_once(
    cls: Any, record: Any, company: Any, browser_as: Any
) -> None:
    name = signature_of(cls)
    login = writer(record, company, name)
    answer = sign(browser_as(login), record, **{name: image("JPEG")})
    assert answer.status_code in (200, 302), answer.text
    made = company.fresh(record)
    value = made.raw(name)
    assert (value["by"], value["name"], value["how"]) == (company.users[login], company.user(login).name, "drawn")
    assert value["hash"] == signing.digest_of(made)
    assert value["png"].startswith(PNG)
    assert len(value["png"]) < PNG_MAX
    opened = Image.open(io.BytesIO(value["png"]))
    assert (opened.format, opened.mode) == ("PNG", "1")
    assert name not in rights.writable_fields(company.actor(login), cls, made)
    with suppress(Forbidden):  # where nothing else may be changed any more
        changes.update(
            cls, made.id, {name: {"how": "typed", "typed": "x"}}, actor=company.actor(login), version=made.version
        )
    assert company.fresh(record).raw(name) == value
    page = browser_as(login).get(f"/admin/{cls.declared.name}/details/?id={made.id}").text
    assert "data:image/png;base64," in page
    listed = browser_as(login).get(f"/admin/{cls.declared.name}/").text
    assert "data:image/png" not in listed
    printed = browser_as(login).get(f"/admin/{cls.declared.name}/print/?id={made.id}").data
    assert company.user(login).name in text_in(printed).replace("\n", "")


@SIGNED
def test_a_name_signs_without_a_script_when_it_is_ones_own_and_confirmed(
    cls: Any, record: Any, company: Any, browser_as: Any
) -> None:
    name = signature_of(cls)
    login = writer(record, company, name)
    own = company.user(login).name
    for typed, sure in ((own, ""), ("王 五", "1"), ("x" * 500, "1"), ("\x00", "1")):
        answer = sign(browser_as(login), record, **{f"{name}.typed": typed, **({f"{name}.sure": "1"} if sure else {})})
        assert answer.status_code == 422 or not company.fresh(record).raw(name), typed
        assert not company.fresh(record).raw(name)
    assert sign(browser_as(login), record, **{f"{name}.typed": f" {own} ", f"{name}.sure": "1"}).status_code == 302
    value = company.fresh(record).raw(name)
    assert (value["how"], value["typed"], value["by"]) == ("typed", own, company.users[login])


@SIGNED
@pytest.mark.parametrize("bad", list(BAD))
def test_what_is_no_signature_is_refused_and_nothing_typed_is_lost(
    cls: Any, record: Any, company: Any, browser_as: Any, bad: str
) -> None:
    name = signature_of(cls)
    answer = sign(browser_as(writer(record, company, name)), record, **{name: BAD[bad]})
    assert answer.status_code in (413, 422), answer.status_code
    assert not company.fresh(record).raw(name)
    assert "<script>alert" not in answer.text


@SIGNED
def test_who_and_when_cannot_be_claimed_and_a_later_change_is_said(
    cls: Any, record: Any, company: Any, browser_as: Any
) -> None:
    name = signature_of(cls)
    login = writer(record, company, name)
    png = Image.new("1", (40, 20), 1)
    ImageDraw.Draw(png).line([(2, 2), (38, 18)], fill=0, width=3)
    out = io.BytesIO()
    png.save(out, "PNG")
    forged = {"how": "drawn", "png": out.getvalue(), "by": company.users["head_sal"], "name": "別人", "hash": "0"}
    actor = company.actor(login)
    made = changes.update(cls, record.id, {name: forged}, actor=actor, version=record.version)
    assert (made.raw(name)["by"], made.raw(name)["name"]) == (actor.id, actor.name)
    assert made.raw(name)["hash"] != "0"
    for wrong in ({"how": "drawn", "png": b"GIF89a"}, {"how": "x"}, "text", {"how": "typed", "typed": "別人"}):
        other = to_be_signed(cls, company.make(cls.declared.name), company)
        with pytest.raises(Refused):
            changes.update(cls, other.id, {name: wrong}, actor=actor, version=other.version)
    text = next(
        (n for n, f in cls.declared.own_fields.items() if f.is_text and not (f.computed or f.fixed or f.unique)), None
    )
    page = f"/admin/{cls.declared.name}/details/?id={made.id}"
    assert actor.name in browser_as(login).get(page).text
    before = browser_as(login).get(page).text
    if text:
        changes.update(cls, made.id, {text: "改過"}, actor=SYSTEM, version=None)
        after = browser_as(login).get(page).text
        assert ("簽署後，記錄已有變更" in before, "簽署後，記錄已有變更" in after) == (False, True)
