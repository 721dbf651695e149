"""Draws a workflow as an SVG from its declaration: states from left to right, moves as arrows with their words.

Only attributes and classes are used, since the pages allow no styles inside them; all is in the colour of the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from xml.sax.saxutils import escape, quoteattr

from models.kernel.base.words import L, Listed, speaking
from models.kernel.language.workflow import Move, Workflow

from .plan import (
    BEND,
    HEAD,
    LABEL_FONT,
    LABEL_LINE,
    LOOP_DEPTH,
    MARGIN,
    PORT,
    STATE_FONT,
    STATE_LINE,
    Arrow,
    Box,
    Lane,
    Plan,
    word_of,
)

STEP = L("From “{source}”: {move} ({who}) to “{target}”.", "「{source}」：{move}（{who}）至「{target}」。")
STARTS = L("The process starts with “{state}”.", "流程始於「{state}」。")
ENDS = L("It ends with: {states}.", "終止狀態：{states}。")
NOW = L("Now: “{state}”.", "目前：「{state}」。")
SPENT = L("In “{state}”: {time}.", "「{state}」：{time}。")
WENT = L("“{source}” to “{target}”: {count}.", "「{source}」至「{target}」：{count}。")
TIP = L("{move}: {who}", "{move}：{who}")

Point = tuple[float, float]


def draw(
    flow: Workflow,
    locale: str,
    current: str | None = None,
    notes: Mapping[str, str] | None = None,
    counts: Mapping[tuple[str, str], str] | None = None,
) -> str:
    """The workflow as inline SVG in a language; `current` marks the state that a record is in.

    `notes` has a few words for each state that the record has been in, such as for how long; they stand in its box.
    `counts` has a few words for each pair of states, such as how many went that way; they stand below the moves' names.
    """
    with speaking(locale):
        plan = Plan(flow, notes, counts)
        plan.place()
        parts = [*_start(plan), *_moves(plan), *(_state(plan, box, current) for box in plan.boxes.values())]
        words = quoteattr(_in_words(flow, current, plan.notes, counts or {}))
    width, height = round(plan.width), round(plan.bottom - plan.top)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="drawing" role="img" aria-label={words} '
        f'width="{width}" height="{height}" viewBox="0 {round(plan.top)} {width} {height}" fill="none">'
        + "".join(parts)
        + "</svg>"
    )


def _in_words(
    flow: Workflow, current: str | None, notes: Mapping[str, str], counts: Mapping[tuple[str, str], str]
) -> str:
    """The same process for those who listen to it."""
    said = [STARTS(state=word_of(flow, flow.start))]
    for move in flow.moves:
        for source in move.source:
            places = {"source": word_of(flow, source), "target": word_of(flow, move.target)}
            said.append(STEP(move=flow.verb_label(move.verb), who=move.by.label, **places))
    if flow.ends:
        said.append(ENDS(states=Listed(tuple(word_of(flow, state) for state in flow.states if state in flow.ends))))
    if current is not None:
        said.append(NOW(state=word_of(flow, current)))
    said += [SPENT(state=word_of(flow, state), time=notes[state]) for state in flow.states if notes.get(state)]
    said += [
        WENT(source=word_of(flow, pair[0]), target=word_of(flow, pair[1]), count=text) for pair, text in counts.items()
    ]
    return " ".join(map(str, said))


def _start(plan: Plan) -> Iterator[str]:
    box = plan.boxes[plan.flow.start]
    yield f'<circle class="start" cx="{MARGIN + 5}" cy="{_n(box.line_y)}" r="5" fill="currentColor"/>'
    yield _line([(MARGIN + 5, box.line_y), (box.x, box.line_y)]) + _head((box.x, box.line_y), (1, 0))


def _moves(plan: Plan) -> Iterator[str]:
    for arrow in plan.next_to():
        yield _next_move(plan, arrow)
    for lane in plan.lanes:
        yield _lane_move(plan, lane)
    for box in plan.boxes.values():
        if box.loop:
            yield _loop_move(plan, box, box.loop)


def _next_move(plan: Plan, arrow: Arrow) -> str:
    source, target = plan.boxes[arrow.source], plan.boxes[arrow.target]
    y = plan.entry_y(arrow, arrow.target)
    turns = [] if y == source.line_y else [(source.bus, source.line_y), (source.bus, y)]
    drawn = _line([(source.right, source.line_y), *turns, (target.x, y)], arrow.moves) + _head((target.x, y), (1, 0))
    begin, end = plan.gaps[source.column]
    return _group(plan, arrow.moves, drawn + _text(arrow.lines, (begin + end) / 2, y - 5, upward=True))


def _lane_move(plan: Plan, lane: Lane) -> str:
    """The line from the farthest source to the target with the head; those of the other sources join it."""
    way_in, towards = _way_in(plan, lane)
    moves, x = lane.arrows[0].moves, way_in[0][0]
    ways = sorted((_way_out(plan, lane, arrow.source) for arrow in lane.arrows), key=lambda way: -abs(way[-1][0] - x))
    drawn = _line([*ways[0], *way_in], moves) + _head(way_in[-1], towards)
    for way in ways[1:]:
        corner = way[-1][0]
        drawn += _line([*way, (corner + (2 * BEND if x > corner else -2 * BEND), lane.y)], moves)
    begin, end = plan.gaps[lane.gap]
    upward = lane.side == "top"
    y = lane.y - 5 if upward else lane.y + LABEL_LINE - 1
    text = _text(lane.arrows[0].lines, (begin + end) / 2, y, upward=upward)
    return _group(plan, moves, drawn + text, "back" if lane.is_back else "")


def _way_in(plan: Plan, lane: Lane) -> tuple[list[Point], Point]:
    """The last piece of a lane, and the direction of its head."""
    target, x = plan.boxes[lane.target], plan.port_x(lane, lane.target)
    if not plan.touches(lane, lane.target):
        y = plan.entry_y(lane, lane.target)
        return [(x, lane.y), (x, y), (target.x, y)], (1, 0)
    if lane.side == "top":
        return [(x, lane.y), (x, target.top)], (0, 1)
    return [(x, lane.y), (x, target.bottom)], (0, -1)


def _way_out(plan: Plan, lane: Lane, state: str) -> list[Point]:
    box, x = plan.boxes[state], plan.port_x(lane, state)
    if not plan.touches(lane, state):
        return [(box.right, box.line_y), (x, box.line_y), (x, lane.y)]
    return [(x, box.top if lane.side == "top" else box.bottom), (x, lane.y)]


def _loop_move(plan: Plan, box: Box, loop: Arrow) -> str:
    x, y = plan.loop_x(box), box.bottom + LOOP_DEPTH
    left, right = x - PORT / 2, x + PORT / 2
    drawn = _line([(right, box.bottom), (right, y), (left, y), (left, box.bottom)], loop.moves)
    text = _text(loop.lines, x, y + LABEL_LINE - 1)
    return _group(plan, loop.moves, drawn + _head((left, box.bottom), (0, -1)) + text, "back")


def _group(plan: Plan, moves: tuple[Move, ...], drawn: str, also: str = "") -> str:
    tips = dict.fromkeys(str(TIP(move=plan.flow.verb_label(move.verb), who=move.by.label)) for move in moves)
    kinds = " ".join(filter(None, ("move", "auto" if _is_automatic(moves) else "", also)))
    return f'<g class="{kinds}"><title>{escape(chr(10).join(tips))}</title>{drawn}</g>'


def _is_automatic(moves: tuple[Move, ...]) -> bool:
    return bool(moves) and all(move.by.is_system for move in moves)


def _state(plan: Plan, box: Box, current: str | None) -> str:
    is_end, is_current = box.state in plan.flow.ends, box.state == current
    word = str(word_of(plan.flow, box.state))
    tip = str(NOW(state=word)) if is_current else word
    note = plan.notes.get(box.state, "")
    passed = "passed" if box.state in plan.notes else ""
    kinds = " ".join(filter(None, ("state", "end" if is_end else "", passed, "current" if is_current else "")))
    drawn = _frame(box, 0, 3 if is_current else 1.5)
    if is_end:
        drawn += _frame(box, 4, 1)
    if is_current:
        drawn += f'<circle cx="{_n(box.x + 12)}" cy="{_n(_centre(box))}" r="4" fill="currentColor"/>'
    y = _centre(box) - (len(box.lines) - 1) * STATE_LINE / 2 + STATE_FONT * 0.35
    weight = ' font-weight="bold"' if is_current else ""
    lines = box.lines[:-1] if note else box.lines
    drawn += _lines_of_text(lines, box.middle, y, f'font-size="{STATE_FONT}"{weight}', STATE_LINE)
    if note:
        drawn += _lines_of_text([note], box.middle, y + len(lines) * STATE_LINE, f'font-size="{LABEL_FONT}"', 0)
    return f'<g class="{kinds}"><title>{escape(tip)}</title>{drawn}</g>'


def _centre(box: Box) -> float:
    return (box.top + box.bottom) / 2


def _frame(box: Box, inset: float, stroke: float) -> str:
    return (
        f'<rect x="{_n(box.x + inset)}" y="{_n(box.top + inset)}" width="{_n(box.width - 2 * inset)}" '
        f'height="{_n(box.bottom - box.top - 2 * inset)}" rx="{9 - inset}" '
        f'stroke="currentColor" stroke-width="{stroke}"/>'
    )


def _text(lines: tuple[str, ...], x: float, y: float, *, upward: bool = False) -> str:
    """Lines of a move's words around x: the first on y, or the last when they stand above their arrow."""
    first = y - (len(lines) - 1) * LABEL_LINE if upward else y
    return _lines_of_text(lines, x, first, f'class="label" font-size="{LABEL_FONT}"', LABEL_LINE)


