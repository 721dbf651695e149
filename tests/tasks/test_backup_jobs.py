"""Backups by policy: what the jobs write down, what they tell, what they delete; and the screen of IT."""

import datetime as dt
import os
from dataclasses import replace

import pytest
from bson import ObjectId
from pymongo import MongoClient

from models import backups, catalogue
from models.backups import BROKEN, DIFFERENT, EQUAL, FAILED, GOOD, PRUNED, Backup, RestoreDrill
from models.kernel import changes, clock, jobs
from models.kernel.jobs import Order
from models.kernel.people import SYSTEM
from models.kernel.told import told_now
from models.kernel.words import speaking
from tasks import jobs_backup
from tasks.backup.crypt import set_keys
from tasks.backup.keep import Candidate, Keep, to_prune
from tasks.backup.targets import Target
from tasks.worker import work

NOW = dt.datetime(2026, 3, 31, 20, tzinfo=dt.UTC)


def make(name, /, **values):
    return changes.create(catalogue[name], values, actor=SYSTEM)


@pytest.fixture
def it(db):
    department = make("department", code="ITD", name="信息技術部").id
    return make("user", login="it", name="信息", department=department, roles=["it"])


@pytest.fixture
def small(settings, monkeypatch):
    """What the jobs save: a small database in the place of the whole one, so that drills are quick."""
    with MongoClient(settings.mongodb_uri, tz_aware=True) as client:
        found = client[f"{settings.database}_j"]
        client.drop_database(found.name)
        found["user"].insert_many([{"n": n} for n in range(10)])
        found["department"].insert_one({})
        monkeypatch.setattr(jobs_backup, "get_db", lambda: found)
        yield found
        client.drop_database(found.name)


@pytest.fixture
def policy(it, small, tmp_path):
    folder = tmp_path / "backups"
    folder.mkdir()
    set_keys({1: b"1" * 32})
    yield make("backup_policy", name="夜間", target=str(folder), department=it.ref("department"), owner=it.id)
    set_keys({})


def run(task, **params):
    """Order a job and carry it out at once; returns its run."""
    run_id = jobs.enqueue(Order(task=task, params=params))
    assert work(run_id)
    return jobs_of(run_id)


def jobs_of(run_id):
    return Backup._get_db()[jobs.COLLECTION].find_one({"_id": run_id})


def only(cls):
    return cls.objects.get()


def test_a_backup_is_made_verified_and_written_down(policy):
    done = run("backup.run", policy=str(policy.id))
    made = only(Backup)
    assert (done["state"], made.outcome) == (jobs.DONE, GOOD)
    assert made.verified_at is not None
    assert made.checksum.startswith("hmac-sha256:")
    assert made.documents == sum(line.documents for line in made.collections)
    assert {"user", "department"} <= {line.name for line in made.collections}
    assert Target(policy.target).entries() == [made.entry]
    assert done["progress"]["total"] > 0


def test_without_a_policy_every_one_in_force(policy, tmp_path):
    (tmp_path / "second").mkdir()
    facts = {"department": policy.ref("department"), "owner": policy.ref("owner")}
    make("backup_policy", name="二", target=str(tmp_path / "second"), **facts)
    make("backup_policy", name="三", target=str(tmp_path / "third"), enabled=False, **facts)
    run("backup.run")
    assert [one.outcome for one in Backup.objects] == [GOOD, GOOD]


def test_a_target_that_is_away_is_said_and_the_next_one_works(policy):
    os.rename(policy.target, policy.target + "x")
    done = run("backup.run", policy=str(policy.id))
    assert done["state"] == jobs.FAILED
    assert "does not exist" in done["sentence"]["en"]
    assert only(Backup).outcome == FAILED
    os.rename(policy.target + "x", policy.target)
    run("backup.run", policy=str(policy.id))
    assert sorted(one.outcome for one in Backup.objects) == [FAILED, GOOD]


def test_a_missing_key_is_said(policy):
    set_keys({})
    done = run("backup.run", policy=str(policy.id))
    assert "GUICHENG_BACKUP_KEYS" in done["sentence"]["en"]
    assert Target(policy.target).entries() == []


def test_what_a_killed_attempt_left_is_cleared(policy):
    run_id = jobs.enqueue(Order(task="backup.run", params={"policy": str(policy.id)}))
    target = Target(policy.target)
    target.begin("guicheng-20260101T000000Z-00000000")
    facts = {"policy": policy.id, "entry": "guicheng-20260101T000000Z-00000000", "outcome": "running"}
    facts |= {"begun": clock.now(), "department": policy.ref("department")}
    changes.create(Backup, facts, actor=SYSTEM, once=f"backup:{run_id}:{policy.id}:1:x")
    work(run_id)
    assert sorted(one.outcome for one in Backup.objects) == [FAILED, GOOD]
    assert target.entries() == [Backup.objects.get(outcome=GOOD).entry]


