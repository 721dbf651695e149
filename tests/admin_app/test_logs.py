"""Logs: one JSON line per event, Chinese readable, with a request id and without personal data or line breaks."""

import io
import json
import logging

import pytest
import structlog
from flask import Flask

from admin_app.logs import REQUEST_ID_HEADER, configure_logs, log_requests


@pytest.fixture
def stream(monkeypatch):
    root = logging.getLogger()
    before, level, configured = root.handlers, root.level, structlog.get_config()
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    configure_logs("INFO")
    yield stream
    root.handlers = before
    root.setLevel(level)
    structlog.configure(**configured)
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def lines(stream):
    return lambda: [json.loads(line) for line in stream.getvalue().split("\n") if line]


@pytest.fixture
def client():
    app = Flask(__name__)
    log_requests(app)
    app.add_url_rule("/people/<person>", view_func=lambda person: "ok")
    return app.test_client()


def test_events_are_json_lines_in_readable_chinese(lines):
    structlog.get_logger("x").info("已核准", record="QT-1\r\nfake", note="a\u2028b\x85c")
    logging.getLogger("library").warning("done %s", "完成")
    first, second = lines()
    assert (first["event"], first["record"], first["note"]) == ("已核准", "QT-1\r\nfake", "a\u2028b\x85c")
    assert (second["event"], second["level"], second["logger"]) == ("done 完成", "warning", "library")


def test_no_value_breaks_the_line(stream):
    structlog.get_logger("x").info("one\nevent", value="a\u2028b\u0085c\rd")
    assert len(stream.getvalue().splitlines()) == 1


def test_personal_data_and_secrets_are_left_out(lines):
    structlog.get_logger("x").info("login", login="zhang.san", password="p", email="z@example.org", user_id="u1")
    (event,) = lines()
    assert {event[key] for key in ("login", "password", "email")} == {"[left out]"}
    assert event["user_id"] == "u1"


def test_an_exception_says_where_but_does_not_quote_the_record(lines):
    try:
        raise ValueError("salary of 張三 is 9000")
    except ValueError:
        structlog.get_logger("x").exception("failed")
    (event,) = lines()
    assert event["exception"] == "ValueError"
    assert "test_logs.py" in event["at"][0]
    assert "9000" not in json.dumps(event)


def test_a_request_has_an_id_and_no_query_string(lines, client):
    answer = client.get("/people/secret-person?token=abc", headers={REQUEST_ID_HEADER: "forged-by-client"})
    (event,) = lines()
    assert event["request_id"] == answer.headers[REQUEST_ID_HEADER] != "forged-by-client"
    assert (event["method"], event["path"], event["status"]) == ("GET", "/people/<person>", 200)
    assert "abc" not in json.dumps(event)


def test_a_trusted_proxy_may_name_the_request_if_it_is_a_plain_word(lines, client):
    client.application.config["TRUSTED_PROXIES"] = 1
    good = client.get("/people/1", headers={REQUEST_ID_HEADER: "abc-12345"})
    bad = client.get("/people/1", headers={REQUEST_ID_HEADER: "x{y}'\"<script>"})
    assert good.headers[REQUEST_ID_HEADER] == "abc-12345"
    assert "script" not in bad.headers[REQUEST_ID_HEADER]
