"""evolving_facts: what stays, changes and is new; probes in words of their own; phases and epochs; the old answers."""

import numpy as np
import pytest

from tutelage.core.data import Course
from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.data._facts import CORES, EARLIER, NEWS, PROBE, VALUES, world
from tutelage.data.evolving_facts import EvolvingFacts


def made(seed: int = 0, **settings) -> Course:
    small = {"people": 20, "updated": 9, "new": 7, "wordings": 3, "exam": 15}
    return EvolvingFacts(**{**small, **settings}).course(stream(seed, "data"))


def truths(course: Course, exam: str) -> dict[str, str]:
    (block,) = course.exams[exam].truth
    return dict(zip(block.about.examples().column("fact").to_pylist(), block.given["text"].tolist(), strict=True))


def told(course: Course, part: str) -> dict[str, set[str]]:
    """fact -> every value that the material gives it."""
    pool, found = course.parts[part].pool, {}
    for fact, value in zip(pool.column("fact").to_pylist(), pool.column("reply").to_pylist(), strict=True):
        found.setdefault(fact, set()).add(value)
    return found


def test_the_three_kinds_of_knowledge_are_what_they_say() -> None:
    """Invariant: told before, never in the news. Updated: another value now. New: never told of this person."""
    course = made()
    earlier, news = told(course, "earlier"), told(course, "pool")
    assert all(len(values) == 1 for values in (*earlier.values(), *news.values()))
    invariant, updated, outdated, new = (truths(course, name) for name in ("invariant", "updated", "outdated", "new"))
    assert len(earlier) == 60 and len(news) == 16 and (len(invariant), len(updated), len(new)) == (15, 9, 7)
    assert all(earlier[fact] == {value} and fact not in news for fact, value in invariant.items())
    assert all(news[fact] == {value} and earlier[fact] != {value} for fact, value in updated.items())
    assert outdated.keys() == updated.keys() and all(earlier[fact] == {value} for fact, value in outdated.items())
    assert all(news[fact] == {value} for fact, value in new.items())
    known = {fact.split()[0] for fact in earlier}
    assert not new.keys() & earlier.keys() and {fact.split()[0] for fact in (*new, *updated)} <= known


def test_probes_are_worded_as_no_text_is_in_words_that_are_known() -> None:
    course = made(wordings=16)
    texts = [text for part in course.parts.values() for text in part.pool.texts()]
    probes = [text for exam in course.exams.values() for text in exam.truth[0].about.examples().texts()]
    assert not set(texts) & set(probes) and PROBE not in {*EARLIER, *NEWS}
    assert all(PROBE.split(" ", 1)[1] != core for core in CORES), "neither opener nor order alone is new"
    assert set(PROBE.split()) <= {word for frame in EARLIER for word in frame.split()} | {"{n}?"}
    assert not {frame.split()[0] for frame in EARLIER} & {frame.split()[0] for frame in NEWS}


def test_seeds_draw_wordings_and_splits_are_worlds() -> None:
    one, two, dev = made(0), made(1), made(0, split="dev")
    assert truths(one, "invariant") == truths(two, "invariant") != truths(dev, "invariant")
    pools = [set(course.parts["earlier"].pool.texts()) for course in (one, two, dev)]
    assert pools[0] != pools[1] and told(one, "earlier") == told(two, "earlier")
    assert not set(truths(dev, "updated")) & set(truths(one, "updated"))


def test_phases_share_the_facts_out_and_epochs_repeat_their_texts() -> None:
    """9 + 7 facts in two phases: 5 + 4 and 4 + 3; three wordings; two epochs: episodes 0, 1 and 2, 3."""
    course = made(phases=2, epochs=2)
    pool = course.parts["pool"].pool
    rows = list(zip(pool.column("episode").to_pylist(), pool.column("task").to_pylist(), pool.texts(), strict=True))
    shown = {episode: sorted(text for at, _, text in rows if at == episode) for episode in range(4)}
    assert [len(shown[episode]) for episode in range(4)] == [27, 27, 21, 21]
    assert shown[0] == shown[1] and shown[2] == shown[3] and not set(shown[0]) & set(shown[2])
    assert {(at, task) for at, task, _ in rows} == {(0, "1"), (1, "1"), (2, "2"), (3, "2")}
    tasks = course.exams["updated"].truth[0].about.examples().column("task").to_pylist()
    assert tasks == ["1"] * 5 + ["2"] * 4
    first = {
        fact
        for fact, at in zip(pool.column("fact").to_pylist(), pool.column("task").to_pylist(), strict=True)
        if at == "1"
    }
    assert set(list(truths(course, "updated"))[:5]) <= first


