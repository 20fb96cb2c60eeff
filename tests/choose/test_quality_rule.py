"""quality_rule: the published rule by hand, linearity, its order whatever the pool's, and columns that are missing."""

from pathlib import Path

import numpy as np
import pytest

from tutelage.choose.quality_rule import PRESETS, QualityRule
from tutelage.choose.uniform import Uniform
from tutelage.core.data import Rows
from tutelage.core.errors import Refused
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.core.stages import CanEmbed
from tutelage.core.writing import CanRate
from tutelage.kit.cost import Size
from tutelage.student.text.encoder.onnx import Onnx
from tutelage.teach.recorded import Recorded
from tutelage.toys import ANSWERS, Reader, replies_pool, view

ROWS = [("p", "t" * 100, "a"), ("q", "t" * 10, "b"), ("o", "uv", "c"), ("n", "w", "d")]
POOL = replies_pool(ROWS, reward=[1.0, 0.5, -2.0, 0.0], near=[0.5, 0.1, 0.9, 0.2])


@pytest.fixture(autouse=True)
def _cache(own_cache: Path) -> None:
    pass


def test_the_first_published_rule_by_hand() -> None:
    """Reward 1, 100 tokens, distance 0.5: 1.0694 - 0.1498 + 0.008257 - 0.4675 = 0.460357."""
    intercept, published = PRESETS["v1"]
    own = {("near" if name == "knn_6" else name): value for name, value in published.items()}
    made = QualityRule(coefficients=own, intercept=intercept).choose(view(POOL, Reader()), 4, stream(0, "choose"))
    assert made.scores[0] == pytest.approx(0.460357, abs=1e-12)
    assert made.rows.tolist() == np.argsort(made.scores).tolist()


def test_the_mean_of_rows_is_the_rule_of_the_means() -> None:
    rule = QualityRule(coefficients={"len": 0.3, "reward": -2.0}, intercept=5.0)
    scores = rule.choose(view(POOL, Reader()), 1, stream(0, "choose")).scores
    lengths, rewards = np.array([100, 10, 2, 1]), np.array([1.0, 0.5, -2.0, 0.0])
    assert scores.mean() == pytest.approx(5 + 0.3 * lengths.mean() - 2 * rewards.mean())


def test_the_mean_of_its_scores_is_the_rule_of_what_a_teacher_tells() -> None:
    """What a rule is fitted on and what it ranks by are the same numbers, the distance to a neighbour included."""
    rule = {"len": 0.01, "log_ppl": -0.4, "mtld": 0.05, "knn_2": 0.3, "ifd": 1.0}
    seen = view(POOL, Reader({"t": -1.0}, other=-3.0, copies=0.5))
    scores = QualityRule(coefficients=rule, intercept=2.0).choose(seen, 1, stream(0, "choose")).scores
    told = Recorded(indicators=tuple(rule)).teach(Rows(POOL, np.arange(4)), seen, ANSWERS, stream(0, "teach")).facts
    assert scores.mean() == pytest.approx(2 + sum(number * told[name] for name, number in rule.items()))


def test_the_same_rows_whatever_the_order_of_the_pool() -> None:
    """Rows tie in threes; which of those that tie is taken hangs on luck and the table, not on the pool's order."""
    pool = replies_pool([(f"p{n}", "t" * (n // 3 + 1), f"r{n}") for n in range(12)])
    rule = QualityRule(coefficients={"len": 1.0})
    for n in (2, 4, 7):
        whole = pool.take(rule.choose(view(pool, Reader()), n, stream(0, "choose")).rows).ids()
        shuffled = pool.take([7, 0, 11, 3, 5, 1, 10, 2, 9, 4, 8, 6])
        again = shuffled.take(rule.choose(view(shuffled, Reader()), n, stream(0, "choose")).rows).ids()
        assert again == whole and {int(id[1:]) // 3 for id in whole} == set(range(-(-n // 3)))


def test_neutral_limit_and_the_intercept_changes_no_order() -> None:
    seen = view(POOL, Reader())
    rows = [QualityRule(coefficients={"len": 1.0}, intercept=b).choose(seen, 3, stream(0, "choose")).rows.tolist()
            for b in (0.0, 7.0)]  # fmt: skip
    assert rows[0] == rows[1] == [3, 2, 1]
    flat = QualityRule(coefficients={"len": 0.0}, keep=1).choose(seen, 3, stream(0, "choose"))
    assert flat.rows.tolist() == Uniform(keep=1).choose(seen, 3, stream(0, "choose")).rows.tolist()


def test_asks_of_the_student_what_its_indicators_need() -> None:
    assert QualityRule().needs == {CanRate, CanEmbed}
    assert QualityRule(preset="v2").needs == QualityRule(coefficients={"mtld": 1.0}).needs == frozenset()
    assert QualityRule(coefficients={"knn_2": 1.0}).needs == {CanEmbed}
    assert QualityRule(encoder=Onnx()).needs == {CanRate}


def test_what_it_takes_goes_by_the_width_of_its_encoder() -> None:
    size = Size(pool=1000, width=2, classes=0, asked=10, held=0)
    own, wide = QualityRule(encoder=Onnx()).costs(size), QualityRule().costs(size._replace(width=384))
    assert own == wide and own.flop > QualityRule().costs(size).flop


def test_a_missing_number_comes_last() -> None:
    pool = replies_pool(ROWS, reward=[1.0, None, -2.0, 0.0])
    made = QualityRule(coefficients={"reward": 1.0}).choose(view(pool, Reader()), 4, stream(0, "choose"))
    assert made.rows.tolist() == [2, 3, 0, 1] and np.isnan(made.scores[1])


def test_unknown_columns_and_coefficients_are_refused() -> None:
    with pytest.raises(Refused, match="neither an indicator nor a column.*"):
        QualityRule(coefficients={"rewrad": 1.0}).choose(view(POOL, Reader()), 1, stream(0, "choose"))
    with pytest.raises(Refused, match="not numbers"):
        QualityRule(coefficients={"reply": 1.0}).choose(view(POOL, Reader()), 1, stream(0, "choose"))
    with pytest.raises(Refused, match="finite"):
        build("choose", {"use": "quality_rule", "coefficients": {"len": float("nan")}})
