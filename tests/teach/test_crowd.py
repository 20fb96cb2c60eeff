"""Crowds: prices per answer, fixed answers, stated errors, individual confusions, agreement."""

import numpy as np
import pytest

from tutelage.core.answers import Sealed, keys_of
from tutelage.core.data import Pool, Rows, Soft
from tutelage.core.errors import Spent
from tutelage.core.rng import stream
from tutelage.core.stages import Taught
from tutelage.runs.till import RecordedTill, till
from tutelage.teach.crowd import Crowd
from tutelage.teach.noisy import Noisy
from tutelage.teach.oracle import Oracle
from tutelage.toys import ANSWERS, POOL, vector_pool, view

MANY = 3000


def many(classes: int) -> tuple[Pool, Sealed]:
    pool = vector_pool(np.zeros((MANY, 1)), [f"c{i}" for i in range(classes)])
    return pool, Sealed(pool.table, np.arange(MANY) % classes)


def teach(
    crowd: Crowd, rows: Rows, sealed: Sealed, seed: int = 0, purse: RecordedTill | None = None, **seen: object
) -> Taught:
    purse = purse or till()
    return crowd.teach(rows, view(purse=purse)._replace(**seen), sealed.through(purse), stream(seed, "teach"))


def test_by_hand() -> None:
    """Two who never err and one who always does, two classes: 2 of 3 votes for the truth; 3 answers a row at 1 label.
    Of each row's 3 pairs 1 agrees: P = 1/3; shares of the classes 1/2: P_e = 1/2; fleiss = (1/3 - 1/2) / (1/2)."""
    purse = till({"labels": 18})
    taught = teach(Crowd(errors=(0.0, 0.0, 1.0), hard=False), Rows(POOL, np.arange(6)), ANSWERS, purse=purse)
    (block,) = taught.lessons
    assert block.kind is Soft and block.given["probs"][:, 0] == pytest.approx([2 / 3] * 3 + [1 / 3] * 3)
    assert block.cost.tolist() == [3.0] * 6 and purse.left("labels") == 0
    assert taught.facts["fleiss"] == pytest.approx(-1 / 3)


def test_one_who_never_errs_is_the_oracle() -> None:
    rows, ours, theirs = Rows(POOL, np.arange(6)), till(), till()
    (crowd,) = teach(Crowd(errors=(0.0,)), rows, ANSWERS, purse=ours).lessons
    (oracle,) = Oracle().teach(rows, view(), ANSWERS.through(theirs), stream(0, "t")).lessons
    assert crowd._replace(source="oracle").digest() == oracle.digest()
    assert ours.book.charged == theirs.book.charged, "each finds the other's purchases"


def test_one_who_errs_alike_errs_as_often_as_noisy() -> None:
    pool, sealed = many(4)
    rows = Rows(pool, np.arange(MANY))
    (one,) = teach(Crowd(errors=(0.3,), alike=True), rows, sealed).lessons
    (noisy,) = Noisy(error=0.3).teach(rows, view(), sealed.through(till()), stream(0, "t")).lessons
    for block in (one, noisy):
        shift = (block.given["label"] - sealed.codes) % 4
        assert np.bincount(shift, minlength=4) / MANY == pytest.approx([0.7, 0.1, 0.1, 0.1], abs=4 * 0.0084)


def test_confusions_are_individual() -> None:
    """Errors of 1: what two annotators make of class 0 are different distributions over the same three others."""
    pool, sealed = many(4)
    shares = []
    for errors in ((1.0,), (0.0, 1.0)):
        taught = teach(Crowd(errors=errors, hard=False), Rows(pool, np.arange(MANY)), sealed)
        probs = taught.lessons[0].given["probs"][sealed.codes == 0].mean(axis=0) * len(errors)
        shares.append(probs[1:] / probs[1:].sum())
    assert np.abs(shares[0] - shares[1]).max() > 0.1
    assert np.abs(shares[0] - 1 / 3).max() > 0.05, "and neither is uniform"


