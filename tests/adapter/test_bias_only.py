"""bias_only: every bias and the head, on a network and on an encoder; nothing where there is no bias."""

import pytest
import torch

from tutelage.adapter.bias_only import BiasOnly
from tutelage.adapter.head_only import HeadOnly
from tutelage.core.errors import ContractBroken
from tutelage.student.text.transformer import Transformer
from tutelage.student.vector.mlp import Mlp
from tutelage.toys import POOL, stream


def test_by_hand() -> None:
    """Two hidden layers give two biases, the head its weight and bias; `biased.weight` is no bias."""
    module = Mlp(hidden=(4, 3)).begin(POOL, stream(0, "student")).module
    module.biased = torch.nn.Linear(1, 1, bias=False, device="meta")
    opened = BiasOnly().open(module, stream(0, "learn"))
    assert opened.groups[0].names == ("body.0.bias", "body.1.bias", "head.weight", "head.bias")


def test_on_an_encoder(tiny_encoder) -> None:
    """BERT has a bias in its embeddings' normalisation and 8 in each of 2 layers: 17 and the head's 2 parameters."""
    module = Transformer(model=str(tiny_encoder("bert"))).begin(POOL, stream(0, "student")).module
    names = BiasOnly().open(module, stream(0, "learn")).groups[0].names
    assert len(names) == 19 and all(name.endswith(".bias") or name == "head.weight" for name in names)


def test_neutral_limit_a_head_has_the_only_bias() -> None:
    module = Mlp(hidden=()).begin(POOL, stream(0, "student")).module
    assert BiasOnly().open(module, stream(0, "learn")) == HeadOnly().open(module, stream(0, "learn"))


def test_without_a_bias() -> None:
    with pytest.raises(ContractBroken, match="Linear has no biases"):
        BiasOnly().open(torch.nn.Linear(1, 1, bias=False, device="meta"), stream(0, "learn"))
