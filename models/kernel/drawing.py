"""Draws a workflow as an SVG from its declaration: states from left to right, moves as arrows with their words.

Nothing can overlap by construction: boxes stand in columns and rows; between two columns lie the vertical lines first
and the words of the moves after them; moves that skip columns or lead back run on lanes above or below all boxes.
Only attributes and classes are used, since the pages allow no styles inside them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

from .words import L, Listed, speaking
from .workflow import Move, Workflow

STEP = L("From “{source}”: {move} ({who}) to “{target}”.", "「{source}」：{move}（{who}）至「{target}」。")
STARTS = L("The process starts with “{state}”.", "流程始於「{state}」。")
ENDS = L("It ends with: {states}.", "終止狀態：{states}。")
NOW = L("Now: “{state}”.", "目前：「{state}」。")
TIP = L("{move}: {who}", "{move}：{who}")

_STATE_FONT, _STATE_LINE, _STATE_WIDEST = 14, 18, 118
_LABEL_FONT, _LABEL_LINE, _LABEL_WIDEST = 12, 15, 132
_MARGIN, _BEND, _ARROW = 8, 8, 8
_TRACK, _PORT, _ROW_GAP, _LANE_GAP = 12, 18, 22, 14
_BOX_PAD, _BOX_HEIGHT, _LOOP_DEPTH = 20, 44, 14
_START_ROOM = 34

Point = tuple[float, float]


@dataclass(frozen=True)
class _Arrow:
    """All moves from one state to another, with their words in lines."""

    source: str
    target: str
    moves: tuple[Move, ...]
    lines: tuple[str, ...]

    @property
    def room(self) -> float:
        return len(self.lines) * _LABEL_LINE


@dataclass
class _Lane:
    """Arrows with the same words to the same state, bundled on one line above or below the boxes."""

    arrows: list[_Arrow]
    side: str
    is_back: bool
    gap: int = 0
    level: int = 0

    @property
    def target(self) -> str:
        return self.arrows[0].target


@dataclass
class _Box:
    """A state: where it stands, and what is tied to its four sides."""

    state: str
    column: int
    row: int
    lines: list[str]
    is_lowest: bool = False
    loop: _Arrow | None = None
    entries: list[tuple[_Arrow | _Lane, float]] = field(default_factory=list)
    leaves_right: bool = False
    x: float = 0
    width: float = 0
    line_y: float = 0
    bus: float = 0

    @property
    def half(self) -> float:
        return max(_BOX_HEIGHT, len(self.lines) * _STATE_LINE + 16) / 2

    @property
    def top(self) -> float:
        return self.line_y - self.half

    @property
    def bottom(self) -> float:
        return self.line_y + max(self.half, max((at for _, at in self.entries), default=0) + 16)

    @property
    def foot(self) -> float:
        """The lowest point of the box with its loop."""
        return self.bottom + (_LOOP_DEPTH + self.loop.room + 4 if self.loop else 0)

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    @property
    def right(self) -> float:
        return self.x + self.width


def draw(flow: Workflow, locale: str, current: str | None = None) -> str:
    """The workflow as inline SVG in a language; `current` marks the state that a record is in."""
    with speaking(locale):
        plan = _Plan(flow)
        plan.place()
        parts = [*_start(plan), *_moves(plan), *(_state(plan, box, current) for box in plan.boxes.values())]
        words = quoteattr(_in_words(flow, current))
    width, height = round(plan.width), round(plan.bottom - plan.top)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="drawing" role="img" aria-label={words} '
        f'width="{width}" height="{height}" viewBox="0 {round(plan.top)} {width} {height}" fill="none">'
        + "".join(parts)
        + "</svg>"
    )


def _in_words(flow: Workflow, current: str | None) -> str:
    """The same process for those who listen to it."""
    said = [STARTS(state=_word(flow, flow.start))]
    for move in flow.moves:
        for source in move.source:
            places = {"source": _word(flow, source), "target": _word(flow, move.target)}
            said.append(STEP(move=flow.verb_label(move.verb), who=move.by.label, **places))
    if flow.ends:
        said.append(ENDS(states=Listed(tuple(_word(flow, state) for state in flow.states if state in flow.ends))))
    if current is not None:
        said.append(NOW(state=_word(flow, current)))
    return " ".join(map(str, said))


def _word(flow: Workflow, state: str) -> L:
    return flow.labels.get(state) or L(state, state)


class _Plan:
    """Where everything stands: first the order, then the heights, then the widths, then the lanes."""

    def __init__(self, flow: Workflow):
        self.flow = flow
        self.arrows = list(_arrows(flow))
        self.columns = _columns(flow, self.arrows)
        self.boxes = self._boxes()
        self.lanes = self._lanes()
        self.gaps: dict[int, tuple[float, float]] = {}
        self.tracks: dict[int, float] = {}
        self.levels: dict[tuple[str, int], float] = {}
        self.top = self.bottom = self.width = 0.0

    def place(self) -> None:
        self._tie_entries()
        self._place_rows()
        self._place_columns()
        self._place_lanes()

    def next_to(self) -> Iterator[_Arrow]:
        """The arrows into the next column."""
        for arrow in self.arrows:
            if self.columns[arrow.target] - self.columns[arrow.source] == 1:
                yield arrow

    def _boxes(self) -> dict[str, _Box]:
        boxes: dict[str, _Box] = {}
        rows: dict[int, int] = {}
        for state in self.flow.states:
            column = self.columns[state]
            row = rows[column] = rows.get(column, -1) + 1
            lines = wrapped(str(_word(self.flow, state)), _STATE_WIDEST, _STATE_FONT)
            boxes[state] = _Box(state, column, row, lines)
        for box in boxes.values():
            box.is_lowest = box.row == rows[box.column]
        for arrow in self.arrows:
            if arrow.source == arrow.target:
                boxes[arrow.source].loop = arrow
        return boxes

    def _lanes(self) -> list[_Lane]:
        lanes: dict[tuple, _Lane] = {}
        for arrow in self.arrows:
            span = self.columns[arrow.target] - self.columns[arrow.source]
            if span == 1 or arrow.source == arrow.target:
                continue
            side = "bottom" if span < 0 or self.boxes[arrow.target].row else "top"
            key = (arrow.target, side, span < 0, tuple(move.verb for move in arrow.moves))
            lanes.setdefault(key, _Lane([], side, span < 0)).arrows.append(arrow)
        for lane in lanes.values():
            ends = [self.columns[one] for arrow in lane.arrows for one in (arrow.source, arrow.target)]
            lane.gap = (min(ends) + max(ends) - 1) // 2
        return list(lanes.values())

    def touches(self, lane: _Lane, state: str) -> bool:
        """Whether a lane is tied to the upper or lower edge of a box; otherwise it goes around it."""
        box = self.boxes[state]
        return box.row == 0 if lane.side == "top" else box.is_lowest

    def _tie_entries(self) -> None:
        """Give each arrow that comes in from the left its height below the middle line of the box."""
        for arrow in self.next_to():
            self.boxes[arrow.source].leaves_right = True
        for lane in self.lanes:
            for arrow in lane.arrows:
                if not self.touches(lane, arrow.source):
                    self.boxes[arrow.source].leaves_right = True
        for box in self.boxes.values():
            self._tie_left(box)

    def _tie_left(self, box: _Box) -> None:
        arrows = [arrow for arrow in self.next_to() if arrow.target == box.state]
        arrows.sort(key=lambda one: (self.boxes[one.source].row != box.row, self.boxes[one.source].row))
        lanes = [one for one in self.lanes if one.target == box.state and not self.touches(one, box.state)]
        beside = [one for one in self.boxes.values() if (one.column, one.row) == (box.column - 1, box.row)]
        is_taken = any(one.leaves_right and one.state not in {a.source for a in arrows} for one in beside)
        at = 0.0
        for number, tied in enumerate([*arrows, *lanes]):
            room = tied.room if isinstance(tied, _Arrow) else 0
            if number or is_taken:
                at += max(room + 6, _LABEL_LINE)
            box.entries.append((tied, at))

    def _place_rows(self) -> None:
        y = 0.0
        for row in range(max(box.row for box in self.boxes.values()) + 1):
            boxes = [box for box in self.boxes.values() if box.row == row]
            above = max(
                max(box.half, *(_room(tied) + 6 - at for tied, at in [*box.entries[:1], (None, 0)])) for box in boxes
            )
            for box in boxes:
                box.line_y = y + above
            y = max(box.foot for box in boxes) + _ROW_GAP
        self.bottom = y - _ROW_GAP

    def _place_columns(self) -> None:
        x = float(_START_ROOM)
        for column in range(max(self.columns.values()) + 1):
            boxes = [box for box in self.boxes.values() if box.column == column]
            width = max(self._box_width(box) for box in boxes)
            for box in boxes:
                box.x, box.width = x, width
            x = self._place_gap(column, x + width, boxes)
        self.width = x + _MARGIN

    def _box_width(self, box: _Box) -> float:
        text = max(width_of(line, _STATE_FONT) for line in box.lines)
        slots = max(sum(size for _, size in self.slots(box, side)) for side in ("top", "bottom"))
        return max(text + 2 * _BOX_PAD, slots + 16, 80)

    def slots(self, box: _Box, side: str) -> list[tuple[_Lane | None, float]]:
        """What is tied to the upper or lower edge, from left to right, so that short lanes lie inside long ones."""
        tied = [
            lane
            for lane in self.lanes
            if lane.side == side and self.touches(lane, box.state)
            if box.state == lane.target or box.state in {arrow.source for arrow in lane.arrows}
        ]
        reach = {id(lane): self._far_column(lane, box.state) - box.column for lane in tied}
        leftward = sorted((one for one in tied if reach[id(one)] < 0), key=lambda one: -reach[id(one)])
        rightward = sorted((one for one in tied if reach[id(one)] > 0), key=lambda one: -reach[id(one)])
        loop: list[tuple[_Lane | None, float]] = []
        if box.loop and side == "bottom":
            loop = [(None, max(2 * _PORT, _widest(box.loop.lines) + 10))]
        return [*((one, _PORT) for one in leftward), *loop, *((one, _PORT) for one in rightward)]

    def _far_column(self, lane: _Lane, state: str) -> int:
        if state != lane.target:
            return self.columns[lane.target]
        sources = [self.columns[arrow.source] for arrow in lane.arrows]
        return max(sources) if lane.is_back else min(sources)

    def _place_gap(self, column: int, x: float, boxes: list[_Box]) -> float:
        """Lay the vertical lines behind a column, then the room for words; give the start of the next column."""
        ahead = [box for box in self.boxes.values() if box.column == column + 1]
        track = x + _TRACK / 2
        for box in boxes:
            if box.leaves_right and self._bends(box):
                track += _TRACK
                box.bus = track
        for box in ahead:
            for tied, _ in box.entries:
                if isinstance(tied, _Lane):
                    track += _TRACK
                    self.tracks[id(tied)] = track
        if not ahead:
            return max(track, x)
        words = [line for arrow in self.next_to() if self.columns[arrow.source] == column for line in arrow.lines]
        words += [line for lane in self.lanes if lane.gap == column for line in lane.arrows[0].lines]
        begin, room = track + _TRACK / 2, max(_widest(words), 16) + 8
        self.gaps[column] = (begin, begin + room)
        return begin + room + _ARROW

    def _bends(self, box: _Box) -> bool:
        if any(
            arrow.source == box.state
            for lane in self.lanes
            for arrow in lane.arrows
            if not self.touches(lane, box.state)
        ):
            return True
        return any(
            arrow.source == box.state and self.entry_y(arrow, arrow.target) != box.line_y for arrow in self.next_to()
        )

    def entry_y(self, tied: _Arrow | _Lane, state: str) -> float:
        box = self.boxes[state]
        return box.line_y + next(at for one, at in box.entries if one is tied)

    def port_x(self, lane: _Lane, state: str) -> float:
        """Where a lane's vertical line at a box stands."""
        box = self.boxes[state]
        if not self.touches(lane, state):
            return self.tracks[id(lane)] if state == lane.target else box.bus
        slots = self.slots(box, lane.side)
        x = box.middle - sum(size for _, size in slots) / 2
        for one, size in slots:
            if one is lane:
                return x + size / 2
            x += size
        raise LookupError(state)

    def loop_x(self, box: _Box) -> float:
        slots = self.slots(box, "bottom")
        x = box.middle - sum(size for _, size in slots) / 2
        for one, size in slots:
            if one is None:
                return x + size / 2
            x += size
        return box.middle

    def _place_lanes(self) -> None:
        """Short lanes next to the boxes, long ones outside; two share a level where they do not meet."""
        self.top = min(box.top for box in self.boxes.values())
        self.top = min([self.top, *(self.entry_y(a, a.target) - a.room - 6 for a in self.next_to())])
        for side in ("top", "bottom"):
            taken: list[list[tuple[float, float]]] = []
            lanes = [lane for lane in self.lanes if lane.side == side]
            for lane in sorted(lanes, key=lambda one: self._reach(one)[1] - self._reach(one)[0]):
                lane.level = _free_level(taken, self._reach(lane))
            self._set_levels(side, lanes)
        self.top -= _MARGIN
        self.bottom += _MARGIN

    def _reach(self, lane: _Lane) -> tuple[float, float]:
        ends = [self.port_x(lane, one) for arrow in lane.arrows for one in (arrow.source, arrow.target)]
        return min(ends) - _PORT / 2, max(ends) + _PORT / 2

    def _set_levels(self, side: str, lanes: list[_Lane]) -> None:
        for level in sorted({lane.level for lane in lanes}):
            room = max(lane.arrows[0].room for lane in lanes if lane.level == level)
            if side == "top":
                self.levels[side, level] = self.top - _LANE_GAP
                self.top -= _LANE_GAP + room + 4
            else:
                self.levels[side, level] = self.bottom + _LANE_GAP
                self.bottom += _LANE_GAP + room + 4


