"""Figures for a monitoring system (/metrics, OpenMetrics), for whoever has the token; without one there are none."""

import datetime as dt
import hmac
import time
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, g, request
from mongoengine.connection import get_db
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from models.kernel.base import clock
from models.kernel.gate.attempts import on_outcome
from models.operations import backups
from models.services.notify import deliveries
from models.services.work import jobs, tallies

REQUESTS, REQUEST_SECONDS, VERBS = "requests", "request_seconds", "verbs"
COUNTED_MAX = 10_000
SHOWN_STATES = (deliveries.WAITING, deliveries.SENDING, *deliveries.STUCK)

metrics = Blueprint("metrics", __name__)


@metrics.get("/metrics")
def answer() -> Response:
    """All figures, to whoever sends the token."""
    token = current_app.config["METRICS_TOKEN"]
    if not token:
        abort(404)
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not hmac.compare_digest(given.encode(), token.encode()):
        abort(404)  # as where it is off, so that nobody learns whether it is on
    tallies.write_if_due(every=0)
    registry = CollectorRegistry()
    registry.register(MetricFigures())
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class MetricFigures(Collector):
    """What is read when the figures are asked for; none of them names a person or a record."""

    def collect(self) -> Iterator[Any]:
        """Requests and verbs over all web processes, and the state of what runs in the background."""
        yield from _requests()
        yield _counted("guicheng_gate_verbs", "Verbs of the write gate", VERBS, ("type", "verb", "outcome"))
        yield from _queue()
        yield from _deliveries()
        yield from _backups()


def _counted(name: str, words: str, tally: str, labels: tuple[str, ...]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, words, labels=labels)
    for values, count in tallies.totals(tally):
        family.add_metric(values, count)
    return family


def _requests() -> Iterator[Any]:
    yield _counted("guicheng_http_requests", "Requests answered", REQUESTS, ("method", "route", "status"))
    seconds = {tuple(values): total for values, total in tallies.totals(REQUEST_SECONDS)}
    family = SummaryMetricFamily("guicheng_http_request_seconds", "Time to answer, by route", labels=("route",))
    counts: dict[str, float] = {}
    for (_method, route, _status), count in tallies.totals(REQUESTS):
        counts[route] = counts.get(route, 0) + count
    for route, count in counts.items():
        family.add_metric([route], count, seconds.get((route,), 0.0))
    yield family


def _queue() -> Iterator[Any]:
    now, runs = clock.now(), get_db()[jobs.COLLECTION]
    due = {"state": jobs.QUEUED, "not_before": {"$lte": now}}
    first = runs.find_one(due, {"not_before": 1}, sort=[("not_before", 1)])
    yield GaugeMetricFamily(
        "guicheng_queue_age_seconds", "How long the oldest run of background work is due", _age(first, "not_before")
    )
    count = runs.count_documents(due, limit=COUNTED_MAX)
    yield GaugeMetricFamily("guicheng_queue_runs", f"Runs that are due, {COUNTED_MAX} at most", count)


def _deliveries() -> Iterator[Any]:
    rows = get_db()[deliveries.COLLECTION]
    words = f"Mail and chat by state, {COUNTED_MAX} at most"
    family = GaugeMetricFamily("guicheng_deliveries", words, labels=("state",))
    for state in SHOWN_STATES:
        family.add_metric([state], rows.count_documents({"state": state}, limit=COUNTED_MAX))
    yield family
    first = rows.find_one({"state": deliveries.WAITING}, {"first_try": 1}, sort=[("first_try", 1)])
    yield GaugeMetricFamily(
        "guicheng_delivery_age_seconds", "How long the oldest delivery waits", max(0.0, _age(first, "first_try"))
    )


def _backups() -> Iterator[Any]:
    made = GaugeMetricFamily("guicheng_backup_age_seconds", "Age of the newest good backup", labels=("policy",))
    proven = GaugeMetricFamily("guicheng_drill_age_seconds", "Age of the last successful drill", labels=("policy",))
    for policy in backups.policies():
        for family, moment, drilled in ((made, "begun", False), (proven, "drilled_at", True)):
            if last := backups.newest(policy.id, drilled=drilled):
                family.add_metric([str(policy.number)], _age(last, moment))
    yield made
    yield proven


def _age(row: dict[str, Any] | None, name: str) -> float:
    moment = row.get(name) if row else None
    return (clock.now() - moment).total_seconds() if isinstance(moment, dt.datetime) else 0.0


def count_requests(app: Flask, token: str) -> None:
    """Count what is answered, where there is somebody to read it; a route stands for all addresses of its kind."""
    app.config["METRICS_TOKEN"] = token
    app.register_blueprint(metrics)
    if not token:
        return
    on_outcome(_count_verb)

    @app.after_request
    def end(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "(no route)"
        tallies.count(REQUESTS, request.method if request.url_rule else "", route, str(response.status_code))
        if "started" in g:
            tallies.count(REQUEST_SECONDS, route, by=time.monotonic() - g.started)
        tallies.write_if_due()
        return response


def _count_verb(type_name: str, verb: str, outcome: str) -> None:
    tallies.count(VERBS, type_name, verb, outcome)
