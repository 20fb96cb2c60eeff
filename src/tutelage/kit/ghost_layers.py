"""How each type of layer turns what it read and the slopes at its output into its lessons' gradients.

Rows belong to lessons: the first dimension is b, or k rows for each lesson one after the other, or told row by row,
by a mark on what a module picked out (`of_lessons`) or for all that is read in a block (`rows_of`), or 1 where all
lessons share what is read (positions, mostly).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import torch
from torch.nn import functional

from tutelage.core.errors import ContractBroken
from tutelage.kit.ghost import Outer, Picked, Use, Whole

MARK = "tutelage_lessons"
ROWS: ContextVar[Any] = ContextVar("the lesson of each row that is being read", default=None)


class Rule(NamedTuple):
    """uses(layer, wanted, read, slopes, b, owners, name) -> use by the parameter's name inside the layer."""

    uses: Callable[..., Mapping[str, Use]]
    deep: bool = False  # whether it answers for the parameters of its children too

    def parameters(self, layer: Any) -> Iterator[tuple[str, Any]]:
        found: Iterator[tuple[str, Any]] = layer.named_parameters(recurse=self.deep)
        return found


def of_lessons(rows: Any, owners: Any) -> Any:
    """Mark rows (n, d) that a module picked out of its batch with the lesson of each, (n,) int64; the same tensor."""
    setattr(rows, MARK, owners)
    return rows


@contextmanager
def rows_of(owners: Any) -> Iterator[None]:
    """What is read inside has a row for each of these lessons, (rows,) int64, rising; None: as if nothing was said."""
    token = ROWS.set(owners)
    try:
        yield
    finally:
        ROWS.reset(token)


def whose(read: Any) -> Any | None:
    """The lesson of each row where a module said so."""
    marked, rows = getattr(read, MARK, None), ROWS.get()
    return rows if marked is None and rows is not None and len(read) == len(rows) else marked


def mixes(layer: Any) -> bool:
    """Whether a layer lets lessons of a batch see each other."""
    return isinstance(layer, torch.nn.modules.batchnorm._BatchNorm)


def rule_of(layer: Any) -> str:
    """The name of the rule for this layer's type."""
    if isinstance(layer, torch.nn.Linear):
        return "linear"
    if isinstance(layer, torch.nn.Embedding):
        return "embedding"
    if isinstance(layer, torch.nn.LayerNorm):
        return "layer_norm"
    name, held = type(layer).__name__, [key for key, _ in layer.named_parameters()]
    if name == "Conv1D" and "transformers" in type(layer).__module__:
        return "conv_1d"
    return "scale" if name.endswith("RMSNorm") and held == ["weight"] else "other"


def spread(read: Any, out: Any, b: int) -> tuple[Any, Any, bool]:
    """What is read once for all lessons, as if every lesson had read it; whether anything was changed."""
    if b == 1 or len(read) != 1 or len(out) != 1 or out.ndim < 3:
        return read, out, False
    return read.expand(b, *read.shape[1:]), out.expand(b, *out.shape[1:]), True


