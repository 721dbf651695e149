"""The bank of questions goes out in the formats of other learning systems, which no list is written in."""

from __future__ import annotations

from collections.abc import Mapping

from flask_admin import BaseView

from models.kernel.base.words import L
from models.kernel.language.record import Record
from models.training.interchange import GIFT, MIMETYPES, MOODLE, in_gift, in_moodle, refusal_of_moodle, refusal_of_qti
from models.training.qti import MIMETYPE, QTI, in_qti
from views.slots import ExportFormat, on_export

FIELDS = tuple("number kind category difficulty text options is_true answer tolerance explanation".split())


def views(catalogue: Mapping[str, type[Record]]) -> list[BaseView]:
    """No pages of its own."""
    return []


on_export(
    "bank_question",
    ExportFormat(
        GIFT,
        L("GIFT (without questions that have pictures)", "GIFT（不含帶圖片的題目）"),
        MIMETYPES[GIFT],
        FIELDS,
        in_gift,
    ),
    ExportFormat(MOODLE, L("Moodle XML", "Moodle XML"), MIMETYPES[MOODLE], FIELDS, in_moodle, refusal_of_moodle),
    ExportFormat(QTI, L("QTI 3 package", "QTI 3 題目包"), MIMETYPE, FIELDS, in_qti, refusal_of_qti),
)
