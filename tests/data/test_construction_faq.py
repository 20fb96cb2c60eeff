"""construction_faq: what the file holds, counted again here, and sides that share no question."""

import pytest

from tutelage.core.errors import Missing
from tutelage.core.rng import stream
from tutelage.data.construction_faq import ConstructionFaq


def sides(**how: object) -> tuple[list[dict[str, object]], list[str]]:
    """The rows of the pool, and the questions of the exam."""
    try:
        made = ConstructionFaq(**how).course(stream(0, "data"))
    except Missing as error:
        pytest.skip(str(error))
    return made.parts["pool"].pool.table.columns.take(made.parts["pool"].pool.numbers).to_pylist(), made.exams[
        "exam"
    ].truth[0].about.examples().texts()


def test_the_real_questions() -> None:
    """503 rows of two sides; all adverts together are 62, as a search for the company's name in the file says."""
    pool, exam = sides()
    assert len(pool) + len(exam) == 503 and len(exam) == pytest.approx(503 / 4, abs=1)
    assert not {row["text"] for row in pool} & set(exam)
    assert all((row["advert"] == 1) == ("Zaragoza" in f"{row['text']} {row['reply']}") for row in pool)
    assert all(str(row["id"]).rsplit("-", 1)[0] for row in pool) and len({row["category"] for row in pool}) > 30


def test_dev_never_shows_a_question_of_the_test_split() -> None:
    tested = set(sides()[1])
    pool, exam = sides(split="dev")
    assert not tested & ({row["text"] for row in pool} | set(exam))
    assert len(pool) + len(exam) == 503 - len(sides()[1])


def test_the_languages_hold_the_same_questions_under_the_same_ids() -> None:
    english, swedish = (ConstructionFaq(language=one) for one in ("english", "swedish"))
    try:
        tables = [one.course(stream(0, "data")).parts["pool"].pool.table for one in (english, swedish)]
    except Missing as error:
        pytest.skip(str(error))
    assert tables[0].columns.column("id").to_pylist() == tables[1].columns.column("id").to_pylist()


def test_a_sample_leaves_the_exam_as_it_is() -> None:
    pool, exam = sides(pool=20)
    assert len({row["text"] for row in pool}) == 20 and exam == sides()[1]
