"""Small tasks told by examples alone, each with an answer of its own form, and two narrow ones to be tuned on.

    copy     bda   bda        shift    bda    ceb        lookup   a3d1b7?d    1
    reverse  bda   adb        sort     bda    abd        longest  ab,dcea,f   dcea
    rotation bda dab   True   whether the second word is the first one, turned; else it has the same letters, False
    longer   bd cab    True   whether the second word has more letters than the first; else it has fewer, False

`material: formats` is conversations in which a task is shown 1 to `shots` times before it is asked, and nothing else
says which task it is; copy, reverse, shift and sort are asked about the same words. Three in ten of the conversations
in copying, in the pool alone, have words of any letters, so that those of the labels are known. All answers of a
conversation are to be learned. `material: rotation` and `material: longer` are the narrow tasks without examples, half
of each True. The exam `exam` holds `targets` items of the narrow task (`side` target; rotation, where the material is
formats) and `items` of each of the six others after 1 and after `shots` examples (`side` probe), the same ones whatever
the material; the exams `target` and `probes` hold these alone. Columns `task`, `shots` and `side` say what a row is.
Exams are the same for all seeds, and nothing of them stands in a pool.

Source: made for Wang et al. (2022, arXiv 2211.00635), at small size: natural language inference tuned on, and few-shot
question answering and translation probed there. Neutral limit: none; it is generated.
Longer than 200 lines: six tasks and two judgements stand beside what they are made into.

>>> from tutelage.core.rng import stream
>>> made = FewShotFormats(rows=4, items=2, targets=2).course(stream(0, "data"))
>>> pool = made.parts["pool"].pool
>>> sorted(pool.column("reply").to_pylist()), made.exams["exam"].truth[0].size, made.exams["probes"].truth[0].size
(['False', 'False', 'True', 'True'], 26, 24)
"""

from __future__ import annotations

import functools
import math
import string
from collections.abc import Callable, Sequence
from typing import Annotated, ClassVar, Literal, NamedTuple

import numpy as np
import pyarrow as pa
from pydantic import Field

from tutelage.core.answers import Sealed
from tutelage.core.data import Course, Exam, Modality, Part, Rng, Table
from tutelage.core.errors import Fault, Refused
from tutelage.core.method import method
from tutelage.core.rng import stream
from tutelage.kit.prompts import TYPE
from tutelage.kit.reply_courses import references_of

LETTERS = "abcdefgh"
LABELS = ("True", "False")
ROTATION = "rotation"
LONGER = "longer"
SPELT = 0.3  # of the pool's conversations in copying: who cannot write a letter cannot be brought to write a label


class Asked(NamedTuple):
    """What was shown before, what is asked, and the answer."""

    task: str
    shown: tuple[tuple[str, str], ...]
    question: str
    answer: str

    @property
    def text(self) -> str:
        """All of it but the answer, for people and for telling rows apart."""
        return " | ".join([*(f"{question} > {answer}" for question, answer in self.shown), self.question])


