"""Measure every way of retaining on streams of tasks and write docs/retention/retention.json.

    python docs/retention/retention.py [--runs DIR] [--seeds N] [--set PATH=VALUE ...] [--only STREAM ...] [--to FILE]

Each stream is a run of docs/retention/retention.yaml with the overrides below; a run that was interrupted goes on where
it stopped. `tutelage list retain --guide --write` then puts the numbers into docs/retention.md.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

from tutelage.runs.record import Record, write
from tutelage.study.judge import some_better
from tutelage.study.summary import plain, summary

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from measuring import asked, finished, lines, rounded

HERE = Path(__file__).resolve().parent
STUDY = HERE / "retention.yaml"
SHOWS = yaml.safe_load(STUDY.read_text(encoding="utf-8"))["shows"]
KEPT = tuple(f"arms.{arm}.retain.keep=100" for arm in ("replay", "herded_replay", "dark_replay", "gradient_episodic"))
MEANS = ("arms.class_means.student={use: text.embedded, head: nearest_mean}",
         "arms.discriminant.student={use: text.embedded, head: discriminant}")  # fmt: skip
DATA: dict[str, tuple[str, ...]] = {  # name on the page -> what differs from the study as it is written
    "digits, two new classes at a time": (),
    "intents, ten new classes at a time": (
        "data={use: class_tasks, of: {use: clinc150, split: test, pool: 6000}, tasks: 5, classes: 50}",
        "student={use: text.mlp, hidden: [256]}", "learn.lr=0.001", *MEANS, *KEPT,
    ),
    "texts of four kinds, the task told at the test": (
        "data={use: task_stream, of: [{use: trec, classes: coarse, pool: 600}, {use: movie_reviews, "
        "source: rotten_tomatoes, pool: 600}, {use: diagnoses, pool: 600}, {use: class_tasks, tasks: 1, classes: 16, "
        "of: {use: banking77, pool: 3000}}], names: [questions, reviews, diagnoses, bank], items: 150}",
        "student={use: text.mlp, hidden: [256]}", "learn.lr=0.001", *MEANS, *KEPT,
        "assess=[{use: task_accuracy}]", "measures=[{use: final, of: task_accuracy}]",
        "learn.objective={use: cross_entropy, over: lesson_labels}",
        f"shows={json.dumps([{**one, 'measure': {'use': 'final', 'of': 'task_accuracy'}} for one in SHOWS])}",
    ),
}  # fmt: skip


def measured(record: Record, sets: tuple[str, ...]) -> dict[str, Any]:
    """What the page needs of a run. Intervals and differences are null below five seeds."""
    told = summary(record)
    (score,) = dict.fromkeys(one.condition.measure.of for one in told.judged)
    corrected = dict(zip([one.condition.pair[0] for one in told.judged], some_better(told.judged), strict=True))
    differences = {one.condition.pair[0]: one for one in told.judged}
    arms = {}
    for arm in told.arms:
        whole = next(one for one in arm.abilities if one.name == score and not one.task)
        tasks = [one.forgotten for one in arm.abilities if one.name == score and one.task] or [whole.forgotten]
        against = differences.get(arm.name)
        arms[arm.name] = {
            "final": [arm.scores[score].final.value, arm.scores[score].final.low, arm.scores[score].final.high],
            "against": against and [against.estimate, against.low, against.high],
            "holm": corrected.get(arm.name),
            "forgotten": sum(one.value for one in tasks) / len(tasks),  # mean over tasks, since each was best
            "curve": [list(pair) for pair in zip(whole.rounds, whole.values, strict=True)],
        }
    first = told.arms[0]
    made = {
        "sets": list(sets), "score": score, "higher": first.scores[score].higher_is_better,
        "seeds": list(record.seeds), "exam": first.scores[score].items, "rounds": len(first.curves[score]),
        "digest": told.digest, "git": told.environment["git"], "date": told.environment["started"][:10], "arms": arms,
    }  # fmt: skip
    return rounded(plain(made))


def main() -> None:
    given = asked(str(__doc__), DATA, HERE / "retention.json")
    made = {}
    for name in given.only or DATA:
        sets = (*DATA[name], *given.sets)
        made[name] = measured(finished(f"retention-{name.partition(',')[0]}", STUDY, sets, given.runs), sets)
    write(given.to, lines(made))
    sys.stdout.write(f"written: {given.to}\n")


if __name__ == "__main__":
    main()
