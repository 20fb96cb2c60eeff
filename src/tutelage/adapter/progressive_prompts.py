"""Progressive prompts: each episode learns a prompt of its own in front of those of all earlier ones, which stay.

    p(y | x)  ->  p(y | P_T, ..., P_2, P_1, x),    P_t (length, d);   in episode T only P_T moves

The newest prompt stands first and the oldest right before the text. In a decoder the earlier prompts read the newest:
their numbers stay as they are, what comes of them changes with it. Each begins as `prompt` does, as the
embeddings of tokens drawn anew or of the words of `start`. A call of the learner is an episode, and with `rounds: k` k
calls are one: material that comes as one episode for each of k passes. The student carries all of them, and every
episode makes what is read `length` places longer. Which task a question is of may be known: `recall: prompts_of_task`
answers it with the prompts up to that task's own, as the paper does, and then nothing learned earlier is lost.

The paper may learn a prompt through a small network with a residual connection, which is thrown away afterwards; here,
as in `prompt`, the vectors themselves move. Files for peft are one prompt tuning of all vectors.

Source: Razdaibiedina, Mao, Hou, Khabsa, Lewis and Almahairi (2023, ICLR), Progressive prompts: continual learning for
language models, section 3. Neutral limit: in the first episode it is `prompt`, and with `rounds` no fewer than all
calls it always is; as an episode begins the student answers as one with a single prompt of all these vectors.

>>> ProgressivePrompts(length=4).rounds
1
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from tutelage.core.data import Kinds, Rng
from tutelage.core.descent import Group, Opened, Prefixes
from tutelage.core.errors import Fault, Refused
from tutelage.core.method import method
from tutelage.kit.soft_prompt import PromptRow, begun, unread

HELP = "the same settings in every round, or restart: true"


@method
class ProgressivePrompts:
    length: Annotated[int, Field(ge=1)] = 16  # of each episode's prompt
    start: str = ""  # words whose embeddings each starts from, repeated or cut to the length; empty: drawn tokens
    rounds: Annotated[int, Field(ge=1)] = 1  # calls of the learner that are one episode

    needs: ClassVar[Kinds] = frozenset({Prefixes})
    adds: ClassVar[bool] = True
    grows: ClassVar[bool] = True

    def open(self, module: Any, rng: Rng) -> Opened:
        """One group, the vectors of this episode. Refused when the student has a learned prompt of another kind."""
        unread(module)
        row = module.before if module.before is not None else PromptRow(0, ())
        if row.kind != PromptRow.kind:
            what = f"the student has a learned {row.kind} of {row.length} places, which belongs to no episode"
            raise Refused(Fault("learn.adapter", what, "progressive_prompts from the first round on, or restart: true"))
        lengths = {len(one) for one in row.prompts}
        if lengths - {self.length}:
            what = f"the student has learned prompts of {lengths.pop()} places each, not {self.length}"
            raise Refused(Fault("learn.adapter.length", what, HELP))
        fresh = row.opened % self.rounds == 0
        count = row.opened // self.rounds + 1
        if row.count + fresh != count:
            told = f"the student was opened {row.opened} times for {row.count} episodes"
            what = f"{told}, which are not {self.rounds} each"
            raise Refused(Fault("learn.adapter.rounds", what, HELP))
        held = [one.detach() for one in row.prompts]
        new = [begun(module, self.length, self.start, rng)] if fresh else []
        module.before = PromptRow(row.opened + 1, [*held, *new])
        return Opened(module, (Group((f"before.episode_{count}",)),))
