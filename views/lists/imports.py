"""The pages of an import: a sheet is sent, its rows are looked at, imported, and taken back if need be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import current_app, jsonify, redirect, request
from mongoengine.connection import get_db

from models.kernel.base.errors import Forbidden, Missing, Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import L
from models.kernel.gate.stored_form import stored
from models.kernel.language.fields import label_of
from models.kernel.language.localized import localized
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.services.files import files
from models.services.files.uploads import MEGABYTE, Incoming
from models.services.imports import cells as import_cells
from models.services.imports import imports, reading
from models.services.imports import rows as import_rows
from models.services.imports import steps as import_steps
from models.services.imports.cells import NUMBER, shown_of
from models.services.imports.imports import Import, SendersChoices
from models.services.imports.line_columns import is_of_lines, label_at, paths_of
from models.services.imports.rows import (
    BACK,
    BAD,
    BINNED,
    CHANGE,
    CHANGED,
    CREATE,
    CREATED,
    DOUBT,
    LEFT,
    LEFT_AS_IS,
    SAME,
)
from models.services.sheets.writing import SheetKind
from models.services.work import jobs

from ..kinds import kind_of
from ..session import actor, say
from ..wording import moment, number, reference_labels
from . import import_correcting, import_files

FIRST, MORE = 10, 50
ENCODINGS = {
    "utf-8": L("UTF-8", "UTF-8"),
    "gb18030": L("Simplified Chinese Windows (GB18030)", "簡體中文 Windows（GB18030）"),
    "cp950": L("Traditional Chinese Windows (Big5)", "繁體中文 Windows（Big5）"),
    "utf-16-le": L("UTF-16", "UTF-16"),
    "utf-16-be": L("UTF-16, bytes the other way round", "UTF-16（字節順序相反）"),
}
BOOKS, TEXTS = ("xlsx", "xlsm", "xls", "xlsb", "ods"), ("csv", "txt", "tsv", "reqif", "gift", "xml", "zip")
PASTED = L("Pasted cells", "粘貼的單元格")
NO_SHEET = L("Please choose a file or paste cells.", "請選擇文件或粘貼單元格。")
NOT_A_SHEET = L(
    "Please choose a CSV file or a workbook (XLSX, XLS, XLSB, ODS).",
    "請選擇 CSV 文件或工作簿（XLSX、XLS、XLSB、ODS）。",
)
CHECKED_ANEW = L("The rows are being checked with these columns.", "正按所選列重新檢查。")
CHECKED_ANEW_AS_TEXT = L("The text is being read in this encoding.", "正按所選編碼重新讀取。")
CHECKED_ANEW_BELOW = L("The rows are being checked with the heads in this row.", "正按所選標題行重新檢查。")
BEGUN = L("The import has begun. You may leave this page.", "導入已開始，您可以離開此頁。")
STOPPING = L("The work pauses after the rows that are under way.", "處理完當前各行後暫停。")
GOING_ON = L("The work goes on where it was.", "已從暫停處繼續。")
GOING_BACK = L("The import is being taken back.", "正在撤銷此次導入。")
PAUSED_CHECK = L(
    "{done} of {rows} rows are checked, nothing is imported.", "已檢查 {done} 行（共 {rows} 行），未導入任何內容。"
)
PAUSED_RUN = L(
    "{done} rows are in, {left} more would follow. Go on, and no row comes twice; or take the import back whole.",
    "已導入 {done} 行，尚有 {left} 行。可繼續導入，不會重複；也可整體撤銷此次導入。",
)
DROPPED = L("The sheet was thrown away; nothing was imported.", "表格已丟棄，未導入任何內容。")
AND = L(", ", "、")
WHOLE_ROW = L("Whole row", "整行")
KNOWN_BY = L("known by “{label}”", "按「{label}」識別")
# What is listed, in order: the verdict, its words as a heading, and the tone of its count.
SECTIONS: dict[str, tuple[L, str]] = {
    BAD: (L("Refused", "不能導入"), "bad"),
    LEFT_AS_IS: (L("Not taken back", "未撤銷"), "bad"),
    DOUBT: (L("Doubtful", "存疑"), "wait"),
    LEFT: (L("Doubtful, left out", "存疑，未導入"), "wait"),
    CREATE: (L("To be created", "將新建"), "good"),
    CHANGE: (L("To be changed", "將修改"), "progress"),
    CREATED: (L("Created", "已新建"), "good"),
    CHANGED: (L("Changed", "已修改"), "good"),
    BINNED: (L("In the recycle bin", "已移至回收站"), "neutral"),
    BACK: (L("Former values restored", "已恢復原值"), "neutral"),
    SAME: (L("Without a change", "無變化"), "neutral"),
}
LINKED = (CREATED, CHANGED, BACK, LEFT_AS_IS)
REASONED = (BAD, DOUBT, LEFT, LEFT_AS_IS)


def refuse_others(cls: type[Record], me: Actor) -> None:
    """Raise Forbidden for who may not enter records of a type."""
    if not (verdict := rights.may_create(me, cls)):
        raise Forbidden(verdict.why)


def start_answer(screen: Any) -> Any:
    """The page that takes a sheet, with the reader's own earlier imports; or the way to what was sent."""
    cls, me = screen.model, actor()
    refuse_others(cls, me)
    if request.method == "GET":
        return screen.render("record/import.html", **_start_context(screen, me))
    incoming: Incoming | None = None
    try:
        incoming, name = _sent()
        item = imports.begin(cls.type_name(), name, incoming, actor=me, choices=_choices())
    except Refused as refused:
        said = next((words for problem in refused.problems.values() for words in problem), refused.sentence)
        twin = imports.twin_of(cls.type_name(), incoming.sha256) if incoming else None
        way = f"{screen.base}import/details/?id={twin['_id']}" if twin and twin["person"] == me.id else ""
        return screen.render("record/import.html", **_start_context(screen, me), error=str(said), twin=way), 422
    return redirect(_page_of(screen, item))


