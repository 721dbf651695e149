"""Numbers that the company sets and rules ask for; the wiring fills them from the settings."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Limits of the business rules. `clerk_discount_limit`: per cent that need no approval (2.2.3);
    `loan_block_days`: days overdue after which a borrower gets nothing more (3.1.4); `is_demo`: what was made for
    the demo company counts as work, as far as rules of the standard look at it (4.1); `inner_hosts`: machines
    inside the house that webhooks may reach."""

    clerk_discount_limit: Decimal = Decimal(10)
    loan_block_days: int = 14
    is_demo: bool = False
    inner_hosts: frozenset[str] = frozenset()


_current: list[Policy] = [Policy()]


def policy() -> Policy:
    return _current[0]


def set_policy(new: Policy) -> None:
    _current[:] = [new]
