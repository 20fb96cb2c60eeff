"""Norms and weighted sums of every lesson's own gradient, from what a layer read and the slopes at its output.

    linear      g_i = sum_t G_it A_it'            |g_i|^2 = < A_i A_i', G_i G_i' >     "ghost": t x t, never p x d
    embedding   g_i = sum_t e(id_it) G_it'        |g_i|^2 = sum over t, s with id_it = id_is of <G_it, G_is>
    tied        both on one weight                + 2 sum_t sum_s  G_is[id_it] <E_it, A_is>
    clipped sum = sum_i c_i g_i,  from the same tensors; no second backward pass
    squares     sum_i c_i g_i^2,  elementwise; of a weight used once a lesson  (c G^2)' A^2

A weight that is used several times has the uses joined along t, which makes cross terms exact. Where 2 t^2 >= p d the
gradients themselves are smaller than those tables, so they are formed and kept.

Source: Li, Tramer, Liang and Hashimoto (2022), section 4 (ghost norms); Bu, Wang, Zha and Karypis (2022),
Differentially private optimization on large models at small cost (one backward pass, book-keeping); the cross term is
worked out here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import torch


class Outer(NamedTuple):
    """g_i = sum_t out_it read_it', a weight (p, d)."""

    out: Any  # (b, t, p)
    read: Any  # (b, t, d)


class Picked(NamedTuple):
    """g_i has slopes_it added to row ids_it of a weight (v, d)."""

    ids: Any  # (b, t) int64
    slopes: Any  # (b, t, d)


class Whole(NamedTuple):
    """The gradients as they are."""

    each: Any  # (b, *shape)


Use: TypeAlias = Outer | Picked | Whole


class Held(NamedTuple):
    """Everything that one parameter's gradients are made of; whole None: not formed."""

    shape: tuple[int, ...]
    outer: Outer | None
    picked: Picked | None
    whole: Any | None


def held(uses: Sequence[Use], shape: tuple[int, ...]) -> Held:
    """Uses of one kind joined; gradients formed where that is the smaller thing, or where some are formed already."""
    outers, picks = [u for u in uses if isinstance(u, Outer)], [u for u in uses if isinstance(u, Picked)]
    wholes = [use.each for use in uses if isinstance(use, Whole)]
    outer = Outer(*(torch.cat(parts, 1) for parts in zip(*outers, strict=True))) if outers else None
    picked = Picked(*(torch.cat(parts, 1) for parts in zip(*picks, strict=True))) if picks else None
    if not wholes and not _small(outer, picked, shape):
        return Held(shape, outer, picked, None)
    total = sum(wholes[1:], wholes[0]) if wholes else 0.0
    if outer is not None:
        total = total + torch.bmm(outer.out.transpose(1, 2), outer.read)
    if picked is not None:
        b, _, d = picked.slopes.shape
        at = picked.ids[..., None].expand(-1, -1, d)
        total = total + torch.zeros(b, *shape, device=at.device).scatter_add_(1, at, picked.slopes)
    return Held(shape, None, None, total)


def _small(outer: Outer | None, picked: Picked | None, shape: tuple[int, ...]) -> bool:
    places = max(0 if use is None else use[0].shape[1] for use in (outer, picked))
    return bool(2 * places**2 >= math.prod(shape))


def squares(one: Held) -> Any:
    """(b,) squared norms of the lessons' gradients of one parameter."""
    if one.whole is not None:
        return one.whole.flatten(1).square().sum(1)
    total: Any = 0.0
    if one.outer is not None:
        out, read = one.outer
        if out.shape[1] == 1:
            total = out.square().sum((1, 2)) * read.square().sum((1, 2))
        else:
            total = (_gram(out, out) * _gram(read, read)).sum((1, 2))
    if one.picked is not None:
        ids, slopes = one.picked
        total = total + (_gram(slopes, slopes) * (ids[:, :, None] == ids[:, None, :])).sum((1, 2))
    if one.outer is not None and one.picked is not None:
        out, read = one.outer
        ids, slopes = one.picked
        at_ids = out.gather(2, ids[:, None, :].expand(-1, out.shape[1], -1))  # (b, s, t): G_is[id_it]
        total = total + 2 * (at_ids * _gram(read, slopes)).sum((1, 2))
    return total.clamp(min=0)  # rounding may leave a vanishing gradient a little below 0


def _gram(a: Any, b: Any) -> Any:
    return torch.bmm(a, b.transpose(1, 2))


def weighted(one: Held, by: Any) -> Any:
    """sum_i by_i g_i in the parameter's shape; `by` (b,)."""
    if one.whole is not None:
        return (by @ one.whole.flatten(1)).reshape(one.shape)
    total: Any = 0.0
    if one.outer is not None:
        out, read = one.outer
        total = (out * by[:, None, None]).flatten(0, 1).T @ read.flatten(0, 1)
    if one.picked is not None:
        ids, slopes = one.picked
        rows = torch.zeros(one.shape, device=slopes.device)
        total = total + rows.index_add_(0, ids.flatten(), (slopes * by[:, None, None]).flatten(0, 1))
    return total


def each_by(one: Held, by: Any, of: Callable[[Any], Any]) -> Any:
    """sum_i by_i of(g_i) in the parameter's shape, `of` elementwise with of(a b) = of(a) of(b): a square, a size.

    The gradient of a weight that is used once a lesson is one product out_i read_i', and is never formed.
    """
    if one.whole is None and one.picked is None and one.outer is not None and one.outer.out.shape[1] == 1:
        out, read = (of(part[:, 0]) for part in one.outer)
        return (out * by[:, None]).T @ read
    whole = one.whole
    if whole is None:
        eye = torch.eye(len(by), device=by.device)
        whole = torch.stack([weighted(one, row) for row in eye])
    return (by @ of(whole.flatten(1))).reshape(one.shape)
