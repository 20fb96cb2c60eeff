"""instruction_residual: what is added by hand, an empty run gives the instructed student, orthogonal data lose nothing."""

import numpy as np
import pytest

from tutelage.core.data import Rows, Table, labelled
from tutelage.core.errors import ContractBroken
from tutelage.core.pupil import Pupil
from tutelage.core.rng import stream
from tutelage.core.stages import Stage
from tutelage.kit.pulls import weights_of
from tutelage.learn.gradient import Gradient
from tutelage.retain.instruction_residual import InstructionResidual
from tutelage.retain.nothing import Nothing
from tutelage.student.text.tiny import Tiny
from tutelage.student.vector.mlp import Mlp
from tutelage.toys import vector_pool, view

# rows 0 and 1 lie on the first axis, rows 2 and 3 on the second: what is learned of one pair is nothing to the other
POOL = vector_pool([[-1, 0], [1, 0], [0, -1], [0, 1]])
MAKER = Mlp(hidden=(), standardise=False)
BASE = MAKER.begin(POOL, stream(0, "student"))


def learned(rows: list[int], student: object = BASE, maker_pool: object = POOL, lr: float = 0.05) -> object:
    new = (labelled(Rows(maker_pool, np.array(rows)), np.array(rows) % 2, "oracle"),)
    how = Gradient(optimiser="sgd", lr=lr, passes=30, batch=0)
    return how.learn((Stage(new),), None, view(pool=maker_pool, student=student), stream(0, "learn")).student


INSTRUCT, CONTINUED = learned([0, 1]), learned([2, 3])


def settled(student: object, **settings: object) -> object:
    part = InstructionResidual(instruct=Pupil(MAKER, student=INSTRUCT), **settings)
    now = view(student=student)._replace(first=BASE)
    return part.settle(BASE, (), now, stream(0, "retain"))


@pytest.mark.parametrize("scale", [0.25, 1.0, -1.0])
def test_by_hand(scale: float) -> None:
    """w + scale (w_instruct - w_base), number by number; what goes on is w."""
    made = settled(CONTINUED, scale=scale)
    assert made.student is CONTINUED
    now, one, two = weights_of(CONTINUED), weights_of(INSTRUCT), weights_of(BASE)
    for name, array in weights_of(made.shown).items():
        np.testing.assert_allclose(array, now[name] + scale * (one[name] - two[name]), rtol=1e-6)


def test_a_run_that_learns_nothing_shows_the_instructed_student() -> None:
    """base + (instruct - base), to the last bit, because it is added in double precision."""
    assert settled(BASE).shown.fingerprint == INSTRUCT.fingerprint


def test_data_in_orthogonal_directions_do_not_disturb_each_other() -> None:
    """Scores of a row that lies on one axis are those of the student that was taught that axis alone."""
    shown = settled(CONTINUED).shown
    np.testing.assert_allclose(shown.probs(POOL)[:2], INSTRUCT.probs(POOL)[:2], atol=1e-6)
    np.testing.assert_allclose(shown.probs(POOL)[2:], CONTINUED.probs(POOL)[2:], atol=1e-6)
    assert np.abs(CONTINUED.probs(POOL)[:2] - 0.5).max() < 1e-6, "without the difference the instruction is not there"


def test_neutral_limits() -> None:
    plain = Nothing().settle(BASE, (), view(student=CONTINUED), stream(0, "retain"))
    assert settled(CONTINUED, scale=0) == plain
    assert InstructionResidual().settle(BASE, (), view(student=CONTINUED), stream(0, "retain")) == plain


def test_another_base() -> None:
    base = Pupil(MAKER, student=learned([0], lr=0.01))
    made = weights_of(settled(CONTINUED, base=base).shown)["head.weight"]
    of = [weights_of(one)["head.weight"] for one in (CONTINUED, INSTRUCT, base.student)]
    np.testing.assert_allclose(made, of[0] + of[1] - of[2], atol=1e-6)


def test_tied_weights_of_a_language_model_are_added_once() -> None:
    pool = Table.of("said", {"text": ["one", "two", "three", "four"]}, ("a", "b")).pool()
    maker = Tiny(hidden=16, layers=1, heads=2, window=32)
    base = maker.begin(pool, stream(0, "student"))
    instruct, continued = (learned(rows, base, pool) for rows in ([0, 1], [2, 3]))
    part = InstructionResidual(instruct=Pupil(maker, student=instruct))
    now = view(pool=pool, student=base)._replace(first=base)
    assert part.settle(base, (), now, stream(0, "r")).shown.fingerprint == instruct.fingerprint
    shown = part.settle(base, (), now._replace(student=continued), stream(0, "r")).shown
    of = [weights_of(one) for one in (shown, continued, instruct, base)]
    for name in of[0]:
        np.testing.assert_allclose(of[0][name], of[1][name] + of[2][name] - of[3][name], atol=1e-6)


def test_unlike_weights_are_told() -> None:
    other = Pupil(Mlp(hidden=(4,)), student=Mlp(hidden=(4,)).begin(POOL, stream(0, "student")))
    part = InstructionResidual(instruct=other)
    with pytest.raises(ContractBroken, match=r"retain\.instruct has other weights"):
        part.settle(BASE, (), view(student=CONTINUED)._replace(first=BASE), stream(0, "r"))
