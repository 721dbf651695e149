"""A month of 1,000 cases with planted lateness, returns, refusals and omissions: exactly the values counted by hand.

700 clean, 100 refused once for something missing, 80 given back once, 50 approved late, 30 not decided and overdue,
20 imported, 10 taken back by their submitter, 10 refused once for another reason than something missing.
"""

from __future__ import annotations

import datetime as dt
from contextlib import nullcontext
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from mongoengine import connection
from mongoengine.connection import get_db
from pymongo import MongoClient

from admin_app import cli, figure_commands
from models import catalogue
from models.assessment import proofs
from models.kernel.gate import history
from models.services.keeping import audit
from tasks.backup.crypt import KeyRing
from tasks.backup.dump import dump
from tasks.backup.restore import restore
from tasks.backup.targets import Target
from tests.fixtures.histories import HOUR

VALUE = catalogue["indicator_value"]
NAMES = ("完整性", "一次通過率", "及時性")


def value(month: dict[str, Any], name: str, scope: str = "company", **query: Any) -> Any:
    return VALUE.objects.get(indicator=month[name], scope=scope, state="published", **query)


class TestTheValuesCountedByHand:
    @pytest.mark.parametrize(
        ("name", "numerator", "n", "percent", "left_out"),
        [
            # 700 + 100 + 2 * 80 + 50 + 30 + 2 * 10 + 10 steps of handing in and 80 of giving back; 100 lacked something
            ("完整性", 1050, 1150, "91.30", 20),
            # 1,000 less 30 open and 20 imported; 80 of them were given back
            ("一次通過率", 870, 950, "91.58", 20),
            # 1,070 handed in, 80 given back, 950 approved of which 50 late, 30 overdue
            ("及時性", 2050, 2130, "96.24", 40),
        ],
    )
    def test_of_the_company(self, month: Any, name: str, numerator: int, n: int, percent: str, left_out: int) -> None:
        record = value(month, name)
        assert (record.numerator, record.n, record.value) == (numerator, n, Decimal(percent))
        assert record.left_out == left_out
        assert [(line.reason, line.count) for line in record.reasons] == [("source", left_out)]
        assert record.low < record.value < record.high
        assert (record.first_day, record.last_day) == (dt.date(2026, 10, 1), dt.date(2026, 10, 31))

    def test_parts_add_up(self, month: Any, company: Any) -> None:
        """Sales is the whole company; the two clerks and the head add up to it, each step with whom it waited for."""
        whole = value(month, "及時性")
        department = value(month, "及時性", "department", department=company.department("SAL"))
        assert (department.numerator, department.n) == (whole.numerator, whole.n)
        people = VALUE.objects(indicator=month["及時性"], scope="person", state="published")
        # what is open is nobody's: which head would have decided, nobody can say
        assert sum(row.n for row in people) == whole.n - 30
        assert sum(row.numerator for row in people) == whole.numerator
        head = value(month, "及時性", "person", employee=company.users["head_sal"])
        assert (head.numerator, head.n) == (980, 1030)

    def test_each_is_equal_when_it_is_counted_again(self, month: Any) -> None:
        for name in NAMES:
            report = proofs.verify(value(month, name).number)
            assert report is not None
            assert report.faults == []
            assert (report.records >= 970, report.entries > 2900) == (True, True)


def faults(number: str) -> list[str]:
    report = proofs.verify(number)
    assert report is not None
    return [f"{fault.where}: {fault.what}" for fault in report.faults]


