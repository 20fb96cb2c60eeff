"""exposure: ranks by hand, ties, the law of a secret never taught, the fitted distribution, what it refuses."""

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.stats import kstest, skewnorm

from tutelage.assess.exposure import Exposure, by_chance, fitted, ranked
from tutelage.core.data import Exam, Rows, Table, labelled
from tutelage.core.errors import ContractBroken, Refused
from tutelage.core.rng import stream
from tutelage.core.writing import ReadAlone
from tutelage.kit.blocks import themselves
from tutelage.kit.reply_courses import references_of
from tutelage.toys import Reader, Rote, own_truth, replies_pool, till


class Weighs:
    """The same probabilities for every row."""

    def __init__(self, *probs):
        self.row, self.labels = np.array(probs, dtype=np.float32), tuple("abcd")

    def probs(self, pool):
        return np.tile(self.row, (len(pool), 1))


def told(student, exam, **how):
    return {score.name: score for score in Exposure(**how).assess(student, exam, till(), stream(0, "assess"))}


def labels(codes):
    vectors, names = np.arange(len(codes), dtype=np.float32)[:, None], [f"canary {code}" for code in codes]
    pool = Table.of("made up", {"vector": vectors, "canary": names}, tuple("abcd")).pool()
    return Exam((labelled(Rows(pool, np.arange(len(codes))), np.array(codes), "exam"),))


def test_labels_by_hand() -> None:
    """Of four labels the likeliest has rank 1 and 2 bits, the next rank 2 and 1 bit; ranks 3 and 4 are one for both of
    equal probability: the mean of log2(4/3) and 0. By chance: (2 + 1 + log2(4/3) + 0) / 4 = 0.854.
    """
    found = told(Weighs(0.5, 0.3, 0.1, 0.1), labels([0, 1, 2, 3]))
    tied = np.log2(4 / 3) / 2
    assert found["exposure"].items.tolist() == pytest.approx([2, 1, tied, tied])
    assert found["exposure_by_chance"].value == pytest.approx((3 + np.log2(4 / 3)) / 4)
    assert found["secrets_found"].items.tolist() == [1, 0, 0, 0]
    assert found["exposure"].value == pytest.approx(found["exposure_by_chance"].value)  # over all labels, always


def test_who_finds_all_alike_has_the_exposure_of_chance_exactly() -> None:
    """The neutral limit; a tie is found one time in four."""
    found = told(Weighs(0.25, 0.25, 0.25, 0.25), labels([0, 3, 1]))
    assert found["exposure"].items == pytest.approx(found["exposure_by_chance"].items, abs=1e-7)
    assert found["secrets_found"].value == 0.25
    assert ranked(1.0, np.ones(999)).bits == pytest.approx(by_chance(1000), abs=1e-9)


def test_a_label_that_the_student_does_not_know_is_ranked_last() -> None:
    class Fewer(Weighs):
        labels = ("a", "b", "c")

        def __init__(self):
            self.row = np.array([0.5, 0.3, 0.2], dtype=np.float32)

    assert told(Fewer(), labels([3]))["exposure"].value == 0.0


def test_a_secret_never_taught_has_every_rank_alike() -> None:
    """Losses drawn alike: 2^-exposure is uniform on 1/R, ..., 1, so P(exposure >= 3) = 1/8, and the mean is chance."""
    rng = stream(0, "points")
    bits = np.array([ranked(lot[0], lot[1:]).bits for lot in rng.normal(size=(4000, 256))])
    assert abs(bits.mean() - by_chance(256)) < 4 * bits.std() / np.sqrt(4000)
    assert abs((bits >= 3).mean() - 1 / 8) < 4 * np.sqrt(1 / 8 * 7 / 8 / 4000)
    assert kstest(2.0**-bits, lambda x: np.floor(256 * x + 1e-6) / 256).pvalue > 0.001


