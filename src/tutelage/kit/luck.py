"""Luck that belongs to a prompt and a draw, not to a place in a batch: a reply is the same in any company."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tutelage.core.data import Floats, Rng
from tutelage.core.digest import digest
from tutelage.core.writing import Prompt


def seeds(prompts: Sequence[Prompt], k: int, rng: Rng) -> npt.NDArray[np.uint64]:
    """(n, k) one seed a reply, of 63 bits. The generator gives one number, however many prompts there are.

    >>> from tutelage.core.rng import stream
    >>> both, alone = seeds(["a", "b"], 2, stream(0, "w")), seeds(["b"], 2, stream(0, "w"))
    >>> bool((both[1] == alone[0]).all()), len(set(both.ravel().tolist()))
    (True, 4)
    """
    key = int(rng.integers(2**63))
    told = [[int(digest(key, plain(prompt), draw)[:16], 16) >> 1 for draw in range(k)] for prompt in prompts]
    return np.array(told, dtype=np.uint64).reshape(len(prompts), k)


def uniform(prompts: Sequence[Prompt], k: int, each: int, rng: Rng) -> Floats:
    """(n, k, each) in [0, 1): the numbers that replies are drawn with."""
    found = np.empty((len(prompts), k, each))
    for place, seed in np.ndenumerate(seeds(prompts, k, rng)):
        found[place] = generator(int(seed)).random(each)
    return found


def generator(seed: int) -> Rng:
    """Luck from one number."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))


def plain(prompt: Prompt) -> str | list[list[str]]:
    """The prompt as plain values, for a digest: what is said and by whom."""
    return prompt if isinstance(prompt, str) else [[turn.role, turn.text] for turn in prompt]
