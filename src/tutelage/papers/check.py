"""Is a verdict on file still the verdict on this claim?"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from tutelage.kit.intervals import LEVEL, Squares
from tutelage.papers.claim import CLAIMS
from tutelage.papers.provenance import hash_of, is_before
from tutelage.papers.read import card, papers
from tutelage.recipe.conditions import condition_of
from tutelage.study.judge import Judged, again, overall

CLOSE = 1e-9


def stale(key: str, folder: Path = CLAIMS) -> tuple[str, ...]:
    """Sentences about what does not agree: another claim by now, or stored values that no longer give the verdict.

    Empty when all is well, and when the claim was never run.
    """
    path = folder / f"{key}.json"
    if not path.is_file():
        return ()
    if key not in papers():
        return (f"{path.name}: there is no paper of this name",)
    kept = json.loads(path.read_text(encoding="utf-8"))
    found = [f"{path.name}: the verdict on top is not that of the last run"] if _top(kept) else []
    if not kept["runs"]:
        return tuple(found)
    last, paper = kept["runs"][-1], card(key)
    if last["claim"] != hash_of(paper):
        found.append(f"{path.name}: {key}.yaml claims something else by now; run it again")
    elif [condition_of(one["condition"]) for one in last["conditions"]] != list(paper.shows):
        found.append(f"{path.name}: the conditions that were judged are not those of the claim")
    for number, run in enumerate(kept["runs"]):
        where = f"{path.name}, run {number + 1}"
        if run["claim_commit"] == "" or is_before(run["claim_commit"], run["git"].rstrip("+")) is False:
            found.append(f"{where}: the claim was not committed before it was run")
        found.extend(f"{where}: {sentence}" for sentence in disagreements(run))
    return tuple(found)


def disagreements(run: dict[str, Any]) -> list[str]:
    """What judging the stored values again says otherwise."""
    found, judged = [], []
    for one in run["conditions"]:
        condition, level, tie = condition_of(one["condition"]), one.get("level", LEVEL), one.get("tie")
        name = f"{condition.text}, {condition.measure.use}"
        squares = Squares(**one["squares"]) if one["squares"] else None
        per_seed = [_number(value) for value in one["per_seed"]]
        outcome, verdict, interval = again(per_seed, squares, condition, level, tie)
        stored = [_number(one[side]) for side in ("estimate", "low", "high")]
        if (outcome, verdict) != (one["outcome"], one["verdict"]):
            found.append(f"{name}: stored as {one['outcome']}, {one['verdict']}; judged again as {outcome}, {verdict}")
        elif any(not _same(old, new) for old, new in zip(stored, interval[:3], strict=True)):
            found.append(f"{name}: stored as {stored}, worked out again as {list(interval[:3])}")
        judged.append(Judged(condition, outcome, verdict, *interval[:3], interval.seeds, interval.items, (), ""))
    if overall(judged) != run["outcome"]:
        found.append(f"stored as {run['outcome']}, judged again as {overall(judged)}")
    return found


def _top(kept: dict[str, Any]) -> bool:
    """Whether the verdict on top differs from the last run's."""
    if not kept["runs"]:
        return kept["verdict"] is not None
    return any(kept["runs"][-1][name] != value for name, value in (kept["verdict"] or {"outcome": None}).items())


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _same(one: float, other: float) -> bool:
    return (math.isnan(one) and math.isnan(other)) or abs(one - other) <= CLOSE * max(1.0, abs(one))
