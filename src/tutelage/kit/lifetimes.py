"""A lifetime of learning as columns, and what is done to its curves before they are measured.

A lifetime alternates learning blocks, which train one task, and evaluation blocks, which test every task. A single-task
expert is a learner that was only ever taught one task: a curve of its performance, one number per experience.

    smooth   y_i = mean of x over the w places i - w + 1 + s to i + s,   s = floor(w / 2) - 1,
             w = min(20 % of the learning block, 100), ends padded by reflection; below w = 3 nothing is smoothed
    clamp    to the 10 % and 90 % quantiles of the task, or to a stated range
    scale    100 (x - low) / (high - low) + 1 per task, 1 where high = low

in this order. Quantiles, low and high are those of the task over its learning blocks, its evaluation blocks and the
curves of its experts together: a range of the learner's own, or one per block, would hide forgetting. Evaluation blocks
are not smoothed. The place of the window is that of the authors' package: centred for even w up to half an experience,
one experience late for odd w.

Source: Baker et al. 2023, arXiv 2301.07799; New et al. 2022, arXiv 2201.08278 (the specification); the order of the
steps and their numbers are those of docs/data_preprocessing.md in the authors' package l2metrics 3.1.0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from tutelage.core.data import Array, Bools, Floats, Ints
from tutelage.core.errors import Fault, Refused

LONGEST = 100  # experiences: the widest smoothing window
QUANTILES = (0.1, 0.9)

Experts: TypeAlias = Mapping[str, Sequence[Floats]]  # task -> one curve per single-task expert
Ranges: TypeAlias = Mapping[str, tuple[float, float]]  # task -> its lowest and highest performance


class Lifetime(NamedTuple):
    """One line per experience, in the order of time. All (n,)."""

    block: Ints  # never falls; within a block every task stands in one piece
    train: Bools  # True: the task was trained; False: it was tested. One of them for a whole block
    task: Array  # str
    experience: Ints  # rises
    performance: Floats  # finite, more is better


class Stretches(NamedTuple):
    """Consecutive lines of one block and one task. All (r,) but `starts` (r + 1,), which are offsets into the lines."""

    starts: Ints
    train: Bools
    task: Array


class Material(NamedTuple):
    """A lifetime and the experts that it is compared with, on one scale."""

    lifetime: Lifetime
    experts: Experts


def checked(life: Lifetime) -> Lifetime:
    """The same lifetime, with the dtypes that it promises. Refused, all faults at once, when it is none."""
    made = Lifetime(np.asarray(life.block, dtype=np.int64), np.asarray(life.train, dtype=bool),
                    np.asarray(life.task, dtype=str), np.asarray(life.experience, dtype=np.int64),
                    np.asarray(life.performance, dtype=np.float64))  # fmt: skip
    sizes = {name: len(column) for name, column in made._asdict().items()}
    if len(set(sizes.values())) > 1:
        raise Refused(Fault("lifetime", f"its columns have different lengths: {sizes}"))
    same = np.diff(made.block) == 0
    wrong = [
        ("block", "the block numbers fall", np.diff(made.block) < 0),
        ("experience", "the experience numbers do not rise", np.diff(made.experience) <= 0),
        ("train", "the block changes between training and testing", same & (made.train[1:] != made.train[:-1])),
        ("performance", "the performance is not a finite number", ~np.isfinite(made.performance)),
    ]
    faults = [
        Fault(f"lifetime, column {name}", f"{what} at line {int(where.argmax()) + 1}")
        for name, what, where in wrong
        if where.any()
    ]
    pieces = np.unique(np.stack([made.block, np.unique(made.task, return_inverse=True)[1]]), axis=1).shape[1]
    if not faults and pieces < len(stretches(made).task):
        faults = [Fault("lifetime, column task", "a task comes back within a block: its lines belong in one piece")]
    if faults:
        raise Refused(faults)
    return made


def stretches(life: Lifetime) -> Stretches:
    """Where a block or, within a block, the task changes.

    >>> life = Lifetime(np.array([0, 0, 1]), np.array([False, False, True]), np.array(["a", "b", "b"]),
    ...     np.arange(3), np.zeros(3))
    >>> stretches(life).starts.tolist(), stretches(life).task.tolist()
    ([0, 1, 2, 3], ['a', 'b', 'b'])
    """
    count = len(life.block)
    if count == 0:
        return Stretches(np.zeros(1, dtype=np.int64), life.train, life.task)
    first = np.flatnonzero((np.diff(life.block) != 0) | (life.task[1:] != life.task[:-1])) + 1
    starts = np.concatenate([[0], first])
    return Stretches(np.append(starts, count), life.train[starts], life.task[starts])


def prepared(life: Lifetime, experts: Experts | None = None, *, smooth: bool = True, clamp: bool = False,
             scale: bool = True, ranges: Ranges | None = None) -> Material:  # fmt: skip
    """Smoothed, clamped and scaled; `ranges`: stated ones for every task, instead of quantiles, lowest and highest."""
    life = checked(life)
    curves = {task: [_curve(task, one) for one in several] for task, several in (experts or {}).items()}
    values = life.performance.copy()
    if smooth:
        cut = stretches(life)
        for place in np.flatnonzero(cut.train):
            here = slice(cut.starts[place], cut.starts[place + 1])
            values[here] = smoothed(values[here])
        curves = {task: [smoothed(one) for one in several] for task, several in curves.items()}
    for task in dict.fromkeys(life.task.tolist()):
        here, own = life.task == task, curves.get(task, [])
        together = np.concatenate([values[here], *own])
        stated = _stated(ranges, task)
        low, high = stated or (float(together.min()), float(together.max()))
        if clamp:
            least, most = stated or np.quantile(together, QUANTILES).tolist()
            values[here], own = values[here].clip(least, most), [one.clip(least, most) for one in own]
            low, high = stated or (max(low, least), min(high, most))
        if scale:
            values[here], own = scaled(values[here], low, high), [scaled(one, low, high) for one in own]
        if task in curves:
            curves[task] = own
    return Material(life._replace(performance=values), {task: tuple(several) for task, several in curves.items()})


def smoothed(values: Floats) -> Floats:
    """(n,) the moving average that the module's docstring states.

    >>> smoothed(np.array([0.0] * 10 + [4.0] * 10))[7:14].tolist()
    [0.0, 0.0, 1.0, 2.0, 3.0, 4.0, 4.0]
    """
    width = min(len(values) // 5, LONGEST)
    if width < 3:
        return values
    padded = np.pad(values, width - 1, mode="reflect")
    means = np.convolve(padded, np.full(width, 1.0 / width), mode="valid")  # (n + width - 1,)
    first = width // 2 - 1
    return np.asarray(means[first : first + len(values)], dtype=np.float64)


def scaled(values: Floats, low: float, high: float) -> Floats:
    """100 (x - low) / (high - low) + 1, and 1 everywhere when high = low."""
    if high == low:
        return np.ones(len(values))
    return np.asarray(100.0 * (values - low) / (high - low) + 1.0, dtype=np.float64)


def _curve(task: str, values: Floats) -> Floats:
    made = np.asarray(values, dtype=np.float64)
    if made.ndim != 1 or len(made) == 0 or not np.isfinite(made).all():
        raise Refused(Fault(f"expert of {task}", "its curve is one finite number per experience, at least one"))
    return made


def _stated(ranges: Ranges | None, task: str) -> tuple[float, float] | None:
    if ranges is None:
        return None
    if task not in ranges or not ranges[task][0] <= ranges[task][1]:
        raise Refused(Fault("ranges", f"every task needs its lowest and its highest performance, {task!r} has none"))
    return ranges[task]
