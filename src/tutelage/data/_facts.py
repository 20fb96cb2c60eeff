"""A made-up world of people and what is true of them: names, attributes, values, and several wordings of each fact."""

from __future__ import annotations

from collections.abc import Collection, Sequence
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
    "dish": ("soup", "rice", "pasta", "bread", "salad", "cake", "beans", "corn", "curry", "eggs", "fish", "ham", "kale",
             "lentils", "melon", "nuts", "olives", "peas", "pie", "plums", "stew", "toast", "tofu", "yams"),
}  # fmt: skip
KNOWN = len(VALUES) - 1  # attributes of each person that are known before
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
    new: tuple[Fact, ...]  # of people of whom this was not known


def world(people: int, updated: int, new: int, rng: Rng, known: bool = False) -> World:
    """People of whom all attributes but one are known; drawn is which, what changes to which other value, what is new.

    updated and new count facts; new is at most people, updated at most KNOWN * people. known: what something changes to
    is what somebody else has before, where there is such a value.
    """
    names = _names(people, rng)
    kinds = [[list(VALUES)[at] for at in rng.permutation(len(VALUES)).tolist()] for _ in names]
    first = [Fact(name, kind, _drawn(kind, "", rng)) for name, mine in zip(names, kinds, strict=True)
             for kind in mine[:KNOWN]]  # fmt: skip
    changing = set(rng.permutation(len(first))[:updated].tolist())
    told = {(one.attribute, one.value) for one in first} if known else set()
    after = [one._replace(value=_drawn(one.attribute, one.value, rng, told), old=one.value)
             for place, one in enumerate(first) if place in changing]  # fmt: skip
    heard = np.sort(rng.permutation(people)[:new]).tolist()
    fresh = [Fact(names[at], kinds[at][KNOWN], _drawn(kinds[at][KNOWN], "", rng)) for at in heard]
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


def _drawn(kind: str, but: str, rng: Rng, told: Collection[tuple[str, str]] = ()) -> str:
    """A value of this attribute other than `but`, one of those in `told` where it has such."""
    there = [one for one in VALUES[kind] if one != but]
    there = [one for one in there if (kind, one) in told] or there
    return there[int(rng.integers(len(there)))]
