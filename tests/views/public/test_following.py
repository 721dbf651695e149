"""The page behind a public link: the declared fields and nothing else, one answer for every link that is no good."""

from __future__ import annotations

import datetime as dt
import io
import re
from typing import Any

import pytest
from bson import ObjectId
from mongoengine.connection import get_db

from models import public_links
from models.kernel.base import clock
from models.kernel.base.errors import Forbidden, Missing
from models.kernel.base.people import PUBLIC, SYSTEM, holder_of
from models.kernel.gate import changes, comments
from models.kernel.rights import rights
from models.services.keeping import archive
from tests.fixtures.http import COMMANDS, read_page, signed_in
from tests.fixtures.public import InquiryStep, Outside

SECRET, NOTES = "內部:客戶欠款", "已更換電源。"


@pytest.fixture
def link(outside: Outside) -> str:
    return outside.link(outside.enter())


@pytest.fixture
def cls(with_inquiry: Any) -> Any:
    return with_inquiry["inquiry"]


def only() -> dict[str, Any]:
    (row,) = get_db()["inquiry"].find({})
    return row


def answers(outside: Outside) -> list[dict[str, Any]]:
    return list(get_db()["history"].find({"record": only()["_id"], "verb": "comment"}))


def test_the_declared_fields_are_shown_and_nothing_else(outside: Outside, cls: Any, link: str, company: Any) -> None:
    customer, row = company.make("customer"), only()
    values = {"public_notes": NOTES, "secret_notes": SECRET, "customer": customer.id}
    changes.update(cls, row["_id"], values, actor=SYSTEM, version=None)
    comments.comment(cls, row["_id"], "誰去看看？", actor=company.actor("clerk_sal"))
    page = outside.get(link)
    assert page.status_code == 200
    for shown in (row["number"], "已接收", NOTES, "故障"):
        assert shown in page.text
    hidden = (SECRET, customer.title, "誰去看看", "li@example.com", "紅燈亮", str(row["_id"]), "林曉梅", "/admin/")
    assert [text for text in hidden if text in page.text] == []


def test_script_in_what_is_shown_is_text(outside: Outside, cls: Any, link: str) -> None:
    script = "<script>alert(1)</script>"
    changes.update(cls, only()["_id"], {"public_notes": script}, actor=SYSTEM, version=None)
    page = outside.get(link)
    assert script not in page.text
    assert "&lt;script&gt;" in page.text


def test_unknown_revoked_ended_and_removed_are_one_answer(outside: Outside, cls: Any, link: str, company: Any) -> None:
    clerk, given = company.actor("clerk_sal"), []

    def ask(path: str) -> None:
        commands: list[str] = []
        COMMANDS.listeners.append(listen := lambda command: commands.append(next(iter(command))))
        answer = outside.get(path)
        COMMANDS.listeners.remove(listen)
        headers = {k: v for k, v in answer.headers if k not in ("X-Request-ID", "Date")}
        given.append((answer.status_code, answer.text, headers, commands))

    ask("/p/inquiry/at/unknown")
    ask(link[:-1] + ("A" if link[-1] != "A" else "B"))
    ask("/p/inquiry/at/" + "x" * 3000)
    with clock.set_to(clock.now() + dt.timedelta(days=91)):
        ask(link)
    public_links.revoke(cls, only()["_id"], actor=clerk)
    ask(link)
    public_links.renew(cls, only()["_id"], actor=clerk)
    renewed = public_links.shown(cls.objects.get(id=only()["_id"]), clerk)
    assert renewed
    ask(link)
    good = f"/p/inquiry/at/{renewed.token}"
    assert outside.get(good).status_code == 200
    record = cls.objects.get(id=only()["_id"])
    changes.remove(cls, record.id, actor=SYSTEM, version=record.version)
    ask(good)
    assert given[0][0] == 404
    assert [answer == given[0] for answer in given] == [True] * 7


def test_the_database_holds_no_link_and_a_link_is_128_bits_at_least(link: str, outside: Outside) -> None:
    token = link.rpartition("/")[2]
    assert len(token) * 6 >= 256
    everything = [str(row) for name in get_db().list_collection_names() for row in get_db()[name].find({})]
    assert [row for row in everything if token in row] == []


def test_numbers_and_ids_open_nothing(outside: Outside, link: str) -> None:
    row = only()
    for guess in (row["number"], str(row["_id"]), "1", get_db()["public_link"].find_one({})["hash"], "%00", "..%2f"):
        assert outside.get(f"/p/inquiry/at/{guess}").status_code in (400, 404)


def test_the_holder_adds_messages_and_files_once(outside: Outside, link: str) -> None:
    form = outside.form(link)
    picture = b"\x89PNG\r\n\x1a\n" + b"0" * 20
    for _ in range(2):
        sent = outside.send(form, comment="還有一張照片", **{"file-photo": (io.BytesIO(picture), "a.png")})
        assert sent.status_code == 200
    (entry,) = answers(outside)
    assert (entry["reason"], entry["door"], entry["actor"]) == ("還有一張照片", "public", None)
    assert get_db()["file"].count_documents({}) == 1


def test_a_stranger_calls_nobody_by_name(outside: Outside, link: str) -> None:
    outside.send(outside.form(link), comment="@clerk_sal @it 請看")
    assert len(answers(outside)) == 1
    assert get_db()["notice"].count_documents({"kind": "comment"}) == 0


