"""Backups by policy: what the jobs write down, what they tell, what they delete; and the screen of IT."""

import datetime as dt
import os
import re
import shutil
from dataclasses import replace

import pytest
from bson import ObjectId
from pymongo import MongoClient

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.people import SYSTEM
from models.kernel.base.words import in_all_locales, speaking
from models.kernel.gate import changes
from models.kernel.language.localized import localized
from models.operations import backups
from models.operations.backups import BROKEN, DIFFERENT, EQUAL, FAILED, GOOD, PRUNED, Backup, RestoreDrill
from models.services.naming import named
from models.services.work import jobs
from models.services.work.jobs import Order
from tasks.backup import jobs as jobs_backup
from tasks.backup.crypt import KeyRing, set_keys
from tasks.backup.dump import dump
from tasks.backup.format import new_entry_name
from tasks.backup.keep import Candidate, Keep, to_prune
from tasks.backup.restore import INDEXING
from tasks.backup.targets import MARK, Target
from tasks.engine.run import Run
from tasks.engine.worker import work

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
        row = client[f"{settings.database}_j"]
        client.drop_database(row.name)
        row["user"].insert_many([{"n": n} for n in range(10)])
        row["department"].insert_one({})
        monkeypatch.setattr(jobs_backup, "get_db", lambda: row)
        yield row
        client.drop_database(row.name)


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


def test_what_a_killed_command_left_is_cleared_away_and_said(policy):
    target = Target(policy.target)
    with clock.set_to(clock.now() - dt.timedelta(hours=13)):
        left = new_entry_name()
    target.begin(left)
    target.set_writing(left, "another")
    done = run("backup.run", policy=str(policy.id))
    assert target.entries() == [only(Backup).entry]
    assert left in str(done["log"])


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
    assert [item.outcome for item in Backup.objects] == [GOOD, GOOD]


def test_a_target_that_is_away_is_said_and_the_next_one_works(policy):
    os.rename(policy.target, policy.target + "x")
    done = run("backup.run", policy=str(policy.id))
    assert done["state"] == jobs.FAILED
    assert "does not exist" in done["sentence"]["en"]
    assert only(Backup).outcome == FAILED
    os.rename(policy.target + "x", policy.target)
    run("backup.run", policy=str(policy.id))
    assert sorted(item.outcome for item in Backup.objects) == [FAILED, GOOD]


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
    assert sorted(item.outcome for item in Backup.objects) == [FAILED, GOOD]
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
        assert "does not exist" in localized(only(Backup).error)


def test_a_drill_proves_a_backup(policy):
    run("backup.run", policy=str(policy.id))
    assert run("backup.drill")["state"] == jobs.DONE
    result = only(RestoreDrill)
    assert (result.outcome, result.differences) == (EQUAL, None)
    assert result.documents == only(Backup).documents
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


def unmounted(policy):
    """The disk goes away, and its mount point stays as an empty folder; returns what mounts it again."""
    mount, disk = policy.target, policy.target + ".disk"
    os.rename(mount, disk)
    os.mkdir(mount)

    def mounted():
        os.rmdir(mount)
        os.rename(disk, mount)

    return mounted


def every_eighth_day(policy, count):
    """Backups of so many weeks; returns the time after the last one."""
    begun = clock.now()
    for n in range(count):
        with clock.set_to(begun + dt.timedelta(days=8 * n)):
            run("backup.run", policy=str(policy.id))
    return begun + dt.timedelta(days=8 * count)


def outcomes():
    return [item.outcome for item in Backup.objects.order_by("begun")]


def test_a_disk_that_is_not_mounted_marks_nothing_as_damaged(policy):
    later = every_eighth_day(policy, 3)
    names = Target(policy.target).entries()
    mounted = unmounted(policy)
    with clock.set_to(later):
        for task in ("backup.drill", "backup.verify", "backup.prune"):
            done = run(task, policy=str(policy.id))
            said = done["sentence"]["en"] if done["state"] == jobs.FAILED else ""
            assert task == "backup.prune" or "not mounted" in said
    assert outcomes() == [GOOD, GOOD, GOOD]
    assert only(RestoreDrill).outcome == FAILED
    mounted()
    with clock.set_to(later + dt.timedelta(days=3)):
        run("backup.run", policy=str(policy.id))
    assert set(names) < set(Target(policy.target).entries())