def _choices() -> SendersChoices:
    """What the sender says of the sheet."""
    row, encoding = request.form.get("head_row", ""), request.form.get("encoding", "")
    return SendersChoices(
        empties=bool(request.form.get("empties")),
        encoding=encoding if encoding in ENCODINGS else "",
        head_row=int(row) if row.isdecimal() and len(row) < 6 else 0,
    )


def _start_context(screen: Any, me: Actor) -> dict[str, Any]:
    cls = screen.model
    out = import_cells.left_out(cls, me)
    return {
        "declared": cls.declared,
        "base": screen.base,
        "limit": upload_limit(),
        "columns": import_files.columns_of(cls, me),
        "left_out": [str(label_of(field)) for field in out],
        "only_changes": any(field.required for field in out),
        "earlier": [_row_of(screen, item) for item in imports.own(me, cls.type_name())],
        "text": request.form.get("text", ""),
        "encodings": ENCODINGS,
        "chosen": _choices(),
    }


def upload_limit() -> int:
    """The largest file in bytes."""
    return int(current_app.config.get("UPLOAD_LIMIT_MB", 200)) * MEGABYTE


def _sent() -> tuple[Incoming, str]:
    """What was sent: a file, or else pasted cells. Raises Refused."""
    given = request.files.get("file")
    if given is not None and given.filename and isinstance(given.stream, Incoming):
        name = files.clean_name(given.filename)
        given.stream.seek(0)
        if not given.stream.size:
            raise Refused(files.EMPTY)
        _refuse_no_sheet(name, given.stream.head)
        return given.stream, name
    text = request.form.get("text", "")
    if not text.strip():
        raise Refused(NO_SHEET)
    pasted = Incoming("pasted.tsv", upload_limit())
    pasted.write(text.encode("utf-8", "replace"))
    return pasted, f"{PASTED}.tsv"


def _refuse_no_sheet(name: str, head: bytes) -> None:
    """Raise Refused for a file that is no sheet by its name, or no workbook though its name says so."""
    ending = name.rpartition(".")[2].lower()
    if ending not in (*BOOKS, *TEXTS):
        raise Refused(NOT_A_SHEET)
    if (ending in BOOKS and imports.kind_of(head) == "text") or (ending == "zip" and not head.startswith(b"PK")):
        raise Refused(files.NOT_ITS_KIND(name=name))


