"""What each `guicheng` command does; the command line itself is read in cli.py."""

import argparse
import errno
import os
import socket
import sys
import threading
import time
import urllib.request
from collections.abc import Callable

import mongoengine
from gunicorn.config import KNOWN_SETTINGS
from pymongo.errors import PyMongoError

from admin_app.app import create_app
from admin_app.embedded import EmbeddedMongo
from admin_app.load_errors import LoadErrors
from admin_app.logs import GunicornLogger, configure_logs
from admin_app.opening import connected, database
from admin_app.problems import Problem
from admin_app.runner import Runner, StopSignals
from admin_app.security.accounts import (
    accounts,
    add_user,
    close_demo_accounts,
    demo_accounts,
    has_second_step,
    open_demo_accounts,
    start_reset,
    step_off,
)
from admin_app.serving import PatientWorker
from admin_app.settings import Settings
from admin_app.welcome import welcome
from models import catalogue
from models.kernel.base.errors import Missing, Refused
from models.kernel.base.people import SYSTEM
from models.kernel.gate import changes
from models.operations.retention import ensure_retention_rules
from models.organisation import User
from models.services.database import NotUnique, ensure_indexes
from models.services.drawing.drawing import draw
from seed.demo import NothingToPlay, found_demo, is_empty, note_failure, percent_loaded, play_demo
from seed.stage import Overtaken
from tasks.engine.defaults import order_first_runs

GRACE_SECONDS = 30
KEPT_SECONDS = 75  # longer than proxies keep theirs, so that no request meets a connection that is being closed
PORT_SECONDS_MAX = 5
NOT_LOADED = "The demo company could not be loaded. Stop with Ctrl-C and start again: it is loaded anew."
AS_ROOT = "ignore:You're running the worker with superuser privileges"  # no news in a container that is tried out


def run(settings: Settings, _options: argparse.Namespace) -> None:
    """Start everything on this machine and stay until Ctrl-C or SIGTERM."""
    check_port(settings)
    configure_logs(settings.log_level)
    mongo = None if settings.mongodb_uri else EmbeddedMongo(settings.data)
    try:
        if mongo:
            _say("Starting the embedded MongoDB ...")
            settings = settings.model_copy(update={"mongodb_uri": mongo.start()})
        with connected(settings):
            _serve(settings, mongo, load=_prepare(settings))
    finally:
        if mongo:
            mongo.stop()
    _say("Stopped.")


def _open_accounts(_people: object, password: str) -> None:
    open_demo_accounts(password)


def ready_database() -> None:
    """Build collections and indexes. Raises Problem where stored records break a rule of uniqueness."""
    try:
        ensure_indexes(catalogue)
    except NotUnique as fault:
        raise Problem(str(fault)) from fault


def _prepare(settings: Settings) -> str:
    """Make the database ready for the web server; returns the load of a demo company that was founded, or nothing."""
    refuse_demo_logins(settings)
    ready_database()
    load = ""
    if settings.demo and is_empty():
        _say("Founding the demo company ...")
        load = found_demo(settings, echo=_say, set_passwords=_open_accounts)
    ensure_retention_rules()
    return load


def _serve(settings: Settings, mongo: EmbeddedMongo | None, *, load: str) -> None:
    words, is_up = welcome(settings, is_loading=bool(load)), threading.Event()
    loader = {"demo": [sys.executable, "-m", "admin_app.cli", "seed", "--founded"]} if load else {}
    runner = Runner(
        commands={
            "web": gunicorn_command(settings),
            **loader,
            "beat": beat_command(),
            "worker": worker_command(settings),
        },
        environment=os.environ | settings.as_environment(),
        is_ready=lambda: _is_ready(settings),
        on_ready=lambda: (_say(words), is_up.set()),
        on_tick=lambda: _revive(mongo),
        echo=_say,
        once=loader,
        on_failure=lambda: _say_failure(load),
        after={"demo": is_up.is_set, "beat": _is_loaded, "worker": _is_loaded} if load else {},
    )
    with StopSignals(runner.stop):
        runner.run()


def _say_failure(load: str) -> None:
    """Say what is to be done when the demo company could not be loaded; a page says it too, if the database answers."""
    try:
        is_whole = not note_failure(load)
    except PyMongoError:
        is_whole = False
    if not is_whole:
        _say(NOT_LOADED)


def _is_loaded() -> bool:
    """Whether the demo company is whole, so that background work may touch its records."""
    try:
        return percent_loaded() is None
    except PyMongoError:
        return False


