"""adapter stiffness: rates by hand, its neutral limits, and nothing left to move."""

import math

import pytest

from tutelage.adapter.full import Full
from tutelage.adapter.head_only import HeadOnly
from tutelage.adapter.slow_backbone import SlowBackbone
from tutelage.adapter.stiffness import Stiffness
from tutelage.core.data import Rows, labelled
from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.core.stages import Stage
from tutelage.learn.gradient import Gradient
from tutelage.student.vector.mlp import Mlp
from tutelage.toys import CODES, POOL, view

STUDENT = Mlp(hidden=(4,)).begin(POOL, stream(0, "student"))
LESSONS = (labelled(Rows(POOL, range(6)), CODES, "oracle"),)


def learned(adapter: object, optimiser: str = "sgd") -> str:
    how = Gradient(adapter=adapter, lr=0.1, optimiser=optimiser, weight_decay=0.1, passes=3)
    return how.learn((Stage(LESSONS),), None, view(student=STUDENT), stream(0, "learn")).student.fingerprint


def test_by_hand() -> None:
    """1 / (1 + b): a third at b = 2, the whole rate where no pattern fits, no group at all at b = inf."""
    groups = ({"names": "body.*bias", "b": "inf"}, {"names": "^body", "b": 2})
    made = Stiffness(groups=groups).open(STUDENT.module, stream(0, "learn")).groups
    assert [(group.lr_scale, group.names) for group in made] == [
        (pytest.approx(1 / 3), ("body.0.weight",)),
        (1.0, ("head.weight", "head.bias")),
    ]


@pytest.mark.parametrize("optimiser", ["sgd", "adamw"])
def test_neutral_limits(optimiser: str) -> None:
    """Without groups `full`; with the ratio of SLCA its slow backbone; with an infinite one the head alone."""
    assert learned(Stiffness(), optimiser) == learned(Full(), optimiser)
    slow = Stiffness(groups=({"names": "^head", "b": 0}, {"names": ".", "b": 99}))
    assert learned(slow, optimiser) == learned(SlowBackbone(trunk=0.01), optimiser) != learned(Full(), optimiser)
    frozen = Stiffness(groups=({"names": "^body", "b": math.inf},))
    assert learned(frozen, optimiser) == learned(HeadOnly(), optimiser)


def test_nothing_left_to_move_is_told() -> None:
    with pytest.raises(Refused, match="every weight has b = inf"):
        Stiffness(groups=({"names": ".", "b": math.inf},)).open(STUDENT.module, stream(0, "learn"))
