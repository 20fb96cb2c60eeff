"""Which weights count: products do, look-ups do not, and a table that is also a last layer counts once."""

import torch
from torch.nn import Embedding, LayerNorm, Linear, Module

from tutelage.kit.matrices import multiplied


class Speaks(Module):
    """A table of 10 words, a layer, and a last layer that may be the table itself."""

    def __init__(self, tied: bool) -> None:
        super().__init__()
        self.words, self.inner = Embedding(10, 4, device="meta"), Linear(4, 4, device="meta")
        self.norm, self.last = LayerNorm(4, device="meta"), Linear(4, 10, bias=False, device="meta")
        if tied:
            self.last.weight = self.words.weight


def test_by_hand() -> None:
    """Apart: 16 of the layer and 40 of the last one. Tied, the same, under the name that the table has."""
    assert multiplied(Speaks(tied=False)) == {"inner.weight": 16, "last.weight": 40}
    assert multiplied(Speaks(tied=True)) == {"words.weight": 40, "inner.weight": 16}


def test_a_bare_parameter_of_two_dimensions_counts() -> None:
    module = Module()
    module.factor = torch.nn.Parameter(torch.zeros(3, 2))
    assert multiplied(module) == {"factor": 6}
