"""What programs write: once under a key, on the version that was seen, or as a rehearsal that leaves nothing."""

from __future__ import annotations

import datetime as dt
import io
import json
import threading
from typing import Any

import pytest
from bson import ObjectId
from mongoengine.connection import get_db

from models.kernel.base import clock
from models.kernel.base.collections import API_ENTRIES
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.kernel.gate.attempts import forget_counts
from models.kernel.gate.history import entries_of


def offer_of(company: Any) -> dict[str, Any]:
    record = company.make("quotation")
    line = record.lines[0]
    lines = [{"product": str(line.ref("product")), "quantity": "2", "unit_price": "12.50"}]
    return {"customer": str(record.ref("customer")), "valid_until": "2027-03-01", "lines": lines}


def state_of_database() -> dict[str, str]:
    """The digests of all that is stored, but for how often keys are used."""
    hashes: dict[str, str] = get_db().command("dbHash")["collections"]
    return {name: digest for name, digest in hashes.items() if name not in ("api_key", "session", "throttle")}


def test_money_is_a_text_and_comes_back_exactly(company: Any, program: Any) -> None:
    body, client = offer_of(company), program("clerk_sal")
    made = client.ask("POST", "quotation", body)
    assert made.status_code == 201
    assert (made.json["total"], made.json["lines"][0]["amount"]) == ("25.00", "25.00")
    assert made.headers["Location"] == f"/api/v1/quotation/{made.json['id']}"
    assert made.headers["ETag"] == '"v1"'
    for number in (12.5, 12, True, "12,5", "1e3", "NaN", "１２", "12.555", " 12"):
        body["lines"][0]["unit_price"] = number
        refused = client.ask("POST", "quotation", body)
        assert refused.status_code == 422, number
        assert [fault["field"] for fault in refused.json["faults"]] == ["lines.0.unit_price"]
    entry = entries_of(ObjectId(made.json["id"]))[0]
    assert (entry["actor"], entry["door"]) == (company.users["clerk_sal"], "api")


def test_a_request_with_a_key_is_done_once(company: Any, program: Any) -> None:
    body, client = offer_of(company), program("clerk_sal")
    first = client.ask("POST", "quotation", body, Idempotency_Key="a-1")
    assert client.ask("PATCH", f"quotation/{first.json['id']}", {"tags": ["x"]}, If_Match='"v1"').status_code == 200
    again = client.ask("POST", "quotation", body, Idempotency_Key="a-1")
    kept = set(first.json) - {"due_at", "updated_at"}  # a moment of the history differs by milliseconds
    assert (again.status_code, {name: again.json[name] for name in kept}) == (
        201,
        {name: first.json[name] for name in kept},
    )
    other = client.ask("POST", "quotation", {**body, "remark": "another"}, Idempotency_Key="a-1")
    assert (other.status_code, other.json["code"]) == (422, "entry_key")
    colleague = program("clerk_sal2").ask("POST", "quotation", body, Idempotency_Key="a-1")
    assert colleague.json["id"] != first.json["id"]
    assert client.ask("POST", "quotation", body, Idempotency_Key="").status_code == 400
    assert client.ask("POST", "quotation", body, Idempotency_Key="k" * 201).status_code == 400
    place = f"quotation/{first.json['id']}/comments"
    said = [client.ask("POST", place, {"text": "hi"}, Idempotency_Key="c") for _ in "ab"]
    assert [answer.status_code for answer in said] == [201, 201]
    assert len(client.get(place).json["items"]) == 1


def test_a_key_that_is_used_again_after_its_day_makes_another_record(company: Any, program: Any) -> None:
    body, client = offer_of(company), program("clerk_sal")
    first = client.ask("POST", "quotation", body, Idempotency_Key="1")
    get_db()[API_ENTRIES].update_many({}, {"$set": {"expires": dt.datetime(2025, 1, 1, tzinfo=dt.UTC)}})
    second = client.ask("POST", "quotation", {**body, "tags": ["next day"]}, Idempotency_Key="1")
    assert (second.status_code, second.json["tags"]) == (201, ["next day"])
    assert second.json["id"] != first.json["id"]


