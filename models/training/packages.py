"""SCORM packages of courses (5.2): looked through before they are attached, and read file by file out of their ZIP."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

from bson import ObjectId

from ..kernel.base.errors import Missing, Refused
from ..kernel.base.words import L
from ..services.files import confined, files
from ..services.files.checking import checks_files
from ..services.files.child.packages import ITEMS_MAX, MEMBERS_MAX, UNPACKED_MAX, PackageFault, lookup, members_of

PACKAGE = "package"
SECONDS_MAX = 90
SCO, ASSET = "sco", "asset"
FAULTS = {
    "damaged": L(
        "This is no ZIP that can be opened; a SCORM package is one.", "無法作為 ZIP 打開；SCORM 課件包應為 ZIP 文件。"
    ),
    "broken": L("“{what}” in the package is damaged.", "課件包內的「{what}」已損壞。"),
    "no_manifest": L(
        "imsmanifest.xml is missing, so this is no SCORM package.", "缺少 imsmanifest.xml，不是 SCORM 課件包。"
    ),
    "folder": L(
        "imsmanifest.xml stands in the folder “{what}”; pack what is in that folder, not the folder itself.",
        "imsmanifest.xml 在資料夾「{what}」內；請打包該資料夾的內容，而非資料夾本身。",
    ),
    "manifest": L("imsmanifest.xml cannot be read as XML.", "imsmanifest.xml 不是可讀取的 XML。"),
    "doctype": L(
        "imsmanifest.xml has a document type (DOCTYPE), which is not read here; please take it out.",
        "imsmanifest.xml 含文檔類型聲明（DOCTYPE），此處不予讀取，請刪除後再打包。",
    ),
    "version": L(
        "imsmanifest.xml names neither SCORM 1.2 nor SCORM 2004.", "imsmanifest.xml 未註明 SCORM 1.2 或 SCORM 2004。"
    ),
    "path": L("“{what}” leads out of the package.", "「{what}」指向課件包之外。"),
    "link": L("“{what}” is a link to another file, which is not taken.", "「{what}」是鏈接文件，不予接收。"),
    "secret": L("“{what}” is protected by a password.", "「{what}」有密碼保護。"),
    "method": L(
        "“{what}” is compressed in a way that is not read here; pack it with the usual compression (Deflate).",
        "「{what}」的壓縮方式不受支持，請用常規方式（Deflate）打包。",
    ),
    "twice": L("“{what}” is there twice.", "「{what}」重複出現。"),
    "many": L("The package has {what} files; {most} at most.", "課件包有 {what} 個文件，最多 {most} 個。"),
    "unpacked": L(
        "Unpacked the package would have {what} MB, which is too much.", "課件包解壓後達 {what} MB，超過上限。"
    ),
    "items": L("The package has {what} parts; {items} at most.", "課件包有 {what} 個單元，最多 {items} 個。"),
    "deep": L("The parts of the package are nested too deep.", "課件包的單元嵌套過深。"),
    "nothing": L("imsmanifest.xml names nothing that can be launched.", "imsmanifest.xml 沒有可啟動的單元。"),
    "launch": L("“{what}” is to be launched, but is not in the package.", "課件包內缺少要啟動的「{what}」。"),
    "outside": L(
        "The package would open another site ({what}), which it may not.", "課件包要打開外部網址（{what}），不予接收。"
    ),
}


@dataclass(frozen=True)
class PackageItem:
    """One part of a package that can be launched; `rules`: mastery, scaled, progress, data, max_time, at_limit."""

    id: str
    title: str
    href: str
    query: str
    kind: str
    rules: Mapping[str, str]


@checks_files("course", PACKAGE)
def looked_through(content: IO[bytes], name: str) -> dict[str, Any]:
    """What a package offers, for the facts of its file. Raises Refused with its fault."""
    answer, _ = confined.run("packages", {}, content, seconds=SECONDS_MAX)
    if fault := answer.get("fault"):
        raise Refused(None, {"file": [FAULTS[fault](what=answer["what"], most=MEMBERS_MAX, items=ITEMS_MAX)]})
    return {PACKAGE: answer}


def newest_named(course: ObjectId, name: str | None) -> dict[str, Any] | None:
    """The attached file of a course that a lesson names, the newest of that name."""
    every = files.files_of(course) if name else []
    return next((file for file in reversed(every) if file["name"] == name), None)


def package_of(file: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """What the facts of a file say of the package that it is; None where it is none."""
    return file.get(PACKAGE) if file else None


def items_of(file: Mapping[str, Any]) -> list[PackageItem]:
    """The parts of a package, in their order."""
    return [
        PackageItem(row["id"], row["title"], row["href"], row["query"], row["kind"], row)
        for row in file[PACKAGE]["items"]
    ]


def open_member(file: Mapping[str, Any], path: str) -> tuple[IO[bytes], int, str]:
    """A file of a package for reading, its size, and its path as the package has it. Nothing is gathered in memory, and
    no more comes than was unpacked when the package was looked through. Raises Missing."""
    try:
        archive = zipfile.ZipFile(files.bucket().open_download_stream(file["content"]))
        members = members_of(archive)
    except (zipfile.BadZipFile, PackageFault, ValueError, OSError) as fault:
        raise Missing from fault
    name = lookup(members, path)
    if name is None or members[name].file_size > UNPACKED_MAX:
        archive.close()
        raise Missing
    return archive.open(members[name]), members[name].file_size, name
