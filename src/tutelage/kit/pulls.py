"""Penalties that pull weights to an anchor: what several ways of retaining share.

    penalty = strength sum_i c_i (w_i - w*_i)^2

c is the importance of a weight, w* its anchor.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from tutelage.core.errors import ContractBroken
from tutelage.core.stages import Memory
from tutelage.kit.weights import Arrays, corner


class Pull:
    """The penalty on a module's named parameters (core.descent.Sloped); importance None: 1 for each.

    A weight that has grown is held in the part that there was. ContractBroken, when it is asked, for a module that
    lacks one of the weights.
    """

    def __init__(self, who: str, anchor: Arrays, importance: Arrays | None, strength: float) -> None:
        self.who, self.strength = who, strength
        self.held = {name: (None if importance is None else torch.from_numpy(importance[name]), torch.from_numpy(array))
                     for name, array in anchor.items()}  # fmt: skip

    def __call__(self, module: Any) -> Any:
        """The penalty, a scalar."""
        total: Any = 0.0
        for weight, share, at in self._held(module):
            away = (_part(weight, at) - at) ** 2
            total = total + (away if share is None else share * away).sum()
        return self.strength * total

    def add_slope(self, module: Any) -> None:
        """Add 2 strength c_i (w_i - w*_i) to the gradients."""
        for weight, share, at in self._held(module):
            if weight.requires_grad:
                add_slope(weight, at, share, self.strength)

    def _held(self, module: Any) -> Iterator[tuple[Any, Any, Any]]:
        named = dict(module.named_parameters())
        missing = sorted(self.held.keys() - named.keys())
        if missing:
            raise ContractBroken(f"{self.who} holds weights that the module has not: {', '.join(missing)}")
        for name, (share, at) in self.held.items():
            weight = named[name]
            # brought to the module's device and precision once
            self.held[name] = None if share is None else share.to(weight), at.to(weight)
            yield weight, *self.held[name]


def add_slope(weight: Any, at: Any, share: Any, strength: float) -> None:
    """Add the slope of one parameter's penalty to its gradient in two passes over its weights; share None: c_i = 1."""
    with torch.no_grad():
        if weight.grad is None:
            weight.grad = torch.zeros_like(weight)
        away, grad = _part(weight, at) - at, _part(weight.grad, at)
        if share is None:
            grad.add_(away, alpha=2 * strength)
        else:
            grad.addcmul_(share, away, value=2 * strength)


def _part(weight: Any, at: Any) -> Any:
    return weight[corner(at)]


def decayed(memory: Memory, key: str, name: str, new: Any, decay: float) -> Any:
    """Old importance under the new; where a weight has grown, the new part has none."""
    if not memory or name not in memory[key]:
        return new
    made, old = new.copy(), memory[key][name]
    made[corner(old)] += old.dtype.type(decay) * old
    return made
