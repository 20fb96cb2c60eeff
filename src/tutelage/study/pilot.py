"""How many seeds a study needs to see an effect, from the spread that an earlier run of it has shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tutelage.core.errors import Fault, Refused
from tutelage.kit.intervals import FEWEST_SEEDS, Components, components, power, seeds_needed
from tutelage.recipe.read import Read
from tutelage.runs.record import Record
from tutelage.study.control import plan_arms
from tutelage.study.judge import Judged, judge

WANTED = 0.8  # probability of seeing an effect that is there
SPREADS = (0.25, 0.5, 1.0, 2.0)  # of the difference between two seeds, in effects
SEEDS = (5, 10, 20, 40)


class Need(NamedTuple):
    """One condition. seeds: for 80 % power, None where no number of them is enough. power: with the seeds planned."""

    text: str
    measure: str
    items: int
    spread: Components
    seeds: int | None
    power: float


class Power(NamedTuple):
    """One line of a table: power by number of seeds, for a standard deviation of the difference over seeds."""

    deviation: float
    power: tuple[float, ...]


def needs(record: Record, effect: float, planned: int) -> tuple[Need, ...]:
    """Every condition of a finished run. Refused where none has an interval over seeds and items."""
    judged = judge(record)
    made = tuple(_need(one, effect, planned) for one in judged if one.squares is not None)
    if not made:
        what = f"no condition of it has an interval over seeds and items, which takes {FEWEST_SEEDS} seeds"
        raise Refused(Fault(record.name, what, "run a pilot: tutelage run ... --seeds 5"))
    return made


def table(effect: float) -> tuple[Power, ...]:
    """Power where nothing has been run: by the spread over seeds alone, as if the exam were without end."""
    return tuple(
        Power(share * effect, tuple(power(effect, Components((share * effect) ** 2, 0.0, 0.0), n, 1) for n in SEEDS))
        for share in SPREADS
    )


def latest(read: Read, root: Path) -> Record | None:
    """The newest finished run of the same arms, whatever its seeds and its budget."""
    wanted = _arms(plan_arms(read).resolved())
    folders = sorted((path.parent for path in root.glob("*/resolved.yaml")), key=lambda path: path.stat().st_mtime)
    for folder in reversed(folders):
        held = yaml.safe_load((folder / "resolved.yaml").read_text(encoding="utf-8"))
        if _arms(held) == wanted and Record(folder).digest():
            return Record(folder)
    return None


def _need(one: Judged, effect: float, planned: int) -> Need:
    assert one.squares is not None
    spread, items = components(one.squares), one.squares.items
    found = seeds_needed(effect, spread, items, WANTED)
    measure = one.condition.measure
    return Need(one.condition.text, f"{measure.use} {measure.of}", items, spread, found,
                power(effect, spread, planned, items))  # fmt: skip


def _arms(resolved: Any) -> Any:
    return json.loads(json.dumps(resolved["arms"]))
