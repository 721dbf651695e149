"""A customer that is merged or archived while others work: all that they do ends at the one that stands, and nothing
that they have typed is lost."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from mongoengine.connection import get_db

from models import catalogue, mail_entries, merging
from models.aftersales.tickets import Ticket
from models.kernel.base import clock
from models.kernel.base.errors import Forbidden, Missing, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import alike, changes, history, merged_links
from models.kernel.gate import merging as gate
from models.kernel.gate.merging import Pair
from models.kernel.language.merging import stands_for
from models.sales.customers import Contact
from models.services.files import files
from models.services.imports import rows as import_rows
from models.services.keeping import archive
from models.services.work import jobs
from tests.fixtures.doing import do, work_off
from tests.fixtures.http import id_in, read_page
from tests.races.at_once import at_once, done
from views.page import merging as pages

CUSTOMER = catalogue["customer"]
PHONE, MAIL = "13800138000", "li@example.com"


def contact(**facts: Any) -> Contact:
    return Contact(**{"name": "李文", "phone": PHONE, "mail": MAIL, **facts})


@pytest.fixture
def twice(company: Any) -> tuple[Any, Any]:
    """A customer, and the same one entered a second time."""
    kept = company.make("customer", "clerk_sal", name="蘇州恒遠精密機械有限公司", letters="en")
    return kept, company.make("customer", "clerk_sal", name="恒遠機械", contacts=[contact()], region="蘇州")


def merged(company: Any, twice: tuple[Any, Any], taken: tuple[str, ...] = ()) -> Any:
    kept, gone = (company.fresh(record) for record in twice)
    pair = Pair(gone.id, kept.id, gone.version, kept.version)
    return merging.merge(CUSTOMER, pair, taken, actor=company.actor("head_sal"))


class TestMeanwhile:
    def test_a_ticket_that_is_being_typed(self, company: Any, twice: Any, browser_as: Any) -> None:
        kept, gone = twice
        clerk = browser_as("clerk_svc")
        form = clerk.form("/admin/ticket/new/", "/new/")
        merged(company, twice)
        typed = {"subject": "機台報警", "description": "E21", "phone": PHONE, "customer": str(gone.id)}
        ticket = company.fresh(Ticket(id=id_in(clerk.send(form, **typed))))
        assert (ticket.ref("customer"), ticket.subject, ticket.description) == (kept.id, "機台報警", "E21")

    def test_a_ticket_for_a_customer_that_went_into_the_archive(
        self, company: Any, twice: Any, browser_as: Any
    ) -> None:
        _, gone = twice
        clerk = browser_as("clerk_svc")
        form = clerk.form("/admin/ticket/new/", "/new/")
        archive.move_out(CUSTOMER, gone.id, is_due=lambda row: True)
        answer = clerk.send(form, subject="機台報警", description="E21 仍在", phone=PHONE, customer=str(gone.id))
        assert answer.status_code == 422
        assert "E21 仍在" in answer.text

    def test_half_an_offer_kept_as_a_draft(self, company: Any, twice: Any, browser_as: Any) -> None:
        kept, gone = twice
        clerk = browser_as("clerk_sal")
        form = clerk.form("/admin/quotation/new/", "/new/")
        typed = {"subject": "傳感器採購", "customer": str(gone.id)}
        sent = clerk.post("/admin/quotation/draft/", {**form, **typed}, headers={"X-Requested-With": "XMLHttpRequest"})
        assert sent.get_json()["ok"]
        merged(company, twice)
        (way,) = [link for link in clerk.page("/admin/quotation/new/").links if "draft=" in link]
        again = clerk.form(way, "/new/")
        assert again["subject"] == "傳感器採購"
        assert again["customer.shown"] == kept.title, "the picker shows the customer that stands"
        offer = company.make("quotation", "clerk_sal", customer=gone.id)
        assert offer.ref("customer") == kept.id

    def test_a_mail_from_an_address_that_only_the_merged_one_knew(self, company: Any, twice: Any) -> None:
        changes.update(CUSTOMER, twice[1].id, {"letters": "zh-Hant"}, actor=SYSTEM, version=None)

        def letters() -> Any:
            parts = mail_entries.MailParts(
                subject="Pump", body="The pump stands still.", sender=MAIL, name="", received=clock.now()
            )
            return mail_entries.values_of(Ticket, parts).get("letters")

        assert letters() == "zh-Hant"
        merged(company, twice)
        assert letters() == "en", "as the customer that stands is written to"

    def test_an_answer_to_a_ticket_of_the_merged_one(self, company: Any, twice: Any) -> None:
        """A ticket keeps link, key and contact, so that an answer finds it; it is of the customer that stands."""
        ticket = company.make("ticket", customer=twice[1].id, mail=MAIL)
        was = ticket.raw("public_link")
        merged(company, twice)
        work_off(gate.JOB)
        now = company.fresh(ticket)
        assert (now.ref("customer"), now.mail, now.raw("public_link")) == (twice[0].id, MAIL, was)
        apart = company.make("ticket", customer=twice[1].id, split_from=ticket.id)
        assert apart.ref("customer") == twice[0].id

    def test_an_invitation_to_a_survey(self, company: Any, twice: Any) -> None:
        before = company.make("survey_invitation", customer=twice[1].id)
        merged(company, twice)
        after = company.make("survey_invitation", customer=twice[1].id, survey=before.ref("survey"))
        work_off(gate.JOB)
        assert company.fresh(before).customer.id == twice[0].id
        assert after.ref("customer") == twice[0].id

    def test_a_sheet_that_names_it(self, company: Any, twice: Any, sheets: Any) -> None:
        kept, gone = twice
        merged(company, twice)
        head = ["客戶", "時間", "方式", "需求"]
        rows = [[name, "2026-11-20 10:00", "電話", "備件"] for name in (gone.number, gone.title)]
        item = sheets.imported([head, *rows], "interaction")
        made = [row["customer"] for row in catalogue["interaction"].collection().find({"batch": None})]
        assert made == [kept.id, kept.id], item.counts

    def test_a_sheet_that_would_change_it(self, company: Any, twice: Any, sheets: Any) -> None:
        kept, gone = twice
        merged(company, twice)
        item = sheets.checked([["編號", "地區"], [gone.number, "上海"]])
        ((_, cells, outcome),) = import_rows.listed(item, ("refused",), most=5).rows
        assert "上海" in cells
        assert kept.number in str(outcome)

    def test_the_hotline_finds_it_by_number_name_and_phone(self, company: Any, twice: Any, browser_as: Any) -> None:
        kept, gone = twice
        merged(company, twice)
        for text in (gone.number, gone.title, "hyjx", PHONE):
            query = {"field": "customer", "query": text}
            answer = browser_as("clerk_svc").get("/admin/ticket/ajax/lookup/", query)
            assert [row["id"] for row in answer.get_json()["results"]] == [str(kept.id)], text
        work_off(gate.JOB)
        ticket = company.make("ticket", "clerk_svc", customer=kept.id)
        beside = browser_as("clerk_svc").post("/admin/ticket/beside/", {"customer": str(gone.id)})
        assert ticket.number in beside.text

    def test_somebody_saves_the_merged_one(self, company: Any, twice: Any, browser_as: Any) -> None:
        """What they changed stands in the form of the other one, with a sentence; all else there is as it was."""
        kept, gone = twice
        clerk = browser_as("clerk_sal")
        form = clerk.form(f"/admin/customer/edit/?id={gone.id}", "/edit/")
        merged(company, twice)
        answer = clerk.send(form, industry="機床")
        assert answer.status_code == 409
        assert gone.number in answer.text
        assert kept.number in answer.text
        again = read_page(answer.text).form("/admin/customer/edit/")
        assert (again["industry"], again["name"], again["id"]) == ("機床", kept.name, str(kept.id))
        assert clerk.send(again).status_code == 302
        now = company.fresh(kept)
        assert (now.industry, now.name, len(now.contacts)) == ("機床", kept.name, 1)


def compared(browser: Any, twice: tuple[Any, Any]) -> Any:
    return browser.get("/admin/customer/merge/", {"id": twice[0].id, "with": twice[1].id})


class TestPage:
    def test_tells_nothing_of_what_its_reader_does_not_see(self, company: Any, twice: Any, browser_as: Any) -> None:
        """What links there is counted as far as it is seen; the rest is one line, without type and number."""
        head, page = company.actor("head_sal"), "另有不對您顯示的記錄"
        company.make("quotation", "clerk_sal", customer=twice[1].id)
        assert page not in compared(browser_as("head_sal"), twice).text
        company.make("finding", record=f"customer:{twice[1].id}")
        html = compared(browser_as("head_sal"), twice).text
        shown = html[html.index("plain-list") :]
        assert page in shown
        assert "/admin/quotation/?f.customer" in shown
        assert str(catalogue["finding"].declared.plural) not in shown
        counts, others = merged_links.count_links(head, CUSTOMER, twice[1].id)
        assert [(count.cls.type_name(), count.moving) for count in counts] == [("quotation", 1)]
        assert others

    def test_is_not_drawn_for_who_may_not_change_both(self, company: Any, twice: Any, browser_as: Any) -> None:
        """The managing directors have the role, and read all; the page says why not, and nothing else."""
        answer = compared(browser_as("management"), twice)
        assert answer.status_code == 403
        assert "plain merge" not in answer.text
        assert browser_as("management").get("/admin/customer/merge/", {"id": twice[0].id}).status_code == 403

    def test_offers_no_merge_that_is_refused(self, company: Any, twice: Any, browser_as: Any) -> None:
        button, head = 'class="btn primary">合併', browser_as("head_sal")
        assert button in compared(head, twice).text
        assert button not in compared(head, (twice[0], twice[0])).text
        company.walk(twice[1], "screened")
        assert button not in compared(head, twice).text

    def test_names_what_its_reader_may_see_and_says_where_it_is_cut(
        self, company: Any, twice: Any, browser_as: Any, monkeypatch: Any
    ) -> None:
        """Of a customer of another department nothing is said."""
        kept, way = twice[0], "/admin/customer/details/"
        secret = company.make("customer", "clerk_sal", name="保密客戶")
        for gone in (twice[1], secret):
            merged(company, (kept, gone))
        CUSTOMER.collection().update_one({"_id": secret.id}, {"$set": {"department": company.department("SVC")}})
        clerk, head = browser_as("clerk_sal"), browser_as("management")
        assert secret.title in head.get(way, {"id": kept.id}).text
        html = clerk.get(way, {"id": kept.id}).text
        assert twice[1].title in html
        assert secret.title not in html[html.index('id="merged"') :].partition("</section>")[0]
        assert "僅顯示最近" not in html
        monkeypatch.setattr(pages, "MERGED_SHOWN", 1)
        assert "僅顯示最近 1 條" in head.get(way, {"id": kept.id}).text
        monkeypatch.setattr(pages, "TIMELINE_MAX", 1)
        assert "僅顯示最近 1 條" in head.get("/admin/customer/merged/", {"id": secret.id}).text
        assert secret.number in head.get("/admin/customer/history/", {"id": secret.id}).text
        assert clerk.get("/admin/customer/history/", {"id": secret.id}).status_code == 404

    def test_says_which_are_still_being_led_on(self, company: Any, twice: Any) -> None:
        """Found by an index, whatever else was ever merged."""
        third = company.make("customer", "clerk_sal")
        for gone in (twice[1], third):
            merged(company, (twice[0], gone))
        ids = [twice[1].id, third.id]
        assert merging.being_led([*ids, twice[0].id]) == set(ids)
        work_off(gate.JOB)
        assert merging.being_led(ids) == set()
        plan = get_db()[jobs.COLLECTION].find({"once": {"$in": [gate.once_for("a"), gate.once_for("b")]}}).explain()
        assert "given_once" in str(plan["queryPlanner"]["winningPlan"])


class TestRun:
    def test_one_that_is_refused_stays_whole(self, company: Any, twice: Any, monkeypatch: Any) -> None:
        """What was written before the refusal is not kept."""
        ticket = company.make("ticket", customer=twice[1].id)
        merged(company, twice)
        real = changes.update

        def late(cls: Any, id: Any, *rest: Any, **facts: Any) -> Any:
            real(cls, id, *rest, **facts)
            raise Refused(gate.SAME)

        monkeypatch.setattr(merged_links.changes, "update", late)
        work_off(gate.JOB)
        assert company.fresh(ticket).ref("customer") == twice[1].id

    def test_one_that_is_damaged_keeps_no_other_back(self, company: Any, twice: Any, monkeypatch: Any) -> None:
        tickets = [company.make("ticket", customer=twice[1].id) for _ in range(3)]
        merged(company, twice)
        real = changes.update

        def broken(cls: Any, id: Any, *rest: Any, **facts: Any) -> Any:
            if id == tickets[0].id:
                raise TypeError
            return real(cls, id, *rest, **facts)

        with monkeypatch.context() as patch:
            patch.setattr(merged_links.changes, "update", broken)
            work_off(gate.JOB)
        links = [company.fresh(ticket).ref("customer") for ticket in tickets]
        assert links == [twice[1].id, twice[0].id, twice[0].id]


class TestRefused:
    def test_while_one_of_them_waits_for_a_decision(self, company: Any, twice: Any) -> None:
        company.walk(twice[1], "screened")
        with pytest.raises(Refused, match=twice[1].number):
            merged(company, twice)

    def test_under_a_legal_hold(self, company: Any, twice: Any) -> None:
        company.make("legal_hold", customer=twice[1].id)
        with pytest.raises(Refused, match=twice[1].number):
            merged(company, twice)

    def test_undoing_what_has_been_worked_on_since(self, company: Any, twice: Any) -> None:
        head = company.actor("head_sal")
        ticket = company.make("ticket", customer=twice[1].id)
        kept = merged(company, twice)
        with pytest.raises(Refused, match="still being led on"):
            merging.undo(CUSTOMER, twice[1].id, actor=head)
        work_off(gate.JOB)
        company.walk(ticket, "closed")
        with pytest.raises(Refused, match=ticket.number):
            merging.undo(CUSTOMER, twice[1].id, actor=head)
        changes.update(CUSTOMER, kept.id, {"contacts": []}, actor=head, version=kept.version)
        with pytest.raises(Refused, match=kept.number):
            merging.undo(CUSTOMER, twice[1].id, actor=head)

    def test_undoing_while_the_other_one_waits_for_a_decision_or_is_held(self, company: Any, twice: Any) -> None:
        merged(company, twice)
        work_off(gate.JOB)
        kept, head = company.fresh(twice[0]), company.actor("head_sal")
        company.walk(kept, "screened")
        with pytest.raises(Refused, match=f"{kept.number} waits"):
            merging.undo(CUSTOMER, twice[1].id, actor=head)
        CUSTOMER.collection().update_one({"_id": kept.id}, {"$set": {"state": "target"}})
        company.make("legal_hold", customer=kept.id)
        with pytest.raises(Refused, match="legal hold"):
            merging.undo(CUSTOMER, twice[1].id, actor=head)

    def test_undoing_after_thirty_days(self, company: Any, twice: Any) -> None:
        merged(company, twice)
        work_off(gate.JOB)
        with clock.set_to(clock.now() + dt.timedelta(days=gate.DAYS, hours=1)), pytest.raises(Refused, match="30"):
            merging.undo(CUSTOMER, twice[1].id, actor=company.actor("head_sal"))

    def test_an_empty_bin_and_a_list_of_what_is_destroyed(self, company: Any, twice: Any) -> None:
        """What is merged is not destroyed with the bin, as long as the other one is kept."""
        merged(company, twice)
        with clock.set_to(clock.now() + dt.timedelta(days=60)):
            do("bin.delete_list")
        assert catalogue["deletion_list"].collection().count_documents({}) == 0


@pytest.mark.parametrize("round_", range(3))
def test_each_into_the_other_at_once(round_: int, company: Any, twice: Any) -> None:
    """One of two merges stands; the other is told that somebody was first."""
    first, second = twice
    pairs = [Pair(first.id, second.id, first.version, second.version)]
    pairs.append(Pair(second.id, first.id, second.version, first.version))
    head = company.actor("head_sal")
    results = at_once(*(lambda pair=pair: merging.merge(CUSTOMER, pair, [], actor=head) for pair in pairs))
    (kept,) = done(results)
    other = second if kept.id == first.id else first
    assert stands_for(CUSTOMER, other.id) == kept.id
    assert stands_for(CUSTOMER, kept.id) is None
    for record in twice:
        row = CUSTOMER.collection().find_one({"_id": record.id})
        assert list(history.faults_in(history.entries_of(record.id), row["chain"])) == []


def test_what_only_one_may_have_goes_over_and_comes_back(company: Any, twice: Any) -> None:
    code = "91320594MA1ABCDEFL"
    changes.update(CUSTOMER, twice[1].id, {"credit_code": code}, actor=SYSTEM, version=None)
    assert merged(company, twice, ("credit_code",)).credit_code == code
    work_off(gate.JOB)
    assert merging.undo(CUSTOMER, twice[1].id, actor=company.actor("head_sal")).credit_code == code
    assert company.fresh(twice[0]).credit_code is None


def test_files_come_along_and_go_back(company: Any, twice: Any) -> None:
    own = company.attach(twice[1], "")
    kept = merged(company, twice)
    assert [file["sha256"] for file in files.files_of(kept.id)] == [own["sha256"]]
    work_off(gate.JOB)
    merging.undo(CUSTOMER, twice[1].id, actor=company.actor("head_sal"))
    assert files.files_of(kept.id) == []
    assert len(files.files_of(twice[1].id)) == 1


def test_a_table_of_figures_counts_both_as_one(company: Any, twice: Any, browser_as: Any) -> None:
    """A contract that is signed goes on naming the merged one; the table and its list say the same."""
    kept, gone = twice
    for customer in (kept, gone):
        offer = company.make("quotation", "clerk_sal", customer=customer.id)
        company.walk(offer, "sent")
    merged(company, twice)
    work_off(gate.JOB)
    head = browser_as("head_sal")
    shown = "/admin/analysis/quotation/?show=own&rows=customer&columns=state&value=count"
    page = head.get(shown).text
    assert kept.title in page
    assert gone.title not in page
    assert len(re.findall(f'href="[^"]*f.customer={kept.id}&amp;f.state=sent"[^>]*>2<', page)) == 1
    listed = head.get("/admin/quotation/", {"f.customer": str(kept.id)}).text
    assert len(set(re.findall(r"/admin/quotation/details/\?id=\w+", listed))) == 2


def test_names_that_two_merges_gave_stay_while_one_of_them_does(company: Any, twice: Any, monkeypatch: Any) -> None:
    """Undoing one takes nothing from the other; of too many names the numbers stay, by which the record is found."""
    kept, gone = twice
    same = company.make("customer", "clerk_sal", name=gone.title)
    for other in (gone, same):
        merged(company, (kept, other))
    work_off(gate.JOB)
    assert company.fresh(kept).known_as == [gone.number, same.number, gone.title]
    merging.undo(CUSTOMER, same.id, actor=company.actor("head_sal"))
    assert company.fresh(kept).known_as == [gone.number, gone.title]
    monkeypatch.setattr(gate, "NAMES_MAX", 2)
    work_off(gate.JOB)
    merged(company, (kept, same))
    assert company.fresh(kept).known_as == [gone.number, same.number]


class TestDoubles:
    def test_pairs_lead_to_the_merge_and_are_proposed_no_more(self, company: Any, twice: Any, browser_as: Any) -> None:
        third = company.make("customer", "clerk_sal", name="另一家", contacts=[contact(mail=None)])
        head = browser_as("head_sal")
        html = head.get("/admin/customer/doubles/").text
        assert f"id={twice[1].id}&amp;with={third.id}" in html
        assert str(twice[0].id) not in html
        form = read_page(html).form("/admin/customer/doubles/")
        assert head.send(form, id=[str(third.id), str(twice[1].id)]).status_code == 302
        assert str(third.id) not in head.get("/admin/customer/doubles/").text
        assert alike.beside(company.actor("head_sal"), third) == []

    def test_who_may_not_merge_two_says_nothing_of_them_and_it_can_be_taken_back(
        self, company: Any, twice: Any, browser_as: Any
    ) -> None:
        third = company.make("customer", "clerk_sal", name="另一家", contacts=[contact(mail=None)])
        ids, head = (twice[1].id, third.id), company.actor("head_sal")
        with pytest.raises((Forbidden, Missing)):
            merging.note_same(CUSTOMER, ids, same=False, actor=company.actor("head_svc"))
        for _ in range(2):  # a second time, nothing is noted again
            merging.note_same(CUSTOMER, ids, same=False, actor=head)
        assert alike.beside(head, third) == []
        browser = browser_as("head_sal")
        page = read_page(browser.get("/admin/customer/merge/", {"id": third.id, "with": twice[1].id}).text)
        form = page.form("/admin/customer/doubles/")
        answer = browser.send(form)
        assert answer.status_code == 302
        assert "不是重複" not in browser.get(answer.headers["Location"]).text
        assert alike.beside(head, third) == [twice[1]]
        verbs = [entry["verb"] for entry in history.entries_of(third.id)]
        assert verbs[-2:] == [alike.NOT_SAME, alike.PERHAPS]

    def test_many_alike_are_bounded_and_what_all_hold_is_said(
        self, company: Any, browser_as: Any, monkeypatch: Any
    ) -> None:
        """Five others of each record, the rest counted; what more hold than are looked at is named once."""
        made = [company.make("customer", "clerk_sal", contacts=[contact(mail=None)]) for _ in range(8)]
        head = company.actor("head_sal")
        doubles = alike.doubles_of(head, CUSTOMER, made[::-1])
        pairs = [pair for pair in doubles.pairs if pair.record == made[-1]]
        assert [pair.other for pair in pairs] == made[6:1:-1]
        assert doubles.further == {made[-1]: 2, made[-2]: 1}
        assert doubles.common == ()
        html = browser_as("head_sal").get("/admin/customer/doubles/").text
        assert "另有 2 條可能重複" in html
        monkeypatch.setattr(alike, "HITS_MAX", 7)
        doubles = alike.doubles_of(head, CUSTOMER, made[::-1])
        assert (doubles.pairs, doubles.further) == ((), {})
        assert doubles.common == ((made[0], "contacts.phone"),)
        html = browser_as("head_sal").get("/admin/customer/doubles/").text
        assert "超過 7 條記錄與此相同" in html
        values = {"name": "全新公司", "contacts": [contact(name="王")]}
        with pytest.raises(Refused, match=r"超過 7 條|more than 7"):
            changes.create(CUSTOMER, values, actor=company.actor("clerk_sal"))

    def test_a_new_entry_is_doubted(self, company: Any, twice: Any) -> None:
        values = {"name": "全新公司", "contacts": [contact(name="王")]}
        with pytest.raises(Refused, match=twice[1].number):
            changes.create(CUSTOMER, values, actor=company.actor("clerk_sal"))

    def test_no_query_grows_with_the_collection(self, company: Any, twice: Any) -> None:
        """Each by an index; what is examined is what is found."""
        third = company.make("customer", "clerk_sal", name="另一家", contacts=[contact()])
        for _ in range(40):
            company.make("customer", "clerk_sal")
        row = CUSTOMER.collection().find_one({"_id": third.id})
        keys = {"g": {"$in": [gram for gram in row["g"] if gram.startswith("#")]}}
        plan = CUSTOMER.collection().find({"$and": [{"removed_at": None}, keys]}).explain()
        assert plan["executionStats"]["totalDocsExamined"] == 2
