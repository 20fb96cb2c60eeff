"""text.linear against scikit-learn's vectorisers under the same head, and its neutral limit."""

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from tutelage.core.data import Rows, Table, labelled
from tutelage.core.rng import stream
from tutelage.student.text.linear import Linear

SUBJECTS = {
    "card": "card stolen lost bank pin",
    "rent": "rent flat landlord month due",
    "rate": "exchange rate euro dollar pound",
}
RNG = np.random.default_rng(0)
CODES = np.arange(60) % 3
TEXTS = [" ".join(RNG.choice([*list(SUBJECTS.values())[c].split(), "the", "my", "is"], 7)) for c in CODES]
POOL = Table.of("mail", {"text": TEXTS}, tuple(SUBJECTS)).pool()


def fitted(rows: np.ndarray, **settings: object):
    student = Linear(**settings).begin(POOL, stream(0, "student"))
    return student.fit((labelled(Rows(POOL, rows), CODES[rows], "oracle"),), stream(0, "learn"))


def test_words_agree_with_scikit_learn() -> None:
    """Same weights, same head, same strength: the same answers, and nearly the same probabilities."""
    theirs = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    x = theirs.fit_transform(TEXTS)
    head = LogisticRegression(C=10.0, tol=1e-8, max_iter=5000).fit(x[:30], CODES[:30])
    ours = fitted(np.arange(30), ngrams="words").probs(POOL)
    assert (ours.argmax(1) == head.predict(x)).mean() > 0.95
    assert np.abs(ours - head.predict_proba(x)).mean() < 0.03


def test_either_kind_of_features_tells_the_subjects_apart() -> None:
    for settings in ({}, {"features": "hashed"}, {"ngrams": "characters"}, {"ngrams": "words"}):
        assert (fitted(np.arange(30), **settings).probs(POOL).argmax(1) == CODES).mean() > 0.9


def test_neutral_limit_no_strength_gives_the_class_frequencies() -> None:
    probs = fitted(np.array([0, 3, 6, 1]), strength=1e-7).probs(POOL)
    np.testing.assert_allclose(probs, np.tile([0.75, 0.25, 0], (60, 1)), atol=1e-3)


def test_an_unseen_word_and_an_empty_text_have_answers() -> None:
    others = Table.of("other", {"text": ["", "zzz qqq", "card stolen"]}, tuple(SUBJECTS)).pool()
    probs = fitted(np.arange(30)).probs(others)
    np.testing.assert_allclose(probs.sum(1), 1, atol=1e-5)
    assert probs[2].argmax() == 0
