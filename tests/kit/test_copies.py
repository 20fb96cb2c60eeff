"""Near-duplicates: as many as drawn, noise of the size stated, labels and start as they were, misuse refused."""

import numpy as np
import pytest

from tutelage.core.data import Rows
from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.data.digits import Digits
from tutelage.kit.copies import NOISE, repeated
from tutelage.runs.till import till


def made(seed: int = 0, **settings: object):
    return Digits(**settings).course(stream(seed, "data"))


def originals(pool) -> np.ndarray:
    """(n,) the id of the row that each row is a copy of."""
    return np.array([name.partition(" copy ")[0] for name in pool.ids()])


def test_one_to_five_of_each_all_equally_often() -> None:
    """1,258 rows, a fifth of them each number of times: 251.6, deviation 14.2; four deviations either way."""
    plain, several = made(), made(copies=5)
    pool = several.parts["pool"].pool
    names, times = np.unique(originals(pool), return_counts=True)
    assert sorted(names) == sorted(plain.parts["pool"].pool.ids()) and set(times) == {1, 2, 3, 4, 5}
    assert np.abs(np.bincount(times)[1:] - 251.6).max() < 4 * 14.2
    assert len(set(pool.ids())) == len(pool) and any(f"{len(pool)} together" in note for note in several.notes)


def test_the_first_is_the_row_itself_and_the_others_differ_by_noise_of_the_size_stated() -> None:
    plain, pool = made().parts["pool"].pool, made(copies=5).parts["pool"].pool
    at = {name: row for row, name in enumerate(plain.ids())}
    apart = pool.vectors() - plain.vectors()[[at[name] for name in originals(pool)]]
    first = np.array([" copy " not in name for name in pool.ids()])
    assert not apart[first].any() and apart[~first].any(axis=1).all()
    wanted = NOISE * np.sqrt(plain.vectors().var(axis=0).mean())
    assert apart[~first].std() == pytest.approx(wanted, rel=0.01) and abs(apart[~first].mean()) < wanted / 100


def test_labels_are_those_of_the_rows_and_the_exam_is_untouched() -> None:
    plain, several = made(), made(copies=3)
    known = dict(zip(plain.parts["pool"].pool.ids(), plain.parts["pool"].answers.codes[
        plain.parts["pool"].pool.numbers].tolist(), strict=True))  # fmt: skip
    pool, sealed = several.parts["pool"]
    told = sealed.through(till()).reveal(Rows(pool, np.arange(len(pool)))).given["label"]
    assert told.tolist() == [known[name] for name in originals(pool)]
    assert several.exams["exam"].truth[0].digest() == plain.exams["exam"].truth[0].digest()


def test_the_start_is_the_same_rows_themselves() -> None:
    plain, several = (made(2, start_per_class=2, pool=100, copies=k) for k in (1, 4))
    ids = [[course.parts["pool"].pool.ids()[row] for row in course.start] for course in (plain, several)]
    assert ids[0] == ids[1] and len(ids[0]) == 20


def test_neutral_limit_one_is_the_course_itself() -> None:
    course = made()
    assert repeated(course, 1, stream(0, "data")) is course


def test_luck_is_the_seeds() -> None:
    prints = [made(seed, copies=3).parts["pool"].pool.table.fingerprint for seed in (0, 0, 1)]
    assert prints[0] == prints[1] != prints[2]


def test_copies_may_be_put_into_bags_but_bags_are_not_copied() -> None:
    assert "group" in made(copies=2, bags=8).parts["pool"].pool.table.columns.column_names
    with pytest.raises(Refused, match="vectors alone"):
        repeated(made(bags=8), 2, stream(0, "data"))
