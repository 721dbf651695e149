"""A program that looks through a SCORM package: a ZIP with its imsmanifest.xml, in which nobody trusts anything.

Standard output: one line of JSON, with what the package offers, or with its fault (`fault`, `what` it is about). Every
member is unpacked once, into nothing, so that what is declared of it is known to be so.
"""

from __future__ import annotations

import json
import os
import posixpath
import re
import stat
import sys
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO
from urllib.parse import unquote

from lxml import etree

MANIFEST = "imsmanifest.xml"
MANIFEST_MAX = 4 * 1024 * 1024
MEMBERS_MAX, NAME_MAX = 5_000, 400
UNPACKED_MAX = 500 * 1024 * 1024
DENSE_FROM, DENSE = 20 * 1024 * 1024, 200  # from here on a package is refused that grows by so much
ITEMS_MAX, DEPTH_MAX = 100, 20
TITLE_MAX, DATA_MAX, QUERY_MAX = 200, 4096, 1000
CHUNK = 1024 * 1024
XML_BASE = "{http://www.w3.org/XML/1998/namespace}base"
ENCRYPTED, UTF_8 = 0x1, 0x800
_PARSER: dict[str, Any] = {"resolve_entities": False, "no_network": True, "load_dtd": False, "remove_comments": True}
_DRIVE = re.compile(r"^[A-Za-z]:")
_NUMBER = re.compile(r"^-?[0-9]{1,4}(\.[0-9]{1,10})?$")


class PackageFault(Exception):
    """What is wrong with a package: a word for the kind, and what it is about."""

    def __init__(self, fault: str, what: str = ""):
        super().__init__(fault)
        self.what = what[:NAME_MAX]


