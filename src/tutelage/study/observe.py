"""Learn how fast this machine is from a run that it has finished: its journals beside the rounds as they were foreseen.

The run's own `plan.json` says what the data were in numbers, so nothing is read again but the journals.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tutelage.core.digest import digest
from tutelage.core.forecast import ForetellsWork, Width, Work
from tutelage.core.ledger import Ledger
from tutelage.core.parts import name_of
from tutelage.recipe.fit import Parts, fit
from tutelage.runs.journal import lines
from tutelage.runs.record import ArmState, Record
from tutelage.study.calibration import Rates, changing, load
from tutelage.study.efforts import STAGES, of_data, of_disk, of_fit, of_kept, of_turn
from tutelage.study.foresee import Play, Turn
from tutelage.study.material import Material

PLAN = "plan.json"


def observe(record: Record) -> int:
    """Add what the finished arms of a run have shown; how many were new. None where its plan was skipped."""
    path = record.folder / PLAN
    material = json.loads(path.read_text(encoding="utf-8")).get("material", {}) if path.is_file() else {}
    done = [
        state for state in record.states() if state.status == "done" and str(state.seed) in material.get(state.arm, {})
    ]
    known = set(load().runs)
    fresh = [state for state in done if _mark(record, state) not in known]
    if not fresh:
        return 0
    parts = fit(record.read())
    with changing() as rates:
        for state in fresh:
            _arm(rates, parts[state.arm], material_of(material[state.arm][str(state.seed)]), state)
            rates.runs.append(_mark(record, state))
    return len(fresh)


def material_of(saved: Mapping[str, Any]) -> Material:
    """As it was written by a plan."""
    width = None if saved["width"] is None else Width(**saved["width"])
    return Material(**{**saved, "width": width, "episodes": tuple(saved.get("episodes", ()))})


def _mark(record: Record, state: ArmState) -> str:
    return digest(str(record.folder.resolve()), state.arm, state.seed, state.digest)[:16]


def _arm(rates: Rates, parts: Parts, material: Material, state: ArmState) -> None:
    """One arm at one seed: its rounds one by one, its data and its folder."""
    written = list(lines(state.folder / "events.jsonl"))
    rounds = [line for line in written if line["event"] == "round"]
    told = iter([line for line in rounds if line["round"] >= 0])
    turns: list[Turn] = []
    before = 0.0
    for line, turn in zip(rounds, Play(parts, material, Ledger(), None, told=told).turns(), strict=False):
        flop = line["spent"].get("flop", 0.0) - before
        before += flop
        _round(rates, parts, material, turn, line, flop)
        turns.append(turn)
    if "clock" in written[-1]:
        rates.add(of_data(parts, material), float(written[-1]["clock"]["data"]))
    rates.add(of_disk(parts, material, turns), float(size(state.folder)))


def _round(rates: Rates, parts: Parts, material: Material, turn: Turn, line: Mapping[str, Any], flop: float) -> None:
    clock = line.get("clock", {})
    for effort in of_turn(parts, material, turn, None if turn.lot is None else flop):
        if effort.stage in clock:
            rates.add(effort, float(clock[effort.stage]))
        elif effort.stage == "rest" and clock:
            rates.add(effort, max(float(line["seconds"]) - sum(clock.get(stage, 0.0) for stage in STAGES), 0.0))
    if not turn.step.teach.spends and turn.asked:
        rates.add(of_kept(name_of(type(turn.step.teach)), turn.asked), float(line["lessons"]))
    per = _evaluation(parts, turn)
    if per is not None and flop > per[0]:
        rates.add(of_fit(name_of(type(parts.student)), turn.rows), (flop - per[0]) / per[1])


def _evaluation(parts: Parts, turn: Turn) -> tuple[float, float] | None:
    """FLOP of a fit without an evaluation, and of one more; None where they do not matter."""
    if turn.lot is None or not isinstance(turn.step.learn, ForetellsWork):
        return None
    none, one = (
        turn.step.learn.work(parts.student, turn.lot._replace(evaluations=n)).get("flop", Work(0.0, True)).amount
        for n in (0.0, 1.0)
    )
    return (none, one - none) if one > none else None


def size(folder: Path, without: Sequence[str] = ()) -> int:
    """Bytes of all files below a folder, less those of these names."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and path.name not in without)
