"""Which way a workflow goes: how far each state is from the start, and which moves lead back."""

from __future__ import annotations

from functools import lru_cache

from .workflow import Move, Workflow


def columns(flow: Workflow) -> dict[str, int]:
    """The place of each state, from 0 on: the longest way from the start, moves that lead back left out."""
    return dict(_course(flow)[0])


def leads_back(flow: Workflow, source: str, target: str) -> bool:
    """Whether a move between two states goes to an earlier part of the process."""
    return (source, target) in _course(flow)[1]


def is_return(flow: Workflow, move: Move, source: str) -> bool:
    """Whether a move is somebody's decision that gives the work back; what the submitter takes back is none."""
    return move.is_decision and leads_back(flow, source, move.target)


_Steps = tuple[tuple[str, ...], tuple[tuple[str, str], ...], str]


def _course(flow: Workflow) -> tuple[tuple[tuple[str, int], ...], frozenset[tuple[str, str]]]:
    pairs = dict.fromkeys((source, move.target) for move in flow.moves for source in move.source)
    return _computed((flow.states, tuple(pairs), flow.start))


@lru_cache(maxsize=500)
def _computed(steps: _Steps) -> tuple[tuple[tuple[str, int], ...], frozenset[tuple[str, str]]]:
    states, pairs, start = steps
    ahead: dict[str, list[str]] = {state: [] for state in states}
    for source, target in pairs:
        if source != target:
            ahead[source].append(target)
    back: set[tuple[str, str]] = set()
    _find_back(start, ahead, (), set(), back)
    result = dict.fromkeys(states, 0)
    for _ in states:
        for source, targets in ahead.items():
            for target in targets:
                if (source, target) not in back:
                    result[target] = min(max(result[target], result[source] + 1), len(result) - 1)
    return tuple(result.items()), frozenset(back)


def _find_back(
    state: str, ahead: dict[str, list[str]], way: tuple[str, ...], seen: set[str], back: set[tuple[str, str]]
) -> None:
    seen.add(state)
    for target in ahead[state]:
        if target in (*way, state):
            back.add((state, target))
        elif target not in seen:
            _find_back(target, ahead, (*way, state), seen, back)
