"""What stands in a PDF beside the text of its pages: the values of form fields, and remarks written on a page."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

ANNOTATIONS_MAX = 5_000
_TICKED = (pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON)


def opened(content: Any) -> Any:
    """A PDF whose form fields are drawn and can be asked. Raises PdfiumError."""
    pdf = pypdfium2.PdfDocument(content)
    pdf.init_forms()
    return pdf


def texts(pdf: Any, page: Any) -> Iterator[str]:
    """The values of the fields of a page, and the remarks on it."""
    form = pdf.formenv.raw if pdf.formenv else None
    for at in range(min(pdfium.FPDFPage_GetAnnotCount(page.raw), ANNOTATIONS_MAX)):
        annotation = pdfium.FPDFPage_GetAnnot(page.raw, at)
        if not annotation:
            continue
        try:
            yield from filter(None, _of(form, annotation))
        finally:
            pdfium.FPDFPage_CloseAnnot(annotation)


def _of(form: Any, annotation: Any) -> Iterator[str]:
    kind = pdfium.FPDFAnnot_GetSubtype(annotation)
    if kind != pdfium.FPDF_ANNOT_WIDGET:
        if kind != pdfium.FPDF_ANNOT_POPUP:
            yield _string(lambda buffer, size: pdfium.FPDFAnnot_GetStringValue(annotation, b"Contents", buffer, size))
    elif form and pdfium.FPDFAnnot_GetFormFieldType(form, annotation) in _TICKED:
        if pdfium.FPDFAnnot_IsChecked(form, annotation):
            name = _string(lambda buffer, size: pdfium.FPDFAnnot_GetFormFieldName(form, annotation, buffer, size))
            yield f"☑ {name}"
    elif form:
        yield _string(lambda buffer, size: pdfium.FPDFAnnot_GetFormFieldValue(form, annotation, buffer, size))


def _string(read: Any) -> str:
    """A text of the library: asked once for its length, then for itself."""
    size = read(None, 0)
    if size <= 2:
        return ""
    buffer = ctypes.create_string_buffer(size)
    read(ctypes.cast(buffer, ctypes.POINTER(pdfium.FPDF_WCHAR)), size)
    return buffer.raw[:size].decode("utf-16-le", "ignore").rstrip("\x00")
