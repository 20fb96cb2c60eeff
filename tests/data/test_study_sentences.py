"""study_sentences: what stands in which episode, foils, who never read it before, the same sentences for all or drawn."""

import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tutelage.assess.recognition import Recognition
from tutelage.assets.fetch import asset
from tutelage.core.data import Course
from tutelage.core.errors import Missing, Refused
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.core.writing import ReadAlone
from tutelage.data._sentences import sentences, source
from tutelage.data._thesaurus import synonyms
from tutelage.data.encyclopaedia import extracts, sides
from tutelage.data.study_sentences import StudySentences
from tutelage.kit.episodes import episodes
from tutelage.kit.foils import WORD
from tutelage.toys import Rote, till


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


def test_without_a_list_the_synonym_is_wordnets_of_a_word_that_may_have_been_read() -> None:
    """Of 250 sentences each: one word is another one, in the same writing, between the same signs, no name."""
    made = course(study=250, foils=("synonym",), drawn=True)
    known, where = synonyms(asset("wordnet") / "english.sql"), asset("encyclopaedia")
    texts, parts = extracts(where), sides(where)
    read = {word for row in parts["warm_up"] for word in re.findall(r"\w+", texts[row].lower())}
    replaced = set()
    for text, other in zip(studied(made), foils(made, "synonym"), strict=True):
        ((place, old, new),) = [
            (at, a, b) for at, (a, b) in enumerate(zip(WORD.findall(text), WORD.findall(other), strict=True)) if a != b
        ]
        assert WORD.split(text) == WORD.split(other)
        assert new.lower() in known[old.lower()] and new.lower() in read and old[0].isupper() == new[0].isupper()
        assert place == 0 or old.islower(), "a capital later in a sentence is a name's"
        replaced.add(old.lower())
    assert len(replaced) > 100, "not the same few words throughout"


def test_wordnet_is_asked_for_only_where_it_is_needed(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs = StudySentences(foils=("synonym",))
    assert needs.assets == ("encyclopaedia", "wordnet") and StudySentences().assets == ("encyclopaedia",)
    given = StudySentences(study=2, foils=("synonym",), synonyms={"city": ("town",), "large": ("big",)})
    assert given.assets == ("encyclopaedia",)
    monkeypatch.delenv("TUTELAGE_CACHE")
    try:
        texts = asset("encyclopaedia")
    except Missing as error:
        pytest.skip(str(error))
    monkeypatch.setenv("TUTELAGE_CACHE", str(own_cache))
    (own_cache / "assets").mkdir(parents=True)
    (own_cache / "assets" / texts.name).symlink_to(texts)
    assert len(given.course(stream(0, "data")).exams) == 1
    with pytest.raises(Missing, match="(?s)'wordnet'.*tutelage fetch wordnet"):
        needs.course(stream(0, "data"))


def of_paraphrases(folder: Path, rows: list[dict[str, str]]) -> str:
    path = folder / "said.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def test_a_paraphrase_has_the_id_of_its_sentence_and_one_of_its_words_alone_is_none(tmp_path: Path) -> None:
    """Of the first 40 sentences 36 have a paraphrase; of 4 nothing but capitals and signs differs. One is of another text."""
    held = source(asset("encyclopaedia"), "test", 8, 28).held[:40].tolist() if studied(course(study=1)) else []
    rows = [{"text": text, "paraphrase": f"In short: {text.split()[-1]}"} for text in held[:36]]
    rows += [{"text": text, "paraphrase": text.upper() + "!"} for text in held[36:]]
    rows += [{"text": "Nobody studies this one.", "paraphrase": "This is not read."},
             {"text": held[0], "paraphrase": "A second one."}]  # fmt: skip
    made = course(study=18, foils=("paraphrase", "new"), paraphrases=of_paraphrases(tmp_path, rows))
    assert made.notes[-1] == ("Paraphrases: for 36 of 2531 sentences; left out: 4 with the words of their sentence, "
                              "1 of other texts.")  # fmt: skip
    exam = made.exams["exam"]
    assert exam.parts["paraphrase"].ids() == exam.truth[0].about.examples().ids() and {*studied(made)} <= {*held[:36]}
    for text, other in zip(studied(made), foils(made, "paraphrase"), strict=True):
        assert other == f"In short: {text.split()[-1]}"
    with pytest.raises(Refused, match="38 sentences to study and to take foils from are asked for, there are 36"):
        course(study=19, foils=("paraphrase",), paraphrases=of_paraphrases(tmp_path, rows))


def test_a_faulty_file_of_paraphrases_is_refused_by_row(tmp_path: Path) -> None:
    rows = [
        {"text": "It rains.", "paraphrase": "Rain falls."},
        {"text": "It snows.", "paraphrase": " "},
        {"text": "It hails."},
    ]
    with pytest.raises(Refused, match="(?s)row 2, field paraphrase.*is empty.*row 3, field paraphrase"):
        course(foils=("paraphrase",), paraphrases=of_paraphrases(tmp_path, rows))
    with pytest.raises(Refused, match="there is no column 'paraphrase'; the columns are: text, other"):
        course(foils=("paraphrase",), paraphrases=of_paraphrases(tmp_path, [{"text": "a", "other": "b"}]))
    with pytest.raises(Refused, match="nothing.csv"):
        course(foils=("paraphrase",), paraphrases=str(tmp_path / "nothing.csv"))


def test_shorter_and_longer_paraphrases_are_compared_by_the_mean(tmp_path: Path) -> None:
    """A reader to whom a letter of a studied sentence costs 1 and one of any other text 1.5, the end free.

    Recognised are all, by the mean. By the sum none of those would be that are said in half as many letters, and without
    the study no paraphrase is told from its sentence by its length.
    """
    held = source(asset("encyclopaedia"), "test", 8, 28).held[:40].tolist() if studied(course(study=1)) else []
    said = [
        f"Briefly {text[: len(text) // 2]}" if at % 2 else f"{text} That is, {text}" for at, text in enumerate(held)
    ]
    rows = [{"text": text, "paraphrase": other} for text, other in zip(held, said, strict=True)]
    made = course(study=20, foils=("paraphrase",), paraphrases=of_paraphrases(tmp_path, rows))
    mine = set(studied(made))

    class Reads(Rote):
        costs = 1.0

        def read_alone(self, texts: list[str]) -> ReadAlone:
            sizes = np.array([len(text) for text in texts])
            return ReadAlone(-np.array([self.costs if text in mine else 1.5 for text in texts]) * sizes, sizes)

    class HasNotStudied(Reads):
        costs = 1.5

    now = till(), stream(0, "assess")
    assert {one.value for one in Recognition().assess(Reads(), made.exams["exam"], *now)} == {1.0}
    assert {one.value for one in Recognition().assess(HasNotStudied(), made.exams["exam"], *now)} == {0.5}
    sizes = [(len(a), len(b)) for a, b in zip(studied(made), foils(made, "paraphrase"), strict=True)]
    assert 0 < sum(b * 1.5 < a for a, b in sizes) < len(sizes), "the sum would have failed on these"


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
                      ({"foils": ("synonym",), "material": "gibberish"}, "of the material natural"),
                      ({"foils": ("paraphrase",)}, "columns text and paraphrase"),
                      ({"foils": ("new", "new")}, "named once")):  # fmt: skip
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