def _lines_of_text(lines: Iterable[str], x: float, y: float, facts: str, pitch: float) -> str:
    spans = "".join(
        f'<tspan x="{_n(x)}" y="{_n(y + at * pitch)}">{escape(line)}</tspan>' for at, line in enumerate(lines)
    )
    return f'<text {facts} text-anchor="middle" fill="currentColor">{spans}</text>'


def _head(tip: Point, towards: Point) -> str:
    """An arrow head that points to its tip."""
    (x, y), (dx, dy) = tip, towards
    back_x, back_y = x - dx * HEAD, y - dy * HEAD
    across_x, across_y = dy * HEAD * 0.45, dx * HEAD * 0.45
    corners = [(x, y), (back_x + across_x, back_y + across_y), (back_x - across_x, back_y - across_y)]
    return f'<path d="M{" L".join(f"{_n(a)} {_n(b)}" for a, b in corners)} Z" fill="currentColor"/>'


def _line(points: list[Point], moves: tuple[Move, ...] = ()) -> str:
    """A line through points whose corners are rounded; dashed where the system moves."""
    dashes = ' stroke-dasharray="5 4"' if _is_automatic(moves) else ""
    return f'<path d="{_rounded(points)}" stroke="currentColor" stroke-width="1.5"{dashes}/>'


def _rounded(points: list[Point]) -> str:
    way = [f"M{_n(points[0][0])} {_n(points[0][1])}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        start, end = _towards(corner, before), _towards(corner, after)
        way.append(f"L{_n(start[0])} {_n(start[1])} Q{_n(corner[0])} {_n(corner[1])} {_n(end[0])} {_n(end[1])}")
    return " ".join([*way, f"L{_n(points[-1][0])} {_n(points[-1][1])}"])


def _towards(corner: Point, other: Point) -> Point:
    """The point where the line leaves a corner: a bend's length away, half the way at most."""
    dx, dy = other[0] - corner[0], other[1] - corner[1]
    length = abs(dx) + abs(dy)
    part = min(BEND, length / 2) / length if length else 0
    return corner[0] + dx * part, corner[1] + dy * part


def _n(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
