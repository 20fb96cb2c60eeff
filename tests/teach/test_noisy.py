"""The noisy teacher: stated error, uniform over the other classes, the same answer to the same question."""

import numpy as np
import pytest

from tutelage.core.answers import Sealed
from tutelage.core.data import Pool, Rows
from tutelage.core.rng import stream
from tutelage.core.stages import Taught
from tutelage.runs.till import RecordedTill, till
from tutelage.teach.noisy import Noisy
from tutelage.teach.oracle import Oracle
from tutelage.toys import ANSWERS, POOL, vector_pool, view

MANY = 4000


def many(classes: int) -> tuple[Pool, Sealed]:
    pool = vector_pool(np.zeros((MANY, 1)), [f"c{i}" for i in range(classes)])
    return pool, Sealed(pool.table, np.arange(MANY) % classes)


def teach(noisy: Noisy, rows: Rows, sealed: Sealed, seed: int = 0, purse: RecordedTill | None = None, **seen) -> Taught:
    return noisy.teach(rows, view()._replace(**seen), sealed.through(purse or till()), stream(seed, "teach"))


def test_by_hand() -> None:
    """error 1 with two classes: always the other one, so left, left, right become right, right, left."""
    (block,) = teach(Noisy(error=1.0), Rows(POOL, np.array([0, 1, 5])), ANSWERS).lessons
    assert block.given["label"].tolist() == [1, 1, 0] and block.source == "noisy"


def test_error_0_is_the_oracle() -> None:
    rows = Rows(POOL, np.arange(6))
    ours, theirs = till(), till()
    (noisy,) = teach(Noisy(error=0.0), rows, ANSWERS, purse=ours).lessons
    (oracle,) = Oracle().teach(rows, view(), ANSWERS.through(theirs), stream(0, "teach")).lessons
    assert noisy._replace(source="oracle").digest() == oracle.digest()
    assert ours.book.charged == theirs.book.charged, "the look is recorded, whoever reads it"


@pytest.mark.parametrize("classes", [2, 5])
def test_the_error_is_as_stated_and_uniform_over_the_others(classes: int) -> None:
    """4,000 answers at error 0.3: 1,200 +- 29 wrong (one standard deviation); each wrong class alike. 4 deviations."""
    pool, sealed = many(classes)
    (block,) = teach(Noisy(error=0.3), Rows(pool, np.arange(MANY)), sealed).lessons
    shift = (block.given["label"] - sealed.codes) % classes
    wrong = int((shift > 0).sum())
    assert abs(wrong - 1200) < 4 * np.sqrt(MANY * 0.3 * 0.7)
    share = 1 / (classes - 1)
    for other in range(1, classes):
        assert abs((shift == other).sum() - wrong * share) < 4 * np.sqrt(wrong * share * (1 - share)) + 1e-9


def test_the_same_question_gets_the_same_answer() -> None:
    """Alone, in company, in another order, in a later round: the annotator is kept as memory."""
    pool, sealed = many(3)
    noisy = Noisy(error=0.5)
    first = teach(noisy, Rows(pool, np.arange(50)), sealed)
    codes = first.lessons[0].given["label"]
    assert (codes != sealed.codes[:50]).any()
    back = np.arange(50)[::-1].copy()
    later = noisy.teach(
        Rows(pool, back), view()._replace(memory=first.memory, round=7), sealed.through(till()), stream(9, "x")
    )
    assert later.lessons[0].given["label"].tolist() == codes[::-1].tolist()
    one = teach(noisy, Rows(pool.take([31]), np.array([0])), sealed, memory=first.memory)
    assert one.lessons[0].given["label"][0] == codes[31]


def test_other_luck_is_another_annotator() -> None:
    pool, sealed = many(3)
    a, b = (teach(Noisy(error=0.5), Rows(pool, np.arange(60)), sealed, seed) for seed in (0, 1))
    assert a.lessons[0].given["label"].tolist() != b.lessons[0].given["label"].tolist()


def test_mistakes_at_a_higher_error_include_those_at_a_lower_one() -> None:
    pool, sealed = many(4)
    low, high = (
        teach(Noisy(error=e), Rows(pool, np.arange(500)), sealed).lessons[0].given["label"] for e in (0.1, 0.4)
    )
    mistaken = low != sealed.codes[:500]
    assert mistaken.any() and (low[mistaken] == high[mistaken]).all()


def test_one_class_leaves_nothing_to_confuse() -> None:
    pool = vector_pool(np.zeros((5, 1)), ["only"])
    taught = teach(Noisy(error=1.0), Rows(pool, np.arange(5)), Sealed(pool.table, np.zeros(5, dtype=np.int64)))
    assert taught.lessons[0].given["label"].tolist() == [0] * 5
