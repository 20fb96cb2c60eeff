"""A small stack of layers beside a decoder: it reads what chosen layers give and adds to what the last one gives.

    s_0 = 0,   s_j = L_j(s_(j-1) + h_(r_j)),  j = 1 .. k,     h_n  ->  h_n + U s_k

h_i is what layer i of n gives, L_j is a layer of the decoder's own kind with weights of its own, U starts at 0. To the
decoder the L_j are further layers, so that masks, positions and caches of keys and values serve them as they are; the
layers that are read answer as before under the name `base_layer`, as in peft.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from tutelage.kit.grafts import STACK, counted, row
from tutelage.kit.soft_prompt import body


class Tap(torch.nn.Module):  # type: ignore[misc]
    """A layer, and what it gave is kept for the stack."""

    def __init__(self, layer: Any, number: int, seen: dict[int, Any]) -> None:
        super().__init__()
        self.base_layer, self.number, self.seen = layer, number, seen

    def forward(self, hidden_states: Any, *given: Any, **named: Any) -> Any:
        """As the layer does."""
        made = self.base_layer(hidden_states, *given, **named)
        self.seen[self.number] = made
        return made


class Rung(torch.nn.Module):  # type: ignore[misc]
    """One layer of the stack. What comes from the decoder's last layer goes through it; the last rung adds to it."""

    def __init__(self, layer: Any, reads: int, up: Any, seen: dict[int, Any]) -> None:
        super().__init__()
        self.layer, self.reads, self.up, self.seen = layer, reads, up, seen

    def forward(self, hidden_states: Any, *given: Any, **named: Any) -> Any:
        """(b, t, d) unchanged, or with what the stack says."""
        read = self.seen[self.reads]
        below = self.seen.pop(-1, None)
        state = self.layer(read if below is None else below + read, *given, **named)
        if self.up is None:
            self.seen[-1] = state
            return hidden_states
        self.seen.clear()
        return hidden_states + self.up(state)


def evenly(layers: int, k: int) -> tuple[int, ...]:
    """Which k of so many layers, at equal distances and the last one among them, counted from 0.

    >>> evenly(12, 3), evenly(2, 2), evenly(5, 2)
    ((3, 7, 11), (0, 1), (1, 4))
    """
    return tuple((place + 1) * layers // k - 1 for place in range(k))


def raised(model: Any, reads: Sequence[int]) -> None:
    """Put a stack into a causal language model, its numbers all 0. Refused where it has one, or no row of layers.

    The model is changed, its configuration too: nobody else may hold them.
    """
    trunk, layers = body(model), row(model, "a stack to read")
    count, kind, config = len(layers), type(layers[0]), trunk.config
    weight = next(layers[0].parameters())
    seen: dict[int, Any] = {}
    with torch.device("meta"):  # so that no luck is used up
        rungs = [kind(config, count + place) for place in range(len(reads))]
        up = torch.nn.Linear(config.hidden_size, config.hidden_size, bias=False)
    for number in sorted(set(reads)):
        layers[number] = Tap(layers[number], number, seen)
    for place, (rung, number) in enumerate(zip(rungs, reads, strict=True)):
        layers.append(Rung(rung, number, up if place + 1 == len(reads) else None, seen))
    for added in layers[count:]:
        added.to_empty(device=weight.device).to(weight.dtype)
        for one in added.parameters():
            one.data.zero_()
    counted(config, len(reads))
    model.eval()
    setattr(model, STACK, tuple(reads))  # which layers it reads


def rungs(module: Any) -> tuple[str, ...]:
    """The names of all parameters of the stacks in a module."""
    inside = {id(one) for part in module.modules() if isinstance(part, Rung) for one in part.parameters()}
    return tuple(name for name, one in module.named_parameters() if id(one) in inside)
