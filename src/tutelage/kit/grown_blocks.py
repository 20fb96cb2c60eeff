"""Copies of some layers of a decoder behind the layers they were copied from, silent at first.

    h  ->  C(L(h)),    C as L but for its two output projections, which are 0, so that C(h) = h

A layer adds to what it reads, h + attention(h) and then h + feed-forward(h), and both of a copy's sums end in a matrix
of zeros. A layer with a copy answers as before under the name `base_layer`, as in peft, so that nothing which was there
changes its name. In a cache the copies' keys and values stand behind those of all other layers.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch

from tutelage.core.errors import Fault, Refused
from tutelage.kit.grafts import BLOCKS
from tutelage.kit.soft_prompt import body

OUT = (("o_proj", "out_proj", "dense"), ("down_proj", "fc2"))  # what ends the attention, the feed-forward part


class Grown(torch.nn.Module):  # type: ignore[misc]
    """A layer, and its copy that reads what the layer gives."""

    def __init__(self, layer: Any, copied: Any) -> None:
        super().__init__()
        self.base_layer, self.copied = layer, copied

    def forward(self, hidden_states: Any, *given: Any, **named: Any) -> Any:
        """As the layer does, (b, t, d), and then the copy."""
        return self.copied(self.base_layer(hidden_states, *given, **named), *given, **named)


def grown(model: Any, after: Sequence[int]) -> None:
    """Put a copy behind each of these layers of a causal language model.

    The model is changed, its configuration too: nobody else may hold them. Refused for a model without a row of layers
    whose output projections are known.
    """
    trunk = body(model)
    layers = getattr(trunk, "layers", None)
    if not isinstance(layers, torch.nn.ModuleList):
        raise Refused(Fault("learn.adapter", f"{type(model).__name__} has no row of layers to put copies into"))
    count, config = len(layers), trunk.config
    for place, number in enumerate(after):
        copied = copy.deepcopy(layers[number])
        for out in _outputs(copied):
            for one in out.parameters():
                one.data.zero_()
        _seat(copied, count + place)
        layers[number] = Grown(layers[number], copied)
    told = _told(config)
    config.num_hidden_layers = count + len(after)
    for name, held in told.items():
        setattr(config, name, [*held, *(held[number] for number in after)])
    model.eval()
    setattr(model, BLOCKS, tuple(after))  # behind which layers they stand


def answers(model: Any) -> Any | None:
    """(2, V) the logits of two tokens, to see whether copies are silent; None for a model without numbers."""
    weight = next(model.parameters())
    if weight.is_meta:
        return None
    with torch.no_grad():
        return model(input_ids=torch.tensor([[1, 2]], device=weight.device), use_cache=False).logits[0]


def joined(model: Any) -> None:
    """Make a model with copies what it would be if it had always had so many layers, all in one row.

    The model is changed, its configuration too; it then is one that transformers itself builds of that configuration.
    """
    trunk, after = body(model), getattr(model, BLOCKS)
    count, config = len(trunk.layers), trunk.config
    pairs = [[number, *(count + place for place, one in enumerate(after) if one == number)] for number in range(count)]
    order = [seat for pair in pairs for seat in pair]
    for name, held in _told(config).items():
        setattr(config, name, [held[seat] for seat in order])
    parts = [[one.base_layer, one.copied] if isinstance(one, Grown) else [one] for one in trunk.layers]
    trunk.layers = torch.nn.ModuleList([layer for part in parts for layer in part])
    for place, layer in enumerate(trunk.layers):
        _seat(layer, place)
    delattr(model, BLOCKS)


def copies(module: Any) -> tuple[str, ...]:
    """The names of all parameters of the copies in a module."""
    inside = {id(one) for part in module.modules() if isinstance(part, Grown) for one in part.copied.parameters()}
    return tuple(name for name, one in module.named_parameters() if id(one) in inside)


def _outputs(layer: Any) -> list[Any]:
    """The two linear maps that its sums end in. Refused where there is not one of each."""
    named = [(name.rpartition(".")[2], part) for name, part in layer.named_modules()]
    found = [[part for name, part in named if name in known and isinstance(part, torch.nn.Linear)] for known in OUT]
    if [len(parts) for parts in found] != [1, 1]:
        looked = " and ".join(" or ".join(known) for known in OUT)
        what = f"{type(layer).__name__} has not one linear output of each part ({looked}) that could be set to 0"
        raise Refused(Fault("learn.adapter", what, "another adapter"))
    return [part for parts in found for part in parts]


def _seat(layer: Any, place: int) -> None:
    """Where its keys and values stand in a cache."""
    for part in layer.modules():
        if getattr(part, "layer_idx", None) is not None:
            part.layer_idx = place


def _told(config: Any) -> dict[str, list[Any]]:
    """What a configuration says of each layer in turn, such as its kind of attention."""
    held = {name: value for name, value in config.to_dict().items() if "layer" in name and isinstance(value, list)}
    return {name: getattr(config, name) for name, value in held.items() if len(value) == config.num_hidden_layers}
