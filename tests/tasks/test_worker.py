"""One run by one worker: done, failed, tried again ever later, set aside, put back; never two at once, never lost."""

import datetime as dt
import threading

import pytest
from bson import ObjectId
from pymongo.errors import AutoReconnect, OperationFailure, WriteError

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.errors import Refused
from models.kernel.base.words import L
from models.services.work import alarms as job_alarms
from models.services.work import jobs
from models.services.work.jobs import Order
from tasks.engine import alarms, registry, worker
from tasks.engine import run as engine
from tasks.engine.registry import Job
from tasks.engine.run import Lost, Run, Stopping
from tasks.engine.worker import StopFlag, work


@pytest.fixture
def job(monkeypatch):
    """Declares a job for one test."""
    monkeypatch.setattr(registry, "_jobs", {})

    def declare(body, **options):
        content = {"name": "trial", "label": L("Trial", "試驗"), "help": L("Trial", "試驗"), "body": body}
        registry._jobs["trial"] = Job(**content | options)

    return declare


@pytest.fixture
def queue(db):
    return lambda **facts: jobs.enqueue(Order(task="trial", **facts))


def run_of(db, id):
    return db.task_run.find_one({"_id": id})


def test_done_with_counts_checkpoint_and_log(job, queue, db):
    def body(run, days):
        run.log("begun")
        run.count(made=days)
        run.save(after=1)
        run.count(made=1)
        run.progress(1, 2, "half")
        run.count(made=1)

    job(body)
    id = queue(params={"days": 3})
    assert work(id)
    run = run_of(db, id)
    assert (run["state"], run["counts"], run["checkpoint"]) == (jobs.DONE, {"made": 5}, {"after": 1})
    assert run["log"][0]["text"] == "begun"
    assert run["error"] is None
    assert "lease" not in run


def test_a_message_without_an_order_has_no_effect(job, queue):
    job(lambda run: pytest.fail("ran"))
    assert not work(ObjectId())
    assert not work()


def test_a_message_that_comes_twice_or_days_later_has_no_effect(job, queue, db):
    ran = []
    job(lambda run: ran.append(1))
    id = queue()
    assert work(id)
    with clock.set_to(clock.now() + dt.timedelta(days=9)):
        assert not work(id)
    assert ran == [1]


def test_one_run_is_done_by_one_of_many_at_once(job, queue, db):
    ran, gate = [], threading.Barrier(8)
    job(lambda run: ran.append(run.worker))
    id = queue()

    def single():
        gate.wait()
        work(id)

    threads = [threading.Thread(target=single) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ran) == 1


def test_failures_are_tried_again_ever_later_and_then_set_aside(job, queue, db, company):
    job(lambda run: 1 / 0, tries=4)
    id = queue()
    now, delays = clock.now(), []
    for _ in range(3):
        with clock.set_to(now):
            assert work(id)
        run = run_of(db, id)
        assert run["state"] == jobs.QUEUED
        assert "ZeroDivisionError" in run["error"]
        delays.append((run["not_before"] - now).total_seconds())
        now = run["not_before"]
    assert delays == [10, 20, 40]
    with clock.set_to(now):
        assert work(id)
    run = run_of(db, id)
    assert run["state"] == jobs.SET_ASIDE
    assert "4" in run["sentence"]["en"]
    assert alarms.sweep() == 1
    assert alarms.sweep() == 0
    rows = list(db.notice.find({"person": company.users["it"]}))
    assert [notice["record"] for notice in rows] == [id]
    assert db.notice.count_documents({"person": {"$ne": company.users["it"]}}) == 0


def test_the_delay_has_a_bound(job, queue, db):
    job(lambda run: 1 / 0, tries=50)
    id = queue()
    db.task_run.update_one({"_id": id}, {"$set": {"attempts": 20}})
    before = clock.now()
    work(id)
    assert run_of(db, id)["not_before"] - before < dt.timedelta(minutes=16)


def test_a_job_that_kills_its_worker_each_time_is_set_aside(job, queue, db):
    ran = []
    job(lambda run: ran.append(1), tries=3)
    id = queue()
    for _ in range(3):
        assert jobs.claim("a worker that dies", id)
        db.task_run.update_one({"_id": id}, {"$set": {"lease": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}})
    assert work(id)
    assert run_of(db, id)["state"] == jobs.SET_ASIDE
    assert ran == []


