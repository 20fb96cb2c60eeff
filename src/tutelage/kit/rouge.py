"""How much of one text comes back in another: overlap of tokens, ROUGE-N and ROUGE-L, all as F1.

    overlap = 2 m / (|a| + |b|),   m = sum over distinct items of the smaller of their two counts
    ROUGE-N = the overlap of runs of N words,   ROUGE-L = 2 L / (|a| + |b|),  L the longest common subsequence of words

Words are runs of letters a to z and digits, capitals made small, without stemming. Two empty sides are equal: 1; one
empty side: 0. Texts too short for a run of N words have 1 where their words are equal, else 0.

Source: Lin (2004), ROUGE, with the words of the package rouge-score. Neutral limit: equal texts have 1.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

WORD = re.compile(r"[a-z0-9]+")


def overlap(a: Sequence[Any], b: Sequence[Any]) -> float:
    """F1 of two bags of items.

    >>> overlap([1, 1, 2, 3], [1, 2, 2, 4])
    0.5
    """
    if len(a) + len(b) == 0:
        return 1.0
    return 2 * (Counter(a) & Counter(b)).total() / (len(a) + len(b))


def rouge_n(reference: str, said: str, n: int) -> float:
    """Overlap of runs of n words.

    >>> rouge_n("the cat sat on the mat", "The cat lay on the mat.", 2)
    0.6
    """
    a, b = _runs(reference, n), _runs(said, n)
    if not a and not b:
        return float(words(reference) == words(said))
    return overlap(a, b)


def rouge_l(reference: str, said: str) -> float:
    """Longest common subsequence of words.

    >>> round(rouge_l("police killed the gunman", "the gunman killed police"), 2)
    0.5
    """
    a, b = words(reference), words(said)
    if len(a) + len(b) == 0:
        return 1.0
    row = [0] * (len(b) + 1)
    for one in a:
        before = row
        row = [0]
        for place, other in enumerate(b):
            row.append(before[place] + 1 if one == other else max(before[place + 1], row[place]))
    return 2 * row[-1] / (len(a) + len(b))


def words(text: str) -> list[str]:
    """In order.

    >>> words("It's 3 o'clock.")
    ['it', 's', '3', 'o', 'clock']
    """
    return WORD.findall(text.lower())


def _runs(text: str, n: int) -> list[tuple[str, ...]]:
    said = words(text)
    return [tuple(said[at : at + n]) for at in range(len(said) - n + 1)]
