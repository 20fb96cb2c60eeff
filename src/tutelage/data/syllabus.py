"""Questions on six made-up subjects at three levels of Bloom's taxonomy; each level rests on the one below it.

    remember     law: what is after k         m        a subject pairs each of its symbols with another one
    understand   law: what is before m        k        the same pair, asked from its other side
    apply        law: what is two after k     c        k gives m and m gives c: two pairs, one after the other

All subjects have the same symbols and each has pairs of its own, one cycle through all of them, so that two subjects
agree on half of their symbols at most, and what is right in one is mostly wrong in the next. With `stages` the symbols
are dealt into so many parts, each a cycle of its own: what is taught first, and what later. A concept is a symbol of a
subject. Of the wordings of a level, an opener with a body, a hash deals out 60 % to the pool, 15 % to the exam `dev`
and 25 % to the exam `test`: a held-out question asks in other words for what was taught, also where it asks for two
steps. The pool holds `each` wordings of every concept and level, drawn by the seed, in the order of a syllabus:
subject, stage, concept, level. Columns beside the reply: `subject`, `stage` (1, 2, ..), `concept`, `bloom_level`. The
material `warm_up` is on six other subjects with pairs of their own, for a student that has to learn first what such
questions mean. Pairs, wordings and exams are the same at every seed.

Source: made for Lee, Cho and Yoo (2024), Instruction Tuning with Human Curriculum, arXiv 2310.09518, at small size:
theirs are 45 subjects of real syllabi, some 5,600 concepts and 19 question templates over the same three levels.
Neutral limit: none; it is generated.

>>> from tutelage.core.rng import stream
>>> pool = Syllabus(each=1).course(stream(0, "data")).parts["pool"].pool
>>> len(pool), pool.column("bloom_level").to_pylist()[:3]
(108, ['remember', 'understand', 'apply'])
"""

from __future__ import annotations

import functools
import hashlib
from typing import Annotated, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field

from tutelage.core.answers import Sealed
from tutelage.core.data import Course, Exam, Ints, Modality, Part, Rng, Table
from tutelage.core.errors import Fault, Refused
from tutelage.core.method import method
from tutelage.core.rng import stream
from tutelage.kit.reply_courses import references_of

SUBJECTS = {
    "train": ("biology", "history", "geometry", "music", "law", "physics"),
    "warm_up": ("chemistry", "grammar", "algebra", "drama", "trade", "farming"),
}
SYMBOLS = "bcdfghjklmnpqrstvwxz"
OPENERS = (
    "in {s}", "{s}:", "for {s}", "a {s} question:", "think of {s}:", "{s} class:", "{s} book:", "{s} now:",
    "back to {s}:", "by {s}", "{s} again:", "still {s}:",
)  # fmt: skip
BODIES = {
    "remember": ("what comes from {x}", "what is after {x}", "what is made of {x}", "the next of {x}",
                 "what follows {x}", "where goes {x}", "the child of {x}", "what is right of {x}"),
    "understand": ("what leads to {x}", "what is before {x}", "what makes {x}", "the last of {x}",
                   "what precedes {x}", "whence comes {x}", "the parent of {x}", "what is left of {x}"),
    "apply": ("what comes twice from {x}", "what is two after {x}", "what is made of what is made of {x}",
              "the second next of {x}", "what follows what follows {x}", "where goes twice {x}",
              "the grandchild of {x}", "what is two right of {x}"),
}  # fmt: skip
LEVELS = tuple(BODIES)  # from easy to hard
SHARES = {"test": 0.25, "dev": 0.15}  # of the wordings of a level; the rest is taught


class Question(NamedTuple):
    subject: str
    stage: int
    concept: int
    level: str
    wording: int
    text: str
    reply: str


