"""The sets that come from packages: sizes, what was dropped, and that an unused split is never opened."""

from pathlib import Path

import numpy as np
import pytest

from tutelage.core.errors import Missing, Refused
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.kit.published import Rows, clean, published, read_tsv

SIZES = {  # training texts in the file, classes, texts of the dev exam
    "banking77": (9003, 77, 1000),
    "clinc150": (18000, 150, 2250),
    "hwu64": (7712, 64, 933),
}


def course(name: str, seed: int = 0, **settings: object):
    try:
        return build("data", {"use": name, **settings}).course(stream(seed, "data"))
    except Missing as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize("name", SIZES)
def test_sizes_of_the_development_exam_and_its_pool(name: str) -> None:
    training, classes, exam = SIZES[name]
    made = course(name, split="dev")
    pool = made.parts["pool"].pool
    assert len(made.exams["exam"].truth[0].about.rows) == exam
    assert pool.table.columns.num_rows == training and len(pool.labels) == classes
    assert training - 30 < len(pool) < training


def test_banking77_drops_what_also_stands_in_the_exam_and_what_repeats() -> None:
    """9,003 less 7 that stand in the test file (6 letter by letter) and 3 repeats: 8,993."""
    made = course("banking77")
    assert len(made.parts["pool"].pool) == 8993
    assert len(made.exams["exam"].truth[0].about.rows) == 3080
    assert any("7 that also stand in the exam and 3 that repeat" in note for note in made.notes)


def test_the_digits_exam_is_the_same_at_every_seed_and_holds_every_class() -> None:
    one, two = course("digits", 0, pca=20), course("digits", 1, pca=20)
    truth = one.exams["exam"].truth[0]
    assert truth.digest() == two.exams["exam"].truth[0].digest()
    assert np.bincount(truth.given["label"]).min() > 20
    assert one.parts["pool"].pool.vectors().shape[1] == 20


def test_a_class_balanced_start_has_so_many_of_each_class() -> None:
    made = course("digits", pool=300, start_per_class=2)
    part = made.parts["pool"]
    codes = part.answers.codes[part.pool.numbers[made.start]]
    assert np.bincount(codes, minlength=10).tolist() == [2] * 10 and len(part.pool) == 300


def test_movie_reviews_have_no_text_on_both_sides() -> None:
    made = course("movie_reviews", source="rotten_tomatoes")
    exam = set(made.exams["exam"].truth[0].about.examples().texts())
    assert not exam & set(made.parts["pool"].pool.texts()) and len(exam) > 1000


def test_quoted_fields_may_span_lines(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text('text\tlabel\n"two\nlines"\tx\nplain\ty\n')
    assert read_tsv(tmp_path / "a.tsv") == Rows(["two\nlines", "plain"], ["x", "y"])
    (tmp_path / "b.tsv").write_text("text\tlabel\nonly one field\n")
    with pytest.raises(Refused, match="row 1"):
        read_tsv(tmp_path / "b.tsv")


def test_the_test_file_is_never_opened_for_a_development_exam(tmp_path: Path) -> None:
    for name in ("train", "dev"):
        (tmp_path / f"{name}.tsv").write_text(
            "text\tlabel\n" + "".join(f"{name} {i}\t{'xy'[i % 2]}\n" for i in range(6))
        )
    made = published("few", tmp_path, "dev", stream(0, "data"), 0, None)
    assert len(made.parts["pool"].pool) == 6


def test_repeats_are_compared_as_people_would() -> None:
    assert clean(Rows(["a  b", "A b", "c"], ["x", "y", "x"]), Rows(["C "], ["x"])).rows.tolist() == [0]