def _arrows(flow: Workflow) -> Iterator[_Arrow]:
    """The moves gathered by where they start and lead, in the order written."""
    found: dict[tuple[str, str], list[Move]] = {}
    for move in flow.moves:
        for source in move.source:
            found.setdefault((source, move.target), []).append(move)
    for (source, target), moves in found.items():
        words = dict.fromkeys(str(flow.verb_label(move.verb)) for move in moves)
        lines = [line for word in words for line in wrapped(word, _LABEL_WIDEST, _LABEL_FONT)]
        yield _Arrow(source, target, tuple(moves), tuple(lines))


def _columns(flow: Workflow, arrows: list[_Arrow]) -> dict[str, int]:
    """The column of each state: the longest way from the start, moves that lead back left out."""
    ahead: dict[str, list[str]] = {state: [] for state in flow.states}
    for arrow in arrows:
        if arrow.source != arrow.target:
            ahead[arrow.source].append(arrow.target)
    back: set[tuple[str, str]] = set()
    _find_back(flow.start, ahead, (), set(), back)
    columns = dict.fromkeys(flow.states, 0)
    for _ in flow.states:
        for source, targets in ahead.items():
            for target in targets:
                if (source, target) not in back:
                    columns[target] = min(max(columns[target], columns[source] + 1), len(columns) - 1)
    return columns