def test_a_stop_puts_back_without_counting_the_attempt(job, queue, db):
    stop = StopFlag()

    def body(run):
        run.save(after=5)
        stop.set()
        run.save(after=6)

    job(body, tries=1)
    id = queue()
    work(id, stop=stop)
    run = run_of(db, id)
    assert (run["state"], run["attempts"], run["checkpoint"]) == (jobs.QUEUED, 0, {"after": 6})


def test_a_run_taken_by_another_is_left_alone(job, queue, db):
    def body(run):
        db.task_run.update_one({"_id": run.id}, {"$set": {"worker": "another"}})
        run.save(after=1)
        pytest.fail("went on")

    job(body)
    id = queue()
    work(id)
    run = run_of(db, id)
    assert (run["state"], run["worker"], run["checkpoint"]) == (jobs.RUNNING, "another", {})


def test_a_database_that_is_away_counts_as_no_attempt(job, queue, db):
    def body(run):
        raise AutoReconnect("gone")

    job(body, tries=1)
    id = queue()
    work(id)
    assert (run_of(db, id)["state"], run_of(db, id)["attempts"]) == (jobs.QUEUED, 0)


@pytest.mark.parametrize(("raised", "said"), [
    (Refused(L("The folder is full.", "資料夾已滿。")), "The folder is full."),
    (Refused(None, {"day": [L("No such day.", "沒有這一天。")]}), "No such day."),
    (MemoryError(), "memory"),
])  # fmt: skip
def test_what_cannot_be_mended_by_trying_fails_with_a_sentence(job, queue, db, raised, said):
    def body(run):
        raise raised

    job(body)
    id = queue()
    work(id)
    run = run_of(db, id)
    assert run["state"] == jobs.FAILED
    assert said in run["sentence"]["en"]
    assert run["sentence"]["zh-Hans"]


def test_parameters_that_do_not_fit_fail_at_once(job, queue, db):
    job(lambda run, days: None)
    id = queue(params={"weeks": 3})
    work(id)
    assert run_of(db, id)["state"] == jobs.FAILED


def test_an_unknown_job_is_set_aside(job, queue, db):
    id = queue()
    work(id)
    assert run_of(db, id)["state"] == jobs.SET_ASIDE


def test_the_lease_is_kept_while_a_body_is_silent(job, queue, db, monkeypatch):
    monkeypatch.setattr(jobs, "LEASE", dt.timedelta(milliseconds=300))
    monkeypatch.setattr(jobs, "_LEASE_FROM_NOW", {"$add": ["$$NOW", 300]})
    claims = []

    def body(run):
        for _ in range(5):
            threading.Event().wait(0.2)
            claims.append(jobs.claim("another", run.id))

    job(body)
    id = queue()
    work(id)
    assert claims == [None] * 5
    assert run_of(db, id)["state"] == jobs.DONE


def test_runs_of_one_schedule_follow_each_other(job, queue, db):
    job(lambda run: None)
    schedule = ObjectId()
    first, second = queue(schedule=schedule), queue(schedule=schedule)
    work(second)
    assert (run_of(db, second)["state"], run_of(db, second)["attempts"]) == (jobs.QUEUED, 0)
    work(first)
    with clock.set_to(clock.now() + worker.WAITS_FOR_EARLIER):
        work(second)
    assert run_of(db, second)["state"] == jobs.DONE


def test_a_run_that_nobody_begins_is_told_to_it_once(queue, db, company):
    with clock.set_to(clock.now() - dt.timedelta(minutes=6)):
        queue()
    queue()
    assert alarms.sweep() == 1
    assert alarms.sweep() == 0
    assert db.notice.count_documents({"person": company.users["it"], "kind": "alarm"}) == 1