def test_a_backup_that_ended_after_the_moment_it_holds_is_known_again(policy):
    """As after its restore: the record says that it runs, its run is over, and the folder holds all of it."""
    run("backup.run", policy=str(policy.id))
    made = only(Backup)
    gone = {"outcome": "running", "verified_at": None, "documents": None}
    changes.update(Backup, made.id, gone, actor=SYSTEM, version=None)
    run("backup.run", policy=str(policy.id))
    known = Backup.objects.get(id=made.id)
    assert (known.documents, known.outcome) == (made.documents, PRUNED), "one is kept for each day"
    assert known.verified_at is not None
    assert Target(policy.target).entries() == [Backup.objects.get(outcome=GOOD).entry]


def test_faults_are_read_in_the_readers_language(policy, browser_as):
    os.rename(policy.target, policy.target + "x")
    run("backup.run", policy=str(policy.id))
    it = browser_as("it")
    url = f"/admin/backup/details/?id={only(Backup).id}"
    for page in ("/admin/backups/", url):
        assert "不存在。請建立目錄或掛載磁盤後重試。" in it.page(page).text
    with speaking("en"):
        assert "does not exist" in told_now(only(Backup).error)


def test_a_drill_proves_a_backup(policy):
    run("backup.run", policy=str(policy.id))
    assert run("backup.drill")["state"] == jobs.DONE
    found = only(RestoreDrill)
    assert (found.outcome, found.differences) == (EQUAL, None)
    assert found.documents == only(Backup).documents
    assert only(Backup).drilled_at is not None


def test_damage_found_by_the_drill_or_the_check_is_written_down(policy):
    run("backup.run", policy=str(policy.id))
    made = only(Backup)
    folder = os.path.join(policy.target, made.entry)
    path = next(os.path.join(folder, d, f) for d in os.listdir(folder) if "." not in d for f in ["user.bson.zst.enc"])
    os.truncate(path, os.path.getsize(path) - 1)
    assert run("backup.drill", policy=str(policy.id))["state"] == jobs.FAILED
    assert only(RestoreDrill).outcome == FAILED
    assert only(Backup).outcome == BROKEN
    changes.update(Backup, made.id, {"outcome": GOOD}, actor=SYSTEM, version=None)
    assert "user.bson" in run("backup.verify")["sentence"]["en"]
    assert only(Backup).outcome == BROKEN


def test_a_difference_is_not_a_proof(policy, small):
    content = small["content.files"].insert_one({"length": 3}).inserted_id
    small["file"].insert_one({"content": content, "name": "壞.pdf", "size": 3, "sha256": "0" * 64, "removed_at": None})
    run("backup.run", policy=str(policy.id))
    done = run("backup.drill", policy=str(policy.id))
    assert "壞.pdf" in done["sentence"]["en"]
    assert only(RestoreDrill).outcome == DIFFERENT
    assert only(Backup).drilled_at is None


def test_old_ones_are_pruned_but_never_what_others_put_there(policy):
    run("backup.run", policy=str(policy.id))
    first = only(Backup)
    foreign = "guicheng-20200101T000000Z-ffffffff"
    Target(policy.target).begin(foreign)
    changes.update(Backup, first.id, {"begun": clock.now() - dt.timedelta(days=3)}, actor=SYSTEM, version=None)
    rules = {"daily": 1, "weekly": 0, "monthly": 0, "yearly": 0}
    changes.update(type(policy), policy.id, rules, actor=SYSTEM, version=None)
    run("backup.run", policy=str(policy.id))
    kept = Backup.objects.get(outcome=GOOD)
    assert Target(policy.target).entries() == [foreign, kept.entry]
    assert Backup.objects.get(id=first.id).outcome == PRUNED
    assert run("backup.prune")["counts"] == {}


def test_a_backup_of_a_wrong_clock_hides_no_alarm(policy, it, db):
    now = clock.now()
    with clock.set_to(now + dt.timedelta(days=365)):
        run("backup.run", policy=str(policy.id))
    with clock.set_to(now + dt.timedelta(hours=1)):
        [(_, said)] = backups.alarms()
        assert "is still to come" in str(said)
        run("backup.run", policy=str(policy.id))
        assert backups.alarms() == []
    with clock.set_to(now + dt.timedelta(hours=60)):
        assert any("hours old" in str(words) for _, words in backups.alarms())


