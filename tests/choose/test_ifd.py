"""ifd: the ratio of two perplexities by hand, the limit of 1, and a student that ignores its prompts."""

import math
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tutelage.choose.ifd import Ifd
from tutelage.core.rng import stream
from tutelage.toys import Reader, replies_pool, view

POOL = replies_pool([("tu", "tv", "half"), ("t", "t", "all"), ("u", "v", "none")])
READER = Reader({}, other=-2.0, copies=0.5)


@pytest.fixture(autouse=True)
def _cache(own_cache: Path) -> None:
    pass


def chosen(n: int, student: Any = READER, seed: int = 0, below: float | None = 1.0) -> list[str]:
    return POOL.take(Ifd(below=below).choose(view(POOL, student), n, stream(seed, "choose")).rows).ids()


def test_by_hand() -> None:
    """A letter costs 2, one that stands in the prompt 1. half: (1 + 2) / 2 against 2: e^-0.5. all: e^-1. none: e^0."""
    made = Ifd().choose(view(POOL, READER), 1, stream(0, "choose"))
    assert made.scores.tolist() == pytest.approx([math.exp(-0.5), math.exp(-1), 1.0])
    assert chosen(3) == ["half", "all", "none"] and chosen(3, below=None) == ["none", "half", "all"]


def test_neutral_limit() -> None:
    """A student that does not read its prompts: every IFD is 1, every row is drawn as often, with the limit or not."""
    for below in (None, 1.0):
        drawn = Counter(chosen(1, Reader({}, other=-1.0), seed, below)[0] for seed in range(300))
        assert len(drawn) == 3 and all(60 < count < 140 for count in drawn.values())
