"""Import of a sheet of customers: what a row costs to check, to run and to take back, next to the gate's plain creates.

.venv/bin/python -m bench.import_sheets [rows] [folder]    (starts an embedded server of its own; -p profiles each step)

What counts is the processor time of program and server, which a busy machine makes little longer, and the ratio to a
plain create of the same record.
"""

from __future__ import annotations

import cProfile
import csv
import io
import os
import pstats
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mongoengine.connection import get_db

from admin_app.database import connect
from admin_app.embedded import EmbeddedMongo
from admin_app.settings import Settings
from admin_app.start import set_rules
from models import catalogue
from models.kernel.base.people import SYSTEM, Actor, actor_of
from models.kernel.base.secrets import set_keys
from models.kernel.gate import changes
from models.services.database import ensure_indexes
from models.services.files.uploads import Incoming
from models.services.imports import imports
from tasks.engine.worker import work

ROWS = 3000
HEADS = ("編號", "名稱", "行業", "地區", "來源渠道", "篩選評分", "等級")


def rows_of(count: int, mark: str) -> Iterator[dict[str, str]]:
    """Customers as a sheet has them."""
    for n in range(count):
        name = f"{mark}{n}號精密機械有限公司"
        yield dict(zip(HEADS, ("", name, "機械製造", "江蘇", "展會", str(n % 100), "ABC"[n % 3]), strict=True))


def clerk() -> Actor:
    """A clerk of the sales department."""
    home = changes.create(catalogue["department"], {"code": "SAL", "name": "銷售部"}, actor=SYSTEM).id
    content = {"login": "clerk", "name": "林曉梅", "department": home, "roles": ["clerk"]}
    return actor_of(changes.create(catalogue["user"], content, actor=SYSTEM))


@dataclass(frozen=True)
class RowCost:
    """Milliseconds for each row: by the clock, and of processor in the program and in the server."""

    wall: float
    program: float
    server: float

    @property
    def processor(self) -> float:
        return self.program + self.server


class Stopwatch:
    """Measures steps, with the processor time of a server."""

    def __init__(self, server: int):
        self._stat = Path(f"/proc/{server}/stat")

    def cost(self, step: Callable[[], Any], count: int) -> RowCost:
        before = self._now()
        if "-p" in sys.argv:
            profiler = cProfile.Profile()
            profiler.runcall(step)
            pstats.Stats(profiler).sort_stats("cumulative").print_stats(120).sort_stats("tottime").print_stats(50)
        else:
            step()
        return RowCost(*((now - then) * 1000 / count for then, now in zip(before, self._now(), strict=True)))

    def _now(self) -> tuple[float, float, float]:
        facts = self._stat.read_text().rpartition(")")[2].split()
        ticks = int(facts[11]) + int(facts[12])  # of a process and its system calls, proc(5)
        return time.perf_counter(), time.process_time(), ticks / os.sysconf("SC_CLK_TCK")


def plain(actor: Actor, count: int, mark: str = "直") -> None:
    """The same customers through the gate, one after the other."""
    for row in rows_of(count, mark):
        values = {"name": row["名稱"], "industry": row["行業"], "region": row["地區"], "channel": "exhibition"}
        values |= {"score": int(row["篩選評分"]), "level": row["等級"]}
        changes.create(catalogue["customer"], values, actor=actor)


def sent(rows: list[dict[str, str]], actor: Actor) -> imports.Import:
    """A sheet that was sent."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, HEADS)
    writer.writeheader()
    writer.writerows(rows)
    content = Incoming("customers.csv", 1 << 30)
    content.write(text.getvalue().encode())
    return imports.begin("customer", "customers.csv", content, actor=actor)


def now(sheet: imports.Import) -> imports.Import:
    """The import as it is now."""
    result = imports.load(sheet.id)
    assert result is not None
    return result


def measured(rows: list[dict[str, str]], actor: Actor, watch: Stopwatch) -> dict[str, RowCost]:
    """What a row costs in each step of an import."""
    item, count = sent(rows, actor), len(rows)
    result = {"check": watch.cost(lambda: work(now(item).facts["run"]), count)}
    imports.start(now(item), turn=1, strict=False, doubtful=False, actor=actor)
    result["run"] = watch.cost(lambda: work(now(item).facts["run"]), count)
    print(now(item).state, now(item).counts)
    return result


def main(count: int, folder: str) -> None:
    with EmbeddedMongo(Path(folder)) as mongo:
        settings = Settings(data=Path(folder), mongodb_uri=mongo.uri, database="bench", demo=True, cheap_passwords=True)
        connect(settings)
        set_keys(settings.field_keys)
        set_rules(settings)
        ensure_indexes(catalogue)
        actor, watch = clerk(), Stopwatch(mongo.pid or 0)
        plain(actor, 200, "熱")  # warms up
        base = watch.cost(lambda: plain(actor, count), count)
        new = list(rows_of(count, "新"))
        result = {"a plain create": base} | {f"new: {name}": each for name, each in measured(new, actor, watch).items()}
        known = {row["name"]: row["number"] for row in get_db()["customer"].find({}, {"name": 1, "number": 1})}
        changed = [{**row, "編號": known[row["名稱"]], "地區": "浙江"} for row in new]
        result |= {f"changed: {name}": each for name, each in measured(changed, actor, watch).items()}
        last = imports.own(actor, "customer")[0]
        imports.ask_back(last, actor=actor)
        result["changed: take back"] = watch.cost(lambda: work(now(last).facts["run"]), count)
        report(count, result, base)


def report(count: int, costs: dict[str, RowCost], base: RowCost) -> None:
    print(f"{count} rows; milliseconds a row, rows in a second of processor, and how many plain creates that is")
    print(f"  {'':20}{'wall':>8}{'program':>9}{'server':>8}{'rows/s':>8}{'creates':>9}")
    for name, each in costs.items():
        rows, creates = 1000 / each.processor, each.processor / base.processor
        print(f"  {name:20}{each.wall:8.2f}{each.program:9.2f}{each.server:8.2f}{rows:8.0f}{creates:9.2f}")


if __name__ == "__main__":
    given = [each for each in sys.argv[1:] if each != "-p"]
    if len(given) > 1:
        main(int(given[0]), given[1])
    else:
        with tempfile.TemporaryDirectory() as made:
            main(int(given[0]) if given else ROWS, made)
