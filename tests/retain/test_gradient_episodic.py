"""gradient_episodic: the projection by hand and for any two gradients, steps that never hurt, memory 0 as nothing."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tutelage.core.data import Lessons, Rows, labelled
from tutelage.core.rng import stream
from tutelage.core.stages import Stage, View
from tutelage.learn.gradient import Gradient
from tutelage.retain.gradient_episodic import GradientEpisodic
from tutelage.retain.nothing import Nothing
from tutelage.student.text.tiny import Tiny
from tutelage.student.vector.mlp import Mlp, MlpStudent
from tutelage.toys import CODES, POOL, replies_pool, view

FIRST = Mlp(hidden=(), standardise=False).begin(POOL, stream(0, "student"))


def lessons(rows: list[int], codes: list[int] | None = None) -> Lessons:
    return (labelled(Rows(POOL, np.array(rows)), CODES[rows] if codes is None else codes, "oracle"),)


OLD, NEW = lessons([2, 3]), lessons([0], [1])  # the new lesson says of the left what the old ones deny


def after(part: GradientEpisodic, student: MlpStudent = FIRST) -> View:
    """A view in the second episode, whose memory has seen the old lessons."""
    memory = part.settle(student, OLD, view(student=student, lessons=OLD), stream(0, "retain")).memory
    return view(student=student, lessons=(*OLD, *NEW))._replace(memory=memory, round=1)


def learned(penalty: object, now: View, **settings: object) -> MlpStudent:
    how = Gradient(optimiser="sgd", batch=0, **{"lr": 0.1, "passes": 1, **settings})
    return how.learn((Stage(NEW),), penalty, now, stream(0, "learn")).student


def loss(student: MlpStudent) -> float:
    batch = student.encode(OLD).batch(np.arange(2))
    return float(torch.nn.functional.cross_entropy(student.module.scores(batch), batch.given["label"]).detach())


def test_by_hand() -> None:
    """g = (3, -1), g_ref = (-1, 1): g . g_ref = -4, g_ref . g_ref = 2, so g + 2 g_ref = (1, 1)."""
    project = GradientEpisodic.project
    assert project(torch.tensor([3.0, -1.0]), torch.tensor([-1.0, 1.0])).tolist() == [1, 1]
    kind = torch.tensor([3.0, -1.0])
    assert project(kind, torch.tensor([1.0, 0.0])) is kind and project(kind, torch.zeros(2)) is kind


@given(st.integers(0, 2**32))
def test_what_comes_out_never_points_against_the_memory(seed: int) -> None:
    one, other = (torch.from_numpy(row) for row in stream(seed, "test").normal(size=(2, 5)))
    made = GradientEpisodic.project(one, other)
    assert float(made @ other) > -1e-9 and float(made @ made) <= float(one @ one) + 1e-9


def test_a_step_goes_along_the_projected_gradient() -> None:
    """Weights 0, so p = 1/2 and the slope of a score is 1/2 less its share: at x = -3 (1/2, -1/2), hence (-1.5, 1.5)
    for the weights; the memory has (-1/2, 1/2) at -0.2 and (1/2, -1/2) at 0.2, hence (0.1, -0.1), and 0 for the bias.
    g . g_ref = -0.3, g_ref . g_ref = 0.02, so g + 15 g_ref: the weights stay, the bias moves as it would.
    """
    now = after(GradientEpisodic())
    held, free = learned(GradientEpisodic().penalty(now), now).module.head, learned(None, now).module.head
    own = torch.cat([free.weight.reshape(-1), free.bias]).detach() / -0.1
    torch.testing.assert_close(own[[0, 2, 4, 5]], torch.tensor([-1.5, 1.5, 0.5, -0.5]))
    made = torch.cat([held.weight.reshape(-1), held.bias]).detach() / -0.1
    torch.testing.assert_close(made, torch.tensor([0.0, 0, 0, 0, 0.5, -0.5]), atol=1e-5, rtol=1e-5)


def test_the_old_lessons_are_not_made_worse() -> None:
    now = after(GradientEpisodic())
    steps = {"passes": 50, "lr": 0.01}
    held, free = learned(GradientEpisodic().penalty(now), now, **steps), learned(None, now, **steps)
    assert loss(held) < loss(FIRST) + 1e-4 < loss(free)
    assert loss(held) != loss(FIRST)


def test_neutral_limit_keep_0() -> None:
    now = after(GradientEpisodic(keep=0))
    assert GradientEpisodic(keep=0).penalty(now) is None and now.memory == {}
    ours = GradientEpisodic(keep=0).settle(FIRST, NEW, now, stream(0, "r"))
    assert ours == Nothing().settle(FIRST, NEW, now, stream(0, "r"))


def test_same_luck_same_weights_and_clipping_comes_afterwards() -> None:
    part = GradientEpisodic(batch=1)
    one, two = (learned(part.penalty(after(part)), after(part), passes=5) for _ in range(2))
    assert one.fingerprint == two.fingerprint
    clipped = learned(part.penalty(after(part)), after(part), clip=1e-3).module.head
    size = torch.cat([clipped.weight.reshape(-1), clipped.bias]).detach().norm() / 0.1
    assert float(size) == pytest.approx(1e-3, rel=1e-3)


def test_replies_of_a_language_model() -> None:
    """Lessons in words: with a memory of them the old reply is less forgotten while another one is learned."""
    from tutelage.teach.recorded import Recorded

    pool = replies_pool([("a", "yes", "1"), ("b", "no", "2")])
    first = Tiny(hidden=16, layers=1, heads=2, window=32).begin(pool, stream(0, "student"))
    blocks = [
        Recorded().teach(Rows(pool, np.array([row])), view(pool=pool), None, stream(0, "teach")).lessons
        for row in (0, 1)
    ]
    how, part = Gradient(lr=0.01, passes=10), GradientEpisodic()
    one = how.learn((Stage(blocks[0]),), None, view(pool=pool, student=first), stream(0, "learn")).student
    memory = part.settle(first, blocks[0], view(pool=pool, student=one, lessons=blocks[0]), stream(0, "r")).memory
    now = view(pool=pool, student=one, lessons=(*blocks[0], *blocks[1]))._replace(memory=memory, round=1)
    held, free = (
        how.learn((Stage(blocks[1]),), pull, now, stream(1, "learn")).student for pull in (part.penalty(now), None)
    )
    assert held.logprob(["a"], ["yes"])[0] > free.logprob(["a"], ["yes"])[0]
