"""RecAdam: one step by hand, the geometric way back, plain Adam as its limit, and pulls that would overshoot."""

import numpy as np
import pytest
import torch

from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.core.stages import Stage
from tutelage.kit.weights import weights_of
from tutelage.learn.gradient import Gradient
from tutelage.retain.nothing import Nothing
from tutelage.retain.rec_adam import RecAdam
from tutelage.student.vector.mlp import Mlp
from tutelage.toys import POOL, view

FIRST = Mlp(hidden=(3,)).begin(POOL, stream(0, "student"))
NEW = view(taught=np.array([0, 5])).lessons
LATER = Gradient(lr=0.1).learn((Stage(NEW),), None, view(student=FIRST), stream(0, "learn")).student
NOW = view(student=LATER)._replace(first=FIRST)
ALWAYS = {"k": 1.0, "t0": -1e3}  # Adam from the start
NEVER = {"k": 1.0, "t0": 1e3}  # nothing but the pull


def learned(part: RecAdam | None, student=LATER, memory=None, **how):
    given = {"lr": 0.05, "passes": 3, "batch": 0, **how}
    now = NOW._replace(student=student, memory=memory or {})
    return Gradient(**given).learn((Stage(NEW),), None if part is None else part.penalty(now), now, stream(0, "learn"))


def weights(student) -> dict[str, np.ndarray]:
    return weights_of(student)


def equal(one, other) -> bool:
    mine, theirs = weights(one), weights(other)
    return all(np.array_equal(mine[name], theirs[name]) for name in mine)


def test_one_step_by_hand() -> None:
    """At t = 1 = t0 half of Adam's step, which moves each weight by the rate against its gradient's sign (in the first
    step m / sqrt(v) = sign g), then the pull by rate * gamma / 2 = 0.05 * 4 / 2 = 0.1 of what is left between.
    """
    plain = weights(learned(None, passes=1).student)
    held = weights(learned(RecAdam(gamma=4, k=1, t0=1, to="first"), passes=1).student)
    before, anchor = weights(LATER), weights(FIRST)
    for name, array in held.items():
        half = before[name] + (plain[name] - before[name]) / 2
        np.testing.assert_allclose(
            array, half - 0.1 * (half - anchor[name]), rtol=1e-6, atol=1e-7
        )  # rounding of single precision


def test_without_adam_it_goes_back_geometrically() -> None:
    """share 0: after three updates the distance to the first weights is (1 - rate gamma)^3 of what it was."""
    gone = weights(learned(RecAdam(gamma=8, to="first", **NEVER)).student)
    for name, array in gone.items():
        away = weights(LATER)[name] - weights(FIRST)[name]
        np.testing.assert_allclose(array - weights(FIRST)[name], (1 - 0.05 * 8) ** 3 * away, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "part", [RecAdam(weight=0, to="first"), RecAdam(to="first", **ALWAYS)], ids=["weight 0", "share 1"]
)
def test_neutral_limits_are_adam(part: RecAdam) -> None:
    assert equal(learned(part).student, learned(None).student)
    assert not equal(learned(RecAdam(to="first", t0=2)).student, learned(None).student)


def test_weight_0_is_nothing() -> None:
    part = RecAdam(weight=0, to="first")
    assert part.penalty(NOW) is None
    assert part.settle(FIRST, NEW, NOW, stream(0, "r")) == Nothing().settle(FIRST, NEW, NOW, stream(0, "r"))
    assert RecAdam().penalty(NOW) is None, "to the weights before: nothing in the first episode"
    assert RecAdam().penalty(NOW._replace(memory={"episodes": 1})).anchor.keys() == weights(LATER).keys()


def test_the_schedule_goes_on_over_calls_with_the_optimiser() -> None:
    """Two calls of three updates are one of six, where the moments go on; with fresh moments it begins again."""
    part = RecAdam(gamma=4, k=1, t0=3, to="first")
    whole = learned(part, passes=6)
    first = learned(part)
    second = learned(part, first.student, first.memory)
    again = learned(part, first.student)
    assert equal(whole.student, second.student) and not equal(whole.student, again.student)


def test_the_loss_is_that_of_the_lessons_and_the_number_is_the_energy() -> None:
    part = RecAdam(gamma=6, to="first", **NEVER)
    assert learned(part, passes=1).facts["loss"] == learned(None, passes=1).facts["loss"]
    pull = part.penalty(NOW)
    assert pull(FIRST.module).item() == 0
    away = sum(float(((weights(LATER)[name] - one) ** 2).sum()) for name, one in weights(FIRST).items())
    assert pull(LATER.module).item() == pytest.approx(3 * away, rel=1e-5)


def test_a_pull_that_overshoots_is_refused_before_the_first_update() -> None:
    """The published 5000 at 0.001 comes to 5; with a warm-up that outlasts the pull it never passes 2."""
    strong = RecAdam(gamma=5000, k=0.5, t0=2, to="first")
    with pytest.raises(Refused, match=r"rate times pull comes to 3\.\d+: beyond 2"):
        learned(strong, lr=1e-3, passes=40)
    done = learned(strong, lr=1e-3, passes=40, schedule="linear", warm_up=1.0).student
    assert all(np.isfinite(one).all() for one in weights(done).values())


def test_only_adam_is_steered_and_only_what_was_there_is_pulled() -> None:
    with pytest.raises(Refused, match="scales the steps of adamw"):
        learned(RecAdam(to="first"), optimiser="sgd")
    grown = LATER.with_labels((*LATER.labels, "up"))
    done = weights(learned(RecAdam(gamma=8, to="first", **NEVER), grown).student)
    start = weights(grown)["head.weight"]
    assert np.array_equal(done["head.weight"][2], start[2]) and not np.array_equal(done["head.weight"][:2], start[:2])


def test_an_adapter_s_own_weights_are_not_pulled() -> None:
    from tutelage.adapter.head_only import HeadOnly

    moved = weights(learned(RecAdam(gamma=8, to="first", **NEVER), adapter=HeadOnly()).student)
    assert {name for name, one in moved.items() if not np.array_equal(one, weights(LATER)[name])} == {
        "head.weight",
        "head.bias",
    }


def test_torch_is_left_alone() -> None:
    state = torch.get_rng_state()
    learned(RecAdam(to="first"))
    assert torch.equal(state, torch.get_rng_state())