def members_of(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The files of a package by their paths. Raises PackageFault for what no package needs: ways out of its folder,
    links, passwords, unknown compression, two files of one path, more or larger ones than a course has."""
    rows = [info for info in archive.infolist() if not info.is_dir()]
    if len(rows) > MEMBERS_MAX:
        raise PackageFault("many", str(len(rows)))
    members: dict[str, zipfile.ZipInfo] = {}
    for info in rows:
        path = _path_of(info)
        if info.flag_bits & ENCRYPTED:
            raise PackageFault("secret", path)
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise PackageFault("method", path)
        if path in members:
            raise PackageFault("twice", path)
        members[path] = info
    size, packed = (sum(getattr(info, name) for info in rows) for name in ("file_size", "compress_size"))
    if size > UNPACKED_MAX or (size > DENSE_FROM and size > DENSE * max(packed, 1)):
        raise PackageFault("unpacked", str(size // (1024 * 1024)))
    return members


def _path_of(info: zipfile.ZipInfo) -> str:
    """The path of a member inside its package. Raises PackageFault where it leads out of it, or is a link."""
    path = _name_of(info).replace("\\", "/")
    parts = path.split("/")
    leads_out = path.startswith("/") or _DRIVE.match(path) or ".." in parts or "\0" in info.orig_filename
    if leads_out or len(path) > NAME_MAX or any(ord(sign) < 32 for sign in path):
        raise PackageFault("path", path)
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise PackageFault("link", path)
    return "/".join(part for part in parts if part not in ("", "."))


def _name_of(info: zipfile.ZipInfo) -> str:
    """The name of a member; of older programs that say no encoding, UTF-8 where it is that, else Chinese."""
    if info.flag_bits & UTF_8 or info.orig_filename.isascii():
        return info.orig_filename
    try:
        raw = info.orig_filename.encode("cp437")
    except UnicodeEncodeError:
        return info.orig_filename
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.orig_filename


def lookup(members: Mapping[str, zipfile.ZipInfo], path: str) -> str | None:
    """The path of a member as the package has it, whatever its case; None where there is none."""
    if path in members:
        return path
    folded = path.casefold()
    return next((name for name in members if name.casefold() == folded), None)


def read(content: BinaryIO) -> dict[str, Any]:
    """What a package offers: version, title, launchable items. Raises PackageFault."""
    try:
        archive = zipfile.ZipFile(content)
    except (zipfile.BadZipFile, ValueError, OSError) as fault:
        raise PackageFault("damaged") from fault
    with archive:
        members = members_of(archive)
        if MANIFEST not in members:
            inside = next((path for path in members if path.rpartition("/")[2].lower() == MANIFEST), "")
            raise PackageFault("folder" if "/" in inside else "no_manifest", inside.rpartition("/")[0])
        _unpack_all(archive, members)
        if members[MANIFEST].file_size > MANIFEST_MAX:
            raise PackageFault("manifest")
        result = manifest_of(archive.read(members[MANIFEST]), members)
    return result | {"files": len(members), "unpacked": sum(info.file_size for info in members.values())}


def _unpack_all(archive: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo]) -> None:
    for path, info in members.items():
        try:
            with archive.open(info) as member:
                while member.read(CHUNK):
                    pass
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, NotImplementedError) as fault:
            raise PackageFault("broken", path) from fault


def manifest_of(raw: bytes, members: Mapping[str, zipfile.ZipInfo]) -> dict[str, Any]:
    """What a manifest says, of its default organisation. Raises PackageFault."""
    try:
        root = etree.fromstring(raw, etree.XMLParser(**_PARSER))
    except (etree.XMLSyntaxError, ValueError) as fault:
        raise PackageFault("manifest") from fault
    if root.getroottree().docinfo.doctype:
        raise PackageFault("doctype")
    if _local(root) != "manifest":
        raise PackageFault("manifest")
    version = _version(root)
    organizations = _child(root, "organizations")
    every = [item for item in _children(organizations) if _local(item) == "organization"]
    default = _attribute(organizations, "default")
    organization = next((item for item in every if _attribute(item, "identifier") == default), None)
    organization = organization if organization is not None else (every[0] if every else None)
    resources = _resources(root)
    items = list(_items(organization, resources, members, 0))
    if not items:
        raise PackageFault("nothing")
    if len(items) > ITEMS_MAX:
        raise PackageFault("items", str(len(items)))
    return {"version": version, "title": _text(organization, "title", TITLE_MAX), "items": items}


def _version(root: Any) -> str:
    """1.2 or 2004, by what the manifest states, else by the namespaces that it uses."""
    stated = _text(_child(root, "metadata"), "schemaversion", TITLE_MAX).lower()
    if stated == "1.2":
        return "1.2"
    if "2004" in stated or "cam 1.3" in stated or stated == "1.3":
        return "2004"
    spaces = " ".join(
        str(uri) for element in root.iter() if isinstance(element.tag, str) for uri in element.nsmap.values()
    )
    if "adlcp_rootv1p2" in spaces:
        return "1.2"
    if "adlcp_v1p3" in spaces:
        return "2004"
    raise PackageFault("version", stated)


def _resources(root: Any) -> dict[str, tuple[str, str]]:
    """Resources by their identifiers: how they are launched, and whether they speak to us (sco) or not (asset)."""
    home = _child(root, "resources")
    base = root.get(XML_BASE, "") + (home.get(XML_BASE, "") if home is not None else "")
    return {
        _attribute(item, "identifier"): (
            (base + item.get(XML_BASE, "") + _attribute(item, "href")) if _attribute(item, "href") else "",
            "sco" if _attribute(item, "scormtype").lower() == "sco" else "asset",
        )
        for item in _children(home)
        if _local(item) == "resource"
    }


def _items(
    home: Any, resources: Mapping[str, tuple[str, str]], members: Mapping[str, zipfile.ZipInfo], depth: int
) -> Iterator[dict[str, Any]]:
    if depth > DEPTH_MAX:
        raise PackageFault("deep")
    for item in _children(home):
        if _local(item) != "item":
            continue
        if reference := _attribute(item, "identifierref"):
            href, kind = resources.get(reference, ("", ""))
            title = _text(item, "title", TITLE_MAX)
            yield {
                "id": _attribute(item, "identifier")[:TITLE_MAX],
                "title": title or reference[:TITLE_MAX],
                **_launch(href, _attribute(item, "parameters"), members, title or reference),
                "kind": kind,
                **_rules(item),
            }
        yield from _items(item, resources, members, depth + 1)


def _rules(item: Any) -> dict[str, str]:
    """What a manifest says of how an item counts: mastery in percent or scaled, what it is told at its launch."""
    objective = next((each for each in item.iter() if _local(each) == "primaryObjective"), None)
    threshold = _child(item, "completionThreshold")
    scaled = ""
    if objective is not None and _attribute(objective, "satisfiedbymeasure").lower() == "true":
        scaled = _text(objective, "minNormalizedMeasure", 20) or "1.0"
    progress = (
        "" if threshold is None else _attribute(threshold, "minprogressmeasure") or (threshold.text or "").strip()
    )
    result = {
        "mastery": _number(_text(item, "masteryscore", 20)),
        "scaled": _number(scaled),
        "progress": _number(progress),
        "data": _text(item, "datafromlms", DATA_MAX) or _text(item, "dataFromLMS", DATA_MAX),
        "max_time": _text(item, "maxtimeallowed", 40),
        "at_limit": _text(item, "timelimitaction", 40) or _text(item, "timeLimitAction", 40),
    }
    return {name: value for name, value in result.items() if value}


def _launch(href: str, parameters: str, members: Mapping[str, zipfile.ZipInfo], title: str) -> dict[str, str]:
    """The path that is launched, and the query behind it. Raises PackageFault where no file of the package is."""
    if re.match(r"^([A-Za-z][A-Za-z0-9+.-]*:|//)", href):
        raise PackageFault("outside", href)
    path, sign, rest = re.match(r"^([^?#]*)([?#]?)(.*)$", href, re.DOTALL).groups()  # type: ignore[union-attr]
    name = posixpath.normpath(unquote(path).replace("\\", "/")).lstrip("/") if path else ""
    inside = lookup(members, name) if name and not name.startswith("..") else None
    if inside is None:
        raise PackageFault("launch", href or title)
    extra = parameters.strip().lstrip("?&")
    if extra and not extra.startswith("#"):
        rest, sign = (f"{rest}&{extra}", sign) if sign == "?" else (extra + (sign + rest), "?")
    elif extra and not sign:
        sign, rest = "#", extra[1:]
    return {"href": inside, "query": f"{sign}{rest}"[:QUERY_MAX] if rest else ""}


def _number(text: str) -> str:
    return text if _NUMBER.match(text) else ""


def _local(element: Any) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _children(element: Any) -> list[Any]:
    return [] if element is None else list(element)


def _child(element: Any, name: str) -> Any:
    return next((item for item in _children(element) if _local(item) == name), None)


def _text(element: Any, name: str, most: int) -> str:
    item = _child(element, name)
    return "" if item is None else " ".join("".join(item.itertext()).split())[:most]


def _attribute(element: Any, name: str) -> str:
    rows = element.attrib.items() if element is not None else ()
    return next((value.strip() for key, value in rows if key.rpartition("}")[2].lower() == name), "")


def main() -> None:
    order = json.loads(sys.stdin.buffer.readline())
    with os.fdopen(order["file"], "rb") as content:
        try:
            answer = read(content)
        except PackageFault as fault:
            answer = {"fault": str(fault), "what": fault.what}
        except MemoryError:
            answer = {"why": "memory"}
        except Exception:  # noqa: BLE001 - an edge: whatever a library says of a hostile file is one answer
            answer = {"fault": "damaged", "what": ""}
    sys.stdout.write(json.dumps(answer, ensure_ascii=True) + "\n")
    sys.stdout.flush()
    os._exit(0)  # what the libraries would tidy up goes with the process
