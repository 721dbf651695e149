"""The ageing report against a plain computation of the same, to the cent."""

import datetime as dt
import random
from collections import defaultdict
from decimal import Decimal

import pytest
from bson import Decimal128, ObjectId

from models.kernel.base.arithmetic.ages import age_bands
from models.kernel.base.people import SYSTEM
from models.kernel.language.analysis import Pivot, chosen
from models.sales.receivables import AGES, UNPAID, Receivable
from views.analysis.counting import EXPORTED_MAX, breakdown_of, counted

TODAY = dt.date(2025, 3, 31)
CUSTOMERS = [ObjectId() for _ in range(7)]
DEPARTMENTS = [ObjectId(), ObjectId()]
STATES = [*chosen(UNPAID), "paid"]
BANDS = ["not_due", "0-30", "31-60", "61-90", "90+"]
AGEING = next(item for item in Receivable.declared.analyses if isinstance(item, Pivot))


def receivable(rng):
    """A stored receivable as the report reads it."""
    age = rng.choice([rng.randint(-60, 200), *EDGES])
    return {
        "_id": ObjectId(),
        "customer": rng.choice(CUSTOMERS),
        "currency": rng.choice(["CNY", "USD", "EUR"]),
        "state": rng.choice(STATES),
        "department": rng.choice(DEPARTMENTS),
        "removed_at": rng.choice([None, None, None, dt.datetime(2025, 1, 1, tzinfo=dt.UTC)]),
        "due": dt.datetime.combine(TODAY - dt.timedelta(days=age), dt.time(), dt.UTC),
        "outstanding": Decimal128(Decimal(rng.randint(1, 10**11)) / 100),
    }


EDGES = [-1, 0, 1, 30, 31, 60, 61, 90, 91]


def ageing(*pairs):
    return counted(breakdown_of(Receivable, SYSTEM, AGEING, pairs, TODAY), most=EXPORTED_MAX)


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
def test_agrees_with_counting_by_hand(db, app, seed):
    rng = random.Random(seed)
    rows = [receivable(rng) for _ in range(400)]
    Receivable._get_collection().insert_many(rows)
    tables = ageing(("f.department.is", str(DEPARTMENTS[0])))
    shown = {
        (table.currency, row, BANDS[at]): tally.added for table in tables for (row, at), tally in table.cells.items()
    }
    shown |= {
        (table.currency, None, BANDS[at]): tally.added
        for table in tables
        for at, tally in table.of_columns.items()
        if tally.count
    }
    assert shown == plainly(rows, DEPARTMENTS[0])
    for table in tables:
        assert table.total.added == sum((tally.added for tally in table.of_rows.values()), Decimal(0))


def test_nothing_owed_gives_no_rows(db, app):
    assert ageing() == []


def test_cents_add_up_exactly(db, app):
    """A million cents would be a million cents in floats only by luck."""
    due = dt.datetime.combine(TODAY, dt.time(), dt.UTC)
    row = {"customer": CUSTOMERS[0], "currency": "CNY", "state": "open", "due": due, "outstanding": Decimal128("0.10")}
    Receivable._get_collection().insert_many([{**row} for _ in range(1000)])
    assert ageing()[0].total.added == Decimal("100.00")


@pytest.mark.parametrize("age", range(-3, 130))
def test_days_of_a_bucket_are_its_own(age):
    """Every due date lies between the days of exactly one bucket, so that links lead to all."""
    due = TODAY - dt.timedelta(days=age)
    holding = [
        BANDS[at]
        for at, band in enumerate(age_bands(AGES))
        for first, last in [band.days(TODAY)]
        if (first is None or first <= due) and (last is None or due <= last)
    ]
    assert holding == [bucket_of(age)]
