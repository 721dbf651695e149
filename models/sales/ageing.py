"""How old the money is that is owed to us (2.2.7): one aggregation over the receivables that are not paid."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from bson import Decimal128, ObjectId

from models.kernel.base.words import L

from ..kernel.base import clock
from .receivables import Receivable

OWED = ("open", "partly_paid", "overdue")
NOT_DUE, OLDEST = "not_due", "90+"
BUCKETS = (NOT_DUE, "0-30", "31-60", "61-90", OLDEST)
LABELS = {
    NOT_DUE: L("Not due", "未到期"),
    **{bucket: L(f"{bucket} days", f"{bucket} 天") for bucket in BUCKETS[1:-1]},
    OLDEST: L("Over 90 days", "90 天以上"),
}
_FIRST_DAY = {"0-30": 0, "31-60": 31, "61-90": 61, OLDEST: 91}


@dataclass(frozen=True)
class Owed:
    """What is owed in one currency, by age; of one customer, or of all of them (`customer` is None)."""

    currency: str
    customer: ObjectId | None = None
    amounts: Mapping[str, Decimal] = field(default_factory=dict)

    def amount(self, bucket: str) -> Decimal:
        return self.amounts.get(bucket, Decimal(0))

    @property
    def total(self) -> Decimal:
        return sum(self.amounts.values(), Decimal(0))


@dataclass(frozen=True)
class Ageing:
    """The report: a row for each customer and currency, the largest sums first, and the total of each currency."""

    rows: tuple[Owed, ...]
    totals: tuple[Owed, ...]


def ageing(scope_filter: Mapping[str, Any], today: dt.date) -> Ageing:
    """What is owed on the receivables of a scope, aged by the days since they were due; exact to the cent.

    An amount that is due today has the age 0. What is owed is counted as it stands now, whatever day it is aged on.
    """
    stages: list[dict[str, Any]] = [
        {"$match": {"$and": [dict(scope_filter), {"state": {"$in": list(OWED)}}]}},
        {
            "$group": {
                "_id": {"customer": "$customer", "currency": "$currency", "bucket": _bucket_of(today)},
                "owed": {"$sum": "$outstanding"},
            }
        },
    ]
    result: dict[tuple[str, ObjectId | None], dict[str, Decimal]] = {}
    for group in Receivable.collection().aggregate(stages):
        key, amount = group["_id"], _exact(group["owed"])
        for whose in (key.get("customer"), None):
            amounts = result.setdefault((key["currency"], whose), {})
            amounts[key["bucket"]] = amounts.get(key["bucket"], Decimal(0)) + amount
    owed = [Owed(currency, customer, amounts) for (currency, customer), amounts in result.items()]
    rows = [debt for debt in owed if debt.customer is not None]
    return Ageing(
        tuple(sorted(rows, key=lambda item: (item.currency, -item.total, str(item.customer)))),
        tuple(sorted((debt for debt in owed if debt.customer is None), key=lambda item: item.currency)),
    )


def days_of(bucket: str, today: dt.date) -> tuple[dt.date | None, dt.date | None]:
    """The first and the last due date of a bucket on a day; None where it is open."""
    if bucket == NOT_DUE:
        return today + dt.timedelta(days=1), None
    last = today - dt.timedelta(days=_FIRST_DAY[bucket])
    older = next((item for item in _FIRST_DAY.values() if item > _FIRST_DAY[bucket]), None)
    return (None if older is None else today - dt.timedelta(days=older - 1)), last


def _bucket_of(today: dt.date) -> dict[str, Any]:
    """The expression that names the bucket of a receivable by its due date."""
    return {"$switch": {"branches": list(_branches(today)), "default": OLDEST}}


def _branches(today: dt.date) -> Iterator[dict[str, Any]]:
    for bucket in BUCKETS:
        first, _last = days_of(bucket, today)
        if first is not None:
            moment = clock.stored_day(first)
            yield {"case": {"$gte": ["$due", moment]}, "then": bucket}


def _exact(amount: Any) -> Decimal:
    return amount.to_decimal() if isinstance(amount, Decimal128) else Decimal(amount)
