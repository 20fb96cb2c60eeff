"""head_only: the head's weight and bias, and nothing where there is no head."""

import pytest
import torch

from tutelage.adapter.full import Full
from tutelage.adapter.head_only import HeadOnly
from tutelage.core.errors import ContractBroken
from tutelage.student.vector.mlp import Mlp
from tutelage.toys import POOL, stream


def test_by_hand() -> None:
    """Of six parameters of two hidden layers and a head, the last two; `header` is another layer's name."""
    module = Mlp(hidden=(4, 3)).begin(POOL, stream(0, "student")).module
    module.header = torch.nn.Linear(1, 1, device="meta")
    assert HeadOnly().open(module, stream(0, "learn")).groups[0].names == ("head.weight", "head.bias")


def test_neutral_limit_a_module_that_is_a_head() -> None:
    module = Mlp(hidden=()).begin(POOL, stream(0, "student")).module
    assert HeadOnly().open(module, stream(0, "learn")) == Full().open(module, stream(0, "learn"))


def test_without_a_head() -> None:
    with pytest.raises(ContractBroken, match="Linear has no layer called head"):
        HeadOnly().open(torch.nn.Linear(1, 1, device="meta"), stream(0, "learn"))