def test_the_same_question_gets_the_same_answer_and_is_paid_once() -> None:
    pool, sealed = many(3)
    crowd, purse = Crowd(errors=(0.5, 0.5, 0.5)), till({"labels": 150})
    first = teach(crowd, Rows(pool, np.arange(50)), sealed, purse=purse)
    back = Rows(pool, np.arange(50)[::-1].copy())
    later = teach(crowd, back, sealed, seed=9, purse=purse, memory=first.memory, round=7)
    assert later.lessons[0].given["label"].tolist() == first.lessons[0].given["label"].tolist()[::-1]
    assert purse.left("labels") == 0, "150 answers, asked for twice"


def test_what_further_annotators_said_is_on_record() -> None:
    purse = till()
    teach(Crowd(errors=(0.0, 1.0)), Rows(POOL, np.array([0])), ANSWERS, purse=purse)
    truth = keys_of(Rows(POOL, np.array([0])), "oracle")[0]
    assert purse.book.charged[truth] == "left"
    assert [value for key, value in purse.book.charged.items() if key != truth] == ["right"]


def test_spent_before_anybody_is_asked() -> None:
    purse = till({"labels": 17})
    with pytest.raises(Spent):
        teach(Crowd(), Rows(POOL, np.arange(6)), ANSWERS, purse=purse)
    assert purse.left("labels") == 17 and purse.book.charged == {}


def test_prices() -> None:
    """A look costs 2 (the data's price), a further answer 0.5: 2 + 2 times 0.5 a row."""
    purse = till()
    sealed = Sealed(POOL.table, ANSWERS.codes, {"labels": 2.0})
    (block,) = teach(Crowd(price=0.5), Rows(POOL, np.arange(4)), sealed, purse=purse).lessons
    assert block.cost.tolist() == [3.0] * 4 and purse.book.ledger.spent["labels"] == 12


def test_each_row_may_be_answered_by_some() -> None:
    """Two of four a row, at 2 labels; everybody is asked about a half of the rows; the row decides by whom."""
    pool, sealed = many(2)
    crowd, purse = Crowd(errors=(0.0, 0.0, 0.0, 1.0), each=2, hard=False), till()
    taught = teach(crowd, Rows(pool, np.arange(MANY)), sealed, purse=purse)
    assert purse.book.ledger.spent["labels"] == 2 * MANY and "fleiss" not in taught.facts
    apart = (taught.lessons[0].given["probs"] == 0.5).all(axis=1).mean()
    assert apart == pytest.approx(0.5, abs=4 * 0.0092), "the fourth is one of the two in half of all pairs"
    few = teach(crowd, Rows(pool, np.arange(10)), sealed, memory=taught.memory)
    assert few.lessons[0].given["probs"].tolist() == taught.lessons[0].given["probs"][:10].tolist()


def test_the_label_model_beats_the_vote_where_annotators_differ() -> None:
    pool, sealed = many(2)
    rows, errors = Rows(pool, np.arange(1000)), (0.05, 0.05, 0.45, 0.45, 0.45)
    right = [
        (teach(Crowd(errors=errors, by=by), rows, sealed).lessons[0].given["label"] == sealed.codes[:1000]).mean()
        for by in ("dawid_skene", "majority")
    ]
    assert right[0] > right[1] + 0.02 and right[1] > 0.8


def test_agreement_falls_with_error() -> None:
    pool, sealed = many(3)
    alphas = [
        teach(Crowd(errors=(e, e, e)), Rows(pool, np.arange(600)), sealed).facts["alpha"] for e in (0.0, 0.1, 0.4)
    ]
    assert alphas[0] == 1 and alphas == sorted(alphas, reverse=True) and alphas[2] < 0.5


def test_one_class_leaves_nothing_to_confuse() -> None:
    pool = vector_pool(np.zeros((5, 1)), ["only"])
    taught = teach(Crowd(errors=(1.0, 1.0)), Rows(pool, np.arange(5)), Sealed(pool.table, np.zeros(5, dtype=np.int64)))
    assert taught.lessons[0].given["label"].tolist() == [0] * 5 and taught.facts == {}
