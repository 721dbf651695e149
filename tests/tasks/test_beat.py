"""Schedules become runs: each due time once, whatever crashes; outages, overlaps, clocks that jump, brokers away."""

import datetime as dt

import pytest
from celery import Celery
from kombu.exceptions import OperationalError

from models import catalogue
from models.kernel.base import clock, leases
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes, history, search_parts
from models.services.files import reading
from models.services.work import jobs
from models.services.work.jobs import Order
from tasks.engine import alarms, defaults, timetable
from tasks.engine.beat import Beat
from tasks.engine.dispatch import wake_workers
from tasks.engine.run import Run
from tasks.engine.timetable import CATCH_UP_MAX, fire_due
from tasks.engine.worker import work

START = dt.datetime(2026, 5, 4, 0, 0, 30, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def schedule(company):
    def make(**values):
        content = {"name": "試驗", "task": "mark_overdue", "department": company.department("ITD"), **values}
        if not content.get("every"):
            content.setdefault("cron", "0 * * * *")
        with clock.set_to(START):
            made = changes.create(catalogue["schedule"], content, actor=SYSTEM)
            fire_due()
        return made

    return make


def tick(moment):
    with clock.set_to(moment):
        return fire_due()


def due_times(db, **also):
    return [run["due"] for run in db.task_run.find(also).sort("due", 1)]


def test_each_due_time_fires_once(schedule, db):
    schedule(overlap="queue")
    for minute in range(0, 200, 7):
        for _beat in range(2):
            tick(START + dt.timedelta(minutes=minute))
    assert due_times(db) == [START.replace(second=0) + HOUR * n for n in (1, 2, 3)]


@pytest.mark.parametrize("line", ["_move_on", "enqueue"])
def test_killed_between_two_lines_it_still_fires_once(schedule, db, monkeypatch, line):
    schedule(overlap="queue")
    owner = jobs if line == "enqueue" else timetable

    def die(*_arguments, **_options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(owner, line, die)
        with pytest.raises(KeyboardInterrupt):
            tick(START + HOUR)
    tick(START + HOUR)
    tick(START + HOUR)
    assert len(due_times(db)) == 1


@pytest.mark.parametrize(("policy", "states"), [
    ("once", {jobs.QUEUED: 1}),
    ("each", {jobs.QUEUED: 10}),
    ("skip", {jobs.SKIPPED: 1}),
])  # fmt: skip
def test_what_an_outage_missed(schedule, db, policy, states):
    schedule(catch_up=policy)
    tick(START + HOUR * 10 + dt.timedelta(minutes=30))
    result = {row["_id"]: row["n"] for row in db.task_run.aggregate([{"$group": {"_id": "$state", "n": {"$sum": 1}}}])}
    assert result == states
    tick(START + HOUR * 11)
    assert START.replace(second=0) + HOUR * 11 in due_times(db)


@pytest.mark.parametrize("policy", ["once", "each", "skip"])
def test_a_clock_that_jumps_a_day_ahead_and_back_fires_little_and_nothing_twice(schedule, db, policy):
    schedule(cron="*/5 * * * *", catch_up=policy, overlap="queue")
    tick(START + dt.timedelta(days=1))
    assert len(due_times(db)) <= CATCH_UP_MAX
    tick(START)
    for minute in range(0, 60 * 25, 5):
        tick(START + dt.timedelta(minutes=minute))
    result = due_times(db)
    assert len(result) == len(set(result))


def test_an_hour_back_is_no_second_run(schedule, db):
    schedule(overlap="queue")
    for minutes in (60, 61, 2, 30, 60, 61):
        tick(START + dt.timedelta(minutes=minutes))
    assert len(due_times(db)) == 1


def test_an_interval_goes_on_after_the_clock_went_back(schedule, db):
    schedule(every=5, overlap="queue")
    tick(START + HOUR * 5)
    count = len(due_times(db))
    for minute in range(12):
        tick(START + dt.timedelta(minutes=minute))
    assert len(due_times(db)) > count


@pytest.mark.parametrize("overlap", ["skip", "queue"])
def test_a_crontab_goes_on_after_one_moment_of_a_wrong_clock(schedule, db, overlap):
    schedule(cron="30 2 * * *", overlap=overlap)
    day = dt.timedelta(days=1)
    tick(START + day * 365)
    for days in range(4):
        for hours in range(24):
            with clock.set_to(START + day * days + HOUR * hours):
                fire_due()
                while run := jobs.claim("w"):
                    jobs.finish(run["_id"], "w", jobs.DONE)
    first = dt.datetime(2026, 5, 4, 18, 30, tzinfo=dt.UTC)
    due = [due_time for due_time in due_times(db, state=jobs.DONE) if due_time < START + day * 30]
    assert due == [first + day * days for days in range(4)]
    assert db.task_run.count_documents({"state": {"$ne": jobs.DONE}}) == 0


def test_what_a_wrong_clock_queued_is_woken_by_the_right_one(db):
    with clock.set_to(START + dt.timedelta(days=365)):
        ordered = jobs.enqueue(Order(task="mark_overdue"))
        wake_workers(lambda _id: None)
    with clock.set_to(START):
        tick(START)
        knocks = []
        wake_workers(knocks.append)
        assert knocks == [ordered]
        assert jobs.claim("w", ordered)


def test_what_a_wrong_clock_announced_is_announced_again(db):
    with clock.set_to(START):
        ordered = jobs.enqueue(Order(task="mark_overdue"))
    with clock.set_to(START + dt.timedelta(days=365)):
        wake_workers(lambda _id: None)
    with clock.set_to(START + HOUR):
        fire_due()
        knocks = []
        wake_workers(knocks.append)
    assert knocks == [ordered]


@pytest.mark.parametrize(("policy", "states"), [("skip", [jobs.QUEUED, jobs.SKIPPED]), ("queue", [jobs.QUEUED] * 2)])
def test_a_run_that_is_not_done_when_the_next_is_due(schedule, db, policy, states):
    schedule(overlap=policy)
    tick(START + HOUR)
    tick(START + HOUR * 2)
    assert [run["state"] for run in db.task_run.find().sort("due", 1)] == states


def test_a_run_that_hangs_and_keeps_later_ones_out_is_told(schedule, company, db):
    schedule(cron="30 2 * * *")
    day = dt.timedelta(days=1)
    tick(START + day)
    with clock.set_to(START + day):
        run = jobs.claim("hung")
    for days in range(2, 10):
        with clock.set_to(START + day * days):
            fire_due()
            jobs.renew(run["_id"], "hung")
            alarms.sweep()
    assert db.task_run.count_documents({"state": jobs.SKIPPED}) == 8
    assert db.task_run.find_one({"_id": run["_id"]})["left_out"] == 8
    values = {row["cause"].split(":")[2]: row["text"]["en"] for row in db.notice.find({"kind": "alarm"})}
    assert set(values) == {"stalled", "blocks"}
    assert db.notice.count_documents({"kind": "alarm"}) == 2
    assert "left out 1 times" in values["blocks"]


def test_one_that_makes_progress_and_keeps_later_ones_out_is_told_after_an_hour(schedule, company, db):
    schedule(every=10)
    tick(START + HOUR)
    result = {}
    with clock.set_to(START + HOUR):
        run = Run(jobs.claim("busy"), "busy")
    for minutes in range(10, 90, 10):
        with clock.set_to(START + HOUR + dt.timedelta(minutes=minutes)):
            fire_due()
            run.progress(minutes, 90)
            result[minutes] = alarms.sweep()
    assert [minutes for minutes, count in result.items() if count] == [70]


def test_an_edit_is_taken_up_at_the_next_tick(schedule, db):
    made = schedule(cron="0 6 * * *")
    clock_of = lambda: db.schedule_clock.find_one({"_id": made.id})  # noqa: E731
    first = clock_of()["next"]
    changes.update(type(made), made.id, {"cron": "30 7 * * *"}, actor=SYSTEM, version=None)
    tick(START + dt.timedelta(seconds=5))
    assert clock_of()["next"] - first == HOUR * 1.5
    changes.update(type(made), made.id, {"enabled": False}, actor=SYSTEM, version=None)
    tick(START + dt.timedelta(seconds=6))
    tick(START + dt.timedelta(days=2))
    assert due_times(db) == []
    changes.update(type(made), made.id, {"enabled": True}, actor=SYSTEM, version=None)
    tick(START + dt.timedelta(days=2))
    assert due_times(db) == []
    assert clock_of()["next"] > START + dt.timedelta(days=2)


@pytest.mark.parametrize("damage", [
    {"every": "often", "cron": None}, {"cron": 5}, {"task": None}, {"catch_up": 7, "params": 5}, {"time_zone": 5},
], ids=str)  # fmt: skip
def test_a_damaged_schedule_keeps_no_other_back(schedule, company, db, damage):
    bad, good = sorted((schedule(), schedule(name="另一項")), key=lambda record: record.id)
    db.schedule.update_one({"_id": bad.id}, {"$set": damage})
    if damage.get("task", "") is None:
        db.schedule.update_one({"_id": bad.id}, {"$unset": {"task": ""}})
    for hours in (1, 2):
        tick(START + HOUR * hours)
        tick(START + HOUR * hours)
    assert len(due_times(db, schedule=good.id)) == 2
    count_documents = db.notice.count_documents({"kind": "alarm", "record": bad.id, "person": company.users["it"]})
    assert count_documents == 1 or due_times(db, schedule=bad.id)


def test_a_removed_schedule_does_not_fire(schedule, db):
    made = schedule()
    changes.remove(type(made), made.id, actor=SYSTEM, version=None)
    tick(START + HOUR)
    assert due_times(db) == []
    assert db.schedule_clock.count_documents({}) == 0


def test_defaults_are_made_once_and_stay_removed(company, db):
    count = defaults.ensure_default_schedules()
    assert count >= 3
    assert defaults.ensure_default_schedules() == 0
    cls = catalogue["schedule"]
    changes.remove(cls, cls.objects.first().id, actor=SYSTEM, version=None)
    assert defaults.ensure_default_schedules() == 0


def test_schedules_of_a_job_that_is_no_more_go_and_say_what_does_its_work(schedule, company, db, browser_as):
    """As an earlier program left them: one of ours, one that IT made, a run that waits."""
    ours, own = schedule(name="催款步驟", cron="10 6 * * *"), schedule(name="夜間催款", cron="0 1 * * *")
    db.schedule.update_many({}, {"$set": {"task": "make_dunning"}})
    assert browser_as("it", locale="en").get("/admin/schedule/details/", {"id": own.id}).status_code == 200
    run = jobs.enqueue(Order(task="make_dunning"))
    assert defaults.retire_schedules() == 2
    assert defaults.retire_schedules() == 0
    entry = history.entries_of(ours.id)[-1]
    assert (entry["verb"], entry["reason"]) == ("remove", "此作業已併入「辦理到期的自動步驟」，本次未辦理任何事項。")
    assert work(run)
    kept = db.task_run.find_one({"_id": run})
    assert (kept["state"], kept["log"][-1]["text"]["en"]) == (
        jobs.DONE,
        "This is done by the job “Make the moves whose time has come” now; nothing was done here.",
    )
    page = browser_as("it", locale="en").get(f"/admin/task_run/details/?id={run}").text
    assert "Create dunning steps" in page


def test_the_calendar_of_a_new_company_is_ordered_at_once_and_one_time(company, db):
    defaults.ensure_default_schedules()
    made = db.schedule.find_one({"task": "calendar.load"})
    runs = list(db.task_run.find({"state": jobs.QUEUED, "not_before": {"$lte": clock.now()}}))
    assert [(run["task"], run["schedule"]) for run in runs] == [("calendar.load", made["_id"])]
    defaults.ensure_default_schedules()
    defaults.order_first_runs()
    assert db.task_run.count_documents({"task": "calendar.load"}) == 1


def test_what_is_stored_in_another_form_is_ordered_once_after_an_upgrade(company, db, monkeypatch):
    assert defaults.order_after_upgrade() == 1
    assert db.task_run.distinct("task") == ["search.refresh"]
    db.file.insert_one({"name": "掃描件.pdf"})
    assert defaults.order_after_upgrade() == 1
    assert set(db.task_run.distinct("task")) == {"search.refresh", "files.reread"}
    assert defaults.order_after_upgrade() == 0
    monkeypatch.setattr(search_parts, "FORM", "another")
    assert defaults.order_after_upgrade() == 1
    monkeypatch.setattr(reading, "VERSION", reading.VERSION + 1)
    assert defaults.order_after_upgrade() == 1
    counts = {name: db.task_run.count_documents({"task": name}) for name in ("search.refresh", "files.reread")}
    assert counts == {"search.refresh": 2, "files.reread": 2}


def test_one_run_alone_goes_over_all_files_of_a_new_company(company, db):
    db.file.insert_one({"name": "掃描件.pdf"})
    jobs.enqueue(Order(task="files.reread", once=reading.form_key()))  # as the load of the demo company does
    defaults.order_first_runs()
    defaults.order_after_upgrade()
    assert db.task_run.count_documents({"task": "files.reread"}) == 1
    assert db.task_run.count_documents({"task": "search.refresh"}) == 1


def test_the_scheduler_orders_it_when_it_begins_to_lead(db, monkeypatch):
    scheduler = Beat(Celery("tests"), lazy=True)
    scheduler.setup_schedule()
    orders = []
    monkeypatch.setattr(defaults, "order_after_upgrade", lambda: orders.append(1))
    for _ in range(3):
        scheduler.tick()
    scheduler.close()
    assert orders == [1]


def test_without_people_there_are_no_defaults_yet(db):
    assert defaults.ensure_default_schedules() == 0


def test_the_lease_is_held_by_one_until_it_runs_out(db):
    assert leases.take("beat", "a", 0.3)
    assert leases.take("beat", "a", 0.3)
    assert not leases.take("beat", "b", 0.3)
    db.lease.update_one({"_id": "beat"}, {"$set": {"until": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}})
    assert leases.take("beat", "b", 15)
    assert not leases.take("beat", "a", 15)
    leases.give_back("beat", "a")
    assert leases.is_held("beat")
    leases.give_back("beat", "b")
    assert not leases.is_held("beat")


def test_workers_are_woken_once_and_again_when_nobody_comes(db):
    id = jobs.enqueue(Order(task="mark_overdue"))
    jobs.enqueue(Order(task="mark_overdue", not_before=clock.now() + HOUR))
    knocks = []
    now = clock.now()
    for seconds in (0, 1, 2, 16, 17, 60, 3600, 3601):
        with clock.set_to(now + dt.timedelta(seconds=seconds, milliseconds=500)):
            wake_workers(knocks.append)
    assert knocks.count(id) == 4
    assert jobs.claim("w", id)
    db.task_run.update_one({"_id": id}, {"$set": {"lease": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}})
    assert wake_workers(knocks.append) >= 1
    assert knocks[-1] == id or knocks[-2] == id


def test_a_broker_that_is_away_loses_nothing(db):
    id = jobs.enqueue(Order(task="mark_overdue"))

    def away(_id):
        raise OperationalError

    assert wake_workers(away) == 0
    knocks = []
    assert wake_workers(knocks.append) == 1
    assert knocks == [id]
