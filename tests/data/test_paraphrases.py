"""The script of docs/memories: a model says sentences in other words, and the data set takes the file as it is."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tutelage.assets.fetch import asset
from tutelage.core.errors import Missing, Refused
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.data._sentences import source

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_what_a_model_wrote_is_a_foil(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    try:
        held = source(asset("encyclopaedia"), "dev", 8, 28).held[:6].tolist()
        asset("smollm2-135m-instruct")
    except Missing as error:
        pytest.skip(str(error))
    out = tmp_path / "said.jsonl"
    command = [sys.executable, str(ROOT / "docs/memories/paraphrases.py"), str(out), "--count", "6"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert f"{len(rows)} of 6 sentences have a reply" in done.stdout and len(rows) >= 4
    assert [row["text"] for row in rows] == [text for text in held if text in {row["text"] for row in rows}]
    how = {"use": "study_sentences", "study": 1, "split": "dev", "foils": ["paraphrase"], "paraphrases": str(out)}
    made = build("data", how).course(stream(0, "data"))
    said = {row["text"]: row["paraphrase"] for row in rows}
    (mine,) = made.exams["exam"].truth[0].about.examples().texts()
    assert made.exams["exam"].parts["paraphrase"].texts() == [said[mine]]
    with pytest.raises(Refused, match="sentences to study"):
        build("data", {**how, "study": 4}).course(stream(0, "data"))
