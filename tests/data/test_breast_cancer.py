"""Breast tumours: what scikit-learn holds, standardised over the training part, one split for all seeds, in bags."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer

from tutelage.core.data import Course, Rows
from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.data.breast_cancer import BreastCancer
from tutelage.kit.bags import bags_of


def made(seed: int = 0, **settings: object) -> Course:
    return BreastCancer(**settings).course(stream(seed, "data"))


def rows_of(course: Course) -> dict[str, tuple[list[int], np.ndarray]]:
    """Part -> row numbers in scikit-learn's table (ids count from 1), and codes."""
    pool, sealed = course.parts["pool"]
    (truth,) = course.exams["exam"].truth
    exam = truth.about.examples()
    numbers = [[int(one.rpartition("-")[2]) - 1 for one in p.ids()] for p in (pool, exam)]
    return {"pool": (numbers[0], sealed.codes[pool.numbers]), "exam": (numbers[1], truth.given["label"])}


def test_shares_by_hand() -> None:
    """212 malignant, 357 benign. Test: 42 and 71 (42.4, 71.4 rounded); development: up to 64 and 107 (63.6, 107.1), so
    22 and 36; the rest, 148 and 250, is the pool."""
    found = rows_of(made())
    assert np.bincount(found["pool"][1]).tolist() == [148, 250] and np.bincount(found["exam"][1]).tolist() == [42, 71]
    assert np.bincount(rows_of(made(split="dev"))["exam"][1]).tolist() == [22, 36]


def test_parts_are_disjoint_and_labelled_as_scikit_learn_has_them() -> None:
    truth = load_breast_cancer().target
    test, dev = rows_of(made()), rows_of(made(split="dev"))
    several = [test["pool"][0], test["exam"][0], dev["exam"][0]]
    assert sorted(sum(several, [])) == list(range(569)) and dev["pool"][0] == test["pool"][0]
    for numbers, codes in test.values():
        assert (truth[numbers] == codes).all()
    assert load_breast_cancer().target_names.tolist() == list(made().parts["pool"].pool.labels)


def test_standardised_over_the_training_part_alone() -> None:
    raw, course = load_breast_cancer().data, made()
    pool, exam = course.parts["pool"].pool.vectors(), course.exams["exam"].truth[0].about.examples().vectors()
    np.testing.assert_allclose(pool.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(pool.std(axis=0), 1, atol=1e-5)
    numbers = rows_of(course)
    train = raw[numbers["pool"][0]]
    wanted = (raw[numbers["exam"][0]] - train.mean(axis=0)) / train.std(axis=0)
    np.testing.assert_allclose(exam, wanted, atol=1e-4)


def test_no_seed_is_in_the_split_and_a_smaller_pool_is_part_of_a_larger() -> None:
    assert rows_of(made(0))["exam"][0] == rows_of(made(7, pool=50))["exam"][0]
    small, large = rows_of(made(3, pool=20))["pool"][0], rows_of(made(3, pool=60))["pool"][0]
    assert set(small) < set(large) and len(small) == 20


def test_bags_cover_the_pool_once_and_exclude_a_start() -> None:
    """398 rows in bags of 32: 12 of 32 and one of 14."""
    pool = made(bags=32).parts["pool"].pool
    bags = bags_of(Rows(pool, np.arange(len(pool))), "test")
    assert sorted(np.diff(bags.starts).tolist()) == [14, *[32] * 12] and sorted(bags.rows.tolist()) == list(range(398))
    with pytest.raises(Refused, match="bought before the bags are counted"):
        made(bags=8, start_per_class=1)
