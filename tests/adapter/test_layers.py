"""layers: the last blocks and what stands behind them, by patterns, on a network, an encoder and a decoder."""

import pytest
import torch
import transformers

from tutelage.adapter.full import Full
from tutelage.adapter.head_only import HeadOnly
from tutelage.adapter.layers import Layers
from tutelage.core.errors import Refused
from tutelage.core.parts import build
from tutelage.student.text.transformer import Transformer
from tutelage.student.vector.mlp import Mlp
from tutelage.toys import POOL, stream

NETWORK = Mlp(hidden=(4, 3)).begin(POOL, stream(0, "student")).module


def names(module, **settings) -> tuple[str, ...]:
    return Layers(**settings).open(module, stream(0, "learn")).groups[0].names


def test_by_hand() -> None:
    """Of two hidden layers, numbered 0 and 1, and a head."""
    head = ("head.weight", "head.bias")
    assert names(NETWORK, last=1) == ("body.1.weight", "body.1.bias", *head)
    assert names(NETWORK, last=1, also=["^body.0.bias"]) == ("body.0.bias", "body.1.weight", "body.1.bias", *head)
    assert names(NETWORK, last=None, also=["bias"]) == ("body.0.bias", "body.1.bias", "head.bias")


def test_neutral_limits() -> None:
    luck = stream(0, "learn")
    assert Layers(also=["."]).open(NETWORK, luck) == Layers(last=2).open(NETWORK, luck) == Full().open(NETWORK, luck)
    assert Layers(last=0).open(NETWORK, luck) == HeadOnly().open(NETWORK, luck)


@pytest.mark.parametrize("family", ["bert", "distilbert", "mpnet"])
def test_on_encoders(tiny_encoder, family: str) -> None:
    """The second of two layers: 16 parameters, and the head's 2; with `embeddings` those too, and `last: 0` none."""
    module = Transformer(model=str(tiny_encoder(family))).begin(POOL, stream(0, "student")).module
    block = [name for name in names(module, last=1) if not name.startswith("head.")]
    assert len(block) >= 16 and all(".layer.1." in name or "relative" in name for name in block)
    more = set(names(module, last=1, also=["embeddings"])) - set(names(module, last=1))
    assert more and all("embeddings" in name for name in more)


def test_more_than_ten_layers_of_a_decoder() -> None:
    """Block 9 comes before 10 and 11 by number, not by spelling; the closing normalisation stands behind them."""
    config = transformers.LlamaConfig(
        hidden_size=8, intermediate_size=8, num_hidden_layers=12, num_attention_heads=2, vocab_size=9
    )
    with torch.device("meta"):
        whole = torch.nn.Module()
        whole.model = transformers.LlamaForCausalLM(config)
    found = names(whole, last=3)
    assert {name.split(".")[3] for name in found if ".layers." in name} == {"9", "10", "11"}
    assert found[-2:] == ("model.model.norm.weight", "model.lm_head.weight")


def test_what_is_refused() -> None:
    with pytest.raises(Refused, match="has 2 numbered blocks, the last 3 were asked for"):
        names(NETWORK, last=3)
    with pytest.raises(Refused, match="has 0 numbered blocks"):
        names(torch.nn.Linear(1, 1, device="meta"), last=1)
    with pytest.raises(Refused, match="no parameter has 'attention' in its name"):
        names(NETWORK, also=["attention"])
    with pytest.raises(Refused, match="nothing may move"):
        names(NETWORK, last=None)
    with pytest.raises(Refused, match=r"'\(' is no regular expression"):
        build("adapter", {"use": "layers", "also": ["("]})
