"""The screens of operations over HTTP: for IT only; what is typed, enabled, run now and tried again."""

import datetime as dt

import pytest
from bson import ObjectId

from models import catalogue
from models.kernel.base import clock, leases
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.services.work import alarms as job_alarms
from models.services.work import jobs
from models.services.work.alarms import NOT_TAKEN
from models.services.work.jobs import Order
from tasks.engine.timetable import fire_due

SCREENS = ("/admin/timetable/", "/admin/task_runs/", "/admin/schedule/", "/admin/schedule/new/")


@pytest.fixture
def schedule(company):
    values = {"name": "每日檢查", "task": "mark_overdue", "cron": "0 6 * * *", "department": company.department("ITD")}
    return changes.create(catalogue["schedule"], values, actor=SYSTEM)


@pytest.fixture
def it(company, browser_as):
    return browser_as("it", locale="en")


def again(record):
    return type(record).objects.get(id=record.id)


@pytest.mark.parametrize("path", SCREENS)
def test_the_screens_are_for_it(company, browser_as, path):
    for login in company.logins:
        expected = {200} if login == "it" else {403, 404}
        assert browser_as(login).get(path).status_code in expected, login


def test_others_cannot_start_stop_or_repeat_anything(schedule, company, browser_as, db):
    run = jobs.enqueue(Order(task="mark_overdue"))
    db.task_run.update_one({"_id": run}, {"$set": {"state": jobs.SET_ASIDE}})
    for login in ("clerk_sal", "management", "supervisor", "records"):
        someone = browser_as(login)
        facts = {"id": str(schedule.id), "version": "1", "enabled": "0"}
        for path in ("/admin/timetable/toggle/", "/admin/timetable/run/", "/admin/timetable/preview/"):
            assert someone.post(path, facts).status_code in {403, 404}
        assert someone.post("/admin/task_run/again/", {"id": str(run)}).status_code in {403, 404}
        assert someone.get("/admin/task_run/details/", {"id": str(run)}).status_code == 404
    assert again(schedule).enabled
    assert db.task_run.count_documents({"state": jobs.QUEUED}) == 0


def test_the_one_who_asked_sees_their_run_but_no_technical_details(company, browser_as, db):
    run = jobs.enqueue(Order(task="mark_overdue", asked_by=company.actor("clerk_sal")))
    db.task_run.update_one({"_id": run}, {"$set": {"error": "Traceback of it all"}})
    page = browser_as("clerk_sal").get("/admin/task_run/details/", {"id": str(run)})
    assert page.status_code == 200
    assert "Traceback of it all" not in page.text
    assert "Traceback of it all" in browser_as("it").get("/admin/task_run/details/", {"id": str(run)}).text


def test_the_form_makes_a_schedule(it):
    form = it.form("/admin/schedule/new/", "/admin/schedule/new/")
    assert "mark_overdue" in form.options["task"]
    answer = it.send(form, name="夜間", task="mark_overdue", cron="30 2 * * *", time_zone="Europe/Berlin")
    assert answer.status_code == 302, answer.text
    made = catalogue["schedule"].objects.get(name="夜間")
    assert (made.cron, made.time_zone, made.enabled) == ("30 2 * * *", "Europe/Berlin", True)
    assert "schedules.js" in it.get("/admin/schedule/new/").text


@pytest.mark.parametrize(("changes_", "place"), [
    ({"cron": "61 * * * *"}, "cron"),
    ({"cron": "every morning"}, "cron"),
    ({"cron": "0 0 31 2 *"}, "cron"),
    ({"cron": "0 6 * * *", "every": "5"}, "cron"),
    ({"cron": "", "every": ""}, "cron"),
    ({"cron": "", "every": "0"}, "every"),
    ({"cron": "0 6 * * *", "time_zone": "Moon/Crater"}, "time_zone"),
    ({"cron": "0 6 * * *", "time_zone": "../../etc/passwd"}, "time_zone"),
    ({"cron": "0 6 * * *", "params": "[1, 2]"}, "params"),
    ({"cron": "0 6 * * *", "task": "rm -rf"}, "task"),
])  # fmt: skip
def test_nonsense_is_refused_with_a_sentence(it, changes_, place):
    form = it.form("/admin/schedule/new/", "/admin/schedule/new/")
    answer = it.send(form, **{"name": "夜間", "task": "mark_overdue", **changes_})
    assert answer.status_code == 422
    assert catalogue["schedule"].objects.count() == 0
    page = it.page("/admin/schedule/new/")
    assert page.has_form("/admin/schedule/new/")
    assert f'id="{place}-errors"' in answer.text


def preview(it, **typed):
    return it.post("/admin/timetable/preview/", typed).get_json()