def _find_back(
    state: str, ahead: dict[str, list[str]], way: tuple[str, ...], seen: set[str], back: set[tuple[str, str]]
) -> None:
    seen.add(state)
    for target in ahead[state]:
        if target in (*way, state):
            back.add((state, target))
        elif target not in seen:
            _find_back(target, ahead, (*way, state), seen, back)


def _free_level(taken: list[list[tuple[float, float]]], reach: tuple[float, float]) -> int:
    """The innermost level that is free from the first to the last point; the level is taken."""
    for level, used in enumerate(taken):
        if all(reach[1] < start or end < reach[0] for start, end in used):
            used.append(reach)
            return level
    taken.append([reach])
    return len(taken) - 1


def _room(tied: _Arrow | _Lane | None) -> float:
    return tied.room if isinstance(tied, _Arrow) else 0


def width_of(text: str, font: float) -> float:
    """About how wide a text is: a Chinese character takes its full height, a Latin letter a little over half."""
    return sum(font if unicodedata.east_asian_width(char) in "WF" else font * 0.58 for char in text)


def _widest(lines: Iterable[str]) -> float:
    return max((width_of(line, _LABEL_FONT) for line in lines), default=0)


def wrapped(text: str, widest: float, font: float) -> list[str]:
    """The text in as few lines as fit the width, of about the same length; Latin words stay whole."""
    pieces = _pieces(text)
    lines = _filled(pieces, widest, font)
    limit = widest
    while len(lines) > 1 and len(tighter := _filled(pieces, limit := limit - font / 2, font)) <= len(lines):
        lines = tighter
    return lines