def test_a_backup_is_not_written_onto_an_empty_mount_point(policy):
    run("backup.run", policy=str(policy.id))
    mounted = unmounted(policy)
    done = run("backup.run", policy=str(policy.id))
    assert (done["state"], "not mounted" in done["sentence"]["en"]) == (jobs.FAILED, True)
    assert "未掛載" in done["sentence"]["zh-Hant"]
    assert os.listdir(policy.target) == []
    mounted()
    assert run("backup.run", policy=str(policy.id))["state"] == jobs.DONE
    assert sorted(outcomes()) == [FAILED, GOOD, PRUNED], "one is kept for each day"


def test_backups_may_begin_anew_on_a_fresh_disk(policy):
    run("backup.run", policy=str(policy.id))
    unmounted(policy)
    with open(os.path.join(policy.target, MARK), "w"):
        pass
    assert run("backup.run", policy=str(policy.id))["state"] == jobs.DONE


def test_a_folder_of_before_the_mark_is_known_by_its_backups(policy):
    run("backup.run", policy=str(policy.id))
    os.remove(os.path.join(policy.target, MARK))
    assert run("backup.verify", policy=str(policy.id))["state"] == jobs.DONE
    assert run("backup.run", policy=str(policy.id))["state"] == jobs.DONE
    assert Target(policy.target).has_mark()


def moved(policy, tmp_path):
    """The policy names another folder from now on; returns the former one."""
    (tmp_path / "new").mkdir()
    former = policy.target
    changes.update(type(policy), policy.id, {"target": str(tmp_path / "new")}, actor=SYSTEM, version=None)
    return former


def test_a_policy_with_a_new_target_still_knows_where_its_backups_lie(policy, tmp_path):
    later = every_eighth_day(policy, 2)
    names = Target(policy.target).entries()
    former = moved(policy, tmp_path)
    assert run("backup.drill", policy=str(policy.id))["state"] == jobs.DONE
    assert run("backup.verify", policy=str(policy.id))["state"] == jobs.DONE
    rules = {"daily": 1, "weekly": 0, "monthly": 0, "yearly": 0}
    changes.update(type(policy), policy.id, rules, actor=SYSTEM, version=None)
    with clock.set_to(later):
        run("backup.run", policy=str(policy.id))
    assert [item.target for item in Backup.objects.order_by("begun")] == [former, former, str(tmp_path / "new")]
    assert outcomes() == [PRUNED, GOOD, GOOD], "the last one that a drill proved stays"
    assert Target(former).entries() == names[1:]


def test_a_former_target_that_is_gone_hinders_nothing(policy, tmp_path):
    later = every_eighth_day(policy, 2)
    former = moved(policy, tmp_path)
    os.rename(former, former + "x")
    rules = {"daily": 1, "weekly": 0, "monthly": 0, "yearly": 0}
    changes.update(type(policy), policy.id, rules, actor=SYSTEM, version=None)
    with clock.set_to(later):
        done = run("backup.run", policy=str(policy.id))
    assert done["state"] == jobs.DONE
    assert "does not exist" in done["log"][-1]["text"]["en"]
    assert outcomes() == [GOOD, GOOD, GOOD], "nothing is said to be deleted that was not"


def test_one_of_two_policies_fails_and_the_other_is_carried_out(policy, tmp_path):
    (tmp_path / "second").mkdir()
    facts = {"department": policy.ref("department"), "owner": policy.ref("owner")}
    make("backup_policy", name="一", target=str(tmp_path / "away"), **facts)
    make("backup_policy", name="萬", target=str(tmp_path / "second"), **facts)
    done = run("backup.run")
    assert (done["state"], "away does not exist" in done["sentence"]["en"]) == (jobs.FAILED, True)
    assert sorted(outcomes()) == [FAILED, GOOD, GOOD]


def marked(outcome):
    changes.update(
        Backup, Backup.objects.order_by("begun").first().id, {"outcome": outcome}, actor=SYSTEM, version=None
    )


