"""How hard a lesson is by what stands in it: a column as numbers, and what a student thinks of the right answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from tutelage.core.data import Block, Floats, Label, Lessons, Soft
from tutelage.core.errors import ContractBroken, Fault, Refused, nearest
from tutelage.core.stages import CanWeigh, able
from tutelage.kit.ask import probabilities
from tutelage.kit.orders import column


def graded_column(lessons: Lessons, name: str, values: Sequence[str], where: str) -> Floats:
    """(n,) a column of numbers; with `values` the place of each word among them."""
    found = column(lessons, name, where)
    if not values:
        if not (pa.types.is_integer(found.type) or pa.types.is_floating(found.type)) and len(found):
            some = ", ".join(sorted({str(word) for word in found.unique().to_pylist()})[:8])
            what = f"the column {name!r} holds words ({some}), which have no order of their own"
            raise Refused(Fault(where, what, f"give it: values: [{some}] from easy to hard"))
        numbers = found.to_numpy(zero_copy_only=False).astype(np.float64)
        if np.isnan(numbers).any():
            raise Refused(Fault(where, f"the column {name!r} holds {int(np.isnan(numbers).sum())} NaN"))
        return np.asarray(numbers)
    coded = found.cast(pa.string()).dictionary_encode()
    words = coded.dictionary.to_pylist()
    for word in words:
        if word not in values:
            what = f"the column {name!r} holds {word!r}, which is not among its values from easy to hard"
            raise Refused(Fault(where, what, nearest(word, values)))
    places = np.array([list(values).index(word) for word in words], dtype=np.float64)
    return places[np.asarray(coded.indices, dtype=np.int64)]


def belief(block: Block, student: Any, asks: str) -> Floats:
    """(b,) the probability that a student gives each lesson's answer: p(label), or sum_c q_c p(c) of a distribution.

    A class that it does not know has none. ContractBroken, naming who asks, for other kinds of lessons.
    """
    if block.kind not in (Label, Soft):
        raise ContractBroken(f"{asks} goes by labels and distributions; {block.kind.__name__} has no probability")
    probs = probabilities(student, block.about.examples()).astype(np.float64)
    names = list(able(student, CanWeigh).labels)[: probs.shape[1]]
    own = list(block.about.pool.labels)
    given = block.given["label"] if block.kind is Label else block.given["probs"]
    if block.kind is Soft:
        own = own[: given.shape[1]]
    to = np.array([names.index(name) if name in names else -1 for name in own], dtype=np.int64)  # its column
    if block.kind is Label:
        columns = to[given]
        known = np.flatnonzero(columns >= 0)
        ease = np.zeros(block.size)
        ease[known] = probs[known, columns[known]]
        return ease
    shared = np.flatnonzero(to >= 0)
    return np.asarray((given[:, shared] * probs[:, to[shared]]).sum(axis=1), dtype=np.float64)
