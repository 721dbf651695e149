"""The command that archives at once what the nightly job would: in the foreground, with progress and an exit code."""

import argparse
import sys
from collections.abc import Callable

from bson import ObjectId
from pymongo.errors import PyMongoError

from admin_app.opening import database
from admin_app.problems import Problem
from admin_app.settings import Settings
from models.kernel.base.errors import Refused
from models.kernel.base.words import Words
from models.kernel.language.glossary import COUNTS
from tasks.engine.run import Run
from tasks.jobs.archive import run_archive


class Foreground(Run):
    """A run that no worker holds: it tells the terminal how far it is. Beside a nightly one it does no harm."""

    def __init__(self) -> None:
        super().__init__({"_id": ObjectId(), "task": "archive.run"}, "command")

    def renew(self) -> None:
        """Nothing is held; a Ctrl-C ends it between two records."""

    def progress(self, done: int, total: int, note: Words | str = "") -> None:
        if sys.stderr.isatty():
            print(f"\r{f'{done} archived  {note}':<78.78}", end="", file=sys.stderr, flush=True)

    def log(self, text: Words | str) -> None:
        print(f"\n{text}" if sys.stderr.isatty() else text, file=sys.stderr, flush=True)


def archive_command(settings: Settings, _options: argparse.Namespace) -> None:
    """Move what is due; each record goes whole or not at all, so it may be stopped and asked for again."""
    run = Foreground()
    try:
        with database(settings):
            run_archive(run)
    except Refused as fault:
        raise Problem(str(fault)) from fault
    except PyMongoError as fault:
        sentence = (
            f"The database does not answer ({type(fault).__name__}); {_summary(run)} until then. Ask for it again."
        )
        raise Problem(sentence) from fault
    if run.damaged:
        raise Problem(
            f"{len(run.damaged)} records are damaged and were left where they are, see above; {_summary(run)}."
        )
    print(f"{_summary(run)}.", flush=True)


def _summary(run: Run) -> str:
    counts = {"archived": 0, **{name: count for name, count in run.counts.items() if name != "damaged"}}
    return ", ".join(f"{count} {COUNTS.get(name, name)}" for name, count in counts.items())


COMMANDS: dict[str, Callable[[Settings, argparse.Namespace], None]] = {"archive": archive_command}
