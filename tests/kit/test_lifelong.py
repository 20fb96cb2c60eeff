"""The metrics of a lifetime: by hand, the oracles of paper 44, and a slow reading of the definitions on random lives."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from scipy.stats import theilslopes

from tutelage.kit.curves import contrast, efficiency, ratio, theil_sen
from tutelage.kit.lifelong import METRICS, measured, recovery_times
from tutelage.kit.lifetimes import Lifetime, Material, prepared, smoothed


def life(*blocks) -> Lifetime:
    """A dict is an evaluation, task -> performance or a list of them; a pair is a learning block, (task, curve)."""
    lines = []
    for number, block in enumerate(blocks):
        train = not isinstance(block, dict)
        for task, values in [block] if train else block.items():
            lines += [(number, train, task, value) for value in np.atleast_1d(values)]
    block, train, task, performance = zip(*lines, strict=True)
    return Lifetime(
        np.array(block), np.array(train), np.array(task), np.arange(len(lines)), np.array(performance, float)
    )


def raw(*blocks, **experts):
    """Measured as it stands: neither smoothed nor scaled."""
    return measured(Material(life(*blocks), experts))


def test_performance_maintenance_by_hand() -> None:
    """a is trained, then evaluated at 8 (the reference), 6 and 5; trained again, evaluated at 9 (a reference), then 8.

    Counted are 6, 5 and 8: (6 - 8 + 5 - 8 + 8 - 9) / 3 = -2. The trainings end at 10 and at 7: against these
    (6 - 10 + 5 - 10 + 8 - 7) / 3 = -8 / 3. b is never trained: none. The evaluation before any training counts nothing.
    """
    found = raw({"a": 1, "b": 1}, ("a", [3, 10]), {"a": 8, "b": 2}, ("c", [1]), {"a": 6, "b": 2}, ("c", [1]),
                {"a": [4, 6], "b": 2}, ("a", [7]), {"a": 9, "b": 2}, ("c", [1]), {"a": 8, "b": 2})  # fmt: skip
    assert found.tasks == ("a", "b", "c")
    assert found.per_task["pm"] == pytest.approx([-2, np.nan, np.nan], nan_ok=True)
    assert found.per_task["pm_mrtlp"] == pytest.approx([-8 / 3, np.nan, np.nan], nan_ok=True)
    assert found.lifetime["pm"] == pytest.approx(-2)


def test_the_most_recent_reference_is_not_the_best() -> None:
    """10 after the first training, 4 after the second, then 5: maintained (+1), although 5 fewer than ever."""
    found = raw(("a", [1]), {"a": 10}, ("a", [1]), {"a": 4}, ("b", [1]), {"a": 5})
    assert found.lifetime["pm"] == 1


def test_transfer_by_hand() -> None:
    """Training a takes b from 2 to 3 (never trained: forward 1.5, (3 - 2) / 5 = .2), training b takes a from 8 to 6.

    Backward: 6 / 8 = .75, -2 / 14. Later a lifts b from 5 to 10, backward 2, once more to 10, backward 1: the first
    counts. Lifetime: forward 1.5, backward (.75 + 2) / 2.
    """
    found = raw({"a": 1, "b": 2}, ("a", [1]), {"a": 8, "b": 3}, ("b", [1]), {"a": 6, "b": 5}, ("a", [1]),
                {"a": 7, "b": 10}, ("a", [1]), {"a": 7, "b": 10})  # fmt: skip
    assert found.pairs["ft"] == pytest.approx(np.array([[np.nan, 1.5], [np.nan, np.nan]]), nan_ok=True)
    assert found.pairs["bt"] == pytest.approx(np.array([[np.nan, 2], [0.75, np.nan]]), nan_ok=True)
    assert found.lifetime["ft"] == 1.5 and found.lifetime["ft_contrast"] == pytest.approx(0.2)
    assert found.lifetime["bt"] == pytest.approx(1.375)
    assert found.lifetime["bt_contrast"] == pytest.approx((-2 / 14 + 5 / 15) / 2)
    assert found.per_task["bt"] == pytest.approx([0.75, 2])


def test_two_evaluations_must_bracket_one_tasks_training() -> None:
    """No evaluation before; none after; and between b's two evaluations both a and c are trained, so neither did it."""
    assert math.isnan(raw(("a", [1]), {"b": 2}).lifetime["ft"])
    assert math.isnan(raw({"b": 2}, ("a", [1])).lifetime["ft"])
    assert math.isnan(raw({"b": 2}, ("a", [1]), ("c", [1]), {"b": 4}).lifetime["ft"])
    assert raw({"b": 2}, ("a", [1]), ("a", [1]), {"b": 4}).lifetime["ft"] == 2


