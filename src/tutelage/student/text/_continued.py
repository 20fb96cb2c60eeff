"""Token by token: what a model writes behind a batch of prompts that it has read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from tutelage.core.data import Floats, Ints


class Read(NamedTuple):
    """A batch of prompts as the model has read them; (b, t) the mask over everything in the cache."""

    cache: Any
    mask: Any
    lengths: Any  # (b,) tokens of each prompt
    last: Any  # (b, V) float32 log-probabilities of the token behind each prompt


def continued(
    told_next: Callable[..., Any], read: Read, luck: Floats, temperature: float, ended: Callable[[Sequence[int]], bool],
    never: Collection[int] = (),
) -> list[list[int]]:  # fmt: skip
    """Each row's next tokens, at most luck.shape[1]. Rows that are done are still computed, but not recorded.

    told_next: from ids, mask, seats and a cache to (b, V) log-probabilities of the token behind them.
    never: tokens that are not said, whatever their probability.
    """
    told: list[list[int]] = [[] for _ in read.lengths]
    unfinished = set(range(len(told)))
    mask, last = read.mask, read.last
    for step in range(luck.shape[1]):
        logs = last.double().cpu().numpy()
        logs[:, list(never)] = -np.inf
        drawn = _drawn(logs, luck[:, step], temperature)
        for row in sorted(unfinished):
            told[row].append(int(drawn[row]))
            if ended(told[row]):
                unfinished.discard(row)
        if not unfinished or step + 1 == luck.shape[1]:
            break
        mask = torch.cat([mask, torch.ones(len(told), 1, dtype=torch.long, device=mask.device)], 1)
        seats = (read.lengths + step)[:, None]
        last = told_next(torch.from_numpy(drawn)[:, None].to(mask.device), mask, seats, read.cache)
    return told


def _drawn(logs: Floats, luck: Floats, temperature: float) -> Ints:
    """(b,) a token each, by the inverse of the cumulative distribution at `luck`, uniform in [0, 1)."""
    if temperature == 0:
        return np.asarray(logs.argmax(axis=1), dtype=np.int64)
    scaled = logs / temperature
    total = np.exp(scaled - scaled.max(axis=1, keepdims=True)).cumsum(axis=1)
    places = (total <= (luck * total[:, -1])[:, None]).sum(axis=1)
    return np.asarray(np.minimum(places, logs.shape[1] - 1), dtype=np.int64)
