"""Questions that are asked again and again are answered by an index, not by reading a collection."""

import datetime as dt

import pytest
from bson import ObjectId

from models import catalogue
from models.kernel.base import clock
from models.kernel.language.declare import dated_fields
from models.kernel.language.indexes import indexes_of
from models.kernel.rights import rights


def stages(plan):
    yield plan["stage"]
    for inner in [plan.get("inputStage"), *plan.get("inputStages", [])]:
        if inner:
            yield from stages(inner)


def plan_of(result):
    return list(stages(result.explain()["queryPlanner"]["winningPlan"]))


@pytest.mark.parametrize(
    "query", [{"number": "QT-1"}, {"number": {"$gte": "QT-", "$lt": "QT-\uffff"}}, {"once": "form:1:x"}]
)
def test_number_and_entry_key(query, db):
    for cls in catalogue.values():
        assert "COLLSCAN" not in plan_of(cls._get_collection().find(query)), cls.__name__


def test_every_date_of_a_calendar(db):
    first = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    for cls in catalogue.values():
        rows = db["plans"]  # of its own: an index that has once held a list sorts no more, even when that is gone
        rows.drop()
        rows.create_indexes(list(indexes_of(cls)))
        for name in dated_fields(cls):
            days = {name: {"$gte": first, "$lt": first + dt.timedelta(days=31)}, "removed_at": None}
            plan = plan_of(rows.find(days).sort([(name, 1), ("_id", 1)]).hint(f"{name}_1__id_1"))
            assert "IXSCAN" in plan, (cls.__name__, name)
            assert "SORT" not in plan, (cls.__name__, name)
        rows.drop()


def test_records_are_looked_up_by_indexed_columns_of_their_lines(db):
    lists = [(cls, name, field) for cls in catalogue.values()
             for name, field in cls.declared.own_fields.items() if field.columns]  # fmt: skip
    indexed = [(cls, f"{name}.{column}") for cls, name, field in lists for column in field.indexed]
    assert indexed
    for cls, place in indexed:
        plan = plan_of(db[cls.type_name()].find({place: ObjectId()}))
        assert "IXSCAN" in plan, place


@pytest.mark.parametrize("login", ["supervisor", "head_sal", "clerk_sal"])
def test_refused_attempts_are_read_in_order_of_an_index(login, company, db):
    seen = rights.attempts_seen(company.actor(login))
    query = {"$and": [seen, {"$or": [{"at": {"$lt": clock.now()}}, {"$and": [{"at": clock.now()}, {"_id": 1}]}]}]}
    for each in ({"$and": [seen, {}]}, query):
        plan = plan_of(db.attempts.find(each).sort([("at", -1), ("_id", -1)]))
        assert "COLLSCAN" not in plan
        assert "SORT" not in plan, plan


def test_orders_feeds_and_decisions(db):
    assert "COLLSCAN" not in plan_of(db.task_run.find({"once": "schedule:1"}))
    assert "COLLSCAN" not in plan_of(db.notice_preference.find({"feed": "hash"}))
    decided = {
        "type": "quotation",
        "state_from": "submitted",
        "at": {"$gte": clock.now()},
        "verb": {"$in": ["approve"]},
    }
    db.history.insert_many(
        [
            {**decided, "_id": ObjectId(), "record": ObjectId(), "seq": 1, "at": clock.now(), "verb": "x"}
            for _ in range(20)
        ]
    )
    plan = db.history.find(decided).sort("at", -1).explain()["queryPlanner"]["winningPlan"]
    assert "SORT" not in list(stages(plan))
    assert "state_from" in str(plan)


def test_the_first_open_cases_of_a_person_are_read_in_order(db):
    """What is urgent comes first, and no more is read than is shown, however much waits."""
    rows, now = db.waiting, clock.now()
    cases = [
        {
            "_id": ObjectId(),
            "decide": [f"role:{at % 3}"],
            "act": [f"role:{at % 3}"],
            "since": now - dt.timedelta(hours=at),
            "due": None if at % 4 == 0 else now + dt.timedelta(hours=at - 300),
            **({"rank": at % 50 // 24} if at % 50 > 40 else {}),
        }
        for at in range(600)
    ]
    rows.insert_many(cases)
    whose = {"$in": ["role:0", "role:1"]}
    queries = {
        "decide": ({"decide": whose, "barred": {"$ne": ObjectId()}}, [("rank", -1), ("since", 1), ("_id", 1)]),
        "soon": ({"act": whose, "due": {"$lt": now}}, [("rank", -1), ("due", 1)]),
        "dated": ({"act": whose, "due": {"$gte": now}}, [("rank", -1), ("due", 1)]),
        "undated": ({"act": whose, "due": None}, [("rank", -1), ("since", -1)]),
    }
    for name, (query, order) in queries.items():
        explained = rows.find(query).sort(order).limit(10).explain()
        assert "SORT" not in list(stages(explained["queryPlanner"]["winningPlan"])), name
        assert explained["executionStats"]["totalDocsExamined"] <= 20, name
        assert len(list(rows.find(query).limit(100))) == 100, "there is more than is shown"