def _pieces(text: str) -> list[str]:
    """Words with the blank after them, and single Chinese characters, closing marks tied to what they close."""
    pieces: list[str] = []
    for char in text:
        is_wide = unicodedata.east_asian_width(char) in "WF"
        starts = (
            not pieces or pieces[-1].endswith(" ") or is_wide or unicodedata.east_asian_width(pieces[-1][-1]) in "WF"
        )
        if starts and not (pieces and unicodedata.category(char) in ("Pe", "Pf", "Po", "Zs")):
            pieces.append(char)
        else:
            pieces[-1] += char
    return pieces


def _filled(pieces: list[str], widest: float, font: float) -> list[str]:
    lines = [""]
    for piece in pieces:
        if lines[-1] and width_of((lines[-1] + piece).rstrip(), font) > widest:
            lines.append("")
        lines[-1] += piece
    return [line.strip() for line in lines]


def _start(plan: _Plan) -> Iterator[str]:
    box = plan.boxes[plan.flow.start]
    yield f'<circle class="start" cx="{_MARGIN + 5}" cy="{_n(box.line_y)}" r="5" fill="currentColor"/>'
    yield _line([(_MARGIN + 5, box.line_y), (box.x, box.line_y)]) + _head((box.x, box.line_y), (1, 0))


