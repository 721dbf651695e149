"""What the ways to the company's login have in common: what a browser keeps meanwhile, and what is proven."""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass

FLOW_SECONDS = 600


class Unreachable(Exception):
    """The provider does not answer, or not as one does."""


class Unproven(Exception):
    """What came back proves nothing; the text says why, for the log."""


@dataclass(frozen=True)
class Flow:
    """What a browser keeps between going to the provider and coming back, to be known again by."""

    state: str
    nonce: str
    verifier: str
    at: float


@dataclass(frozen=True)
class Proof:
    """Who somebody is for the provider. `name` is for showing only: providers let people change it. `at`: when they
    showed it, in seconds since 1970; 0 where the provider does not say."""

    issuer: str
    subject: str
    name: str
    has_second_factor: bool = False
    at: float = 0.0


def new_flow() -> Flow:
    """The beginning of a way, with what nobody guesses."""
    return Flow(*(secrets.token_urlsafe(32) for _ in range(2)), secrets.token_urlsafe(48), time.time())


def refuse_another_state(flow: Flow | None, given: Mapping[str, str]) -> Flow:
    """The way that this browser began, and not longer ago than it may take. Raises Unproven."""
    if flow is None or not hmac.compare_digest(flow.state.encode(), given.get("state", "").encode()):
        raise Unproven("another state")
    if not 0 <= time.time() - flow.at <= FLOW_SECONDS:
        raise Unproven("too late")
    return flow
