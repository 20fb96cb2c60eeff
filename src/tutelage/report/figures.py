"""Geometry of the learning curves: numbers in, coordinates and short texts out; `figures.html` draws them.

Nothing here knows a colour. A line has a style by number, and the style sheet gives it a colour in the light and in
the dark, a dash and a marker, so that no two lines differ by colour alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from tutelage.report.axes import CHARACTER, between, number, shorten, spread, ticks

STYLES = 7  # distinct colours and markers; a figure with more lines begins again with another dash
DASHES = 4
SIZE = 13.5  # of a name at the end of its line
GAP = 18.0  # between the names at the ends of two lines
MARKS = 40  # points of a line up to which each has its marker
COLUMNS = 60  # costs at which the pointer finds values
ROWS = 12  # values that the pointer finds at one cost; the table has all of them
VALUE = 82.0  # room for the value behind the name and the gap before it


class Line(NamedTuple):
    """One learning curve in the unit that is shown. lows and highs: its 95 % interval, NaN where there is none."""

    name: str
    xs: Sequence[float]
    ys: Sequence[float]
    lows: Sequence[float]
    highs: Sequence[float]


class Tick(NamedTuple):
    """A place on an axis and what stands there."""

    at: float
    text: str


class Dot(NamedTuple):
    """A point of the drawing."""

    x: float
    y: float


Place = Callable[[float, float], Dot]


class Drawn(NamedTuple):
    """One line as it is drawn. `whiskers`: (x, top, bottom) where a band would have no width."""

    name: str
    shown: str  # the name, shortened to its room
    value: str
    style: int
    dash: int
    path: str
    band: str
    dots: tuple[Dot, ...]
    whiskers: tuple[tuple[float, float, float], ...]
    label: float  # height of the direct label


class Column(NamedTuple):
    """What stands at one cost: where a pointer finds it, and what it says."""

    left: float
    width: float
    x: float
    title: str
    rows: tuple[tuple[str, str], ...]


class Curves(NamedTuple):
    """A whole figure of learning curves."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    x_title: str
    y_title: str
    lines: tuple[Drawn, ...]
    columns: tuple[Column, ...]
    labelled: bool  # whether names stand at the ends of the lines


def style(k: int) -> tuple[int, int]:
    """(colour and marker, dash) of the k-th arm."""
    return k % STYLES, (k + 2 * (k // STYLES)) % DASHES


def curves(lines: Sequence[Line], width: float, x_title: str, y_title: str, labelled: bool = True,
           whole: bool = True) -> Curves | None:  # fmt: skip
    """Learning curves over a cost; None when there is no point to draw. A line keeps its style by its place.

    labelled: names at the ends of the lines. whole: the cost is counted, so its axis has whole numbers only.
    """
    named = [(k, line) for k, line in enumerate(lines) if len(line.xs)]
    if not named:
        return None
    room = (
        min(width * 0.36, max(len(line.name) for _, line in named) * CHARACTER * SIZE + VALUE + 1) if labelled else 14.0
    )
    left, right, top = 46.0, round(width - room, 1), 34.0
    height = round(max(width * 0.5, len(named) * GAP + 90.0) if labelled else width * 0.86)
    bottom = height - 48.0
    most = max(x for _, line in named for x in line.xs)
    xs = ticks(*_span(x for _, line in named for x in line.xs), 8 if labelled else 5, whole)
    end = max(most, xs[0] + 1) if whole else max(most, xs[1])  # the axis ends where the longest curve does
    ys = ticks(*_span(y for _, line in named for part in line[2:] for y in part), 6)

    def at(x: float, y: float) -> Dot:
        across, up = (x - xs[0]) / (end - xs[0]), (y - ys[0]) / (ys[-1] - ys[0])
        return Dot(round(left + across * (right - left), 1), round(bottom - up * (bottom - top), 1))

    bands = len(named) <= STYLES  # more of them only hide each other
    labels = spread([at(0, line.ys[-1]).y for _, line in named], GAP, top, bottom - 4)
    return Curves(
        width, height, left, right, top, bottom,
        tuple(Tick(at(x, 0).x, number(x, 0 if whole else 4)) for x in xs if x <= end),
        tuple(Tick(at(0, y).y, number(y, 4)) for y in ys),
        x_title, y_title,
        tuple(_drawn(k, line, at, label, room - VALUE, bands) for (k, line), label in zip(named, labels, strict=True)),
        _columns([line for _, line in named], at, left, right, x_title), labelled,
    )  # fmt: skip


def _span(values: Iterable[float]) -> tuple[float, float]:
    real = [value for value in values if math.isfinite(value)] or [0.0]
    return min(real), max(real)


def _drawn(k: int, line: Line, at: Place, label: float, room: float, bands: bool) -> Drawn:
    dots = tuple(at(x, y) for x, y in zip(line.xs, line.ys, strict=True))
    ranged = [(at(x, low), at(x, high)) for x, low, high in zip(line.xs, line.lows, line.highs, strict=True)
              if math.isfinite(low) and math.isfinite(high)]  # fmt: skip
    band = _path([*(high for _, high in ranged), *(low for low, _ in reversed(ranged))]) + "Z"
    whiskers = tuple((low.x, high.y, low.y) for low, high in ranged) if len(ranged) == 1 else ()
    return Drawn(line.name, shorten(line.name, room, SIZE), f"{line.ys[-1]:.{_places(line)}f}", *style(k), _path(dots),
                 band if len(ranged) > 1 and bands else "", _thinned(dots), whiskers, label)  # fmt: skip


def _thinned(dots: tuple[Dot, ...]) -> tuple[Dot, ...]:
    """Few enough to be told apart; the last one stays."""
    step = -(-len(dots) // MARKS)
    return dots[::-1][::step][::-1]


def _path(dots: Sequence[Dot]) -> str:
    return "M" + "L".join(f"{dot.x:g},{dot.y:g}" for dot in dots)


def _places(line: Line) -> int:
    return 1 if max(abs(y) for y in line.ys) > 5 else 3  # percent, or a score between 0 and 2


def _columns(lines: Sequence[Line], at: Place, left: float, right: float, x_title: str) -> tuple[Column, ...]:
    """One strip per cost, the strips meeting halfway, each with every line's value there, highest first."""
    every = sorted({float(x) for line in lines for x in line.xs})
    step = -(-len(every) // COLUMNS)
    xs = every[::-1][::step][::-1]
    places = [at(x, 0).x for x in xs]
    edges = [left, *((a + b) / 2 for a, b in zip(places, places[1:], strict=False)), right]
    made = []
    for k, x in enumerate(xs):
        here = [(line, i) for line in lines for i, other in enumerate(line.xs) if float(other) == x]
        here.sort(key=lambda pair: -pair[0].ys[pair[1]])
        rows = tuple((line.name, _said(line, i)) for line, i in here[:ROWS])
        if len(here) > ROWS:
            rows += ((f"and {len(here) - ROWS} more below", ""),)
        title = f"{number(x, 2)} {x_title}"
        made.append(Column(round(edges[k], 1), round(edges[k + 1] - edges[k], 1), places[k], title, rows))
    return tuple(made)


def _said(line: Line, i: int) -> str:
    places = _places(line)
    return f"{line.ys[i]:.{places}f} {between(line.lows[i], line.highs[i], places)}".rstrip()