def _revive(mongo: EmbeddedMongo | None) -> None:
    if mongo and mongo.revive():
        _say("The embedded MongoDB had died and runs again.")


def web(settings: Settings, options: argparse.Namespace) -> None:
    """Become the web server, once the database answers and is sound; with --public that of the public pages alone."""
    if options.public:
        settings = for_public(settings)
    if not settings.mongodb_uri:
        raise Problem("guicheng web needs GUICHENG_MONGODB_URI; guicheng run starts a database of its own.")
    check_port(settings)
    with connected(settings):
        refuse_demo_logins(settings)
        ready_database()
    command = gunicorn_command(settings, "public_app" if options.public else "app")
    os.execvpe(command[0], command, os.environ | settings.as_environment())  # noqa: S606 no shell wanted


def for_public(settings: Settings) -> Settings:
    """The settings of the server of the public pages, which has a port of its own."""
    if not any(cls.declared.public for cls in catalogue.values()):
        raise Problem("No record type has public pages, so that guicheng web --public would serve nothing.")
    return settings.model_copy(update={"port": settings.public_port})


def refuse_demo_logins(settings: Settings) -> None:
    """Raise Problem where people would get in with a password that everybody knows."""
    if not settings.demo and (count := demo_accounts()):
        raise Problem(
            f"{count} logins of the demo company are open in the database {settings.database}; their password is "
            "known. Close them first: guicheng user close-demo"
        )


def worker(settings: Settings, _options: argparse.Namespace) -> None:
    """Become a worker, once the database answers and is sound."""
    _become(settings, "worker", worker_command(settings))


def beat(settings: Settings, _options: argparse.Namespace) -> None:
    """Become the scheduler; beside another one it waits until that one is gone."""
    _become(settings, "beat", beat_command())


def _become(settings: Settings, name: str, command: list[str]) -> None:
    if not settings.mongodb_uri:
        raise Problem(f"guicheng {name} needs GUICHENG_MONGODB_URI; guicheng run starts a database of its own.")
    with connected(settings):
        ready_database()
    os.execvpe(command[0], command, os.environ | settings.as_environment())  # noqa: S606 no shell wanted


def worker_command(settings: Settings) -> list[str]:
    """Return the command line of a worker; each job runs in a process of its own, so that none can end another."""
    flags = [f"--concurrency={settings.worker_processes}", "--pool=prefork", "--hostname=guicheng@%h-%i"]
    switches = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    hushed = ["-W", AS_ROOT] if settings.demo else []
    return [*_celery(*hushed), "worker", *flags, *switches]


def beat_command() -> list[str]:
    """Return the command line of the scheduler; it keeps no file, everything it knows is in MongoDB."""
    return [*_celery(), "beat"]


def _celery(*options: str) -> list[str]:
    return [sys.executable, *options, "-m", "celery", "--quiet", "-A", "admin_app.celery"]


def gunicorn_command(settings: Settings, application: str = "app") -> list[str]:
    """Return the command line of the web server of an application of `admin_app.wsgi`; it never preloads, so each
    worker makes its own connections."""
    flags = {
        "--worker-class": f"{PatientWorker.__module__}.{PatientWorker.__qualname__}",
        "--workers": settings.web_workers,
        "--threads": settings.web_threads,
        "--bind": settings.url.removeprefix("http://").rstrip("/"),
        "--graceful-timeout": GRACE_SECONDS,
        "--keep-alive": KEPT_SECONDS,
        "--max-requests": 5000,
        "--max-requests-jitter": 500,
        "--forwarded-allow-ips": "",  # forwarding headers are judged by the application alone, by trusted_proxies
        "--logger-class": f"{GunicornLogger.__module__}.{GunicornLogger.__qualname__}",
        "--log-level": settings.log_level.lower(),
    }
    switches = ["--no-control-socket"] if _has_control_socket() else []
    pairs = [f"{flag}={value}" for flag, value in flags.items()]
    return [sys.executable, "-m", "gunicorn", *pairs, *switches, f"admin_app.wsgi:{application}()"]


def _has_control_socket() -> bool:
    """Gunicorn 24 and later open a socket in the home folder unless told not to."""
    return any("--no-control-socket" in (setting.cli or ()) for setting in KNOWN_SETTINGS)


def check_port(settings: Settings) -> None:
    """Raise Problem unless the port can be taken; the workers of a killed master need a moment to let go of it."""
    deadline = time.monotonic() + PORT_SECONDS_MAX
    while (problem := _port_problem(settings)) is not None:
        if problem.errno != errno.EADDRINUSE or time.monotonic() > deadline:
            raise Problem(_port_sentence(settings, problem)) from problem
        time.sleep(0.2)


