"""Which stretches of a video were watched: merged, within its length, and how long they are together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

STRETCHES_MAX = 500
JOINED = 1.0  # seconds between two stretches that count as one


def merged(stretches: Iterable[Sequence[float]], length: float) -> list[tuple[float, float]]:
    """Stretches in order, those that touch as one, cut at the length of the video; the longest ones of too many."""
    result: list[tuple[float, float]] = []
    for begin, end in sorted((max(0.0, float(each[0])), min(float(each[1]), length)) for each in stretches):
        if end <= begin:
            continue
        if result and begin <= result[-1][1] + JOINED:
            result[-1] = (result[-1][0], max(result[-1][1], end))
        else:
            result.append((begin, end))
    if len(result) > STRETCHES_MAX:
        result = sorted(sorted(result, key=lambda each: each[0] - each[1])[:STRETCHES_MAX])
    return result


def covered(stretches: Iterable[Sequence[float]]) -> float:
    """How many seconds merged stretches have together."""
    return sum(each[1] - each[0] for each in stretches)
