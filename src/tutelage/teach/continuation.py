"""Each text is cut in two; how it goes on is the answer to its first half: lessons without a single instruction.

    x = x1 + x2;   lesson: the user says x1, the assistant says y, loss on y and its end alone

`by: teacher` asks a student that writes for y, with `ask` around x1; `human` takes x2, which is how the text itself
goes on and free; `shuffled` takes what the teacher wrote for another x1, all pairings equally likely, so that the
replies are the same ones and no longer belong. Without `teacher` the student that is being taught is asked, as it is
now. Cuts lie behind white space, and x1 + x2 is x to the letter.

Lessons are about new rows, `parent/continuation/1`, whose text is x1. What is left out is counted in the facts: texts
of fewer than `shortest` characters (`short`), replies that say nothing (`empty`), and with `filtered` pairs in which
something reads like an instruction or a conversation (`instructions`). `whole` cuts a reply of the teacher back to its
last full sentence; `openers: strip` takes away words such as "Sure, here is the continuation:". `opened` and `echoed`
are the shares of replies that begin with such words, and that repeat eight words of x1 in a row. Replies are paid for
in `calls` and `teacher_tokens`. With `luck` the teacher's draws are the same under every seed, and bought once.

Source: Xie, Syu, Lee (2024), Non-instructional fine-tuning, arXiv 2409.00096: halves of web texts, continued by a
teacher; the rules of the filter and the shuffled control are ours.
Neutral limit: with a teacher that writes x2 it is `human`; in plain text that is the loss of a language model on the
second half behind the first.

>>> from tutelage.core.data import Rows, Table
>>> from tutelage.toys import ANSWERS, Writer, stream, till, view
>>> pool = Table.of("news", {"id": ["a"], "text": ["It rains in Spain."]}).pool()
>>> seen = view(pool, Writer({"It rains": ("a lot. And",)}), purse=till())
>>> how = Continuation(ask="{x}", shortest=4)
>>> told = how.teach(Rows(pool, np.arange(1)), seen, ANSWERS, stream(0, "teach")).lessons[0]
>>> told.about.examples().ids(), told.about.examples().texts(), told.given["text"].tolist()
(['a/continuation/1'], ['It rains '], ['a lot.'])
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import numpy as np
import pyarrow as pa
from pydantic import Field

from tutelage.core.data import Block, Kinds, Pool, Rng, Rows, Table, Text
from tutelage.core.method import method
from tutelage.core.parts import part
from tutelage.core.stages import Answers, Taught, View
from tutelage.core.writing import CanWrite
from tutelage.kit.asked import CALLS, TOKENS, asked
from tutelage.kit.luck import generator
from tutelage.kit.passages import cut, echoes, instructs, opener


class Pair(NamedTuple):
    """One lesson to be. cost: tokens and calls."""

    parent: str
    prompt: str
    reply: str
    cost: float


@method
class Continuation:
    """at: the share of a text's characters that is shown. max_tokens, temperature: of what the teacher writes."""

    by: Literal["teacher", "human", "shuffled"] = "teacher"
    teacher: Annotated[Any, part("student")] = None
    ask: Annotated[str, Field(pattern=r"\{x\}")] = "Continue this text:\n\n{x}"
    at: Annotated[float, Field(gt=0, lt=1)] = 0.5
    shortest: Annotated[int, Field(ge=2)] = 10
    max_tokens: Annotated[int, Field(ge=1)] = 64
    temperature: Annotated[float, Field(ge=0)] = 0.7
    luck: int | None = None  # of the teacher's draws; None: the run's own
    whole: bool = True
    openers: Literal["keep", "strip"] = "keep"
    filtered: bool = False

    gives: ClassVar[Kinds] = frozenset({Text})
    students_need: ClassVar[Kinds] = frozenset({CanWrite})

    @property
    def needs(self) -> Kinds:
        """Writing, where the student that is taught is the one that is asked."""
        return frozenset({CanWrite}) if self.by != "human" and self.teacher is None else frozenset()

    @property
    def spends(self) -> frozenset[str]:
        """What the teacher's replies cost."""
        return frozenset() if self.by == "human" else frozenset({CALLS, TOKENS})

    @property
    def per_row(self) -> Mapping[str, float]:
        """A call a text; tokens are not paid by the row, since texts differ in length."""
        return {} if self.by == "human" else {CALLS: 1.0, TOKENS: 0.0}

    def teach(self, asked: Rows, view: View, answers: Answers, rng: Rng) -> Taught:
        """A Text lesson for every pair that is kept; none where nothing is."""
        if asked.size == 0:
            return Taught(())
        pool = asked.examples()
        told = list(zip(pool.ids(), pool.texts(), strict=True))
        long = [(name, text, cut(text, self.at)) for name, text in told if len(text) >= self.shortest]
        halves = [(name, text[:place], text[place:]) for name, text, place in long]
        pairs = self._human(halves) if self.by == "human" else self._written(halves, view, rng)
        said = [pair for pair in pairs if pair.reply.strip()]
        kept = [pair for pair in said if not self.filtered or not instructs(f"{pair.prompt}\n{pair.reply}")]
        facts = {
            "pairs": float(len(kept)),
            "short": float(len(told) - len(long)),
            "empty": float(len(pairs) - len(said)),
            "instructions": float(len(said) - len(kept)),
        }
        if not kept:
            return Taught((), facts)
        facts |= {
            "opened": float(np.mean([opener(pair.reply) > 0 for pair in kept])),
            "echoed": float(np.mean([echoes(pair.reply, pair.prompt) for pair in kept])),
        }
        return Taught((_block(pool, self._paired(kept, rng)),), facts)

    def _human(self, halves: Sequence[tuple[str, str, str]]) -> list[Pair]:
        return [Pair(name, first, second, 0.0) for name, first, second in halves]

    def _written(self, halves: Sequence[tuple[str, str, str]], view: View, rng: Rng) -> list[Pair]:
        """What the teacher says to every first half; the same luck is drawn, whether or not its own is pinned."""
        teacher = view.student if self.teacher is None else self.teacher.finished
        drawn = generator(int(rng.integers(2**63)) if self.luck is None else self.luck)
        questions = [self.ask.replace("{x}", first.rstrip()) for _, first, _ in halves]
        heard = asked(teacher, questions, 1, drawn, view.till, max_tokens=self.max_tokens,
                      temperature=self.temperature)  # fmt: skip
        costs = (heard.tokens[:, 0] + 1).tolist()
        replies = [self._trimmed(str(text)) for text in heard.texts[:, 0]]
        return [Pair(name, first, reply, float(cost))
                for (name, first, _), reply, cost in zip(halves, replies, costs, strict=True)]  # fmt: skip

    def _trimmed(self, reply: str) -> str:
        """Without white space around it, and what the settings take away."""
        said = reply[opener(reply) :] if self.openers == "strip" else reply
        said = said.strip()
        return sentences(said) if self.whole else said

    def _paired(self, pairs: list[Pair], rng: Rng) -> list[Pair]:
        """Shuffled: every reply stands behind another prompt, in one circle that is drawn."""
        if self.by != "shuffled":
            return pairs
        circle = rng.permutation(len(pairs))
        after = np.empty_like(circle)
        after[circle] = np.roll(circle, 1)
        return [pair._replace(reply=pairs[other].reply) for pair, other in zip(pairs, after.tolist(), strict=True)]


def sentences(text: str) -> str:
    """Up to the last end of a sentence or of a line; the whole text where there is none.

    >>> sentences("It rains. It pours. And then"), sentences("no end")
    ('It rains. It pours.', 'no end')
    """
    ends = [found.end() for found in re.finditer(r"[.!?][\"')\]]*(?=\s|$)|[^\n](?=\n)", text)]
    return text[: ends[-1]] if ends else text


def _block(pool: Pool, pairs: Sequence[Pair]) -> Block:
    """The pairs as lessons about rows of a table of their own."""
    columns = {
        "id": [f"{pair.parent}/continuation/1" for pair in pairs],
        "text": pa.array([pair.prompt for pair in pairs], pa.large_string()),
        "group": [pair.parent for pair in pairs],
    }
    about = Table.of(f"{pool.name}, first halves", columns).pool()
    given = {"text": np.array([pair.reply for pair in pairs], dtype=object)}
    costs = np.array([pair.cost for pair in pairs])
    return Block(Rows(about, np.arange(len(pairs))), None, Text, given, "continuation", costs, np.ones(len(pairs)))
