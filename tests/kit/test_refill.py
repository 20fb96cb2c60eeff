"""refill: batches as planned while all live, as large when some do not, and an end when none does."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from tutelage.core.data import Block, Rows, Soft, labelled
from tutelage.core.descent import Batch, CanSkip
from tutelage.core.stages import Stage
from tutelage.kit.batching import planned, walk
from tutelage.kit.refill import living, refilled
from tutelage.toys import CODES, POOL, stream, vector_pool


class Pace:
    def __init__(self, passes: float, batch: int) -> None:
        self.passes, self.batch = passes, batch


def filled(stages, pace: Pace, alive, seed: int = 0):
    plan = planned(stages, pace.passes)
    return list(refilled(walk(plan, pace, stream(seed, "learn")), plan, alive))


def lessons(count: int):
    pool = vector_pool(np.zeros((count, 1)))
    return Stage((labelled(Rows(pool, np.arange(count)), np.arange(count) % 2, "oracle"),))


def test_by_hand() -> None:
    """Lessons 0 to 5 in order by twos, the odd ones dead, two passes: 0 2, 4 0, 2 4, filled by the planned batches
    (numbered from 0) 1, 3 and 5."""
    stage = lessons(6)._replace(order=np.arange(6))
    made = filled((stage,), Pace(2, 2), lambda rows: rows % 2 == 0)
    assert [(one.slice.rows.tolist(), one.at) for one in made] == [([0, 2], 1), ([4, 0], 3), ([2, 4], 5)]


@given(st.integers(1, 20), st.integers(0, 7), st.floats(0.2, 3), st.integers(0, 99))
def test_with_every_lesson_alive_the_batches_are_those_planned(count, batch, passes, seed) -> None:
    """Down to the smaller one at the end of a pass, kinds and stages included."""
    soft = {"probs": np.full((3, 2), 0.5, dtype=np.float32)}
    weak = Block(Rows(POOL, np.arange(3)), None, Soft, soft, "weak", np.zeros(3), np.ones(3))
    stages = (Stage((*lessons(count).lessons, weak)), lessons(count)._replace(passes=0.5))
    plan = planned(stages, passes)
    plain = list(walk(plan, Pace(passes, batch), stream(seed, "learn")))
    made = filled(stages, Pace(passes, batch), lambda rows: np.ones(len(rows), dtype=bool), seed)
    assert [one.at for one in made] == list(range(len(plain)))
    for one, slice in zip(made, plain, strict=True):
        assert one.slice.rows.tolist() == slice.rows.tolist() and one.slice.portion == slice.portion


@given(st.integers(1, 30), st.integers(1, 7), st.integers(1, 4), st.integers(0, 99))
def test_batches_keep_their_size_and_hold_the_living(count, batch, passes, seed) -> None:
    """Each living lesson at most once a pass, sizes the first of those planned, at most one batch left over."""
    lives = stream(seed, "alive").random(count) < 0.4
    made = filled((lessons(count),), Pace(passes, batch), lambda rows: lives[rows], seed)
    shown = np.concatenate([np.zeros(0, dtype=int), *(one.slice.rows for one in made)])
    sizes = [len(one) for one in map(lambda one: one.rows, walk(planned((lessons(count),), passes),
             Pace(passes, batch), stream(seed, "learn")))]  # fmt: skip
    assert [len(one.slice.rows) for one in made] == sizes[: len(made)]
    assert lives[shown].all() and (np.bincount(shown, minlength=count) <= passes).all()
    assert passes * lives.sum() - len(shown) < batch
    assert sorted(one.at for one in made) == [one.at for one in made]


def test_none_alive_comes_to_an_end_without_a_batch() -> None:
    asked: list[int] = []

    def alive(rows):
        asked.extend(rows.tolist())
        return np.zeros(len(rows), dtype=bool)

    assert filled((lessons(10),), Pace(3, 4), alive) == [] and len(asked) == 30


def test_batches_that_a_stage_fixes_stay() -> None:
    """Nobody is asked about them; support marks them as fixed too."""
    fixed = lessons(4)._replace(order=np.arange(4), batches=np.array([0, 3, 4]))
    marked = Stage((labelled(Rows(POOL, np.arange(3)), CODES[:3], "oracle"),), np.arange(3), np.array([0, 3]),
                   np.array([True, False, False]))  # fmt: skip
    made = filled((fixed, marked), Pace(1, 2), lambda rows: np.zeros(len(rows), dtype=bool))
    assert [one.slice.rows.tolist() for one in made] == [[0, 1, 2], [3], [4, 5, 6]]
    assert made[2].slice.support.tolist() == [True, False, False]


def test_living_asks_the_module_as_in_use_and_leaves_its_flags() -> None:
    seen = []

    class Skips:
        skipping = True

        def skips(self, module, batch):
            seen.append((module.training, module[1].training, torch.is_grad_enabled()))
            return batch.weight > 1

    module = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.Dropout())
    module.train()
    module[1].eval()
    assert isinstance(Skips(), CanSkip)
    assert living(Skips(), module, Batch(Soft, None, {}, torch.tensor([1.0, 2.0]))).tolist() == [True, False]
    assert seen == [(False, False, False)] and module.training and not module[1].training
