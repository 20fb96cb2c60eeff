"""The page's small words and numbers: how a score, a p-value and a count are shown."""

from __future__ import annotations

import math
import re

from tutelage.report.axes import between, number
from tutelage.study.estimate import Estimate
from tutelage.study.summary import Summary

SHARES = frozenset({"accuracy", "macro_f1", "calibration"})  # shown as percent; their differences are points
NAMES = {"accuracy": "accuracy", "macro_f1": "macro F1", "calibration": "calibration error", "brier": "Brier score"}
SIGNS = {"better": "▲", "worse": "▼", "tie": "=", "held": "✓", "refuted": "✗", "unclear": "?"}
HOW = {
    "seeds x items": "over seeds and exam items",
    "seeds": "over seeds",
    "items": "over exam items; one seed",
    "share": "over exam items; one seed",
    "": "no interval",
}


def score_name(name: str) -> str:
    """macro_f1 -> "macro F1"; a name that is not ours is shown as it is."""
    return NAMES.get(name, name.replace("_", " "))


def capital(text: str) -> str:
    """The first letter large, the others as they are: "macro F1" -> "Macro F1"."""
    return text[:1].upper() + text[1:]


def tight(text: str) -> str:
    """Numbers and their units stay on one line."""
    return re.sub(r"(?<=\d) (?=\w)", "\u00a0", text)


def factor(name: str) -> float:
    """What a score is multiplied with before it is shown."""
    return 100.0 if name in SHARES else 1.0


def places(name: str) -> int:
    """Decimals of a score as it is shown."""
    return 1 if name in SHARES else 3


def shown(name: str, value: float) -> str:
    """A score as a reader meets it: 0.8123 -> "81.2 %" for a share, "0.812" otherwise, "–" where there is none."""
    if not math.isfinite(value):
        return "–"
    text = f"{value * factor(name):.{places(name)}f}".replace("-", "−")
    return f"{text} %" if name in SHARES else text


def interval(name: str, estimate: Estimate) -> str:
    """Such as "[79.9, 82.5]" in the unit of the score, or "–"."""
    by = factor(name)
    return between(estimate.low * by, estimate.high * by, places(name)) or "–"


def leading(summary: Summary) -> str:
    """The score that the page puts first: that of the first condition, else accuracy, else the first there is."""
    names = dict.fromkeys(name for arm in summary.arms for name in arm.scores)
    wanted = [judged.condition.measure.of for judged in summary.judged] + ["accuracy"]
    return next((name for name in wanted if name in names), next(iter(names), ""))


def amount(value: float) -> str:
    """Costs and counts: whole where they are whole."""
    return number(value, 1) if math.isfinite(value) else "no limit"


def why(value: float | None) -> str:
    """A chooser's score, three digits."""
    return "–" if value is None or not math.isfinite(value) else f"{value + 0.0:.3g}".replace("-", "−")


def chance(p: float) -> str:
    """A p-value: "0.012", "< 0.001"; an en dash where there is none."""
    if not math.isfinite(p):
        return "–"
    return f"{p:.3f}" if p >= 0.001 else "< 0.001"


def percent(level: float) -> str:
    """The level of an interval: 0.95 -> "95 %", 0.98338 -> "98.34 %"."""
    return f"{100 * level:.4g} %"


def count(number_of: int, word: str) -> str:
    """Such as "1 seed", "3,080 exam items"."""
    return f"{number_of:,} {word}" if number_of == 1 else f"{number_of:,} {word}s"


def listed(names: list[str]) -> str:
    """Such as "a, b and c"."""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