@pytest.mark.parametrize("mark", [BROKEN, FAILED])
def test_what_was_marked_by_mistake_is_looked_at_again_before_it_goes(policy, mark):
    later = every_eighth_day(policy, 2)
    marked(mark)
    with clock.set_to(later):
        run("backup.prune")
    assert outcomes() == [GOOD, GOOD]
    assert len(Target(policy.target).entries()) == 2


def test_a_manifest_that_is_intact_is_never_pruned_for_a_missing_file(policy):
    later = every_eighth_day(policy, 2)
    marked(BROKEN)
    folder = os.path.join(policy.target, Target(policy.target).entries()[0])
    path = next(os.path.join(root, name) for root, _, names in os.walk(folder) for name in names if "user.bson" in name)
    os.rename(path, policy.target + ".away")
    with clock.set_to(later):
        run("backup.prune")
    assert (outcomes(), os.path.isdir(folder)) == ([BROKEN, GOOD], True)
    os.rename(policy.target + ".away", path)
    os.truncate(path, 40)
    with clock.set_to(later):
        run("backup.prune")
    assert (outcomes(), os.path.isdir(folder)) == ([PRUNED, GOOD], False)


def test_another_backup_in_its_place_is_not_believed(policy, small):
    later = every_eighth_day(policy, 1)
    small["user"].insert_many([{"n": n} for n in range(10, 500)])
    with clock.set_to(later):
        run("backup.run", policy=str(policy.id))
    old, new = Target(policy.target).entries()
    shutil.rmtree(os.path.join(policy.target, new))
    shutil.copytree(os.path.join(policy.target, old), os.path.join(policy.target, new))
    for task in ("backup.verify", "backup.drill"):
        changes.update(Backup, Backup.objects.get(entry=new).id, {"outcome": GOOD}, actor=SYSTEM, version=None)
        assert f"holds the backup {old}" in run(task, policy=str(policy.id))["sentence"]["en"]
        assert outcomes() == [GOOD, BROKEN]


def test_a_forged_one_in_the_clear_is_not_believed(policy, small):
    run("backup.run", policy=str(policy.id))
    made = only(Backup)
    for ring, said in ((KeyRing({}), "is not encrypted"), (KeyRing({1: b"1" * 32}), "its seal is not the one")):
        Target(policy.target).delete(made.entry)
        small["user"].insert_one({"n": "forged"})
        dump(small, Target(policy.target), ring, plain=not ring, name=made.entry)
        for task in ("backup.verify", "backup.drill"):
            changes.update(Backup, made.id, {"outcome": GOOD}, actor=SYSTEM, version=None)
            assert said in run(task, policy=str(policy.id))["sentence"]["en"]
            assert outcomes() == [BROKEN]


def test_a_forged_one_in_the_place_of_one_that_was_cut_off(policy, small):
    """Its seal was not noted any more, but that it was to be encrypted was."""
    run("backup.run", policy=str(policy.id))
    made = only(Backup)
    gone = {"outcome": "running", "verified_at": None, "checksum": None}
    changes.update(Backup, made.id, gone, actor=SYSTEM, version=None)
    Target(policy.target).delete(made.entry)
    dump(small, Target(policy.target), KeyRing({}), plain=True, name=made.entry)
    run("backup.run", policy=str(policy.id))
    assert Backup.objects.get(id=made.id).outcome == FAILED


def test_progress_and_log_are_read_in_the_readers_language(policy, browser_as):
    notes = []
    run_id = jobs.enqueue(Order(task="backup.run", params={"policy": str(policy.id)}))
    real = Run.progress
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            Run, "progress", lambda self, done, total, note="": (notes.append(note), real(self, done, total, note))
        )
        assert work(run_id)
    assert "Departments" in {str(note) for note in notes}
    jobs_run = jobs_of(run_id)
    assert str(made_of := jobs_run["log"][0]["text"]["zh-Hant"]).endswith("字節。")
    Backup._get_db()[jobs.COLLECTION].update_one(
        {"_id": run_id}, {"$set": {"progress.note": in_all_locales(INDEXING(name=named("user")))}}
    )
    text = browser_as("it").page(f"/admin/task_run/details/?id={run_id}").text
    assert made_of in text
    assert f"索引：{catalogue['user'].declared.plural.hant}" in text


