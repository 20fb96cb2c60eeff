"""Lifetimes in the layout of l2logger, and our numbers for them beside those of l2metrics (see reference_lifelong.py)."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from tutelage.core.errors import Refused
from tutelage.kit.lifelong import measured
from tutelage.kit.lifetimes import Lifetime, prepared
from tutelage.study.lifelong_logs import read_logs, write_logs

HERE = Path(__file__).parent / "lifelong"
PEER = json.loads((HERE / "l2metrics.json").read_text(encoding="utf-8"))
NAMES = {
    "perf_recovery": "pr",
    "avg_train_perf": "mtp",
    "avg_eval_perf": "mep",
    "perf_maintenance_mrlep": "pm",
    "perf_maintenance_mrtlp": "pm_mrtlp",
    "forward_transfer_ratio": "ft",
    "backward_transfer_ratio": "bt",
    "forward_transfer_contrast": "ft_contrast",
    "backward_transfer_contrast": "bt_contrast",
    "ste_rel_perf": "rp",
    "sample_efficiency": "se",
}
SETTINGS = {
    "default": ({}, {}),
    "curves": ({}, {"runs": "curves"}),
    "clamped": ({"clamp": True}, {"over": "median"}),
    "plain": ({"smooth": False, "scale": False}, {}),
}
TINY = Lifetime(np.array([0, 0, 1, 1]), np.array([False, False, True, True]), np.array(["a", "b", "a", "a"]),
                np.array([3, 4, 5, 9]), np.array([0.1, 1 / 3, 2.0, -1.0]))  # fmt: skip


def ours(name: str):
    scenario, setting = name.split("/")
    experts: dict[str, list[np.ndarray]] = {}
    for folder in sorted((HERE / scenario).glob("expert-*")):
        one = read_logs(folder)
        experts.setdefault(str(one.task[0]), []).append(one.performance)
    before, after = SETTINGS[setting]
    return measured(prepared(read_logs(HERE / scenario / "life"), experts, **before), **after)


def test_every_scenario_and_setting_is_compared() -> None:
    scenarios = {path.name for path in HERE.iterdir() if path.is_dir()}
    assert set(PEER["numbers"]) == {f"{one}/{setting}" for one in scenarios for setting in SETTINGS}
    assert len(scenarios) >= 2 and PEER["versions"]["l2metrics"] == "3.1.0"


@pytest.mark.parametrize("name", PEER["numbers"])
def test_the_lifetime_agrees_with_the_authors_package(name: str) -> None:
    """Its report rounds a lifetime's numbers to ten decimals."""
    mine = ours(name)
    peer = {NAMES[key]: np.nan if value is None else value for key, value in PEER["numbers"][name]["lifetime"].items()}
    assert mine.lifetime.keys() == peer.keys()
    assert mine.lifetime == pytest.approx(peer, rel=1e-9, abs=2e-10, nan_ok=True)
    assert sum(np.isfinite(list(peer.values()))) >= 10  # at most pr is undefined, where no task comes back


@pytest.mark.parametrize("name", PEER["numbers"])
def test_every_task_and_pair_agrees_with_the_authors_package(name: str) -> None:
    mine = ours(name)
    compared = 0
    for task, own in PEER["numbers"][name]["tasks"].items():
        row = mine.tasks.index(task)
        for key, value in own.items():
            if isinstance(value, dict):
                theirs = [value.get(tested, [np.nan])[0] for tested in mine.tasks]
                assert mine.pairs[NAMES[key]][row] == pytest.approx(theirs, rel=1e-9, nan_ok=True), key
            else:
                assert mine.per_task[NAMES[key]][row] == pytest.approx(value, rel=1e-9, abs=1e-9, nan_ok=True), key
            compared += 1
    assert compared == len(mine.tasks) * len(NAMES)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Task names come back in lower case, everything else to the last bit."""
    made = read_logs(write_logs(tmp_path / "log", TINY._replace(task=np.array(["A b", "B", "A b", "A b"]))))
    assert made.task.tolist() == ["a b", "b", "a b", "a b"]
    for name in ("block", "train", "experience", "performance"):
        assert getattr(made, name).tolist() == getattr(TINY, name).tolist()


def test_the_layout(tmp_path: Path) -> None:
    """One file a block, the columns of log format 1.1, time stamps that rise."""
    write_logs(tmp_path / "log", TINY, "condensed")
    assert json.loads((tmp_path / "log/logger_info.json").read_text())["metrics_columns"] == ["performance"]
    assert json.loads((tmp_path / "log/scenario_info.json").read_text())["scenario_type"] == "condensed"
    found = sorted(str(path.relative_to(tmp_path / "log")) for path in (tmp_path / "log").rglob("*.tsv"))
    assert found == ["worker-default/0-test/data-log.tsv", "worker-default/1-train/data-log.tsv"]
    with (tmp_path / "log" / found[1]).open(newline="") as file:
        lines = list(csv.DictReader(file, delimiter="\t"))
    assert [line["exp_num"] for line in lines] == ["5", "9"] and lines[0]["block_type"] == "train"
    assert lines[0]["timestamp"] == "19700101T000000.000002" and lines[0]["task_params"] == "{}"


def test_lines_that_are_no_experience_are_left_out(tmp_path: Path) -> None:
    """An incomplete experience, and one whose performance was not logged: two of four lines remain."""
    write_logs(tmp_path / "log", TINY)
    path = tmp_path / "log/worker-default/1-train/data-log.tsv"
    path.write_text(path.read_text().replace("complete", "incomplete", 1))
    path = tmp_path / "log/worker-default/0-test/data-log.tsv"
    path.write_text(path.read_text().replace("0.1\n", "\n"))
    assert read_logs(tmp_path / "log").performance.tolist() == [1 / 3, -1.0]


def test_what_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"no data-log\.tsv"):
        read_logs(tmp_path)
    with pytest.raises(Refused, match="differ in case only"):
        write_logs(tmp_path / "case", TINY._replace(task=np.array(["a", "A", "a", "a"])))
    folder = write_logs(tmp_path / "log", TINY)
    with pytest.raises(Refused, match="logs in this folder already"):
        write_logs(folder, TINY)
    with pytest.raises(Refused, match="line 2: not a line of these logs: 'reward'"):
        read_logs(folder, "reward")