def _page_of(screen: Any, sheet: Import, **more: str) -> str:
    return f"{screen.base}import/details/?{urlencode({'id': str(sheet.id), **more})}"


def _row_of(screen: Any, sheet: Import) -> dict[str, Any]:
    """An import in the list of the earlier ones."""
    label, tone = imports.STATES[sheet.state]
    facts = {
        "name": _name(sheet),
        "at": moment(sheet.at),
        "state": str(label),
        "tone": tone,
        "url": _page_of(screen, sheet),
    }
    counts = [f"{SECTIONS[v][0]} {number(n)}" for v in SECTIONS if (n := sheet.counts.get(v, 0))]
    return facts | {"counts": counts, "rows": number(sheet.rows)}


def _name(sheet: Import) -> str:
    """The name of a sheet; that of pasted cells in the reader's language."""
    is_pasted = sheet.name.removesuffix(".tsv") in {PASTED.en, PASTED.hant, PASTED.in_locale("zh-Hans")}
    return str(PASTED) if is_pasted else sheet.name


def details_answer(screen: Any) -> Any:
    """What would become of the rows, or what did; while work goes on, how far it is."""
    me = actor()
    item = _request(screen, me)
    return screen.render("record/import_details.html", **_details_context(screen, item, me))


def _request(screen: Any, me: Actor) -> Import:
    """The import that is asked for. Raises Missing for one of another type or of a colleague."""
    refuse_others(screen.model, me)
    rows = imports.find(request.values.get("id", ""), me)
    if rows.type != screen.model.type_name():
        raise Missing
    return rows


def _details_context(screen: Any, sheet: Import, me: Actor) -> dict[str, Any]:
    label, tone = imports.STATES[sheet.state]
    run = _run_of(sheet)
    is_open = sheet.state in imports.OPEN
    shown = request.args.get("show", "")
    shown = shown if sheet.counts.get(shown) else ""
    return {
        "declared": screen.model.declared,
        "base": screen.base,
        "one": sheet,
        "id": str(sheet.id),
        "name": _name(sheet),
        "at": moment(sheet.at),
        "state": {"label": str(label), "tone": tone, "is_open": is_open},
        "is_stuck": is_open and run.get("state") not in jobs.OPEN,
        "progress": _progress(sheet, run),
        "why": localized(sheet.facts.get("why")),
        "previews": [(name, str(ENCODINGS[name]), text) for name, text in sheet.previews if name in ENCODINGS],
        "tiles": [_tile(screen, sheet, verdict) for verdict in SECTIONS if sheet.counts.get(verdict)],
        "columns": _columns(screen.model, sheet, me) if sheet.state == imports.CHECKED else [],
        "first_rows": _first_rows(sheet) if sheet.state == imports.CHECKED else [],
        "choices": [(name, str(said)) for name, said in import_cells.heads_of(screen.model, me).items()],
        "sections": [] if is_open else _sections(screen, sheet, me, shown),
        "shown": shown,
        "ready": sheet.count(CREATE, CHANGE),
        "warnings": sheet.count(DOUBT),
        "bad": sheet.count(BAD),
        "may_stop": sheet.state in (imports.READING, imports.RUNNING),
        "is_stopping": bool(sheet.facts.get("stop")),
        "pause": _pause(sheet) if sheet.state == imports.PAUSED else "",
        "may_take_back": sheet.is_written
        and (
            sheet.state == imports.PAUSED
            or (sheet.state in (imports.DONE, imports.FAILED) and sheet.count(CREATED, CHANGED))
        ),
        "has_refused": not is_open and sheet.count(BAD, LEFT, DOUBT),
    }


def _pause(sheet: Import) -> str:
    """How far what was paused has come."""
    if not sheet.is_written:
        done = import_rows.passed(sheet, sheet.turn)
        return str(PAUSED_CHECK(done=number(min(done, sheet.rows)), rows=number(sheet.rows)))
    return str(PAUSED_RUN(done=number(sheet.count(CREATED, CHANGED)), left=number(sheet.count(CREATE, CHANGE))))


