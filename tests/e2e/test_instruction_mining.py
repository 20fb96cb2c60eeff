"""The fit of a quality rule runs as it is shown, and the claim's rule is the one that the stored numbers give."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tutelage.core.rng import stream
from tutelage.kit.quality_fit import Fitted, fitted
from tutelage.papers.read import paper
from tutelage.recipe.read import read

ROOT = Path(__file__).parents[2]
SCRIPT, STUDY, STORED = (ROOT / f"docs/choice/instruction-mining.{kind}" for kind in ("py", "yaml", "json"))
TINY = [
    "data.of={use: worked_problems, task: base, prompts: 12, exam: 6}", "per_round=20", "order.tokens=400",
    "student={use: text.tiny, hidden: 16, layers: 1, heads: 2, window: 512}", "teach={use: recorded, indicators: [len, mtld]}",
]  # fmt: skip


def again(made: Any, names: tuple[str, ...], **how: Any) -> Fitted:
    """The rule of the numbers in the file, by another reading of them than the script's."""
    rows = [[one[name] for name in (*names, "reply_loss")] for one in made["sets"].values()]
    table = np.array(rows)
    return fitted(table[:, :-1], table[:, -1], names, stream(0, "fit"), **how)


def same(made: Any, rule: Fitted) -> bool:
    told = made["fitted"]
    return (
        told["coefficients"] == pytest.approx(rule.rule())
        and told["loo_r2"] == pytest.approx(rule.loo_r2)
        and told["p"] == rule.p
    )


@pytest.mark.slow
def test_from_the_study_to_the_rule(tmp_path: Path) -> None:
    """Eight mixtures of sums, learned by a decoder of one layer; run twice, the second time nothing is left to do."""
    words = ["--runs", str(tmp_path / "runs"), "--to", str(tmp_path / "made.json"), "--seeds", "8"]
    command = [sys.executable, str(SCRIPT), *words, *(word for one in TINY for word in ("--set", one))]
    where = {**os.environ, "OMP_NUM_THREADS": "1", "TUTELAGE_CACHE": str(tmp_path / "cache")}
    texts = []
    for _ in range(2):
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=where)
        assert done.returncode == 0, done.stderr
        texts.append((tmp_path / "made.json").read_text(encoding="utf-8"))
    assert texts[0] == texts[1]
    made = json.loads(texts[0])
    assert list(made["sets"]) == [str(seed) for seed in range(8)]
    rule = again(made, ("len", "mtld"))
    assert same(made, rule if rule.kept.any() else again(made, ("len", "mtld"), alpha=None))


def test_the_rule_of_the_claim_is_that_of_its_probe() -> None:
    """Before the claim, on other questions, with the same student and as many rows and tokens."""
    study, made = read(str(STUDY)), json.loads(STORED.read_text(encoding="utf-8"))
    probe, selected = study.recipes["probe"], paper("cao2023_instruction_mining")[1].recipes["selected"]
    names = tuple(probe.teach["indicators"])
    rule = again(made, names)
    rule = rule if rule.kept.any() else again(made, names, alpha=None)
    assert same(made, rule) and len(made["sets"]) == len(study.study.seed_list)
    assert selected.choose["coefficients"] == pytest.approx(rule.rule(), rel=1e-3)
    assert selected.choose.get("encoder") == probe.teach["encoder"]
    assert probe.data["of"]["split"] == "dev" and selected.data["of"].get("split", "test") == "test"
    for part in ("student", "order", "learn", "per_round"):
        assert getattr(selected, part) == getattr(probe, part)
