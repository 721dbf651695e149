"""/metrics: nothing without its token; with it OpenMetrics that a reader of the format takes, over all processes."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from admin_app.metrics import VERBS
from admin_app.settings import SettingsError
from models.services.work import tallies

TOKEN = "a token of sixteen signs"


def values(text: str) -> dict[tuple[str, tuple[str, ...]], float]:
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_figures_are_for_who_has_the_token(company: Any, app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client = app.test_client()
    assert client.get("/metrics").status_code == 404
    monkeypatch.setitem(app.config, "METRICS_TOKEN", TOKEN)
    for given in ("", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", "Bearer \xe4"):
        assert client.get("/metrics", headers={"Authorization": given}).status_code == 404
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer.content_type.startswith("application/openmetrics-text")
    known = values(answer.text)
    assert known[("guicheng_queue_age_seconds", ())] >= 0
    assert ("guicheng_deliveries", ("failed",)) in known


def test_what_processes_have_counted_is_added(company: Any, app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "METRICS_TOKEN", TOKEN)
    before = {tuple(labels): count for labels, count in tallies.totals(VERBS)}
    for _ in range(2):
        tallies.count(VERBS, "quotation", "create", "done")
        tallies.write_if_due(every=0)
    text = app.test_client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text
    key = ("done", "quotation", "create")  # by the names of the labels
    assert values(text)[("guicheng_gate_verbs_total", key)] == before.get(("quotation", "create", "done"), 0) + 2


def test_a_short_token_stops_the_start(settings: Any) -> None:
    with pytest.raises(SettingsError, match="METRICS_TOKEN"):
        type(settings)(**{**settings.model_dump(), "metrics_token": "short"})
