"""Nothing but the gate writes records: any other write stands in the list below, with a reason."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("models", "views", "tasks", "seed", "admin_app")
WRITES = {
    "insert_one", "insert_many", "update_one", "update_many", "replace_one", "delete_one", "delete_many", "bulk_write",
    "find_one_and_update", "find_one_and_replace", "find_one_and_delete", "save", "modify", "drop", "drop_database",
    "insert_row", "update_row",
}  # fmt: skip
# Who may, and on what. Everything here writes collections that hold no records, or is the gate, a seed or the archive.
ALLOWED = {
    "models/kernel/gate/writing.py": "the gate",
    "models/kernel/base/store.py": "what the gate writes, at once or with the others of a block",
    "models/kernel/gate/changes.py": "the head of the history, when a fact is noted",
    "models/services/keeping/bring_back.py": "what a backup holds, in the gate's transaction",
    "models/kernel/gate/attempts.py": "refused attempts, after the gate's transaction",
    "models/kernel/gate/unit.py": "the gate's transaction",
    "models/services/keeping/archive.py": "the move into the archive, and destruction by an approved list",
    "models/services/keeping/expectations.py": "how far rules have read the history, and what waits for an answer",
    "models/services/keeping/compliance.py": "sums of steps in time, which can be counted anew",
    "models/services/keeping/audit.py": "seals over the history",
    "models/kernel/base/numbering.py": "counters, in the gate's transaction",
    "models/services/files/files.py": "facts of attachments, beside the gate's entry",
    "models/services/files/text.py": "texts and small pictures of attachments, which can be made anew",
    "models/services/files/scanning.py": "verdicts of the virus scanner on attachments",
    "models/services/files/uploads.py": "contents of attachments as they come in",
    "models/services/work/jobs.py": "runs of background work",
    "models/one_time_links.py": "links to a password, on accounts, which are no records",
    "models/operations/mailboxes.py": "how far a mailbox was read, which changes with every message",
    "models/operations/webhook_messages.py": "messages on their way to programs outside, which are no records",
    "models/directory_sync.py": "accounts and links of people whom a directory brings, in the gate's transaction",
    "models/services/directory/vendor.py": "tokens of vendors, sealed, until they end",
    "models/mail_receiving.py": "how many messages a sender sent in an hour",
    "models/refused_senders.py": "senders whose mail makes nothing, by a digest of their addresses",
    "models/public_links.py": "links to public pages, in the gate's transaction",
    "models/public_reading.py": "how often a public page was opened and found helpful",
    "models/surveys/sittings.py": "half-filled answers of people outside, which are no records until they are sent",
    "models/surveys/verbatims.py": "tags of texts that people outside wrote, which are no records",
    "models/surveys/anonymous.py": "anonymous answers, which are no records; their sealed list stands in the survey",
    "models/kernel/base/leases.py": "leases",
    "models/services/notify/deliveries.py": "deliveries of notices",
    "models/services/notify/outside.py": "the text of a mail as it was handed over; who wants no more",
    "models/services/notify/preferences.py": "how a person wants to be told",
    "models/services/personal/layouts.py": "how a person arranges lists",
    "models/services/personal/presence.py": "who has a record open, for a minute",
    "models/services/personal/helpfulness.py": "whether a record helped a reader, and how often it was opened",
    "models/aftersales/review_cases.py": "which records a frozen figure is of, in the gate's transaction",
    "models/services/work/tallies.py": "counts for monitoring",
    "models/services/personal/api_keys.py": "keys of programs, and what came once under which key of theirs",
    "models/training/feedback.py": "anonymous feedback, which is no record; one sealed text for each training",
    "models/training/tracking.py": "how far somebody is within a lesson, which changes by the second",
    "models/training/corrections.py": "a touch of what is not marked yet, so that of two transactions one waits",
    "models/assessment/populations.py": "cases of open periods, which can be counted anew from the history",
    "models/assessment/results.py": "a touch of a cycle, so that of two decisions on its totals one waits",
    "models/assessment/publishing.py": "values of open periods, counted anew each night; proofs, with their values",
    "models/services/personal/drafts.py": "unsaved texts of one person, which are no records",
    "models/services/imports/imports.py": "sheets of one person that are being imported, which are no records",
    "models/services/imports/rows.py": "their rows; records come of them through the gate",
    "models/services/work/bulk.py": "orders of acts on many records, whose rows go through the gate",
    "models/services/work/exports.py": "files of one person that are written in the background, which are no records",
    "models/services/database.py": "indexes",
    "models/kernel/gate/papers.py": "orders of papers that are not made yet, in the transaction of their move",
    "models/kernel/gate/calendar_editions.py": "editions of calendars, named by their content, which never change",
    "models/kernel/gate/passages.py": "which editions a gate has frozen, in the transaction of its move",
    "models/kernel/gate/replays.py": "what a change would have made of the last year, which can be counted anew",
    "models/kernel/gate/editions.py": "editions of questions, which are named by their content and never change",
    "models/kernel/gate/search_parts.py": "what records are found by, which can be made anew from their fields",
    "models/kernel/gate/steps.py": "when a record is looked at again, which can be found anew from its fields",
    "models/kernel/gate/by_edition.py": "fields that follow from other records, which can be derived anew",
    "models/kernel/gate/dependents.py": "what follows from one record in others, which can be derived anew",
    "models/kernel/gate/wait_notes.py": "the head of the chain beside an entry of the gate, as `note` writes it",
    "models/operations/setup.py": "which lines of the set-up a company does without",
    "models/operations/retention.py": "the guard that serialises holds and destruction",
    "tasks/jobs/search.py": "which grams are common, which can be measured anew",
    "tasks/engine/mongolease.py": "messages of the broker",
    "tasks/engine/timetable.py": "the clocks of schedules",
    "tasks/engine/dispatch.py": "when a run was last announced",
    "views/home/pages.py": "notices that were read",
    "admin_app/database.py": "the trial write of readiness",
    "admin_app/key_check.py": "check values of the keys of sealed fields",
}
PREFIXES = {
    "models/services/files/child/": "pictures, in a process that knows no database",
    "admin_app/security/": "accounts, sessions, throttles",
    "admin_app/embedded.py": "the server's own user",
    "seed/": "the demo company",
    "tasks/backup/": "restoring into empty databases",
}


def writes_in(source: str) -> Iterator[tuple[int, str]]:
    """The calls of methods that write to a collection or save a document: line and name."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        is_checkpoint = getattr(node.func.value, "id", "") == "run"
        if node.func.attr in WRITES and not is_checkpoint:
            yield node.lineno, node.func.attr


def test_a_write_would_be_found() -> None:
    assert list(writes_in("doc.save()\nrows.insert_one({})")) == [(1, "save"), (2, "insert_one")]


@pytest.mark.parametrize("room", ROOMS)
def test_nothing_else_writes(room: str) -> None:
    writes = []
    for path in sorted((ROOT / room).rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if name in ALLOWED or name.startswith(tuple(PREFIXES)):
            continue
        writes += [f"{name}:{line} {call}" for line, call in writes_in(path.read_text(encoding="utf-8"))]
    assert writes == []
