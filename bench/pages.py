"""Queries and time of each kind of page on the demo company, next to a bare page of the same rows, in one run.

Run with the product stopped:  GUICHENG_DATA=var .venv/bin/python bench/pages.py
Ratios are what counts: the floor is 50 rows read with the plain driver and rendered by one template loop.
"""

from __future__ import annotations

import logging
import re
import statistics
import time
from collections.abc import Callable

from flask import Flask, render_template_string
from flask.testing import FlaskClient
from mongoengine.connection import get_db
from pymongo import monitoring

from admin_app.app import create_app
from admin_app.embedded import EmbeddedMongo
from admin_app.settings import load_settings
from admin_app.start import start

ROUNDS = 15
FLOOR = "<table>{% for r in rows %}<tr>{% for c in cols %}<td>{{ r[c] }}</td>{% endfor %}</tr>{% endfor %}</table>"
COLUMNS = ("number", "subject", "total", "valid_until", "state")


class CommandLog(monitoring.CommandListener):
    """Counts the commands that reach the server."""

    def __init__(self) -> None:
        self.commands: list[str] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        self.commands.append(event.command_name)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


def main() -> None:
    settings = load_settings()
    counter = CommandLog()
    monitoring.register(counter)
    with EmbeddedMongo(settings.data) as mongo:
        settings = settings.model_copy(update={"mongodb_uri": mongo.uri})
        start(settings)
        logging.getLogger().setLevel(logging.ERROR)
        app = create_app(settings)
        app.config["WTF_CSRF_ENABLED"] = False
        client = app.test_client()
        client.post("/login", data={"login": "clerk_sal", "password": settings.demo_password})
        report(app, client, counter)


def report(app: Flask, client: FlaskClient, counter: CommandLog) -> None:
    """Print one line for each page: commands, milliseconds, ratio to the floor."""
    floor = timed(lambda: bare_page(app), counter)
    print(f"{'page':34} commands      ms  × floor")
    print(f"{'floor: 50 rows, plain driver':34} {floor[0]:8} {floor[1]:7.1f}     1.0")
    own = get_db()["quotation"].find_one({"state": "draft"}, {"_id": 1})
    login = get_db()["user"].find_one({"login": "clerk_sal"}, {"_id": 1})
    mine = get_db()["quotation"].find_one({"state": "draft", "owner": login["_id"]}, {"_id": 1}) or own
    pages = {
        "home": "/admin/",
        "inbox": "/admin/inbox/",
        "grid, first page": "/admin/quotation/",
        "grid, last page": "/admin/quotation/?at=end",
        "grid, filter by state": "/admin/quotation/?f.state=sent",
        "grid, Chinese phrase": "/admin/customer/?q=精密",
        "grid, through the customer": "/admin/quotation/?q=精密",
        "grid, sums of all hits": "/admin/quotation/totals/",
        "grid, menu of a row": f"/admin/quotation/row/?id={mine['_id']}",
        "new form": "/admin/quotation/new/",
        "edit form": f"/admin/quotation/edit/?id={mine['_id']}",
        "record page": f"/admin/quotation/details/?id={mine['_id']}",
        "lookup": "/admin/quotation/ajax/lookup/?field=customer&query=jm",
    }
    for name, url in pages.items():
        line(name, timed(lambda url=url: expect(client.get(url)), counter), floor[1])
    neighbour = f"/admin/quotation/neighbour/?id={mine['_id']}&from=sort%3Dtotal&side=after"
    line("next record of a list", timed(lambda: expect(client.get(neighbour), 302), counter), floor[1])
    html = client.get(f"/admin/quotation/edit/?id={mine['_id']}").text
    line("save", timed(saver(client, str(mine["_id"]), html), counter), floor[1])


def saver(client: FlaskClient, id: str, html: str) -> Callable[[], None]:
    """Saves the same quotation again and again, with another remark each time."""
    texts = dict(re.findall(r'<input type="(?:hidden|text|date)"[^>]*? name="([^"]+)" value="([^"]*)"', html))
    state = {"version": int(re.search(r'name="version" value="(\d+)"', html).group(1)), "n": 0}  # type: ignore[union-attr]

    def save() -> None:
        state["n"] += 1
        data = {"id": id, "version": str(state["version"]), "remark": f"bench {time.time()} {state['n']}"}
        data |= {name: value for name, value in texts.items() if name in ("subject", "valid_until")}
        expect(client.post("/admin/quotation/edit/", data=data), 302)
        state["version"] += 1

    return save


def bare_page(app: Flask) -> None:
    with app.test_request_context():
        rows = list(get_db()["quotation"].find({}, dict.fromkeys(COLUMNS, 1)).sort("_id", -1).limit(50))
        render_template_string(FLOOR, rows=rows, cols=COLUMNS)


def expect(response, status: int = 200) -> None:
    if response.status_code != status:
        raise SystemExit(f"{response.request.path} answered {response.status_code}")


def timed(work: Callable[[], None], counter: CommandLog) -> tuple[int, float]:
    """The commands of one round, and the median milliseconds of all."""
    work()
    counter.commands.clear()
    work()
    commands = len(counter.commands)
    spent = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        work()
        spent.append((time.perf_counter() - begun) * 1000)
    return commands, statistics.median(spent)


def line(name: str, measured: tuple[int, float], floor: float) -> None:
    print(f"{name:34} {measured[0]:8} {measured[1]:7.1f} {measured[1] / floor:7.1f}")


if __name__ == "__main__":
    main()
