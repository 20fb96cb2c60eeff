"""A second, smaller network of its own beside a decoder: it reads the same tokens and adds to what one layer gives.

    h_at  ->  h_at + U s,     s (b, t, w) the last states of the second network, U (d, w) 0 at first

It is a decoder of the same kind from a smaller configuration: its own table of tokens, layers, positions and last
normalisation. It runs once before the first layer of the other, on the same mask and places. To a cache of keys and
values its layers are further ones behind those of the model, so whatever is kept, picked or gone on from for the one
is so for the other. The layer that is added to answers as before under the name `base_layer`, as in peft.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from transformers import DynamicCache

from tutelage.core.errors import Fault, Refused
from tutelage.kit.grafts import SECOND, counted, row
from tutelage.kit.soft_prompt import body

NEEDED = ("hidden_size", "intermediate_size", "num_attention_heads", "num_hidden_layers", "vocab_size")


class Added(torch.nn.Module):  # type: ignore[misc]
    """A layer, and to what it gives is added what the second network said."""

    def __init__(self, layer: Any, said: list[Any]) -> None:
        super().__init__()
        self.base_layer, self.said = layer, said

    def forward(self, hidden_states: Any, *given: Any, **named: Any) -> Any:
        """(b, t, d)"""
        return self.base_layer(hidden_states, *given, **named) + self.said.pop()


class Second(torch.nn.Module):  # type: ignore[misc]
    """The network, U, and by which settings it was made."""

    def __init__(self, net: Any, up: Any, said: list[Any], settings: Mapping[str, int]) -> None:
        super().__init__()
        self.net, self.up, self.said, self.settings = net, up, said, dict(settings)

    def read(self, trunk: Any, given: tuple[Any, ...], named: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Read what the decoder is about to read. A cache that it would make is made here, so that both fill it."""
        ids = given[0] if given else named.get("input_ids")
        if ids is None:
            raise Refused(Fault("learn.adapter", "a second network reads tokens, and vectors stand in their place"))
        use, cache = named.get("use_cache"), named.get("past_key_values")
        if cache is None and (trunk.config.use_cache if use is None else use):
            cache = DynamicCache(config=trunk.config)
            named = {**named, "past_key_values": cache, "use_cache": True}
        states = self.net(
            input_ids=ids, attention_mask=named.get("attention_mask"), position_ids=named.get("position_ids"),
            past_key_values=cache, use_cache=cache is not None,
        ).last_hidden_state  # fmt: skip
        self.said[:] = [self.up(states)]
        return given, named


def joined(model: Any, width: int, layers: int, heads: int, at: int) -> None:
    """Put a second network beside a causal language model, its numbers all 0, to be added behind layer `at` from 1.

    The model is changed, its configuration too: nobody else may hold them. Refused where it carries an adapter, has no
    row of layers or fewer than `at`, and where its configuration does not say how wide a layer is in the usual words.
    """
    trunk, stack = body(model), row(model, "a second network to add to")
    if not 0 < at <= len(stack):
        what = f"a second network was to be added behind layer {at} of {len(stack)}"
        raise Refused(Fault("learn.adapter.at", what, f"at: 1 to {len(stack)}"))
    weight = next(stack.parameters())
    with torch.random.fork_rng(devices=[]), torch.device("meta" if weight.is_meta else "cpu"):
        net = type(trunk)(_smaller(trunk, width, layers, heads))
        up = torch.nn.Linear(width, trunk.config.hidden_size, bias=False)
    for part in net.modules():
        if getattr(part, "layer_idx", None) is not None:
            part.layer_idx += len(stack)  # its place in a cache
    said: list[Any] = []
    second = Second(net, up, said, {"width": width, "layers": layers, "heads": heads, "at": at}).to(weight.device)
    for one in second.parameters():  # the frequencies of places are no parameters and stay float32
        one.data = torch.zeros_like(one.data, dtype=weight.dtype)
    counted(trunk.config, layers)
    stack[at - 1] = Added(stack[at - 1], said)
    setattr(model, SECOND, second)
    trunk.register_forward_pre_hook(second.read, with_kwargs=True)
    model.eval()


def names(module: Any) -> tuple[str, ...]:
    """Of all parameters of the second networks in a module, U included."""
    inside = {id(one) for part in module.modules() if isinstance(part, Second) for one in part.parameters()}
    return tuple(name for name, one in module.named_parameters() if id(one) in inside)


def _smaller(trunk: Any, width: int, layers: int, heads: int) -> Any:
    """The configuration of the same kind of decoder at another size. Feed-forward layers keep their share of the width.

    Every head has keys and values of its own.
    """
    config = trunk.config
    there = config.to_dict()
    lacking = [name for name in NEEDED if name not in there]
    if lacking:
        what = f"the configuration of {type(trunk).__name__} does not say {', '.join(lacking)}"
        raise Refused(Fault("learn.adapter", what, "k_adapter, or another model"))
    told = {
        "hidden_size": width, "num_hidden_layers": layers, "num_attention_heads": heads,
        "intermediate_size": max(1, round(width * config.intermediate_size / config.hidden_size)),
        "num_key_value_heads": heads, "head_dim": width // heads,
        "vocab_size": len(trunk.get_input_embeddings().weight), "pad_token_id": None,
    }  # fmt: skip
    made = copy.deepcopy(config)
    for name, value in told.items():
        if name in there:
            setattr(made, name, value)
    if getattr(made, "layer_types", None):
        made.layer_types = made.layer_types[-1:] * layers
    return made
