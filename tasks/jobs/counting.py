"""Counts at night what records hold of others where that is too dear at each write (`Rollup(fresh="nightly")`)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from models.kernel.base.people import SYSTEM
from models.kernel.base.words import L
from models.kernel.gate import changes, rollups
from models.kernel.gate.changes import Context
from models.kernel.gate.sources import Source
from models.kernel.language.declare import registered
from models.kernel.language.record import Record

from ..engine.registry import job
from ..engine.run import Run


@job(
    "rollups.count",
    L("Count what is counted at night", "更新每夜統計值"),
    L(
        "Sums and numbers that records hold of others, where they are not counted at each write.",
        "更新記錄中按夜統計的合計與數量。",
    ),
)
def count(run: Run) -> None:
    """Type by type in bounded batches; what holds its value already is only read, and a killed run goes on from the
    last batch."""
    types = {cls.__name__: cls for cls in registered().values()}
    for name, cls in sorted(registered().items()):
        for field, rollup in rollups.nightly_of(cls).items():
            source = types[rollup.type_name]
            for rows in run.batches(cls, {}, columns=(field,), key=f"{name}.{field}"):
                values = rollups.counted_of(source, rollup, [row["_id"] for row in rows])
                stale = [row for row in rows if _differs(row.get(field), values[row["_id"]])]
                run.count(refreshed=len(run.try_each(name, stale, partial(_write, cls, field, values))))


def _differs(held: Any, value: Any) -> bool:
    """Whether a stored number is not the counted one; one that is missing counts as none."""
    return (rollups.number(held) or 0) != (value or 0)


def _write(cls: type[Record], field: str, values: Mapping[Any, Any], row: Mapping[str, Any]) -> None:
    context = Context(source=Source.TASK)
    changes.update(cls, row["_id"], {field: values[row["_id"]]}, actor=SYSTEM, version=None, context=context)
