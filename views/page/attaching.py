"""Takes uploaded files in, one or several at once, from a form or from the script that shows how far an upload is."""

from __future__ import annotations

from typing import Any

from flask import current_app, jsonify, redirect, request
from werkzeug.datastructures import FileStorage

from models.kernel.base.errors import Forbidden, Refused
from models.kernel.base.people import Actor
from models.kernel.base.words import L, Listed, Words
from models.kernel.language.record import Record
from models.kernel.rights import rights
from models.services.files import files
from models.services.files.duplicates import duplicates_of

from ..session import actor, say
from . import record_page

AT_ONCE = 20
ATTACHED = L("Attached: {name}.", "已添加附件：{name}。")
NO_FILE = L("Please choose a file.", "請選擇文件。")
TOO_MANY = L("Please attach at most {most} files at once; nothing was stored.", "一次最多添加 {most} 個文件，未保存。")
OF_FILE = L("{name}: {why}", "{name}：{why}")
THE_SAME = L(
    "The content of {name} is already attached to: {places}. Both are kept.",
    "「{name}」的內容與以下附件相同：{places}。兩者均保留。",
)
PLACE = L("{number} ({name})", "{number}（{name}）")
SHOWN_TWINS = 3


def upload_limit_mb() -> int:
    return int(current_app.config.get("UPLOAD_LIMIT_MB", 200))


def attached(view: Any) -> Any:
    """Take uploaded files in; a refusal shows the record page, or tells the script, with a sentence for each file."""
    me = actor()
    record = rights.find(me, view.model, request.form.get("id"))
    given = [value for value in request.files.getlist("file") if value.filename]
    refusals: list[tuple[str, Refused]] = []
    said: list[tuple[str, Words]] = []
    if not given or len(given) > AT_ONCE:
        sentence = TOO_MANY(most=AT_ONCE) if given else NO_FILE
        refusals.append(("", Refused(None, {"file": [sentence]})))
        given = []
    for item in given:
        try:
            said += _attach(record, item, me)
        except Refused as refused:
            refusals.append((files.clean_name(item.filename or ""), refused))
    if request.headers.get("X-Requested-With") == "XMLHttpRequest":
        return _context(said, refusals)
    for tone, words in said:
        say(tone, words)
    if refusals:
        context = record_page.record_context(view.model, record, me)
        content = " ".join(_sentence(*refusal) for refusal in refusals)
        return view.render("record/details.html", **context, file_error=content), _status(refusals)
    return redirect(view.show(record) + "#files")


def _attach(record: Record, given: FileStorage, me: Actor) -> list[tuple[str, Words]]:
    """Attach one file; returns what to say about it, with tones."""
    typed, kind = request.form.get("once", "")[:64], request.form.get("kind", "")[:40]
    once = f"{typed}:{me.id}:{record.id}:{kind}" if typed else ""
    upload = files.Upload(given.filename or "", given.stream, upload_limit_mb(), once=once)  # type: ignore[arg-type]
    file = files.attach(type(record), record.id, kind, upload, actor=me)
    said: list[tuple[str, Words]] = [("good", ATTACHED(name=file["name"]))]
    if same := duplicates_of(file, actor=me)[:SHOWN_TWINS]:
        places = Listed(tuple(PLACE(number=item.number, name=item.name) for item in same))
        said.append(("warn", THE_SAME(name=file["name"], places=places)))
    return said


def _context(said: list[tuple[str, Words]], refusals: list[tuple[str, Refused]]) -> Any:
    """The same for a script: what was done, and what was not and why. The next page says it, too, unless its script
    stays where it is."""
    for tone, words in said:
        if not refusals and "stays" not in request.form:
            say(tone, words)
    message = " ".join([*(str(words) for _, words in said), *(_sentence(*refusal) for refusal in refusals)])
    return jsonify(ok=not refusals, message=message), _status(refusals) if refusals else 200


def _sentence(name: str, refused: Refused) -> str:
    why = next((words for problem in refused.problems.values() for words in problem), refused.sentence)
    return str(OF_FILE(name=name, why=why)) if name else str(why)


def _status(refusals: list[tuple[str, Refused]]) -> int:
    return 403 if isinstance(refusals[0][1], Forbidden) else 422
