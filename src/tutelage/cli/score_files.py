"""What `tutelage compare --from` prints: an arm a file, and what each is against the first."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tutelage.cli.say import as_json, result, table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tutelage.study.foreign.columns import Asked
    from tutelage.study.foreign.contrast import Contrast, Wish
    from tutelage.study.foreign.score_files import Comparison


def print_comparison(paths: Sequence[Path], asked: Asked, wish: Wish, json: bool) -> int:
    """Read, compare, print; 0 whatever the verdict."""
    from tutelage.core.rng import stream
    from tutelage.study.foreign.score_files import compare_files

    made = compare_files(paths, asked, wish, stream(0, "compare/files"))
    if json:
        as_json(made)
        return 0
    result(arms(made))
    result("\n" + contrasts(made))
    return 0


def arms(made: Comparison) -> str:
    """One line a file and measure; intervals of one seed are over items, of several over both or items."""
    costs = any(arm.tokens for arm in made.arms)
    rows = []
    for arm in made.arms:
        tokens = f"{arm.tokens.get('input', 0)} + {arm.tokens.get('output', 0)}" if arm.tokens else "-"
        rows.append([arm.name, arm.measure, str(arm.items), str(arm.seeds), f"{arm.mean:.4g}",
                     _interval(arm.low, arm.high, ""), *([tokens] if costs else []), str(arm.path)])  # fmt: skip
    head = [
        "arm",
        "measure",
        "items",
        "seeds",
        "mean",
        "95 % interval",
        *(["tokens in + out"] if costs else []),
        "file",
    ]
    return table(head, rows, right=[2, 3, 4, 5, *([6] if costs else [])])


def contrasts(made: Comparison) -> str:
    """One line a comparison, and under the table what belongs to all of them or to one."""
    resampled = any(one.resampled for one in made.contrasts)
    rows = []
    for one in made.contrasts:
        p = f"{one.p:.3g}{' exact' if one.test != 't' else ''}" if math.isfinite(one.p) else "-"
        again = [_interval(*one.resampled, "+") if one.resampled else "-"] if resampled else []
        rows.append([f"{one.treatment} - {one.control}", one.measure, str(one.items), f"{one.estimate:+.4f}",
                     _interval(one.low, one.high, "+"), *again, p, one.verdict])  # fmt: skip
    head = ["difference", "measure", "items", "mean", "95 % interval", *(["resampled"] if resampled else []), "p"]
    lines = [table([*head, "verdict"], rows, right=range(2, len(head)))]
    less = [name for name, higher in made.higher_is_better.items() if not higher]
    turned = f"; less is better of {', '.join(less)}, so its difference is turned" if less else ""
    margin = f"inside ±{made.tie:g}" if made.tie is not None else "none without a margin (--tie)"
    again = [f"resampled: 95 % of {made.draws} draws of the items; a cross-check"] if resampled else []
    if any(one.test != "t" for one in made.contrasts):
        again.append("p exact: McNemar's test; better and worse need it below 0.05 too")
    told = [f"above 0 is better{turned}; tie: {margin}", *again, *_notes(made.contrasts), *made.notes]
    return "\n".join([*lines, *(f"({note})" for note in told)])


def _notes(made: Sequence[Contrast]) -> list[str]:
    """Each once; those of some comparisons with their names."""
    said: dict[str, list[str]] = {}
    for one in made:
        for note in one.notes:
            said.setdefault(note, []).append(f"{one.treatment} - {one.control} {one.measure}")
    return [note if len(of) == len(made) else f"{', '.join(of)}: {note}" for note, of in said.items()]


def _interval(low: float, high: float, sign: str) -> str:
    if not (math.isfinite(low) and math.isfinite(high)):
        return "none"
    return f"[{low:{sign}.4f}, {high:{sign}.4f}]"
