"""A frozen language model: it answers with the label it finds likeliest behind the text, and can judge and write.

    s(c | x) = 1/|y_c| sum_t log p(y_c,t | prompt(x), y_c,<t),   p(c | x) = softmax_c s(c | x)

y_c: the tokens of the label's verbaliser, by default its name. `score: sum` leaves out 1/|y_c|, `score: first` takes
the first token alone. With `calibrate: N/A` the same score of the prompt in which that text stands for x is subtracted,
which takes out what the prompt alone makes likely. prompt(x): the instruction, the worked examples of the pool's column
`context` (a recall puts them there) and `pattern` with x, through the model's chat template or, with `template: none`,
as plain text. A prompt that is too long for the window loses its farthest examples, then the end of x; `shortened`
counts both. What prompts share is read once. Nothing is learnt here: use `learn: nothing`.

`model` is an asset (4-bit weights made float32: scores are not those of the original), a folder with safetensors, or a
hub model that was downloaded before. Its attention must reach back over the whole prompt: with a sliding window that
is shorter, use `batch: 1`. `encoder` gives the embedding that choosers and recalls see; the model's own is not used.

Source: Brown et al. (2020), Language models are few-shot learners (examples in the prompt, likelihood per token); Zhao,
Wallace, Feng, Klein, Singh (2021), Calibrate before use, as p(c | x) / p(c | content-free) normalised.
Neutral limit: of one label the probability is 1; calibrated on the text itself every label is equally likely.

>>> Causal(pattern="Review: {x} Verdict:", verbalisers={"pos": "good", "neg": "bad"}).pattern
'Review: {x} Verdict:'
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field

from tutelage.core.data import Block, Floats, Floats32, Ints, Kinds, Modality, Pool, Rng
from tutelage.core.digest import digest
from tutelage.core.errors import Fault, Refused, nearest
from tutelage.core.method import method, settings
from tutelage.core.parts import missing_extra, part
from tutelage.core.stages import CanEmbed, CanWeigh
from tutelage.core.writing import CanHeed, CanJudge, CanRate, CanWrite, Prompt, Tokens, Written
from tutelage.kit.context import contexts
from tutelage.student import _head
from tutelage.student.text._choice import Choice, choice, lengths
from tutelage.student.text._frame import Frame
from tutelage.student.text._place import Place, assets, place
from tutelage.student.text._replies import counted, judged, rated, written
from tutelage.student.text.embedded import encoded
from tutelage.student.text.encoder.onnx import Onnx

AT_ONCE = 1024  # rows whose prompts are held as tokens at a time


class Short(NamedTuple):
    """What did not fit, row by row, all alternatives of a row together."""

    dropped: Ints  # (n,) worked examples
    cut: Ints  # (n,) tokens of the row's own text


@dataclass(frozen=True, eq=False)
class CausalStudent:
    """Settings, labels and where the weights are; the weights themselves are shared by all of this process."""

    maker: Causal
    names: tuple[str, ...]
    place: Place

    @property
    def labels(self) -> tuple[str, ...]:
        return self.names

    @functools.cached_property
    def fingerprint(self) -> str:
        return digest(settings(self.maker), list(self.names), self.place.print_)

    @property
    def embeds_as(self) -> str:
        return digest("text.causal", self.maker.encoder.fingerprint)

    def embed(self, pool: Pool, side: str = "") -> Floats32:
        return encoded(self.maker.encoder, pool)

    def among(self, labels: Sequence[str]) -> CausalStudent:
        return replace(self, names=tuple(labels))

    def probs(self, pool: Pool) -> Floats32:
        if not self.names or not len(pool):
            return _head.uniform(len(pool), len(self.names))
        return np.concatenate([self._weighed(batch) for batch in pool.batches(AT_ONCE)])

    def answer(self, pool: Pool, rng: Rng) -> Block:
        return _head.answered(pool, self.probs(pool), self.names, "text.causal")

    def shortened(self, pool: Pool) -> Short:
        """What the window leaves out of the prompts of these rows."""
        told = [
            [self._choice.asked(text, shots) for shots in several]
            for batch in pool.batches(AT_ONCE)
            for text, several in zip(batch.texts(), contexts(batch), strict=True)
        ]
        counts = [[sum(one.dropped for one in row), sum(one.cut for one in row)] for row in told]
        both = np.array(counts, dtype=np.int64).reshape(-1, 2)
        return Short(both[:, 0], both[:, 1])

    def lengths(self, questions: Sequence[str], answers: Sequence[str]) -> Ints:
        return lengths(self._frame, self.maker, list(zip(questions, answers, strict=True)))

    def logprob(self, prompts: Sequence[Prompt], replies: Sequence[str]) -> Floats:
        return judged(self._base, self._frame, prompts, replies, self.maker.batch)

    def rate(self, prompts: Sequence[Prompt], replies: Sequence[str]) -> Floats:
        return rated(self._base, self._frame, prompts, replies, self.maker.batch)

    def tokens(self, prompts: Sequence[Prompt], replies: Sequence[str]) -> Tokens:
        return counted(self._frame, prompts, replies)

    def write(self, prompts: Sequence[Prompt], k: int, rng: Rng, *, max_tokens: int = 64, temperature: float = 1.0,
              stop: Sequence[str] = ()) -> Written:  # fmt: skip
        luck = rng.random((len(prompts), k, max_tokens))
        return written(self._base, self._frame, prompts, luck, temperature, stop, self.maker.batch)

    def save(self, folder: Path) -> None:
        """Settings and labels; the weights stay where they are."""
        _head.save(folder, self.maker, self, {})

    def _weighed(self, pool: Pool) -> Floats32:
        """(n, C) the mean over each row's alternatives."""
        several, ask = contexts(pool), self._choice
        rows = np.repeat(np.arange(len(pool)), [len(one) for one in several])
        flat = [(text, shots) for text, one in zip(pool.texts(), several, strict=True) for shots in one]
        scores = ask.scores(self._base, [ask.asked(text, shots).ids for text, shots in flat])
        if self.maker.calibrate is not None:
            free = self.maker.calibrate
            scores = scores - ask.scores(self._base, [ask.asked(free, shots).ids for _, shots in flat])
        each = np.exp(scores - scores.max(axis=1, keepdims=True))
        total = np.zeros((len(pool), len(self.names)))
        np.add.at(total, rows, each / each.sum(axis=1, keepdims=True))
        return np.asarray(total / total.sum(axis=1, keepdims=True), dtype=np.float32)

    @functools.cached_property
    def _choice(self) -> Choice:
        return choice(self._frame, self.maker, self.names)

    @property
    def _base(self) -> Any:
        return _loaded(self.place, self.maker.precision)

    @functools.cached_property
    def _frame(self) -> Frame:
        base = self._base
        most = base.model.config.max_position_embeddings
        chat = self.maker.template == "auto" and base.tokenizer.chat_template is not None
        return Frame(base.tokenizer, chat, min(self.maker.window or most, most))


