"""While the demo company is being loaded: each page says so, people can sign in and look, changes wait."""

from __future__ import annotations

import argparse
import subprocess
import sys
from contextlib import nullcontext

import pytest
from mongoengine.connection import get_db
from pymongo.errors import AutoReconnect

from admin_app import commands
from admin_app.app import create_app
from admin_app.loading import PROGRESS_URL, show_loading
from admin_app.problems import Problem
from admin_app.welcome import TOUR, welcome
from models import catalogue
from models.services.work import jobs
from seed import demo
from seed.script import DEALS, OFFERS
from seed.stage import META, mark_of
from tests.fixtures.http import TOKEN, Browser


def played(percent: int) -> None:
    """The two lanes of the load have come so far."""
    for lane in (OFFERS, DEALS):
        get_db()[META].update_one({"_id": mark_of(lane)}, {"$set": {"percent": percent}}, upsert=True)


@pytest.fixture
def loading_app(db, settings, company):
    """An application that was started in the middle of a load."""
    get_db()[META].insert_one({"_id": demo.DEMO, "state": demo.FOUNDED, "percent": 0})
    played(50)
    app = create_app(settings, catalogue)
    show_loading(app)
    return app


def test_the_login_page_says_how_far_it_is(loading_app):
    page = Browser(loading_app).get("/login").text
    assert "示範公司載入中：42 %" in page
    assert f'data-loading="{PROGRESS_URL}"' in page
    assert "loading.js" in page


def test_strangers_may_ask_how_far_it_is(loading_app):
    browser = Browser(loading_app)
    assert browser.get(PROGRESS_URL).json == {
        "is_loading": True,
        "has_failed": False,
        "percent": 42,
        "sentence": "示範公司載入中：42 %",
    }
    played(100)
    assert browser.get(PROGRESS_URL).json["percent"] == demo.YEAR_PERCENT
    get_db()[META].update_one({"_id": demo.DEMO}, {"$set": {"state": demo.WHOLE}})
    assert browser.get(PROGRESS_URL).json == {
        "is_loading": False,
        "has_failed": False,
        "percent": None,
        "sentence": "",
    }


def test_people_sign_in_and_look_while_it_loads(loading_app, settings, company):
    from admin_app.security.accounts import open_demo_accounts

    open_demo_accounts("four good words here")
    browser = Browser(loading_app)
    token = TOKEN.search(browser.get("/login").text)
    typed = {"login": "clerk_sal", "password": "four good words here", "csrf_token": token and token.group(1)}
    answer = browser.client.post("/login", data=typed)
    assert (answer.status_code, answer.location) == (303, "/admin/")
    assert "示範公司載入中" in browser.get("/admin/").text
    assert browser.get("/admin/customer/").status_code == 200


def test_changes_wait_until_it_is_loaded(loading_app, company):
    from tests.fixtures.http import signed_in

    browser = signed_in(loading_app, "clerk_sal")
    form = browser.form("/admin/interaction/new/", "/admin/interaction/new/")
    answer = browser.send(form)
    assert answer.status_code == 422
    assert "示範公司仍在載入（42 %）" in answer.text
    assert get_db()["interaction"].count_documents({}) == 0
    get_db()[META].update_one({"_id": demo.DEMO}, {"$set": {"state": demo.WHOLE}})
    answer = browser.send(form)
    assert "示範公司仍在載入" not in answer.text


def test_a_load_that_failed_says_what_to_do(loading_app, company):
    from tests.fixtures.http import signed_in

    get_db()[META].update_one({"_id": demo.DEMO}, {"$set": {"token": "this"}})
    assert not demo.note_failure("another load's")
    assert "載入中" in Browser(loading_app).get("/login").text
    assert demo.note_failure("this")
    page = Browser(loading_app).get("/login").text
    assert "示範公司載入失敗，原因見終端畫面。請按 Ctrl-C 停止後重新啟動" in page
    assert "<div data-loading-on hidden>" in page
    answer = Browser(loading_app).get(PROGRESS_URL).json
    assert (answer["is_loading"], answer["has_failed"]) == (True, True)
    browser = signed_in(loading_app, "clerk_sal")
    refused = browser.send(browser.form("/admin/interaction/new/", "/admin/interaction/new/"))
    assert refused.status_code == 422
    assert "未作任何更改。示範公司載入失敗" in refused.text


