"""The server of the public pages alone: it has nothing else, and the ordinary one can leave them to it."""

from __future__ import annotations

from typing import Any

import flask
import pytest

from admin_app import commands
from admin_app.app import create_app, create_public_app
from admin_app.cli import parser
from admin_app.problems import Problem
from tests.fixtures.http import read_page
from tests.fixtures.public import TYPED, Outside


@pytest.fixture(scope="module")
def alone(settings: Any, with_inquiry: Any) -> flask.Flask:
    app = create_public_app(settings, with_inquiry)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return app


@pytest.fixture
def stranger(alone: flask.Flask, company: Any) -> Outside:
    return Outside(alone)


def test_it_has_no_address_but_those_of_public_pages(alone: flask.Flask) -> None:
    rules = {rule.rule for rule in alone.url_map.iter_rules()}
    assert {rule for rule in rules if not rule.startswith("/p/")} == {"/healthz", "/static/<path:filename>"}


@pytest.mark.parametrize(
    "path", ["/", "/admin/", "/admin/user/", "/login", "/logout", "/readyz", "/session", "/api/file/", "/language"]
)
def test_nothing_of_the_admin_answers(stranger: Outside, path: str) -> None:
    answers = [stranger.get(path), stranger.client.post(path, data={"login": "it"}, buffered=True)]
    for answer in answers:
        assert answer.status_code == 404
        assert "/login" not in answer.text
        assert "/admin" not in answer.text
        assert not answer.headers.getlist("Set-Cookie")


@pytest.mark.parametrize("name", ["app.js", "palette.js", "vendor/README.md", "../templates/base.html"])
def test_no_other_static_file_is_served(stranger: Outside, name: str) -> None:
    assert stranger.get(f"/static/{name}").status_code == 404


def test_a_whole_visit_works(stranger: Outside) -> None:
    assert stranger.get("/healthz").status_code == 200
    page = stranger.get("/p/inquiry/")
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Content-Security-Policy"]
    assert stranger.get("/static/app.css").status_code == 200
    answer = stranger.enter()
    assert answer.status_code == 200
    link = stranger.link(answer)
    assert stranger.send(stranger.form(link), comment="還有").status_code == 200
    assert stranger.send(stranger.form(), **{**TYPED, "subject": ""}).status_code == 422
    assert read_page(stranger.get("/p/").text).links.count("/p/inquiry/") == 1


def test_another_host_name_is_refused(stranger: Outside) -> None:
    answer = stranger.get("/p/inquiry/", headers={"Host": "evil.example.com"})
    assert (answer.status_code, "evil" in answer.text) == (400, False)


def test_a_session_of_the_admin_counts_for_nothing(stranger: Outside) -> None:
    stranger.client.set_cookie("guicheng", "x" * 43)
    answer = stranger.get("/p/inquiry/")
    assert (answer.status_code, answer.headers.getlist("Set-Cookie")) == (200, [])


def test_the_ordinary_server_can_leave_them_to_it(settings: Any, with_inquiry: Any, company: Any) -> None:
    app = create_app(settings.model_copy(update={"public_pages": False}), with_inquiry)
    assert [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/p/")] == []
    assert app.test_client().get("/p/inquiry/", buffered=True).status_code == 404


def test_the_command_takes_a_port_of_its_own_and_says_where_there_is_nothing(
    settings: Any, with_inquiry: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert parser().parse_args(["web", "--public"]).public
    assert not parser().parse_args(["web"]).public
    monkeypatch.setattr(commands, "catalogue", {})
    with pytest.raises(Problem, match="No record type has public pages"):
        commands.for_public(settings)
    monkeypatch.setattr(commands, "catalogue", with_inquiry)
    line = commands.gunicorn_command(commands.for_public(settings), "public_app")
    assert "--bind=127.0.0.1:8001" in line
    assert line[-1] == "admin_app.wsgi:public_app()"