def test_nothing_can_be_added_when_it_is_over(outside: Outside, cls: Any, link: str, company: Any) -> None:
    form = outside.form(link)
    for verb in ("solve", "close"):
        changes.move(cls, only()["_id"], verb, actor=company.actor("clerk_sal"), version=only()["version"])
    answer = outside.send(form, comment="還沒好")
    assert answer.status_code == 422
    assert not answers(outside)
    assert not read_page(outside.get(link).text).has_form(link)


@pytest.mark.parametrize("text", ["", "   ", "x" * 4001, "a\x00b"])
def test_a_message_that_cannot_be_kept_is_refused_with_its_text(outside: Outside, link: str, text: str) -> None:
    answer = outside.send(outside.form(link), comment=text)
    assert answer.status_code == 422
    assert not answers(outside)


def test_the_key_of_one_record_adds_nothing_to_another(outside: Outside, link: str) -> None:
    form = outside.form(link)
    other = outside.link(outside.enter(subject="另一件"))
    form.action = other
    assert outside.send(form, comment="別人的").status_code == 422
    assert get_db()["history"].count_documents({"verb": "comment"}) == 0


def test_answers_are_bounded_by_the_hour(outside: Outside, link: str) -> None:
    codes = [outside.send(outside.form(link), comment=f"第 {n} 條").status_code for n in range(6)]
    assert codes == [200] * 5 + [429]


def test_those_who_write_the_record_see_revoke_and_renew_the_link(
    outside: Outside, link: str, built_public_app: Any
) -> None:
    clerk, row = signed_in(built_public_app, "clerk_sal"), only()
    path = f"/admin/inquiry/details/?id={row['_id']}"
    assert link in clerk.get(path).text
    assert clerk.send(clerk.form(path, "/admin/public-links/"), verb="revoke").status_code == 303
    assert outside.get(link).status_code == 404
    assert "/p/inquiry/at/" not in clerk.get(path).text
    assert clerk.send(clerk.form(path, "/admin/public-links/"), verb="renew").status_code == 303
    match = re.search(r"/p/inquiry/at/[\w-]{43}", clerk.get(path).text)
    assert match
    assert match[0] != link
    assert (outside.get(match[0]).status_code, outside.get(link).status_code) == (200, 404)
    verbs = [entry["verb"] for entry in get_db()["history"].find({"record": row["_id"]}).sort("seq", 1)]
    assert verbs == ["create", "link_revoked", "link_renewed"]
    assert outside.client.post("/admin/public-links/", data={"id": str(row["_id"])}).status_code in (303, 400)


def test_who_only_reads_the_record_sees_no_link(outside: Outside, link: str, cls: Any, built_public_app: Any) -> None:
    reader = signed_in(built_public_app, "supervisor")
    page = reader.get(f"/admin/inquiry/details/?id={only()['_id']}")
    assert page.status_code == 200
    assert link not in page.text
    refused = reader.post("/admin/public-links/", {"verb": "revoke", "type": "inquiry", "id": str(only()["_id"])})
    assert refused.status_code == 403
    assert outside.get(link).status_code == 200


def test_a_stranger_has_no_right_but_what_is_declared(outside: Outside, cls: Any, link: str, with_inquiry: Any) -> None:
    record = cls.objects.get(id=only()["_id"])
    assert rights.visible(PUBLIC, cls) is None
    assert [name for name, other in with_inquiry.items() if rights.can_open(PUBLIC, other)] == []
    assert [name for name, other in with_inquiry.items() if rights.may_create(PUBLIC, other)] == ["inquiry", "ticket"]
    for actor in (PUBLIC, holder_of(record.id)):
        assert not rights.may_update(actor, record)
        assert not rights.may_remove(actor, record)
        assert not rights.may_share(actor, record)
        assert not rights.may_open(actor, record) or cls.declared.access.openable is None
        assert [move.verb for move in record.flow().moves if rights.may_move(actor, record, move)] == []
    assert not rights.may_comment(PUBLIC, record)
    assert not rights.may_attach(PUBLIC, record)
    with pytest.raises(Missing):
        changes.update(cls, record.id, {"subject": "x"}, actor=PUBLIC, version=record.version)
    with pytest.raises(Forbidden):
        changes.update(cls, record.id, {"subject": "x"}, actor=holder_of(record.id), version=record.version)


def test_a_record_that_is_destroyed_leaves_no_link(outside: Outside, link: str, cls: Any) -> None:
    record = cls.objects.get(id=only()["_id"])
    changes.remove(cls, record.id, actor=SYSTEM, version=record.version)
    approval = archive.Approval(ObjectId(), "DL-1", None, "x", clock.now())
    assert archive.destroy(cls, record.id, approval, lambda stone: None, may=lambda row: True, is_binned=True)
    assert get_db()["public_link"].count_documents({}) == 0
    assert outside.get(link).status_code == 404


def test_of_lines_the_columns_are_shown_that_name_nobody(outside: Outside, link: str, cls: Any, company: Any) -> None:
    step = InquiryStep(text="<b>換電源</b>", person=company.users["clerk_sal"], cost="貴得很")
    changes.update(cls, only()["_id"], {"steps": [step]}, actor=SYSTEM, version=None)
    page = outside.get(link)
    assert page.status_code == 200
    assert read_page(page.text).rows == [["步驟"], ["<b>換電源</b>"]]
    assert [text for text in ("<b>", "貴得很", "林曉梅", str(company.users["clerk_sal"])) if text in page.text] == []
