"""gradient with an objective that leaves lessons out: what is shown, what is said, what is charged, the rate."""

import numpy as np
import pytest
import torch

from tutelage.core.data import Label, Rows, labelled
from tutelage.core.descent import Scores
from tutelage.core.errors import Spent
from tutelage.core.forecast import Lot, Width
from tutelage.core.stages import Stage
from tutelage.learn.gradient import Gradient
from tutelage.objective.cross_entropy import CrossEntropy
from tutelage.student.vector.mlp import Mlp
from tutelage.toys import CODES, POOL, stream, till, view

STUDENT = Mlp(hidden=()).begin(POOL, stream(0, "student"))


class Leaves:
    """Cross-entropy that leaves out the lessons of these labels."""

    accepts, needs, couples = frozenset({Label}), frozenset({Scores}), False

    def __init__(self, *labels: int, skipping: bool = True) -> None:
        self.labels, self.skipping, self.looks = torch.tensor(labels), skipping, 0

    def prepare(self, lessons, view):
        return {"mark": np.arange(sum(block.size for block in lessons))}

    def losses(self, module, batch, rng):
        return CrossEntropy().losses(module, batch, rng)

    def skips(self, module, batch):
        assert not module.training and len(batch.prepared["mark"]) == len(batch.weight)
        self.looks += len(batch.weight)
        return torch.isin(batch.given["label"], self.labels)


def learn(objective, rows=range(6), purse=None, **how):
    stage = Stage((labelled(Rows(POOL, np.array(rows)), CODES[list(rows)], "oracle"),))
    part = Gradient(objective=objective, **{"optimiser": "sgd", "lr": 0.1, "passes": 4, "batch": 2, **how})
    return part.learn((stage,), None, view(student=STUDENT, purse=purse), stream(0, "learn"))


def test_neutral_limit_nobody_is_left_out() -> None:
    """Bit for bit as without, whether it says that it never does or simply does not."""
    plain = learn(CrossEntropy(), schedule="cosine")
    looked, never = Leaves(7), Leaves(0, 1, skipping=False)
    same = learn(looked, schedule="cosine")
    assert same.student.fingerprint == plain.student.fingerprint and same.facts == {**plain.facts, "skipped": 0}
    assert learn(never, schedule="cosine").facts == plain.facts and (looked.looks, never.looks) == (24, 0)


def test_by_hand() -> None:
    """Twelve updates planned. Of six lessons three live: 12 shown in four passes, six full batches of two."""
    facts = learn(Leaves(1)).facts
    assert (facts["updates"], facts["visits"], facts["skipped"]) == (6, 12, 12) and facts["lessons"] == 6


def test_what_is_left_out_teaches_nothing() -> None:
    """One batch of all, then of the three that live: the same as three alone, as the batches come as planned."""
    left, alone = learn(Leaves(1), batch=3), learn(CrossEntropy(), rows=range(3), batch=3)
    assert left.facts["updates"] == alone.facts["updates"] == 4
    np.testing.assert_allclose(left.student.probs(POOL), alone.student.probs(POOL), atol=1e-6)


def test_all_left_out() -> None:
    """No update, no loss to tell, and the student answers as before."""
    done = learn(Leaves(0, 1))
    assert done.facts == {"lessons": 6, "updates": 0, "visits": 0, "skipped": 24, "moving": 6}
    assert (done.student.probs(POOL) == STUDENT.probs(POOL)).all()


def test_what_is_charged() -> None:
    """A head of 2 x 2 numbers: 6 * 4 FLOP a lesson shown, 2 * 4 one looked at. 12 shown, 24 looked at: 480; all of
    24 * (24 + 8) = 768 has to be affordable, so that nothing is begun that could not be ended."""
    purse = till({"flop": 800.0})
    learn(Leaves(1), purse=purse)
    assert purse.left("flop") == 800 - 480
    with pytest.raises(Spent):
        learn(Leaves(1), purse=till({"flop": 700.0}))
    lot = Lot(Width(2, 2, True), 6, 2, 2)
    said = Gradient(objective=Leaves(1), passes=4).work(Mlp(hidden=()), lot)["flop"]
    assert (said.amount, said.exact) == (768, False)


def test_the_rate_goes_by_what_was_planned() -> None:
    """Lessons 0 1 2 live, 3 4 5 do not; in this order, one by one, a linear rate over 6 updates: 1, 5/6, 4/6 of lr."""
    stage = Stage((labelled(Rows(POOL, np.arange(6)), CODES, "oracle"),), np.arange(6))
    how = {"optimiser": "sgd", "passes": 1, "batch": 1}

    def part(objective, lr, schedule):
        return Gradient(objective=objective, lr=lr, schedule=schedule, **how)

    left = part(Leaves(1), 0.3, "linear").learn((stage,), None, view(student=STUDENT), stream(0, "learn")).student
    by_steps = STUDENT
    for number in range(3):
        one = Stage((labelled(Rows(POOL, np.array([number])), CODES[[number]], "oracle"),))
        now = view(student=by_steps)
        by_steps = part(CrossEntropy(), 0.3 * (6 - number) / 6, "constant").learn((one,), None, now,
                                                                                stream(0, "learn")).student  # fmt: skip
    np.testing.assert_allclose(left.probs(POOL), by_steps.probs(POOL), atol=1e-6)
