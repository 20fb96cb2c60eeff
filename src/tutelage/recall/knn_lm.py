"""Mixes each next token of a language model with those that followed the most similar contexts taught (kNN-LM).

    p(w | x) = share p_near(w | x) + (1 - share) p_student(w | x)
    p_near(w | x) = sum_{i in N, w_i = w} c_i exp(-d_i^2 / temperature)  /  the same over all of N

N are the `neighbours` entries nearest to x, the text so far: an entry is a token that a lesson teaches under the state
of `layer` before it, d the Euclidean distance of states, c the lesson's weight. It holds wherever the student reads or
writes: replies scored or written, labels in words, texts recited. Nothing is learned, so that the store is brought up
to date by lessons alone: one added adds its entries, the last about a row takes the place of those before, and
`without` takes rows away; each leaves the rest as it was, bit for bit. With `part` the rows of that part are the store,
replies where they have such, else texts. Lessons of kinds other than Text, Itself and Label are not in it.

Whoever asks in words asks about no row, so that, unlike nearest_lessons, a row that was taught is found again. d^2
grows with the width of the states: choose the temperature on a development split.

Source: Khandelwal, Levy, Jurafsky, Zettlemoyer and Lewis (2020), Generalization through memorization, equations 2 and
3; the key there is the input of the last layer's feed-forward, here what a layer gives, -1 being what the head reads.
Neutral limit: share 0, or no lesson yet, is the student itself.

>>> KnnLm(neighbours=16, share=0.25).needs == frozenset({CanConsult})
True
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from tutelage.core.data import Array, Block, Floats, Floats32, Ints, Itself, Kinds, Label, Lessons, Pool, Rng, Text
from tutelage.core.digest import digest
from tutelage.core.errors import Fault, Refused
from tutelage.core.method import method, settings
from tutelage.core.stages import Student, View, able
from tutelage.core.writing import CanConsult, Prompt, ReadAlone, Recited, Tokens, Written
from tutelage.kit.again import as_lessons
from tutelage.kit.blocks import some
from tutelage.kit.needed_parts import all_there
from tutelage.kit.token_store import TokenStore, restored

FILE, ARRAYS = "recall.json", "recall.npz"  # beside a saved student
KINDS = (Text, Itself, Label)


@dataclass(frozen=True, eq=False)
class Equipped:
    """student: the plain one. It has no weights to move, since a store belongs to the weights that it was made with."""

    student: Any
    maker: KnnLm
    store: TokenStore

    @functools.cached_property
    def fingerprint(self) -> str:
        """Changes with the student, with a setting and with any entry of the store."""
        return digest(self.student.fingerprint, settings(self.maker), self.store.fingerprint)

    @property
    def labels(self) -> tuple[str, ...]:
        """Those of the student within."""
        return tuple(self.student.labels)

    def forgotten(self, ids: Sequence[str]) -> Student:
        """The student as equipped without the rows of these ids; the plain one where nothing is left."""
        store = self.store.forgotten(ids)
        return self.student if store is None else Equipped(self.student, self.maker, store)

    def among(self, labels: Sequence[str]) -> Equipped:
        """The same store, choosing among these labels."""
        return Equipped(self.student.among(labels), self.maker, self.store)

    def probs(self, pool: Pool) -> Floats32:
        """(n, C) float32, the labels' words read beside the store."""
        return self._beside.probs(pool)  # type: ignore[no-any-return]

    def answer(self, pool: Pool, rng: Rng) -> Block:
        """An answer to each of n rows, a block of n lessons as the student within gives it, beside the store."""
        return self._beside.answer(pool, rng)  # type: ignore[no-any-return]

    def lengths(self, questions: Sequence[str], answers: Sequence[str]) -> Ints:
        """(n,) tokens of each worked example in a prompt; the store takes none."""
        return self.student.lengths(questions, answers)  # type: ignore[no-any-return]

    def logprob(self, prompts: Sequence[Prompt], replies: Sequence[str]) -> Floats:
        """(n,) natural logs of p(reply | prompt), summed over the reply's tokens, its end not counted."""
        return self._beside.logprob(prompts, replies)  # type: ignore[no-any-return]

    def rate(self, prompts: Sequence[Prompt], replies: Sequence[str]) -> Floats:
        """(n,) natural logs of p(reply | prompt), its end counted; NaN where the reply does not fit."""
        return self._beside.rate(prompts, replies)  # type: ignore[no-any-return]

    def tokens(self, prompts: Sequence[Prompt], replies: Sequence[str]) -> Tokens:
        """(n,) lengths of each prompt and reply, those of the student within."""
        return self.student.tokens(prompts, replies)  # type: ignore[no-any-return]

    def write(
        self, prompts: Sequence[Prompt], k: int, rng: Rng, *, max_tokens: int = 64, temperature: float = 1.0,
        stop: Sequence[str] = (),
    ) -> Written:  # fmt: skip
        """Texts (n, k), k replies to each prompt, every token drawn beside the store; temperature 0: the likeliest."""
        how = {"max_tokens": max_tokens, "temperature": temperature, "stop": stop}
        return self._beside.write(prompts, k, rng, **how)  # type: ignore[no-any-return]

    def read_alone(self, texts: Sequence[str]) -> ReadAlone:
        """(n,) natural log of each text by itself, its end counted, and (n,) its tokens."""
        return self._beside.read_alone(texts)  # type: ignore[no-any-return]

    def recite(self, texts: Sequence[str], share: float = 0.5) -> Recited:
        """Texts (n,), gone on with from their first `share` of tokens (0 to 1), the likeliest token each time."""
        return self._beside.recite(texts, share)  # type: ignore[no-any-return]

    def save(self, folder: Path) -> None:
        """The student's own files, and beside them the settings and the store."""
        self.student.save(folder)
        np.savez(folder / ARRAYS, allow_pickle=False, **self.store.arrays)
        told = {"settings": settings(self.maker), "ids": list(self.store.ids)}
        (folder / FILE).write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    @functools.cached_property
    def _beside(self) -> Any:
        return able(self.student, CanConsult).consulting(self.store)


