"""Foils for the texts that are studied: which kinds there are, and what they are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from tutelage.assets.fetch import asset
from tutelage.core.data import Rng
from tutelage.core.rng import stream
from tutelage.data._paraphrases import paraphrases
from tutelage.data._sentences import Source
from tutelage.data._thesaurus import synonyms
from tutelage.kit.foils import gibberish, random_words, synonym

Foil = Literal["new", "natural", "random_words", "gibberish", "synonym", "paraphrase"]
REWRITTEN = {"synonym", "paraphrase"}  # foils that say what a sentence says


class Lot(NamedTuple):
    """As many of each: the studied texts, new ones of the same material, and sentences to tell them from."""

    studied: Sequence[str]
    new: Sequence[str]
    natural: Sequence[str]


class Words(NamedTuple):
    """What foils are made of. others: word -> synonyms. said: sentence -> paraphrase; None where there is no file."""

    vocabulary: Sequence[str]
    others: Mapping[str, Sequence[str]]
    said: Mapping[str, str] | None


def foils(kind: Foil, lot: Lot, words: Words, rng: Rng) -> list[str]:
    """One for each studied text. For synonyms and paraphrases every text must have one."""
    if kind == "new":
        return list(lot.new)
    if kind == "natural":
        return list(lot.natural)
    if kind == "random_words":
        return [random_words(len(text.split()), words.vocabulary, rng) for text in lot.studied]
    if kind == "gibberish":
        return [gibberish(text, rng) for text in lot.studied]
    if kind == "paraphrase":
        return [(words.said or {})[text] for text in lot.studied]
    return [str(synonym(text, words.others, rng)) for text in lot.studied]


def usable(sentences: Sequence[str], words: Words) -> list[bool]:
    """Whether a sentence has a synonym, where there are any, and a paraphrase, where there is a file."""
    kept = [not words.others or synonym(text, words.others, stream(0, "any")) is not None for text in sentences]
    return [one and (words.said is None or text in words.said) for one, text in zip(kept, sentences, strict=True)]


def wordnet(found: Source) -> Mapping[str, Sequence[str]]:
    """Its words of one meaning -> their synonyms, as far as a student may have read these. Missing without it."""
    known = synonyms(asset("wordnet") / "english.sql")
    return {word: [one for one in others if one in found.read] for word, others in known.items()}


def file(path: str, found: Source) -> tuple[Mapping[str, str], str]:
    """A file of paraphrases, and a note on what of it is of use. Refused with all that is wrong in it."""
    given = paraphrases(Path(path))
    here = sum(text in given.foils for text in found.held)
    dropped = f"{len(given.alike)} with the words of their sentence, {len(given.foils) - here} of other texts"
    return given.foils, f"Paraphrases: for {here} of {len(found.held)} sentences; left out: {dropped}."