def _run_of(sheet: Import) -> Mapping[str, Any]:
    query = {"state": 1, "progress": 1, "sentence": 1}
    return get_db()[jobs.COLLECTION].find_one({"_id": sheet.facts.get("run")}, query) or {}


def _progress(sheet: Import, run: Mapping[str, Any]) -> dict[str, Any]:
    progress = run.get("progress") or {}
    return {"done": progress.get("done", 0), "total": progress.get("total", 0) or sheet.rows}


def progress_answer(screen: Any) -> Any:
    """How far an import is, for the bar that moves."""
    item = _request(screen, actor())
    label, tone = imports.STATES[item.state]
    state = {"state": str(label), "tone": tone, "is_open": item.state in imports.OPEN}
    answer = jsonify(**_progress(item, _run_of(item)), **state, lines=[], counts="")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _tile(screen: Any, sheet: Import, verdict: str) -> dict[str, Any]:
    label, tone = SECTIONS[verdict]
    url = _page_of(screen, sheet, show=verdict)
    return {"label": label, "value": number(sheet.counts[verdict]), "tone": tone, "url": url, "verdict": verdict}


def _columns(cls: type[Record], sheet: Import, me: Actor) -> list[dict[str, Any]]:
    """The columns of the sheet: head, an example, and the field that it was matched to."""
    first = import_rows.listed(sheet, (CREATE, CHANGE, SAME, DOUBT, BAD), most=1).rows
    cells = first[0][1] if first else []
    return [
        {
            "at": at,
            "head": head,
            "field": name,
            "example": shown_of(cells[at])[:80] if at < len(cells) else "",
        }
        for at, (head, name) in enumerate(zip(sheet.heads, sheet.columns, strict=True))
    ]


def _first_rows(sheet: Import) -> list[tuple[int, str]]:
    """The rows in which the heads may stand: the number of each and the beginning of what it says."""
    rows = reading.may_have_heads(sheet)
    return [(at, str(AND).join(said for cell in cells if (said := shown_of(cell).strip()))[:80]) for at, cells in rows]


def _sections(screen: Any, sheet: Import, me: Actor, shown: str) -> list[dict[str, Any]]:
    """The rows by what is said of them: the first of each, or more of the one that is asked for."""
    verdicts = [shown] if shown else [sheet_ for sheet_ in SECTIONS if sheet.counts.get(sheet_) and sheet_ != SAME]
    return [_section(screen, sheet, me, verdict, is_alone=bool(shown)) for verdict in verdicts]


def _section(screen: Any, sheet: Import, me: Actor, verdict: str, *, is_alone: bool) -> dict[str, Any]:
    after = request.args.get("after", "") if is_alone else ""
    result = import_rows.listed(sheet, (verdict,), after=after, most=MORE if is_alone else FIRST)
    way = {"show": verdict, **({"after": result.next} if is_alone else {})}
    names = _heads(sheet)[:8] if verdict in (CREATE, DOUBT) else []
    rows = _told_rows(screen.model, sheet, me, verdict, result.rows)
    is_to_correct = sheet.state == imports.CHECKED and verdict in (BAD, DOUBT)
    if is_to_correct:
        names = []
        for drawn_row, place, (_, cells, outcome) in zip(rows, result.places, result.rows, strict=True):
            drawn, beside = import_correcting.cells_of(screen.model, sheet, place, cells, outcome)
            drawn_row |= {"place": place, "inputs": drawn, "beside": beside}
    return {
        "is_to_correct": is_to_correct,
        "columns": [head for _, head in import_correcting.heads_of(screen.model, sheet)] if is_to_correct else [],
        "rest": number(sheet.counts.get(verdict, 0) - len(rows)) if result.next and not after else "",
        "verdict": verdict,
        "label": SECTIONS[verdict][0],
        "count": number(sheet.counts.get(verdict, 0)),
        "heads": [str(label_of(screen.model._fields[name])) for name in names],
        "has_reasons": verdict in REASONED,
        "has_changes": verdict == CHANGE,
        "has_record": verdict in (*LINKED, CHANGE, SAME),
        "rows": rows,
        "more": _page_of(screen, sheet, **way) if result.next else "",
    }