class TestHanging:
    """A body that shows no progress is told, and ended where it has a process of its own; one that goes on is not."""

    def informed(self, db):
        return [row["cause"].split(":")[2] for row in db.notice.find({"kind": "alarm"}).sort("_id", 1)]

    def test_told_once_when_it_shows_no_progress(self, job, queue, db, company):
        id = queue()
        now = clock.now()
        assert jobs.claim("hung", id)
        for minutes in (1, 29, 31, 60, 600):
            with clock.set_to(now + dt.timedelta(minutes=minutes)):
                jobs.renew(id, "hung")
                assert alarms.sweep() == (1 if minutes == 31 else 0)
        assert self.informed(db) == ["stalled"]
        assert "hung" in db.notice.find_one()["text"]["en"]

    def test_progress_renews_the_bound(self, job, queue, db, company):
        id = queue()
        run, now = Run(jobs.claim("w", id), "w"), clock.now()
        for minutes in range(0, 300, 25):
            with clock.set_to(now + dt.timedelta(minutes=minutes)):
                run.progress(minutes, 300)
                assert alarms.sweep() == 0

    def test_each_job_has_its_own_patience(self, job, queue, db, company):
        job(lambda run: None, stall_timeout=dt.timedelta(hours=3))
        id = queue()
        work(id)
        run = run_of(db, id)
        assert run["stalls_at"] - run["moved"] == dt.timedelta(hours=3)

    def test_another_fault_of_the_same_run_is_told_as_well(self, job, queue, db, company):
        job(lambda run: 1 / 0, tries=1)
        now = clock.now()
        id = queue()
        with clock.set_to(now + dt.timedelta(minutes=6)):
            assert (alarms.sweep(), alarms.sweep()) == (1, 0)
            work(id)
            assert (alarms.sweep(), alarms.sweep()) == (1, 0)
        assert self.informed(db) == ["not_taken", "set_aside"]

    def test_one_that_was_begun_and_that_nobody_goes_on_with(self, job, queue, db, company):
        job(lambda run: 1 / 0)
        id = queue()
        work(id)
        with clock.set_to(clock.now() + dt.timedelta(minutes=6)):
            assert alarms.sweep() == 1
        assert "was to go on" in db.notice.find_one()["text"]["en"]

    def test_one_whose_worker_died_and_that_nobody_takes(self, job, queue, db, company):
        id = queue()
        jobs.claim("dead", id)
        db.task_run.update_one({"_id": id}, {"$set": {"lease": clock.now() - dt.timedelta(minutes=6)}})
        assert (alarms.sweep(), alarms.sweep()) == (1, 0)
        assert self.informed(db) == ["not_taken"]

    def test_put_back_for_long(self, job, queue, db, company):
        ready = []

        def body(run):
            if not ready:
                raise AutoReconnect("gone")

        job(body)
        id, now, result = queue(), clock.now(), []
        for seconds in range(0, 40 * 60, 20):
            with clock.set_to(now + dt.timedelta(seconds=seconds)):
                assert work(id)
                result.append(alarms.sweep())
        assert result.count(1) == 1
        assert result.index(1) * 20 == pytest.approx(30 * 60, abs=30)
        assert self.informed(db) == ["put_off"]
        assert job_alarms.count(job_alarms.PUT_OFF) == 0  # by the clock of today
        with clock.set_to(now + dt.timedelta(minutes=41)):
            assert job_alarms.count(job_alarms.PUT_OFF) == 1
            ready.append(1)
            work(id)
            assert job_alarms.count(job_alarms.PUT_OFF) == 0

    @pytest.fixture
    def ended(self, monkeypatch):
        """Instead of the process, the body ends."""
        monkeypatch.setattr(jobs, "LEASE", dt.timedelta(milliseconds=150))
        happened = threading.Event()
        monkeypatch.setattr(worker, "end_process", happened.set)
        return happened

    def test_one_that_hangs_is_ended_with_its_process(self, job, queue, db, ended):
        job(lambda run: ended.wait(10), hard_timeout=dt.timedelta(seconds=0.3))
        id = queue()
        work(id, is_alone=True)
        assert ended.is_set()
        assert "沒有進展" in run_of(db, id)["log"][0]["text"]["zh-Hant"]

    def test_one_that_goes_on_is_not(self, job, queue, db, ended):
        def body(run):
            for step in range(15):
                ended.wait(0.1)
                run.save(step=step)

        job(body, hard_timeout=dt.timedelta(seconds=0.8))
        work(queue(), is_alone=True)
        assert not ended.is_set()

    def test_nor_one_that_shares_its_process(self, job, queue, db, ended):
        job(lambda run: ended.wait(1), hard_timeout=dt.timedelta(seconds=0.1))
        id = queue()
        work(id)
        assert not ended.is_set()
        assert run_of(db, id)["state"] == jobs.DONE