@pytest.mark.parametrize(
    "body", ['{"\\ud800": 1}', '{"fields": {"\\udfff": 1}}', '{"remark": "\\ud800"}', '{"tags": ["\\ud800"]}']
)
def test_half_a_character_is_refused_in_a_sentence(body: str, company: Any, program: Any) -> None:
    client = program("clerk_sal")
    for path in ("quotation", f"quotation/{'0' * 24}/comments", f"quotation/{'0' * 24}/moves/submit"):
        answer = client.client.post(
            f"/api/v1/{path}",
            data=body,
            content_type="application/json",
            headers={"Authorization": f"Bearer {client.key}", "If-Match": '"v1"'},
        )
        assert answer.status_code in (400, 404), answer.text


def test_requests_with_one_key_at_once_have_one_effect(company: Any, app: Any, program: Any) -> None:
    body, client = offer_of(company), program("clerk_sal")
    answers: list[Any] = []

    def send() -> None:
        answers.append(type(client)(app.test_client(), client.key).ask("POST", "quotation", body, Idempotency_Key="k"))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json["id"] for answer in answers}) == 1


SEEN: tuple[tuple[Any, int], ...] = (
    (None, 428), ("", 428), ("*", 428), ("v1", 412), ('W/"v1"', 412), ('"v0"', 412), ('"v1", "v2"', 412),
    ('"v999999999999"', 412), ("1", 412), ('"v1"', 200), ('"2"', 200),
)  # fmt: skip


def test_a_change_names_the_version_that_was_seen(company: Any, program: Any) -> None:
    offer, client = company.make("quotation"), program("clerk_sal")
    for given, status in SEEN:
        headers = {} if given is None else {"If_Match": given}
        answer = client.ask("PATCH", f"quotation/{offer.id}", {"tags": [f"x{given}"]}, **headers)
        assert answer.status_code == status, given
        if status == 412:
            assert answer.json["current"] == client.get(f"quotation/{offer.id}").json


def test_lines_that_others_have_added_meanwhile_are_another_version(company: Any, program: Any) -> None:
    """A form keeps the changes of two people to two lines; a program has said on what it goes, exactly."""
    offer, client = company.make("quotation"), program("clerk_sal")
    read = client.get(f"quotation/{offer.id}")
    lines = read.json["lines"]
    more = [*lines, {"product": lines[0]["product"], "quantity": "1", "unit_price": "5"}]
    assert (
        client.ask("PATCH", f"quotation/{offer.id}", {"lines": more}, If_Match=read.headers["ETag"]).status_code == 200
    )
    late = client.ask("PATCH", f"quotation/{offer.id}", {"lines": more}, If_Match=read.headers["ETag"])
    assert late.status_code == 412
    kept = client.get(f"quotation/{offer.id}").json["lines"]
    assert kept[0]["key"] == lines[0]["key"]
    assert len(kept) == 2


def test_absent_is_untouched_and_null_is_empty(company: Any, program: Any) -> None:
    offer, client = company.make("quotation"), program("clerk_sal")
    sent = {"remark": "to be looked at", "delivery_date": "2027-01-31"}
    assert client.ask("PATCH", f"quotation/{offer.id}", sent, If_Match='"v1"').json["delivery_date"] == "2027-01-31"
    left = client.ask("PATCH", f"quotation/{offer.id}", {"delivery_date": None}, If_Match='"v2"').json
    assert (left["remark"], left["delivery_date"]) == ("to be looked at", None)
    faults = client.ask("PATCH", f"quotation/{offer.id}", {"customer": None, "lines": []}, If_Match='"v3"').json[
        "faults"
    ]
    assert {fault["field"]: fault["code"] for fault in faults} == {"customer": "required", "lines": "required"}


def test_a_move_is_of_what_was_seen(company: Any, program: Any) -> None:
    offer, clerk, head = company.make("quotation"), program("clerk_sal"), program("head_sal")
    place = f"quotation/{offer.id}"
    assert clerk.ask("POST", f"{place}/moves/submit").status_code == 428
    submitted = clerk.ask("POST", f"{place}/moves/submit", If_Match='"v1"')
    assert (submitted.status_code, submitted.json["state"]) == (200, "submitted")
    assert clerk.ask("POST", f"{place}/moves/approve", If_Match='"v2"').status_code == 403
    offered = {item["verb"]: item["may"] for item in head.get(f"{place}/moves").json["items"]}
    assert offered["approve"]
    assert head.ask("POST", f"{place}/moves/approve", If_Match='"v1"').status_code == 412
    refused = head.ask("POST", f"{place}/moves/return", {}, If_Match='"v2"')
    assert [fault["field"] for fault in refused.json["faults"]] == ["reason"]
    for nonsense in ({"reason": 1}, {"other": 1}, {"fields": []}, {"fields": {"total": "1"}}, {"decision": {}}):
        assert head.ask("POST", f"{place}/moves/return", nonsense, If_Match='"v2"').status_code == 422, nonsense
    assert head.ask("POST", f"{place}/moves/nonsense", If_Match='"v2"').status_code == 422
    assert head.ask("POST", f"{place}/moves/approve", If_Match='"v2"').json["state"] == "approved"


