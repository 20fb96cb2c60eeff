"""text.embedded: a head on an encoder's vectors equals vector.logistic on them; features as announced."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from tutelage.core.data import Rows, Table, labelled
from tutelage.core.errors import Missing, Refused
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.student.text.embedded import Embedded
from tutelage.student.vector.logistic import Logistic
from tutelage.toys import vector_pool

TEXTS = [
    "my card was stolen",
    "I lost my card",
    "a thief has my card",
    "when is the rent due",
    "pay the rent",
    "the rent is late",
]
CODES = np.array([0, 0, 0, 1, 1, 1])
POOL = Table.of("mail", {"text": TEXTS}, ("card", "rent")).pool()


@pytest.fixture
def encoder() -> Any:
    made = build("student.text.encoder", "onnx")
    try:
        made.encode(["warm"])
    except Missing as missing:
        pytest.skip(str(missing))
    return made


def taught(rows: Sequence[int], pool: Any = POOL, **settings: Any):
    student = Embedded(**settings).begin(pool, stream(0, "student"))
    rows = np.array(rows)
    return student.fit((labelled(Rows(pool, rows), CODES[rows], "oracle"),), stream(0, "learn"))


def test_one_text_a_class_is_enough_for_the_rest(encoder: Any) -> None:
    assert (taught([0, 3]).probs(POOL).argmax(1) == CODES).all()


def test_neutral_limit_plain_features_are_vector_logistic_on_the_encoders_vectors(encoder: Any) -> None:
    vectors = vector_pool(
        build("student.text.encoder", {"use": "onnx", "normalize": False}).encode(TEXTS), ("card", "rent")
    )
    lessons = (labelled(Rows(vectors, np.array([0, 3])), CODES[[0, 3]], "oracle"),)
    other = (
        Logistic(standardise=False, strength=10.0).begin(vectors, stream(0, "student")).fit(lessons, stream(0, "learn"))
    )
    ours = taught(
        [0, 3],
        features="plain",
        normalize=False,
        encoder=build("student.text.encoder", {"use": "onnx", "normalize": False}),
    )
    np.testing.assert_allclose(ours.probs(POOL), other.probs(vectors), atol=1e-4)


def test_centred_features_have_mean_zero_before_they_are_normalised(encoder: Any) -> None:
    student = Embedded(features="centred", normalize=False).begin(POOL, stream(0, "student"))
    np.testing.assert_allclose(student.embed(POOL).mean(axis=0), 0, atol=1e-5)


def test_whitened_components_have_equal_variance(encoder: Any) -> None:
    student = Embedded(features="whitened", components=3, normalize=False).begin(POOL, stream(0, "student"))
    z = student.embed(POOL)
    assert z.shape == (6, 3)
    covariance = z.T @ z / len(z)
    np.testing.assert_allclose(covariance, np.eye(3) * covariance[0, 0], atol=1e-3 * covariance[0, 0])


def test_a_new_head_leaves_the_embedding_and_its_name_as_they_are(encoder: Any) -> None:
    before = Embedded(features="centred").begin(POOL, stream(0, "student"))
    after = before.fit((labelled(Rows(POOL, np.array([0, 3])), CODES[[0, 3]], "oracle"),), stream(0, "learn"))
    assert before.embeds_as == after.embeds_as and before.fingerprint != after.fingerprint
    assert Embedded().begin(POOL, stream(0, "student")).embeds_as != before.embeds_as


def test_the_nearest_mean_head_is_the_cosine_to_the_class_mean(encoder: Any) -> None:
    """With one text a class and length 1: p = softmax(strength * cosine)."""
    student = taught([0, 3], head="nearest_mean", strength=5.0)
    z = student.embed(POOL)
    cosine = z @ z[[0, 3]].T
    wanted = np.exp(5 * cosine) / np.exp(5 * cosine).sum(1, keepdims=True)
    np.testing.assert_allclose(student.probs(POOL), wanted, atol=1e-5)


def test_the_discriminant_head_is_scikit_learns(encoder: Any) -> None:
    """Linear discriminant analysis of the vectors, three lessons a class."""
    student = taught(range(6), head="discriminant", shrinkage=0.3)
    z = student.embed(POOL)
    theirs = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.3, priors=[0.5, 0.5]).fit(z, CODES)
    np.testing.assert_allclose(student.probs(POOL), theirs.predict_proba(z), atol=1e-4)


def test_components_of_plain_features_are_refused() -> None:
    with pytest.raises(Refused, match="components"):
        Embedded(components=3).begin(POOL, stream(0, "student"))
