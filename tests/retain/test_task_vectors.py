"""task_vectors: merging by hand, each episode from the start, one episode as learned, heads that have grown."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.core.data import Rows, Table, labelled
from tutelage.core.errors import Refused
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.core.stages import Settled, Stage
from tutelage.kit.weights import Weights, weights_of
from tutelage.learn.gradient import Gradient
from tutelage.retain.task_vectors import TaskVectors, _dropped, _largest, merged
from tutelage.student.text.tiny import Tiny
from tutelage.student.vector.mlp import Mlp, MlpStudent
from tutelage.toys import CODES, POOL, view

FIRST = Mlp(hidden=(3,)).begin(POOL, stream(0, "student"))
EPISODES = [(labelled(Rows(POOL, np.array(rows)), CODES[rows], "oracle"),) for rows in ([0, 5], [1, 4], [2, 3])]


def lived(part: TaskVectors, count: int, labels: tuple[str, ...] = ()) -> tuple[list[MlpStudent], Settled]:
    """The student as each episode taught it, and the last settling. labels: what the last student has grown to."""
    student, memory, taught = FIRST, {}, []
    for number in range(count):
        now = view(student=student)._replace(first=FIRST, memory=memory, round=number)
        after = Gradient(lr=0.1).learn((Stage(EPISODES[number]),), None, now, stream(number, "learn")).student
        after = after.with_labels(labels) if labels and number == count - 1 else after
        settled = part.settle(student, EPISODES[number], now._replace(student=after), stream(number, "retain"))
        student, memory = settled.student, settled.memory
        taught.append(after)
    return taught, settled


def test_by_hand() -> None:
    """(4, -1, 3, 1), (-2, -2, 1, 0), the two largest of four each: (4, 0, 3, 0), (-2, -2, 0, 0).

    Signs of the sums: +, -, +; the means of those that agree: 4, -2, 3, and 0 where nothing is left.
    """
    two = [np.array([4.0, -1, 3, 1]), np.array([-2.0, -2, 1, 0])]
    assert merged(two, "ties", 0.5).tolist() == [4, -2, 3, 0]
    assert merged(two, "sum", 0.5).tolist() == [2, -3, 4, 1]
    assert _largest(two[0].reshape(2, 2), 0.25).tolist() == [[4, 0], [0, 0]]


@given(st.integers(0, 2**32), st.integers(1, 4), st.floats(0.05, 1.0))
def test_ties_is_what_a_loop_over_weights_says(seed: int, count: int, density: float) -> None:
    vectors = list(stream(seed, "test").normal(size=(count, 12)))
    keep = max(round(density * 12), 1)
    wanted = np.zeros(12)
    for at in range(12):
        left = [one[at] for one in vectors if abs(one[at]) in sorted(np.abs(one))[-keep:]]
        sign = np.sign(sum(left))
        agreeing = [value for value in left if np.sign(value) == sign]
        wanted[at] = np.mean(agreeing) if agreeing else 0.0
    np.testing.assert_allclose(merged(vectors, "ties", density), wanted, atol=1e-12)


@pytest.mark.parametrize("merge", ["sum", "mean", "ties"])
def test_one_episode_shows_the_student_as_learned(merge: str) -> None:
    (taught,), settled = lived(TaskVectors(merge=merge, density=1.0), 1)
    assert settled.student is FIRST
    for name, array in weights_of(settled.shown).items():
        np.testing.assert_allclose(array, weights_of(taught)[name], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("merge", "over"), [("sum", 1), ("mean", 3)])
def test_every_episode_begins_at_the_start(merge: str, over: int) -> None:
    """shown = w_0 + scale sum_t (w_t - w_0) / over, with w_t learned from w_0."""
    taught, settled = lived(TaskVectors(merge=merge, scale=0.5), 3)
    start, ends = weights_of(FIRST), [weights_of(one) for one in taught]
    for name, array in weights_of(settled.shown).items():
        wanted = start[name] + 0.5 / over * sum(one[name] - start[name] for one in ends)
        np.testing.assert_allclose(array, wanted, atol=1e-5)
    alone = Gradient(lr=0.1).learn((Stage(EPISODES[2]),), None, view(student=FIRST), stream(2, "learn")).student
    assert taught[2].fingerprint == alone.fingerprint
    assert len(settled.memory["vectors"]) == 1 and settled.memory["episodes"] == 3
    assert len(lived(TaskVectors(merge="ties"), 3)[1].memory["vectors"]) == 3


def test_entries_dropped_by_lot_are_the_vector_on_average() -> None:
    """DARE: of 200,000 entries of 3 and -1 the share .9 is 0, the others are ten times as large; the same seed, the
    same entries. With any merging: memory holds what was dropped from.
    """
    vector = np.tile(np.array([3.0, -1], dtype=np.float32), 100_000)
    made = _dropped(vector, 0.9, stream(0, "retain"))
    assert np.array_equal(made, _dropped(vector, 0.9, stream(0, "retain")))
    assert made.dtype == np.float32 and set(np.unique(made.round(3))) == {-10.0, 0.0, 30.0}
    assert np.mean(made == 0) == pytest.approx(0.9, abs=0.003)
    assert made[::2].mean() == pytest.approx(3, abs=0.12)
    for merge in ("sum", "ties"):
        taught, settled = lived(TaskVectors(merge=merge, drop=0.5, density=1.0), 1)
        start, end, shown = (weights_of(one) for one in (FIRST, taught[0], settled.shown))
        for name, array in shown.items():
            moved = np.where(array == start[name], 0.0, 2 * (end[name] - start[name]))
            np.testing.assert_allclose(array, start[name] + moved, atol=1e-5)
        assert any((array == start[name]).mean() > 0.2 for name, array in shown.items())


def test_neutral_limit_scale_0_shows_the_start() -> None:
    shown = weights_of(lived(TaskVectors(scale=0), 2)[1].shown)
    assert all((array == weights_of(FIRST)[name]).all() for name, array in shown.items())


def test_a_head_that_has_grown_began_at_0() -> None:
    taught, settled = lived(TaskVectors(), 2, ("left", "right", "up"))
    assert settled.shown.labels == ("left", "right", "up")
    shown = weights_of(settled.shown)["head.weight"]
    wanted = sum(weights_of(one)["head.weight"][:2] for one in taught)  # the head of the start is 0
    np.testing.assert_allclose(shown, np.vstack([wanted, np.zeros((1, 3))]), atol=1e-6)


def test_an_episode_without_a_lesson_changes_nothing() -> None:
    settled = lived(TaskVectors(), 1)[1]
    now = view(student=FIRST)._replace(first=FIRST, memory=settled.memory)
    again = TaskVectors().settle(FIRST, (), now, stream(0, "r"))
    assert again.shown.fingerprint == settled.shown.fingerprint and again.memory["episodes"] == 1
    none = TaskVectors().settle(FIRST, (), now._replace(memory={}), stream(0, "r"))
    assert none.student is FIRST and none.shown is None and none.memory == {}


def test_low_rank_episodes_are_merged_as_what_they_add() -> None:
    """Two adapters, each learned from the start, summed: full weights w_0 + (B A)_1 + (B A)_2, and no adapter left."""
    pool = Table.of("said", {"text": ["one two", "three", "two", "four one"]}, ("a", "b")).pool()
    first = Tiny(hidden=16, layers=2, heads=2, window=32).begin(pool, stream(0, "student"))
    how, part = Gradient(lr=0.01, passes=5, batch=0, adapter=build("adapter", "lora")), TaskVectors()
    memory, taught = {}, []
    for number, rows in enumerate(([0, 1], [2, 3])):
        new = (labelled(Rows(pool, np.array(rows)), np.array([0, 1]), "oracle"),)
        now = view(pool=pool, student=first)._replace(first=first, memory=memory, round=number)
        after = how.learn((Stage(new),), None, now._replace(memory={}), stream(number, "learn")).student
        settled = part.settle(first, new, now._replace(student=after), stream(number, "retain"))
        memory = settled.memory
        taught.append(after)
    assert settled.student is first
    shown, start = weights_of(settled.shown), weights_of(first)
    ends = [Weights(one, merged=True) for one in taught]
    assert shown.keys() == start.keys() and any(np.abs(ends[0][name] - start[name]).max() > 1e-3 for name in start)
    for name, array in shown.items():
        np.testing.assert_allclose(array, start[name] + sum(one[name] - start[name] for one in ends), atol=1e-6)


def test_weights_that_came_since_are_refused() -> None:
    with pytest.raises(Refused, match="not those that the run began with"):
        now = view(student=Mlp(hidden=(3, 3)).begin(POOL, stream(0, "student")))._replace(first=FIRST)
        TaskVectors().settle(FIRST, EPISODES[0], now, stream(0, "retain"))
