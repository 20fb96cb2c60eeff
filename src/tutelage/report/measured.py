"""What every strategy of choosing gave beside choosing at random, from docs/choice/choosing.json, in Markdown.

And what all guides share: tables, numbers with intervals, a method's neutral limit.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tutelage.core import parts as shelf
from tutelage.papers.table import renewed
from tutelage.runs.record import write

ALPHA = 0.05


def told_apart(found: Mapping[str, Any]) -> str:
    """A sentence a data set: which strategies are better and worse than choosing at random, all of them together."""
    lines = []
    for name, one in found.items():
        said = {arm: verdict(each) for arm, each in one["arms"].items() if arm != "uniform"}
        gains = sorted((_gain(one, arm), arm) for arm in said)
        better = [f"`{arm}`" for _, arm in reversed(gains) if said[arm] == "better"]
        worse = [f"`{arm}`" for _, arm in gains if said[arm] == "worse"]
        if all(word == "not tested" for word in said.values()):
            lines.append(f"- **{name}**: {len(one['seeds'])} seeds are too few to tell anything apart.")
            continue
        first = f"better than `uniform`, largest gain first: {', '.join(better)}" if better else ""
        last = f"worse: {', '.join(worse)}" if worse else "nothing is worse"
        rest = f"{len(said) - len(better) - len(worse)} of {len(said)} cannot be told from it"
        lines.append(f"- **{name}**: {first or 'nothing beats `uniform`'}; {last}; {rest}.")
    return "\n".join(lines)


def side_by_side(found: Mapping[str, Any]) -> str:
    """Gains over uniform on every data set, best mean first; in bold where the difference stands."""
    arms = list(dict.fromkeys(arm for one in found.values() for arm in one["arms"] if arm != "uniform"))
    means = {arm: float(np.mean([_gain(one, arm) for one in found.values() if arm in one["arms"]])) for arm in arms}
    rows = [
        [f"`{arm}`", *(_bold(one["arms"].get(arm)) for one in found.values()), f"{means[arm]:+.3f}"]
        for arm in sorted(arms, key=lambda arm: -means[arm])
    ]
    note = "Area under the curve less that of `uniform`; **bold** where Holm's p is below .05."
    return "\n\n".join([note, markdown(["strategy", *found, "mean"], rows)])


def one_data_set(name: str, one: Mapping[str, Any]) -> str:
    """All arms of one data set, largest area first: areas, differences, and the curve itself."""
    costs = [cost for cost, _ in one["arms"]["uniform"]["curve"]]
    rows = []
    for arm, each in sorted(one["arms"].items(), key=lambda item: -item[1]["area"][0]):
        curve = dict(map(tuple, each["curve"]))
        points = [f"{curve[cost]:.3f}" if cost in curve else "-" for cost in costs]
        against = interval(each["against"], "+.3f") if each["against"] else "-"
        holm = f"{each['holm']:.3f}" if each["holm"] is not None else "-"
        told = verdict(each) if arm != "uniform" else "-"
        rows.append([f"`{arm}`", interval(each["area"], ".3f"), against, holm, told, *points])
    head = ["strategy", "area", "less `uniform`", "Holm's p", "verdict", *(f"{cost:g}" for cost in costs)]
    made = (
        f"{one['classes']} classes, {one['labels']:g} labels in rounds of {one['per_round']}, {len(one['seeds'])} "
        f"seeds, {one['exam']} examples in the exam; measured {one['date']} at commit {one['git'][:10]}. The last "
        f"{len(costs)} columns are mean accuracy by labels spent."
    )
    return "\n\n".join([f"### {name}", made, markdown(head, rows)])


def verdict(each: Mapping[str, Any]) -> str:
    if each["holm"] is None:
        return "not tested"
    if each["holm"] >= ALPHA:
        return "not told apart"
    return "better" if each["against"][0] > 0 else "worse"


def _gain(one: Mapping[str, Any], arm: str) -> float:
    return float(one["arms"][arm]["area"][0] - one["arms"]["uniform"]["area"][0])


def _bold(each: Mapping[str, Any] | None) -> str:
    if each is None or not each["against"]:
        return "-"
    text = f"{each['against'][0]:+.3f}"
    return f"**{text}**" if verdict(each) in {"better", "worse"} else text


def interval(three: Sequence[float | None], form: str) -> str:
    middle, low, high = three
    said = format(middle, form)
    return said if low is None or high is None else f"{said} [{format(low, form)}, {format(high, form)}]"


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def limit_of(room: str, name: str) -> str:
    """The first sentence behind "Neutral limit:" in a method's file."""
    path = shelf.PACKAGE / room.replace(".", "/") / f"{name}.py"
    doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    text = " ".join(doc.partition("Neutral limit:")[2].partition("\n\n")[0].split())
    return text.partition(". ")[0].rstrip(".")


def put(root: Path, page: str, marks: tuple[str, str], text: str) -> bool:
    """Write what is generated between the marks of a page; whether that changed it."""
    changed = stale(root, page, marks, text)
    if changed:
        write(root / page, renewed(root, page, marks, f"\n{text}\n"))
    return changed


def stale(root: Path, page: str, marks: tuple[str, str], text: str) -> bool:
    """Whether something else stands between the marks of a page."""
    return renewed(root, page, marks, f"\n{text}\n") != (root / page).read_text(encoding="utf-8")