def test_whatever_is_altered_is_found_and_the_event_named(month: Any) -> None:
    """An entry changed, an entry taken away, a number of the record, the kept population: each by itself."""
    db = get_db()
    speed, quality = value(month, "及時性"), value(month, "一次通過率")
    entry = db.history.find_one({"type": "quotation", "verb": "approve"})
    number = db.quotation.find_one({"_id": entry["record"]})["number"]
    db.history.update_one({"_id": entry["_id"]}, {"$set": {"at": entry["due"] + HOUR}})
    first, *others = faults(speed.number)
    assert first.startswith(f"Quotation {number} #{entry['seq']} (approve")
    assert first.endswith("the entry was changed after it was sealed")
    assert any("the value is 96.20" in fault for fault in others)
    db.history.replace_one({"_id": entry["_id"]}, entry)

    back = db.history.find_one({"type": "quotation", "verb": "return"})
    db.history.delete_one({"_id": back["_id"]})
    assert any(fault.endswith("the entry is gone") for fault in faults(quality.number))
    db.history.insert_one(back)

    db.indicator_value.update_one({"_id": quality.id}, {"$set": {"numerator": 900}})
    assert faults(quality.number) == [
        f"{quality.number}: the record says 900 for “numerator”, and was published with 870"
    ]
    db.indicator_value.update_one({"_id": quality.id}, {"$set": {"numerator": 870}})

    # whose value it is, of which indicator and period
    own = value(month, "及時性", "person", employee=db.user.find_one({"login": "clerk_sal"})["_id"])
    colleague, market = db.user.find_one({"login": "clerk_sal2"}), db.department.find_one({"code": "MKT"})
    other = {
        "employee": colleague["_id"], "department": market["_id"], "scope": "department",
        "indicator": month["完整性"], "unit": "hours", "flagged": True, "reasons": [],
        "first_day": quality.known_at, "last_day": quality.known_at,
    }  # fmt: skip
    for name, wrong in other.items():
        row = db.indicator_value.find_one({"_id": own.id})
        db.indicator_value.update_one({"_id": own.id}, {"$set": {name: wrong}})
        assert f"for “{name}”, and was published with" in faults(own.number)[0]
        db.indicator_value.replace_one({"_id": own.id}, row)
    # the record, its history and what is kept, all of them written anew: the seal says otherwise
    history_of = {"type": "indicator_value", "record": own.id}
    audit.seal_all()
    entry = db.history.find_one(history_of)
    changed = [{**c, "new": other["employee"]} if c["field"] == "employee" else c for c in entry["changes"]]
    written = history.chained({**{k: v for k, v in entry.items() if k != "hash"}, "changes": changed}, {})[0]
    db.history.replace_one({"_id": entry["_id"]}, written)
    db.indicator_value.update_one({"_id": own.id}, {"$set": {"employee": other["employee"]}})
    first, second = faults(own.number)
    assert first.endswith("#1: the entry was changed after it was sealed")
    assert "for “employee”, and what is kept was counted of" in second
    db.history.replace_one({"_id": entry["_id"]}, entry)
    db.indicator_value.update_one({"_id": own.id}, {"$set": {"employee": own.ref("employee")}})
    assert faults(own.number) == []

    db.figure_proof.update_one({"value": quality.id, "place": 0}, {"$set": {"lines.0.hit": False}})
    kept, anew = faults(quality.number)
    assert kept.endswith("the kept population is not the one that was published")
    assert anew.endswith("counts otherwise when it is counted anew")
    db.figure_proof.update_one({"value": quality.id, "place": 0}, {"$set": {"lines.0.hit": True}})
    assert faults(quality.number) == []


def test_the_command_says_equal_or_names_the_event(month: Any, settings: Any, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setattr(figure_commands, "database", nullcontext)
    monkeypatch.setattr(cli, "load_settings", lambda: settings)
    number = value(month, "及時性", "person", employee=get_db().user.find_one({"login": "clerk_sal"})["_id"]).number
    assert cli.main(["figures", "verify", number]) == 0
    assert f"{number} is equal" in capsys.readouterr().out
    entry = get_db().history.find_one({"type": "quotation", "verb": "submit"})
    get_db().history.update_one({"_id": entry["_id"]}, {"$set": {"actor_name": "別人"}})
    assert cli.main(["figures", "verify", number]) == 1
    said = capsys.readouterr()
    assert "(submit" in said.out + said.err
    assert cli.main(["figures", "verify", "IV-1"]) == 2


def test_a_restored_backup_proves_the_same(
    month: Any, db: Any, settings: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    """On another database, with nothing but what the backup holds; an event altered there is found there."""
    number = value(month, "及時性").number
    entry = dump(db, Target(str(tmp_path)), KeyRing({1: b"1" * 32}))
    with MongoClient(settings.mongodb_uri, tz_aware=True) as client:
        other = client[f"{settings.database}_other"]
        client.drop_database(other.name)
        restore(entry, other)
        monkeypatch.setitem(connection._dbs, "default", other)
        assert faults(number) == []
        row = other.history.find_one({"type": "quotation", "verb": "approve"})
        other.history.update_one({"_id": row["_id"]}, {"$set": {"owner": row["actor"]}})
        assert "(approve" in faults(number)[0]
        monkeypatch.undo()
        client.drop_database(other.name)
    assert faults(number) == []
