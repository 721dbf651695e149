"""A SCORM package is looked through before it is attached; whatever is wrong with it is named in a sentence (5.2)."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from models.kernel.base.errors import Refused
from models.services.files import files
from models.services.files.child import packages as child
from models.services.files.child.packages import PackageFault
from models.training import packages
from models.training.courses import Course
from tests.fixtures.scorm import item, manifest, package, packed
from tests.training.test_courses import course_of

PAGE = "<!doctype html><title>x</title>"
DOCTYPE = '<!DOCTYPE manifest [<!ENTITY a "b"><!ENTITY x SYSTEM "file:///etc/passwd">]>'


def read(content: bytes) -> dict[str, Any]:
    return child.read(io.BytesIO(content))


def test_parts_come_in_the_order_of_the_default_organisation_with_their_rules() -> None:
    inner = item(2, "b/%E4%BA%8C.html?x=1", "<adlcp:masteryscore>80</adlcp:masteryscore>")
    outer = f'<item identifier="G"><title>Group</title>{inner[0]}</item>'
    first, last = item(1, "A.HTML"), item(3, "c.html#top", kind="asset")
    text = manifest("1.2", first[0] + outer + last[0], first[1] + inner[1] + last[1])
    result = read(packed({"imsmanifest.xml": text, "a.html": PAGE, "b/二.html": PAGE, "c.html": PAGE}))
    assert (result["version"], result["title"], result["files"]) == ("1.2", "安全作業", 4)
    shown = [(row["title"], row["href"], row["query"], row["kind"]) for row in result["items"]]
    assert shown == [
        ("第1節", "a.html", "", "sco"),
        ("第2節", "b/二.html", "?x=1", "sco"),
        ("第3節", "c.html", "#top", "asset"),
    ]
    assert result["items"][1]["mastery"] == "80"


def test_rules_and_parameters_of_2004() -> None:
    rules = (
        '<imsss:sequencing><imsss:objectives><imsss:primaryObjective satisfiedByMeasure="true">'
        "<imsss:minNormalizedMeasure>0.8</imsss:minNormalizedMeasure></imsss:primaryObjective></imsss:objectives>"
        '</imsss:sequencing><adlcp:completionThreshold completedByMeasure="true" minProgressMeasure="0.9"/>'
        "<adlcp:dataFromLMS>a b</adlcp:dataFromLMS>"
    )
    row = item(1, "i.html", rules)
    text = manifest("2004", row[0].replace('identifierref="R1"', 'identifierref="R1" parameters="?p=2"'), row[1])
    text = text.replace('<resource identifier="R1"', '<resource xml:base="in/" identifier="R1"')
    [row_read] = read(packed({"imsmanifest.xml": text, "in/i.html": PAGE}))["items"]
    assert (row_read["href"], row_read["query"]) == ("in/i.html", "?p=2")
    assert (row_read["scaled"], row_read["progress"], row_read["data"]) == ("0.8", "0.9", "a b")


def named(name: str, change: Callable[[zipfile.ZipInfo], None] = lambda info: None) -> bytes:
    """A good package with one more member of a hostile name or kind."""
    out = io.BytesIO(package("1.2", {"index.html": PAGE}))
    with zipfile.ZipFile(out, "a") as archive:
        info = zipfile.ZipInfo("x")
        info.filename = info.orig_filename = name
        change(info)
        archive.writestr(info, b"content")
    return out.getvalue()


def as_link(info: zipfile.ZipInfo) -> None:
    info.external_attr = (stat.S_IFLNK | 0o777) << 16


def of_method(info: zipfile.ZipInfo) -> None:
    info.compress_type = zipfile.ZIP_LZMA


def with_password(content: bytes) -> bytes:
    """The same, with the mark of encryption in the directory."""
    at = content.rindex(b"PK\x01\x02")
    return content[: at + 8] + b"\x01" + content[at + 9 :]


def damaged(content: bytes) -> bytes:
    """One bit of the page is another one."""
    at = content.index(b"index.html", content.index(b"PK\x03\x04", 10)) + 14
    return content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]


ROW = item(1, "index.html")
FAULTS: dict[str, tuple[bytes, str]] = {
    "damaged": (b"PK\x03\x04 no zip", ""),
    "no_manifest": (packed({"index.html": PAGE}), ""),
    "folder": (packed({"course/imsmanifest.xml": manifest("1.2", *ROW), "course/index.html": PAGE}), "course"),
    "manifest": (packed({"imsmanifest.xml": "<manifest><", "index.html": PAGE}), ""),
    "doctype": (packed({"imsmanifest.xml": manifest("1.2", *ROW, before=DOCTYPE), "index.html": PAGE}), ""),
    "version": (packed({"imsmanifest.xml": "<manifest/>"}), ""),
    "nothing": (packed({"imsmanifest.xml": manifest("2004", "", "")}), ""),
    "launch": (package("1.2", {"other.html": PAGE}), "index.html"),
    "outside": (package("1.2", {"index.html": PAGE}, "https://evil.example/x.html"), "https://evil.example/x.html"),
    "path": (named("../../etc/cron.d/x"), "../../etc/cron.d/x"),
    "link": (named("secret", as_link), "secret"),
    "method": (named("x.bin", of_method), "x.bin"),
    "secret": (with_password(named("x.bin")), "x.bin"),
    "broken": (damaged(package("1.2", {"index.html": PAGE * 20})), "index.html"),
    "unpacked": (package("1.2", {"index.html": PAGE, "zeros.bin": bytes(21 * 1024 * 1024)}), "21"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_with_a_package_is_named(fault: str) -> None:
    content, about = FAULTS[fault]
    with pytest.raises(PackageFault) as raised:
        read(content)
    assert (str(raised.value), raised.value.what) == (fault, about)
    assert str(packages.FAULTS[fault](what=about, most=1, items=1))


@pytest.mark.parametrize("name", ["/etc/passwd", "C:\\x.html", "a/../../b", "a\x00b", "..\\up.html", "x" * 500])
def test_no_name_leads_out_of_a_package(name: str) -> None:
    with pytest.raises(PackageFault, match="path"):
        read(named(name))


def test_more_files_or_twice_the_same_one_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PackageFault, match="twice"):
        read(named("./index.html"))
    monkeypatch.setattr(child, "MEMBERS_MAX", 1)
    with pytest.raises(PackageFault, match="many"):
        read(named("y"))


def test_names_of_older_chinese_programs_are_read() -> None:
    info = zipfile.ZipInfo("x")
    info.flag_bits = 0
    info.filename = info.orig_filename = "第一課.html".encode("gb18030").decode("cp437")
    assert child._name_of(info) == "第一課.html"


def test_it_is_refused_with_a_sentence_or_kept_whole_and_read_file_by_file(company: Any) -> None:
    course = course_of(company)
    hr = company.actor("hr")

    def attach(content: bytes) -> dict[str, Any]:
        return files.attach(Course, course.id, "package", files.Upload("課.zip", io.BytesIO(content)), actor=hr)

    before = files.bucket()._files.count_documents({})
    with pytest.raises(Refused) as raised:
        attach(FAULTS["folder"][0])
    assert "course" in str(raised.value)
    assert files.bucket()._files.count_documents({}) == before
    good = package("1.2", {"index.html": PAGE, "media/a b.js": "let a;" * 9})
    file = attach(good)
    assert files.bucket().open_download_stream(file["content"]).read() == good
    assert [row.href for row in packages.items_of(file)] == ["index.html"]
    content, size, name = packages.open_member(file, "MEDIA/a b.js")
    assert (content.read(), size, name) == (b"let a;" * 9, 54, "media/a b.js")
