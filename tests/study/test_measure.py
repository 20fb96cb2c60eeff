"""Curves, their last value and their mean height, against numbers worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from tutelage.core.errors import Refused
from tutelage.recipe.conditions import Contrast, Measure
from tutelage.study.contrast import differences, needed
from tutelage.study.measure import censored, curve, items, per_seed, told, weights

LAST, AREA = Measure(use="last"), Measure(use="area")


def test_by_hand(written) -> None:
    """Items (0 0), (1 0), (1 1) at 10, 20, 40 labels: values 0, .5, 1; last 1.

    Area: (.25 x 10 + .75 x 20) / 30 = 17.5 / 30. Item one is right from 20 on: (.5 x 10 + 1 x 20) / 30 = 25 / 30;
    item two only at 40: .5 x 20 / 30 = 10 / 30; their mean is the area.
    """
    record = written({"a": {0: [(10, [0, 0]), (20, [1, 0]), (40, [1, 1])]}})
    assert curve(record, "a", 0, LAST).costs.tolist() == [10, 20, 40]
    assert per_seed(record, "a", LAST).tolist() == [1.0]
    assert per_seed(record, "a", AREA) == pytest.approx([17.5 / 30])
    assert items(record, "a", 0, AREA).values == pytest.approx([25 / 30, 10 / 30])
    assert items(record, "a", 0, LAST).values.tolist() == [1, 1]


def test_arms_are_compared_at_costs_that_both_reached(written) -> None:
    """a: 0 at 10, 1 at 30; b: .5 at 20, .5 at 25. Both reached 20 to 25.

    There a's last value is 0 throughout, so its last and its area are 0, whatever it was at 30; b's are .5.
    """
    record = written({"a": {0: [(10, [0, 0]), (30, [1, 1])]}, "b": {0: [(20, [1, 0]), (25, [1, 0])]}})
    for measure in (LAST, AREA):
        assert per_seed(record, "a", measure, ["b"]).tolist() == [0.0]
        assert per_seed(record, "b", measure, ["a"]).tolist() == [0.5]
    assert per_seed(record, "a", AREA).tolist() == [0.5]  # alone: over its own range


def test_no_common_cost_is_nan(written) -> None:
    record = written({"a": {0: [(10, [0])]}, "b": {0: [(20, [1])]}})
    assert np.isnan(per_seed(record, "a", LAST, ["b"])).all()


def test_several_points_at_one_cost_are_the_last_of_them(written) -> None:
    record = written({"a": {0: [(10, [0]), (10, [1]), (20, [1])]}})
    assert curve(record, "a", 0, LAST).values.tolist() == [1, 1]


def test_an_unknown_score_is_refused_with_the_nearest(written) -> None:
    with pytest.raises(Refused, match="did you mean 'accuracy'"):
        curve(written({"a": {0: [(10, [0])]}}), "a", 0, Measure(of="acuracy"))


def test_an_unfinished_seed_is_nan(written) -> None:
    record = written({"a": {0: [(10, [1])], 1: [(10, [1])]}})
    journal = record.arm_folder("a", 1) / "events.jsonl"
    journal.write_text("\n".join(journal.read_text().splitlines()[:-1]) + "\n")
    assert np.isnan(per_seed(record, "a", LAST)).tolist() == [False, True]


COSTS = some.lists(some.integers(0, 60), min_size=1, max_size=8, unique=True).map(
    lambda found: np.array(sorted(found), dtype=np.float64)
)


@given(COSTS, some.sampled_from(["last", "area"]), some.integers(0, 60), some.integers(0, 60))
def test_weights_sum_to_one_or_nothing(costs, use, low, high) -> None:
    """So a constant curve has the constant as last value and as area, and no weight is negative."""
    made = weights(costs, use, (low, high))
    assert (made >= 0).all()
    assert made.sum() == pytest.approx(1.0 if low <= high and costs[0] <= high else 0.0)


@given(COSTS)
def test_the_area_is_numpys_trapezoid(costs) -> None:
    values = np.sqrt(costs)
    made = weights(costs, "area", (costs[0], costs[-1])) @ values
    width = costs[-1] - costs[0]
    assert made == pytest.approx(np.trapezoid(values, costs) / width if width else values[0])


def test_cost_to_a_level(written) -> None:
    """a: .5 at 20, 1 at 40; b: never above .5, up to 50 labels. The common costs are 10 to 40.

    To .5: a 20, b 10. To .75: a 40, b is censored at 40. The level .25 is reached where the curves begin.
    """
    record = written({"a": {0: [(10, [0, 0]), (20, [1, 0]), (40, [1, 1])]}, "b": {0: [(10, [1, 0]), (50, [0, 1])]}})

    def cost(arm: str, level: float) -> float:
        other = {"a": "b", "b": "a"}[arm]
        return float(per_seed(record, arm, Measure(use="cost_to", level=level), [other])[0])

    assert [cost("a", 0.5), cost("b", 0.5), cost("a", 0.75), cost("b", 0.75), cost("b", 0.25)] == [20, 10, 40, 40, 10]
    never = Measure(use="cost_to", level=0.75)
    assert (censored(record, "a", never, ["b"]), censored(record, "b", never, ["a"])) == (0, 1)
    assert len(items(record, "a", 0, never).values) == 0


def test_cost_to_a_level_of_a_score_that_should_fall(written) -> None:
    record = written({"a": {0: [(10, [1, 1]), (20, [1, 0]), (40, [0, 0])]}}, higher=False)
    assert per_seed(record, "a", Measure(use="cost_to", level=0.5)).tolist() == [20]


def test_another_unit_of_cost(written) -> None:
    """By FLOP, 5 and 100 for the two points, instead of labels: (.0 + .5) / 2 over one width."""
    record = written({"a": {0: [(10, [0, 0]), (20, [1, 0])]}})
    path = record.arm_folder("a", 0) / "events.jsonl"
    text = (
        path.read_text()
        .replace('"labels":10.0', '"labels":10.0,"flop":5')
        .replace('"labels":20.0', '"labels":20,"flop":100')
    )
    path.write_text(text)
    by_flop = Measure(use="area", per="flop")
    assert curve(record, "a", 0, by_flop).costs.tolist() == [5, 100]
    assert per_seed(record, "a", by_flop).tolist() == [0.25]


def test_a_fact_is_the_one_last_said(written) -> None:
    """Said in the first two of three rounds: 0.3, then 0.1 + seed."""
    points = [(10, [1]), (20, [1]), (30, [1])]
    said = [{"misfit": 0.3, "kept": 1.0}, {"misfit": 0.1}, {}]
    record = written(
        {"a": {0: points, 1: points}},
        facts=lambda arm, seed: [{**one, **({"misfit": 0.1 + seed} if number == 1 else {})}
                                 for number, one in enumerate(said)],
    )  # fmt: skip
    assert told(record, "a", "misfit") == pytest.approx([0.1, 1.1]) and told(record, "a", "kept").tolist() == [1, 1]
    with pytest.raises(Refused, match="did you mean 'misfit'"):
        told(record, "a", "misfits")


def test_a_fact_of_an_unfinished_seed_is_nan(written) -> None:
    record = written({"a": {0: [(10, [1])], 1: [(10, [1])]}}, facts=lambda arm, seed: [{"kept": 2.0}])
    journal = record.arm_folder("a", 1) / "events.jsonl"
    journal.write_text("\n".join(journal.read_text().splitlines()[:-1]) + "\n")
    assert np.isnan(told(record, "a", "kept")).tolist() == [False, True]


FINAL = Measure(use="final")


def test_final_is_the_last_round_whatever_it_cost(written) -> None:
    """a ends with 1 at 30, b with .5 at 300: neither is cut at 30, where b was 0."""
    record = written({"a": {0: [(10, [0, 0]), (30, [1, 1])]}, "b": {0: [(20, [0, 0]), (300, [1, 0])]}})
    assert per_seed(record, "a", FINAL, ["b"]).tolist() == [1.0] and per_seed(record, "b", FINAL, ["a"]).tolist() == [
        0.5
    ]
    assert items(record, "b", 0, FINAL, ["a"]).values.tolist() == [1, 0]
    assert per_seed(record, "b", LAST, ["a"]).tolist() == [0.0]


def gap(of: str, floor: str = "weak", ceiling: str = "strong") -> Contrast:
    return Contrast(of={of: 1.0}, measure=Measure(use="recovered", floor=floor, ceiling=ceiling))


def test_the_gap_recovered_by_hand(written) -> None:
    """Of 4 items the weak one has 1 right, the ceiling 3, the student 2: half of the gap. The weak one's is 0, the
    ceiling's 1, whatever each of them cost; and a student below the weak one has a negative one.
    """
    ends = {"weak": [1, 0, 0, 0], "strong": [1, 1, 1, 0], "student": [1, 1, 0, 0], "worse": [0, 0, 0, 0]}
    record = written({arm: {0: [(10 * (1 + at), right)]} for at, (arm, right) in enumerate(ends.items())})
    found = {arm: differences(record, gap(arm))[0].tolist() for arm in ends}
    assert found == {"weak": [0.0], "strong": [1.0], "student": [0.5], "worse": [-0.5]}
    assert needed(gap("student")) == {"student", "weak", "strong"}


@pytest.mark.parametrize(("by", "more", "higher"), [(1, 0, True), (5, -2, True), (-3, 1, False)])
def test_the_gap_recovered_does_not_mind_the_scale_of_the_score(written, by: float, more: float, higher: bool) -> None:
    """Of a score by * accuracy + more, an error among them: the same half."""
    ends = {"weak": [1, 0, 0, 0], "strong": [1, 1, 1, 0], "student": [1, 1, 0, 0]}
    arms = {arm: {0: [(10, right)]} for arm, right in ends.items()}
    record = written(arms, higher=higher, value=lambda right: by * np.mean(right) + more)
    assert differences(record, gap("student"))[0] == pytest.approx([0.5])


@pytest.mark.parametrize("ceiling", [[1, 0], [0, 0]])
def test_without_a_gap_it_is_not_defined_and_that_is_said(written, ceiling: list[int]) -> None:
    record = written({"weak": {0: [(10, [1, 0])]}, "strong": {0: [(10, ceiling)]}, "student": {0: [(10, [1, 1])]}})
    found, said = differences(record, gap("student"))
    assert np.isnan(found).all()
    assert said == "no gap to recover: at 1 of 1 seeds strong is not better than weak"


def test_recovered_names_its_two_arms() -> None:
    for wrong in (
        {"use": "recovered"},
        {"use": "recovered", "floor": "a"},
        {"use": "last", "floor": "a", "ceiling": "b"},
    ):
        with pytest.raises(ValueError, match="names the arms"):
            Measure(**wrong)