def test_alarms_are_told_to_it_once_a_day(policy, it, db):
    def age(**by):
        db["backup_policy"].update_one({"_id": policy.id}, {"$set": {"created_at": clock.now() - dt.timedelta(**by)}})

    assert backups.alarms() == []
    age(days=30)
    assert "no good backup yet" in str(backups.alarms()[0][1])
    run("backup.run", policy=str(policy.id))
    assert "drill" in str(backups.alarms()[0][1])
    run("backup.drill")
    assert backups.alarms() == []
    long_ago = {"begun": clock.now() - dt.timedelta(hours=40), "drilled_at": clock.now() - dt.timedelta(days=20)}
    db["backup"].update_many({}, {"$set": long_ago})
    assert len(backups.alarms()) == 2
    db["notice"].delete_many({})
    run("backup.alarms")
    run("backup.alarms")
    told = list(db["notice"].find({"person": it.id, "kind": "alarm"}))
    assert sorted("40 hours" in one["text"]["en"] for one in told) == [False, True]


def test_no_policy_is_an_alarm(it):
    assert [policy for policy, _words in backups.alarms()] == [None]


@pytest.mark.parametrize("target", ["backups", "../x", "/srv/../etc", ""])
def test_a_place_is_named_in_full(it, target):
    from models.kernel.errors import Refused

    with pytest.raises(Refused):
        make("backup_policy", name="x", target=target, department=it.ref("department"))


def days(count, **facts):
    return [Candidate(f"b{n:03}", NOW - dt.timedelta(days=n), **{"good": True, **facts}) for n in range(count)]


def test_keeps_days_weeks_months_years():
    kept = {one.name for one in days(800)} - set(to_prune(days(800), Keep(7, 4, 3, 2), NOW))
    assert {f"b{n:03}" for n in range(7)} <= kept
    assert len(kept) <= 7 + 4 + 3 + 2
    ages = sorted(int(name[1:]) for name in kept)
    assert ages[-1] > 80


def test_never_the_last_good_one():
    old = [Candidate("good", NOW - dt.timedelta(days=900), True, True)]
    bad = [replace(one, good=False) for one in days(100)]
    assert "good" not in to_prune(old + bad, Keep(1, 0, 0, 0), NOW)
    assert to_prune(bad, Keep(1, 0, 0, 0), NOW) == []


def test_never_the_last_drilled_one():
    drilled = replace(days(50)[40], drilled=True)
    assert drilled.name not in to_prune([*days(40), drilled], Keep(1, 0, 0, 0), NOW)


def test_what_just_failed_may_still_be_looked_at():
    failed = Candidate("failed", NOW - dt.timedelta(hours=3), False)
    stale = Candidate("stale", NOW - dt.timedelta(days=3), False)
    assert to_prune([*days(1), failed, stale], Keep(), NOW) == ["stale"]


def test_the_page_of_it(policy, browser_as):
    run("backup.run", policy=str(policy.id))
    run("backup.drill")
    it = browser_as("it")
    page = it.page("/admin/backups/")
    text = page.text
    assert only(Backup).entry in text
    assert only(Backup).checksum.rpartition(":")[2][:12] in text
    form = page.form("/admin/backups/run/")
    answer = it.post(form.action, {**form, "what": "drill"})
    assert answer.status_code == 302
    again = it.post(form.action, {**form, "what": "drill"})
    assert again.headers["Location"] == answer.headers["Location"]
    run_id = ObjectId(answer.headers["Location"].partition("id=")[2])
    assert (jobs_of(run_id)["task"], jobs_of(run_id)["params"]) == ("backup.drill", {"policy": str(policy.id)})
    assert it.post(form.action, {**form, "what": "nonsense"}).status_code >= 400


def test_alarms_on_its_home(it, browser_as):
    page = browser_as("it").page("/admin/")
    assert "/admin/backups/" in page.links


@pytest.mark.parametrize("role", ["clerk", "supervisor", "management", "hr"])
def test_nobody_else(policy, browser_as, role):
    make("user", login=f"a_{role}", name="甲", department=policy.ref("department"), roles=[role])
    browser = browser_as(f"a_{role}")
    for path in ("/admin/backups/", "/admin/backup/", "/admin/backup_policy/", "/admin/restore_drill/"):
        assert browser.get(path).status_code in (403, 404), path
    assert browser.post("/admin/backups/run/", {"id": str(policy.id), "what": "backup"}).status_code in (403, 404)
    assert "/admin/backups/" not in browser.page("/admin/").links
