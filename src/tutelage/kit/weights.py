"""Weights as arrays: a student's own, those of several students combined into one, some of them left out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch

from tutelage.core.data import Array
from tutelage.core.descent import CanDescend
from tutelage.core.errors import ContractBroken
from tutelage.core.stages import Student, able

Arrays = Mapping[str, Array]
LOW_RANK = (".lora_A.", ".lora_B.")  # names of the small matrices that peft puts beside a layer
AT_ONCE = 2**16  # numbers of an array that are worked on at a time


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
            new[corner(where[name])].masked_fill_(torch.from_numpy(where[name]).to(new.device), 0)
            weight.data = new
    return shown.with_module(module)  # type: ignore[no-any-return]


class Weights(Mapping[str, Array]):
    """A student's parameters under their plain names, float32; each is read when it is asked for, and copied then.

    merged: low-rank layers are added into the layers that they stand beside, W + scale B A under W's own name, summed
    in double precision; a student without such layers reads as it does unmerged.
    """

    def __init__(self, student: Student, merged: bool = False) -> None:
        module = able(student, CanDescend).module
        self.held = {plain_name(name): weight.detach() for name, weight in module.named_parameters()}
        self.beside: dict[str, list[tuple[Any, Any, float]]] = {}  # of a layer: A, B and scale of each beside it
        for name in [name for name in self.held if merged and ".lora_A." in name]:
            place, mark = name.removesuffix(".weight").split(".lora_A.")
            a, b = (self.held.pop(f"{place}.lora_{one}.{mark}.weight") for one in "AB")
            beside = (a, b, module.get_submodule(place).scaling[mark])
            self.beside.setdefault(f"{place}.weight", []).append(beside)

    def __getitem__(self, name: str) -> Array:
        shape = self.held[name].shape
        made: Array = self.part(name, tuple(slice(size) for size in shape)).astype(np.float32)
        return made

    def __iter__(self) -> Iterator[str]:
        return iter(self.held)

    def __len__(self) -> int:
        return len(self.held)

    def __contains__(self, name: object) -> bool:
        return name in self.held  # a mapping would read the array to find out

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """How large each of them is; none is read."""
        return {name: tuple(weight.shape) for name, weight in self.held.items()}

    def part(self, name: str, at: tuple[slice, ...]) -> Array:
        """This part of one of them, in double precision, copied.

        at: one slice a dimension, so two for a matrix, whose low-rank layers are cut by both; () for a single number.
        """
        part = doubled(self.held[name][at])
        for a, b, scale in self.beside.get(name, ()):
            part += scale * (doubled(b[at[0]]) @ doubled(a[:, at[1]]))
        return part


def combined(
    student: Student,
    others: Mapping[str, Student],
    rule: Callable[..., Array],
    grafted: bool = False,
    merged: bool = False,
) -> Student:
    """The student with `rule(w, **those of the others)` in place of each weight w, computed in double precision.

    The rule is asked for a part of an array at a time, weight by weight, so that beside the students and the new
    weights there is never as much as one array more. An array of another shape, of a head that has grown since, stands
    in its first rows and the rest is the student's. merged: as in Weights, of the others.
    grafted: a student without the low-rank layers B A of this one counts as one whose layers have the same A and B = 0,
    which is the same student. ContractBroken when the others have other weights.
    """
    shown: Any = able(student, CanDescend)
    module = shown.module
    held = {key: Weights(other, merged) for key, other in others.items()}
    for full, weight in module.named_parameters():
        name, made = plain_name(full), weight.detach().clone()
        lacking = [key for key, weights in held.items() if name not in weights]
        if (lacking and not (grafted and any(mark in full for mark in LOW_RANK))) or any(
            weights.held[name].ndim != made.ndim for key, weights in held.items() if key not in lacking
        ):
            raise ContractBroken(f"students of unlike weights cannot be combined: {name} is not in all of them")
        shapes = [made.shape, *(weights.held[name].shape for key, weights in held.items() if key not in lacking)]
        for at in _parts(tuple(min(sizes) for sizes in zip(*shapes, strict=True))):
            now = doubled(made[at])
            several = {key: now * (LOW_RANK[1] not in full) if key in lacking else weights.part(name, at)
                       for key, weights in held.items()}  # fmt: skip
            made[at] = torch.from_numpy(np.asarray(rule(now, **several))).to(made)
        weight.data = made
    return shown.with_module(module)  # type: ignore[no-any-return]


def doubled(tensor: Any) -> Array:
    """Its numbers in double precision, copied."""
    made: Array = tensor.detach().to("cpu", torch.float64, copy=True).numpy()
    return made


def _parts(shape: tuple[int, ...]) -> Iterator[tuple[slice, ...]]:
    """An array of this shape, some rows at a time."""
    if not shape:
        yield ()
        return
    size = max(AT_ONCE // max(math.prod(shape[1:]), 1), 1)
    for start in range(0, shape[0], size):
        yield slice(start, min(start + size, shape[0])), *(slice(width) for width in shape[1:])


def corner(old: Any) -> tuple[slice, ...]:
    """Where an array or a tensor stands in one that has grown since: its rows and columns come first."""
    return tuple(slice(size) for size in old.shape)


def plain_name(name: str) -> str:
    """A weight's name whether or not a low-rank layer stands around it."""
    return name.replace(".base_layer.", ".")
