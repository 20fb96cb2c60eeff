"""Lessons as a memory keeps them: each token that is taught, under the state that stands before it."""

from __future__ import annotations

from typing import Any

import numpy as np

from tutelage.core.data import Itself, Label, Text
from tutelage.core.errors import ContractBroken, Fault, Refused
from tutelage.core.writing import Keyed
from tutelage.student.text._lessons import Encoded


def keyed(decoder: Any, told: Encoded, layer: int) -> Keyed:
    """Every lesson is read by itself: how wide a batch is changes the last bits of what stands in it.

    Refused for a layer whose states the model does not give; its configuration may count further layers, of what was
    added to it. Memory: what is given back, and one lesson beside it.
    """
    layers = decoder.states([0])
    count = len(layers) - 1
    if not -count - 1 <= layer <= count:
        help = f"0 (the embeddings) to {count}, or {-count - 1} to -1, counted from what the head reads"
        raise Refused(Fault("recall.layer", f"the model has {count} layers, so there is no layer {layer}", help))
    states = [np.zeros((0, layers[layer].shape[-1]), dtype=np.float32)]
    tokens, lessons = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for lesson in range(len(told.first) - 1):
        reply = int(told.first[lesson]) + _which(told, lesson)
        span = slice(int(told.starts[reply]), int(told.starts[reply + 1]))
        ids, places = told.ids[span], np.flatnonzero(told.said[span])
        states.append(decoder.states(ids.tolist())[layer][0].float()[places - 1].cpu().numpy())
        tokens.append(ids[places])
        lessons.append(np.full(len(places), lesson, dtype=np.int64))
    return Keyed(np.concatenate(states), np.concatenate(tokens), np.concatenate(lessons))


def _which(told: Encoded, lesson: int) -> int:
    """Which of a lesson's replies is the one that is taught."""
    kind, given = told.held.of(np.array([lesson]))
    if kind is Label:
        return int(given["label"][0])
    if kind in (Text, Itself):
        return 0
    raise ContractBroken(f"no single reply is taught by a lesson of kind {kind.__name__}")