@pytest.mark.parametrize("name", ["quotation", "quotation_archive", "history", "content.chunks", "nobody.knows.it"])
def test_collections_have_words(name, db):
    with speaking("zh-Hant"):
        assert not re.search("[a-z]", str(named(name)))


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
    rows = list(db["notice"].find({"person": it.id, "kind": "alarm"}))
    assert sorted("40 hours" in row["text"]["en"] for row in rows) == [False, True]


def test_no_policy_is_an_alarm(it):
    assert [policy for policy, _words in backups.alarms()] == [None]


@pytest.mark.parametrize("target", ["backups", "../x", "/srv/../etc", ""])
def test_a_place_is_named_in_full(it, target):
    from models.kernel.base.errors import Refused

    with pytest.raises(Refused):
        make("backup_policy", name="x", target=target, department=it.ref("department"))


def days(count, **facts):
    return [Candidate(f"b{n:03}", NOW - dt.timedelta(days=n), **{"good": True, **facts}) for n in range(count)]


def test_keeps_days_weeks_months_years():
    kept = {day.name for day in days(800)} - set(to_prune(days(800), Keep(7, 4, 3, 2), NOW))
    assert {f"b{n:03}" for n in range(7)} <= kept
    assert len(kept) <= 7 + 4 + 3 + 2
    ages = sorted(int(name[1:]) for name in kept)
    assert ages[-1] > 80


def test_never_the_last_good_one():
    old = [Candidate("good", NOW - dt.timedelta(days=900), True, True)]
    bad = [replace(day, good=False) for day in days(100)]
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


def _cut_off(policy):
    """The record of a backup that was killed."""
    facts = {"policy": policy.id, "entry": "guicheng-20260101T000000Z-00000000", "outcome": "running"}
    return changes.create(Backup, facts | {"begun": clock.now(), "department": policy.ref("department")}, actor=SYSTEM)


def test_one_that_was_cut_off_and_lies_in_the_bin_keeps_no_other_back(policy):
    left = _cut_off(policy)
    changes.remove(Backup, left.id, actor=SYSTEM, version=None)
    assert run("backup.run", policy=str(policy.id))["state"] == jobs.DONE
    assert Backup.objects.get(id=left.id).outcome == "running"
    changes.restore(Backup, left.id, actor=SYSTEM)
    assert run("backup.run", policy=str(policy.id))["state"] == jobs.DONE
    assert Backup.objects.get(id=left.id).outcome == FAILED


@pytest.mark.parametrize("task", ["backup.run", "backup.verify"])
@pytest.mark.parametrize("is_archived", [False, True])
def test_one_that_goes_into_the_bin_or_the_archive_meanwhile_ends_no_job(policy, monkeypatch, task, is_archived):
    run("backup.run", policy=str(policy.id))
    checked = jobs_backup.verify, jobs_backup.restore_and_compare

    def put_away(work):
        def working(*args, **more):
            if is_archived:
                Backup.collection().delete_many({})
            else:
                Backup.collection().update_many({}, {"$set": {"removed_at": clock.now()}})
            return work(*args, **more)

        return working

    monkeypatch.setattr(jobs_backup, "verify", put_away(checked[0]))
    monkeypatch.setattr(jobs_backup, "restore_and_compare", put_away(checked[1]))
    done = run(task, policy=str(policy.id))
    assert done["state"] == jobs.DONE, done


def test_documents_with_odd_ids_beside_it_hinder_no_job(policy):
    run("backup.run", policy=str(policy.id))
    for cls in (Backup, backups.BackupPolicy):
        row = cls.collection().find_one()
        odd = enumerate(["abc", 7, {"a": 1}, True, NOW])
        cls.collection().insert_many(
            {**row, "_id": id, "name": f"{at}", "once": None, "number": f"{at}"} for at, id in odd
        )
    Backup.collection().update_many({"_id": {"$not": {"$type": "objectId"}}}, {"$set": {"outcome": "running"}})
    for task in ("backup.run", "backup.verify", "backup.drill", "backup.prune", "backup.alarms"):
        done = run(task)
        assert done["state"] == jobs.DONE, (task, done["sentence"], done["error"])
    assert (
        Backup.collection().count_documents({"_id": {"$type": "objectId"}, "outcome": GOOD, "policy": policy.id}) >= 1
    )