def test_forward_is_before_the_first_training_and_backward_after() -> None:
    """b is trained in between: what a did to it before is forward (3 / 2), what it did after is backward (6 / 5)."""
    found = raw({"b": 2}, ("a", [1]), {"b": 3}, ("b", [1]), {"b": 5}, ("a", [1]), {"b": 6})
    assert found.lifetime["ft"] == 1.5 and found.lifetime["bt"] == pytest.approx(1.2)
    never = raw({"b": 2}, ("b", [1]), {"b": 3}, ("a", [1]), {"b": 4})
    assert math.isnan(never.lifetime["ft"]) and never.lifetime["bt"] == pytest.approx(4 / 3)


def test_relative_performance_by_hand() -> None:
    """a's two blocks in a row are 1 2 3; the first expert 2 2 2 4 is cut to three: 6 / 6; the second 1 2: 3 / 3 ... 1.

    The third, 4 8: 3 / 12. Metrics averaged: (1 + 1 + .25) / 3 = .75. Curves averaged first, to the shortest:
    (2 + 1 + 4) / 3, (2 + 2 + 8) / 3, sum 19 / 3: 3 / (19 / 3) = 9 / 19.
    """
    one = Material(life(("a", [1, 2]), {"a": 1}, ("a", [3])),
                   {"a": [np.array([2.0, 2, 2, 4]), np.array([1.0, 2]), np.array([4.0, 8])]})  # fmt: skip
    assert measured(one).lifetime["rp"] == pytest.approx(0.75)
    assert measured(one, runs="curves").lifetime["rp"] == pytest.approx(9 / 19)


def test_sample_efficiency_by_hand() -> None:
    """Too short to smooth. Highest 6 after 2 experiences; the expert's 3 after 3: (6 / 3) (3 / 2) = 3.

    The second expert's 6 after 1: (6 / 6) (1 / 2) = .5; mean 1.75.
    """
    experts = [np.array([0.0, 1, 2, 3]), np.array([0.0, 6, 6, 6])]
    assert raw(("a", [0, 3, 6]), a=experts[:1]).lifetime["se"] == pytest.approx(3)
    assert raw(("a", [0, 3, 6]), a=experts).lifetime["se"] == pytest.approx(1.75)


def test_what_cannot_be_efficient() -> None:
    """A fifth of the expert's height is enough, less is 0; a falling curve is 0; highest at once is undefined."""
    expert = [np.array([0.0, 10])]
    assert raw(("a", [0, 2]), a=expert).lifetime["se"] == pytest.approx(0.2)
    assert raw(("a", [0, 1.9]), a=expert).lifetime["se"] == 0
    assert raw(("a", [5, 6, 1]), a=expert).lifetime["se"] == 0
    assert math.isnan(raw(("a", [6, 6, 6]), a=expert).lifetime["se"])
    assert math.isnan(raw(("a", [0, 6]), a=[np.array([10.0, 10])]).lifetime["se"])


def test_the_first_of_a_level_stretch_counts_whatever_the_rounding() -> None:
    """0 for 20 places, then five values over and over: the average over 20 places is level, but for its last bits.

    The window of place i ends at i + 9 and holds no 0 once it begins at 20: i = 30, with a height of 2.74 / 5 = .548.
    The expert rises to .7 in 14 steps; over 3 places its highest is .65, in the last place, after 14.
    """
    curve = np.concatenate([np.zeros(20), np.tile([0.58, 0.56, 0.55, 0.52, 0.53], 16)])
    assert efficiency(np.arange(100.0), curve, [np.arange(15) / 20]) == pytest.approx((0.548 / 0.65) * (14 / 30))
    assert int(smoothed(curve).argmax()) == 31  # what the very highest place would say


def test_what_is_level_is_regained_at_once_whatever_the_rounding() -> None:
    """The mean of seven times .9 is a last bit above .9; a block that goes on at .9 needs no experience all the same."""
    assert np.full(7, 0.9).mean() > 0.9
    found = Material(life(("a", [0.9] * 70), ("b", [1]), ("a", [0.9] * 5)), {})
    assert recovery_times(found, "a").tolist() == [0]


