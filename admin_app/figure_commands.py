"""The command on published figures: compute one again from the sealed history, and say what differs."""

import argparse
from collections.abc import Callable

from pymongo.errors import PyMongoError

from admin_app.audit_commands import SHOWN, NotSound, Unchecked
from admin_app.opening import database
from admin_app.problems import Problem
from admin_app.settings import Settings
from models.assessment import proofs


def figures_command(settings: Settings, options: argparse.Namespace) -> None:
    """Verify a figure (0 equal, 1 it differs, 2 could not be computed)."""
    try:
        with database(settings):
            _verify(options.value)
    except (NotSound, Unchecked):
        raise
    except Problem as fault:
        raise Unchecked(str(fault)) from fault
    except PyMongoError as fault:
        raise Unchecked(f"The database does not answer, so nothing was computed: {fault}") from fault


def _verify(number: str) -> None:
    report = proofs.verify(number)
    if report is None:
        raise Unchecked(f"There is no indicator value {number}.")
    for fault in report.faults[:SHOWN]:
        print(f"{fault.where}: {fault.what}")
    looked_at = f"{report.records} records, {report.entries} entries"
    if not report.is_equal:
        first = report.faults[0]
        raise NotSound(f"{number} differs; the first: {first.where}: {first.what} ({looked_at}).")
    print(f"{number} is equal: computed again from {looked_at} under its seal.")


COMMANDS: dict[str, Callable[[Settings, argparse.Namespace], None]] = {"figures": figures_command}
