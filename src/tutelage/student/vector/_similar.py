"""Which earlier column suits new lessons best, and a column that begins as a copy of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tutelage.core.data import Floats, Floats32
from tutelage.student.vector._columns import Shape, place
from tutelage.student.vector._network import Layer

DIGITS = 6  # shares that differ by less are rounding


def most_similar(units: Floats32, widths: Sequence[int], probs: Floats32, weight: Floats) -> int | None:
    """The column whose units tell the lessons' classes apart best, of equals the earliest; None where none has units.

    units (n, d): what the columns' last hidden layer makes of n lessons, widths its parts, column by column; probs
    (n, C) and weight (n,) of the lessons. Where every class has one lesson all columns are equal.
    """
    ends = np.cumsum(widths)
    there = [t for t, width in enumerate(widths) if width]
    shares = [round(separation(units[:, ends[t] - widths[t] : ends[t]], probs, weight), DIGITS) for t in there]
    return there[int(np.argmax(shares))] if there else None


def separation(units: Floats32, probs: Floats32, weight: Floats) -> float:
    """The share of the units' variance that lies between classes, from 0 to 1; 0 where nothing varies.

    sum_c n_c |m_c - m|^2 / sum_i w_i |u_i - m|^2,   m_c the mean of class c, m that of all, n_c = sum_i w_i p_ic

    >>> separation(np.array([[0.0], [2.0], [4.0], [6.0]]), np.eye(2)[[0, 0, 1, 1]], np.ones(4))
    0.8
    """
    shown = np.asarray(units, dtype=np.float64)
    away = shown - weight @ shown / weight.sum()
    total = float(weight @ (away**2).sum(axis=1))
    shares = probs.astype(np.float64) * weight[:, None]
    counts = shares.sum(axis=0)
    means = (shares.T @ away)[counts > 0] / counts[counts > 0, None]
    return float(counts[counts > 0] @ (means**2).sum(axis=1)) / total if total > 0 else 0.0


def copied(layers: Sequence[Layer], form: Sequence[Sequence[Shape]], source: int, drawn: Sequence[Layer],
           column: int) -> dict[str, Floats32]:  # fmt: skip
    """Arrays, by place, of the hidden layers of column `column`, whose first units are those of column `source`.

    layers, form: of the columns that there are; drawn: the new column's own links as they would begin. As many units of
    each layer as fit are copied, with what they read: links among copied units become the new column's own, all others
    lead from the old units, so that a copied unit answers as its original whatever did not fit. Units beyond begin as
    drawn, and no copied unit reads them. Links back to old units are not among these arrays: they begin at 0.
    """
    made: dict[str, Floats32] = {}
    below: slice | None = None  # the originals of the copied units below, None for the inputs
    for k, fresh in enumerate(drawn):
        start = sum(shape.above for shape in form[k][:source])
        fits = min(form[k][source].above, fresh.weights.shape[1])
        mine = slice(start, start + fits)
        own, bias = fresh.weights.copy(), fresh.bias.copy()
        reads = layers[k].weights[:, mine].copy()
        bias[:fits] = layers[k].bias[mine]
        if below is None:
            own[:, :fits] = reads
        else:
            own[:, :fits] = 0
            own[: below.stop - below.start, :fits] = reads[below]
            reads[below] = 0
            links = np.zeros((len(reads), own.shape[1]), dtype=np.float32)
            links[:, :fits] = reads
            made[place(k, len(form), column, "old_to_new")] = links
        made[place(k, len(form), column, "own")], made[place(k, len(form), column, "bias")] = own, bias
        below = mine
    return {name: array for name, array in made.items() if array.size}
