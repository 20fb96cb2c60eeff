"""An audit of memory as a person runs it: with and without privacy, of texts, and of somebody's own file."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tutelage.assess.exposure import by_chance
from tutelage.runs.record import Record
from tutelage.study.summary import summary

ROOT = Path(__file__).parents[2]
TEXTS = """
arms:
  open:
    data: {use: canaries, of: {use: passages, path: rules}, count: 12, repeats: 8, candidates: 32, digits: 4}
    student: {use: text.tiny, hidden: 32, layers: 1, heads: 2, window: 64}
    teach: {use: itself}
    learn: {use: gradient, passes: 30, batch: 16, lr: 0.01}
    assess:
      - {use: exposure, of: text, on: canaries}
      - {use: exposure, of: text, on: never_taught}
      - {use: membership, of: text, on: never_taught, only: canary}
    rounds: 1
seeds: 1
control: none
"""
OWN = """
arms:
  mine:
    data: {use: table, path: tickets.csv, text: body, label: queue}
    student: {use: text.linear}
    choose: {use: uniform}
    assess: [{use: accuracy}, {use: membership}]
    per_round: 40
    rounds: 2
seeds: 1
control: none
"""


def last(record: Record, arm: str, seed: int) -> dict[str, float]:
    """Scores after the last round."""
    lines = (record.arm_folder(arm, seed) / "events.jsonl").read_text(encoding="utf-8").splitlines()
    told = [json.loads(line) for line in lines]
    scores: dict[str, float] = [line["scores"] for line in told if line.get("scores")][-1]
    return scores


def ran(cli: Any, folder: Path, *args: str) -> Record:
    done = cli("run", *args)
    assert done.code in (0, 4), done.err
    (made,) = (folder / "runs").iterdir()
    return Record(made)


@pytest.mark.slow
def test_the_recipe_of_the_guide(cli: Any, at_home: Path) -> None:
    """Without privacy every secret is found. With epsilon 3 it is about chance, and the audit's bound below epsilon."""
    record = ran(cli, at_home, str(ROOT / "docs/privacy/audit.yaml"), "--set", "seeds=[900]")
    free, private = (last(record, arm, 900) for arm in ("open", "private"))
    chance = by_chance(10)
    assert free["exposure_canaries"] == pytest.approx(np.log2(10), abs=0.05) and free["secrets_found_canaries"] > 0.95
    spread = np.std(np.log2(10 / np.arange(1, 11))) / np.sqrt(40)  # of the mean over some forty canaries
    for one in (free["exposure_never_taught"], private["exposure_never_taught"]):
        assert abs(one - chance) < 4 * spread
    assert private["exposure_canaries"] < chance + 0.5 and private["audited_epsilon"] <= 3
    assert free["audited_epsilon"] > 2 and free["membership_never_taught"] > 0.95
    assert any("scores of membership" in note for note in summary(record).notes)


@pytest.mark.slow
def test_texts_that_were_read_eight_times_in_a_pass(cli: Any, at_home: Path) -> None:
    (at_home / "rules").mkdir()
    for i in range(24):
        (at_home / "rules" / f"{i}.md").write_text(f"# Rule {i}\n\nWhoever comes on day {i} signs the book.")
    (at_home / "texts.yaml").write_text(TEXTS)
    found = last(ran(cli, at_home, "texts.yaml"), "open", 0)
    assert found["exposure_canaries"] > 4 and found["membership"] > 0.95
    assert found["exposure_never_taught"] < 3.5 and found["exposure_by_chance_canaries"] == pytest.approx(by_chance(32))


def test_a_file_of_ones_own(cli: Any, at_home: Path, tickets_csv: Path) -> None:
    """Members are the lessons bought so far, none of them before the first round."""
    (at_home / "own.yaml").write_text(OWN)
    record = ran(cli, at_home, "own.yaml")
    found = last(record, "mine", 0)
    assert 0.5 < found["membership"] <= 1 and -1 <= found["membership_advantage"] <= 1


@pytest.mark.slow
def test_the_recipe_of_the_cloze(cli: Any, at_home: Path, tiny_decoder: Path) -> None:
    """Whole, on a tiny language model whose first byte stands for the word: taught privately, and audited."""
    rows = [f"film {i} is {'fine' if i % 2 else 'dull'},{'positive' if i % 2 else 'negative'}" for i in range(32)]
    (at_home / "films.csv").write_text("\n".join(["text,label", *rows]))
    sets = ["seeds=[900]", "data={use: table, path: films.csv, label: label}", f"student.model={tiny_decoder}",
            "student.pattern='{x} It was '", "learn.passes=2", "learn.batch=12", "only=[private]"]  # fmt: skip
    recipe = str(ROOT / "docs/privacy/cloze.yaml")
    record = ran(cli, at_home, recipe, *(part for one in sets for part in ("--set", one)))
    assert summary(record).cost["epsilon"] <= 8
    assert last(record, "private", 900).keys() >= {"accuracy", "membership"}
