"""What adapters share that add layers of their own to a decoder: where they may, how they begin, what then moves.

    STACK    further layers that read chosen ones (kit.side_stack)
    SECOND   a network of its own that reads the same tokens (kit.second_network)
    BLOCKS   copies of layers behind their originals (kit.grown_blocks)
    ROW      low-rank matrices of several episodes (kit.lora_row)

Each is the name of the attribute that a model has which carries one. A model carries one adapter at a time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import torch

from tutelage.core.data import Rng
from tutelage.core.errors import Fault, Refused
from tutelage.kit.named import found
from tutelage.kit.weights import plain_name

STACK, SECOND, BLOCKS, ROW = "side_stack", "second_network", "grown_blocks", "lora_row"
PREFIX = "prefix"  # as kit.soft_prompt calls keys and values of every layer that there was
SMALL = 0.02  # deviation of the first weights, as in most decoders


def alone(model: Any) -> None:
    """Refused where the model carries layers of an adapter already."""
    held = [name for name in (STACK, SECOND, BLOCKS, ROW) if getattr(model, name, None) is not None]
    if held or getattr(model, "peft_config", None):
        what = "the student carries another adapter already"
        raise Refused(Fault("learn.adapter", what, "the same adapter in every round, or restart: true"))


def deepened(module: Any) -> None:
    """Refused where no layer may be added that attends: beside other additions, or behind a learned prefix.

    Such a prefix is keys and values of the layers that there were; a new layer would read from none.
    """
    alone(module.graft)
    if getattr(getattr(module, "before", None), "kind", "") == PREFIX:
        what = "the student has a learned prefix, which holds no keys and values for new layers"
        raise Refused(Fault("learn.adapter", what, "the prefix in a later round, or restart: true"))


def row(model: Any, reader: str) -> Any:
    """The layers of a causal language model. Refused where it has no row of them, or carries an adapter already.

    reader: what is to be added to them, for the message.
    """
    layers = getattr(model.get_decoder(), "layers", None)
    if not isinstance(layers, torch.nn.ModuleList):
        raise Refused(Fault("learn.adapter", f"{type(model).__name__} has no row of layers for {reader}"))
    alone(model)
    return layers


def counted(config: Any, more: int) -> None:
    """Make a configuration count `more` further layers of its last kind, so that a cache has room for them."""
    config.num_hidden_layers += more
    if getattr(config, "layer_types", None):
        config.layer_types = [*config.layer_types, *config.layer_types[-1:] * more]


def drawn(module: Any, names: Iterable[str], zero: Collection[str], rng: Rng) -> None:
    """First numbers of these parameters, drawn one after the other by the luck of the run, not torch's own.

    Matrices and tables are normal with deviation SMALL, vectors (of normalisations) 1, biases 0. zero: not touched.
    """
    with torch.no_grad():
        for name in names:
            one = module.get_parameter(name)
            if one.ndim == 1:
                one.fill_(0.0 if name.endswith("bias") else 1.0)
            elif name not in zero:
                one.copy_(torch.from_numpy(rng.normal(0, SMALL, size=tuple(one.shape))))


def moving(module: Any, added: Collection[str], also: Iterable[str]) -> tuple[str, ...]:
    """Names of the parameters that were added and of those that `also` finds by their plain names, in their order.

    A plain name is that without `base_layer`, as a layer is called in a model that carries nothing.
    """
    names = [name for name, _ in module.named_parameters()]
    plain = {plain_name(name): name for name in names if name not in added}
    opened = {*added, *(plain[name] for name in found(list(plain), tuple(also)))}
    return tuple(name for name in names if name in opened)