@method
class Syllabus:
    """subjects, concepts: how many, the latter of each subject. each, items: wordings of a concept and level."""

    material: Literal["train", "warm_up"] = "train"  # which subjects the pool is on; the exam is on the first ones
    subjects: Annotated[int, Field(ge=1, le=6)] = 6
    concepts: Annotated[int, Field(ge=3, le=len(SYMBOLS))] = 6
    stages: Annotated[int, Field(ge=1)] = 1  # of three concepts or more
    each: Annotated[int, Field(ge=1)] = 58  # in the pool, at most
    items: Annotated[int, Field(ge=1)] = 4  # in the exam, at most
    split: Literal["test", "dev"] = "test"  # whose wordings the exam has

    holds: ClassVar[frozenset[Modality]] = frozenset({"text"})
    card: ClassVar[str] = """Source: synthetic, written for this purpose by data/syllabus.py; the subjects' names mean
nothing, and the pairs of symbols are drawn once. Licence: that of this package.
Sizes: up to 6 subjects of 20 concepts, 3 levels, 96 wordings of each level, of which 58 are for teaching.
Split: by wording, by a hash; subjects, concepts and pairs of the exam are those of the pool `train`."""

    def course(self, rng: Rng) -> Course:
        """The course. Refused where a stage would have fewer than three concepts."""
        if self.concepts < 3 * self.stages:
            what = f"{self.concepts} concepts are too few for {self.stages} stages of three or more"
            raise Refused(Fault("data.concepts", what, f"use concepts: {3 * self.stages} or more"))
        told = _table(f"syllabus {self.material}", self._asked(self.material, "train", self.each, rng))
        apart = self._asked("train", self.split, self.items, stream(0, f"data.syllabus.{self.split}"))
        examined = _table(f"syllabus {self.split}", apart)
        unknown = Sealed(told, np.full(told.columns.num_rows, -1, dtype=np.int64))
        truth = references_of(examined, np.arange(examined.columns.num_rows))
        counts = {name: min(len(dealt()[name]["apply"]), most)
                  for name, most in (("train", self.each), (self.split, self.items))}  # fmt: skip
        note = (f"{self.subjects} subjects of {self.concepts} concepts at 3 levels: {counts['train']} wordings of each "
                f"in the pool, {counts[self.split]} others in the exam.")  # fmt: skip
        return Course({"pool": Part(told.pool(), unknown)}, {"exam": Exam((truth,))}, notes=(note,))

    def _asked(self, material: str, which: str, each: int, rng: Rng) -> list[Question]:
        """Of every subject, stage, concept and level so many of these wordings, in this order."""
        made, wordings = [], dealt()[which]
        for subject in SUBJECTS[material][: self.subjects]:
            gives, stage = pairs(subject, self.concepts, self.stages)
            gave, twice = np.argsort(gives), gives[gives]
            for concept in range(self.concepts):
                for level, answers in zip(LEVELS, (gives, gave, twice), strict=True):
                    drawn = rng.permutation(wordings[level])[:each]
                    made += [Question(subject, int(stage[concept]) + 1, concept, level, int(wording),
                                      worded(subject, level, int(wording), SYMBOLS[concept]),
                                      SYMBOLS[answers[concept]]) for wording in drawn]  # fmt: skip
        return made


def worded(subject: str, level: str, wording: int, symbol: str) -> str:
    """A question about a symbol; wordings are numbered through openers and bodies.

    >>> worded("law", "understand", 9, "k")
    'law: what is before k'
    """
    opener, body = divmod(wording, len(BODIES[level]))
    return f"{OPENERS[opener].format(s=subject)} {BODIES[level][body].format(x=symbol)}"


@functools.cache
def pairs(subject: str, concepts: int, stages: int) -> tuple[Ints, Ints]:
    """(concepts,) what each symbol gives in a subject, and the stage of each: 0, 0, .., 1, 1, ..

    Inside a stage all symbols stand in one cycle in random order, so that with three or more none gives itself in one
    step or in two.
    """
    luck, gives = stream(0, f"syllabus.{subject}"), np.empty(concepts, dtype=np.int64)
    parts = np.array_split(np.arange(concepts), stages)
    for part in parts:
        cycle = luck.permutation(part)
        gives[cycle] = np.roll(cycle, -1)
    return gives, np.repeat(np.arange(stages), [len(part) for part in parts])


@functools.cache
def dealt() -> dict[str, dict[str, list[int]]]:
    """Which wordings of each level are for `train`, `dev` and `test`; no seed is in it."""
    made: dict[str, dict[str, list[int]]] = {"train": {}, **{name: {} for name in SHARES}}
    for level, bodies in BODIES.items():
        ours = sorted(range(len(OPENERS) * len(bodies)), key=lambda one: _hash(f"{level} {one}"))
        start = 0
        for name, share in SHARES.items():
            made[name][level] = ours[start : start + round(share * len(ours))]
            start += len(made[name][level])
        made["train"][level] = ours[start:]
    return made


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _table(name: str, asked: list[Question]) -> Table:
    ids = [f"{one.subject}-{SYMBOLS[one.concept]}-{one.level}-{one.wording}" for one in asked]
    columns = {
        "id": ids,
        "group": ids,
        "text": [one.text for one in asked],
        "reply": [one.reply for one in asked],
        "subject": [one.subject for one in asked],
        "stage": np.array([one.stage for one in asked], dtype=np.int64),
        "concept": [f"{one.subject} {SYMBOLS[one.concept]}" for one in asked],
        "bloom_level": [one.level for one in asked],
    }
    return Table.of(name, columns)
