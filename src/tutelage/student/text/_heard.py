"""What a model gives and keeps while it reads: logits and states, made log-probabilities; a cache to pick from."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import torch

from tutelage.core.data import Ints
from tutelage.core.writing import Memory
from tutelage.student.text._continued import Read


class Heard(NamedTuple):
    """What a model gives at some positions: logits (..., V), and the states (..., d) of the layer a memory asks for."""

    logits: Any
    states: Any = None

    def at(self, *places: Any) -> Heard:
        """At these positions only."""
        return Heard(self.logits[places], None if self.states is None else self.states[places])


def logs(heard: Heard, memory: Memory | None) -> Any:
    """(..., V) float32 natural logs of the next token, with the memory's say."""
    own = heard.logits.float().log_softmax(-1)
    if memory is None:
        return own
    states = heard.states.float().reshape(-1, heard.states.shape[-1])
    return memory.mixed(states, own.reshape(-1, own.shape[-1])).reshape(own.shape)


def selected(read: Read, rows: Ints) -> Read:
    """The same prompts in another selection, repeats allowed, with a cache of their own."""
    which = torch.from_numpy(rows).to(read.mask.device)
    return Read(picked(read.cache, which), read.mask[which], read.lengths[which], read.last[which])


def picked(cache: Any, rows: Any) -> Any:
    """These rows of a cache as a new one. Layers put new tensors in place of old ones, so shallow copies are enough."""
    made = copy.copy(cache)
    made.layers = [copy.copy(layer) for layer in cache.layers]
    if made.get_seq_length():
        made.batch_select_indices(rows)
    return made
