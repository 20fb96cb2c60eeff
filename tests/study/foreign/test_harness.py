"""Logs that lm-evaluation-harness wrote itself (see fixtures/make_logs.py), against the lines read one by one."""

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from tutelage.core.errors import Refused
from tutelage.study.foreign.columns import Asked
from tutelage.study.foreign.read import sheet

LOGS = Path(__file__).parent / "fixtures" / "harness"


def log(arm: str, task: str) -> Path:
    (path,) = (LOGS / arm).glob(f"samples_{task}_*.jsonl")
    return path


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def results(arm: str) -> dict:
    (path,) = (LOGS / arm).glob("results_*.json")
    return json.loads(path.read_text())


@pytest.mark.parametrize("arm", ["one", "two"])
@pytest.mark.parametrize("task", ["tiny_choice", "tiny_last", "tiny_write"])
def test_columns_are_the_lines(arm: str, task: str) -> None:
    read = sheet(log(arm, task), Asked())
    assert read.format == "lm-eval" and len(read.scores) == 2
    for one in read.scores:
        metric, _, filter_ = one.name.partition(",")
        mine = [line for line in lines(log(arm, task)) if line["filter"] == filter_]
        assert one.task == task and len(mine) == 30
        assert one.items.to_pylist() == [str(line["doc_id"]) for line in mine]
        assert one.values.tolist() == [line[metric] for line in mine]
        assert one.prints.to_pylist() == [line["doc_hash"] for line in mine]


@pytest.mark.parametrize("arm", ["one", "two"])
def test_means_are_the_results_that_the_tool_computed(arm: str) -> None:
    told = results(arm)["results"]
    for one in sheet(LOGS / arm, Asked()).scores:
        mean = one.values.mean()
        assert told[one.task][one.name] == pytest.approx(math.exp(-mean) if "perplexity" in one.name else mean)


def test_a_folder_holds_all_tasks_and_what_is_no_number_is_left_out() -> None:
    read = sheet(LOGS / "one", Asked())
    assert [one.title for one in read.scores] == [
        "tiny_choice/acc,none", "tiny_choice/acc_norm,none", "tiny_last/perplexity,none", "tiny_last/acc,none",
        "tiny_write/exact_match,whole", "tiny_write/exact_match,any-letter",
    ]  # fmt: skip
    assert any("tiny_rolling/word_perplexity" in note and "no number; left out" in note for note in read.notes)
    assert [one.title for one in sheet(LOGS / "one", Asked(metric="acc")).scores] == [
        "tiny_choice/acc,none",
        "tiny_last/acc,none",
    ]
    with pytest.raises(Refused, match="no measure has a number for each item"):
        sheet(log("one", "tiny_rolling"), Asked())


def test_perplexity_of_a_task_is_a_log_likelihood_of_a_document() -> None:
    """The results say that less perplexity is better; the documents' values are log-likelihoods, so more is."""
    assert results("one")["higher_is_better"]["tiny_last"]["perplexity"] is False
    (one,) = sheet(log("one", "tiny_last"), Asked(metric="perplexity")).scores
    assert one.higher is True and not one.trouble and (one.values < 0).all()


def copied(tmp_path: Path, change=lambda told: told) -> Path:
    """The folder of one task, with other results beside it."""
    for path in (log("one", "tiny_choice"), *(LOGS / "one").glob("results_*")):
        shutil.copy(path, tmp_path / path.name)
    (path,) = tmp_path.glob("results_*")
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    return tmp_path


def test_less_is_better_where_the_results_say_so_of_a_mean(tmp_path: Path) -> None:
    def change(told: dict) -> dict:
        told["higher_is_better"]["tiny_choice"]["acc"] = False
        return told

    scores = sheet(copied(tmp_path, change), Asked()).scores
    assert {one.name: one.higher for one in scores} == {"acc,none": False, "acc_norm,none": True}


def test_a_result_that_is_no_mean_of_its_documents_is_trouble(tmp_path: Path) -> None:
    def change(told: dict) -> dict:
        told["results"]["tiny_choice"]["acc,none"] = 0.99
        return told

    (one,) = sheet(copied(tmp_path, change), Asked(metric="acc")).scores
    assert "no mean of its documents' values" in one.trouble


def test_without_results_more_is_taken_and_said_so(tmp_path: Path) -> None:
    shutil.copy(log("one", "tiny_choice"), tmp_path / "renamed.jsonl")
    read = sheet(tmp_path / "renamed.jsonl", Asked())
    assert [(one.title, one.higher) for one in read.scores] == [("acc,none", None), ("acc_norm,none", None)]
    assert all("more is taken" in note for note in read.notes) and len(read.notes) == 2


def test_broken_results_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="this is no results file"):
        sheet(copied(tmp_path, lambda told: {"other": 1}), Asked())


def test_a_task_several_times_in_a_folder_is_several_seeds(tmp_path: Path) -> None:
    later = {"one": "2026-01-02T00-00-00.1", "two": "2026-01-01T00-00-00.1"}
    for arm, time in later.items():
        shutil.copy(log(arm, "tiny_choice"), tmp_path / f"samples_tiny_choice_{time}.jsonl")
    read = sheet(tmp_path, Asked(metric="acc"))
    (one,) = read.scores
    assert one.draws.to_pylist() == ["1"] * 30 + ["2"] * 30 and any("taken as seeds" in note for note in read.notes)
    assert one.values[:30].tolist() == [line["acc"] for line in lines(log("two", "tiny_choice"))]


def test_groups_are_a_field_of_the_document() -> None:
    (one,) = sheet(log("one", "tiny_choice"), Asked(metric="acc", group="answer")).scores
    assert one.groups.to_pylist() == [str(line["doc"]["answer"]) for line in lines(log("one", "tiny_choice"))]
    with pytest.raises(
        Refused, match=r"line 1, field doc\.author: a text or a whole number is expected, found nothing"
    ):
        sheet(log("one", "tiny_choice"), Asked(group="author"))


def test_results_file_and_folders_of_several_models_are_refused() -> None:
    (path,) = (LOGS / "one").glob("results_*")
    with pytest.raises(Refused, match="results of whole tasks"):
        sheet(path, Asked())
    with pytest.raises(Refused, match="2 folders below it: one, two"):
        sheet(LOGS, Asked())


def test_older_logs_without_a_list_of_metrics(tmp_path: Path) -> None:
    rows = [
        {k: v for k, v in line.items() if k not in ("metrics", "filter")} for line in lines(log("one", "tiny_choice"))
    ]
    (tmp_path / "old.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    read = sheet(tmp_path / "old.jsonl", Asked())
    assert [one.name for one in read.scores] == ["acc", "acc_norm"]
    assert np.array_equal(read.scores[0].values, [row["acc"] for row in rows])