def _moves(plan: _Plan) -> Iterator[str]:
    for arrow in plan.next_to():
        yield _next_move(plan, arrow)
    for lane in plan.lanes:
        yield _lane_move(plan, lane)
    for box in plan.boxes.values():
        if box.loop:
            yield _loop_move(plan, box, box.loop)


def _next_move(plan: _Plan, arrow: _Arrow) -> str:
    source, target = plan.boxes[arrow.source], plan.boxes[arrow.target]
    y = plan.entry_y(arrow, arrow.target)
    turns = [] if y == source.line_y else [(source.bus, source.line_y), (source.bus, y)]
    drawn = _line([(source.right, source.line_y), *turns, (target.x, y)], arrow.moves) + _head((target.x, y), (1, 0))
    begin, end = plan.gaps[source.column]
    return _group(plan, arrow.moves, drawn + _text(arrow.lines, (begin + end) / 2, y - 5, upward=True))


def _lane_move(plan: _Plan, lane: _Lane) -> str:
    """From each source to the lane and along it; the last piece, with the head, leads into the target."""
    y = plan.levels[lane.side, lane.level]
    target, drawn = plan.boxes[lane.target], ""
    x = plan.port_x(lane, lane.target)
    if plan.touches(lane, lane.target):
        edge = target.top if lane.side == "top" else target.foot if not target.loop else target.bottom
        last: list[Point] = [(x, y), (x, edge)]
        head = _head((x, edge), (0, 1 if lane.side == "top" else -1))
    else:
        entry = plan.entry_y(lane, lane.target)
        last = [(x, y), (x, entry), (target.x, entry)]
        head = _head((target.x, entry), (1, 0))
    moves = lane.arrows[0].moves
    for arrow in lane.arrows:
        drawn += _line([*_way_out(plan, lane, arrow.source, y), *last], moves)
    begin, end = plan.gaps[lane.gap]
    upward = lane.side == "top"
    text = _text(lane.arrows[0].lines, (begin + end) / 2, y - 5 if upward else y + _LABEL_LINE - 1, upward=upward)
    return _group(plan, moves, drawn + head + text, "back" if lane.is_back else "")


