"""A rule from a run: what was taught and what came out are read from the record of real jobs."""

from pathlib import Path

import pytest

from tutelage.core.errors import Missing, Refused
from tutelage.core.rng import stream
from tutelage.recipe.read import read_text
from tutelage.runs.record import Record
from tutelage.study.measure import told
from tutelage.study.quality import fit_rule
from tutelage.study.run import go_on, prepare, start

RECIPE = """
data: {{use: spoilt, of: {{use: worked_problems, prompts: 6, exam: 3}}}}
student: {{use: text.causal, model: "{model}"}}
choose: {{use: uniform}}
teach: {{use: recorded, indicators: [len, mtld]}}
learn: {{use: nothing}}
assess: [{{use: reply_loss}}]
rounds: 1
per_round: 10
seeds: 6
"""


@pytest.fixture
def record(tiny_decoder: Path, tmp_path: Path) -> Record:
    try:
        prepared = prepare(read_text(RECIPE.format(model=tiny_decoder), "probe.yaml"))
    except Missing as error:
        pytest.skip(str(error))
    made = start(prepared, tmp_path / "runs")
    assert go_on(made, 0) == "done"
    return made


def test_reads_what_each_set_was_and_refuses_losses_that_are_all_alike(record: Record) -> None:
    """Nothing learns here, so every loss is that of the first student, while the sets differ."""
    lengths = told(record, "probe", "len")
    assert len(lengths) == 6 and len(set(lengths.tolist())) > 1
    with pytest.raises(Refused, match="for all sets"):
        fit_rule(record, ("len", "mtld"), stream(0, "fit"))
    with pytest.raises(Refused, match="no stage said a fact called 'ppl'"):
        fit_rule(record, ("ppl",), stream(0, "fit"))
