"""Synonyms of words with one meaning: by hand, forms of other words, the whole of WordNet against its lines."""

from pathlib import Path

import pytest

from tutelage.assets.fetch import asset
from tutelage.core.errors import Missing, Refused
from tutelage.data._thesaurus import of_one_meaning, synonyms


@pytest.fixture(scope="module")
def wordnet() -> Path:
    try:
        return asset("wordnet") / "english.sql"
    except Missing as missing:
        pytest.skip(str(missing))


def test_by_hand() -> None:
    """`bank` has two meanings and replaces, but is not replaced; a set of one word gives nothing."""
    rows = [
        ("n1", "shore"),
        ("n1", "bank"),
        ("n2", "bank"),
        ("v1", "rely"),
        ("v1", "trust"),
        ("v1", "bank"),
        ("n3", "sea"),
    ]
    assert of_one_meaning(rows) == {"shore": ("bank",), "rely": ("trust", "bank"), "trust": ("rely", "bank")}
    assert of_one_meaning([("n1", "who"), ("n1", "health")], grammar={"who"}) == {}


def test_a_second_meaning_counts_in_whatever_writing_and_part_of_speech() -> None:
    assert of_one_meaning([("n1", "turkey"), ("n1", "poultry"), ("n2", "Turkey")]) == {"poultry": ("turkey",)}
    assert of_one_meaning([("n1", "walk"), ("n1", "stroll"), ("v1", "walk"), ("v1", "march")]) == {
        "stroll": ("walk",),
        "march": ("walk",),
    }


@pytest.mark.parametrize(
    ("form", "of"),
    [("cows", "n cow"), ("cities", "n city"), ("boxes", "n box"), ("calves", "n calf"), ("women", "n woman"),
     ("walked", "v walk"), ("based", "v base"), ("varied", "v vary"), ("planned", "v plan"), ("making", "v make"),
     ("running", "v run"), ("seeing", "v see"), ("larger", "a large"), ("bigger", "a big"), ("drier", "a dry"),
     ("latest", "a late"), ("algae", "n alga")],
)  # fmt: skip
def test_a_form_of_another_word_is_on_neither_side(form: str, of: str) -> None:
    part, word = of.split()
    rows = [("n1", form), ("n1", "partner"), (f"{part}2", word)]
    assert of_one_meaning(rows) == {}
    assert of_one_meaning(rows[:2]) == {form: ("partner",), "partner": (form,)}, "without that word it is none"


def test_an_agent_is_no_comparative() -> None:
    assert of_one_meaning([("n1", "explorer"), ("n1", "adventurer"), ("v1", "explore")])["explorer"] == ("adventurer",)


def test_no_part_of_a_name_or_phrase_is_a_word() -> None:
    rows = [("n1", "dog"), ("n1", "domestic_dog"), ("n1", "Canis"), ("n1", "man-child"), ("n1", "ox")]
    assert of_one_meaning(rows) == {}


def test_every_word_stands_in_one_set_with_its_synonyms(wordnet: Path) -> None:
    """Against the lines of the file: one line a word and set, of the same set as each synonym's."""
    known = synonyms(wordnet)
    assert len(known) > 10_000
    lines = [line.split('"') for line in wordnet.read_text(encoding="utf-8").splitlines() if line.startswith("INSERT")]
    sets: dict[str, set[str]] = {}
    for line in lines:
        sets.setdefault(line[5].lower(), set()).add(line[1])
    assert len(lines) == 177_044
    for word, others in known.items():
        (only,) = sets[word]
        assert word not in others and all(only in sets[other] for other in others)
    assert known["commonly"] == ("normally", "usually", "unremarkably", "ordinarily")
    assert not {"bank", "dog", "the", "using", "humans", "located", "men"} & known.keys()


def test_a_file_without_sets_is_refused(tmp_path: Path) -> None:
    (tmp_path / "english.sql").write_text("DROP TABLE english_lemma;\n")
    with pytest.raises(Refused, match="(?s)no sets of synonyms.*tutelage fetch wordnet"):
        synonyms(tmp_path / "english.sql")
