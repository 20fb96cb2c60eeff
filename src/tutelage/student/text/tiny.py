"""A small language model that starts from nothing: a decoder of a few layers with a tokenizer made from the pool.

    p(y | x) = prod_t p(y_t | x, y_<t)   by a Llama of `layers` x `hidden`, its first weights drawn by the seed

`vocabulary: bytes` takes one token a byte (258 in all); a number asks for that many, byte pairs merged by frequency
over at most 20,000 texts of the pool, and their replies where these stand beside them. A token begins every prompt, one
stands between a prompt and its reply, one ends the reply; conversations are written turn by turn in the same way. What
it has not been taught it cannot do: give it `taught: {...}`, a recipe over material like what it is to read, which is
run once and kept.

Lessons, labels in words and windows are as in text.causal, whose neutral limit it shares. Parameters: about
12 layers hidden^2 + vocabulary hidden.

Source: Touvron et al. (2023), LLaMA (the architecture, from transformers); Sennrich, Haddow and Birch (2016), byte
pairs. Neutral limit: untrained it finds every reply about as likely as any other of the same length.

>>> Tiny(hidden=32, layers=1, heads=2).hidden
32
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field

from tutelage.core.data import Kinds, Modality, Pool, Rng
from tutelage.core.descent import CanDescend
from tutelage.core.digest import digest
from tutelage.core.errors import Fault, Refused
from tutelage.core.forecast import Width
from tutelage.core.method import method, settings
from tutelage.core.parts import missing_extra
from tutelage.core.rng import stream
from tutelage.core.stages import CanWeigh
from tutelage.core.writing import CanCompose, CanConsult, CanHeed, CanJudge, CanRate, CanRecite, CanWrite
from tutelage.kit.ratings import has_reply, replies
from tutelage.student.text._foretold import outline_of, width_of
from tutelage.student.text._speaker import Speaker, loaded
from tutelage.student.text.causal import FACES

MOST = 20_000  # texts that a vocabulary is made from
TOKENIZER = "tokenizer.json"  # beside a saved student


@method
class Tiny:
    hidden: Annotated[int, Field(ge=8)] = 128
    layers: Annotated[int, Field(ge=1)] = 4
    heads: Annotated[int, Field(ge=1)] = 4
    vocabulary: Literal["bytes"] | Annotated[int, Field(ge=300)] = "bytes"
    pattern: Annotated[str, Field(pattern=r"\{x\}")] = "{x}"  # how a text is asked about for a label
    verbalisers: Mapping[str, str] = Field(default_factory=dict)  # label -> what is said for it; else its name
    window: Annotated[int, Field(ge=8)] = 256  # tokens of a prompt with its reply
    batch: Annotated[int, Field(ge=1)] = 32  # prompts read at once; changes speed only

    template: ClassVar[str] = "auto"
    instruction: ClassVar[str] = ""
    score: ClassVar[str] = "mean"
    calibrate: ClassVar[str | None] = None
    reads: ClassVar[frozenset[Modality]] = frozenset({"text"})
    can: ClassVar[Kinds] = frozenset(
        {CanWeigh, CanCompose, CanHeed, CanJudge, CanRate, CanRecite, CanWrite, CanConsult, CanDescend, *FACES}
    )

    def begin(self, pool: Pool, rng: Rng) -> Speaker:
        if self.hidden % (2 * self.heads):
            what = f"{self.heads} heads do not share {self.hidden} numbers in even parts"
            raise Refused(Fault("student.hidden", what, "a multiple of twice the number of heads"))
        try:
            from tutelage.student.text._born import tokenizer
        except ModuleNotFoundError as error:
            raise missing_extra("student: text.tiny", error.name or "torch") from error
        some = pool.take(range(min(len(pool), MOST)))
        told = replies(some.take(np.flatnonzero(has))) if (has := has_reply(some)).any() else []
        texts = [*some.texts(), *told]
        made = tokenizer(texts, None if self.vocabulary == "bytes" else self.vocabulary)
        return Speaker("text.tiny", self, pool.labels, Born(self, made, int(rng.integers(2**62))))

    def width(self, pool: Pool) -> Width:
        """Tokens of a lesson, counted on a few rows."""
        return width_of(self.begin(pool, stream(0, "width")), pool)

    def outline(self) -> Any:
        """With all the tokens that `vocabulary` allows, though a small pool may not give so many."""
        return outline_of(Bare(self))

    def load(self, folder: Path) -> Speaker:
        seed, tokens = (folder / TOKENIZER).read_text(encoding="utf-8").split("\n", 1)
        return loaded(folder, Speaker("text.tiny", self, (), Born(self, tokens, int(seed))))


class Born(NamedTuple):
    """First weights by a seed, and a tokenizer as JSON. Implements _speaker.Source."""

    maker: Tiny
    tokens: str
    seed: int

    @property
    def print_(self) -> str:
        return digest(settings(self.maker), self.tokens, self.seed)

    @property
    def name(self) -> str:
        return "text.tiny"

    def base(self) -> Any:
        maker = self.maker
        return _made(self.tokens, self.seed, maker.hidden, maker.layers, maker.heads, maker.window)

    def save(self, folder: Path) -> None:
        """The seed, then the tokenizer."""
        (folder / TOKENIZER).write_text(f"{self.seed}\n{self.tokens}", encoding="utf-8")


class Bare(NamedTuple):
    """Shapes alone. What `outline_of` asks of a _speaker.Source."""

    maker: Tiny

    def base(self) -> Any:
        try:
            from tutelage.student.text._born import bare
        except ModuleNotFoundError as error:
            raise missing_extra("student: text.tiny", error.name or "torch") from error
        maker = self.maker
        size = None if maker.vocabulary == "bytes" else maker.vocabulary
        return bare(size, maker.hidden, maker.layers, maker.heads, maker.window)


@functools.lru_cache(maxsize=8)  # small; a run holds a few of them
def _made(tokens: str, seed: int, hidden: int, layers: int, heads: int, window: int) -> Any:
    from tutelage.student.text._born import born

    return born(tokens, seed, hidden, layers, heads, window)
