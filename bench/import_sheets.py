"""Import of a sheet of customers: rows per second of check, run and taking back, next to the gate's plain creates.

.venv/bin/python -m bench.import_sheets [rows] [folder]    (starts an embedded server of its own)

Ratios are what counts: how long a row takes in each step for each plain create of the same record.
"""

from __future__ import annotations

import csv
import io
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
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


def timed(step: Callable[[], Any], count: int) -> float:
    """Milliseconds for each row."""
    began = time.perf_counter()
    step()
    return (time.perf_counter() - began) * 1000 / count


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


def measured(rows: list[dict[str, str]], actor: Actor) -> dict[str, float]:
    """Milliseconds for each row, in each step of an import."""
    item, count = sent(rows, actor), len(rows)
    result = {"check": timed(lambda: work(now(item).facts["run"]), count)}
    imports.start(now(item), turn=1, strict=False, doubtful=False, actor=actor)
    result["run"] = timed(lambda: work(now(item).facts["run"]), count)
    print(now(item).state, now(item).counts)
    return result


def main(count: int, folder: str) -> None:
    with EmbeddedMongo(Path(folder)) as mongo:
        settings = Settings(data=Path(folder), mongodb_uri=mongo.uri, database="bench", demo=True, cheap_passwords=True)
        connect(settings)
        set_keys(settings.field_keys)
        set_rules(settings)
        ensure_indexes(catalogue)
        actor = clerk()
        plain(actor, 200, "熱")  # warms up
        base = timed(lambda: plain(actor, count), count)
        new = list(rows_of(count, "新"))
        result = {f"new: {name}": each for name, each in measured(new, actor).items()}
        known = {row["name"]: row["number"] for row in get_db()["customer"].find({}, {"name": 1, "number": 1})}
        changed = [{**row, "編號": known[row["名稱"]], "地區": "浙江"} for row in new]
        result |= {f"changed: {name}": each for name, each in measured(changed, actor).items()}
        last = imports.own(actor, "customer")[0]
        imports.ask_back(last, actor=actor)
        result["changed: take back"] = timed(lambda: work(now(last).facts["run"]), count)
        print(f"{count} rows; a plain create takes {base:.2f} ms ({1000 / base:.0f} a second)")
        for name, each in result.items():
            print(f"  {name:20} {each:6.2f} ms a row  {1000 / each:6.0f} rows a second  {each / base:5.2f} of a create")


if __name__ == "__main__":
    given = sys.argv[1:]
    if len(given) > 1:
        main(int(given[0]), given[1])
    else:
        with tempfile.TemporaryDirectory() as made:
            main(int(given[0]) if given else ROWS, made)