def test_performance_recovery_by_hand() -> None:
    """Blocks end at 5, 6, 6, 9. The second is at 5 after 2 experiences; the third at 6 at once: 0; the fourth starts at 6.

    Times 2, 0, 0: slopes -2, -1, 0, median -1, so pr = 1. Made to miss, a block of 3 counts 4.
    """
    found = Material(
        life(("a", [5]), ("b", [1]), ("a", [1, 4, 6]), ("b", [1]), ("a", [6]), ("b", [1]), ("a", [6, 9])), {}
    )
    assert recovery_times(found, "a").tolist() == [2, 0, 0]
    assert measured(found).per_task["pr"] == pytest.approx([1, 0])
    missed = Material(life(("a", [5]), ("b", [1]), ("a", [1, 4, 4])), {})
    assert recovery_times(missed, "a").tolist() == [4]
    assert math.isnan(measured(missed).lifetime["pr"])  # one recovery time has no slope


def test_means_by_hand() -> None:
    """Blocks count alike, however long: training (1.5 + 6) / 2, evaluation (4 + 2 + 3) / 3; the median differs."""
    found = raw({"a": 4}, ("a", [1, 2]), {"a": [1, 3]}, ("a", [6]), {"a": 3}, ("b", [9]))
    assert found.per_task["mtp"] == pytest.approx([3.75, 9]) and found.per_task["mep"][0] == pytest.approx(3)
    three = Material(life(("a", [1]), ("b", [2]), ("c", [9])), {})
    assert measured(three).lifetime["mtp"] == 4 and measured(three, over="median").lifetime["mtp"] == 2


def test_terminal_performance_is_the_last_tenth() -> None:
    """Of 20 learning experiences the last 2; 0 .. 19 end at 18.5. Of an evaluation all. 17.5 against it: -1."""
    found = raw(("a", np.arange(20.0)), {"a": 0}, ("b", [1]), {"a": [17, 18]})
    assert found.lifetime["pm_mrtlp"] == pytest.approx(-1)


# The oracles of the card.


def test_a_learner_that_is_its_own_expert() -> None:
    """RP = 1 and SE = 1 exactly, smoothed and scaled as ever."""
    curve = np.sqrt(np.arange(60.0))
    found = measured(prepared(life({"a": 0}, ("a", curve), {"a": 5}), {"a": [curve]}))
    assert found.lifetime["rp"] == 1 and found.lifetime["se"] == 1


def test_constant_performance() -> None:
    """PM 0, ratios 1, contrasts 0: on the scale a constant is 1 everywhere."""
    level = {"a": 0.4, "b": 0.4}
    blocks = [level, *(part for task in "abab" for part in ((task, [0.4] * 20), level))]
    found = measured(prepared(life(*blocks)), over="median").lifetime
    assert (found["pm"], found["ft"], found["bt"], found["ft_contrast"], found["bt_contrast"]) == (0, 1, 1, 0, 0)


def test_doubling_the_speed_of_a_ramp_doubles_the_sample_efficiency() -> None:
    """0 .. 40 in 20 steps against 40: w = 4 and 8, both curves end highest, w / 4 steps short of 40, twice 1 and 2."""
    found = raw(("a", 2 * np.arange(21.0)), a=[np.arange(41.0)])
    assert found.lifetime["se"] == pytest.approx(2)
    assert raw(("a", np.arange(41.0)), a=[np.arange(41.0)]).lifetime["se"] == 1


@given(some.integers(0, 200), some.floats(0.01, 100), some.floats(-50, 50))
def test_scaling_and_shifting_the_raw_measure_changes_nothing(seed: int, factor: float, shift: float) -> None:
    one, experts = random_life(seed)
    other = one._replace(performance=factor * one.performance + shift)
    moved = {task: [factor * curve + shift for curve in several] for task, several in experts.items()}
    mine, theirs = measured(prepared(one, experts)).lifetime, measured(prepared(other, moved)).lifetime
    assert mine == pytest.approx(theirs, rel=1e-6, abs=1e-6, nan_ok=True)


def test_linear_decay_in_closed_form() -> None:
    """d per evaluation, n evaluations after the reference: PM = -d (1 + 2 + ... + n) / n."""
    d, n = 0.3, 5
    blocks = [("a", [9.0]), {"a": 7.0}]
    for number in range(1, n + 1):
        blocks += [("b", [1.0]), {"a": 7.0 - d * number}]
    assert raw(*blocks).lifetime["pm"] == pytest.approx(-d * sum(range(1, n + 1)) / n)


