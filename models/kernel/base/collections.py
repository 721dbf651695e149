"""The collections beside those of the record types: their names, so that everybody may know them, and their indexes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel

from .store import row_of

ACCOUNTS = "account"
SESSIONS = "session"
THROTTLES = "throttle"
FILES = "file"
EVENTS = "security_event"
FILE_TEXT = "file_text"
GRAM_SHARES = "gram_share"
FILE_PICTURES = "file_picture"
HISTORY = "history"
HISTORY_ARCHIVE = "history_archive"
UNSEALED = "unsealed"
ATTEMPTS = "attempts"
SEALS = "history_seal"
CHECKS = "seal_check"
KEY_CHECKS = "key_check"
TOMBSTONES = "tombstone"
FOLLOWING = "following"
QUESTION_EDITIONS = "question_edition"
CALENDAR_EDITIONS = "calendar_edition"
PHASE_SNAPSHOTS = "phase_snapshot"
PUBLIC_LINKS = "public_link"
PUBLIC_COUNTS = "public_count"
HELPFUL_VOTES = "helpful_vote"
REVIEW_CASES = "review_case"
REPLAYS = "replay"
INDICATOR_CASES = "indicator_case"
INDICATOR_RUNNING = "indicator_running"
INDICATOR_STATES = "indicator_state"
FIGURE_PROOFS = "figure_proof"
DELIVERIES = "delivery"
PAPER_ORDERS = "paper_order"
UNSUBSCRIBED = "unsubscribed"
SITTINGS = "survey_sitting"
SURVEY_COUNTS = "survey_count"
SURVEY_BOXES = "survey_box"
SURVEY_ANSWERS = "survey_answer"
SURVEY_VERBATIMS = "survey_verbatim"
FEEDBACK_BOXES = "feedback_box"
COURSE_TRACKS = "course_track"
COURSE_LAUNCHES = "course_launch"
MAILBOX_STATES = "mailbox_state"
REFUSED_SENDERS = "refused_sender"
API_KEYS = "api_key"
API_ENTRIES = "api_entry"
TALLIES = "tally"
EXPECTATIONS = "expectation"
OBLIGATIONS = "obligation"
COMPLIANCE = "compliance_count"
WEBHOOK_MESSAGES = "webhook_message"
DIRECTORY_STATES = "directory_state"
DIRECTORY_LINKS = "directory_link"
ARCHIVED_AT = "archived_at"
BROUGHT_BACK_AT = "brought_back_at"

COLLECTIONS: dict[str, list[IndexModel]] = {
    ACCOUNTS: [
        IndexModel([("login", ASCENDING)], unique=True),
        IndexModel([("link.key", ASCENDING)], sparse=True),
        IndexModel(
            [("identity.issuer", ASCENDING), ("identity.subject", ASCENDING)],
            unique=True,
            partialFilterExpression={"identity.subject": {"$gt": ""}},
        ),
    ],
    SESSIONS: [IndexModel([("user", ASCENDING)]), IndexModel([("expires", ASCENDING)], expireAfterSeconds=0)],
    THROTTLES: [IndexModel([("expires", ASCENDING)], expireAfterSeconds=0)],
    API_KEYS: [IndexModel([("user", ASCENDING)]), IndexModel([("expires", ASCENDING)], expireAfterSeconds=0)],
    API_ENTRIES: [IndexModel([("expires", ASCENDING)], expireAfterSeconds=0)],
    TALLIES: [],
    FILES: [
        IndexModel([("record_id", ASCENDING), ("removed_at", ASCENDING), ("_id", ASCENDING)]),
        IndexModel([("sha256", ASCENDING)]),
        IndexModel([("content", ASCENDING)]),
        IndexModel([("code", ASCENDING)], name="check_code", partialFilterExpression={"code": {"$gt": ""}}),
        IndexModel(
            [("scan.state", ASCENDING), ("_id", ASCENDING)],
            name="given_scan",
            partialFilterExpression={"scan.state": {"$gt": ""}},
        ),
    ],
    "content.files": [IndexModel([("filename", ASCENDING), ("uploadDate", ASCENDING)])],
    "content.chunks": [IndexModel([("files_id", ASCENDING), ("n", ASCENDING)], unique=True)],
    EVENTS: [IndexModel([("at", DESCENDING)]), IndexModel([("user", ASCENDING), ("at", DESCENDING)])],
    HISTORY_ARCHIVE: [
        IndexModel([("type", ASCENDING), ("record", ASCENDING), ("seq", ASCENDING)], unique=True),
        IndexModel([("record", ASCENDING), ("seq", DESCENDING)]),
    ],
    UNSEALED: [
        IndexModel([("attempt.record", ASCENDING)], sparse=True),
        IndexModel([("attempt.at", DESCENDING), ("attempt._id", DESCENDING)], sparse=True),
    ],
    ATTEMPTS: [
        IndexModel([("at", DESCENDING), ("_id", DESCENDING)]),
        IndexModel([("actor", ASCENDING), ("at", DESCENDING), ("_id", DESCENDING)]),
        IndexModel([("actor_department", ASCENDING), ("at", DESCENDING), ("_id", DESCENDING)]),
        IndexModel([("department", ASCENDING), ("at", DESCENDING), ("_id", DESCENDING)]),
        IndexModel([("record", ASCENDING)], sparse=True),
    ],
    GRAM_SHARES: [],
    SEALS: [],
    CHECKS: [],
    KEY_CHECKS: [],
    FOLLOWING: [IndexModel([("since", ASCENDING)])],
    QUESTION_EDITIONS: [],
    CALENDAR_EDITIONS: [],
    PHASE_SNAPSHOTS: [IndexModel([("digest", ASCENDING), ("place", ASCENDING)], unique=True)],
    PUBLIC_COUNTS: [],
    HELPFUL_VOTES: [IndexModel([("record", ASCENDING), ("helped", ASCENDING)])],
    REVIEW_CASES: [],
    REPLAYS: [IndexModel([("record", ASCENDING), ("at", DESCENDING)])],
    INDICATOR_CASES: [IndexModel([("i", ASCENDING), ("p", ASCENDING)]), IndexModel([("r", ASCENDING)])],
    INDICATOR_RUNNING: [IndexModel([("indicator", ASCENDING), ("first_day", DESCENDING)])],
    INDICATOR_STATES: [],
    FIGURE_PROOFS: [
        IndexModel([("value", ASCENDING), ("place", ASCENDING)], unique=True),
        IndexModel([("lines.r", ASCENDING)]),
    ],
    UNSUBSCRIBED: [],
    PAPER_ORDERS: [IndexModel([("record", ASCENDING), ("version", ASCENDING), ("_id", ASCENDING)])],
    MAILBOX_STATES: [],
    WEBHOOK_MESSAGES: [
        IndexModel(
            [("webhook", ASCENDING), ("entry", ASCENDING)],
            unique=True,
            partialFilterExpression={"webhook": {"$exists": True}},
        ),
        IndexModel([("webhook", ASCENDING), ("record", ASCENDING), ("state", ASCENDING), ("_id", ASCENDING)]),
        IndexModel([("state", ASCENDING), ("_id", ASCENDING)], sparse=True),
    ],
    REFUSED_SENDERS: [],
    DIRECTORY_STATES: [],
    DIRECTORY_LINKS: [IndexModel([("issuer", ASCENDING)])],
    PUBLIC_LINKS: [IndexModel([("hash", ASCENDING)], unique=True)],
    EXPECTATIONS: [],
    OBLIGATIONS: [IndexModel([("due", ASCENDING)])],
    COMPLIANCE: [IndexModel([("kind", ASCENDING), ("month", ASCENDING)], sparse=True)],
    SITTINGS: [IndexModel([("survey", ASCENDING)]), IndexModel([("until", ASCENDING)], expireAfterSeconds=0)],
    SURVEY_COUNTS: [],
    SURVEY_BOXES: [],
    FEEDBACK_BOXES: [],
    COURSE_TRACKS: [
        IndexModel([("enrolment", ASCENDING)]),
        IndexModel([("expires", ASCENDING)], expireAfterSeconds=0),
    ],
    COURSE_LAUNCHES: [IndexModel([("expires", ASCENDING)], expireAfterSeconds=0)],
    SURVEY_VERBATIMS: [IndexModel([("survey", ASCENDING), ("tags", ASCENDING)])],
    SURVEY_ANSWERS: [IndexModel([("survey", ASCENDING), ("receipt", ASCENDING)])],
    TOMBSTONES: [
        IndexModel([("entries", ASCENDING)]),
        IndexModel([("number", ASCENDING)]),
        IndexModel([("once", ASCENDING)], sparse=True),
        IndexModel([("list", ASCENDING)]),
    ],
}


def archive_of(name: str) -> str:
    """The collection that the archived records of a type stand in."""
    return f"{name}_archive"


def in_archive(name: str, query: Mapping[str, Any]) -> dict[str, Any] | None:
    """An archived record of a type, whoever asks; for looking up titles and keys, never for showing it."""
    return row_of(archive_of(name), query)