def _heads(sheet: Import) -> list[str]:
    """The columns that hold fields of the records themselves."""
    return [name for name in sheet.columns if name and name != NUMBER and not is_of_lines(name)]


Rows = list[tuple[int, list[str], import_rows.RowOutcome]]


def _told_rows(cls: type[Record], sheet: Import, me: Actor, verdict: str, rows: Rows) -> list[dict[str, Any]]:
    """Rows with what is shown of them: cells as values, changes from and to, reasons, the record."""
    links = _links(cls, me, rows)
    read = _values(cls, sheet, me, rows) if verdict in (CREATE, DOUBT, CHANGE) else [{} for _ in rows]
    return [
        {
            "line": line,
            "record": links.get(outcome.record),
            "known_by": content.get("known_by", ""),
            "reasons": [_reason(cls, name, words) | _cell(sheet, cells, name) for name, words in outcome.problems],
            "cells": content.get("cells", []),
            "changes": content.get("changes", []),
        }
        for (line, cells, outcome), content in zip(rows, read, strict=True)
    ]


def _reason(cls: type[Record], name: str, words: Mapping[str, str]) -> dict[str, str]:
    return {"column": str(label_at(cls, name)) if name else str(WHOLE_ROW), "text": localized(words)}


def _cell(sheet: Import, cells: list[str], name: str) -> dict[str, str]:
    """What stands in the cell that is at fault."""
    at = sheet.columns.index(name) if name in sheet.columns else len(cells)
    return {"cell": shown_of(cells[at]).strip()[:60] if at < len(cells) else ""}


def _links(cls: type[Record], me: Actor, rows: Rows) -> dict[Any, dict[str, str]]:
    """The records of rows that the reader may see: one query."""
    scope = rights.visible(me, cls)
    ids = [outcome.record for _, _, outcome in rows if outcome.record]
    if scope is None or not ids:
        return {}
    result = cls._get_collection().find({"$and": [{"_id": {"$in": ids}}, scope]}, {"number": 1, "title": 1})
    base = f"/admin/{cls.type_name()}/details/?id="
    return {
        row["_id"]: {"number": row["number"], "title": row.get("title") or "", "url": f"{base}{row['_id']}"}
        for row in result
    }


def _values(cls: type[Record], sheet: Import, me: Actor, rows: Rows) -> list[dict[str, Any]]:
    """The rows as they would be, read again with the reader's rights: cells, or the changes of a record."""
    entries = import_steps.reader_for(sheet, me).read([(line, cells) for line, cells, _ in rows])
    names = _heads(sheet)
    afters = [_after(cls, entry) for entry in entries]
    befores = [stored(entry.record) if entry.record else {} for entry in entries]
    labels = reference_labels(cls, [*afters, *befores], names)
    lines = []
    for entry, before, after in zip(entries, befores, afters, strict=True):
        texts = {name: kind_of(cls._fields[name]).plain(after.get(name), labels) for name in names}
        changed = [
            (
                str(label_of(cls._fields[name])),
                kind_of(cls._fields[name]).plain(before.get(name), labels) or "—",
                texts[name] or "—",
            )
            for name in names
            if name in entry.values and entry.record
        ]
        known_by = str(KNOWN_BY(label=label_of(cls._fields[entry.known_by]))) if entry.known_by else ""
        lines.append({"cells": [texts[name] for name in names][:8], "changes": changed, "known_by": known_by})
    return lines


def _after(cls: type[Record], entry: import_cells.RowEntry) -> dict[str, Any]:
    """The stored fields of a record as a row would leave it."""
    copy = cls._from_son(entry.record.to_mongo().to_dict()) if entry.record else cls()
    for name, value in entry.values.items():
        setattr(copy, name, value)
    return stored(copy)