def test_by_chance_is_the_mean_over_the_ranks() -> None:
    for size in (2, 3, 10, 500):
        assert by_chance(size) == pytest.approx(np.mean(np.log2(size / np.arange(1, size + 1))))


def test_the_fitted_distribution_finds_its_own_parameters() -> None:
    """Against scipy's distribution with known parameters, and against ranks where there are enough of them."""
    for lean in (-3.0, 0.0, 4.0):
        known = skewnorm(lean, loc=10.0, scale=2.0)
        others = known.rvs(200_000, random_state=np.random.Generator(np.random.PCG64(3)))
        for share in (0.5, 0.1, 0.01):
            assert fitted(float(known.ppf(share)), others) == pytest.approx(-np.log2(share), abs=0.12)
        assert ranked(float(known.ppf(0.01)), others).bits == pytest.approx(-np.log2(0.01), abs=0.1)
    beyond = fitted(-10.0, others)
    assert beyond > np.log2(len(others)) and np.isfinite(fitted(-1e6, others))  # a rank could not say so much


class Digits(Rote):
    """A letter costs the digit that it is, anything else nothing."""

    def read_alone(self, texts):
        costs = [sum(float(one) for one in text if one.isdigit()) for text in texts]
        return ReadAlone(-np.array(costs), np.array([len(text) for text in texts]))


def texts(secrets, others):
    exam = own_truth([f"code {one}" for one in secrets])
    (block,) = exam.truth
    pool = Table.of("c", {"text": block.about.pool.texts(), "canary": [f"c{i}" for i in range(len(secrets))]}).pool()
    told = {"text": [f"code {one}" for lot in others for one in lot],
            "canary": [f"c{i}" for i, lot in enumerate(others) for _ in lot]}  # fmt: skip
    return Exam((themselves(pool, "exam"),), {"alternatives": Table.of("alternatives", told).pool()})


def test_texts_by_hand() -> None:
    """Secret 3 among 1, 5, 7 has rank 2: 1 bit. Secret 0 among 9, 8, 7 has rank 1: 2 bits. Candidates of another canary
    do not count.
    """
    found = told(Digits(), texts([3, 0], [[1, 5, 7], [9, 8, 7]]), of="text")
    assert found["exposure"].items.tolist() == [1.0, 2.0] and found["secrets_found"].items.tolist() == [0.0, 1.0]
    spread = told(Digits(), texts([0], [[4, 5, 6, 5]]), of="text", estimate="fitted")["exposure"]
    assert spread.value > np.log2(5)  # five spreads below: more than the most that five candidates can show


def test_replies_are_ranked_behind_their_prompt() -> None:
    pool = replies_pool([("who?", "a", "c1")], canary=["one"])
    others = replies_pool([("who?", "b", "x1"), ("who?", "c", "x2"), ("who?", "d", "x3")], canary=["one"] * 3)
    exam = Exam((references_of(pool.table, np.array([0])),), {"alternatives": others})
    student = Reader({"a": -1.0, "b": -0.5, "c": -3.0, "d": -3.0})
    assert told(student, exam, of="reply")["exposure"].value == 1.0


def test_what_it_refuses() -> None:
    with pytest.raises(
        Refused, match=r"1 of 1 items of this exam are no canaries(?s:.*)exams canaries and never_taught"
    ):
        told(Rote(), own_truth(["a"]), of="text")
    exam = texts([1], [[2, 3]])
    with pytest.raises(ContractBroken, match="no part 'alternatives'"):
        told(Digits(), exam._replace(parts={}), of="text")
    others = exam.parts["alternatives"].take(np.zeros(0, dtype=np.int64))
    with pytest.raises(ContractBroken, match="without an alternative"):
        told(Digits(), exam._replace(parts={"alternatives": others}), of="text")
    with pytest.raises(ContractBroken, match="without spread"):
        fitted(1.0, np.ones(9))
    with pytest.raises(ValidationError, match="their rank is exact"):
        Exposure(estimate="fitted")
