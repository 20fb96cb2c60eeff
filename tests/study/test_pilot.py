"""Seeds needed from an earlier run's spread."""

import numpy as np
import pytest

from tutelage.core.errors import Refused
from tutelage.kit.intervals import Components, components, power, seeds_needed, squares
from tutelage.recipe.read import read_text
from tutelage.runs.record import Record
from tutelage.study.pilot import SEEDS, latest, needs, table

SHOWS = "[{treatment: a, control: b}]"


def right(seed: int, shift: float) -> list[float]:
    rng = np.random.default_rng(seed)
    return (rng.random(60) < 0.6 + shift + 0.03 * rng.standard_normal()).astype(float).tolist()


def test_by_the_components_of_the_differences(written) -> None:
    """The needs of a condition are those of its own table of differences, worked out apart from any record."""
    arms = {arm: {seed: [(10, right(10 * seed + k, 0.1 * k))] for seed in range(6)} for k, arm in enumerate("ab")}
    found = needs(written(arms, SHOWS), 0.05, planned=8)
    assert len(found) == 1 and found[0].items == 60
    differences = np.array([np.subtract(arms["a"][s][0][1], arms["b"][s][0][1]) for s in range(6)])
    spread = components(squares(differences))
    assert found[0].spread == pytest.approx(spread)
    assert found[0].power == pytest.approx(power(0.05, spread, 8, 60))
    assert found[0].seeds == seeds_needed(0.05, spread, 60)


def test_fewer_than_five_seeds_say_what_is_needed(written) -> None:
    arms = {arm: {seed: [(10, right(seed, 0.0))] for seed in range(4)} for arm in "ab"}
    with pytest.raises(Refused, match="takes 5 seeds"):
        needs(written(arms, SHOWS), 0.05, 5)


def test_the_table_is_the_power_of_a_paired_t() -> None:
    """A spread as large as the effect needs 10 seeds for 80 % by the noncentral t: tables say 10."""
    lines = {line.deviation: line.power for line in table(0.02)}
    assert lines[0.02] == pytest.approx([power(0.02, Components(0.02**2, 0, 0), n, 1) for n in SEEDS])
    assert lines[0.02][1] >= 0.8 > power(0.02, Components(0.02**2, 0, 0), 9, 1)
    assert lines[0.04][0] < lines[0.02][0] < lines[0.01][0]


def test_the_newest_finished_run_of_the_same_arms(written, tmp_path) -> None:
    arms = {arm: {seed: [(10, right(seed, 0.0))] for seed in range(5)} for arm in "ab"}
    record = written(arms, SHOWS)
    whole = "{data: {use: digits}, student: {use: vector.logistic}}"
    same = read_text(f"arms:\n  a: {whole}\n  b: {{}}\nseeds: 20\ncontrol: none\n", "s.yaml")
    assert latest(same, tmp_path) == Record(record.folder)
    other = read_text(f"arms:\n  a: {whole}\n  b: {{choose: {{use: margin}}}}\ncontrol: none\n", "s.yaml")
    assert latest(other, tmp_path) is None
    (record.arm_folder("b", 4) / "events.jsonl").unlink()
    assert latest(same, tmp_path) is None  # not finished
