"""Synonyms of English words that have one meaning only, out of WordNet.

The file lists sets of synonyms; which of a word's senses is the usual one is not in it. So a word is taken only if it
stands in a single set of all parts of speech: its synonyms then hold in whatever sentence it stands in, as the same
part of speech. Words are single, of three small letters or more, on both sides. Left out on both sides are words of
grammar, of which WordNet knows no more than a rare noun, and regular forms of another word (plural, past, -ing; of an
adjective comparative and superlative), whose synonyms would have to be put into that form; most irregular ones stay.

Source: Miller (1995), WordNet: a lexical database for English; Pianta, Bentivogli, Girardi (2002), MultiWordNet.
"""

from __future__ import annotations

import functools
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Container, Iterable, Mapping
from pathlib import Path

from tutelage.core.errors import Fault, Refused

ROW = re.compile(r'VALUES \("([^"]+)","\w","([^"]*)"')  # the set, which begins with its part of speech; the word
PLAIN = re.compile(r"[a-z]{3,}")
ENDINGS = (("s", ""), ("es", ""), ("ies", "y"), ("ves", "f"), ("ed", ""), ("d", ""), ("ied", "y"), ("ing", ""),
           ("ing", "e"), ("men", "man"), ("ae", "a"))  # fmt: skip
COMPARED = (("er", ""), ("r", ""), ("ier", "y"), ("est", ""), ("st", ""), ("iest", "y"))  # of adjectives


@functools.lru_cache(maxsize=1)
def synonyms(path: Path) -> Mapping[str, tuple[str, ...]]:
    """Word -> its synonyms in the order of the file, for every word that has some. Refused for a file without sets."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    rows: list[tuple[str, str]] = ROW.findall(path.read_text(encoding="utf-8"))
    if not rows:
        raise Refused(Fault(str(path), "the file holds no sets of synonyms", "tutelage fetch wordnet"))
    return of_one_meaning(rows, ENGLISH_STOP_WORDS)


def of_one_meaning(rows: Collection[tuple[str, str]], grammar: Collection[str] = ()) -> Mapping[str, tuple[str, ...]]:
    """The same of pairs (set, word), a set's name beginning with its part of speech, `a` for adjectives.

    >>> rows = [("n1", "poet"), ("n1", "bard"), ("n2", "bard"), ("n3", "poets"), ("n3", "rhymers")]
    >>> of_one_meaning(rows)
    {'poet': ('bard',)}
    """
    senses = Counter(word.lower() for _, word in rows)
    adjectives = {word for name, word in rows if name.startswith("a")}
    sets: dict[str, list[str]] = defaultdict(list)
    for name, word in rows:
        form = _is_a_form(word, senses, ENDINGS) or _is_a_form(word, adjectives, COMPARED)
        if PLAIN.fullmatch(word) and word not in grammar and not form:
            sets[name].append(word)
    return {word: tuple(other for other in words if other != word)
            for words in sets.values() for word in words if senses[word] == 1 and len(words) > 1}  # fmt: skip


def _is_a_form(word: str, known: Container[str], endings: Iterable[tuple[str, str]]) -> bool:
    """Whether an ending taken off leaves a word; a letter doubled before it counts once."""
    for ending, back in endings:
        stem = word.removesuffix(ending)
        if stem == word or len(stem + back) < 3:
            continue
        single = stem[:-1] if not back and stem[-1] == stem[-2] else stem
        if stem + back in known or single + back in known:
            return True
    return False
