"""What a text may be mistaken for: foils for a test of recognition, and how much of a text stands elsewhere.

random_words   words of a vocabulary, as many as asked      gibberish   letters shuffled in each word, then the words
synonym        the text with one word replaced

Source: Orhan (2023), Recognition, recall, and retention of few-shot memories in large language models, section 2.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence

import numpy as np

from tutelage.core.data import Array, Floats, Ints, Rng

WORD = re.compile(r"\w+")
ARTICLE = re.compile(r"\b([Aa]n?) \Z")  # at the end of what stands before a word
VOWELS = "aeiou"
JOINS = frozenset("-'\u2019\u2010\u2011\u2013")  # between the parts of one word: hyphens and apostrophes


def random_words(count: int, vocabulary: Sequence[str], rng: Rng) -> str:
    """So many words, each drawn anew. ValueError for an empty vocabulary.

    >>> from tutelage.core.rng import stream
    >>> random_words(3, ["one"], stream(0, "foils"))
    'one one one'
    """
    return " ".join(vocabulary[at] for at in rng.integers(len(vocabulary), size=count))


def gibberish(text: str, rng: Rng) -> str:
    """The letters of every word in random order, then the words; what stands between white space is a word.

    >>> from tutelage.core.rng import stream
    >>> made = gibberish("rain in Spain", stream(0, "foils"))
    >>> made != "rain in Spain", sorted(made) == sorted("rain in Spain")
    (True, True)
    """
    said = text.split()
    scrambled = ["".join(word[at] for at in rng.permutation(len(word))) for word in said]
    return " ".join(scrambled[at] for at in rng.permutation(len(said)))


def synonym(text: str, synonyms: Mapping[str, Sequence[str]], rng: Rng) -> str | None:
    """The text with one word, drawn among those that have a synonym, replaced; None where no word has one.

    The first word is looked up in small letters and keeps its capital; later in a text a word with a capital is a name,
    and stays, as does one beside a hyphen or an apostrophe, which is a part of another. Behind `a` and `an` only what
    begins with the right letter, by letters and not by sounds, is put in.

    >>> from tutelage.core.rng import stream
    >>> synonym("Big rain falls on Big Ben.", {"big": ["large"]}, stream(0, "foils"))
    'Large rain falls on Big Ben.'
    """
    found = []
    for one in WORD.finditer(text):
        first = not WORD.search(text, 0, one.start())
        beside = text[max(one.start() - 1, 0) : one.start()] + text[one.end() : one.end() + 1]
        known = () if set(beside) & JOINS else synonyms.get(one[0].lower() if first else one[0], ())
        others = _fitting(text, one, known)
        if others:
            found.append((one, others))
    if not found:
        return None
    place, several = found[int(rng.integers(len(found)))]
    other = several[int(rng.integers(len(several)))]
    other = other[:1].upper() + other[1:] if place[0][0].isupper() else other
    return text[: place.start()] + other + text[place.end() :]


def _fitting(text: str, place: re.Match[str], others: Sequence[str]) -> Sequence[str]:
    """Those that are other words, and before which the word `a` or `an`, if it stands there, is right."""
    others = [other for other in others if other.casefold() != place[0].casefold()]
    article = ARTICLE.search(text, 0, place.start())
    if article is None:
        return others
    return [other for other in others if (other[0] in VOWELS) == (article[1].lower() == "an")]


class Runs:
    """Runs of `size` words of many texts, capitals and signs disregarded, to be looked for in others."""

    def __init__(self, texts: Sequence[str], size: int = 5) -> None:
        self.size = size
        self.codes, self.starts = _codes(texts, size)

    def shared(self, other: Runs) -> Floats:
        """(n,) the share of each text's runs that stand somewhere in the other texts; 0 for a text without a run.

        >>> texts = Runs(["it rains in Spain today", "no rain at all today"], 3)
        >>> texts.shared(Runs(["In Spain it rains in spain."], 3)).round(2).tolist()
        [0.67, 0.0]
        """
        return self._shares(np.isin(self.codes, other.codes))

    def repeated(self) -> Floats:
        """(n,) the share of each text's runs that stand in another of these texts, too."""
        owner = np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))
        pairs = np.unique(np.stack([self.codes, owner.astype(np.uint64)]), axis=1)
        named, counts = np.unique(pairs[0], return_counts=True)
        return self._shares(np.isin(self.codes, named[counts > 1]))

    def _shares(self, found: Array) -> Floats:
        sums = np.concatenate([[0], np.cumsum(found)])
        sizes = np.diff(self.starts)
        return np.asarray((sums[self.starts[1:]] - sums[self.starts[:-1]]) / np.maximum(sizes, 1), dtype=np.float64)


def _codes(texts: Sequence[str], size: int) -> tuple[Array, Ints]:
    """(all,) uint64, one for each run of words; (n + 1,) offsets."""
    joined, counts = bytearray(), []
    for text in texts:
        said = WORD.findall(text.casefold())
        runs = [" ".join(said[at : at + size]) for at in range(len(said) - size + 1)]
        joined += b"".join(hashlib.blake2b(run.encode("utf-8"), digest_size=8).digest() for run in runs)
        counts.append(len(runs))
    codes = np.frombuffer(bytes(joined), dtype="<u8").astype(np.uint64)
    return codes, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
