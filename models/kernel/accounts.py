"""Collections beside the records: log-in accounts, sessions, throttles, files and drafts, with their indexes."""

from __future__ import annotations

from pymongo import ASCENDING, DESCENDING, IndexModel

ACCOUNTS = "account"
SESSIONS = "session"
THROTTLES = "throttle"
FILES = "file"
EVENTS = "security_event"

COLLECTIONS: dict[str, list[IndexModel]] = {
    ACCOUNTS: [IndexModel([("login", ASCENDING)], unique=True)],
    SESSIONS: [IndexModel([("user", ASCENDING)]), IndexModel([("expires", ASCENDING)], expireAfterSeconds=0)],
    THROTTLES: [IndexModel([("expires", ASCENDING)], expireAfterSeconds=0)],
    FILES: [
        IndexModel([("record_id", ASCENDING), ("removed_at", ASCENDING), ("_id", ASCENDING)]),
        IndexModel([("sha256", ASCENDING)]),
        IndexModel([("content", ASCENDING)]),
        IndexModel(
            [("scan.state", ASCENDING), ("_id", ASCENDING)],
            name="given_scan",
            partialFilterExpression={"scan.state": {"$gt": ""}},
        ),
    ],
    "content.files": [IndexModel([("filename", ASCENDING), ("uploadDate", ASCENDING)])],
    "content.chunks": [IndexModel([("files_id", ASCENDING), ("n", ASCENDING)], unique=True)],
    EVENTS: [IndexModel([("at", DESCENDING)]), IndexModel([("user", ASCENDING), ("at", DESCENDING)])],
}
