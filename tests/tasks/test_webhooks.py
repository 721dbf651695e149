"""Programs outside are told of changes: signed, in order, again where they fail, and nothing that was rolled back."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from typing import Any

import flask
import pytest
from mongoengine.connection import get_db

from models.kernel.base import clock
from models.kernel.base.errors import Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.operations import webhook_messages
from models.operations.webhooks import Webhook
from models.organisation import User
from models.policy import Policy, policy, set_policy
from tasks.messages import web
from tests.fixtures.doing import Killed, do
from tests.fixtures.http import read_page
from tests.fixtures.serving import serving

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()


class Receiver:
    """A program that takes what it is told, or answers otherwise: with a status, after a wait, with a redirect."""

    def __init__(self) -> None:
        self.taken: list[tuple[dict[str, str], str]] = []
        self.statuses: list[int] = []
        self.stalls: threading.Event | None = None
        self.url = ""

    def answers(self) -> flask.Flask:
        app = flask.Flask("receiver")

        @app.post("/hook")
        def hook() -> Any:
            if self.stalls:
                self.stalls.wait(30)
                return "", 503
            status = self.statuses.pop(0) if self.statuses else 204
            if status < 300:
                self.taken.append((dict(flask.request.headers), flask.request.get_data(as_text=True)))
            return "", status, {"Location": f"{self.url}/elsewhere"}

        @app.route("/elsewhere", methods=["GET", "POST"])
        def elsewhere() -> Any:
            self.taken.append(({}, "redirected"))
            return ""

        return app

    @property
    def told_of(self) -> list[dict[str, Any]]:
        return [json.loads(body)["data"] for _, body in self.taken]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    own = Receiver()
    before = policy()
    set_policy(Policy(inner_hosts=frozenset({"127.0.0.1"})))
    with serving(own.answers()) as own.url:
        yield own
    set_policy(before)


@pytest.fixture
def hook(company: Any, receiver: Receiver) -> Any:
    do("webhooks.send")  # what was before is told to nobody
    values = {
        "name": "ERP",
        "address": f"{receiver.url}/hook",
        "secret": SECRET,
        "types": ["customer", "quotation"],
        "person": company.users["it"],
    }
    made = changes.create(Webhook, values, actor=company.actor("it"))
    return changes.update(Webhook, made.id, {"person": company.users["clerk_sal"]}, actor=SYSTEM, version=None)


def edit(company: Any, record: Any, **values: Any) -> None:
    """A clerk changes a record."""
    fresh = company.fresh(record)
    changes.update(type(record), record.id, values, actor=company.actor("clerk_sal"), version=fresh.version)


def later() -> Any:
    return clock.set_to(clock.now() + dt.timedelta(days=2))


def test_each_change_is_told_once_signed_and_without_values(company: Any, hook: Any, receiver: Receiver) -> None:
    customer = company.make("customer", "clerk_sal", name="蘇州精密")
    edit(company, customer, region="蘇州")
    company.make("department", name="x", code="XX")
    with pytest.raises(Refused):
        edit(company, customer, name="")
    assert do("webhooks.send")["sent"] == 2
    assert do("webhooks.send").get("sent", 0) == 0
    assert [(item["verb"], item["seq"]) for item in receiver.told_of] == [("create", 1), ("update", 2)]
    assert receiver.told_of[1]["changed"] == ["region"]
    assert "蘇州" not in "".join(body for _, body in receiver.taken)
    headers, body = receiver.taken[1]
    signed = f"{headers['Webhook-Id']}.{headers['Webhook-Timestamp']}.{body}".encode()
    mark = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    assert headers["Webhook-Signature"] == f"v1,{mark}"
    assert json.loads(body)["type"] == "customer.update"
    assert len({headers["Webhook-Id"] for headers, _ in receiver.taken}) == 2


def test_what_its_person_may_not_read_is_not_told(company: Any, hook: Any, receiver: Receiver) -> None:
    changes.update(Webhook, hook.id, {"person": company.users["clerk_mkt"]}, actor=SYSTEM, version=None)
    company.make("quotation", "clerk_sal")
    do("webhooks.send")
    assert [item for item in receiver.told_of if item["type"] == "quotation"] == []
    changes.update(Webhook, hook.id, {"person": company.users["clerk_sal"]}, actor=SYSTEM, version=None)
    company.make("quotation", "clerk_sal")
    do("webhooks.send")
    assert [item for item in receiver.told_of if item["type"] == "quotation"]


def test_one_that_fails_is_told_again_in_order_and_keeps_no_other_back(
    company: Any, hook: Any, receiver: Receiver
) -> None:
    first, other = company.make("customer", "clerk_sal"), company.make("customer", "clerk_sal")
    edit(company, first, region="蘇州")
    receiver.statuses = [500]
    counts = do("webhooks.send")
    assert (counts["sent"], counts["waiting"]) == (1, 1)
    assert [item["id"] for item in receiver.told_of] == [str(other.id)]
    assert webhook_messages.standing(hook.id) == {"waiting": 2, "aside": 0, "why": "HTTP 500"}
    with later():
        assert do("webhooks.send")["sent"] == 2
    assert [(item["id"], item["seq"]) for item in receiver.told_of[1:]] == [(str(first.id), 1), (str(first.id), 2)]


def test_redirects_stalls_and_gone(
    company: Any, hook: Any, receiver: Receiver, monkeypatch: Any, browser_as: Any
) -> None:
    """Nobody is followed elsewhere; who does not answer in time is asked again; who is gone is told nothing more, and
    what was set aside can be sent again."""
    company.make("customer", "clerk_sal")
    receiver.statuses = [302]
    assert do("webhooks.send")["waiting"] == 1
    assert receiver.taken == []
    monkeypatch.setattr(web, "READ_SECONDS", 0.3)
    receiver.stalls = threading.Event()
    with later():
        assert do("webhooks.send")["waiting"] == 1
    receiver.stalls.set()
    receiver.stalls = None
    monkeypatch.undo()
    receiver.taken.clear()
    receiver.statuses = [410]
    with clock.set_to(clock.now() + dt.timedelta(days=4)):
        assert do("webhooks.send")["aside"] == 1
    assert Webhook.objects.get(id=hook.id).active is False
    told_it = get_db()["notice"].find_one({"person": company.users["it"], "kind": "alarm"}, sort=[("_id", -1)])
    assert hook.name in str(told_it)
    changes.update(Webhook, hook.id, {"active": True}, actor=SYSTEM, version=None)
    it = browser_as("it")
    page = read_page(it.get("/admin/webhook/details/", {"id": hook.id}).text)
    assert it.send(page.form("/admin/webhook/messages/"), id=str(hook.id)).status_code == 302
    assert do("webhooks.send")["sent"] == 1
    assert len(receiver.taken) == 1


def test_after_the_last_time_it_is_set_aside(company: Any, hook: Any, receiver: Receiver) -> None:
    company.make("customer", "clerk_sal")
    do("webhooks.send")
    row = {"_id": None, "tries": len(webhook_messages.DELAYS)}
    assert webhook_messages.failed(row, "x")
    assert not webhook_messages.failed(row | {"tries": len(webhook_messages.DELAYS) - 1}, "x")


@pytest.mark.parametrize("stop_at", [1, 2, 3])
def test_killed_anywhere_nothing_is_lost(
    company: Any, hook: Any, receiver: Receiver, kill_at: Any, stop_at: int
) -> None:
    """At least once, and under the same id: the receiver knows it again."""
    company.make("customer", "clerk_sal")
    disarm = kill_at(stop_at, webhook_messages)
    with pytest.raises(Killed):
        do("webhooks.send")
    disarm()
    with later():
        do("webhooks.send")
    ids = [headers["Webhook-Id"] for headers, _ in receiver.taken]
    assert len(set(ids)) == 1
    assert webhook_messages.standing(hook.id)["waiting"] == 0


INNER = (
    "http://example.com/",
    "https://127.0.0.1/",
    "https://[::1]/",
    "https://10.0.0.8/x",
    "https://169.254.169.254/latest/meta-data",
    "https://192.168.1.1:8443/",
    "https://0.0.0.0/",
    "https://localhost/",
)


@pytest.mark.parametrize("url", INNER)
def test_no_machine_inside_the_house_is_reached(url: str) -> None:
    with pytest.raises(web.NotPosted) as refused:
        web.post(url, "{}", {})
    assert refused.value.for_good


def test_nobody_lends_the_rights_of_another(company: Any, hook: Any) -> None:
    """Neither by entering one, nor by sending elsewhere what somebody else lets be sent."""
    it = company.actor("it")
    values = {"name": "x", "address": "https://example.com/hook", "secret": SECRET, "types": ["customer"]}
    with pytest.raises(Refused) as refused:
        changes.create(Webhook, values | {"person": company.users["management"]}, actor=it)
    assert "person" in refused.value.problems
    own = changes.create(Webhook, values | {"person": it.id}, actor=it)
    for wrong in ({"address": "https://evil.example/"}, {"types": ["contract"]}, {"person": it.id}):
        with pytest.raises(Refused) as refused:
            changes.update(Webhook, hook.id, wrong, actor=it, version=hook.version)
        assert set(refused.value.problems) == set(wrong)
    changes.update(Webhook, own.id, {"types": ["quotation"]}, actor=it, version=own.version)
    changes.update(Webhook, hook.id, {"active": False}, actor=it, version=hook.version)


def test_wrong_addresses_and_secrets_are_refused(company: Any, receiver: Receiver) -> None:
    good = {"name": "x", "address": "https://example.com/hook", "secret": SECRET, "types": ["customer"]}
    good["person"] = company.users["it"]
    for wrong in (
        {"address": "ftp://example.com"},
        {"address": "https://user:pass@example.com/"},
        {"secret": "short"},
        {"secret": "whsec_AAAA"},
        {"types": ["nothing"]},
    ):
        with pytest.raises(Refused) as refused:
            changes.create(Webhook, good | wrong, actor=company.actor("it"))
        assert set(refused.value.problems) == set(wrong)


def test_whose_person_is_disabled_is_told_nothing_more_not_even_what_waited(
    company: Any, hook: Any, receiver: Receiver
) -> None:
    receiver.statuses = [503]
    company.make("customer", "clerk_sal")
    assert do("webhooks.send").get("sent", 0) == 0
    changes.update(User, company.users["clerk_sal"], {"active": False}, actor=SYSTEM, version=None)
    company.make("customer", "head_sal")
    with later():
        do("webhooks.send")
    assert receiver.taken == []
    assert webhook_messages.standing(hook.id)["aside"] == 1
