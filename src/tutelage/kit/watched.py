"""Watches the layers of a module while it reads a batch, so that every lesson's own gradient can be told afterwards.

    with watched(module, names, b) as seen:
        losses = objective.losses(module, batch, rng)      # (b,)
    kept = seen.gradients(losses)                          # one backward pass; no gradient of a weight is formed in it

Linear layers (transformers' Conv1D too), embeddings, layer norms and RMS norms have forms of their own. Any other layer
that holds an opened parameter itself is run again lesson by lesson under torch.func. What mixes lessons is refused.

What the hooks saw is compared with a second backward pass under uneven coefficients (`checked`): a weight that is used
outside a layer, rows that belong to another lesson than was thought, and layers that mix lessons all show up there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch.autograd.graph import get_gradient_edge

from tutelage.core.errors import ContractBroken
from tutelage.kit.ghost import Held, Use, held, weighted
from tutelage.kit.ghost_layers import RULES, Rule, mixes, rule_of, spread, whose

TOLERANCE = 2e-3  # of float32 sums in another order, seen below 1e-5; a wrong lesson is off by a tenth and more
COARSE = 5e-2  # of bfloat16


class Call(NamedTuple):
    """One use of a layer: where its output's slopes come out, what it read, and whose rows those are."""

    layer: str
    edge: Any
    read: Any
    owners: Any | None


class Seen:
    """What a batch of b lessons went through. `doubtful`: rows that were counted off to lessons without a mark."""

    def __init__(self, module: Any, names: Mapping[str, Any], b: int) -> None:
        self.b, self.calls, self.doubtful, self.open = b, list[Call](), False, True
        self.shapes = {name: tuple(one.shape) for name, one in names.items()}
        self.names = {id(one): name for name, one in names.items()}
        self.layers: dict[str, tuple[Any, Rule]] = dict(_layers(module, "", frozenset(self.names)))

    def hook(self, name: str) -> Callable[..., Any]:
        """What a forward pass calls; the output of what is shared by all lessons is spread over them."""

        def call(layer: Any, args: Any, kwargs: Any, out: Any) -> Any:
            read = next((one for one in (*args, *kwargs.values()) if isinstance(one, torch.Tensor)), None)
            if not self.open or not isinstance(out, torch.Tensor) or not out.requires_grad:
                return None
            if read is None:
                raise ContractBroken(f"layer {name} reads no tensor, so its lessons cannot be told apart")
            self.open = False
            read, told, changed = spread(read, out, self.b)
            self.open = True
            owners = whose(read)
            self.doubtful |= owners is None and read.ndim == 2 and len(read) != self.b
            self.calls.append(Call(name, get_gradient_edge(told), read.detach(), owners))
            return told if changed else None

        return call

    def gradients(self, losses: Any, keep: bool = False) -> dict[str, Held]:
        """Every parameter's gradients, lesson by lesson, from one backward pass. keep: another pass will follow."""
        self.open = False
        edges = [call.edge for call in self.calls]
        slopes = torch.autograd.grad(losses.sum(), edges, retain_graph=keep, allow_unused=True) if edges else ()
        uses: dict[str, list[Use]] = {}
        deep = [call.layer for call in self.calls if self.layers[call.layer][1].deep]
        for call, slope in zip(self.calls, slopes, strict=True):
            if slope is None or any(_inside(call.layer, whole) for whole in deep):
                continue  # nothing came of it, or the layer around it answers for it
            layer, rule = self.layers[call.layer]
            named = {key: self.names[id(one)] for key, one in rule.parameters(layer) if id(one) in self.names}
            made = rule.uses(layer, frozenset(named), call.read, slope, self.b, call.owners, call.layer)
            for key, use in made.items():
                uses.setdefault(named[key], []).append(use)
        return {name: held(some, self.shapes[name]) for name, some in uses.items()}

    def checked(self, losses: Any, parameters: Mapping[str, Any], precision: str = "fp32") -> dict[str, Held]:
        """The same, held against a second backward pass. ContractBroken with every parameter that disagrees."""
        made = self.gradients(losses, keep=True)
        by = 0.5 + (torch.arange(self.b, device=losses.device) * 0.6180339887) % 1.0  # no two are alike
        plain = torch.autograd.grad(
            (losses * by).sum(), list(parameters.values()), retain_graph=True, allow_unused=True
        )
        total = sum(float(one.square().sum()) for one in plain if one is not None) ** 0.5
        limit = TOLERANCE if precision == "fp32" else COARSE
        wrong = []
        for (name, parameter), right in zip(parameters.items(), plain, strict=True):
            ours = weighted(made[name], by) if name in made else torch.zeros_like(parameter)
            right = torch.zeros_like(parameter) if right is None else right
            size = max(float(right.norm()), 1e-4 * total)
            if float((ours - right).norm()) > limit * size:
                wrong.append(name)
        if wrong:
            raise ContractBroken(
                f"the lessons' own gradients of {', '.join(wrong)} cannot be told: they are used outside a layer, or a "
                "layer mixes the lessons of a batch. Leave them frozen (learn.adapter), or train without learn.privacy"
            )
        return made


def _inside(layer: str, whole: str) -> bool:
    return layer != whole and (not whole or layer.startswith(f"{whole}."))


@contextmanager
def watched(module: Any, names: Mapping[str, Any], b: int) -> Iterator[Seen]:
    """`names`: the parameters that may move, by name. ContractBroken for a layer that mixes lessons."""
    seen = Seen(module, names, b)
    hooks = [layer.register_forward_hook(seen.hook(name), with_kwargs=True) for name, (layer, _) in seen.layers.items()]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()


def _layers(layer: Any, name: str, moving: frozenset[int]) -> Iterator[tuple[str, tuple[Any, Rule]]]:
    """The layers that hold a moving parameter themselves, each with its rule; a shared layer is met once."""
    met: set[int] = set()
    stack = [(name, layer)]
    while stack:
        at, one = stack.pop()
        if id(one) in met:
            continue
        met.add(id(one))
        own = any(id(parameter) in moving for parameter in one.parameters(recurse=False))
        if own and mixes(one):
            raise ContractBroken(
                f"{at}: {type(one).__name__} mixes the lessons of a batch, so none has its own gradient"
            )
        if own:
            yield at, (one, RULES[rule_of(one)])
        stack.extend((f"{at}.{key}".lstrip("."), child) for key, child in one.named_children())
