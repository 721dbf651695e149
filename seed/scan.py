"""The signed contract as a scan: a small PDF of one page, attached in the transaction that the signing waits for."""

from __future__ import annotations

import hashlib

from bson import Binary, ObjectId
from mongoengine.connection import get_db

from models import catalogue
from models.kernel.base import clock
from models.kernel.base.collections import FILES
from models.kernel.base.store import in_unit
from models.kernel.gate import changes
from models.kernel.gate.changes import Context
from models.kernel.gate.sources import Source
from models.services.files import files
from seed.desk import Desk

_PAGE = """0.2 w 56 720 483 0.5 re f BT /F1 20 Tf 56 740 Td ({number}) Tj ET
BT /F1 11 Tf 56 690 Td (Scanned copy of the signed contract) Tj 0 -18 Td (Signed {day}) Tj ET
0.8 0.1 0.1 RG 2 w 430 160 m 430 187.6 407.6 210 380 210 c 352.4 210 330 187.6 330 160 c
330 132.4 352.4 110 380 110 c 407.6 110 430 132.4 430 160 c S"""


def pdf(number: str, day: str) -> bytes:
    """A page with the number, the date and a red seal."""
    page = _PAGE.format(number=number, day=day)
    bodies = (
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 5 0 R>>>>/Contents 4 0 R>>",
        f"<</Length {len(page)}>>stream\n{page}\nendstream",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    text, places = "%PDF-1.4\n", []
    for place, body in enumerate(bodies, start=1):
        places.append(len(text))
        text += f"{place} 0 obj{body}endobj\n"
    table = "".join(f"{at:010} 00000 n \n" for at in places)
    count = len(bodies) + 1
    text += f"xref\n0 {count}\n0000000000 65535 f \n{table}trailer<</Size {count}/Root 1 0 R>>\n"
    return (text + f"startxref\n{text.index('xref')}\n%%EOF\n").encode("ascii")


def prepare_files() -> None:
    """Have GridFS build its indexes before the first transaction, inside which it could not."""
    if not get_db()["content.files"].find_one():
        with files.bucket().open_upload_stream("first") as stream:
            stream.write(b"\0")
        files.bucket().delete(stream._id)


def attach_scan(desk: Desk, key: str) -> None:
    """Attach the scan to a contract; GridFS refuses transactions, so its two documents are written here."""
    contract = desk.find(key)
    content = pdf(contract.number, clock.today().isoformat())
    stored, name = ObjectId(), f"{contract.number}.pdf"
    facts = {"_id": stored, "filename": name, "length": len(content), "chunkSize": files.CHUNK}
    in_unit("content.files").insert_one({**facts, "uploadDate": clock.now()})
    in_unit("content.chunks").insert_one({"files_id": stored, "n": 0, "data": Binary(content)})
    file = {
        "_id": ObjectId(),
        "content": stored,
        "name": name,
        "given_name": name,
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "content_type": "application/pdf",
        "record_id": contract.id,
        "type": "contract",
        "kind": "scan",
        "uploaded_by": desk.actor.id,
        "uploaded_by_name": desk.actor.name,
        "at": clock.now(),
        "removed_at": None,
        "state": contract.state,
    }
    in_unit(FILES).insert_one(file)
    facts_of_file = {name: file[name] for name in ("_id", "name", "sha256", "size", "kind")}
    changes.note(
        catalogue["contract"],
        contract.id,
        "attach",
        actor=desk.actor,
        context=Context(source=Source.SEED),
        changes=[{"field": "file", "old": None, "new": facts_of_file}],
    )
