"""What somebody outside sends: entered once, by the declaration, with all that protects a form without a session."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest
from mongoengine.connection import get_db
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from models.kernel.base import clock
from models.services.files import scanning
from models.services.work import jobs
from tasks.engine.registry import load_jobs
from tasks.engine.run import Run
from tests.fixtures.http import signed_in
from tests.fixtures.public import TYPED, Outside


def rows() -> list[dict[str, Any]]:
    return list(get_db()["inquiry"].find({}))


def test_an_entry_is_made_through_the_gate_in_the_declared_department(outside: Outside, company: Any) -> None:
    answer = outside.enter()
    assert answer.status_code == 200
    (row,) = rows()
    assert row["number"] in answer.text
    assert {name: row[name] for name in TYPED} == TYPED
    assert (row["department"], row["state"], row.get("owner")) == (company.department("SAL"), "received", None)
    entry = get_db()["history"].find_one({"record": row["_id"]})
    assert entry
    assert (entry["verb"], entry["door"], entry["actor"], entry["actor_name"]) == ("create", "public", None, "公開頁面")


def test_no_cookie_is_set_but_that_of_the_language(outside: Outside) -> None:
    answers = [outside.get("/p/"), outside.get("/p/inquiry/"), outside.enter(), outside.get("/p/nothing/")]
    assert [answer.headers.getlist("Set-Cookie") for answer in answers] == [[], [], [], []]
    chosen = outside.get("/p/inquiry/?lang=en").headers.getlist("Set-Cookie")
    assert [cookie.partition("=")[0] for cookie in chosen] == ["guicheng-language"]
    assert "HttpOnly" in chosen[0]
    assert "Path=/p/" in chosen[0]


def test_every_answer_is_kept_by_nobody_and_leads_nowhere_else(outside: Outside) -> None:
    for answer in (outside.get("/p/"), outside.enter(), outside.get("/p/inquiry/at/none"), outside.get("/p/x/y/z")):
        assert answer.headers["Cache-Control"] == "no-store"
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        assert "<script" not in answer.text
        assert 'content="noindex, nofollow"' in answer.text
        assert "/admin/" not in answer.text


@pytest.mark.parametrize(("asked_for", "said"), [("en", "Subject"), ("zh-TW", "主題"), ("zh-CN", "主题")])
def test_the_form_speaks_the_language_of_the_browser(outside: Outside, asked_for: str, said: str) -> None:
    assert said in outside.get("/p/inquiry/", headers={"Accept-Language": asked_for}).text


def test_another_language_keeps_what_was_typed(outside: Outside) -> None:
    form = outside.form()
    page = outside.client.post(form.action, data={**form, **TYPED, "switch": "en"})
    assert page.status_code == 200
    assert "Subject" in page.text
    assert TYPED["subject"] in page.text
    assert not rows()
    assert "Subject" in outside.get("/p/inquiry/").text


def test_a_form_sent_twice_makes_one_entry_and_gives_the_same_link(outside: Outside) -> None:
    form = outside.form()
    first, second = outside.send(form, **TYPED), outside.send(form, **TYPED)
    assert (first.status_code, second.status_code, len(rows())) == (200, 200, 1)
    assert outside.link(first) == outside.link(second)


def test_a_key_that_was_used_gives_nothing_for_other_contents(outside: Outside) -> None:
    form = outside.form()
    outside.send(form, **TYPED)
    answer = outside.send(form, **{**TYPED, "subject": "別的"})
    assert (answer.status_code, len(rows())) == (422, 1)
    assert "/at/" not in answer.text
    assert "別的" in answer.text


def test_everything_wrong_is_said_at_once_and_nothing_typed_is_lost(outside: Outside) -> None:
    answer = outside.enter(subject="", contact="no address", kind="nothing of these", description="紅燈亮。")
    assert (answer.status_code, rows()) == (422, [])
    assert [name for name in TYPED if f'href="#{name}"' in answer.text] == ["subject", "contact", "kind"]
    assert "紅燈亮。" in answer.text
    assert "no address" in answer.text


@pytest.mark.parametrize("name", ["customer", "secret_notes", "public_notes", "owner", "department", "state", "number"])
def test_what_is_not_declared_is_not_set(outside: Outside, company: Any, name: str) -> None:
    customer = company.make("customer")
    outside.enter(**{name: str(customer.id)})
    (row,) = rows()
    assert row.get(name) not in (customer.id, str(customer.id))


@pytest.mark.parametrize("key", ["", "nonsense", "x" * 5000, None])
def test_a_key_that_is_not_ours_stores_nothing_and_keeps_what_was_typed(outside: Outside, key: Any) -> None:
    answer = outside.enter(**{"public-key": key})
    assert (answer.status_code, rows()) == (422, [])
    assert TYPED["subject"] in answer.text


def test_the_key_of_another_form_or_of_yesterday_is_refused_and_the_next_is_good(outside: Outside) -> None:
    follow = outside.form(outside.link(outside.enter()))
    assert outside.enter(**{"public-key": follow["public-key"]}).status_code == 422
    form = outside.form()
    with clock.set_to(clock.now() + dt.timedelta(hours=25)):
        late = outside.send(form, **TYPED)
        assert late.status_code == 422
    assert len(rows()) == 1


def test_a_robot_fills_the_trap(outside: Outside) -> None:
    assert (outside.enter(**{"public-website": "http://x"}).status_code, rows()) == (422, [])


def test_a_flood_of_one_address_ends_and_the_next_hour_is_open(outside: Outside) -> None:
    codes = [outside.enter(subject=f"第 {n} 件").status_code for n in range(7)]
    assert codes == [200] * 5 + [429] * 2
    refused = outside.enter()
    assert int(refused.headers["Retry-After"]) > 0
    assert TYPED["subject"] in refused.text
    with clock.set_to(clock.now() + dt.timedelta(hours=1)):
        assert outside.enter().status_code == 200


def test_attempts_are_bounded_too_before_anything_is_read(outside: Outside) -> None:
    codes = {outside.client.post("/p/inquiry/", data={"subject": "x"}).status_code for _ in range(50)}
    assert codes == {422}
    answer = outside.client.post("/p/inquiry/", data={"subject": "x"})
    assert (answer.status_code, "Retry-After" in answer.headers) == (429, True)


def multipart(values: dict[str, Any]) -> dict[str, Any]:
    boundary, body = encode_multipart(values)
    return {"data": body, "content_type": f"multipart/form-data; boundary={boundary}"}


MANY = {f"field{n}": "x" for n in range(10_000)}
FORM = "application/x-www-form-urlencoded"
TOO_LARGE: dict[str, Callable[[], dict[str, Any]]] = {  # made when they are sent, so that no test carries them along
    "body": lambda: {"data": b"description=" + b"x" * 50_000_000, "content_type": FORM},
    "file": lambda: multipart({"file-photo": FileStorage(io.BytesIO(b"x" * 50_000_000), "large.bin")}),
    "fields": lambda: {"data": urlencode(MANY).encode(), "content_type": FORM},
    "parts": lambda: multipart(MANY),
}


@pytest.mark.parametrize("sent", TOO_LARGE)
def test_what_is_too_large_is_refused_early(outside: Outside, sent: str) -> None:
    answer = outside.client.post("/p/inquiry/", **TOO_LARGE[sent](), buffered=True)
    assert answer.status_code == 413
    assert "/admin/" not in answer.text
    assert not rows()


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "PROPFIND"])
def test_no_other_method_does_anything(outside: Outside, method: str) -> None:
    for path in ("/p/", "/p/inquiry/", "/p/inquiry/at/x"):
        assert outside.client.open(path, method=method).status_code == 405
    assert not rows()


@pytest.mark.parametrize(
    "path", ["/p/quotation/", "/p/user/", "/p/..%2fadmin/", "/p//inquiry/", "/p/inquiry/../admin/", "/p/INQUIRY/"]
)
def test_no_other_type_has_a_page(outside: Outside, path: str) -> None:
    answer = outside.get(path)
    assert answer.status_code in (404, 308)
    assert "/admin/" not in answer.text


def test_files_are_attached_by_their_kinds_and_refused_by_their_content(outside: Outside) -> None:
    files = {
        "file-photo": (io.BytesIO(b"\x89PNG\r\n\x1a\n" + b"0" * 20), "'><script>alert(1)</script>.png"),
        "file-report": (io.BytesIO(b"ours"), "report.txt"),
    }
    assert outside.enter(**files).status_code == 200
    (file,) = get_db()["file"].find({})
    assert (file["kind"], file["uploaded_by"]) == ("photo", None)
    assert "/" not in file["name"]
    bad = outside.enter(subject="二", **{"file-photo": (io.BytesIO(b"MZ no picture"), "<b>x</b>.png")})
    assert bad.status_code == 200
    assert "b_.png" in bad.text
    assert "<b" not in bad.text.replace("<body", "").replace("<button", "")
    assert get_db()["file"].count_documents({}) == 1
    assert len(rows()) == 2


def test_script_in_every_field_is_text_in_the_admin(outside: Outside, built_public_app: Any) -> None:
    script = "<script>alert(1)</script>"
    outside.enter(subject=script, description=script)
    (row,) = rows()
    clerk = signed_in(built_public_app, "clerk_sal")
    for page_name in ("", f"details/?id={row['_id']}", f"edit/?id={row['_id']}"):
        page = clerk.get(f"/admin/inquiry/{page_name}")
        assert page.status_code == 200
        assert script not in page.text
        assert "&lt;script&gt;" in page.text


def test_no_mark_of_a_header_and_no_control_character_gets_in(outside: Outside) -> None:
    answer = outside.enter(subject="a\r\nBcc: x@example.com", contact="x@example.com\r\nBcc: y@example.com")
    assert answer.status_code == 422
    assert "Bcc" not in str(answer.headers)
    assert not rows()


def test_the_same_form_sent_at_once_by_many_makes_one_entry(outside: Outside, built_public_app: Any) -> None:
    form = outside.form()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: Outside(built_public_app).send(form, **TYPED), range(4)))
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len({outside.link(answer) for answer in answers}) == 1
    assert (len(rows()), get_db()["public_link"].count_documents({})) == (1, 1)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"subject": {"$ne": null}}', "application/json"),
        (b"--x\r\nContent-Disposition: form-data; name=", "multipart/form-data; boundary=x"),
        (b"\xff\xfe%ff=%fe&subject=%ed%a0%80", "application/x-www-form-urlencoded; charset=utf-7"),
        (b"", "text/plain"),
    ],
)
def test_bodies_that_are_no_form_are_refused_in_a_sentence(outside: Outside, body: bytes, kind: str) -> None:
    answer = outside.client.post("/p/inquiry/", data=body, content_type=kind, buffered=True)
    assert answer.status_code in (400, 422)
    assert 'class="notice bad"' in answer.text
    assert not rows()


def test_a_file_from_outside_waits_for_its_scan_and_is_read_like_any_other(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "_address", ["127.0.0.1:1"])
    outside.enter(**{"file-photo": (io.BytesIO(b"The red light is on. " * 9), "note.txt")})
    (ordered,) = get_db()["task_run"].find({"task": "files.read"})
    claimed = jobs.claim("tests", ordered["_id"])
    assert claimed
    load_jobs()["files.read"].body(Run(claimed, "tests"), **claimed["params"])
    (file,) = get_db()["file"].find({})
    assert (file["scan"]["state"], file["reading"]["state"]) == ("waiting", "waiting")
    monkeypatch.setattr(scanning, "_address", [""])
    load_jobs()["files.read"].body(Run(claimed, "tests"), **claimed["params"])
    (file,) = get_db()["file"].find({})
    assert file["reading"]["state"] == "read"


def test_an_address_that_is_made_up_does_not_help_a_flood(outside: Outside) -> None:
    for n in range(5):
        assert outside.enter(subject=f"第 {n} 件").status_code == 200
    form = outside.form()
    given = {name: value for name, value in {**form, **TYPED}.items() if name != "switch"}
    headers = {"X-Forwarded-For": "203.0.113.9", "X-Real-IP": "203.0.113.9"}
    assert outside.client.post("/p/inquiry/", data=given, headers=headers, buffered=True).status_code == 429
