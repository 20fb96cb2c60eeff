"""Sentences of the encyclopaedia's extracts, those left out that stand in material read before, or twice."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tutelage.core.data import Array, Ints
from tutelage.data.encyclopaedia import extracts, sides
from tutelage.kit.foils import WORD, Runs
from tutelage.kit.split import keys_of_texts

ENDS = re.compile(r'(?<=[.!?])(?<!\b[A-Z]\.)(?<!\b(?:St|Dr|Mr|Mt|Jr|Sr|Lt|No|vs|ca)\.)(?<!\bMrs\.)\s+(?=["“(]?[A-Z])')
MOST_SHARED = 0.2  # of a sentence's runs of five words; more is near enough to a copy
COMMON = 20  # how often a word stands in the material read before, to be one of the vocabulary


class Source(NamedTuple):
    """held: sentences to study and to take foils from. later: those to read afterwards, of other extracts.

    Both come in an order that is that of a hash of the text. vocabulary: common words of at least three letters.
    read: every word of the material that a student may have read before, in small letters.
    """

    held: Array
    later: Array
    vocabulary: tuple[str, ...]
    read: frozenset[str]


@functools.lru_cache(maxsize=4)
def source(path: Path, split: str, shortest: int, longest: int) -> Source:
    """`shortest` to `longest` words a sentence. Nothing of it stands in the extracts of `warm_up`."""
    texts, parts = extracts(path), sides(path)
    read = [texts[row] for row in parts["warm_up"]]
    before = Runs(read)
    held, later = (_of([texts[row] for row in parts[name]], shortest, longest) for name in (split, "train"))
    held = held[Runs(held.tolist()).repeated() <= MOST_SHARED]
    held, later = (some[Runs(some.tolist()).shared(before) <= MOST_SHARED] for some in (held, later))
    later = later[
        (Runs(later.tolist()).shared(Runs(held.tolist())) <= MOST_SHARED)
        & (Runs(later.tolist()).repeated() <= MOST_SHARED)
    ]
    counts = Counter(word for text in read for word in WORD.findall(text.lower()) if len(word) > 2 and word.isalpha())
    return Source(
        held, later, tuple(sorted(word for word, count in counts.items() if count >= COMMON)), frozenset(counts)
    )


def sentences(text: str) -> list[str]:
    """A text cut behind full stops, question marks and exclamation marks that a capital letter follows.

    >>> sentences("Dr. J. S. Bach was born in St. Louis. He was not. Oh, no! It rains (a lot).")
    ['Dr. J. S. Bach was born in St. Louis.', 'He was not.', 'Oh, no!', 'It rains (a lot).']
    """
    return [" ".join(one.split()) for one in ENDS.split(text)]


def _of(texts: Sequence[str], shortest: int, longest: int) -> Array:
    """(n,) object array: distinct whole sentences of so many words, in the order of their keys."""
    found = [one for text in texts for one in sentences(text) if shortest <= len(one.split()) <= longest]
    whole = [one for one in found if one[-1] in '.!?"”)' and not one[0].islower()]
    keys = keys_of_texts(whole)
    first: Ints = np.unique(keys, return_index=True)[1]  # by key, the first of equal ones
    made = np.empty(len(first), dtype=object)
    made[:] = [whole[row] for row in first]
    return made
