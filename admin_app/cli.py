"""The `guicheng` command: reads the command line, turns expected failures into one sentence and an exit code."""

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType

from admin_app.problems import Problem
from admin_app.settings import load_settings, settings_page

UNREADY = {"audit": 2, "figures": 2}  # where 1 is a verdict, what hinders the command from beginning has another code
INTERRUPTED, TERMINATED = 130, 143


class Terminated(KeyboardInterrupt):
    """SIGTERM came: the way out is that of Ctrl-C, the exit code is its own."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0 done, 1 refused in a sentence, 2 wrong usage or damaged backup; `audit`, `figures`: 1 not sound, 2 not checked.
    130 after Ctrl-C and 143 after SIGTERM, which never mean that it was done; only `run` ends with 0 by these.
    """
    options = parser().parse_args(arguments)
    if options.command == "settings":
        print(settings_page(), end="")
        return 0
    signal.signal(signal.SIGTERM, _terminate)
    try:
        return _carry_out(options)
    except KeyboardInterrupt as stop:
        if options.command == "run":
            print("Stopped.")
            return 0
        print("guicheng: Stopped before the end; what was begun is not taken for done.", file=sys.stderr)
        return TERMINATED if isinstance(stop, Terminated) else INTERRUPTED


def _terminate(_number: int, _frame: FrameType | None) -> None:
    raise Terminated


def _carry_out(options: argparse.Namespace) -> int:
    try:
        settings = load_settings()
    except Problem as problem:
        return _refused(problem, UNREADY.get(options.command, problem.code))
    try:
        _handler(options.command)(settings, options)
    except Problem as problem:
        return _refused(problem, problem.code)
    return 0


def _refused(problem: Problem, code: int) -> int:
    print(f"guicheng: {problem}", file=sys.stderr)
    return code


def _handler(command: str) -> Callable[..., None]:
    # Imported here because the record types and screens take over a second, which --help and a typo needn't wait for.
    from admin_app import archive_commands, audit_commands, backup_commands, commands, figure_commands  # noqa: PLC0415

    rooms = (commands, backup_commands, audit_commands, archive_commands, figure_commands)
    return next(room.COMMANDS[command] for room in rooms if command in room.COMMANDS)


def parser() -> argparse.ArgumentParser:
    """Return the reader of the command line."""
    top = argparse.ArgumentParser(prog="guicheng", description="The company's operating standard as working software.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("run", help="start everything: database (unless one is named), web, worker, beat")
    web = commands.add_parser("web", help="start the web server alone; needs GUICHENG_MONGODB_URI")
    web.add_argument("--public", action="store_true", help="serve the pages for people outside (/p/) and nothing else")
    commands.add_parser("worker", help="start a worker alone, for background work; needs GUICHENG_MONGODB_URI")
    commands.add_parser("beat", help="start the scheduler alone; a second one waits; needs GUICHENG_MONGODB_URI")
    _add_seed(commands)
    commands.add_parser("check", help="verify settings, database, indexes and declarations")
    commands.add_parser("settings", help="print the page that lists all settings")
    _add_draw(commands)
    _add_user(commands)
    _add_backup(commands)
    commands.add_parser("archive", help="move the records that are due into the archive now, as every night")
    _add_audit(commands)
    _add_figures(commands)
    return top


def _add_seed(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    seed = commands.add_parser("seed", help="load the demo company into an empty database")
    seed.add_argument("--founded", action="store_true", help=argparse.SUPPRESS)  # `run` has founded it already


def _add_draw(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    draw = commands.add_parser("draw", help="print the workflow of a record type as SVG")
    draw.add_argument("type", metavar="TYPE", help="name of a record type, such as Quotation")
    draw.add_argument("--locale", default="en", help="language of the labels: en, zh-Hant or zh-Hans")


def _add_user(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    user = commands.add_parser("user", help="add a user, give one a new first password, or take the second step off")
    verbs = user.add_subparsers(dest="verb", required=True, metavar="VERB")
    add = verbs.add_parser("add", help="add a user and print the first password, once")
    add.add_argument("login")
    add.add_argument("--name", required=True, help="name shown to others")
    add.add_argument("--department", required=True, metavar="CODE", help="code of the department")
    add.add_argument("--role", required=True, action="append", dest="roles", help="may be given several times")
    reset = verbs.add_parser("reset", help="give a user a new first password and print it, once")
    reset.add_argument("login")
    verbs.add_parser("close-demo", help="close the logins of the demo company, whose password is known")
    step = verbs.add_parser("second-step-off", help="for somebody who has lost phone and recovery codes")
    step.add_argument("login")


def _add_backup(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    backup = commands.add_parser("backup", help="save one moment of the database as a new entry of a folder or store")
    backup.add_argument("--to", required=True, metavar="FOLDER", help="an existing folder, or s3://bucket/folder")
    backup.add_argument("--plain", action="store_true", help="without encryption")
    verify = commands.add_parser("verify", help="read a backup whole; exit code 0 only if every byte is as written")
    verify.add_argument("path", metavar="PATH")
    restore = commands.add_parser("restore", help="bring back a whole backup, or one record of it")
    restore.add_argument("path", metavar="PATH")
    what = restore.add_mutually_exclusive_group(required=True)
    what.add_argument("--into", metavar="DB", help="a new or empty database")
    what.add_argument("--record", nargs=2, metavar=("TYPE", "ID"), help="one record, by its id or number")
    restore.add_argument("--yes-overwrite", metavar="DB", help="the name again, if the database is not empty")
    restore.add_argument("--resume", action="store_true", help="queued work and unsent mail go on: for a new server")
    drill = commands.add_parser("drill", help="restore a backup into a scratch database, compare, and drop that")
    drill.add_argument("path", metavar="PATH")
    unpack = commands.add_parser("unpack", help="decrypt and unpack a backup into files in mongodump's layout")
    unpack.add_argument("path", metavar="PATH")
    unpack.add_argument("--to", required=True, metavar="FOLDER", help="a folder that is new or empty")


def _add_audit(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    audit = commands.add_parser("audit", help="check the history, or write its newest seal into a file")
    verbs = audit.add_subparsers(dest="verb", required=True, metavar="VERB")
    verify = verbs.add_parser("verify", help="exit code 0: sound, 1: not sound, 2: could not be checked")
    verify.add_argument("--seal", metavar="FILE", help="a checkpoint that was exported earlier")
    verify.add_argument("--contents", action="store_true", help="read every attached file whole as well")
    snapshot = verbs.add_parser("snapshot", help="check all editions that a release or a gate has frozen")
    snapshot.add_argument("name", metavar="NUMBER", help="number of the release or project, or the digest")
    snapshot.add_argument("--seal", metavar="FILE", help="a checkpoint that was exported earlier")
    export = verbs.add_parser("export", help="write the newest seal as a checkpoint to be kept elsewhere")
    export.add_argument("--to", required=True, metavar="FILE")


def _add_figures(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    figures = commands.add_parser("figures", help="compute a published figure again from the sealed history")
    verbs = figures.add_subparsers(dest="verb", required=True, metavar="VERB")
    verify = verbs.add_parser("verify", help="exit code 0: equal, 1: it differs, 2: could not be computed")
    verify.add_argument("value", metavar="NUMBER", help="number of the indicator value")


if __name__ == "__main__":
    sys.exit(main())
