"""A small study on a file of its own: no asset, a fraction of a second per arm and seed."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from tutelage.recipe.read import read_text
from tutelage.runs.journal import Journal
from tutelage.runs.record import Record, write

WORDS = {
    "card": "card lost stolen blocked pin chip swipe wallet",
    "rent": "rent house flat landlord lease month room deposit",
    "food": "bread soup salt pepper cook lunch dinner spoon",
}

STUDY = """
about: "which rows to ask about"
arms:
  margin:
    data: {{use: table, path: {path}, text: body, label: queue, start_per_class: 1}}
    student: {{use: text.linear, features: hashed}}
    choose: {{use: margin}}
    rounds: {rounds}
    per_round: 4
    assess: [{{use: accuracy}}, {{use: confusions}}]
  selftrained:
    steps: [{{}}, {{choose: {{use: everything}}, per_round: null, teach: {{use: self_training, strategy: threshold, threshold: 0.4}}, keep: false}}]
seeds: {seeds}
budget: {{labels: {labels}}}
"""


def write_tickets(path: Path, rows: int = 120) -> Path:
    """`rows` short texts of three queues; half of each text's words belong to its queue."""
    rng = np.random.Generator(np.random.PCG64(1))
    every = [word for words in WORDS.values() for word in words.split()]
    lines = ["body,queue"]
    for row in range(rows):
        queue = list(WORDS)[row % 3]
        own = rng.choice(WORDS[queue].split(), 2).tolist()
        lines.append(f"{' '.join([*own, *rng.choice(every, 3).tolist()])} {row},{queue}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def tickets(tmp_path: Path, own_cache: Path) -> Path:
    return write_tickets(tmp_path / "tickets.csv")


@pytest.fixture
def study(tickets: Path):
    """The text of a study over the tickets."""

    def made(rounds: int = 3, seeds: object = 2, labels: int = 15) -> str:
        return STUDY.format(path=tickets, rounds=rounds, seeds=seeds, labels=labels)

    return made


@pytest.fixture
def written(tmp_path: Path):
    """A record with the numbers that a test states: {arm: {seed: [(cost, items), ...]}}, accuracy the items' mean."""

    def made(arms, shows: str = "[]", rows=None, groups=None, higher: bool = True, value=np.mean, facts=None) -> Record:
        seeds = sorted({seed for curves in arms.values() for seed in curves})
        first, *others = arms
        whole = "{data: {use: digits}, student: {use: vector.logistic}}"
        lines = [f"arms:\n  {first}: {whole}", *(f"  {arm}: {{}}" for arm in others), f"seeds: {seeds}"]
        read = read_text("\n".join([*lines, f"shows: {shows}"]), "stated.yaml")
        folder = tmp_path / f"stated{len(list(tmp_path.glob('stated*')))}"
        write(folder / "resolved.yaml", yaml.safe_dump(read.resolved()))
        record = Record(folder)
        for arm, curves in arms.items():
            for seed, points in curves.items():
                said = facts(arm, seed) if facts else [{}] * len(points)
                _write_arm(record.arm_folder(arm, seed), points, rows, groups, higher, value, said)
        return record

    return made


def _write_arm(place: Path, points, rows, groups, higher, value, facts) -> None:
    (place / "rounds").mkdir(parents=True)
    journal = Journal(place / "events.jsonl")
    for number, (cost, items) in enumerate(points):
        items = np.asarray(items, dtype=np.float32)
        kept = {"accuracy.items": items, "accuracy.rows": np.arange(len(items)) if rows is None else rows(place.name)}
        if groups is not None:
            kept["accuracy.groups"] = groups
        np.savez(place / f"rounds/{number}.npz", **kept)
        scores, spent = {"accuracy": float(value(items.astype(float)))}, {"labels": float(cost)}
        journal.append({"event": "round", "round": number, "step": "0", "asked": 1, "lessons": 1, "spent": spent,
                        "facts": facts[number], "scores": scores, "higher": {"accuracy": higher}, "seconds": 0.5,
                        "digest": str(number), "arrays": f"rounds/{number}.npz"})  # fmt: skip
    journal.append({"event": "end", "digest": place.name, "spent": spent})
    journal.close()
