"""Rehearse what the student itself writes before it learns: texts from nothing, or its replies to earlier prompts.

    before an episode:  y_i ~ student as it is,  as many as make up `share` of all lessons learned, beside what is new

Nothing of the past has to be kept: the student that is about to forget says what it knows, and learns it again. With
`prompts: none` a text begins with the token that begins texts and is learned as one that is its own truth. With
`prompts: lessons` it replies to the prompts of earlier lessons, whose replies need not be kept, with `part: NAME` to
those of that part of the data, and these replies are learned as replies. Prompts are drawn anew in each round, none
twice before every one came once. Before the first episode there are no earlier lessons, but a student that can write
already was taught elsewhere and has something to lose: `from_first: false` lets it begin without.

What is written is not refilled: texts that say nothing, that repeat another one of the same round and prompt, or, with
`whole`, that took all of `max_tokens` and so may have been cut (an end would be learned behind them) are left out and
counted. What a pretrained model writes from nothing is often longer than that: raise `max_tokens`, or learn it with
`whole: false`. Facts: `own_texts` that are learned, `own_silent`, `own_cut`, `own_repeated`, and `own_tokens`, read and
written for all of them. Writing is paid for in `calls` and `teacher_tokens`; a resumed run finds what was written.

Source: Sun, Ho and Lee (2020), LAMOL: language modeling for lifelong language learning, section 3 (texts from nothing,
a share of the new data); Huang, Cui, Wang, Yang, Liao, Song, Yao and Su (2024), Mitigating catastrophic forgetting in
large language models with self-synthesized rehearsal, section 3 (replies of the newest student). Not here: a first
token for each task, of the one, and prompts that a base model invents from examples, of the other.
Neutral limit: share 0 is `nothing`.

>>> import numpy as np
>>> from tutelage.toys import Writer, stream, view
>>> knows = view(student=Writer({"": ("it rains", "it pours", "")}), taught=np.array([0, 2, 3, 5]))
>>> (made,) = SelfReplay(share=0.6).rehearse(knows.lessons, knows, stream(0, "retain"))
>>> made.kind.__name__, sorted(made.about.examples().texts())                            # of six, without repetitions
('Itself', ['it pours', 'it rains'])
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field, model_validator

from tutelage.core.data import Block, Ints, Itself, Kinds, Lessons, Pool, Preference, Replies, Rng, Rows, Table, Text
from tutelage.core.digest import digest
from tutelage.core.forecast import Width, Work
from tutelage.core.method import method
from tutelage.core.stages import Penalty, Settled, Student, View
from tutelage.core.writing import CanCompose, CanWrite
from tutelage.kit.again import beside, spread
from tutelage.kit.lessons import alive
from tutelage.kit.luck import plain
from tutelage.kit.needed_parts import all_there
from tutelage.kit.own_writing import Own, composed, replied
from tutelage.kit.processes import once
from tutelage.kit.prompts import prompts

SOURCE = "self_replay"


@method
class SelfReplay:
    share: Annotated[float, Field(ge=0, lt=1)] = 0.2  # of the lessons that are learned, where every text can be used
    prompts: Literal["none", "lessons"] = "none"  # what it replies to; none: it writes from nothing
    part: str = ""  # of the data, whose prompts it replies to
    temperature: Annotated[float, Field(ge=0)] = 1.0
    max_tokens: Annotated[int, Field(ge=2)] = 128  # of a text, its end counted
    whole: bool = True  # leave out what has not ended
    from_first: bool = True  # before the first episode, too

    @model_validator(mode="after")
    def _one_source(self) -> SelfReplay:
        if self.part and self.prompts != "none":
            raise ValueError("the prompts are those of earlier lessons or those of a part: say one of the two")
        return self

    @property
    def needs(self) -> Kinds:
        """That it writes: texts from nothing, or replies."""
        return frozenset({CanWrite if self.part or self.prompts == "lessons" else CanCompose})

    @property
    def needs_parts(self) -> tuple[str, ...]:
        """The one whose prompts it replies to."""
        return (self.part,) if self.part else ()

    def rehearse(self, new: Lessons, view: View, rng: Rng) -> Lessons:
        """Free lessons in its own words; none beside no new lesson. Refused where the data have no such part."""
        all_there("retain.part", self.needs_parts, view.parts)
        count = int(self.rehearsed(alive(new), alive(view.lessons)).amount)
        if count == 0:
            return ()
        if not self.part and self.prompts == "none":
            own = composed(view.student, count, rng, view.till, self.max_tokens, self.temperature)
            kept = self._kept([""] * count, own, view)
            return self._texts([own.texts[place] for place in kept], view)
        pools = [view.parts[self.part]] if self.part else _asked_before(view.lessons)
        if not pools:
            return ()
        return self._replies(pools, spread(sum(map(len, pools)), count, rng), view, rng)

    def rehearsed(self, new: float, held: float) -> Work:
        """Lessons beside so many new ones, when every text can be used; which of them can only a run shows."""
        silent = held == 0 and (not self.from_first or self.prompts == "lessons")
        return Work(0.0 if silent else beside(self.share, new), silent or self.share == 0)

    def writes(self, texts: float, width: Width | None) -> dict[str, float]:
        """A call each, and every text as long as it may be; a prompt is as long as a row, as far as that is known."""
        prompts = 0.0 if width is None or not (self.part or self.prompts == "lessons") else width.tokens
        return {"calls": texts, "teacher_tokens": texts * (self.max_tokens + max(prompts, 1.0))}

    def penalty(self, view: View) -> Penalty | None:
        """Nothing is added to the loss."""
        return None

    def settle(self, before: Student, new: Lessons, view: View, rng: Rng) -> Settled:
        """The student as learned; nothing is remembered, and the facts are those of what was rehearsed beside it."""
        counted = _counts(view)
        facts = json.loads(counted.read_text(encoding="utf-8")) if self.share and counted.is_file() else {}
        return Settled(view.student, facts=facts)

    def _texts(self, told: Sequence[str], view: View) -> Lessons:
        """A table of their own."""
        if not told:
            return ()
        ids = [f"{SOURCE}/{view.step}/{view.round}/{number}" for number in range(len(told))]
        columns = {"id": ids, "text": pa.array(told, pa.large_string())}
        pool = Table.of(f"{view.pool.name}, {SOURCE} {view.step} {view.round}", columns).pool()
        size = len(pool)
        about = Rows(pool, np.arange(size, dtype=np.int64))
        return (Block(about, None, Itself, {}, SOURCE, np.zeros(size), np.ones(size)),)

    def _replies(self, pools: Sequence[Pool], numbers: Ints, view: View, rng: Rng) -> Lessons:
        """One block a pool; numbers run through all of them."""
        starts = np.concatenate([[0], np.cumsum([len(pool) for pool in pools])])
        owners = np.searchsorted(starts, numbers, side="right") - 1
        rows = numbers - starts[owners]
        told = [prompt for number, pool in enumerate(pools) for prompt in prompts(pool.take(rows[owners == number]))]
        own = replied(view.student, told, rng, view.till, self.max_tokens, self.temperature)
        kept = self._kept([digest(plain(prompt)) for prompt in told], own, view)
        blocks = []
        for number, pool in enumerate(pools):
            mine = kept[owners[kept] == number]
            if len(mine):
                given = {"text": np.array([own.texts[place] for place in mine], dtype=object)}
                size = len(mine)
                blocks.append(Block(Rows(pool, rows[mine]), None, Text, given, SOURCE, np.zeros(size), np.ones(size)))
        return tuple(blocks)

    def _kept(self, asked: Sequence[str], own: Own, view: View) -> Ints:
        """Places of the texts that can be learned; what became of the others is counted."""
        kept: list[int] = []
        seen: set[tuple[str, str]] = set()
        facts = dict.fromkeys(("own_texts", "own_silent", "own_cut", "own_repeated"), 0.0)
        for place, (prompt, text, ended) in enumerate(zip(asked, own.texts, own.ended.tolist(), strict=True)):
            fate = ("own_silent" if not text.strip() else "own_cut" if self.whole and not ended
                    else "own_repeated" if (prompt, text) in seen else "own_texts")  # fmt: skip
            facts[fate] += 1
            if fate == "own_texts":
                seen.add((prompt, text))
                kept.append(place)
        facts["own_tokens"] = float(own.tokens.sum())
        once(lambda: _counts(view).write_text(json.dumps(facts), encoding="utf-8"))
        return np.array(kept, dtype=np.int64)


def _asked_before(lessons: Lessons) -> list[Pool]:
    """The rows of earlier lessons that were prompts with a reply, of equal prompts the first."""
    asked = [block for block in lessons if block.kind in (Text, Preference, Replies) and alive((block,))]
    seen: set[str] = set()
    made = []
    for block in asked:
        pool = block.about.examples().take(np.flatnonzero(block.weight > 0))
        fresh = np.zeros(len(pool), dtype=bool)
        for row, prompt in enumerate(prompts(pool)):
            mark = digest(plain(prompt))
            fresh[row] = mark not in seen
            seen.add(mark)
        made.append(pool.take(np.flatnonzero(fresh)))
    return [pool for pool in made if len(pool)]


def _counts(view: View) -> Path:
    """Where the counts of this step wait to be told; the folder is emptied when the round is recorded."""
    return view.scratch / f"{SOURCE}-{view.step}-{view.round}.json"
