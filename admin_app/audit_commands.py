"""The commands on the history: check it whole, and write the newest seal into a file that somebody outside keeps."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pymongo.errors import PyMongoError

from admin_app.opening import database
from admin_app.problems import Problem
from admin_app.settings import Settings
from models.services.keeping import audit, seals, snapshots

SHOWN = 20


class Unchecked(Problem):
    """The history could not be checked: nothing is known about it."""

    code = 2


class NotSound(Problem):
    """It was checked, and something is wrong with it."""


def audit_command(settings: Settings, options: argparse.Namespace) -> None:
    """Check the history (0 sound, 1 not sound, 2 could not be checked), or write a checkpoint."""
    try:
        with database(settings):
            {"export": _export, "snapshot": _snapshot, "verify": _verify}[options.verb](options)
    except (NotSound, Unchecked):
        raise
    except Problem as fault:
        raise Unchecked(str(fault)) from fault
    except PyMongoError as fault:
        raise Unchecked(f"The database does not answer, so nothing was checked: {fault}") from fault


def _verify(options: argparse.Namespace) -> None:
    report = audit.check(_checkpoint(options.seal), tell=_line, contents=options.contents)
    print(file=sys.stderr)
    for fault in report.faults[:SHOWN]:
        print(f"{fault.where}: {fault.what}")
    if report.unprotected:
        print(f"{report.unprotected} entries that wait for their seal are not yet protected by a keyed digest.")
    count = len(report.faults) + report.more
    if count > SHOWN:
        print(f"... and {count - SHOWN} more")
    summary = f"{report.seals} seals, {report.entries} entries, {report.records} records, {report.files} files"
    if count:
        raise NotSound(f"The history is not sound: {count} faults, the first at {report.faults[0].where} ({summary}).")
    newest = f"; newest seal {report.newest['_id']} of {report.newest['at']:%Y-%m-%d %H:%M}" if report.newest else ""
    print(f"The history is sound: {summary}{newest}.")


def _snapshot(options: argparse.Namespace) -> None:
    """Check what a gate has frozen, by the number of a record that names it or by the digest itself."""
    is_digest = len(options.name) == snapshots.DIGEST_LENGTH
    digests = [options.name] if is_digest else snapshots.digests_of(options.name)
    if not digests:
        raise Unchecked(f"{options.name} is no digest and no number of a record that names a snapshot.")
    checkpoint = _checkpoint(options.seal)
    for digest in digests:
        report = snapshots.check(digest, checkpoint)
        for fault in report.faults[:SHOWN]:
            print(f"{fault.where}: {fault.what}")
        if report.faults:
            raise NotSound(f"The snapshot {digest[:12]} is not sound: {len(report.faults)} faults.")
        gone = f", {report.destroyed} of them destroyed by approved lists since" if report.destroyed else ""
        waits = f", {report.waiting} wait for their seal" if report.waiting else ""
        proof = f"{report.sealed} entries stand under the seals up to {report.newest}{waits}"
        print(
            f"The snapshot {digest[:12]} is sound: {report.editions} editions stand as they were frozen{gone}; {proof}."
        )


def _checkpoint(path: str | None) -> dict[str, Any] | None:
    if path is None:
        return None
    try:
        return seals.read_checkpoint(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise Unchecked(f"{path} is not a checkpoint that can be read ({fault}); nothing was checked.") from fault


def _export(options: argparse.Namespace) -> None:
    audit.seal_all()
    seal = audit.newest_seal()
    if seal is None:
        raise Unchecked("There is no history yet, so there is nothing to export.")
    try:
        Path(options.to).write_text(seals.checkpoint_of(seal), encoding="utf-8")
    except OSError as fault:
        raise Unchecked(f"{options.to} cannot be written: {fault.strerror}.") from fault
    print(f"Seal {seal['_id']} is in {options.to}. Keep it where the administrators of the database cannot write.")


def _line(done: int, total: int, what: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{what or 'seals'} {done}{f' of {total}' if total else ''}   ", end="", file=sys.stderr, flush=True)


COMMANDS: dict[str, Callable[[Settings, argparse.Namespace], None]] = {"audit": audit_command}
