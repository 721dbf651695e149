"""What every request and answer is held to: the form's secret, headers, hosts, methods and sizes."""

from typing import Any

import pytest

from tests.admin_app.doors.building import Browser, build, is_in


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_is_written_without_a_token(browser: Browser, method: str) -> None:
    browser.login()
    assert browser.client.open("/write", method=method).status_code == 400
    assert browser.client.open("/write", method=method, headers={"X-CSRFToken": "forged"}).status_code == 400
    token = browser.token("/admin/account/")
    assert browser.client.open("/write", method=method, headers={"X-CSRFToken": token}).status_code == 200


@pytest.mark.parametrize("path", ["/login", "/logout", "/logout-everywhere", "/password", "/language"])
def test_no_door_moves_without_a_token(browser: Browser, path: str) -> None:
    browser.login()
    assert browser.client.post(path, data={"lang": "zh-Hans"}).status_code == 400
    assert is_in(browser)


def test_what_was_typed_is_shown_again_but_no_password(browser: Browser, db: Any) -> None:
    browser.login()
    typed = {"name": "<b>Long text</b>", "new_password": "s3cret words", "version": "7", "csrf_token": "old"}
    page = browser.client.post("/write", data=typed, headers={"Referer": "http://localhost/files/one"})
    assert page.status_code == 400
    assert "&lt;b&gt;Long text&lt;/b&gt;" in page.text
    assert 'href="/files/one"' in page.text
    assert "s3cret" not in page.text
    assert db.security_event.find_one({"kind": "bypass"})


def test_a_script_gets_json(browser: Browser) -> None:
    headers = {"X-Requested-With": "XMLHttpRequest"}
    refused = browser.client.post("/write", json={}, headers=headers)
    assert (refused.status_code, refused.json["ok"]) == (401, False)
    assert browser.get("/admin/", headers=headers).status_code == 401
    browser.login()
    assert browser.client.post("/write", json={}, headers=headers).status_code == 400


def test_a_form_of_an_ended_session_keeps_its_text(browser: Browser, db: Any) -> None:
    browser.login()
    token = browser.token("/admin/account/")
    db.session.delete_many({})
    page = browser.client.post("/write", data={"csrf_token": token, "name": "Long text"})
    assert page.status_code == 400
    assert "Long text" in page.text
    assert 'href="/login?next=/admin/"' in page.text


@pytest.mark.parametrize("path", ["/login", "/admin/", "/nowhere", "/broken", "/write"])
def test_every_answer_has_the_headers(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "Strict-Transport-Security" not in answer.headers


def test_a_view_keeps_its_own_policy_and_static_files_may_be_kept(browser: Browser) -> None:
    browser.login()
    assert browser.get("/files/one").headers["Content-Security-Policy"] == "sandbox"
    assert browser.get("/static/app.css").headers.get("Cache-Control") != "no-store"


def test_https_only_when_secure(people: Any, settings: Any) -> None:
    answer = Browser(build(settings, secure_cookies=True)).get("/login", base_url="https://localhost")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "localhost@evil.example", "bad host"])
def test_another_host_is_refused(browser: Browser, host: str) -> None:
    answer = browser.get("/login", headers={"Host": host})
    assert answer.status_code == 400
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("method", ["TRACE", "OPTIONS", "TRACK", "CONNECT", "PUT", "PROPFIND"])
def test_unused_methods_are_refused(browser: Browser, method: str) -> None:
    browser.login()
    token = browser.token("/admin/account/")
    answer = browser.client.open("/admin/", method=method, headers={"X-CSRFToken": token})
    assert answer.status_code == 405


def test_bodies_are_limited_but_for_signed_in_uploads(browser: Browser) -> None:
    large = b"x" * (5 * 1024 * 1024)
    form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + large + b"\r\n--b--\r\n"
    files = {"data": form, "content_type": "multipart/form-data; boundary=b"}
    assert browser.client.post("/upload", **files).status_code == 413
    browser.login()
    headers = {"X-CSRFToken": browser.token("/admin/account/")}
    assert browser.client.post("/write", data=large, headers=headers).status_code == 413
    assert browser.client.post("/upload", headers=headers, **files).text == f"took {len(large)}"
