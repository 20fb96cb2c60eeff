"""One arm at one seed of a run, several beside each other."""

from pathlib import Path

import pytest

from tutelage.core.errors import Refused
from tutelage.recipe.read import read_text
from tutelage.study.run import go_on, prepare, start
from tutelage.study.single import single


def begun(study, tmp_path: Path, name: str = ""):
    return start(prepare(read_text(study(rounds=2), "s.yaml")), tmp_path / "runs", (), name)


def test_jobs_one_by_one_end_in_the_record_of_a_whole_run(study, tmp_path: Path) -> None:
    whole, apart = begun(study, tmp_path, "whole"), begun(study, tmp_path, "apart")
    go_on(whole, 0)
    for seed in (1, 0):
        for arm in ("uniform", "selftrained", "margin"):
            assert apart.digest() == ""
            assert single(apart, arm, seed) == "done"
    assert apart.digest() == whole.digest() != ""
    assert single(apart, "margin", 0) == "done" and go_on(apart, 0) == "done"


def test_they_run_beside_each_other_and_not_beside_a_whole_run(study, tmp_path: Path) -> None:
    record = begun(study, tmp_path)
    with record.lock(alone=False):
        assert single(record, "margin", 0) == "done"
        with pytest.raises(Refused, match="is working on this run"):
            go_on(record, 0)
    with record.lock(), pytest.raises(Refused, match="is working on this run"):
        single(record, "margin", 1)


def test_refusals(study, tmp_path: Path, tickets: Path) -> None:
    record = begun(study, tmp_path)
    with pytest.raises(Refused, match="has no arm 'margn'(.|\n)*did you mean 'margin'"):
        single(record, "margn", 0)
    with pytest.raises(Refused, match="has no seed 7(.|\n)*its seeds: 0, 1"):
        single(record, "margin", 7)
    tickets.write_text(tickets.read_text(encoding="utf-8").replace(",rent", ",card"), encoding="utf-8")
    with pytest.raises(Refused, match="the data changed since"):
        single(record, "margin", 0)
    assert not (record.folder / "arms").exists()
