"""perplexity: by hand, all three places, ties, and a reply that does not fit."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tutelage.choose.perplexity import Perplexity
from tutelage.core.rng import stream
from tutelage.toys import Reader, replies_pool, view

POOL = replies_pool([("p", reply, reply) for reply in ("t", "tu", "u", "uv", "vv")])
READER = Reader({"t": -1.0, "u": -2.0}, other=-3.0)


@pytest.fixture(autouse=True)
def _cache(own_cache: Path) -> None:
    pass


def chosen(take: Any, n: int, student: Any = READER, seed: int = 0) -> list[str]:
    return POOL.take(Perplexity(take=take).choose(view(POOL, student), n, stream(seed, "choose")).rows).ids()


def test_by_hand() -> None:
    """Mean costs: t 1, tu 1.5, u 2, uv 2.5, vv 3; the median is u, next to it tu and uv."""
    made = Perplexity().choose(view(POOL, READER), 1, stream(0, "choose"))
    assert made.scores.tolist() == [1, 1.5, 2, 2.5, 3]
    assert chosen("lowest", 2) == ["t", "tu"] and chosen("highest", 2) == ["vv", "uv"]
    assert chosen("middle", 1) == ["u"] and set(chosen("middle", 3)) == {"tu", "u", "uv"}


@pytest.mark.parametrize("take", ["lowest", "middle", "highest"])
def test_neutral_limit(take: str) -> None:
    """All equally likely: every row is drawn as often."""
    drawn = Counter(chosen(take, 1, Reader({}, other=-1.0), seed)[0] for seed in range(500))
    assert len(drawn) == 5 and all(60 < count < 140 for count in drawn.values())


@pytest.mark.parametrize("take", ["lowest", "middle", "highest"])
def test_a_reply_that_does_not_fit_comes_last(take: str) -> None:
    class Narrow(Reader):
        fingerprint = "narrow"

        def rate(self, prompts: Any, replies: Any) -> Any:
            return np.where([reply == "u" for reply in replies], np.nan, super().rate(prompts, replies))

    assert chosen(take, 5, Narrow(READER.letters, -3.0))[-1] == "u"
