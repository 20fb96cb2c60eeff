"""Synthetic word problems: references that are right, templates that are kept apart, more than one way to the answer."""

import itertools
import re

import numpy as np
import pytest

from tutelage.core.rng import stream
from tutelage.data._stories import LARGEST, Story, steps, story, templates
from tutelage.data.arithmetic_programs import DEALT, ArithmeticPrograms, dealt
from tutelage.sandbox.arithmetic import result, trace


def read(text: str) -> int:
    """The answer to a story from its words alone, event by event, by an obvious reader."""
    first, *events, _ = re.findall(r"[^.?]+[.?]", text)
    x = int(re.findall(r"\d+", first)[0])
    for event in events:
        numbers = [int(one) for one in re.findall(r"\d+", event)]
        goes = any(word in event for word in ("Loses", "taken", "Gives", "Sells", "go."))
        if len(numbers) == 3:
            x += numbers[0] * (numbers[1] + numbers[2])
        elif len(numbers) == 2:
            x += (-1 if goes else 1) * numbers[0] * numbers[1]
        elif "times" in event:
            x *= numbers[0]
        elif any(word in event for word in ("share", "piles", "parts")):
            assert x % numbers[0] == 0
            x //= numbers[0]
        else:
            x += (-1 if goes else 1) * numbers[0]
        assert 0 < x <= LARGEST
    return x


@pytest.mark.parametrize("name", DEALT)
def test_every_reference_is_right_by_reading_the_words(name: str) -> None:
    rng = stream(0, "stories")
    for template in dealt(name):
        made = story(template, rng)
        assert result(made.program) == str(read(made.text)), made
        assert 2 <= len(made.program.split("\n")) <= 5 and trace(made.program).fault == ""


def test_templates_are_dealt_out_once_each_with_every_number_of_steps_everywhere() -> None:
    every = [template for name in DEALT for template in dealt(name)]
    assert sorted(every) == sorted(templates()) and len(set(every)) == len(every) == 884
    for name, share in DEALT.items():
        counts = np.bincount([steps(template) for template in dealt(name)], minlength=6)
        whole = np.bincount([steps(template) for template in templates()], minlength=6)
        assert (counts[2:] >= 1).all() and len(dealt(name)) == pytest.approx(share * 884, abs=2)
        assert np.abs(counts - share * whole).max() <= 1
    assert not any("share" in template[:-1] for template in every)


def test_the_reference_of_one_template_comes_in_several_derivations() -> None:
    """Sums and differences in any order, sets factored or not: by the operations of the normal form alone."""

    def forms(*template: str) -> set[str]:
        rng = stream(0, "forms")
        return {
            re.sub(r"\d+", "n", "; ".join(made.program.split("\n")))
            for made in (story(template, rng) for _ in range(60))
        }

    assert len(forms("gain", "loss")) == 2 and len(forms("gain", "times")) == 1
    assert len(forms("mixed", "loss")) == 4 and len(forms("boxes", "gain", "loss")) >= 6


def test_a_course_is_as_large_as_asked_spread_over_the_steps_and_has_no_text_twice() -> None:
    made = ArithmeticPrograms(pool=200, exam=80).course(stream(3, "data"))
    pool, answers = made.parts["pool"]
    assert len(pool) == 200 and len(set(pool.texts())) == 200
    lengths = np.bincount([len(trace(one).program.lines) for one in answers.programs], minlength=6)
    assert lengths[:2].sum() == 0 and (lengths[2:] > 25).all()
    (block,) = made.exams["exam"].truth
    assert block.size == 80 and len(set(block.about.examples().texts())) == 80


def test_the_pool_hangs_on_the_seed_the_exam_on_nothing() -> None:
    small = ArithmeticPrograms(pool=20, exam=20)
    one, other = (small.course(stream(seed, "data")) for seed in (0, 1))
    assert one.parts["pool"].pool.texts() != other.parts["pool"].pool.texts()
    papers = [made.exams["exam"].truth[0].about.examples().texts() for made in (one, other)]
    assert papers[0] == papers[1]
    dev = ArithmeticPrograms(pool=20, exam=20, split="dev").course(stream(0, "data"))
    assert dev.exams["exam"].truth[0].about.examples().texts() != papers[0]


@pytest.mark.parametrize("split", ["dev", "test"])
def test_a_right_answer_is_seldom_right_by_chance(split: str) -> None:
    """Two different problems of an exam have the same answer less than once in fifty: the range is no tiny one."""
    (block,) = ArithmeticPrograms(pool=1, exam=300, split=split).course(stream(0, "data")).exams["exam"].truth
    answers = np.array([int(result(program)) for program in block.given["text"]])
    same = (answers[:, None] == answers).sum() - len(answers)
    assert 0 < same / (len(answers) * (len(answers) - 1)) < 0.02


def test_warm_up_training_and_exams_share_no_template() -> None:
    for one, other in itertools.combinations(DEALT, 2):
        assert not set(dealt(one)) & set(dealt(other))
    warm = ArithmeticPrograms(material="warm_up", pool=30, exam=10).course(stream(0, "data"))
    assert warm.parts["pool"].pool.ids()[0] == "warm_up-1" and any("synthetic" in note for note in warm.notes)
    assert isinstance(story(dealt("test")[0], stream(0, "x")), Story)