def folded(x: Any, b: int, owners: Any | None, last: int, name: str) -> Any:
    """(b, t, ...) with the last `last` dimensions as they are; rows that a lesson lacks are 0."""
    tail = x.shape[x.ndim - last :]
    if owners is not None:
        owners = owners.repeat_interleave(x.numel() // max(len(owners) * math.prod(tail), 1))  # of each token of a row
        counts = torch.bincount(owners, minlength=b)
        order = owners.argsort(stable=True)
        firsts = counts.cumsum(0) - counts
        places = torch.arange(len(owners), device=x.device) - firsts[owners[order]]
        made = torch.zeros(b, max(int(counts.max()), 1), *tail, dtype=x.dtype, device=x.device)
        made[owners[order], places] = x.reshape(-1, *tail)[order]
        return made
    if len(x) % b:
        raise ContractBroken(
            f"layer {name} reads {len(x)} rows for {b} lessons; a module that picks rows out marks whose they are "
            "(kit.ghost_layers.of_lessons)"
        )
    return x.reshape(b, -1, *tail)


def _real(x: Any) -> Any:
    return x.float() if x.is_floating_point() else x


def _linear(
    layer: Any, wanted: frozenset[str], read: Any, slopes: Any, b: int, owners: Any, name: str
) -> dict[str, Use]:
    a, g = (folded(_real(x), b, owners, 1, name) for x in (read, slopes))
    made: dict[str, Use] = {"weight": Outer(g, a), "bias": Whole(g.sum(1))}
    return {key: made[key] for key in wanted}


def _conv_1d(
    layer: Any, wanted: frozenset[str], read: Any, slopes: Any, b: int, owners: Any, name: str
) -> dict[str, Use]:
    """Transformers keeps GPT-2's weights as (d, p)."""
    a, g = (folded(_real(x), b, owners, 1, name) for x in (read, slopes))
    made: dict[str, Use] = {"weight": Outer(a, g), "bias": Whole(g.sum(1))}
    return {key: made[key] for key in wanted}


def _embedding(
    layer: Any, wanted: frozenset[str], read: Any, slopes: Any, b: int, owners: Any, name: str
) -> dict[str, Use]:
    if layer.max_norm is not None or layer.scale_grad_by_freq or layer.sparse:
        raise ContractBroken(
            f"{name}: an embedding with max_norm, scale_grad_by_freq or sparse has no gradient a lesson"
        )
    ids, g = folded(read, b, owners, 0, name), folded(_real(slopes), b, owners, 1, name)
    if layer.padding_idx is not None:
        g = g * (ids != layer.padding_idx)[..., None]
    return {"weight": Picked(ids, g)}


def _layer_norm(
    layer: Any, wanted: frozenset[str], read: Any, slopes: Any, b: int, owners: Any, name: str
) -> dict[str, Use]:
    shape = layer.normalized_shape
    x, g = (folded(_real(one), b, owners, len(shape), name) for one in (read, slopes))
    made: dict[str, Use] = {"bias": Whole(g.sum(1))}
    if "weight" in wanted:
        made["weight"] = Whole((g * functional.layer_norm(x, shape, None, None, layer.eps)).sum(1))
    return {key: made[key] for key in wanted}


def _scale(
    layer: Any, wanted: frozenset[str], read: Any, slopes: Any, b: int, owners: Any, name: str
) -> dict[str, Use]:
    """Y = (s + w) x^: what the weight multiplies is y at w = 1 less y at w = 0, whatever s is."""
    with torch.no_grad():
        ends = [
            torch.func.functional_call(layer, {"weight": torch.full_like(layer.weight, at)}, (read,)) for at in (1, 0)
        ]
    x, g = (folded(_real(one), b, owners, layer.weight.ndim, name) for one in (ends[0] - ends[1], slopes))
    return {"weight": Whole((g * x).sum(1))}


def _other(
    layer: Any, wanted: frozenset[str], read: Any, slopes: Any, b: int, owners: Any, name: str
) -> dict[str, Use]:
    """Lesson by lesson under torch.func; the layer reads one tensor whose first dimension is the lessons."""
    if owners is not None or len(read) != b or len(slopes) != b:
        raise ContractBroken(f"{name}: {type(layer).__name__} does not read one row for each of {b} lessons")
    held = {key: one.detach() for key, one in layer.named_parameters() if key in wanted}

    def one_lesson(x: Any, slope: Any) -> Any:
        back = torch.func.vjp(lambda some: torch.func.functional_call(layer, some, (x[None],)), held)[1]
        return back(slope[None])[0]

    each = torch.func.vmap(one_lesson)(read, slopes)
    return {key: Whole(one.float()) for key, one in each.items()}


RULES = {"linear": Rule(_linear), "conv_1d": Rule(_conv_1d), "embedding": Rule(_embedding),
         "layer_norm": Rule(_layer_norm), "scale": Rule(_scale), "other": Rule(_other, deep=True)}  # fmt: skip