def _port_problem(settings: Settings) -> OSError | None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as problem:
            return problem
    return None


def _port_sentence(settings: Settings, problem: OSError) -> str:
    if problem.errno == errno.EADDRINUSE:
        return f"Port {settings.port} is taken by another program; name a free one in GUICHENG_PORT."
    return (
        f"Cannot listen on {settings.host} port {settings.port} ({problem.strerror}); see GUICHENG_HOST, GUICHENG_PORT."
    )


def _is_ready(settings: Settings) -> bool:
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 only compared with
    host = everywhere.get(settings.host, f"[{settings.host}]" if ":" in settings.host else settings.host)
    name = settings.trusted_hosts[0].lstrip(".")
    question = urllib.request.Request(f"http://{host}:{settings.port}/readyz", headers={"Host": name})
    try:
        with urllib.request.urlopen(question, timeout=3) as answer:  # noqa: S310 a fixed http address
            return bool(answer.status == 200)
    except OSError:
        return False


def seed(settings: Settings, options: argparse.Namespace) -> None:
    """Load the demo company, whose passwords are known, into an empty database."""
    if not settings.demo:
        raise Problem("The demo company has known passwords; it is loaded only with GUICHENG_DEMO=true.")
    with database(settings) as opened, LoadErrors(settings.data):
        if not options.founded:
            _found_demo(opened)
        try:
            play_demo(opened, echo=_say)
        except NothingToPlay as nothing:
            raise Problem("No demo company was founded here; guicheng seed founds and loads one.") from nothing
        except Overtaken as overtaken:
            raise Problem("The demo company is being loaded by another process; this one has stopped.") from overtaken
        order_first_runs()


def _found_demo(settings: Settings) -> None:
    ready_database()
    if not is_empty():
        raise Problem(f"The database {settings.database} is not empty; the demo company goes into an empty one only.")
    found_demo(settings, echo=_say, set_passwords=_open_accounts)


def user(settings: Settings, options: argparse.Namespace) -> None:
    """Add a user or reset one, and print the first password, once; or take a second step off."""
    if options.verb == "second-step-off":
        _second_step_off(settings, options.login)
        return
    if options.verb == "close-demo":
        with database(settings):
            _say(f"{close_demo_accounts()} logins of the demo company are closed; guicheng user reset opens one again.")
        return
    with database(settings):
        try:
            if options.verb == "add":
                password = add_user(options.login, options.name, options.department, options.roles)
            else:
                password = start_reset(options.login)
        except (Missing, Refused, mongoengine.ValidationError) as problem:
            raise Problem(str(problem)) from problem
    _say(f"First password of {options.login}, shown this once; it must be changed at the first login: {password}")


def _second_step_off(settings: Settings, login: str) -> None:
    with database(settings):
        account = accounts().find_one({"login": login}, {"_id": 1})
        if account is None:
            raise Problem(f"Nobody logs in as {login}.")
        was_on = has_second_step(account["_id"])
        if was_on:
            changes.note(User, account["_id"], "second_step_off", actor=SYSTEM)
            step_off(User.objects.get(id=account["_id"]), SYSTEM)
    _say(f"{login} signs in without the second step now." if was_on else f"{login} had no second step.")


def check(settings: Settings, _options: argparse.Namespace) -> None:
    """Verify settings, database, indexes and declarations, saying each."""
    _say("settings: ok")
    with database(settings) as opened:
        _say("database: ok")
        ready_database()
        _say("indexes: ok")
        create_app(opened, catalogue)
        _say("declarations: ok")


def draw_workflow(_settings: Settings, options: argparse.Namespace) -> None:
    """Print a record type's workflow as SVG."""
    try:
        record_type = catalogue[options.type]
    except KeyError:
        raise Problem(f"There is no record type {options.type}.") from None
    workflow = record_type.declared.workflow
    if workflow is None:
        raise Problem(f"The record type {options.type} has no workflow.")
    _say(draw(workflow, options.locale))


def _say(text: str) -> None:
    print(text, flush=True)


COMMANDS: dict[str, Callable[[Settings, argparse.Namespace], None]] = {
    "run": run,
    "web": web,
    "worker": worker,
    "beat": beat,
    "seed": seed,
    "user": user,
    "check": check,
    "draw": draw_workflow,
}
