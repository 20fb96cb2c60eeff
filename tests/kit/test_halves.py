"""Two parts of a pool: disjoint by id, each with its own answers, the same at one seed from either side, misuse."""

import numpy as np
import pytest

from tutelage.core.data import Course, Rows
from tutelage.core.errors import ContractBroken, Refused
from tutelage.core.rng import stream
from tutelage.data.digits import Digits
from tutelage.runs.till import till


def made(seed: int = 0, **settings: object) -> Course:
    return Digits(**settings).course(stream(seed, "data"))


def test_gold_pool_and_exam_are_disjoint_by_id_and_whole() -> None:
    """1,258 rows: 629 each."""
    here = made(gold=0.5)
    gold, pool = (set(here.parts[name].pool.ids()) for name in ("gold", "pool"))
    exam = set(here.exams["exam"].truth[0].about.examples().ids())
    assert len(gold) == len(pool) == 629 and not gold & pool and not exam & (gold | pool)
    assert gold | pool == set(made().parts["pool"].pool.ids())


def test_each_part_answers_for_its_own_rows_alone() -> None:
    here, whole = made(gold=0.25), made().parts["pool"].answers
    for name, other in (("gold", "pool"), ("pool", "gold")):
        pool, sealed = here.parts[name]
        told = sealed.through(till()).reveal(Rows(pool, np.arange(len(pool))))
        assert (told.given["label"] == whole.codes[pool.numbers]).all()
        with pytest.raises(ContractBroken, match="no stored answer"):
            sealed.through(till()).reveal(Rows(here.parts[other].pool, np.arange(3)))


def test_from_gold_is_the_same_part_at_the_same_seed_and_nothing_else() -> None:
    for seed in (0, 7):
        one, two = made(seed, gold=0.5), made(seed, gold=0.5, from_gold=True)
        assert two.parts["pool"].pool.ids() == one.parts["gold"].pool.ids() and set(two.parts) == {"pool"}
    assert made(0, gold=0.5).parts["gold"].pool.ids() != made(7, gold=0.5).parts["gold"].pool.ids()


def test_without_gold_the_course_is_as_it_was() -> None:
    here = made(pool=100)
    assert set(here.parts) == {"pool"} and len(here.parts["pool"].pool) == 100


def test_what_cannot_be_divided_is_refused() -> None:
    with pytest.raises(Refused, match="say gold"):
        made(from_gold=True)
    with pytest.raises(Refused, match="tear groups apart"):
        made(gold=0.5, bags=8)
    with pytest.raises(Refused, match="class-balanced start"):
        made(gold=0.5, start_per_class=1)
    with pytest.raises(Refused, match="one part without rows"):
        made(gold=0.01, pool=10)
