"""The student looks for other right programs, and right beginnings, beside the one reference that each task has.

    y ~ p(. | x, start)^(1/temperature),   start drawn uniformly from: nothing, and every right beginning kept of x
    right program     start + y, cut behind the statement that sets `answer`, when it comes to what the reference does
    right beginning   its longest first part whose state, the values of its variables, something kept has been in

Neither is kept when it has more than `tolerance` statements more than the shortest known way there, nor when it says
the same as one that is kept (`kit.solutions`). Lessons are Replies: the reference, other right programs, then right
beginnings, at most `most`; a beginning has reward 1/2 and is marked in `ends` as one that is not whole, so that no end
is taught behind it. The reference is bought once a task (1 label), each new program that gives an answer is checked by
running it (1 verdict); beginnings are compared with what is known already and cost nothing. What is kept stays in the
memory of the stage, so that the next round goes on from it.

Use it with `choose: everything` and `keep: false`, one round after each stretch of learning, on a student that learns
on (`restart: false`), with `objective: multi_target`.

Source: Ni, Inala, Wang, Polozov, Meek, Radev and Gao (2023, ICLR), sections 3.2 to 4.2; theirs samples before every
update, this once a round.
Neutral limit: samples 0 teaches the references alone; partial: false keeps right programs alone and always starts anew.

>>> from tutelage.core.data import Table
>>> from tutelage.core.writing import Written
>>> from tutelage.sandbox.answers import Executed
>>> from tutelage.toys import stream, till, view
>>> class Other:                                                # a student that always says the same
...     def write(self, prompts, k, rng, **settings):
...         texts = np.full((len(prompts), k), "a=4*2; answer=a+1", dtype=object)
...         return Written(texts, np.ones(len(prompts), dtype=np.int64), np.ones((len(prompts), k), dtype=np.int64))
>>> table = Table.of("one task", {"text": ["2 boxes of 4, and 1 more. How many?"]})
>>> sealed = Executed(table, np.array(["a=2*4; answer=a+1"], dtype=object)).through(till())
>>> asked = Rows(table.pool(), np.arange(1))
>>> taught = SelfSampled().teach(asked, view(table.pool(), Other()), sealed, stream(0, "teach"))
>>> [text.split() for text in taught.lessons[0].given["texts"][0]], taught.lessons[0].cost.tolist()
([['a=2*4', 'answer=a+1'], ['a=4*2', 'answer=a+1']], [2.0])
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, NamedTuple

import numpy as np
from pydantic import Field

from tutelage.core.answers import price_of
from tutelage.core.data import Block, Ints, Kinds, Replies, Rng, Rows, Text
from tutelage.core.method import method
from tutelage.core.stages import Answers, Taught, View, able
from tutelage.core.writing import CanWrite, Prompt, Turn
from tutelage.kit.prompts import prompts
from tutelage.kit.solutions import Program, Solutions, from_plain, plain, with_found
from tutelage.sandbox.arithmetic import trace

BEGUN = 0.5  # the reward of a right beginning: more than nothing, less than a right program


class Sampled(NamedTuple):
    """What the student wrote: which task each program is for, and how many tokens all of it took."""

    tasks: Ints
    programs: list[Program]
    tokens_in: int
    tokens_out: int


@method
class SelfSampled:
    samples: Annotated[int, Field(ge=0)] = 1  # programs written for a task each time it is asked about
    partial: bool = True  # keep right beginnings, too, and start from them
    tolerance: Annotated[int, Field(ge=0)] = 0  # statements that a program may have more than the shortest known
    most: Annotated[int, Field(ge=1)] = 10  # replies of a lesson
    temperature: Annotated[float, Field(gt=0)] = 0.8
    max_tokens: Annotated[int, Field(ge=1)] = 100

    needs: ClassVar[Kinds] = frozenset({CanWrite})
    gives: ClassVar[Kinds] = frozenset({Replies})
    spends: ClassVar[frozenset[str]] = frozenset({"labels", "verdicts"})

    @property
    def per_row(self) -> Mapping[str, float]:
        """The most that one task costs in one round."""
        return {"labels": 1.0, "verdicts": float(self.samples)}

    def teach(self, asked: Rows, view: View, answers: Answers, rng: Rng) -> Taught:
        """One Replies lesson a task. Facts are of the tasks asked about; tokens are the student's, read and written."""
        if asked.size == 0:
            return Taught(())
        references = answers.reveal(asked, Text)
        held: dict[str, Any] = dict(view.memory.get("kept", {}))
        ids = asked.examples().ids()
        kept = [
            from_plain(held[id]) if id in held else Solutions((trace(text).program,))
            for id, text in zip(ids, references.given["text"], strict=True)
        ]
        found = self._sampled(asked, view, kept, rng)
        right, verdicts = self._judged(asked, answers, kept, found)
        for task, program, good in zip(found.tasks.tolist(), found.programs, right, strict=True):
            kept[task] = with_found(kept[task], program, good, self.tolerance, self.partial)
        held.update(zip(ids, map(plain, kept), strict=True))
        cost = references.cost + verdicts * price_of(answers, "verdicts")
        block = Block(asked, None, Replies, self._given(kept), "self_sampled", cost, np.ones(asked.size))
        facts = {
            "solutions": float(np.mean([len(one.full) for one in kept])),
            "beginnings": float(np.mean([len(one.partial) for one in kept])),
            "right": float(np.mean(right)) if right else float("nan"),
            "tokens_in": float(found.tokens_in),
            "tokens_out": float(found.tokens_out),
        }
        return Taught((block,), {name: value for name, value in facts.items() if value == value}, {"kept": held})

    def _sampled(self, asked: Rows, view: View, kept: Sequence[Solutions], rng: Rng) -> Sampled:
        """`samples` programs for each task, each from a start of its own."""
        tasks = np.repeat(np.arange(asked.size), self.samples)
        if not len(tasks):
            return Sampled(tasks, [], 0, 0)
        starts = [kept[task].starts[rng.integers(len(kept[task].starts))] for task in tasks.tolist()]
        told = ["".join(f"{line}\n" for line in start.lines) for start in starts]
        said = prompts(asked.examples())
        begun = [_begun(said[task], text) for task, text in zip(tasks.tolist(), told, strict=True)]
        student = able(view.student, CanWrite)
        written = student.write(begun, 1, rng, max_tokens=self.max_tokens, temperature=self.temperature)
        programs = [trace(text + new).program for text, new in zip(told, written.texts[:, 0], strict=True)]
        return Sampled(tasks, programs, int(written.tokens_in.sum()), int(written.tokens_out.sum()))

    def _judged(
        self, asked: Rows, answers: Answers, kept: Sequence[Solutions], found: Sampled
    ) -> tuple[list[bool], Ints]:
        """Whether each program is right, and how many verdicts each task took; what is kept needs none."""
        known = [{one.normal for one in kept[task].full} for task in found.tasks.tolist()]
        right = [program.normal in known[place] for place, program in enumerate(found.programs)]
        new: list[dict[tuple[str, ...], str]] = [{} for _ in range(asked.size)]
        for task, program, good in zip(found.tasks.tolist(), found.programs, right, strict=True):
            if program.whole and not good:
                new[task][program.normal] = "\n".join(program.normal)
        verdicts = iter(answers.check(asked, [list(several.values()) for several in new]) > 0)
        passed = [{normal for normal in several if next(verdicts)} for several in new]
        for place, (task, program) in enumerate(zip(found.tasks.tolist(), found.programs, strict=True)):
            right[place] = right[place] or program.normal in passed[task]
        return right, np.array([len(several) for several in new], dtype=np.int64)

    def _given(self, kept: Sequence[Solutions]) -> dict[str, Any]:
        """The columns of Replies, as wide as the longest lesson."""
        several = [(*one.full, *one.partial)[: self.most] for one in kept]
        width = max(map(len, several))
        texts = np.full((len(several), width), None, dtype=object)
        rewards = np.full(texts.shape, np.nan, dtype=np.float32)
        ends = np.zeros(texts.shape, dtype=bool)
        for row, programs in enumerate(several):
            for place, one in enumerate(programs):
                texts[row, place] = "\n".join(one.lines) + ("" if one.whole else "\n")
                rewards[row, place], ends[row, place] = 1.0 if one.whole else BEGUN, one.whole
        return {"texts": texts, "rewards": rewards, "ends": ends}


def _begun(prompt: Prompt, text: str) -> Prompt:
    """The prompt with a reply begun behind it, which the student goes on with."""
    if not text:
        return prompt
    turns = (Turn("user", prompt),) if isinstance(prompt, str) else prompt
    return (*turns, Turn("assistant", text))
