"""text.mlp: on the encoder's vectors it is vector.mlp, step by step; a head of zeros; there and back."""

from pathlib import Path

import numpy as np
import pytest

from tutelage.core.data import Rows, Table, labelled
from tutelage.core.parts import build
from tutelage.core.stages import Stage
from tutelage.student.text.embedded import encoded
from tutelage.student.text.mlp import Mlp
from tutelage.student.vector.mlp import Mlp as OfVectors
from tutelage.toys import stream, vector_pool, view

WORDS = ["my card is lost", "the card was stolen", "a new card please", "block my card", "pay the rent",
         "the rent is due", "my landlord wants the rent", "rent for this month"]  # fmt: skip
POOL = Table.of("mail", {"text": WORDS}, ["card", "rent"]).pool()
CODES = np.arange(8) // 4
LESSONS = (labelled(Rows(POOL, np.arange(8)), CODES, "oracle"),)
SETTINGS = {"hidden": (6,), "epochs": 10}


@pytest.mark.parametrize("learn", ["refit", "gradient"])
def test_it_is_vector_mlp_on_the_encoders_vectors(learn: str) -> None:
    """The neutral limit: the same luck, the same weights."""
    ours = Mlp(**SETTINGS).begin(POOL, stream(0, "student"))
    vectors = vector_pool(encoded(ours.maker.encoder, POOL), ("card", "rent"))
    theirs = OfVectors(**SETTINGS).begin(vectors, stream(0, "student"))
    same = (labelled(Rows(vectors, np.arange(8)), CODES, "oracle"),)
    part = build("learn", {"use": learn})
    one = part.learn((Stage(LESSONS),), None, view(pool=POOL, student=ours), stream(0, "learn")).student
    two = part.learn((Stage(same),), None, view(pool=vectors, student=theirs), stream(0, "learn")).student
    assert np.array_equal(one.probs(POOL), two.probs(vectors))
    assert one.probs(POOL).argmax(axis=1).tolist() == CODES.tolist()


def test_before_a_lesson_every_class_is_as_likely() -> None:
    student = Mlp().begin(POOL, stream(0, "student"))
    batch = student.encode(LESSONS).batch(np.arange(8))
    assert (student.module.scores(batch).detach().numpy() == 0).all()
    assert student.probs(POOL) == pytest.approx(np.full((8, 2), 0.5))


def test_what_it_depends_on_names_its_embedding() -> None:
    plain, other = (Mlp(standardise=on).begin(POOL, stream(0, "student")) for on in (True, False))
    assert plain.embeds_as != other.embeds_as and plain.embed(POOL).shape == (8, 64)


def test_there_and_back(tmp_path: Path) -> None:
    student = Mlp(**SETTINGS).begin(POOL, stream(0, "student")).fit(LESSONS, stream(0, "learn"))
    student.save(tmp_path)
    again = Mlp(**SETTINGS).load(tmp_path)
    assert again.fingerprint == student.fingerprint and np.array_equal(again.probs(POOL), student.probs(POOL))