@given(some.floats(1e-3, 1e3), some.floats(1e-3, 1e3))
def test_contrast_is_antisymmetric_bounded_and_a_form_of_the_ratio(before: float, after: float) -> None:
    made = contrast(after, before)
    assert made == -contrast(before, after) and -1 <= made <= 1
    assert ratio(after, before) == pytest.approx((1 + made) / (1 - made), rel=1e-6)
    assert math.isnan(ratio(after, 0)) and math.isnan(contrast(after, -after))


@given(some.lists(some.floats(-100, 100), min_size=2, max_size=12))
def test_theil_sen_is_scipys(values) -> None:
    assert theil_sen(np.array(values)) == pytest.approx(theilslopes(values)[0], abs=1e-9)


def random_life(seed: int):
    """A few tasks in any order, with gaps: some blocks without an evaluation after them, some tasks left out of one."""
    rng = np.random.Generator(np.random.PCG64(seed))
    tasks = ["a", "b", "c"][: int(rng.integers(1, 4))]
    blocks: list = []
    for _ in range(int(rng.integers(1, 9))):
        if rng.random() < 0.5:
            blocks.append(
                {task: rng.random(int(rng.integers(1, 4))) for task in tasks if rng.random() < 0.8} or {"a": 0.5}
            )
        else:
            blocks.append((str(rng.choice(tasks)), rng.random(int(rng.integers(1, 30)))))
    experts = {task: [rng.random(int(rng.integers(1, 40))) for _ in range(2)] for task in tasks if rng.random() < 0.7}
    return life(*blocks), experts


def slowly(one: Lifetime):
    """pm, ft and bt as the definitions read, block by block."""
    visits = []  # (train, task, terminal)
    for block in dict.fromkeys(one.block.tolist()):
        for task in dict.fromkeys(one.task[one.block == block].tolist()):
            here = (one.block == block) & (one.task == task)
            values, train = one.performance[here], bool(one.train[here][0])
            visits.append((train, task, values[int(0.9 * len(values)) :].mean() if train else values.mean()))
    maintained: dict = {}
    first: dict = {}
    for task in dict.fromkeys(visit[1] for visit in visits):
        reference, due, seen, changes = None, False, False, []
        last: tuple | None = None  # the latest evaluation of this task and which tasks were trained since
        for train, name, level in visits:
            if train:
                due, seen = due or name == task, seen or name == task
                last = last and (last[0], [*last[1], (name, seen and name != task)])
            elif name == task:
                if due:
                    reference, due = level, False
                elif reference is not None:
                    changes.append(level - reference)
                if last and len({other for other, _ in last[1]}) == 1 and last[1][0][0] != task:
                    kind = "bt" if last[1][0][1] else "ft"
                    first.setdefault((kind, last[1][0][0], task), level / last[0])
                last = (level, [])
        maintained[task] = np.mean(changes) if changes else np.nan
    return maintained, first


@given(some.integers(0, 5000))
def test_random_lives_against_a_slow_reading(seed: int) -> None:
    one, _ = random_life(seed)
    found, (maintained, first) = measured(Material(one, {})), slowly(one)
    assert found.per_task["pm"] == pytest.approx([maintained[task] for task in found.tasks], nan_ok=True)
    for kind in ("ft", "bt"):
        pairs = {(kind, a, b): found.pairs[kind][i, j] for i, a in enumerate(found.tasks)
                 for j, b in enumerate(found.tasks) if not np.isnan(found.pairs[kind][i, j])}  # fmt: skip
        assert pairs == pytest.approx({key: value for key, value in first.items() if key[0] == kind})


@given(some.integers(0, 500))
def test_the_names_are_always_the_same_and_experts_touch_only_what_compares(seed: int) -> None:
    one, experts = random_life(seed)
    with_, without = measured(Material(one, experts)), measured(Material(one, {}))
    assert tuple(with_.lifetime) == METRICS
    for name in set(with_.lifetime) - {"rp", "se"}:
        assert with_.lifetime[name] == pytest.approx(without.lifetime[name], nan_ok=True)
    assert math.isnan(without.lifetime["rp"]) and math.isnan(without.lifetime["se"])
