"""slow_backbone: rates by hand, both neutral limits, a frozen trunk, a module without a head."""

import numpy as np
import pytest
import torch

from tutelage.adapter.full import Full
from tutelage.adapter.head_only import HeadOnly
from tutelage.adapter.slow_backbone import SlowBackbone
from tutelage.core.data import Rows, labelled
from tutelage.core.errors import ContractBroken
from tutelage.core.rng import stream
from tutelage.core.stages import Stage
from tutelage.learn.gradient import Gradient
from tutelage.student.vector.mlp import Mlp, MlpStudent
from tutelage.toys import CODES, POOL, view

STUDENT = Mlp(hidden=(4,)).begin(POOL, stream(0, "student"))
LESSONS = (labelled(Rows(POOL, np.arange(6)), CODES, "oracle"),)


def learned(adapter: object, student: MlpStudent = STUDENT, **settings: object) -> MlpStudent:
    how = Gradient(adapter=adapter, **{"lr": 0.1, "optimiser": "sgd", "batch": 0, "passes": 3, **settings})
    return how.learn((Stage(LESSONS),), None, view(student=student), stream(0, "learn")).student


def test_by_hand() -> None:
    """One step of gradient descent, w' = w - rate g: the trunk goes a hundredth of the way that `full` takes it."""
    warm = learned(Full())  # so that the trunk has a gradient at all
    before, slow, plain = (
        dict(one.module.named_parameters())
        for one in (warm, *(learned(adapter, warm, passes=1) for adapter in (SlowBackbone(), Full())))
    )
    for name, weight in before.items():
        share = 1.0 if name.startswith("head.") else 0.01
        torch.testing.assert_close(slow[name] - weight, share * (plain[name] - weight), rtol=1e-3, atol=1e-7)
        assert not torch.equal(slow[name], weight)


def test_neutral_limits() -> None:
    assert learned(SlowBackbone(trunk=1.0)).fingerprint == learned(Full()).fingerprint
    assert learned(SlowBackbone(trunk=0.0)).fingerprint == learned(HeadOnly()).fingerprint


@pytest.mark.parametrize("optimiser", ["sgd", "adamw"])
def test_a_trunk_of_rate_0_is_the_same_bit_by_bit(optimiser: str) -> None:
    after = learned(SlowBackbone(trunk=0.0), optimiser=optimiser, weight_decay=0.5).module
    for name, weight in STUDENT.module.named_parameters():
        assert torch.equal(weight, dict(after.named_parameters())[name]) != name.startswith("head.")


def test_a_module_without_a_head_is_told() -> None:
    with pytest.raises(ContractBroken, match="Linear has no layer called head"):
        SlowBackbone().open(torch.nn.Linear(2, 2), stream(0, "learn"))


@pytest.mark.parametrize("settings", [{"trunk": -1}, {"head": 0}])
def test_settings_without_sense_are_refused(settings: dict) -> None:
    with pytest.raises(ValueError, match="validation error"):
        SlowBackbone(**settings)
