"""The text of attached files: read in a confined process, cut into pieces, found by any part through an index."""

from __future__ import annotations

import io
from typing import Any

import pytest
from bson import ObjectId
from PIL import Image

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.errors import Missing
from models.kernel.base.people import SYSTEM
from models.kernel.base.search import folded, span_in
from models.kernel.gate import changes
from models.services.files import files
from models.services.files import reading as file_reading
from models.services.files import search as file_search
from models.services.files import text as file_text
from models.services.files.text import Piece
from models.services.keeping import archive
from models.services.work import jobs
from tests.fixtures.doing import do, work_off
from tests.fixtures.http import COMMANDS


@pytest.fixture
def need(company: Any) -> Any:
    return company.make("requirement", "clerk_mkt")


@pytest.fixture
def attach(company: Any, need: Any) -> Any:
    def attached(name: str, content: bytes, record: Any = None, login: str = "clerk_mkt") -> dict[str, Any]:
        record = record or need
        upload = files.Upload(name, io.BytesIO(content))
        file = files.attach(type(record), record.id, "", upload, actor=company.actor(login))
        work_off("files.read")
        return fresh(file)

    return attached


def fresh(file: dict[str, Any]) -> dict[str, Any]:
    return next((row for row in files.files_of(file["record_id"]) if row["_id"] == file["_id"]), {})


def hits_of(company: Any, login: str, text: str, **more: Any) -> list[tuple[str, str, int, str]]:
    got = file_search.find(company.actor(login), catalogue.values(), text, **more)
    return [(hit.file["name"], hit.place["kind"], hit.place["number"], hit.match) for hit in got.hits]


class TestReading:
    def test_a_pdf_by_pages(self, attach, company, paper):
        file = attach("合同.pdf", paper.pdf("第一頁 採購合同", "第二頁 違約金條款"))
        assert (file["reading"]["state"], file["reading"]["pages"]) == (file_text.READ, 2)
        assert hits_of(company, "clerk_mkt", "违约金") == [("合同.pdf", "page", 2, "違約金")]
        assert "採購合同" in file_text.text_of(file["_id"])
        assert file_text.picture_of(file["_id"])[:4] == b"RIFF"

    def test_a_phrase_over_the_end_of_a_page_is_found_once(self, attach, company, paper):
        attach("合同.pdf", paper.pdf("本合同的違約", "金條款另行約定", "本合同的違約金"))
        assert hits_of(company, "clerk_mkt", "違約金條款") == [("合同.pdf", "page", 2, "違約 金條款")]
        assert [hit[2] for hit in hits_of(company, "clerk_mkt", "違約金")] == [3, 2]
        assert [hit[2] for hit in hits_of(company, "clerk_mkt", "另行約定")] == [2], "page 3 only repeats it"

    def test_what_cannot_be_read_says_so_and_is_downloadable(self, attach, company):
        content = b"%PDF-1.7 nothing"
        file = attach("a.pdf", content)
        assert (file["reading"]["state"], file["reading"]["why"]) == (file_text.UNREADABLE, "damaged")
        assert str(file_text.WHY["damaged"]) in str(file_text.state_words(file))
        assert files.open_for(file["_id"], actor=company.actor("clerk_mkt"))[1].read() == content

    def test_states_of_kinds(self, attach, paper, db):
        scan = io.BytesIO()
        Image.new("RGB", (60, 80), "white").save(scan, "PDF")
        for name, content, state in (
            ("scan.pdf", scan.getvalue(), file_text.EMPTY),
            ("a.png", paper.picture(), file_text.NO_TEXT),
            ("a.bin", b"\x00\x01\x02", file_text.NO_TEXT),
            ("gb.csv", "客户,金额".encode("gb18030"), file_text.READ),
        ):
            file = attach(name, content)
            assert file["reading"]["state"] == state, name
            assert (file_text.picture_of(file["_id"]) is not None) == (name in ("scan.pdf", "a.png"))
        assert file_text.state_words({}) is None

    def test_the_text_goes_with_the_file(self, attach, company, db, paper):
        file = attach("a.pdf", paper.pdf("可以找到"))
        files.detach(file["_id"], actor=company.actor("clerk_mkt"))
        assert hits_of(company, "clerk_mkt", "可以找到") == []
        assert db[file_text.COLLECTION].count_documents({}) == db[file_text.PICTURES].count_documents({}) == 0

    def test_a_file_taken_off_while_it_is_read_leaves_nothing(self, company, need, db, monkeypatch, attach):
        keep = file_text.keep

        def kept_and_gone(file: Any, pieces: Any) -> None:
            keep(file, pieces)
            db[file_text.FILES].update_one({"_id": file["_id"]}, {"$set": {"removed_at": file["at"]}})

        monkeypatch.setattr(file_text, "keep", kept_and_gone)
        attach("a.txt", "可以找到".encode())
        assert db[file_text.COLLECTION].count_documents({}) == 0

    def test_a_quiet_load_orders_no_reading_of_its_own(self, company, need, db):
        upload = files.Upload("a.txt", io.BytesIO("可以找到".encode()))
        actor = company.actor("clerk_mkt")
        changes.in_batch(lambda: files.attach(type(need), need.id, "", upload, actor=actor), quiet=True)
        assert db[jobs.COLLECTION].count_documents({"task": "files.read"}) == 0
        assert do("files.reread") == {"read": 1}

    def test_an_order_stands_only_with_its_file(self, company, need, db):
        with pytest.raises(Missing):
            files.attach(type(need), need.id, "", files.Upload("a.txt", io.BytesIO(b"x")), actor=company.actor("it"))
        assert db[jobs.COLLECTION].count_documents({"task": "files.read"}) == 0

    def test_reading_again_changes_nothing(self, attach, db):
        file = attach("a.txt", "可以找到".encode())
        before = db[file_text.COLLECTION].find_one({}, {"_id": 0})
        assert file_reading.read(file["_id"]) == file_text.READ
        assert [*db[file_text.COLLECTION].find({}, {"_id": 0})] == [before]

    def test_what_has_no_text_is_read_later(self, attach, db):
        file, other = attach("a.txt", "可以找到".encode()), attach("b.txt", "也可以找到".encode())
        assert do("files.reread") == {}
        db[file_text.COLLECTION].delete_many({"file": file["_id"]})
        db[file_text.FILES].update_one({"_id": other["_id"]}, {"$unset": {"reading": 1}})
        assert do("files.reread") == {"read": 2}
        assert do("files.reread") == {}


