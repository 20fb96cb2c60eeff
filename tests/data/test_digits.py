"""Digits by parity and in bags: the split stays, bags cover the pool, their luck is the seed's, misuse is refused."""

import numpy as np
import pytest

from tutelage.core.data import Course, Rows, Share
from tutelage.core.errors import Missing, Refused
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.data.digits import Digits
from tutelage.kit.bags import bags_of
from tutelage.kit.courses import bagged
from tutelage.runs.till import till


def made(seed: int = 0, **settings: object) -> Course:
    return Digits(**settings).course(stream(seed, "data"))


def test_parity_is_the_digit_modulo_2_on_the_same_split() -> None:
    ten, two = made(), made(task="odd_even")
    assert two.parts["pool"].pool.labels == ("even", "odd")
    assert (two.parts["pool"].answers.codes == ten.parts["pool"].answers.codes % 2).all()
    (a,), (b,) = ten.exams["exam"].truth, two.exams["exam"].truth
    assert a.about.examples().ids() == b.about.examples().ids() and (b.given["label"] == a.given["label"] % 2).all()


def test_bags_cover_the_pool_once() -> None:
    """1,258 rows in bags of 8: 157 of 8 and one of 2."""
    course = made(bags=8)
    pool, sealed = course.parts["pool"]
    bags = bags_of(Rows(pool, np.arange(len(pool))), "test")
    sizes = np.diff(bags.starts)
    assert np.bincount(sizes)[[2, 8]].tolist() == [1, 157] and sorted(bags.rows.tolist()) == list(range(1258))
    counted = sealed.through(till()).reveal(bags, Share)
    total = (counted.given["probs"] * sizes[:, None]).sum(axis=0)
    assert total == pytest.approx(np.bincount(sealed.codes[pool.numbers], minlength=10), abs=1e-3)
    assert any("158 bags of 8 rows, less in the last" in note for note in course.notes)


def test_bags_are_luck_and_nothing_else_is() -> None:
    plain, one, same, other = made(), made(bags=8), made(bags=8), made(1, bags=8)
    groups = [course.parts["pool"].pool.column("group").to_pylist() for course in (one, same, other)]
    assert groups[0] == groups[1] != groups[2]
    prints = [course.parts["pool"].pool.fingerprint for course in (plain, one, same, other)]
    assert prints[1] == prints[2] and len(set(prints)) == 3
    assert plain.parts["pool"].pool.ids() == one.parts["pool"].pool.ids()
    assert (plain.parts["pool"].pool.vectors() == one.parts["pool"].pool.vectors()).all()


def test_a_sampled_pool_is_bagged_whole() -> None:
    pool = made(bags=10, pool=100).parts["pool"].pool
    names, counts = np.unique(pool.column("group").to_pylist(), return_counts=True)
    assert len(names) == 10 and (counts == 10).all()


def test_bags_and_a_start_exclude_each_other() -> None:
    with pytest.raises(Refused, match="bought before the bags are counted"):
        made(bags=8, start_per_class=1)


def test_groups_are_not_bagged_again() -> None:
    with pytest.raises(Refused, match="has groups already"):
        bagged(made(bags=8), 4, stream(0, "data"))


@pytest.mark.parametrize("name", ["trec", "movie_reviews"])
def test_texts_in_bags(name: str) -> None:
    """The same texts as without bags, the exam untouched, and every row in a bag of 16 or in the last."""
    try:
        plain, course = (
            build("data", {"use": name, "pool": 500, **more}).course(stream(0, "data")) for more in ({}, {"bags": 16})
        )
    except Missing as error:
        pytest.skip(f"data/{name} needs an asset that is not here: {error}")
    pool = course.parts["pool"].pool
    assert pool.texts() == plain.parts["pool"].pool.texts()
    assert course.exams["exam"].truth[0].digest() == plain.exams["exam"].truth[0].digest()
    assert np.diff(bags_of(Rows(pool, np.arange(500)), "test").starts).tolist().count(16) == 31
