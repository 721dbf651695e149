"""Names and types of attached files: harmless names, and contents that fit their endings."""

import pytest

from models.kernel.base.errors import Refused
from models.services.files.files import NAME_MAX, clean_name, content_type

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)
JPG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(32)
ZIP = b"PK\x03\x04\x14\x00\x00\x00\x08\x00" + bytes(30)
EXE = b"MZ\x90\x00" + bytes(60)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("合同 掃描件.pdf", "合同 掃描件.pdf"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\system32\\cmd.exe", "cmd.exe"),
        ("C:\\fakepath\\a.pdf", "a.pdf"),
        ("", "file"),
        (".", "file"),
        ("..", "file"),
        ("a/", "file"),
        ("   ", "file"),
        (".htaccess", "htaccess"),
        ("a\x00b.pdf", "a_b.pdf"),
        ("a\r\nSet-Cookie: x.pdf", "a__Set-Cookie_ x.pdf"),
        ('a"b<c>d|e?.pdf', "a_b_c_d_e_.pdf"),
        ("invoice\u202efdp.exe", "invoice_fdp.exe"),
        ("half\ud83d.pdf", "half_.pdf"),
        ("cafe\u0301.txt", "caf\u00e9.txt"),
        ("報表🎉.xlsx", "報表🎉.xlsx"),
    ],
)
def test_names_are_made_harmless(given: str, kept: str) -> None:
    assert clean_name(given) == kept


@pytest.mark.parametrize("given", ["長" * 500 + ".pdf", "x" * 500, "x" * 170 + "." + "y" * 300, "." * 500])
def test_long_names_are_cut_and_keep_their_ending(given: str) -> None:
    kept = clean_name(given)
    assert 0 < len(kept) <= NAME_MAX
    assert kept.endswith(".pdf") == given.endswith(".pdf")


def test_cleaning_twice_changes_nothing_more() -> None:
    for given in ("a/b\\c.pdf", "  .x. ", "長" * 500 + ".pdf", "\u202e"):
        assert clean_name(clean_name(given)) == clean_name(given)


@pytest.mark.parametrize(
    ("head", "name", "kind"),
    [
        (PDF, "a.pdf", "application/pdf"),
        (PNG, "a.PNG", "image/png"),
        (JPG, "a.jpeg", "image/jpeg"),
        (ZIP, "a.zip", "application/zip"),
        (ZIP, "a.docx", "application/zip"),
        (b"name,amount\n", "a.csv", "text/plain"),
        ("\ufeff姓名".encode(), "a.txt", "text/plain"),
        (("文" * 3000).encode()[:8192], "a.txt", "text/plain"),
        (b"\x00\x01\x02\x03", "a.bin", "application/octet-stream"),
        (b"<script>alert(1)</script>", "a.html", "text/plain"),
        (PDF, "without an ending", "application/pdf"),
        (EXE, "a.exe", "application/x-msdownload"),
    ],
)
def test_the_type_is_read_from_the_content(head: bytes, name: str, kind: str) -> None:
    assert content_type(head, name) == kind


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (EXE, "a.pdf"),
        (PNG, "a.pdf"),
        (PDF, "a.zip"),
        (ZIP, "a.pdf"),
        (EXE, "a.docx"),
        (b"plain text", "a.pdf"),
        (b"<html>", "a.PNG"),
        (JPG, "a.png"),
    ],
)
def test_a_content_that_does_not_fit_its_ending_is_refused(head: bytes, name: str) -> None:
    with pytest.raises(Refused) as refused:
        content_type(head, name)
    assert "file" in refused.value.problems