class TestSearch:
    def test_only_what_may_be_seen_and_opened_and_is_not_in_the_bin(self, company, need, attach):
        attach("a.txt", "機密的內容".encode())
        assert hits_of(company, "clerk_mkt", "機密的內容")
        for login in ("clerk_prd", "it", "hr"):
            assert hits_of(company, login, "機密的內容") == [], login
        changes.remove(type(need), need.id, actor=SYSTEM, version=None)
        assert hits_of(company, "management", "機密的內容") == []

    def test_archived_files_are_found_and_destroyed_ones_leave_nothing(self, company, need, attach, db, paper):
        attach("a.pdf", paper.pdf("可以找到"))
        archive.move_out(type(need), need.id, is_due=lambda _: True)
        (hit,) = file_search.find(company.actor("management"), catalogue.values(), "可以找到").hits
        assert hit.is_archived
        assert hits_of(company, "clerk_prd", "可以找到") == []
        approval = archive.Approval(ObjectId(), "DL-1", None, "", clock.now())
        archive.destroy(type(need), need.id, approval, lambda _proof: None, may=lambda _: True)
        for name in (file_text.COLLECTION, file_text.PICTURES, "content.files", "content.chunks"):
            assert db[name].count_documents({}) == 0, name

    def test_what_is_there_and_what_is_not(self, company, attach):
        attach("a.txt", "甲方應於\n十日內 支付 xk-93517 付款 Ab\n  cd 可以找到".encode())
        for text in ("甲方應於十日內", "应于十日", "XK-93517 付", "ＸＫ-93517", "ab cd", "內 支"):
            assert len(hits_of(company, "clerk_mkt", text)) == 1, text
        for text in ("", "可", " ", "\x00", "不在這裏", "可.*到", "(", "$where", "可以找到" * 40):
            assert hits_of(company, "clerk_mkt", text) == [], text

    def test_pages_of_hits_go_on_behind_the_last(self, company, need, attach):
        for n in range(3):
            attach(f"{n}.txt", "\n".join(f"{'填充' * 1000} 可以找到" for _ in range(9)).encode())
        first = file_search.find(company.actor("clerk_mkt"), catalogue.values(), "可以找到")
        rest = file_search.find(company.actor("clerk_mkt"), catalogue.values(), "可以找到", before=first.next)
        ids = [hit.id for hit in (*first.hits, *rest.hits)]
        assert len(first.hits) == file_search.PAGE
        assert rest.next is None
        assert len(ids) == len(set(ids)) == 27
        assert ids == sorted(ids, reverse=True)

    def test_many_who_may_open_little_among_much(self, company, attach, monkeypatch):
        for n in range(7):
            attach(f"{n}.txt", "可以找到的文字".encode())
        for name, value in (("FEW", 0), ("BATCH", 1), ("BATCH_MAX", 2), ("PAGE", 3)):
            monkeypatch.setattr(file_search, name, value)
        first = file_search.find(company.actor("clerk_mkt"), catalogue.values(), "可以找到")
        assert [hit.file["name"] for hit in first.hits] == ["6.txt", "5.txt", "4.txt"]
        rest = file_search.find(company.actor("clerk_mkt"), catalogue.values(), "可以找到", before=first.next)
        assert [hit.file["name"] for hit in rest.hits] == ["3.txt", "2.txt", "1.txt"]
        assert file_search.find(company.actor("legal"), catalogue.values(), "可以找到").hits == ()
        monkeypatch.setattr(file_search, "SECONDS_MAX", 0)
        assert file_search.find(company.actor("clerk_mkt"), catalogue.values(), "可以找到").is_cut

    def test_few_commands_whatever_the_number_of_hits(self, company, attach):
        for n in range(5):
            attach(f"{n}.txt", "可以找到的文字".encode())
        actor, commands = company.actor("clerk_mkt"), []

        def note(command: Any) -> None:
            commands.append(next(iter(command)))

        COMMANDS.listeners.append(note)
        try:
            assert len(file_search.find(actor, catalogue.values(), "可以找到").hits) == 5
        finally:
            COMMANDS.listeners.remove(note)
        assert commands == ["distinct", "aggregate", *["find"] * 5]  # own records twice, pieces, records, files


