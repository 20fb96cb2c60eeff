"""The words of students that read and write: a prompt, what was written, and what such a student can be asked.

A prompt is a text or a conversation. A text is one turn of the user where the student has a chat template, and is
taken as it stands where it has none. A conversation whose last turn is the assistant's is a reply begun, which the
student goes on with. Worked examples reach a student in its pool's column `context` (`kit.context`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias, runtime_checkable

from tutelage.core.data import Array, Floats, Floats32, Ints, Lessons, Rng
from tutelage.core.stages import Student

Role: TypeAlias = Literal["system", "user", "assistant"]


class Turn(NamedTuple):
    """One thing said. learn: in a lesson, this turn carries loss as the given reply does."""

    role: Role
    text: str
    learn: bool = False


Prompt: TypeAlias = str | tuple[Turn, ...]


class Written(NamedTuple):
    """k replies to each of n prompts, and how many tokens that took."""

    texts: Array  # (n, k) object array of str
    tokens_in: Ints  # (n,) tokens of each prompt, read once whatever k is
    tokens_out: Ints  # (n, k) tokens drawn, the one that ended the reply included


@runtime_checkable
class CanJudge(Protocol):
    """logprob: (n,) natural log of the probability that reply i follows prompt i, summed over its tokens, in fp32."""

    def logprob(self, prompts: Sequence[Prompt], replies: Sequence[str]) -> Floats: ...


class Tokens(NamedTuple):
    """How long prompts and replies are as a lesson shows them; `reply` counts the token that ends it."""

    prompt: Ints  # (n,) as shown, what was left out not counted
    reply: Ints  # (n,)
    cut: Ints  # (n,) tokens of the prompt that the window leaves out


@runtime_checkable
class CanRate(Protocol):
    """A student that can say what a lesson would cost it: the same template, the same tokens, the end included.

    rate: (n,) natural log of the probability of reply i behind prompt i, its end included, in fp32; -rate / reply
    tokens is the loss that training on the pair would begin with. NaN where not even the reply fits into the window.
    An empty prompt asks for the reply alone. Equal prompts should stand together: they are read once.
    """

    @property
    def fingerprint(self) -> str: ...
    def rate(self, prompts: Sequence[Prompt], replies: Sequence[str]) -> Floats: ...
    def tokens(self, prompts: Sequence[Prompt], replies: Sequence[str]) -> Tokens: ...


@runtime_checkable
class CanWrite(Protocol):
    """write: k replies to each prompt. temperature 0: the likeliest token each time, so all k are equal.

    A reply ends where the student ends it, before the first of `stop`, or after max_tokens. Luck belongs to the prompt
    and the draw: with the same luck a reply is the same, whatever is asked beside it (`kit.luck`).
    """

    def write(
        self,
        prompts: Sequence[Prompt],
        k: int,
        rng: Rng,
        *,
        max_tokens: int = 64,
        temperature: float = 1.0,
        stop: Sequence[str] = (),
    ) -> Written: ...


@runtime_checkable
class CanCompose(Protocol):
    """compose: k texts written from nothing, from the token that begins one, as a lesson that is its own truth (Itself)
    shows them; Written of one row, texts (1, k). temperature 0: the likeliest token each time, so all k are equal.

    window: tokens that a text may have, the one that begins it counted. A text ends where the student ends it, after
    max_tokens, its end counted, or where the window is full. With the same luck draw j is the same, whatever k is.
    """

    @property
    def window(self) -> int: ...
    def compose(self, k: int, rng: Rng, *, max_tokens: int = 64, temperature: float = 1.0) -> Written: ...


class ReadAlone(NamedTuple):
    """What texts by themselves cost a reader."""

    logprob: Floats  # (n,) natural log of the probability of the whole text, its end included, in fp32
    tokens: Ints  # (n,) of these tokens, the one that ends a text counted


class Recited(NamedTuple):
    """Texts in two parts, and how they were gone on with from the first; tokens of all texts one behind the other."""

    cue: Array  # (n,) object array of str: what was given
    rest: Array  # (n,) what followed it in truth
    said: Array  # (n,) what the student said instead
    rest_ids: Ints  # (all,) tokens of `rest`
    said_ids: Ints  # (all,) tokens of `said`: of each text exactly as many
    starts: Ints  # (n + 1,) offsets of both


@runtime_checkable
class CanRecite(Protocol):
    """A student that can be asked what it has kept of a text.

    read_alone: the text as a lesson that is its own truth (Itself): the token that begins one is given, the one that
    ends it counted, and what lies beyond the window left out.
    recite: the first `share` of the text's tokens, rounded down, is given, and the likeliest token follows each time,
    exactly as many as the text has; the token that ends a text is never said.
    """

    def read_alone(self, texts: Sequence[str]) -> ReadAlone: ...
    def recite(self, texts: Sequence[str], share: float = 0.5) -> Recited: ...


@runtime_checkable
class CanHeed(Protocol):
    """A student whose answers heed the worked examples that stand in a pool's column `context`.

    lengths: (n,) tokens that each worked example takes in a prompt. among: the same student, choosing among these
    labels.
    """

    def lengths(self, questions: Sequence[str], answers: Sequence[str]) -> Ints: ...
    def among(self, labels: Sequence[str]) -> Student: ...


class Keyed(NamedTuple):
    """The tokens that lessons teach, each with the student's state before it; m tokens, lesson by lesson."""

    states: Floats32  # (m, d)
    tokens: Ints  # (m,) in the student's vocabulary
    lessons: Ints  # (m,) which lesson it is of, numbered through all blocks


class Memory(Protocol):
    """What has a say in every token that a student is about to read or write.

    layer: whose states it is asked with. mixed: (n, V) natural logs of the next token's distribution, from those of
    the student and its states (n, d), both tensors.
    """

    @property
    def fingerprint(self) -> str: ...
    @property
    def layer(self) -> int: ...
    def mixed(self, states: Any, logs: Any) -> Any: ...


@runtime_checkable
class CanConsult(Protocol):
    """A student whose distributions over the next token a memory can change, wherever it reads or writes.

    keyed: of Text and Itself lessons the tokens that carry loss, of Label lessons those of the label's words. A lesson
    has the same states, bit for bit, whatever stands beside it. layer: 0 the embeddings, -1 what the head reads.
    consulting: the same weights beside this memory, or beside none.
    """

    def keyed(self, lessons: Lessons, layer: int = -1) -> Keyed: ...
    def consulting(self, memory: Memory | None) -> Student: ...