def _way_out(plan: _Plan, lane: _Lane, state: str, y: float) -> list[Point]:
    box, x = plan.boxes[state], plan.port_x(lane, state)
    if not plan.touches(lane, state):
        return [(box.right, box.line_y), (x, box.line_y), (x, y)]
    return [(x, box.top if lane.side == "top" else box.bottom), (x, y)]


def _loop_move(plan: _Plan, box: _Box, loop: _Arrow) -> str:
    x, y = plan.loop_x(box), box.bottom + _LOOP_DEPTH
    left, right = x - _PORT / 2, x + _PORT / 2
    drawn = _line([(right, box.bottom), (right, y), (left, y), (left, box.bottom)], loop.moves)
    text = _text(loop.lines, x, y + _LABEL_LINE - 1)
    return _group(plan, loop.moves, drawn + _head((left, box.bottom), (0, -1)) + text, "back")


def _group(plan: _Plan, moves: tuple[Move, ...], drawn: str, also: str = "") -> str:
    tips = dict.fromkeys(str(TIP(move=plan.flow.verb_label(move.verb), who=move.by.label)) for move in moves)
    kinds = " ".join(filter(None, ("move", "auto" if _is_automatic(moves) else "", also)))
    return f'<g class="{kinds}"><title>{escape(chr(10).join(tips))}</title>{drawn}</g>'


def _is_automatic(moves: tuple[Move, ...]) -> bool:
    return bool(moves) and all(move.by.is_system for move in moves)


def _state(plan: _Plan, box: _Box, current: str | None) -> str:
    is_end, is_current = box.state in plan.flow.ends, box.state == current
    word = str(_word(plan.flow, box.state))
    tip = str(NOW(state=word)) if is_current else word
    kinds = " ".join(filter(None, ("state", "end" if is_end else "", "current" if is_current else "")))
    drawn = _frame(box, 0, 3 if is_current else 1.5)
    if is_end:
        drawn += _frame(box, 4, 1)
    if is_current:
        drawn += f'<circle cx="{_n(box.x + 12)}" cy="{_n(_centre(box))}" r="4" fill="currentColor"/>'
    y = _centre(box) - (len(box.lines) - 1) * _STATE_LINE / 2 + _STATE_FONT * 0.35
    weight = ' font-weight="bold"' if is_current else ""
    drawn += _lines_of_text(box.lines, box.middle, y, f'font-size="{_STATE_FONT}"{weight}', _STATE_LINE)
    return f'<g class="{kinds}"><title>{escape(tip)}</title>{drawn}</g>'


def _centre(box: _Box) -> float:
    return (box.top + box.bottom) / 2


def _frame(box: _Box, inset: float, stroke: float) -> str:
    return (
        f'<rect x="{_n(box.x + inset)}" y="{_n(box.top + inset)}" width="{_n(box.width - 2 * inset)}" '
        f'height="{_n(box.bottom - box.top - 2 * inset)}" rx="{9 - inset}" stroke="currentColor" stroke-width="{stroke}"/>'
    )


def _text(lines: tuple[str, ...], x: float, y: float, *, upward: bool = False) -> str:
    """Lines of a move's words around x: the first on y, or the last when they stand above their arrow."""
    first = y - (len(lines) - 1) * _LABEL_LINE if upward else y
    return _lines_of_text(lines, x, first, f'class="label" font-size="{_LABEL_FONT}"', _LABEL_LINE)


def _lines_of_text(lines: Iterable[str], x: float, y: float, facts: str, pitch: float) -> str:
    spans = "".join(
        f'<tspan x="{_n(x)}" y="{_n(y + at * pitch)}">{escape(line)}</tspan>' for at, line in enumerate(lines)
    )
    return f'<text {facts} text-anchor="middle" fill="currentColor">{spans}</text>'


def _head(tip: Point, towards: Point) -> str:
    """An arrow head that points to its tip."""
    (x, y), (dx, dy) = tip, towards
    back_x, back_y = x - dx * _ARROW, y - dy * _ARROW
    across_x, across_y = dy * _ARROW * 0.45, dx * _ARROW * 0.45
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
    part = min(_BEND, length / 2) / length if length else 0
    return corner[0] + dx * part, corner[1] + dy * part


def _n(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
