"""Named, independent luck: every stage draws from its own stream, so replacing one never shifts another's.

stream(seed, stage, round) = a PCG64 generator seeded with the first 256 bits of SHA-256("seed/stage/round").
"""

from __future__ import annotations

import hashlib

import numpy as np


def stream(seed: int, stage: str, round: int = 0) -> np.random.Generator:
    """An independent generator for one stage of one round; `stage` is the dotted path in the recipe.

    >>> stream(0, "choose").integers(1000) == stream(0, "choose").integers(1000)
    np.True_
    """
    words = np.frombuffer(hashlib.sha256(f"{seed}/{stage}/{round}".encode()).digest(), dtype=np.uint32)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([int(word) for word in words])))