@method
class Causal:
    model: str = "smollm2-135m-instruct"  # an asset, a folder, or OWNER/NAME of a hub model downloaded before
    template: Literal["auto", "none"] = "auto"  # the model's chat template, if it has one
    precision: Literal["fp32", "bf16"] = "fp32"  # of the weights; a CPU without bf16 is several times slower with it
    instruction: str = ""  # said once, before everything
    pattern: Annotated[str, Field(pattern=r"\{x\}")] = "{x}"  # how a text is asked about, in examples too
    verbalisers: Mapping[str, str] = Field(default_factory=dict)  # label -> what is said for it; else its name
    score: Literal["mean", "sum", "first"] = "mean"
    calibrate: str | None = None  # a text without content, such as "N/A"; reads every prompt twice
    window: Annotated[int, Field(ge=8)] | None = None  # tokens of a prompt with its reply; None: what the model has
    batch: Annotated[int, Field(ge=1)] = 8  # prompts read at once; changes speed only
    encoder: Annotated[Any, part("student.text.encoder")] = Onnx()

    reads: ClassVar[frozenset[Modality]] = frozenset({"text"})
    can: ClassVar[Kinds] = frozenset({CanWeigh, CanEmbed, CanHeed, CanJudge, CanRate, CanWrite})

    @property
    def assets(self) -> tuple[str, ...]:
        """What has to be fetched for it."""
        return (self.model,) if self.model in assets() else ()

    def begin(self, pool: Pool, rng: Rng) -> CausalStudent:
        unknown = [name for name in self.verbalisers if pool.labels and name not in pool.labels]
        if unknown:
            where = "student.verbalisers"
            raise Refused([Fault(where, f"there is no label {n!r}", nearest(n, pool.labels)) for n in unknown])
        return CausalStudent(self, pool.labels, place(self.model))

    def load(self, folder: Path) -> CausalStudent:
        labels, _ = _head.read(folder, self)
        student = CausalStudent(self, labels, place(self.model))
        _head.checked(folder, student)
        return student


def _loaded(where: Place, precision: str) -> Any:
    try:
        from tutelage.student.text._decoder import decoder
    except ModuleNotFoundError as error:
        raise missing_extra("student: text.causal", error.name or "torch") from error
    return decoder(where.made(), precision)
