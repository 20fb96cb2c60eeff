"""Stages of mixtures: exact counts, nested replay, and nothing dropped or repeated that the plan does not say."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.core.data import Block, Itself, Lessons, Rows, labelled
from tutelage.core.errors import Refused
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.core.stages import Syllabus
from tutelage.order.as_given import AsGiven
from tutelage.order.stage_plan import StagePlan
from tutelage.toys import replies_pool, vector_pool, view


def lessons(**sizes: int) -> Lessons:
    """So many lessons from each source, mixed in one block."""
    told = [name for name, size in sizes.items() for _ in range(size)]
    told = [told[at] for at in np.random.default_rng(0).permutation(len(told))]
    pool = replies_pool([(f"q{i}", "a", str(i)) for i in range(len(told))], source=told)
    return (Block(Rows(pool, np.arange(len(told))), None, Itself, {}, "file", np.zeros(len(told)), np.ones(len(told))),)


def plan(given: Lessons, seed: int = 0, **settings) -> Syllabus:
    return StagePlan(by="source", **settings).plan(given, view(), stream(seed, "order"))


def counts(given: Lessons, made: Syllabus) -> list[dict[str, int]]:
    names = given[0].about.examples().column("source").to_pylist()
    return [dict(Counter(names[row] for row in stage.order)) for stage in made]


def test_dual_stage_by_hand() -> None:
    """Math 10 and code 7, then general 5 with a quarter of both: ceil(2.5) = 3, ceil(1.75) = 2."""
    made = lessons(math=10, code=7, general=5)
    found = plan(made, stages=(("math", "code"), ("general",)), replay=0.25)
    assert counts(made, found) == [{"math": 10, "code": 7}, {"general": 5, "math": 3, "code": 2}]
    assert all(len(set(stage.order.tolist())) == len(stage.order) for stage in found)


SIZES = st.fixed_dictionaries({name: st.integers(1, 30) for name in "abc"})


@given(SIZES, st.floats(0, 1), st.integers(0, 5))
def test_every_lesson_exactly_as_often_as_declared(sizes: dict[str, int], replay: float, seed: int) -> None:
    """a, then b, then c: stage 2 holds ceil(k n_a) of a, stage 3 those very ones and ceil(k n_b) of b."""
    made = lessons(**sizes)
    one, two, three = plan(made, seed, stages=(("a",), ("b",), ("c",)), replay=replay)
    again = {name: math.ceil(replay * size - 1e-9) for name, size in sizes.items()}
    wanted = [
        {"a": sizes["a"]},
        {"b": sizes["b"], "a": again["a"]},
        {"c": sizes["c"], "a": again["a"], "b": again["b"]},
    ]
    assert counts(made, (one, two, three)) == [{k: v for k, v in stage.items() if v} for stage in wanted]
    names = np.array(made[0].about.examples().column("source").to_pylist())
    replayed = [set(stage.order[names[stage.order] == "a"].tolist()) for stage in (two, three)]
    assert replayed[0] == replayed[1]
    assert set().union(*(stage.order.tolist() for stage in (one, two, three))) == set(range(sum(sizes.values())))


@given(SIZES, st.integers(0, 5))
def test_replay_is_nested_and_its_ends_are_the_other_strategies(sizes: dict[str, int], seed: int) -> None:
    """The stream of replay 0 is that of mixed sequential; replay 1 shows every specialist lesson once more."""
    made, stages = lessons(**sizes), (("a", "b"), ("c",))
    sets = [set(plan(made, seed, stages=stages, replay=k)[1].order.tolist()) for k in (0.0, 1 / 64, 1 / 16, 1 / 4, 1.0)]
    assert all(less <= more for less, more in zip(sets, sets[1:], strict=False))
    mixed = plan(made, seed, stages=({"a": 1, "b": 1}, {"c": 1}))
    zero = plan(made, seed, stages=stages)
    assert [stage.order.tolist() for stage in mixed] == [stage.order.tolist() for stage in zero]
    assert sets[-1] == set(range(sum(sizes.values())))


def test_shares_of_a_mixture_are_exact_and_the_first_stage_does_not_depend_on_replay() -> None:
    made = lessons(a=9, b=4)
    found = plan(made, stages=({"a": 1, "b": 0.5}, {"b": 1, "a": 1 / 3}))
    assert counts(made, found) == [{"a": 9, "b": 2}, {"b": 4, "a": 3}]
    ours, theirs = (plan(made, stages=(("a",), ("b",)), replay=k)[0].order.tolist() for k in (0.0, 0.5))
    assert ours == theirs


def test_replay_is_at_most_what_was_taught_and_never_of_what_the_stage_names() -> None:
    made = lessons(a=8, b=4)
    found = plan(made, stages=({"a": 0.25}, ("b",), {"a": 0.5}), replay=1.0, leave_out=("a",))
    assert counts(made, found) == [{"a": 2}, {"b": 4, "a": 2}, {"a": 4, "b": 4}]


def test_each_pass_is_a_stage_of_the_same_lessons_in_a_new_order() -> None:
    made = lessons(a=20, b=5)
    found = plan(made, stages=(("a",), ("b",)), passes=(3, 1), replay=0.1)
    assert counts(made, found) == [{"a": 20}] * 3 + [{"b": 5, "a": 2}]
    assert len({tuple(stage.order) for stage in found[:3]}) == 3


def test_sources_are_blocks_where_no_column_is_named() -> None:
    (one,), (two,) = lessons(x=3), lessons(x=2)
    given_ = (one._replace(source="recorded"), two._replace(source="model"))
    found = StagePlan(stages=(("model",), ("recorded",))).plan(given_, view(), stream(0, "order"))
    assert [sorted(stage.order.tolist()) for stage in found] == [[3, 4], [0, 1, 2]]


def test_without_stages_it_is_as_given() -> None:
    made = lessons(a=2)
    assert plan(made) == AsGiven().plan(made, view(), stream(0, "order"))
    assert [stage.order.tolist() for stage in plan((), stages=(("a",), ("b",)))] == [[], []]


@pytest.mark.parametrize("batch", [4, 16])
def test_on_two_tasks_that_contradict_replay_moves_the_end_to_the_joint_optimum(batch: int) -> None:
    """The same point is left in 32 lessons and right in 32: alone each pulls p(right) to 0 or 1, together to 1/2."""
    pool = vector_pool([[1.0, 0.0]] * 64)
    codes = np.repeat([0, 1], 32)
    told = tuple(
        labelled(Rows(pool, np.flatnonzero(codes == code)), np.full(32, code), name) for code, name in enumerate("ab")
    )
    student = build("student", {"use": "vector.mlp", "hidden": [], "standardise": False})
    seen = view(pool, student.begin(pool, stream(0, "student")), told)
    sgd = build("learn", {"use": "gradient", "optimiser": "sgd", "lr": 0.2, "passes": 1, "batch": batch})
    ends = []
    for replay in (0.0, 0.25, 0.5, 1.0):
        stages = StagePlan(stages=(("a",), ("b",)), replay=replay, passes=24).plan(told, seen, stream(0, "order"))
        learned = sgd.learn(stages, None, seen, stream(0, "learn"))
        ends.append(float(learned.student.probs(pool.take([0]))[0, 1]))
    assert ends[0] > 0.95 and ends == sorted(ends, reverse=True) and abs(ends[-1] - 0.5) < 0.1


def test_nothing_is_dropped_silently() -> None:
    made = lessons(math=10, code=4)
    with pytest.raises(Refused, match="4 of the 4 lessons from 'code' are in no stage"):
        plan(made, stages=(("math",),))
    with pytest.raises(Refused, match="5 of the 10 lessons from 'math'"):
        plan(made, stages=({"math": 0.5, "code": 1},))
    assert counts(made, plan(made, stages=(("math",),), leave_out=("code",))) == [{"math": 10}]


def test_an_unknown_source_is_refused_with_the_nearest() -> None:
    with pytest.raises(Refused, match="did you mean 'code'"):
        plan(lessons(math=2, code=2), stages=(("math", "cod"),), leave_out=("code",))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"stages": [["a"]], "passes": [1, 2]}, "2 numbers of passes for 1 stages"),
        ({"stages": [[]]}, "at least one source"),
        ({"stages": [{"a": 1.5}]}, "less than or equal to 1"),
        ({"stages": [["a"]], "replay": 2}, "less than or equal to 1"),
    ],
)
def test_settings_that_make_no_sense(settings: dict, said: str) -> None:
    with pytest.raises(Refused, match=said):
        build("order", {"use": "stage_plan", **settings})
