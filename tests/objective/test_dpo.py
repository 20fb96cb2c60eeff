"""dpo: numbers by hand, log 2 at the start, what leaves it unchanged, an obvious reference, and that it learns."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tutelage.core.data import Preference
from tutelage.core.descent import Batch
from tutelage.core.stages import Stage
from tutelage.kit.descent import as_tensors
from tutelage.kit.reference import reference
from tutelage.learn.gradient import Gradient
from tutelage.objective.dpo import Dpo
from tutelage.toy_writer import Says, preferences, replies, writer
from tutelage.toys import stream, view

LESSONS = preferences([("a", "bc", "d"), ("b", "c", "efgh"), ("c", "", "a b")])


def losses(says: Says, before: object, **settings: object) -> torch.Tensor:
    """Of pairs said like this, where `before` (b, 2) was said at the start."""
    at = torch.as_tensor(before, dtype=torch.float64)
    batch = Batch(Preference, None, {}, torch.ones(len(at)), prepared={"reference": at})
    return Dpo(**settings).losses(says, batch, stream(0, "learn"))


def test_by_hand() -> None:
    """Chosen -1 -1 = -2 was -3: ratio 1. Rejected -4 was -3: ratio -1. h = 2; beta 0.5: s(1), loss log(1 + 1/e) = 0.3133.

    Smoothing 0.1: 0.9 * 0.3133 + 0.1 * 1.3133 = 0.4133. sft 2 adds twice the mean token's 1: 2.3133.
    """
    said = Says([[[-1.0, -1.0], [-4.0]]])
    plain = math.log(1 + math.exp(-1))
    assert losses(said, [[-3, -3]], beta=0.5).item() == pytest.approx(plain) == pytest.approx(0.3133, abs=1e-4)
    assert losses(said, [[-3, -3]], beta=0.5, smoothing=0.1).item() == pytest.approx(plain + 0.1)
    assert losses(said, [[-3, -3]], beta=0.5, sft=2).item() == pytest.approx(plain + 2)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_at_the_start_every_loss_is_log_2(dropout: float) -> None:
    """Also where the student drops units out while it learns: the reference does not."""
    student = writer(stream(0, "student"), dropout)
    part = Dpo()
    prepared = as_tensors(part.prepare(LESSONS, view(student=student)))
    batch = student.encode(LESSONS).batch(np.arange(3))._replace(prepared=prepared)
    at_start = part.losses(student.module.eval(), batch, stream(0, "learn"))
    assert at_start.tolist() == pytest.approx([math.log(2)] * 3, abs=1e-6)


def test_a_constant_added_to_all_ratios_changes_nothing() -> None:
    said = Says([[[-1.0, -0.5], [-2.0]], [[-3.0], [-1.0, -1.0]]])
    before = np.array([[-2.0, -1.5], [-1.0, -4.0]])
    for settings in ({}, {"smoothing": 0.2}, {"beta": 3.0}):
        torch.testing.assert_close(losses(said, before, **settings), losses(said, before + 7.5, **settings))


def test_smoothing_of_one_half_makes_the_two_exchangeable() -> None:
    one, other = Says([[[-1.0], [-2.5]]]), Says([[[-2.5], [-1.0]]])
    before, turned = [[-2.0, -1.0]], [[-1.0, -2.0]]
    assert losses(one, before, smoothing=0.5).item() == pytest.approx(losses(other, turned, smoothing=0.5).item())
    assert losses(one, before).item() < math.log(2) < losses(other, turned).item()


def test_for_small_beta_the_gradient_is_linear() -> None:
    """d loss / d log pi goes to -beta / 2 for each token of the chosen reply, beta / 2 for the rejected one's."""
    said = Says([[[-1.0, -0.5], [-2.0]]])
    losses(said, [[-2.0, -5.0]], beta=1e-6).sum().backward()
    assert said.said.logprobs.grad.numpy() / 1e-6 == pytest.approx(np.array([[[-0.5, -0.5], [0.5, 0.5]]]), abs=1e-5)


@given(st.integers(1, 4), st.integers(0, 99), st.sampled_from([0.0, 0.3]), st.sampled_from([0.0, 1.5]))
def test_it_is_the_obvious_loop(b: int, seed: int, smoothing: float, sft: float) -> None:
    rng = np.random.default_rng(seed)
    said = [[-rng.exponential(size=rng.integers(1, 5)) for _ in range(2)] for _ in range(b)]
    before, wanted = -rng.exponential(3, size=(b, 2)), []
    for (chosen, rejected), (was, other) in zip(said, before, strict=True):
        z = 0.4 * ((chosen.sum() - was) - (rejected.sum() - other))
        loss = (1 - smoothing) * np.log1p(np.exp(-z)) + smoothing * np.log1p(np.exp(z))
        wanted.append(loss - sft * chosen.mean())
    found = losses(Says(said), before, beta=0.4, smoothing=smoothing, sft=sft)
    assert found.detach().numpy() == pytest.approx(np.array(wanted))


def test_it_teaches_what_is_preferred() -> None:
    """The lead of the chosen reply over the rejected one grows for every pair."""
    student = writer(stream(0, "student"))
    now = view(student=student)
    how = Gradient(objective=Dpo(beta=0.5), lr=0.05, passes=20)
    learned = how.learn((Stage(LESSONS),), None, now, stream(0, "learn"))
    before, after = (reference(LESSONS, view(student=one)).totals for one in (student, learned.student))
    assert ((after - before) @ [1, -1] > 0.5).all()
    assert learned.facts["loss"] < math.log(2)


def test_beside_lessons_of_more_replies_its_own_stay_in_place() -> None:
    """The reference is as wide as the widest lesson of the call."""
    wide = replies([("a", ["b", "c", "d"], [1.0, 0.0, -1.0])])
    now = view(student=writer(stream(0, "student")))
    both = Dpo().prepare(wide + LESSONS, now)["reference"]
    assert both.shape == (4, 3) and (both[1:, 2] == 0).all()
    np.testing.assert_allclose(both[1:, :2], Dpo().prepare(LESSONS, now)["reference"], rtol=1e-6)


@pytest.mark.parametrize("settings", [{"beta": 0}, {"smoothing": 0.6}, {"sft": -1}])
def test_settings_without_sense_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        Dpo(**settings)