def match_answer(screen: Any) -> Any:
    """Other columns were chosen: the rows are checked anew."""
    me = actor()
    item = _request(screen, me)
    known = {NUMBER, *import_cells.importable(screen.model, me), *paths_of(screen.model, me)}
    given = [request.form.get(f"column-{at}", "") for at in range(len(item.heads))]
    chosen = [name if name in known and name not in given[:at] else "" for at, name in enumerate(given)]
    imports.check_again(item, {"columns": chosen}, actor=me, empties=bool(request.form.get("empties")))
    say("info", CHECKED_ANEW)
    return redirect(_page_of(screen, item))


def correct_answer(screen: Any) -> Any:
    """Cells of refused rows were typed anew: those rows are checked again."""
    me = actor()
    item = _request(screen, me)
    rows = import_correcting.taken_in(item, me)
    if request.accept_mimetypes.best == "application/json":
        now = imports.find(item.id, me)
        counts = {"ready": number(now.count(CREATE, CHANGE)), "doubtful": number(now.count(DOUBT))}
        counts |= {verdict: number(now.counts.get(verdict, 0)) for verdict in (BAD, DOUBT, CREATE, CHANGE)}
        return import_correcting.answer(screen.model, item, rows, counts)
    say("info", import_correcting.said(rows))
    shown = {"show": verdict} if (verdict := request.form.get("show", "")) in (BAD, DOUBT) else {}
    return redirect(_page_of(screen, item, **shown))


def encoding_answer(screen: Any) -> Any:
    """The sender says in which encoding the text is to be read."""
    me = actor()
    item = _request(screen, me)
    imports.read_again(item, request.form.get("encoding", ""), actor=me)
    say("info", CHECKED_ANEW_AS_TEXT)
    return redirect(_page_of(screen, item))


def heads_answer(screen: Any) -> Any:
    """The sender says which row has the heads: the sheet is read anew."""
    me, row = actor(), request.form.get("head_row", "")
    item = _request(screen, me)
    reading.read_below(item, int(row) if row.isdecimal() and len(row) < 9 else 0, actor=me)
    say("info", CHECKED_ANEW_BELOW)
    return redirect(_page_of(screen, item))


def run_answer(screen: Any) -> Any:
    """Import what was announced: the good rows, or all if none is bad."""
    me, form = actor(), request.form
    record = _request(screen, me)
    turn = int(form["turn"]) if form.get("turn", "").isdecimal() and len(form["turn"]) < 9 else -1
    try:
        imports.start(record, turn=turn, strict=bool(form.get("strict")), doubtful=bool(form.get("doubtful")), actor=me)
    except Refused as refused:
        context = _details_context(screen, imports.find(record.id, me), me)
        return screen.render("record/import_details.html", **context, error=str(refused.sentence)), 422
    say("info", BEGUN)
    return redirect(_page_of(screen, record))


def stop_answer(screen: Any) -> Any:
    """Pause the check or the import."""
    item = _request(screen, actor())
    imports.ask_stop(item)
    say("info", STOPPING)
    return redirect(_page_of(screen, item))


def go_on_answer(screen: Any) -> Any:
    """Go on with what was paused."""
    me = actor()
    item = _request(screen, me)
    imports.go_on(item, actor=me)
    say("info", GOING_ON)
    return redirect(_page_of(screen, item))


def back_answer(screen: Any) -> Any:
    """Take the whole import back."""
    me = actor()
    item = _request(screen, me)
    imports.ask_back(item, actor=me)
    say("info", GOING_BACK)
    return redirect(_page_of(screen, item))


def drop_answer(screen: Any) -> Any:
    """Throw away a sheet that was not imported."""
    imports.discard(_request(screen, actor()))
    say("info", DROPPED)
    return redirect(f"{screen.base}import/")


def refused_answer(screen: Any) -> Any:
    """The rows that were not imported, each with its reason, to be corrected and imported again."""
    item = _request(screen, actor())
    kind = SheetKind.CSV if request.args.get("kind") == SheetKind.CSV else SheetKind.XLSX
    return import_files.refused_file(screen.model, item, kind)


def template_answer(screen: Any) -> Any:
    """An empty sheet with the heads that are known, and a second one that says what each column takes."""
    me = actor()
    refuse_others(screen.model, me)
    return import_files.template_file(screen.model, me)