def test_the_next_five_runs_in_both_zones(it):
    with clock.set_to(dt.datetime(2026, 3, 7, 18, 0, tzinfo=dt.UTC)):
        row = preview(it, cron="30 2 * * *", time_zone="America/New_York", reader_zone="Asia/Shanghai")
    assert row["problem"] == ""
    assert [run["at"] for run in row["runs"]] == [
        "2026-03-08 03:00 EDT",  # there is no half past two on this day
        "2026-03-09 02:30 EDT",
        "2026-03-10 02:30 EDT",
        "2026-03-11 02:30 EDT",
        "2026-03-12 02:30 EDT",
    ]
    assert row["runs"][0]["here"] == "2026-03-08 15:00"


@pytest.mark.parametrize("typed", [
    {}, {"cron": "* * *"}, {"cron": "\x00"}, {"every": "١٢"}, {"every": "-4"}, {"every": "9" * 60},
    {"cron": "0 6 * * *", "time_zone": "Nowhere"}, {"cron": "0 0 30 2 *"}, {"cron": "9" * 5000},
])  # fmt: skip
def test_a_preview_of_nonsense_is_a_sentence(it, typed):
    row = preview(it, **typed)
    assert row["runs"] == []
    assert row["problem"].endswith((".", "。"))


def test_disable_and_enable(it, schedule):
    fire_due()
    form = it.form("/admin/timetable/", "/admin/timetable/toggle/")
    assert it.send(form, enabled="0").status_code == 302
    assert not again(schedule).enabled
    stale = it.send(form, enabled="1")
    assert stale.status_code == 409, "somebody changed it meanwhile"
    form = it.form("/admin/timetable/", "/admin/timetable/toggle/")
    assert it.send(form, enabled="1").status_code == 302
    assert again(schedule).enabled


def test_run_now_once_with_its_history(it, schedule, db, company):
    form = it.form("/admin/timetable/", "/admin/timetable/run/")
    first, second = (it.send(form, id=str(schedule.id)) for _ in range(2))
    assert first.location == second.location
    run = db.task_run.find_one()
    assert db.task_run.count_documents({}) == 1
    assert (run["task"], run["schedule"], run["asked_by"]) == ("mark_overdue", schedule.id, company.users["it"])
    assert db.history.count_documents({"record": schedule.id, "verb": "run_now"}) >= 1


def test_a_run_set_aside_is_tried_again(it, db):
    run = jobs.enqueue(Order(task="mark_overdue"))
    assert it.post("/admin/task_run/again/", {"id": str(run)}).status_code == 422
    values = {"state": jobs.SET_ASIDE, "attempts": 5, "checkpoint": {"after": 7}, "alarmed": clock.now()}
    db.task_run.update_one({"_id": run}, {"$set": values})
    form = it.form("/admin/task_run/details/", "/admin/task_run/again/", id=str(run))
    assert it.send(form, id=str(run)).status_code == 302
    now = db.task_run.find_one()
    assert (now["state"], now["attempts"], now["checkpoint"]) == (jobs.QUEUED, 0, {"after": 7})
    assert "alarmed" not in now


def test_the_list_pages_by_key_and_filters(it, db):
    for _ in range(60):
        jobs.enqueue(Order(task="mark_overdue"))
    assert it.get("/admin/task_runs/").text.count("<tr>") == 51
    last = str(db.task_run.find().sort("_id", -1).skip(49).limit(1)[0]["_id"])
    assert it.get("/admin/task_runs/", {"after": last}).text.count("<tr>") == 11
    assert it.get("/admin/task_runs/", {"state": "done"}).text.count("<tr>") == 0
    for odd in ({"state": "x"}, {"after": "x"}, {"schedule": "x"}, {"state[$ne]": "done"}):
        assert it.get("/admin/task_runs/", odd).status_code == 200


def ended(db, schedule, minutes_ago, counts=(), **facts):
    """A run of a schedule that has ended well."""
    at = clock.now() - dt.timedelta(minutes=minutes_ago)
    run = jobs.enqueue(Order(task="mark_overdue", schedule=schedule.id, due=at))
    values = {"state": jobs.DONE, "attempts": 1, "counts": dict(counts), "started": at, "ended": at, "queued": at}
    db.task_run.update_one({"_id": run}, {"$set": values | facts})
    return str(run)


def well_into_the_day():
    """Now, or four in the morning where the day has only begun; who looks logs in then."""
    return clock.set_to(max(clock.now(), clock.start_of(clock.today()) + dt.timedelta(hours=4)))


def test_runs_that_found_nothing_to_do_are_one_row_per_job_and_day(browser_as, db, schedule):
    with well_into_the_day():
        it = browser_as("it", locale="en")
        for minutes in range(214, 0, -1):
            ended(db, schedule, minutes, {"marked": 0})
        busy = ended(db, schedule, 3, {"marked": 7})
        page = it.get("/admin/task_runs/").text
        assert page.count("<tr") == 3, "the head, the idle ones, the busy one"
        assert "214 runs, nothing to do" in page
        assert busy in page
        each = it.get("/admin/task_runs/", {"each": "1"}).text
        assert each.count("<tr") == 51
        of_job = it.get("/admin/task_runs/", {"task": "mark_overdue"}).text
        assert of_job.count("<tr") == 51
        assert "task=mark_overdue" in of_job[of_job.index("pager") :]


