"""Round numbers for an axis, names that keep clear of each other, and numbers as people read them."""

from __future__ import annotations

import math
from collections.abc import Sequence

CHARACTER = 0.68  # mean width of a character of a bold sans-serif text, on the wide side, in units of its size


def ticks(low: float, high: float, most: int, whole: bool = False) -> tuple[float, ...]:
    """Round numbers that cover low..high, at most `most` + 2 of them; with `whole` only whole ones.

    >>> ticks(0.0, 308.0, 7, whole=True)
    (0.0, 50.0, 100.0, 150.0, 200.0, 250.0, 300.0, 350.0)
    """
    if high - low < 1e-9 * max(1.0, abs(high)):
        low, high = (max(0.0, low - 1), high + 1) if whole else (low - 1, high + 1)
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * nice for nice in (1, 2, 2.5, 5, 10) if power * nice >= rough * 0.999)
    if whole:
        step = float(math.ceil(step))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return tuple(round(k * step, 10) for k in range(first, last + 1))


def spread(heights: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """The heights, moved apart as little as possible until neighbours are `gap` apart, within low..high if they fit.

    >>> spread([101.0, 100.0], 10.0, 0.0, 200.0)
    [105.5, 95.5]
    """
    order = sorted(range(len(heights)), key=lambda k: heights[k])
    groups: list[tuple[float, int]] = []  # labels that touch: the mean of the heights they wish for, and how many
    for k in order:
        groups.append((heights[k], 1))
        while len(groups) > 1 and groups[-1][0] - groups[-2][0] < gap * (groups[-1][1] + groups[-2][1]) / 2:
            (above, m), (below, n) = groups[-2:]
            groups[-2:] = [((above * m + below * n) / (m + n), m + n)]
    placed = [centre + (i - (count - 1) / 2) * gap for centre, count in groups for i in range(count)]
    for i in range(len(placed)):
        placed[i] = max(placed[i], low + i * gap)
    for i in range(len(placed)):
        placed[-1 - i] = min(placed[-1 - i], high - i * gap)
    made = dict(zip(order, placed, strict=True))
    return [round(made[k], 1) for k in range(len(heights))]


def shorten(text: str, room: float, size: float = 13.5) -> str:
    """As much of the text as fits into `room`, with an ellipsis where it does not."""
    most = max(4, int(room / (CHARACTER * size)))
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def number(value: float, places: int = 1) -> str:
    """A number for people: no trailing zeros, a true minus sign, an en dash where there is none.

    >>> number(-12.50), number(float("nan")), number(3080.0)
    ('−12.5', '–', '3,080')
    """
    if not math.isfinite(value):
        return "–"
    text = f"{value:,.{places}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text.replace("-", "−")


def between(low: float, high: float, places: int = 1) -> str:
    """Such as "[7.8, 10.4]"; nothing where there is no interval."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    return f"[{low:,.{places}f}, {high:,.{places}f}]".replace("-", "−")
