"""herding: as the slow obvious version has it, any first part is a good choice, edge cases."""

import numpy as np
import pytest

from tutelage.core.rng import stream
from tutelage.kit.herding import herded


def slowly(vectors: np.ndarray, count: int) -> list[int]:
    """Rebuffi et al. (2017), algorithm 4, with a loop over candidates."""
    x = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    chosen: list[int] = []
    for k in range(1, count + 1):
        left = [at for at in range(len(x)) if at not in chosen]
        away = [np.linalg.norm(x.mean(0) - (x[at] + x[chosen].sum(0)) / k) for at in left]
        chosen.append(left[int(np.argmin(away))])
    return chosen


@pytest.mark.parametrize("seed", range(5))
def test_as_a_loop_says(seed: int) -> None:
    vectors = stream(seed, "test").normal(size=(30, 4)) + 1
    ranks = herded(vectors.astype(np.float32), 12)
    assert np.argsort(ranks, kind="stable")[:12].tolist() == slowly(vectors.astype(np.float32).astype(float), 12)
    assert np.isinf(ranks).sum() == 18
    assert np.array_equal(
        herded(vectors.astype(np.float32), 5)[ranks < 5], ranks[ranks < 5]
    )  # a part of the longer list


def test_a_few_herded_ones_have_nearly_the_mean_of_all() -> None:
    x = stream(0, "test").normal(size=(500, 8)) + 0.5
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    picked = x[herded(x.astype(np.float32), 500) < 10].mean(0)
    lots = [x[stream(seed, "lots").permutation(500)[:10]].mean(0) for seed in range(50)]
    away = [np.linalg.norm(one - x.mean(0)) for one in lots]
    assert np.linalg.norm(picked - x.mean(0)) < min(min(away), np.mean(away) / 3)


def test_few_none_and_empty_ones() -> None:
    assert herded(np.zeros((0, 3), dtype=np.float32), 4).tolist() == []
    assert np.isinf(herded(np.ones((3, 2), dtype=np.float32), 0)).all()
    assert sorted(herded(np.ones((3, 2), dtype=np.float32), 9).tolist()) == [0, 1, 2]
    assert herded(np.array([[0, 0], [0, 1.0], [0, 3.0]], dtype=np.float32), 1).tolist() == [np.inf, 0, np.inf]
