"""Instructions on the form of a reply, each of which a program can verify, with a reply that follows it.

    capitals  Write in capitals: moon river           MOON RIVER
    repeat    Say moon 3 times.                       moon moon moon
    words     Describe the moon in 2 words.           cold bright
    list      List moon, river, each behind a *.      * moon
                                                      * river
    yes_no    Is moon among river, moon? Yes or no.   yes

Each in three wordings, about forty things. The column `source` names the rule, `asked` what it asks for in this row
(kit/instructions.py); the exam has both as well. Instructions of the pool are drawn by the seed, those of the exams are
always the same and stand in no pool. Everything is made up here.

Source: the idea of Zhou et al. (2023), Instruction-following evaluation for large language models, arXiv 2311.07911,
in a size that a small decoder can learn.
Neutral limit: none; it is generated.

>>> from tutelage.core.rng import stream
>>> pool = VerifiableInstructions(pool=5, exam=5).course(stream(0, "data")).parts["pool"].pool
>>> pool.column("source").to_pylist()
['capitals', 'repeat', 'words', 'list', 'yes_no']
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field

from tutelage.core.answers import Sealed
from tutelage.core.data import Course, Exam, Modality, Part, Rng, Table
from tutelage.core.method import method
from tutelage.core.rng import stream
from tutelage.kit.reply_courses import references_of

THINGS = (
    "moon", "river", "house", "tree", "bird", "stone", "king", "ship", "horse", "book", "city", "island", "mountain",
    "lake", "forest", "garden", "bridge", "church", "tower", "road", "field", "star", "sea", "fish", "wolf", "cloud",
    "wind", "snow", "fire", "iron", "gold", "glass", "bread", "milk", "song", "dance", "game", "war", "school",
    "market",
)  # fmt: skip
KINDS = ("old", "large", "small", "bright", "dark", "cold", "quiet", "famous", "long", "white", "green", "strong")
SIGNS = ("*", "-", "+", "#")


class Told(NamedTuple):
    text: str
    asked: str
    reply: str


def capitals(rng: Rng) -> Told:
    some = _drawn(rng, THINGS, int(rng.integers(2, 4)))
    form = _one(rng, ("Write in capitals: {}", "In capital letters only: {}", "Put this in upper case: {}"))
    return Told(form.format(" ".join(some)), "", " ".join(some).upper())


def repeat(rng: Rng) -> Told:
    thing, number = _one(rng, THINGS), int(rng.integers(2, 6))
    form = _one(rng, ("Say {} {} times.", "Repeat the word {} {} times.", "Write {} again and again, {} times."))
    return Told(form.format(thing, number), f"{number} {thing}", " ".join([thing] * number))


def words(rng: Rng) -> Told:
    thing, number = _one(rng, THINGS), int(rng.integers(2, 6))
    form = _one(rng, ("Describe the {} in {} words.", "What is a {} like? Use {} words.", "The {}, said in {} words."))
    return Told(form.format(thing, number), str(number), " ".join(_drawn(rng, KINDS, number)))


def listed(rng: Rng) -> Told:
    some, sign = _drawn(rng, THINGS, int(rng.integers(2, 5))), _one(rng, SIGNS)
    form = _one(rng, ("List {}, each behind a {}.", "Make a list of {} with {} before each.", "{} as a list with {}."))
    return Told(form.format(", ".join(some), sign), f"{len(some)} {sign}", "\n".join(f"{sign} {one}" for one in some))


def yes_no(rng: Rng) -> Told:
    some = _drawn(rng, THINGS, 4)
    among, asked = some[:3], some[int(rng.choice([0, 1, 2, 3], p=[1 / 6, 1 / 6, 1 / 6, 1 / 2]))]
    form = _one(rng, ("Is {} among {}? Yes or no.", "Answer yes or no: is {} one of {}?", "Yes or no, is {} in {}?"))
    return Told(form.format(asked, ", ".join(among)), "", "yes" if asked in among else "no")


DRAWS: dict[str, Callable[[Rng], Told]] = {
    "capitals": capitals,
    "repeat": repeat,
    "words": words,
    "list": listed,
    "yes_no": yes_no,
}


@method
class VerifiableInstructions:
    """pool, exam: instructions in all, as many of each rule as of the others, or one more."""

    pool: Annotated[int, Field(ge=1, le=5_000)] = 1500
    exam: Annotated[int, Field(ge=1, le=500)] = 150
    split: Literal["test", "dev"] = "test"  # which instructions the exam is made of; the others are in no pool either

    holds: ClassVar[frozenset[Modality]] = frozenset({"text"})
    card: ClassVar[str] = """Source: synthetic, written for this purpose by data/verifiable_instructions.py.
Licence: that of this package. Split: the instructions of both exams are drawn once for all seeds and left out of all
pools; things, wordings and rules are shared by all."""

    def course(self, rng: Rng) -> Course:
        """The course; the exam's truth is one reply of several that would do."""
        known: set[str] = set()
        held = {split: _made(self.exam, stream(0, f"data.verifiable_instructions.{split}"), known)
                for split in ("test", "dev")}  # fmt: skip
        told = _table("verifiable instructions", _made(self.pool, rng, known))
        examined = _table(f"verifiable instructions {self.split}", held[self.split])
        sealed = Sealed(told, np.full(told.columns.num_rows, -1, dtype=np.int64))
        exam = Exam((references_of(examined, np.arange(examined.columns.num_rows)),))
        return Course({"pool": Part(told.pool(), sealed)}, {"exam": exam})


def _made(size: int, rng: Rng, known: set[str]) -> list[tuple[str, Told]]:
    """So many instructions, the rules in turn, none of them known; they are known afterwards."""
    made: list[tuple[str, Told]] = []
    while len(made) < size:
        rule = list(DRAWS)[len(made) % len(DRAWS)]
        told = DRAWS[rule](rng)
        if told.text not in known:
            known.add(told.text)
            made.append((rule, told))
    return made


def _table(name: str, told: Sequence[tuple[str, Told]]) -> Table:
    ids = [f"{rule} {number}" for number, (rule, _) in enumerate(told, 1)]
    columns = {
        "id": ids,
        "group": ids,
        "text": [one.text for _, one in told],
        "reply": [one.reply for _, one in told],
        "source": [rule for rule, _ in told],
        "asked": [one.asked for _, one in told],
    }
    return Table.of(name, columns)


def _one(rng: Rng, among: Sequence[str]) -> str:
    return among[int(rng.integers(len(among)))]


def _drawn(rng: Rng, among: Sequence[str], count: int) -> list[str]:
    return [among[int(at)] for at in rng.permutation(len(among))[:count]]
