"""Probabilities of one label list put under another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tutelage.core.data import Array, Floats32, Ints
from tutelage.core.errors import ContractBroken


def columns(have: Sequence[str], want: Sequence[str]) -> Ints:
    """(C,) the place of each name of `have` in `want`. ContractBroken when one is not there."""
    place = {name: number for number, name in enumerate(want)}
    lost = [name for name in have if name not in place]
    if lost:
        raise ContractBroken(f"labels {lost[:3]} have no place among the {len(place)} labels wanted")
    return np.array([place[name] for name in have], dtype=np.int64)


def aligned(probs: Array, have: Sequence[str], want: Sequence[str]) -> Floats32:
    """(n, len(want)): column c is the probability of want[c], 0 where `have`, the names of the columns, lacks it.

    Names decide, not places, so a student that lacks a class or lists them otherwise is never read one column off.
    """
    out = np.zeros((len(probs), len(want)), dtype=np.float32)
    out[:, columns(have, want)] = probs
    return out