class TestPieces:
    def test_every_part_of_a_text_stands_in_a_piece(self):
        lines = [("line", "", n, f"{n:05} {'文' * (n % 180)}") for n in range(400)]
        pieces = list(file_text.pieces_of(lines))
        assert all(len(piece.text) <= file_text.PIECE * 2 for piece in pieces)
        whole = "\n".join(line[3] for line in lines)
        assert file_text.joined({"text": piece.text, "over": piece.over} for piece in pieces) == whole
        for start in range(0, len(whole) - 80, 37):
            assert any(whole[start : start + 80] in piece.text for piece in pieces)

    def test_each_page_begins_a_piece_that_repeats_the_end_of_the_page_before(self):
        pages = [("page", "", 1, "短"), ("page", "", 2, " "), ("page", "", 3, "長" * 3), ("page", "", 4, "文")]
        pieces = list(file_text.pieces_of(pages))
        assert [(piece.number, piece.text[piece.over :].strip()) for piece in pieces] == [
            (1, "短"),
            (3, "長長長"),
            (4, "文"),
        ]
        assert [piece.text[: piece.over] for piece in pieces] == ["", "短", "短\n長長長"]

    def test_one_endless_line(self):
        pieces = list(file_text.pieces_of([("line", "", 1, "長" * 10_000)]))
        assert max(len(piece.text) for piece in pieces) <= file_text.PIECE * 2
        assert sum(len(piece.text) - piece.over for piece in pieces) == 10_000

    def test_nothing(self):
        assert list(file_text.pieces_of([])) == []
        assert Piece("page", "", 1, "x").over == 0

    def test_grams_of_types_differ(self):
        assert file_text.gram_numbers("a", "合同文本") != file_text.gram_numbers("b", "合同文本")

    @pytest.mark.parametrize("text", ["甲方應於\n十日內 AB  cd é ﬁ Ⅷ", "　a　甲 b", "\u2f49報表"])
    def test_folding_of_parts_is_part_of_the_folding(self, text):
        form = folded(text)
        for begin in range(len(text)):
            for end in range(begin + 1, len(text) + 1):
                part = folded(text[begin:end])
                assert part in form or part.replace(" ", "") in form.replace(" ", "")
        assert span_in(text, form) is not None