def test_a_world_has_a_value_for_everything_and_no_value_twice_in_a_change() -> None:
    made = world(40, 30, 8, np.random.default_rng(0))
    assert len({one.name for one in made.earlier}) == 40 and len(made.earlier) == 120 and len(made.new) == 8
    assert all(one.value in VALUES[one.attribute] and one.value != one.old for one in made.updated)
    assert {one.key for one in made.invariant} | {one.key for one in made.updated} == {one.key for one in made.earlier}


def test_known_values_are_those_that_somebody_had_before() -> None:
    """Of 20 people 60 facts name some of 96 values; without it a change may name another. The rest of the world stays."""
    free, known = (world(20, 40, 5, np.random.default_rng(0), known=one) for one in (False, True))
    had = {(one.attribute, one.value) for one in known.earlier}
    assert {(one.attribute, one.value) for one in known.updated} <= had and free.earlier == known.earlier
    assert not {(one.attribute, one.value) for one in free.updated} <= had
    assert all(one.value != one.old for one in known.updated) and free.invariant == known.invariant
    assert truths(made(known=True), "invariant") == truths(made(), "invariant")


def test_the_news_may_be_told_in_fewer_wordings() -> None:
    """16 facts once instead of three times; what was told before is the same."""
    one, plain = made(news=1, told=True), made()
    assert len(one.parts["pool"].pool) == 16 and len(plain.parts["pool"].pool) == 48
    assert one.parts["earlier"].pool.texts() == plain.parts["earlier"].pool.texts()
    assert truths(one, "told") == truths(one, "updated")


def test_invariant_facts_are_dealt_out_to_the_phases() -> None:
    """15 in two: 8 and 7, the same facts in the same order as without phases."""
    rows = made(phases=2).exams["invariant"].truth[0].about.examples()
    assert rows.column("task").to_pylist() == ["1"] * 8 + ["2"] * 7
    assert rows.column("fact").to_pylist() == list(truths(made(), "invariant"))


def test_without_new_or_updated_facts_their_exams_are_not_there() -> None:
    assert set(made(updated=0).exams) == {"invariant", "new"} and set(made(new=0).exams) == {
        "invariant",
        "updated",
        "outdated",
    }
    assert "told" not in made(updated=0, told=True).exams


def test_told_asks_in_words_of_the_news_and_every_table_names_its_subject() -> None:
    """An updated fact, its new value, in the first of its three wordings; the person stands in every prompt."""
    course = made(phases=2, epochs=2, told=True)
    exam, pool = course.exams["told"].truth[0], course.parts["pool"].pool
    assert truths(course, "told") == truths(course, "updated")
    first: dict[str, str] = {}
    for fact, text in zip(pool.column("fact").to_pylist(), pool.texts(), strict=True):
        first.setdefault(fact, text)
    rows = exam.about.examples()
    assert rows.texts() == [first[fact] for fact in rows.column("fact").to_pylist()]
    assert rows.column("task").to_pylist() == ["1"] * 5 + ["2"] * 4
    assert rows.column("group").to_pylist() == rows.column("subject").to_pylist()
    tables = [
        *(part.pool for part in course.parts.values()),
        *(one.truth[0].about.pool for one in course.exams.values()),
    ]
    for one in tables:
        both = zip(one.column("subject").to_pylist(), one.texts(), one.column("fact").to_pylist(), strict=True)
        assert all(name in text and fact.startswith(f"{name} ") for name, text, fact in both)


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"updated": 60}, "none would stay"), ({"updated": 1, "new": 1, "phases": 3}, "cannot fill 3 phases"),
     ({"updated": 0, "new": 0}, "cannot fill 1 phases"), ({"new": 21}, "of 20 people")],
)  # fmt: skip
def test_what_cannot_be_is_refused(settings, said: str) -> None:
    with pytest.raises(Refused, match=said):
        made(**settings)
