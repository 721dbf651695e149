"""The commands on backups: make, verify, restore, drill, unpack; with progress, a sentence and an exit code each."""

import argparse
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mongoengine.connection import get_connection, get_db
from pymongo.errors import PyMongoError

from admin_app.opening import database
from admin_app.problems import Problem
from admin_app.settings import Settings
from models.kernel.base.collections import TOMBSTONES
from models.kernel.base.errors import Refused
from tasks.backup.crypt import KeyRing
from tasks.backup.drill import drill
from tasks.backup.dump import dump
from tasks.backup.faults import BackupFault, Damaged
from tasks.backup.format import Entry, open_entry
from tasks.backup.records import restore_record
from tasks.backup.restore import restore
from tasks.backup.targets import Target, split_entry
from tasks.backup.unfinished import clear_away
from tasks.backup.unpack import unpack
from tasks.backup.verify import verify

MEGABYTE = 1_000_000
DATABASE = re.compile(r"[A-Za-z0-9_-]{1,38}")  # as the setting that names it later
OF_THE_SERVER = {"admin", "config", "local"}
PLAIN = "It is not encrypted: whoever can read the folder can read it, and whoever can write there could change it."


class DamagedBackup(Problem):
    """What lies there is not what was written."""

    code = 2


def backup_command(settings: Settings, options: argparse.Namespace) -> None:
    """Make one new entry in the folder."""
    with _faults_in_a_sentence(), database(settings):
        begun, target = time.monotonic(), Target(options.to)
        for name in clear_away(target):
            _say(f"{name} was left half written by a backup that was killed; it was cleared away.")
        entry = dump(get_db(), target, KeyRing(settings.backup_keys), plain=options.plain, tell=_Line())
    _say(f"{entry.place}: {_facts(entry)} in {time.monotonic() - begun:.1f} s.")


def verify_command(settings: Settings, options: argparse.Namespace) -> None:
    """Read every byte of a backup."""
    with _faults_in_a_sentence():
        target, name = split_entry(options.path)
        verdict = verify(target, name, KeyRing(settings.backup_keys), _Line())
    for problem in verdict.problems:
        _say(str(problem))
    if not verdict:
        raise DamagedBackup(f"{options.path} is damaged: {len(verdict.problems)} faults, named above.")
    _say(f"Every byte is as written: {_facts(verdict.entry)}.")


def restore_command(settings: Settings, options: argparse.Namespace) -> None:
    """Bring back a whole backup into a new or empty database, or one record through the gate."""
    if options.record and (options.yes_overwrite or options.resume):
        raise Problem("--yes-overwrite and --resume go with --into only; a record is never put over another.")
    if options.into is not None and (not DATABASE.fullmatch(options.into) or options.into in OF_THE_SERVER):
        raise Problem(
            f"“{options.into}” cannot be the name of the database: it has 1 to 38 letters of English, digits, _ and -, "
            "and is none of the server's own. Nothing was touched."
        )
    with _faults_in_a_sentence(), database(settings, is_restoring=True):
        entry = open_entry(*split_entry(options.path), KeyRing(settings.backup_keys))
        if options.record:
            type_name, id = options.record
            record = restore_record(entry, type_name, id, _Line())
            _say(f"{record.number} {record.title or ''} is as in the backup of {entry.manifest.created}.")
            return
        overwrite = options.yes_overwrite == options.into
        if options.yes_overwrite and not overwrite:
            raise Problem("--yes-overwrite must name the same database as --into. Nothing was touched.")
        destroyed = get_db()[TOMBSTONES].find()
        into = get_connection()[options.into]
        done = restore(entry, into, overwrite=overwrite, resume=options.resume, destroyed=destroyed, tell=_Line())
    _say(f"{options.into} holds {done.documents} documents now, {done.size / MEGABYTE:.1f} MB in {done.seconds:.1f} s.")
    if done.parked:
        _say(f"{done.parked} messages and jobs that waited then rest now; IT decides (Mail and chat; Task runs).")
    if done.destroyed:
        _say(f"{done.destroyed} records that were destroyed by approved lists since then were destroyed there, too.")
    _say(f"To use it: GUICHENG_DATABASE={options.into} guicheng check, then start the servers with the same name.")


def drill_command(settings: Settings, options: argparse.Namespace) -> None:
    """Restore a backup into a scratch database, compare, and drop that."""
    with _faults_in_a_sentence(), database(settings, is_restoring=True):
        report = drill(*split_entry(options.path), KeyRing(settings.backup_keys), get_connection(), _Line())
    for difference in report.differences:
        _say(str(difference))
    if not report:
        raise DamagedBackup(f"The restored database differs from the backup: {len(report.differences)} differences.")
    _say(
        f"Restored and equal: {report.collections} collections, {report.documents} documents, {report.files} files "
        f"in {report.seconds:.1f} s."
    )


def unpack_command(settings: Settings, options: argparse.Namespace) -> None:
    """Write a backup as plain files in mongodump's layout."""
    with _faults_in_a_sentence():
        entry = open_entry(*split_entry(options.path), KeyRing(settings.backup_keys))
        unpack(entry, Path(options.to), _Line())
    _say(f"{options.to} is in mongodump's layout. The files are not encrypted; delete them after use.")


class _Line:
    """Progress on a terminal as one line that is written over; elsewhere one line every ten seconds."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._next = time.monotonic() + (0 if self._is_terminal else 10)

    def __call__(self, done: int, total: int, note: str) -> None:
        if time.monotonic() < self._next:
            return
        part = 100 * done // total if total else 100
        text = f"{part:3d} %  {done / MEGABYTE:.0f} of {total / MEGABYTE:.0f} MB  {note}"
        if self._is_terminal:
            print(f"\r{text:<78.78}", end="" if done < total else "\n", file=sys.stderr, flush=True)
        else:
            self._next = time.monotonic() + 10
            print(text, file=sys.stderr, flush=True)


@contextmanager
def _faults_in_a_sentence() -> Iterator[None]:
    """Turn what goes wrong into the sentence and the exit code of a command."""
    try:
        yield
    except Damaged as fault:
        raise DamagedBackup(str(fault)) from fault
    except (BackupFault, Refused) as fault:
        raise Problem(str(fault)) from fault
    except PyMongoError as fault:
        raise Problem(f"The database does not answer as it should, so it was not done: {fault}") from fault


def _facts(entry: Entry) -> str:
    kept = entry.manifest
    text = f"{len(kept.data())} collections, {kept.documents} documents, {kept.plain_size / MEGABYTE:.1f} MB, "
    text += f"stored as {kept.size / MEGABYTE:.1f} MB"
    return text if kept.key is not None else f"{text}. {PLAIN}"


def _say(text: str) -> None:
    print(text, flush=True)


COMMANDS: dict[str, Callable[[Settings, argparse.Namespace], None]] = {
    "backup": backup_command,
    "verify": verify_command,
    "restore": restore_command,
    "drill": drill_command,
    "unpack": unpack_command,
}
