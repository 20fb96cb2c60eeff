"""The recipe of docs/demonstrations.yaml, whole, on a tiny language model: chosen, shown, examined, exported, loaded."""

from pathlib import Path

import numpy as np
import pytest
import yaml

import tutelage
from tutelage.core.errors import Missing
from tutelage.recipe.fit import fit
from tutelage.recipe.read import read
from tutelage.runs.record import Record
from tutelage.study.summary import summary

RECIPE = Path(__file__).parents[2] / "docs" / "demonstrations.yaml"


def test_the_recipe_fits_and_says_what_must_be_fetched() -> None:
    from tutelage.cli.verb_fetch import needed

    assert list(fit(read(str(RECIPE)))) == ["ideal", "fast_vote_k", "uniform"]
    wanted = ["text-classification", "minilm-onnx", "minilm-tokenizer", "smollm2-135m-instruct"]
    assert needed(str(RECIPE)) == wanted
    assert needed(str(RECIPE), ("student.model=some/folder",)) == wanted[:3]


@pytest.mark.slow
def test_it_runs_and_hands_out_the_student_with_its_demonstrations(tiny_decoder: Path, tmp_path: Path) -> None:
    sets = [f"student.model={tiny_decoder}", "data.pool=60", "data.exam=6", "recall.k=1", "seeds=1"]
    try:
        record: Record = tutelage.run(str(RECIPE), sets, tmp_path / "runs", workers=0)
    except Missing as missing:
        pytest.skip(str(missing))
    assert {record.state(arm, 0).status for arm in ("ideal", "fast_vote_k", "uniform")} == {"done"}
    told = summary(record)
    assert told is not None
    folder = record.arm_folder("uniform", 0) / "model"
    from tutelage.taught import pick

    student = pick(record, told, "uniform", 0).load()
    assert (folder / "recall.json").is_file() and len(student.student.bank.answers) == 50
    said = student.predict(["Who wrote Hamlet ?", "Where is Rome ?"])
    assert said.probs.shape == (2, 6) and np.isfinite(said.probs).all()
    assert yaml.safe_load(RECIPE.read_text())["arms"]["ideal"]["recall"]["k"] == 4
