"""Penalties that pull weights to an anchor, and weights as arrays: what several ways of retaining share.

    penalty = strength sum_i c_i (w_i - w*_i)^2

c is the importance of a weight, w* its anchor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch

from tutelage.core.data import Array
from tutelage.core.descent import CanDescend
from tutelage.core.errors import ContractBroken
from tutelage.core.stages import Memory, Student, able

Arrays = Mapping[str, Array]
LOW_RANK = (".lora_A.", ".lora_B.")  # names of the small matrices that peft puts beside a layer


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


def corner(old: Any) -> tuple[slice, ...]:
    """Where an array or a tensor stands in one that has grown since: its rows and columns come first."""
    return tuple(slice(size) for size in old.shape)


def _plain(name: str) -> str:
    """A weight's name whether or not a low-rank layer stands around it."""
    return name.replace(".base_layer.", ".")


def decayed(memory: Memory, key: str, name: str, new: Any, decay: float) -> Any:
    """Old importance under the new; where a weight has grown, the new part has none."""
    if not memory or name not in memory[key]:
        return new
    made, old = new.copy(), memory[key][name]
    made[corner(old)] += old.dtype.type(decay) * old
    return made


def weights_of(student: Student) -> dict[str, Array]:
    """Every parameter of the student's module, copied; those that stand under several names once."""
    module = able(student, CanDescend).module
    return {name: weight.detach().cpu().float().numpy().copy() for name, weight in module.named_parameters()}


def without(student: Student, where: Mapping[str, Array]) -> Student:
    """The student with 0 in place of chosen weights, all others bit for bit as they are.

    where: by name, bool; an array from before a weight grew speaks of its first rows and columns.
    """
    shown: Any = able(student, CanDescend)
    module = shown.module
    for name, weight in module.named_parameters():
        if name in where:
            new = weight.detach().clone()
            _part(new, where[name]).masked_fill_(torch.from_numpy(where[name]).to(new.device), 0)
            weight.data = new
    return shown.with_module(module)  # type: ignore[no-any-return]


def merged_weights(student: Student) -> dict[str, Array]:
    """The same with low-rank layers added into the layers that they stand beside: W + scale B A, under W's own name.

    Float32, summed in double precision; for a student without such layers it is `weights_of`.
    """
    module = able(student, CanDescend).module
    made = {_plain(name): weight for name, weight in weights_of(student).items()}
    for name in [name for name in made if ".lora_A." in name]:
        place, mark = name.removesuffix(".weight").split(".lora_A.")
        a, b = (made.pop(f"{place}.lora_{one}.{mark}.weight").astype("float64") for one in "AB")
        scale = module.get_submodule(place).scaling[mark]
        made[f"{place}.weight"] = (made[f"{place}.weight"] + scale * (b @ a)).astype("float32")
    return made


def combined(
    student: Student,
    others: Mapping[str, Student],
    rule: Callable[..., Array],
    grafted: bool = False,
    read: Callable[[Student], Arrays] = weights_of,
) -> Student:
    """The student with `rule(w, **those of the others)` in place of each weight w, computed in double precision.

    read: what the others' weights are, under the student's names.

    An array of another shape, of a head that has grown since, stands in its first rows and the rest is the student's.
    grafted: a student without the low-rank layers B A of this one counts as one whose layers have the same A and B = 0,
    which is the same student. ContractBroken when the others have other weights.
    """
    shown: Any = able(student, CanDescend)
    module = shown.module
    held = {key: {_plain(name): array for name, array in read(other).items()} for key, other in others.items()}
    for full, weight in module.named_parameters():
        name, new = _plain(full), weight.detach().cpu().double().numpy().copy()
        if grafted and any(mark in full for mark in LOW_RANK):
            without = 0.0 if LOW_RANK[1] in full else 1.0
            for arrays in held.values():
                arrays.setdefault(name, new * without)
        if any(name not in arrays or arrays[name].ndim != new.ndim for arrays in held.values()):
            raise ContractBroken(f"students of unlike weights cannot be combined: {name} is not in all of them")
        several = {key: arrays[name].astype("float64") for key, arrays in held.items()}
        shapes = [new.shape, *(one.shape for one in several.values())]
        part = tuple(slice(min(sizes)) for sizes in zip(*shapes, strict=True))
        new[part] = rule(new[part], **{key: one[part] for key, one in several.items()})
        weight.data = torch.from_numpy(new).to(weight.dtype)
    return shown.with_module(module)  # type: ignore[no-any-return]
