"""One number a weight, its stiffness b: how firmly it is held where it is while something new is learned.

    penalty = sum_i b_i (w_i - w*_i)^2 over finite b,    w_i stays as it is, bit for bit, where b_i is inf

b = 0 is a free weight. Groups of weights are named by patterns; a pattern's b is that of every parameter in whose name
it is found, the first pattern that fits counts. As a rate instead of a penalty, b scales the steps of a weight:

    rate_i = lr / (1 + b_i)

The two are different mechanisms. At w = w* the penalty has no slope, so the first step is a whole one and only later
ones are pulled back; the rate makes every step smaller and pulls nowhere. They are the same at b = 0 and at b = inf.

Source: Ling and Bohn (2021), consolidation values and policies; the penalty as in Kirkpatrick et al. (2017).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import numpy as np
import torch
from pydantic import AfterValidator, ConfigDict, Field
from pydantic.dataclasses import dataclass

from tutelage.core.data import Array
from tutelage.core.descent import Group, Opened
from tutelage.core.errors import ContractBroken
from tutelage.kit.pulls import Pull, add_slope
from tutelage.kit.weights import corner


def readable(pattern: str) -> str:
    """The same pattern. ValueError for one that is no regular expression."""
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
    return pattern


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class Held:
    """names: a regular expression that is looked for in the names of parameters. b: inf holds them exactly."""

    names: Annotated[str, AfterValidator(readable)]
    b: Annotated[float, Field(ge=0)]


def said(groups: Sequence[Held], name: str) -> float | None:
    """The b of a parameter by the first pattern that fits it; None where none does."""
    return next((group.b for group in groups if re.search(group.names, name)), None)


class Stiff:
    """A penalty of the equation above, made for one call of the learner (core.descent.Holds and Sloped).

    groups: weights whose b is stated. Every other one that `importance` names has b = strength * importance in the part
    that the array covers; a part that has grown since, and a weight of another name, is free. anchor: w*, and 0 for a
    weight that was not there. Importance is not negative; with an infinite strength it says which weights are held.
    """

    def __init__(self, who: str, groups: Sequence[Held], anchor: Mapping[str, Array],
                 importance: Mapping[str, Array], strength: float) -> None:  # fmt: skip
        self.groups, self.anchor, self.strength = tuple(groups), anchor, strength
        self.importance = {name: array for name, array in importance.items() if said(self.groups, name) is None}
        self.pull: Pull | None = None
        if math.isfinite(strength) and self.importance:
            old = {name: anchor[name][corner(one)] if name in anchor else np.zeros_like(one)
                   for name, one in self.importance.items()}  # fmt: skip
            self.pull = Pull(who, old, self.importance, strength)
        self.at = dict[str, Any]()  # w* of the groups, on the module's device

    def __call__(self, module: Any) -> Any:
        """The penalty, a scalar. ContractBroken for a module that lacks a weight whose importance is known."""
        total: Any = 0.0 if self.pull is None else self.pull(module)
        for weight, at, b in self._elastic(module):
            total = total + b * ((weight - at) ** 2).sum()
        return total

    def add_slope(self, module: Any) -> None:
        """Add 2 b_i (w_i - w*_i) to the gradients (core.descent.Sloped)."""
        if self.pull is not None:
            self.pull.add_slope(module)
        for weight, at, b in self._elastic(module):
            if weight.requires_grad:
                add_slope(weight, at, None, b)

    def _elastic(self, module: Any) -> Iterator[tuple[Any, Any, float]]:
        """The parameters of which a group states a finite b, each with its w*."""
        for name, weight in module.named_parameters():
            b = said(self.groups, name)
            if b is not None and b > 0 and math.isfinite(b):
                if name not in self.at:
                    self.at[name] = self._at(name, weight)
                yield weight, self.at[name], b

    def table(self, module: Any) -> dict[str, Any]:
        """The b of every weight, tensors of the parameters' shapes."""
        made = {}
        for name, weight in module.named_parameters():
            b = said(self.groups, name)
            made[name] = torch.full_like(weight, 0.0 if b is None else b, requires_grad=False)
            if name in self.importance:
                share = torch.from_numpy(self.importance[name]).to(made[name])
                # inf times 0 is no number, and a weight without importance is free whatever the strength
                made[name][corner(share)] = torch.where(share > 0, share * self.strength, torch.zeros_like(share))
        return made

    def held(self, module: Any) -> dict[str, Any]:
        """Which weights have b = inf, as bool tensors; parameters without one are left out."""
        table = {name: torch.isinf(b) for name, b in self.table(module).items()}
        return {name: where for name, where in table.items() if bool(where.any())}

    def facts(self, module: Any) -> dict[str, float]:
        """The capacity report: shares of all weights that are free (b = 0), elastic and held (b = inf)."""
        every = torch.cat([b.reshape(-1) for b in self.table(module).values()])
        if not len(every):
            raise ContractBroken("a module without parameters has no capacity to report")
        shares = {"free": every == 0, "elastic": (every > 0) & ~every.isinf(), "held": every.isinf()}
        return {f"weights_{name}": float(where.double().mean()) for name, where in shares.items()}

    def _at(self, name: str, weight: Any) -> Any:
        made = torch.zeros_like(weight, requires_grad=False)
        if name in self.anchor:
            old = torch.from_numpy(self.anchor[name]).to(made)
            made[corner(old)] = old
        return made


def loosened(opened: Opened, held: Mapping[str, Any]) -> Opened:
    """What an adapter opened, less the parameters that are held whole: those get no optimiser and no state of one."""
    whole = {name for name, where in held.items() if bool(where.all())}
    groups = (group._replace(names=tuple(name for name in group.names if name not in whole)) for group in opened.groups)
    return opened._replace(groups=tuple(group for group in groups if group.names))


class Still:
    """Weights held inside parameters that move otherwise: their gradient is 0 and no step changes them.

    Weight decay and momentum move whatever an optimiser has, with a gradient or without, so a step is undone there.
    """

    def __init__(self, held: Mapping[str, Any], named: Mapping[str, Any]) -> None:
        self.parts = [(named[name], where.to(named[name].device), named[name].detach().clone())
                      for name, where in held.items() if name in named]  # fmt: skip

    def before_step(self) -> None:
        """Before clipping, so that a gradient which goes nowhere does not shorten the others."""
        for weight, where, _ in self.parts:
            if weight.grad is not None:
                weight.grad.masked_fill_(where, 0)

    def after_step(self) -> None:
        """Back to the very bits that were there."""
        for weight, where, was in self.parts:
            weight.data = torch.where(where, was, weight.data)


def slowed(groups: Sequence[Held], names: Sequence[str]) -> tuple[Group, ...]:
    """The rate form: parameters of one b together, in the order given, lr_scale 1 / (1 + b); none where b is inf."""
    stiff = {name: said(groups, name) or 0.0 for name in names}
    each = dict.fromkeys(b for b in stiff.values() if math.isfinite(b))
    return tuple(Group(tuple(name for name in names if stiff[name] == b), 1 / (1 + b)) for b in each)
