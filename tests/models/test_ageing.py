"""The ageing report against a plain computation of the same, to the cent."""

import datetime as dt
import random
from collections import defaultdict
from decimal import Decimal

import pytest
from bson import Decimal128, ObjectId

from models.sales.ageing import BUCKETS, OWED, ageing, days_of
from models.sales.receivables import Receivable

TODAY = dt.date(2025, 3, 31)
CUSTOMERS = [ObjectId() for _ in range(7)]
STATES = [*OWED, "paid"]


def receivable(rng):
    """A stored receivable as the report reads it."""
    age = rng.choice([rng.randint(-60, 200), *EDGES])
    return {
        "_id": ObjectId(),
        "customer": rng.choice(CUSTOMERS),
        "currency": rng.choice(["CNY", "USD", "EUR"]),
        "state": rng.choice(STATES),
        "department": rng.choice(["SAL", "EXP"]),
        "removed_at": rng.choice([None, None, None, dt.datetime(2025, 1, 1, tzinfo=dt.UTC)]),
        "due": dt.datetime.combine(TODAY - dt.timedelta(days=age), dt.time(), dt.UTC),
        "outstanding": Decimal128(Decimal(rng.randint(1, 10**11)) / 100),
    }


EDGES = [-1, 0, 1, 30, 31, 60, 61, 90, 91]


def bucket_of(age):
    """The bucket of an age in days, said as plainly as possible."""
    if age < 0:
        return "not_due"
    return "0-30" if age <= 30 else "31-60" if age <= 60 else "61-90" if age <= 90 else "90+"


def plainly(rows, department):
    """The same report, counted one receivable after the other."""
    counts = defaultdict(Decimal)
    for row in rows:
        if row["state"] == "paid" or row["removed_at"] or row["department"] != department:
            continue
        bucket = bucket_of((TODAY - row["due"].date()).days)
        for customer in (row["customer"], None):
            counts[row["currency"], customer, bucket] += row["outstanding"].to_decimal()
    return dict(counts)


@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_counting_by_hand(db, seed):
    rng = random.Random(seed)
    rows = [receivable(rng) for _ in range(400)]
    Receivable._get_collection().insert_many(rows)
    report = ageing({"removed_at": None, "department": "SAL"}, TODAY)
    shown = {
        (row.currency, row.customer, bucket): row.amount(bucket)
        for row in (*report.rows, *report.totals)
        for bucket in BUCKETS
        if bucket in row.amounts
    }
    assert shown == plainly(rows, "SAL")
    for total in report.totals:
        assert total.total == sum((row.total for row in report.rows if row.currency == total.currency), Decimal(0))


def test_nothing_owed_gives_no_rows(db):
    report = ageing({"removed_at": None}, TODAY)
    assert report.rows == report.totals == ()


def test_cents_add_up_exactly(db):
    """A million cents would be a million cents in floats only by luck."""
    due = dt.datetime.combine(TODAY, dt.time(), dt.UTC)
    row = {"customer": CUSTOMERS[0], "currency": "CNY", "state": "open", "due": due, "outstanding": Decimal128("0.10")}
    Receivable._get_collection().insert_many([{**row} for _ in range(1000)])
    assert ageing({}, TODAY).totals[0].total == Decimal("100.00")


@pytest.mark.parametrize("age", range(-3, 130))
def test_days_of_a_bucket_are_its_own(age):
    """Every due date lies between the days of exactly one bucket, so that links lead to all."""
    due = TODAY - dt.timedelta(days=age)
    holding = [
        bucket
        for bucket in BUCKETS
        for first, last in [days_of(bucket, TODAY)]
        if (first is None or first <= due) and (last is None or due <= last)
    ]
    assert holding == [bucket_of(age)]