def test_removed_and_restored(company: Any, program: Any) -> None:
    offer, client = company.make("quotation"), program("clerk_sal")
    place = f"quotation/{offer.id}"
    assert client.ask("DELETE", place).status_code == 428
    assert client.ask("DELETE", f"{place}?rehearse=1", If_Match='"v1"').json["verbs"] == ["remove"]
    assert client.ask("DELETE", place, If_Match='"v1"').status_code == 204
    assert client.get(place).status_code == 404
    assert client.ask("POST", f"{place}/restore?rehearse=1").json["rehearsed"] is True
    assert client.get(place).status_code == 404
    assert client.ask("POST", f"{place}/restore").status_code == 200
    assert client.get(place).status_code == 200


def test_files_go_up_and_down_with_the_rights_of_their_record(company: Any, program: Any) -> None:
    offer, client = company.make("quotation"), program("clerk_sal")
    place = f"quotation/{offer.id}/files"
    trial = client.send(f"{place}?rehearse=1", file=(io.BytesIO(b"text"), "a.txt"))
    assert (trial.status_code, client.get(place).json["items"]) == (200, [])
    assert get_db()["content.files"].count_documents({}) == 0
    made = client.send(place, file=(io.BytesIO(b"text"), "../a.txt"))
    assert (made.status_code, made.json["name"]) == (201, "a.txt")
    file = f"{place}/{made.json['id']}"
    down = client.get(file)
    assert (down.data, down.headers["Content-Disposition"].split(";")[0]) == (b"text", "attachment")
    assert program("clerk_mkt").get(file).status_code == 404
    other = company.make("quotation")
    assert client.get(f"quotation/{other.id}/files/{made.json['id']}").status_code == 404
    assert client.get(f"customer/{offer.id}/files/{made.json['id']}").status_code == 404
    assert client.send(place, file=(io.BytesIO(b"text"), "a.pdf")).status_code == 422
    assert client.send(place, file=(io.BytesIO(b""), "a.txt")).status_code == 422
    assert client.send(place, kind="x").status_code == 422
    assert client.ask("DELETE", f"{file}?rehearse=1").status_code == 200
    assert client.ask("DELETE", file).status_code == 204
    assert client.get(file).status_code == 404
    verbs = [entry["verb"] for entry in program("head_sal").get(f"quotation/{offer.id}/history").json["items"]]
    assert [verb for verb in verbs if verb in ("attach", "download", "detach")] == ["attach", "download", "detach"]


def test_a_record_is_read_as_it_was(company: Any, program: Any) -> None:
    offer, client = company.make("quotation"), program("clerk_sal")
    place, day = f"quotation/{offer.id}", clock.today()
    with clock.set_to(clock.now() + dt.timedelta(days=3)):
        client.ask("PATCH", place, {"remark": "later"}, If_Match='"v1"')
        assert client.get(place).json["remark"] == "later"
        then = client.get(f"{place}?at={day}")
        assert (then.json["remark"], then.json["version"]) == (None, 1)
        assert client.get(f"{place}?at={day + dt.timedelta(days=3)}").json["remark"] == "later"
        assert client.get(f"{place}?at={day - dt.timedelta(days=1)}").status_code == 404
    for nonsense in ("x", "2026-13-01", "9999-12-31", "0001-01-01", "2026-01-01T00:00:00"):
        assert client.get(f"{place}?at={nonsense}").status_code in (404, 422, 200), nonsense


