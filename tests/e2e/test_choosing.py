"""The measurement behind docs/choosing.md runs as it is shown, and the page can be made from what it writes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tutelage.core.parts import names
from tutelage.recipe.read import read
from tutelage.report.measured import one_data_set, told_apart

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "docs/choice/choosing.py"
TINY = ["--only", "digits", "--set", "data.pool=40", "--set", "budget.labels=20"]


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), "--runs", str(folder / "runs"), "--to", str(folder / "made.json"), *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"})


@pytest.mark.slow
def test_from_the_study_to_the_page(tmp_path: Path) -> None:
    words = [*TINY, "--set", "only=[uniform, typical, margin]", "--seeds", "5"]
    done = run(tmp_path, *words)
    assert done.returncode == 0, done.stderr
    made = json.loads((tmp_path / "made.json").read_text(encoding="utf-8"))
    assert list(made) == ["digits"] and list(made["digits"]["arms"]) == ["uniform", "margin", "typical"]
    for arm, each in made["digits"]["arms"].items():
        assert [cost for cost, _ in each["curve"]] == [10, 20]
        assert each["area"][1] < each["area"][0] < each["area"][2]
        assert (each["holm"] is None) == (arm == "uniform") == (each["against"] is None)
    assert "of 2 cannot be told from it" in told_apart(made)
    assert "359 examples in the exam" in one_data_set("digits", made["digits"])
    text = (tmp_path / "made.json").read_text(encoding="utf-8")
    assert run(tmp_path, *words).returncode == 0  # finished already: the same numbers again
    assert (tmp_path / "made.json").read_text(encoding="utf-8") == text
    other = run(tmp_path, *words, "--set", "per_round=5")
    assert other.returncode != 0 and "a run of this name was made with other settings" in other.stderr


def test_the_study_measures_what_the_room_holds() -> None:
    """Every arm is its strategy with the settings as they come, compared with uniform once."""
    study = read(str(ROOT / "docs/choice/choosing.yaml"))
    for arm, recipe in study.recipes.items():
        assert recipe.choose == {"use": arm} and arm in names("choose")
    assert [one.pair for one in study.study.shows] == [(arm, "uniform") for arm in study.recipes if arm != "uniform"]
    assert study.recipes["uniform"].data["split"] == "test" and len(study.study.seed_list) == 5
