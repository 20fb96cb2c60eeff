"""encyclopaedia: sizes counted again, fixed sides that share no text, lengths, topics, and another data set's exam."""

import json

import numpy as np
import pytest

from tutelage.assess.reply_loss import ReplyLoss
from tutelage.assets.fetch import asset
from tutelage.core.data import Course, Itself
from tutelage.core.errors import Missing, Refused
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.data.encyclopaedia import Encyclopaedia
from tutelage.toys import Reader, till


def course(seed: int = 0, **how: object) -> Course:
    try:
        return Encyclopaedia(**how).course(stream(seed, "data"))
    except Missing as error:
        pytest.skip(str(error))


def ids(made: Course) -> list[str]:
    return made.parts["pool"].pool.ids()


def exam(made: Course) -> list[str]:
    return made.exams["exam"].truth[0].about.examples().ids()


def test_the_real_sizes() -> None:
    """10,033 English extracts: 10 % and 5 % held out, the rest shared by warm_up and train, four to one."""
    every, first, rest = (ids(course(material=one)) for one in ("all", "warm_up", "train"))
    tested, developed = exam(course()), exam(course(split="dev"))
    told = json.loads((asset("encyclopaedia") / "english.json").read_text(encoding="utf-8"))
    assert len(told) == 10_033 and (len(tested), len(developed)) == (1003, 502)
    assert sorted([*every, *tested, *developed]) == sorted(told)
    assert sorted([*first, *rest]) == sorted(every) and len(first) / len(every) == pytest.approx(0.8, abs=0.001)


def test_a_row_is_the_extract_as_it_stands() -> None:
    pool = course(language="french").parts["pool"].pool
    told = json.loads((asset("encyclopaedia") / "french.json").read_text(encoding="utf-8"))
    row = pool[0]
    assert row.x == told[row.id]["extract"]
    assert row.meta == {key: told[row.id][key] for key in ("title", "topic", "description")}


def test_lengths_and_topics_hold_on_both_sides() -> None:
    made = course(topics=("Mathematics", "History"), shortest=300, longest=600)
    for pool in (made.parts["pool"].pool, made.exams["exam"].truth[0].about.examples()):
        assert all(300 <= len(text) <= 600 for text in pool.texts())
        assert set(pool.column("topic").to_pylist()) == {"Mathematics", "History"}


def test_a_sample_and_fewer_items() -> None:
    made, other = course(pool=50, items=7), course(1, pool=50, items=7)
    assert len(ids(made)) == 50 and set(ids(made)) <= set(ids(course())) and ids(made) != ids(other)
    assert exam(made) == exam(other) == exam(course())[:7]


def test_another_exam_is_that_data_sets_own() -> None:
    faq = build("data", "construction_faq")
    made, theirs = course(exam=faq), None
    theirs = faq.course(stream(0, "data")).exams["exam"].truth[0]
    assert made.exams["exam"].truth[0].digest() == theirs.digest()
    assert Encyclopaedia(exam=faq).assets == ("encyclopaedia", "construction-faq")


def test_its_own_exam_is_read_as_texts_behind_nothing() -> None:
    """A reader that takes 2 nats a letter, and half of it for a letter that stands in the prompt: none stands there."""
    made = course(items=3)
    assert made.exams["exam"].truth[0].kind is Itself
    score = ReplyLoss().assess(Reader(other=-2.0, copies=0.5), made.exams["exam"], till(), stream(0, "assess"))[0]
    assert score.value == 2.0 and len(score.items) == 3 and np.ptp(score.items) == 0


def test_what_there_is_not_is_refused_with_the_nearest() -> None:
    with pytest.raises(Refused, match="did you mean 'Mathematics'"):
        course(topics=("Mathematic",))
    with pytest.raises(Refused, match="no extract has these topics and this length"):
        course(shortest=100_000)


def test_another_exam_beside_its_own() -> None:
    """The pool and its own exam stay; `also` is the other data's exam, whatever `exam` says."""
    other = build("data", {"use": "verifiable_instructions", "exam": 5})
    plain, both = course(items=7), course(items=7, also=other)
    assert ids(plain) == ids(both) and exam(plain) == exam(both) and set(both.exams) == {"exam", "also"}
    texts = other.course(stream(0, "data")).exams["exam"].truth[0].about.examples().texts()
    assert both.exams["also"].truth[0].about.examples().texts() == texts
    three = course(also=other, exam=build("data", {"use": "abilities", "math": 1, "exam": 2}))
    assert set(three.exams) == {"exam", "also"} and three.exams["exam"].truth[0].size == 6