def test_a_rehearsal_says_what_would_happen_and_leaves_nothing(company: Any, program: Any) -> None:
    """What it predicts is what then happens, and the database is the same before and after it, to the bit."""
    body, client = offer_of(company), program("clerk_sal")
    offer = company.make("quotation")
    place = f"quotation/{offer.id}"
    requests: tuple[tuple[str, str, Any, dict[str, str]], ...] = (
        ("POST", "quotation", body, {}),
        ("PATCH", place, {"remark": "new", "tags": ["a", "b"]}, {"If_Match": '"v1"'}),
        ("POST", f"{place}/comments", {"text": "said"}, {}),
        ("POST", f"{place}/moves/submit", {}, {"If_Match": '"v2"'}),
        ("PATCH", place, {"remark": "too late"}, {"If_Match": '"v3"'}),
        ("POST", f"{place}/moves/approve", {}, {"If_Match": '"v3"'}),
        ("DELETE", place, None, {"If_Match": '"v1"'}),
        ("POST", "quotation", {**body, "customer": None, "nope": 1}, {}),
    )
    volatile = {"id", "created_at", "updated_at", "state_since", "due_at"}
    for method, path, sent, headers in requests:
        forget_counts()
        before = state_of_database()
        trial = client.ask(method, f"{path}?rehearse=1", sent, **headers)
        assert state_of_database() == before, (method, path)
        real = client.ask(method, path, sent, **headers)
        if trial.status_code != 200:
            assert (real.status_code, real.json.get("faults")) == (trial.status_code, trial.json.get("faults"))
            assert state_of_database()["unsealed"] != before["unsealed"], "the real one is kept as refused"
            continue
        assert real.status_code in (200, 201)
        predicted = {name: value for name, value in trial.json["record"].items() if name not in volatile}
        made = {name: value for name, value in real.json.items() if name not in volatile}
        for content in (predicted, made):
            for line in content.get("lines") or ():
                line.pop("key")  # made at random
        assert predicted == made, (method, path)


BODIES = (
    b"", b"{", b"[]", b"1", b'"x"', b"null", b"{\"a\": NaN}", b'{"a": 1, "a": 2}', b"\xff\xfe", b"[" * 100_000,
    b'{"remark": ' + b"[" * 50_000, b'{"remark": "\\ud800"}', b'{"remark": "\\u0000"}', b'{"tags": [null]}',
    b'{"tags": {"$ne": 1}}', b'{"customer": {"$ne": null}}', b'{"customer": "$where"}', b'{"lines": {"0": 1}}',
    b'{"lines": [1]}', b'{"lines": [{"product": []}]}', b'{"lines": [{"quantity": 1e999}]}', b'{"__class__": 1}',
    b'{"lines": [{"key": {"$gt": ""}, "_cls": "X"}]}', b'{"valid_until": 20270101}', b'{"valid_until": "0000-00-00"}',
    b'{"state": "approved"}', b'{"version": 9}', b'{"id": "x", "_id": "y"}', b'{"owner": "x"}', b'{"": 1}',
    b'{"remark": ' + b"9" * 5000 + b"}", b'{"currency": {}}', b'{"a.b": 1, "$set": {}}',
)  # fmt: skip


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_no_body_breaks_anything(method: str, company: Any, program: Any) -> None:
    offer, client = company.make("quotation"), program("clerk_sal")
    path = "/api/v1/quotation" + ("" if method == "POST" else f"/{offer.id}")
    headers = {"Authorization": f"Bearer {client.key}", "If-Match": '"v1"'}
    for body in BODIES:
        answer = client.client.open(path, method=method, data=body, headers=headers, content_type="application/json")
        assert answer.status_code in (400, 422), (body[:60], answer.status_code, answer.text[:300])
        assert answer.mimetype == "application/problem+json"
        assert json.loads(answer.data)["code"]
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = client.client.open(path, method=method, data=b"{}", headers=headers, content_type=kind)
        assert answer.status_code == 415
    assert company.fresh(offer).version == 1


def test_what_nobody_declared_is_not_kept_of_an_attempt(company: Any, program: Any) -> None:
    client = program("clerk_sal")
    forget_counts()
    client.ask("POST", "quotation", {"my secret": 1, "total": "9"})
    rows = [row["attempt"] for row in get_db()["unsealed"].find({"attempt": {"$exists": True}})]
    assert "my secret" not in str(rows)
    assert "total" in str(rows)


def test_history_hides_what_its_reader_may_not_see(company: Any, program: Any) -> None:
    offer = company.make("quotation")
    changes.update(type(offer), offer.id, {"remark": "seen"}, actor=SYSTEM, version=None)
    entries = program("clerk_sal").get(f"quotation/{offer.id}/history").json["items"]
    assert entries[-1]["changes"] == [{"field": "remark", "old": None, "new": "seen"}]
    assert program("clerk_mkt").get(f"quotation/{offer.id}/history").status_code == 404
