"""A made-up world of people and what is true of them: names, attributes, values, and several wordings of each fact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tutelage.core.data import Ints, Rng

ONSETS = ("b", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z")
VOWELS = ("a", "e", "i", "o", "u")
VALUES = {  # attribute -> what it may be
    "city": ("Oslo", "Rome", "Lima", "Cairo", "Paris", "Delhi", "Quito", "Kyoto", "Turin", "Dakar", "Perth", "Sofia",
             "Tunis", "Leeds", "Basel", "Miami", "Hanoi", "Minsk", "Accra", "Porto", "Split", "Ghent", "Malmo",
             "Essen"),
    "job": ("baker", "nurse", "pilot", "judge", "miner", "tailor", "singer", "farmer", "lawyer", "potter", "sailor",
            "barber", "editor", "dancer", "welder", "banker", "priest", "writer", "dentist", "porter", "ranger",
            "weaver", "mason", "smith"),
    "pet": ("cat", "dog", "hen", "fox", "owl", "crow", "frog", "goat", "hare", "lamb", "mole", "newt", "pony", "rat",
            "seal", "swan", "toad", "wolf", "duck", "eel", "bee", "crab", "bat", "elk"),
}  # fmt: skip
CORES = ("the {w} of {n} is", "{n} has the {w}", "for {n} the {w} is", "of {n} the {w} is", "what {w} has {n}?",
         "the {w} that {n} has is")  # fmt: skip
EARLIER = tuple(f"{opener} {core}" for opener in ("note:", "fact:", "known:", "so,", "well,", "yes,") for core in CORES)
NEWS_CORES = ("the {w} of {n} is now", "{n} got the {w}", "for {n} the new {w} is", "what new {w} has {n}?")
NEWS = tuple(f"{opener} {core}" for opener in ("news:", "today", "update:", "report:") for core in NEWS_CORES)
PROBE = "so, what is the {w} of {n}?"  # words that the earlier material knows, in an order that no text has


class Fact(NamedTuple):
    """What is true of somebody. old: what was true before, "" where nothing was."""

    name: str
    attribute: str
    value: str
    old: str = ""

    def worded(self, wording: str) -> str:
        """The text before the value."""
        return wording.format(n=self.name, w=self.attribute)

    @property
    def key(self) -> str:
        """Such as "Bolen city"."""
        return f"{self.name} {self.attribute}"


class World(NamedTuple):
    """earlier: every fact before, the updated ones with their old values. The three others are what a probe asks."""

    earlier: tuple[Fact, ...]
    invariant: tuple[Fact, ...]  # of `earlier`, those that stay true
    updated: tuple[Fact, ...]
    new: tuple[Fact, ...]  # about people that nobody has heard of


def world(people: int, updated: int, new: int, rng: Rng) -> World:
    """People with all attributes each; which facts change, to which other value, and who is new is drawn.

    updated and new count facts; a new person has all attributes, the last one perhaps fewer.
    """
    kinds = list(VALUES)
    names = _names(people + -(-new // len(kinds)), rng)
    first = [Fact(name, kind, _drawn(kind, "", rng)) for name in names[:people] for kind in kinds]
    changing = set(rng.permutation(len(first))[:updated].tolist())
    after = [one._replace(value=_drawn(one.attribute, one.value, rng), old=one.value)
             for place, one in enumerate(first) if place in changing]  # fmt: skip
    fresh = [Fact(name, kind, _drawn(kind, "", rng)) for name in names[people:] for kind in kinds][:new]
    stay = tuple(one for place, one in enumerate(first) if place not in changing)
    return World(tuple(first), stay, tuple(after), tuple(fresh))


def wordings(count: int, wanted: int, frames: Sequence[str], rng: Rng) -> list[Ints]:
    """For each of `count` facts, so many different wordings, by their numbers, ascending."""
    return [np.sort(rng.permutation(len(frames))[:wanted]) for _ in range(count)]


def _names(count: int, rng: Rng) -> list[str]:
    """Different names of two syllables and a closing letter: 64,000 there are."""
    made: dict[str, None] = {}
    while len(made) < count:
        letters = [several[int(rng.integers(len(several)))] for several in (ONSETS, VOWELS, ONSETS, VOWELS, ONSETS)]
        made.setdefault("".join(letters).capitalize())
    return list(made)


def _drawn(kind: str, but: str, rng: Rng) -> str:
    """A value of this attribute other than `but`."""
    there = [one for one in VALUES[kind] if one != but]
    return there[int(rng.integers(len(there)))]
