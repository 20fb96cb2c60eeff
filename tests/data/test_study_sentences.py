"""study_sentences: what stands in which episode, foils, who never read it before, the same sentences for all or drawn."""

from collections import Counter

import numpy as np
import pytest

from tutelage.assets.fetch import asset
from tutelage.core.data import Course
from tutelage.core.errors import Missing, Refused
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.data._sentences import sentences
from tutelage.data.encyclopaedia import extracts, sides
from tutelage.data.study_sentences import StudySentences
from tutelage.kit.episodes import episodes


def course(seed: int = 0, **how: object) -> Course:
    try:
        return StudySentences(**how).course(stream(seed, "data"))
    except Missing as error:
        pytest.skip(str(error))


def studied(made: Course) -> list[str]:
    return made.exams["exam"].truth[0].about.examples().texts()


def foils(made: Course, kind: str) -> list[str]:
    return made.exams["exam"].parts[kind].texts()


def test_episodes_are_exposures_and_then_updates_up_to_each_probe() -> None:
    """Of 3 exposures of 10 and probes at 1, 2 and 5 updates of 4: 10, 10, 10, then 4, 4 and 12 rows."""
    made = course(study=10, exposures=3, probes=(1, 2, 5), batch=4)
    pool = made.parts["pool"].pool
    pieces = [pool.take(np.flatnonzero(np.isin(pool.numbers, rows))).texts() for rows in episodes(pool)]
    assert [len(piece) for piece in pieces] == [10, 10, 10, 4, 4, 12]
    assert pieces[0] == pieces[1] == pieces[2] == studied(made)
    later = [text for piece in pieces[3:] for text in piece]
    assert len(set(later)) == 20 and not set(later) & {*studied(made), *foils(made, "new")}


def test_all_of_it_is_unread_and_none_of_it_is_near_another() -> None:
    """Nothing stands in the extracts of warm_up; against the slow definition of a fifth of the runs of five words."""
    made = course(study=100, probes=(100,), batch=8)
    where = asset("encyclopaedia")
    texts, parts = extracts(where), sides(where)
    read = " ".join(texts[row] for row in parts["warm_up"]).casefold()
    plain = " ".join("".join(letter if letter.isalnum() or letter == "_" else " " for letter in read).split())
    every = [*studied(made), *foils(made, "new"), *made.parts["pool"].pool.texts()]
    assert len(set(every)) == 1000
    for text in set(every[::9]):
        assert text.casefold() not in read
        said = "".join(letter if letter.isalnum() or letter == "_" else " " for letter in text.casefold()).split()
        runs = [" ".join(said[at : at + 5]) for at in range(len(said) - 4)]
        assert sum(f" {run} " in f" {plain} " for run in runs) <= 0.2 * len(runs)
    held = {text for row in (*parts["test"],) for text in sentences(texts[row])}
    assert {*studied(made), *foils(made, "new")} <= {" ".join(text.split()) for text in held}


def test_foils_are_what_they_say() -> None:
    made = course(study=50, foils=("new", "random_words", "gibberish"))
    assert made.exams["exam"].parts["gibberish"].ids() == made.exams["exam"].truth[0].about.examples().ids()
    for text, other, scrambled in zip(
        studied(made), foils(made, "random_words"), foils(made, "gibberish"), strict=True
    ):
        assert len(other.split()) == len(text.split()) == len(scrambled.split())
        assert Counter("".join(text.split())) == Counter("".join(scrambled.split())) and text != scrambled
        assert all(len(word) > 2 for word in other.split())
    assert not set(studied(made)) & set(foils(made, "new"))


def test_other_material_has_the_lengths_of_the_sentences() -> None:
    natural, words, scrambled = (course(study=20, material=one) for one in ("natural", "random_words", "gibberish"))
    sizes = [[len(text.split()) for text in studied(made)] for made in (natural, words, scrambled)]
    assert sizes[0] == sizes[1] == sizes[2]
    both = course(study=20, material="gibberish", foils=("natural", "new"))
    assert foils(both, "natural") == studied(natural), "experiment 6: the foil of gibberish is its own original"
    for one, other in zip(studied(both), studied(natural), strict=True):
        assert Counter("".join(one.split())) == Counter("".join(other.split()))
    assert foils(course(study=20, material="random_words", foils=("natural",)), "natural") == foils(natural, "new")


def test_a_synonym_foil_differs_in_one_word() -> None:
    made = course(
        study=15, foils=("synonym",), synonyms={"city": ("town",), "large": ("big", "vast"), "also": ("too",)}
    )
    for text, other in zip(studied(made), foils(made, "synonym"), strict=True):
        assert sum(a != b for a, b in zip(text.split(), other.split(), strict=True)) == 1


def test_drawn_or_the_same_for_all_seeds() -> None:
    """Arms of one seed study the same sentences, whatever they read later and however often they study."""
    assert (
        studied(course(0)) == studied(course(1))
        and course(0).parts["pool"].pool.texts() == course(1).parts["pool"].pool.texts()
    )
    assert studied(course(0, drawn=True)) != studied(course(1, drawn=True))
    first, other = course(3, drawn=True), course(3, drawn=True, exposures=5, probes=(10,), foils=("gibberish", "new"))
    assert studied(first) == studied(other) and foils(first, "new") == foils(other, "new")
    later = [course(seed, probes=(2,)).parts["pool"].pool.texts()[300:] for seed in (0, 1)]
    assert later[0] != later[1], "what is read afterwards is drawn for each seed"


def test_what_it_refuses() -> None:
    for how, said in (({"probes": (5, 5)}, "rise"), ({"foils": ("natural",)}, "say new"),
                      ({"foils": ("synonym",)}, "a list of words"), ({"foils": ("new", "new")}, "named once")):  # fmt: skip
        with pytest.raises(Refused, match=said):
            build("data", {"use": "study_sentences", **how})
    with pytest.raises(Refused, match="8000 sentences to read afterwards are asked for, there are"):
        course(probes=(500,), batch=16)
    with pytest.raises(Refused, match="sentences to study"):
        course(study=5000)


def test_sentences_by_hand() -> None:
    assert sentences("It fell in 1989. Then (c. 1990) it rose! Did it? Yes.") == [
        "It fell in 1989.", "Then (c. 1990) it rose!", "Did it?", "Yes."]  # fmt: skip
    assert sentences("J. R. R. Tolkien met Mrs. Smith at Mt. Hood.") == ["J. R. R. Tolkien met Mrs. Smith at Mt. Hood."]