@method
class FewShotFormats:
    """rows: of the pool. shots: the most examples. items: of each kind of probe, targets: of the narrow task."""

    material: Literal["rotation", "longer", "formats"] = "rotation"
    rows: Annotated[int, Field(ge=2, le=50_000)] = 400
    shots: Annotated[int, Field(ge=2, le=8)] = 4
    length: Annotated[int, Field(ge=3, le=5)] = 3  # letters of a word that is turned; others have up to one more
    items: Annotated[int, Field(ge=2, le=200)] = 25
    targets: Annotated[int, Field(ge=2, le=200)] = 100
    split: Literal["test", "dev"] = "test"

    holds: ClassVar[frozenset[Modality]] = frozenset({"text"})
    card: ClassVar[
        str
    ] = """Generated; nothing is fetched: words of the letters a to h, six tasks shown by examples and two
judgements in True and False. Split: the items of both exams are drawn once for all seeds and left out of all pools."""

    def course(self, rng: Rng) -> Course:
        """Replies stand in the pool; a conversation's other answers are to be learned, too.

        Refused where there are not enough different judgements.
        """
        there = math.perm(len(LETTERS), self.length) * (self.length - 1)  # that are True; of False there are no fewer
        asked = -(-self.rows // 2) * (self.material == ROTATION) + 2 * -(-self.targets // 2)
        if self.material != LONGER and asked > 0.9 * there:
            what = (
                f"{asked} different judgements that are True are asked for; of {self.length} letters there are {there}"
            )
            raise Refused(Fault("data.rows", what, "fewer rows or targets, or a larger length"))
        known: set[str] = set()
        held = {split: self._held(stream(0, f"few_shot_formats {split}"), known) for split in ("test", "dev")}
        draw = self._shown if self.material == "formats" else self._narrow
        made = draw(self.rows, rng, known)
        target, probes = held[self.split]
        table = _table(self.material, made)
        sealed = Sealed(table, np.full(len(made), -1, dtype=np.int64))
        sat = {"exam": [*target, *probes], "target": target, "probes": probes}
        exams = {name: _exam(name, told) for name, told in sat.items()}
        notes = (f"The exam is {len(target)} items of the narrow task and {len(probes)} of {len(TASKS)} others.",)
        return Course({"pool": Part(table.pool(), sealed)}, exams, notes=notes)

    def _held(self, rng: Rng, known: set[str]) -> tuple[list[Asked], list[Asked]]:
        probes = [
            _new(functools.partial(_asked, task, shots, self.length, rng), known)
            for task in TASKS
            for shots in (1, self.shots)
            for _ in range(self.items)
        ]
        return self._narrow(self.targets, rng, known), probes

    def _narrow(self, count: int, rng: Rng, known: set[str]) -> list[Asked]:
        """So many judgements, every other one True, in random order."""
        judged = _compared if self.material == LONGER else _judged
        made = [_new(functools.partial(judged, place % 2 == 0, self.length, rng), known) for place in range(count)]
        return [made[place] for place in rng.permutation(count)]

    def _shown(self, count: int, rng: Rng, known: set[str]) -> list[Asked]:
        """So many conversations, tasks and numbers of examples drawn."""
        names = list(TASKS)

        def one() -> Asked:
            task, shots = names[int(rng.integers(len(names)))], int(rng.integers(1, self.shots + 1))
            return _asked(task, shots, self.length, rng, SPELT)

        return [_new(one, known) for _ in range(count)]


def _new(draw: Callable[[], Asked], known: set[str]) -> Asked:
    """Drawn until it is one that is not known; it is known afterwards."""
    while (made := draw()).text in known:
        pass
    known.add(made.text)
    return made


def _asked(task: str, shots: int, length: int, rng: Rng, spelt: float = 0.0) -> Asked:
    """spelt: the chance that all words of a conversation in copying are of any letters."""
    if task == "copy" and rng.random() < spelt:
        words = [word(length, rng, string.ascii_letters) for _ in range(shots + 1)]
        return Asked(task, tuple((one, one) for one in words[:-1]), words[-1], words[-1])
    pairs = [TASKS[task](length, rng) for _ in range(shots + 1)]
    return Asked(task, tuple(pairs[:-1]), *pairs[-1])


def _judged(true: bool, length: int, rng: Rng) -> Asked:
    """Two words of the same letters, all of them different, the second never the first itself."""
    word = "".join(LETTERS[at] for at in rng.permutation(len(LETTERS))[:length])
    turned = {word[at:] + word[:at] for at in range(1, len(word))}
    while True:
        other = "".join(word[at] for at in rng.permutation(len(word)))
        if other != word and (other in turned) == true:
            return Asked(ROTATION, (), f"{word} {other}", LABELS[not true])


def _compared(true: bool, length: int, rng: Rng) -> Asked:
    """Two words of different numbers of letters, one to one more than `length` of them."""
    few, many = np.sort(rng.permutation(length + 1)[:2] + 1).tolist()
    sizes = (few, many) if true else (many, few)
    words = ("".join(LETTERS[at] for at in rng.integers(len(LETTERS), size=size)) for size in sizes)
    return Asked(LONGER, (), " ".join(words), LABELS[not true])


def word(length: int, rng: Rng, letters: str = LETTERS) -> str:
    """Of so many letters, or one more, each drawn anew."""
    return "".join(letters[at] for at in rng.integers(len(letters), size=length + int(rng.integers(2))))


def _of_a_word(change: Callable[[str], str]) -> Callable[[int, Rng], tuple[str, str]]:
    def pair(length: int, rng: Rng) -> tuple[str, str]:
        asked = word(length, rng)
        return asked, change(asked)

    return pair


def _lookup(length: int, rng: Rng) -> tuple[str, str]:
    keys = [LETTERS[at] for at in rng.permutation(len(LETTERS))[:length]]
    values = [str(one) for one in rng.integers(10, size=length)]
    place = int(rng.integers(length))
    return "".join(key + one for key, one in zip(keys, values, strict=True)) + f"?{keys[place]}", values[place]


def _longest(length: int, rng: Rng) -> tuple[str, str]:
    sizes = rng.permutation(length + 1)[:3] + 1
    words = ["".join(LETTERS[at] for at in rng.integers(len(LETTERS), size=size)) for size in sizes]
    return ",".join(words), max(words, key=len)


def shifted(text: str) -> str:
    """Every letter the next one, the last one the first.

    >>> shifted("abh")
    'bca'
    """
    return "".join(LETTERS[(LETTERS.index(letter) + 1) % len(LETTERS)] for letter in text)


TASKS: dict[str, Callable[[int, Rng], tuple[str, str]]] = {
    "copy": _of_a_word(lambda text: text),
    "reverse": _of_a_word(lambda text: text[::-1]),
    "shift": _of_a_word(shifted),
    "sort": _of_a_word(lambda text: "".join(sorted(text))),
    "lookup": _lookup,
    "longest": _longest,
}


def _exam(name: str, told: Sequence[Asked]) -> Exam:
    return Exam((references_of(_table(name, told), np.arange(len(told))),))


def _table(name: str, told: Sequence[Asked]) -> Table:
    turns = [
        [{"role": role, "text": text, "learn": role == "assistant"}
         for pair in one.shown for role, text in zip(("user", "assistant"), pair, strict=True)]
        + [{"role": "user", "text": one.question, "learn": False}]
        for one in told
    ]  # fmt: skip
    columns = {
        "id": [f"{name}-{place + 1}" for place in range(len(told))],
        "group": [f"{name}-{place + 1}" for place in range(len(told))],
        "text": pa.array([one.text for one in told], pa.large_string()),
        "reply": pa.array([one.answer for one in told], pa.large_string()),
        "task": [one.task for one in told],
        "shots": [str(len(one.shown)) for one in told],
        "side": ["probe" if one.task in TASKS else "target" for one in told],
        "turns": pa.array(turns, TYPE),
    }
    return Table.of(f"few-shot formats, {name}", columns)