@method
class KnnLm:
    neighbours: Annotated[int, Field(ge=1)] = 64  # entries that have a say
    share: Annotated[float, Field(ge=0, le=1)] = 0.25  # of the store in each token
    temperature: Annotated[float, Field(gt=0)] = 1.0  # in squared distances; a larger one counts far entries in
    layer: int = -1  # whose states are compared: 0 the embeddings, -1 what the head reads
    part: str = ""  # rows of this part are the store; "": the lessons so far
    without: tuple[str, ...] = ()  # ids of rows that are not in the store

    needs: ClassVar[Kinds] = frozenset({CanConsult})

    @property
    def needs_parts(self) -> tuple[str, ...]:
        """The one that is the store."""
        return (self.part,) if self.part else ()

    def equip(self, view: View, rng: Rng) -> Student:
        """The student itself where there is nothing to look up, or where the store has no share."""
        lessons = () if self.share == 0 else _last(self._lessons(view), frozenset(self.without))
        if not lessons:
            return view.student
        told = able(view.student, CanConsult).keyed(lessons, self.layer)
        weight = np.concatenate([block.weight for block in lessons])[told.lessons]
        ids = tuple(one for block in lessons for one in block.about.examples().ids())
        arrays: dict[str, Array] = {"keys": told.states, "tokens": told.tokens, "weight": weight, "rows": told.lessons}
        return Equipped(view.student, self, restored(arrays, ids, self._how))

    def restored(self, student: Any, folder: Path) -> Student:
        """The equipped student that was saved in this folder."""
        told = json.loads((folder / FILE).read_text(encoding="utf-8"))
        with np.load(folder / ARRAYS, allow_pickle=False) as arrays:
            held = {name: arrays[name] for name in arrays.files}
        return Equipped(student, self, restored(held, told["ids"], self._how))

    @property
    def _how(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("neighbours", "share", "temperature", "layer")}

    def _lessons(self, view: View) -> Lessons:
        """Refused for a part that the course has not, and for an id to leave out that nothing has."""
        all_there("recall.part", self.needs_parts, view.parts)
        pool = view.parts.get(self.part)
        lessons = view.lessons if pool is None else as_lessons(pool, np.arange(len(pool)), "part")
        if self.without:
            tables = {one.fingerprint: one for one in [view.pool.table, *(block.about.pool.table for block in lessons)]}
            known = {str(one) for table in tables.values() for one in table.columns.column("id").to_pylist()}
            strange = [one for one in self.without if one not in known]
            if strange:
                help = "the ids of rows that are taught or stand in the part"
                raise Refused([Fault("recall.without", f"no row has the id {one!r}", help) for one in strange])
        return lessons


def _last(lessons: Lessons, without: frozenset[str]) -> Lessons:
    """The lessons of positive weight that a store can keep, the last one about each row, less these ids, in order."""
    held = [some(block, np.flatnonzero(block.weight > 0)) for block in lessons if block.kind in KINDS]
    seen: set[tuple[str, int]] = set()
    made: list[Block] = []
    for block in reversed(held):
        table, ids = block.about.pool.table.fingerprint, block.about.examples().ids() if without else ()
        stay = np.zeros(block.size, dtype=bool)
        for place in reversed(range(block.size)):
            key = (table, int(block.about.numbers[place]))
            stay[place] = key not in seen and not (without and ids[place] in without)
            seen.add(key)
        if stay.any():
            made.append(some(block, np.flatnonzero(stay)))
    return tuple(reversed(made))
