"""Rates of a machine from its runs: non-negative, weighted by what they expect, forgotten when old, told by whom."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.recipe.read import read_text
from tutelage.study.calibration import MOST, Rates, changing, fitted, load, path
from tutelage.study.efforts import Effort, of_fit
from tutelage.study.expect import BYTES, assumed
from tutelage.study.foresee import EVALUATIONS
from tutelage.study.observe import observe, size
from tutelage.study.probe import probe
from tutelage.study.prospect import prospect
from tutelage.study.run import go_on, prepare, start


def test_by_hand() -> None:
    """y = 3 + 2 x: both rates are found. y = 5 - 2 x would need a negative one: what is left does not grow."""
    x = np.column_stack([np.ones(50), np.arange(50.0)])
    assert fitted(x, x @ [3.0, 2.0]) == pytest.approx([3, 2], rel=0.05)
    falling = fitted(x[:3], np.array([5.0, 3, 1]))
    assert falling[1] == 0 and falling[0] == pytest.approx(3)


def test_a_study_of_one_size_says_that_time_grows_with_it() -> None:
    """Every round has 4,000 rows and takes 0.6 s: 9,000 rows take more than twice that, not the same again.

    By hand: c + 4 g = 0.6 with the least 0.02 c^2 + 0.001 (4 g)^2 has 4 g = 20 c, so g = 0.6 * 20 / 21 / 4 = 1 / 7.
    """
    rates = fitted(np.tile([1.0, 4.0], (12, 1)), np.full(12, 0.6))
    assert rates == pytest.approx([0.6 / 21, 1 / 7])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.2, 3), st.floats(0.2, 3))
def test_rates_that_the_rounds_tell_apart_are_recovered(seed: int, one: float, other: float) -> None:
    """Of counts that vary by themselves, but for the slight pull of the penalties; the sum is exact."""
    x = np.random.default_rng(seed).uniform(0.1, 2, (60, 2))
    found = fitted(x, x @ [one, other])
    assert found == pytest.approx([one, other], abs=0.1 * (one + other))
    assert (x @ found).sum() == pytest.approx((x @ [one, other]).sum())


def test_noise_that_grows_with_time_does_not_bend_the_rates() -> None:
    """Times spread by a factor: the sum of what is expected stays near the sum of what it took."""
    rng = np.random.default_rng(3)
    x = np.column_stack([np.ones(400), rng.uniform(0, 50, 400)])
    y = (x @ [0.01, 0.02]) * rng.lognormal(-0.125, 0.5, 400)  # of mean 1
    rates = fitted(x, y)
    assert (x @ rates).sum() == pytest.approx(y.sum(), rel=0.02)
    assert rates[1] == pytest.approx(0.02, rel=0.1)


def test_few_small_fits_are_not_followed_far_beyond_them() -> None:
    """10 to 40 lessons took 12 to 48 evaluations: 3,000 lessons are not said to take 3,600, but what the most took, or
    what is assumed of a student that was never fitted here, whichever is more.
    """
    rates = Rates()
    for rows in (10, 20, 30, 40):
        rates.add(of_fit("text.linear", rows), 1.2 * rows)
    tell = assumed(rates).evaluations
    assert tell("text.linear", 20) == pytest.approx(24, rel=0.05)
    assert tell("text.linear", 3000) == max(48, EVALUATIONS)
    assert tell("text.other", 20) == EVALUATIONS


def test_a_method_goes_by_its_own_rates_then_by_its_stage() -> None:
    rates = Rates()
    assert rates.tell(Effort("choose", "slow", (1.0, 1.0))).by == ""
    for n in range(1, 6):
        rates.add(Effort("choose", "slow", (1.0, float(n))), 10.0 * n)
    assert rates.tell(Effort("choose", "slow", (1.0, 7.0))) == (pytest.approx(70, rel=0.01), "method")
    assert rates.tell(Effort("choose", "new", (1.0, 7.0))) == (pytest.approx(70, rel=0.01), "stage")
    assert rates.tell(Effort("teach", "new", (1.0, 7.0))).by == ""


def test_old_rounds_are_forgotten() -> None:
    rates = Rates()
    for number in range(MOST + 50):
        rates.add(Effort("choose", "a", (1.0,)), float(number >= 50))
    assert len(rates.rows["choose a"]) == MOST and rates.tell(Effort("choose", "a", (1.0,))).value == pytest.approx(1)


def test_the_cache_holds_what_was_added_and_an_older_version_is_left_alone(own_cache) -> None:
    with changing() as rates:
        rates.add(Effort("choose", "a", (1.0,)), 2.0)
        rates.speeds["worker"] = 0.5
    assert load().rows == {"choose a": [[1.0, 2.0]]} and load().speeds == {"worker": 0.5}
    path().write_text(json.dumps({"version": 0, "rows": {"choose a": [[1.0]]}}))
    assert load().rows == {}


def test_a_run_is_learned_from_once(study, tmp_path: Path) -> None:
    """3 arms at 2 seeds: a start and 3 rounds each, twice 3 where the arm has two steps."""
    record = start(prepare(read_text(study(), "s.yaml")), tmp_path / "runs")
    assert go_on(record, 0) == "done"
    rates = load()
    assert observe(record) == 0 and load().rows == rates.rows and len(rates.runs) == 6
    assert len(rates.rows["learn refit text.linear"]) == 2 * (4 + 7 + 4)
    assert len(rates.rows["choose margin"]) == 2 * 2 * 3 and len(rates.rows["teach self_training"]) == 2 * 3
    assert len(rates.rows["data table"]) == len(rates.rows["disk text.linear"]) == 6
    assert sum(row[-1] for row in rates.rows["disk text.linear"]) == size(record.folder / "arms")
    clocks = [
        row[-1]
        for key, rows in rates.rows.items()
        for row in rows
        if key.partition(" ")[0] in {"choose", "learn", "rest"}
    ]
    assert min(clocks) >= 0 and sum(clocks) > 0
    evaluations = [row[-1] for row in rates.rows["evaluations text.linear"]]
    assert min(evaluations) > 0 and 5 < np.median(evaluations) < 50  # 3 rows have other n-grams than the mean text


def test_the_counts_are_those_of_the_rounds(study, tmp_path: Path) -> None:
    """By hand: 90 rows of pool less 3 of the start; rounds of 4 out of 87, 83, 79; held 3, 7, 11."""
    record = start(prepare(read_text(study(seeds=1), "s.yaml", ("only=[margin]", "control=none"))), tmp_path / "runs")
    go_on(record, 0)
    counts = [row[:-1] for row in load().rows["choose margin"]]
    assert counts == [
        pytest.approx([1, n / 1e3, n * 4 / 1e6, n * held / 1e6]) for n, held in ((87, 3), (83, 7), (79, 11))
    ]


def test_after_a_run_another_recipe_has_its_seconds(study, tmp_path: Path) -> None:
    other = read_text(study(labels=27, rounds=6, seeds=3), "s.yaml", ("choose.use=entropy",))
    blind = prospect(other, load(), 1)
    assert blind.seconds.value is None and "--calibrate" in blind.seconds.why
    assert blind.disk.sure == "estimated" and "usual" in blind.disk.why
    go_on(start(prepare(read_text(study(), "s.yaml")), tmp_path / "runs"), 0)
    told = prospect(other, load(), 1)
    assert told.seconds.value > 0 and told.wall.value > told.seconds.value / 10
    assert "rounds on this machine" in told.seconds.why and "entropy has not run here yet" in told.seconds.why
    assert "margin" not in told.seconds.why


def test_disk_scales_with_what_was_written_here(study, own_cache) -> None:
    """An arm that took twice the usual bytes makes another expect twice the usual."""
    read = read_text(study(), "s.yaml")
    usual = prospect(read, Rates(), 1).disk.value
    counts = (1.0, 5.0, 2.0, 1.0, 0.5, 3.0)
    rates = Rates({"disk text.linear": [[*counts, 2 * sum(a * b for a, b in zip(BYTES, counts, strict=True))]]})
    assert prospect(read, rates, 1).disk.value == pytest.approx(2 * usual)


@pytest.mark.slow
def test_a_probe_is_enough_for_seconds(own_cache) -> None:
    probe()
    rates = load()
    assert {"choose uniform", "choose margin", "teach self_training", "learn refit vector.mlp"} <= rates.rows.keys()
    assert rates.speeds["worker"] > 0.05
    text = "arms:\n  a: {data: {use: digits}, student: {use: vector.logistic}, per_round: 5}\nbudget: {labels: 50}\ncontrol: none\n"
    assert prospect(read_text(text, "s.yaml"), rates, 2).wall.value > 0
