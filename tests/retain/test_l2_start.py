"""l2_start: the optimum under the pull by hand, which weights it pulls to, and ewc with importance 1."""

import numpy as np
import pytest
import torch

from tutelage.core.rng import stream
from tutelage.core.stages import Stage
from tutelage.kit.weights import weights_of
from tutelage.learn.gradient import Gradient
from tutelage.retain.ewc import Ewc
from tutelage.retain.l2_start import L2Start
from tutelage.retain.nothing import Nothing
from tutelage.student.vector.mlp import Mlp
from tutelage.toys import POOL, view

FIRST = Mlp(hidden=(3,)).begin(POOL, stream(0, "student"))
NEW = view(taught=np.array([0, 5])).lessons
LATER = Gradient(lr=0.1).learn((Stage(NEW),), None, view(student=FIRST), stream(0, "learn")).student
NOW = view(student=LATER)._replace(first=FIRST, memory={"episodes": 1})


def test_by_hand() -> None:
    """(w - a)^2 / 2 + s / 2 (w - t)^2 is least at (a + s t) / (1 + s): a = 4, t = 1, s = 2 give 2."""
    pull = L2Start(strength=2).penalty(NOW)
    module = LATER.module
    bias = module.head.bias
    start = bias.detach().clone()
    for _ in range(200):
        loss = ((bias - start - 3) ** 2).sum() / 2 + pull(module)
        bias.data = bias.data - 0.2 * torch.autograd.grad(loss, bias)[0]
    torch.testing.assert_close(bias.detach(), start + 1, rtol=0, atol=1e-5)


def test_where_it_pulls_to() -> None:
    assert L2Start().penalty(NOW)(LATER.module).item() == 0 < L2Start().penalty(NOW)(FIRST.module).item()
    first = L2Start(to="first")
    assert first.penalty(NOW)(FIRST.module).item() == 0 < first.penalty(NOW._replace(memory={}))(LATER.module).item()
    assert L2Start().penalty(NOW._replace(memory={})) is None, "before the first episode there is nothing to hold"


def test_ewc_with_importance_1_is_the_same() -> None:
    held = weights_of(LATER)
    memory = {"weights": held, "fisher": {name: np.ones_like(array) for name, array in held.items()}}
    theirs, ours = Ewc(strength=3).penalty(view()._replace(memory=memory)), L2Start(strength=3).penalty(NOW)
    assert ours(FIRST.module).item() == pytest.approx(theirs(FIRST.module).item(), rel=1e-6)


def test_neutral_limit_strength_0() -> None:
    for to in ("before", "first"):
        part = L2Start(strength=0, to=to)
        assert part.penalty(NOW) is None
        assert part.settle(FIRST, NEW, NOW, stream(0, "r")) == Nothing().settle(FIRST, NEW, NOW, stream(0, "r"))


def test_an_episode_without_a_lesson_is_none() -> None:
    none = (NEW[0]._replace(weight=np.zeros(2)),)
    assert L2Start().settle(FIRST, none, NOW, stream(0, "r")).memory == {}
    assert L2Start().settle(FIRST, NEW, NOW, stream(0, "r")).memory == {"episodes": 2}