class TestDamagedRecords:
    """What a single record raises keeps no other back; what is no record's fault ends the run as ever."""

    @pytest.mark.parametrize("raised", [
        TypeError(), KeyError("chain"), AttributeError(), ValueError(), AssertionError(), RuntimeError(),
        WriteError("Cannot increment", 14),
    ], ids=repr)  # fmt: skip
    def test_the_others_are_done_and_it_is_told_once(self, job, queue, db, company, raised):
        done = []

        def single(row):
            if row == 2:
                raise raised
            done.append(row)
            return row

        job(lambda run: run.count(made=sum(run.each("customer", [1, 2, 3], single))))
        ids = [queue() for _ in range(2)]
        for id in ids:
            assert work(id)
        assert done == [1, 3] * 2
        assert [run_of(db, id)["counts"] for id in ids] == [{"made": 4, "damaged": 1}] * 2
        assert run_of(db, ids[0])["log"][0]["text"].startswith("customer 2: ")
        rows = list(db.notice.find({"kind": "alarm"}))
        assert [(row["person"], row["record"]) for row in rows] == [(company.users["it"], ids[0])]
        assert "客戶檔案 2" in rows[0]["text"]["zh-Hant"]

    @pytest.mark.parametrize(("raised", "state"), [
        (AutoReconnect("gone"), jobs.QUEUED),
        (OperationFailure("out of disk", 14031), jobs.QUEUED),
        (WriteError("out of disk", 14031), jobs.QUEUED),
        (OSError("disk"), jobs.QUEUED),
        (Stopping(), jobs.QUEUED),
        (MemoryError(), jobs.FAILED),
        (Refused(L("No font.", "沒有字體。")), jobs.FAILED),
        (Lost(), jobs.RUNNING),
    ], ids=repr)  # fmt: skip
    def test_what_is_no_records_fault(self, job, queue, db, company, raised, state):
        def single(row):
            raise raised

        job(lambda run: run.each("customer", [1, 2], single))
        id = queue()
        work(id)
        assert run_of(db, id)["state"] == state
        assert "damaged" not in run_of(db, id)["counts"]
        assert db.notice.count_documents({}) == 0


class TestSweep:
    """Every record of a filter once, whatever is refused, damaged, stopped or killed on the way."""

    @pytest.fixture
    def rows(self, company, monkeypatch):
        monkeypatch.setattr(engine, "BATCH", 2)
        made = [company.make("customer", "clerk_sal").id for _ in range(5)]
        return sorted(made)

    def sweep(self, run, body, **options):
        run.sweep(catalogue["customer"], {"_id": {"$exists": True}}, body, **options)

    def test_each_once_in_the_order_of_their_ids_with_the_columns_asked_for(self, job, queue, db, rows):
        seen = []
        job(lambda run: self.sweep(run, lambda row: not seen.append(row), columns=("number",)))
        assert work(queue())
        assert [row["_id"] for row in seen] == rows
        assert {frozenset(row) for row in seen} == {frozenset({"_id", "number"})}

    def test_what_is_in_the_bin_is_left_out(self, job, queue, db, rows, company):
        db["customer"].update_one({"_id": rows[1]}, {"$set": {"removed_at": clock.now()}})
        job(lambda run: self.sweep(run, lambda row: True))
        id = queue()
        assert work(id)
        assert run_of(db, id)["counts"] == {"done": 4}

    def test_one_that_is_refused_or_damaged_keeps_no_other_back(self, job, queue, db, rows):
        def body(row):
            if row["_id"] == rows[1]:
                raise Refused(L("No.", "不可。"))
            if row["_id"] == rows[2]:
                raise ValueError
            return row["_id"] != rows[3]

        job(lambda run: self.sweep(run, body))
        id = queue()
        assert work(id)
        assert run_of(db, id)["counts"] == {"done": 2, "refused": 1, "damaged": 1}

    @pytest.mark.parametrize("stops_at", range(5))
    def test_stopped_anywhere_it_goes_on_with_the_batch_that_was_begun(self, job, queue, db, rows, stops_at):
        seen, fails = [], [True]

        def body(row):
            if row["_id"] == rows[stops_at] and fails:
                fails.clear()
                raise AutoReconnect("gone")
            seen.append(row["_id"])

        job(lambda run: [self.sweep(run, body, key=key) for key in ("a", "b")])
        id = queue()
        assert work(id)
        with clock.set_to(clock.now() + dt.timedelta(hours=1)):
            assert work(id)
        again = stops_at % 2
        assert sorted(seen) == sorted([*rows, *rows, *rows[stops_at - again : stops_at]])
        assert run_of(db, id)["checkpoint"]["swept"] == ["a", "b"]