def test_what_went_wrong_or_was_late_is_never_in_a_group(browser_as, db, schedule):
    with well_into_the_day():
        it = browser_as("it", locale="en")
        for minutes in (30, 20, 10):
            ended(db, schedule, minutes)
        odd = [
            ended(db, schedule, 5, state=jobs.FAILED),
            ended(db, schedule, 5, attempts=3),
            ended(db, schedule, 5, asked_by_name="盧文濤"),
            ended(db, schedule, 5, started=clock.now() + dt.timedelta(minutes=4)),
        ]
        page = it.get("/admin/task_runs/").text
        assert [run for run in odd if run not in page] == []
        assert "3 runs, nothing to do" in page


def test_idle_runs_of_another_day_are_another_row(browser_as, db, schedule):
    with well_into_the_day():
        it = browser_as("it", locale="en")
        for minutes in (24 * 60 + 20, 24 * 60 + 10, 24 * 60, 20, 10):
            ended(db, schedule, minutes)
        page = it.get("/admin/task_runs/").text
        assert page.index("2 runs, nothing to do") < page.index("3 runs, nothing to do")


def test_progress_is_answered_for_the_bar(it, db):
    run = jobs.enqueue(Order(task="mark_overdue"))
    jobs.claim("w", run)
    jobs.renew(run, "w", {"progress": {"done": 3, "total": 9, "note": "<b>"}, "counts": {"done": 3}})
    jobs.note(run, "第三批")
    row = it.get("/admin/task_run/progress/", {"id": str(run)}).get_json()
    assert (row["done"], row["total"], row["is_open"], row["counts"]) == (3, 9, True, "done 3")
    assert row["lines"][0]["text"] == "第三批"
    page = it.get("/admin/task_run/details/", {"id": str(run)}).text
    assert "&lt;b&gt;" in page
    assert "data-run-progress" in page
    assert it.get("/admin/task_run/progress/", {"id": str(ObjectId())}).status_code == 404


def test_alarms_on_the_home_page_of_it(it, browser_as, db, company):
    assert "The scheduler does not run" in it.get("/admin/").text
    assert "scheduler" not in browser_as("management", locale="en").get("/admin/").text
    leases.take("beat", "somebody", 15)
    assert "The scheduler does not run" not in it.get("/admin/").text
    with clock.set_to(clock.now() - dt.timedelta(minutes=6)):
        jobs.enqueue(Order(task="mark_overdue"))
    db.lease.update_one({"_id": "beat"}, {"$set": {"since": clock.now() - dt.timedelta(minutes=6)}})
    assert "1 jobs were due" in it.get("/admin/").text


@pytest.mark.parametrize(("values", "said"), [
    ({"stalls_at": -1}, "1 jobs show no progress"),
    ({"stalls_at": 1}, ""),
    ({"stalls_at": 1, "left_out": 3, "started": -61}, "1 jobs show no progress"),
    ({"put_offs": 9, "put_off_since": -31, "put_off_last": -1, "stalls_at": 1}, "1 jobs are put back"),
])  # fmt: skip
def test_what_does_not_go_on_is_an_alarm_on_the_home_page_of_it(it, db, company, values, said):
    id = jobs.enqueue(Order(task="mark_overdue"))
    jobs.claim("w", id)
    now = clock.now()
    times = ("stalls_at", "started", "put_off_since", "put_off_last")
    put = {name: now + dt.timedelta(minutes=value) if name in times else value for name, value in values.items()}
    db.task_run.update_one({"_id": id}, {"$set": put})
    text = it.get("/admin/").text
    result = [item for item in ("1 jobs show no progress", "1 jobs are put back", "1 jobs were due") if item in text]
    assert result == ([said] if said else [])
    assert "Last progress" in it.get("/admin/task_run/details/", {"id": str(id)}).text


def test_what_waited_while_everything_was_stopped_is_no_alarm_at_the_start(it, db):
    run = jobs.enqueue(Order(task="mark_overdue"))
    db.task_run.update_one({"_id": run}, {"$set": {"not_before": clock.now() - dt.timedelta(hours=9)}})
    assert leases.take("beat", "somebody", 60)
    assert job_alarms.count(NOT_TAKEN) == 0
    assert "no worker has taken them" not in it.get("/admin/").text
    db.lease.update_one({"_id": "beat"}, {"$set": {"since": clock.now() - dt.timedelta(minutes=6)}})
    assert leases.take("beat", "somebody", 60)
    assert job_alarms.count(NOT_TAKEN) == 1
    assert "no worker has taken them" in it.get("/admin/").text