def test_the_terminal_says_what_to_do_after_a_failure(db, settings, capsys):
    load = demo.found_demo(settings, lambda _text: None)
    commands._say_failure(load)
    said = capsys.readouterr().out
    assert said == ("The demo company could not be loaded. Stop with Ctrl-C and start again: it is loaded anew.\n")
    assert demo.has_failed()
    get_db()[META].update_one({"_id": demo.DEMO}, {"$set": {"state": demo.WHOLE}})
    commands._say_failure(load)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("fault", [RuntimeError("second half"), KeyError("x"), AutoReconnect("gone")])
def test_a_load_that_fails_is_a_sentence_and_where_its_error_is(db, settings, capfd, monkeypatch, tmp_path, fault):
    """Also what its second process says goes into the file, and what is said afterwards is heard again."""

    def fail(*_, **_options):
        subprocess.run([sys.executable, "-c", "raise ZeroDivisionError('of the second lane')"], check=False)
        raise fault

    own = settings.model_copy(update={"data": tmp_path / "new"})
    monkeypatch.setattr(commands, "database", nullcontext)
    monkeypatch.setattr(commands, "play_demo", fail)
    with pytest.raises(Problem) as said:
        commands.seed(own, argparse.Namespace(founded=True))
    print("heard again", file=sys.stderr)
    log = tmp_path / "new" / "demo-load.log"
    assert str(said.value) == f"The demo company could not be loaded. Its error is in {log}."
    assert said.value.__suppress_context__
    assert capfd.readouterr().err == "heard again\n"
    text = log.read_text("utf-8")
    assert "of the second lane" in text
    assert type(fault).__name__ in text
    assert text.count("Traceback") == 2


def test_what_the_load_itself_refuses_stays_its_own_sentence(db, settings, monkeypatch, tmp_path):
    own = settings.model_copy(update={"data": tmp_path})
    monkeypatch.setattr(commands, "database", nullcontext)
    with pytest.raises(Problem, match="No demo company was founded here"):
        commands.seed(own, argparse.Namespace(founded=True))


def test_the_next_load_knows_nothing_of_a_failure_and_a_whole_company_has_none(db, settings):
    load = demo.found_demo(settings, print)
    assert demo.note_failure(load)
    assert demo.has_failed()
    second = demo.found_demo(settings, print)
    assert not demo.has_failed()
    assert not demo.note_failure(load)
    get_db()[META].update_one({"_id": demo.DEMO}, {"$set": {"state": demo.WHOLE}})
    assert not demo.note_failure(second)


def test_nothing_is_said_when_nothing_is_loaded(app):
    page = Browser(app).get("/login").text
    assert "data-loading" not in page
    assert Browser(app).get(PROGRESS_URL).status_code == 404


def test_a_founded_company_can_log_in_before_its_year_is_played(db, settings):
    logins: list[str] = []
    demo.found_demo(settings, print, lambda users, _password: logins.extend(login for _, login in users))
    assert set(TOUR) <= set(logins)
    assert demo.percent_loaded() == 0
    assert demo.is_empty()  # cut off here, the next start founds it again
    demo.found_demo(settings, print)
    assert get_db()["user"].count_documents({}) == len(logins)


def test_what_the_story_ordered_waits_from_now_on(db):
    from models.kernel.base import clock

    with clock.set_to(clock.now().replace(year=clock.now().year - 1)):
        run = jobs.enqueue(jobs.Order(task="files.read", params={"file": "x"}))
    demo._queue_from_now()
    row = get_db()[jobs.COLLECTION].find_one({"_id": run})
    assert row["not_before"] == row["queued"]
    assert (clock.now() - row["queued"]).total_seconds() < 3600


def test_playing_what_was_never_founded_is_refused(db, settings):
    with pytest.raises(demo.NothingToPlay):
        demo.play_demo(settings)
    command = [sys.executable, "-m", "admin_app.cli", "seed", "--founded"]
    ended = subprocess.run(command, env=settings.as_environment(), capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr == "guicheng: No demo company was founded here; guicheng seed founds and loads one.\n"


def test_the_logins_of_the_tour_are_printed_first(db, settings):
    demo.found_demo(settings, lambda _text: None)
    lines = welcome(settings, is_loading=True).splitlines()
    first = lines.index(f"Log in as (password of all: {settings.demo_password}):") + 1
    assert tuple(line.split()[0] for line in lines[first : first + len(TOUR)]) == TOUR
    others = " ".join(lines[first + len(TOUR) :])
    assert "clerk_mkt" in others
    assert "head_sal" not in others
    assert max(len(line) for line in lines) <= 120
