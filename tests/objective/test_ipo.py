"""ipo: numbers by hand, (1 / 2 beta)^2 at the start, what leaves it unchanged, and that the lead is kept, not driven up."""

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
from tutelage.objective.ipo import Ipo
from tutelage.toy_writer import Says, preferences, writer
from tutelage.toys import stream, view

LESSONS = preferences([("a", "bc", "d"), ("b", "c", "efgh"), ("c", "", "a b")])


def losses(says: Says, before: object, **settings: object) -> torch.Tensor:
    at = torch.as_tensor(before, dtype=torch.float64)
    batch = Batch(Preference, None, {}, torch.ones(len(at)), prepared={"reference": at})
    return Ipo(**settings).losses(says, batch, stream(0, "learn"))


def test_by_hand() -> None:
    """Ratios 1 (two tokens) and -1 (one): h = 2, wanted 1 / (2 * 0.1) = 5, loss 9. Per token 1/2 + 1: (1.5 - 5)^2 = 12.25."""
    said = Says([[[-1.0, -1.0], [-4.0]]])
    assert losses(said, [[-3, -3]], beta=0.1).item() == pytest.approx(9)
    assert losses(said, [[-3, -3]], beta=0.1, per_token=True).item() == pytest.approx(12.25)


@pytest.mark.parametrize("beta", [0.1, 2.0])
def test_at_the_start_every_loss_is_the_square_of_the_lead(beta: float) -> None:
    student = writer(stream(0, "student"))
    prepared = as_tensors(Ipo().prepare(LESSONS, view(student=student)))
    batch = student.encode(LESSONS).batch(np.arange(3))._replace(prepared=prepared)
    found = Ipo(beta=beta).losses(student.module, batch, stream(0, "learn"))
    assert found.tolist() == pytest.approx([(1 / (2 * beta)) ** 2] * 3, rel=1e-5)


def test_a_constant_added_to_all_ratios_changes_nothing() -> None:
    said = Says([[[-1.0, -0.5], [-2.0]], [[-3.0], [-1.0, -1.0]]])
    before = np.array([[-2.0, -1.5], [-1.0, -4.0]])
    torch.testing.assert_close(losses(said, before), losses(said, before + 7.5))


def test_replies_of_one_token_are_the_same_per_token() -> None:
    said, before = Says([[[-1.0], [-2.0]], [[-0.25], [-4.0]]]), [[-1.0, -3.0], [-2.0, -2.0]]
    torch.testing.assert_close(losses(said, before), losses(said, before, per_token=True))


@given(st.integers(1, 4), st.integers(0, 99), st.booleans())
def test_it_is_the_obvious_loop(b: int, seed: int, per_token: bool) -> None:
    rng = np.random.default_rng(seed)
    said = [[-rng.exponential(size=rng.integers(1, 5)) for _ in range(2)] for _ in range(b)]
    before, wanted = -rng.exponential(3, size=(b, 2)), []
    for replies, was in zip(said, before, strict=True):
        lead = [(one.sum() - at) / (len(one) if per_token else 1) for one, at in zip(replies, was, strict=True)]
        wanted.append((lead[0] - lead[1] - 1 / 0.8) ** 2)
    assert losses(Says(said), before, beta=0.4, per_token=per_token).tolist() == pytest.approx(wanted)


def test_the_lead_is_reached_and_kept() -> None:
    """beta 0.5 wants a lead of 1 nat; many passes later it is 1 nat."""
    student = writer(stream(0, "student"))
    how = Gradient(objective=Ipo(beta=0.5), lr=0.02, passes=150, schedule="linear")
    learned = how.learn((Stage(LESSONS),), None, view(student=student), stream(0, "learn"))
    before, after = (reference(LESSONS, view(student=one)).totals for one in (student, learned.student))
    assert (after - before) @ [1, -1] == pytest.approx(np.ones(3), abs=0.02)


def test_settings_without_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="validation error"):
        Ipo(beta=0)
