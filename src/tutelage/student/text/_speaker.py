"""A student that reads and writes with a language model: labels, replies, log-probabilities, lessons.

It is a base that is shared by all of a process and a state, what differs from the base. The base is loaded, and the
state laid over it, when something is first asked of it.

Longer than 200 lines: one class with everything that a student of language can be asked.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from tutelage.core.data import Block, Floats, Floats32, Ints, Lessons, Pool, Rng
from tutelage.core.descent import Encoded
from tutelage.core.digest import digest
from tutelage.core.method import settings
from tutelage.core.writing import Keyed, Memory, Prompt, ReadAlone, Recited, Tokens, Written
from tutelage.kit.context import contexts
from tutelage.kit.luck import uniform
from tutelage.student import _head
from tutelage.student.text._choice import Choice, choice, lengths
from tutelage.student.text._frame import Frame
from tutelage.student.text._recited import composed, read_alone, recited
from tutelage.student.text._replies import counted, judged, rated, written
from tutelage.student.text.embedded import encoded

AT_ONCE = 1024  # rows whose prompts are held as tokens at a time
FILE = "state.json"  # beside a saved student: what was put into its base


class Source(Protocol):
    """Where a base comes from. print_: of its weights, tokenizer and template."""

    @property
    def print_(self) -> str: ...
    @property
    def name(self) -> str: ...  # what the base is called where it can be had
    def base(self) -> Any: ...  # a Decoder, the same one for the same source in one process
    def save(self, folder: Path) -> None: ...  # what the base is made from, where it is not on this machine anyway


class State(NamedTuple):
    """arrays: parameters by their names in `Language`. graft: of what was put in, as JSON. before: as it is told."""

    arrays: Any = {}
    graft: str = ""
    before: str = ""

    @property
    def changed(self) -> list[str]:
        """What a fingerprint needs to know of it; empty for the base as it is."""
        return [digest(self.graft, self.before, dict(sorted(self.arrays.items())))] if self.arrays else []


class Short(NamedTuple):
    """What did not fit, row by row, all alternatives of a row together."""

    dropped: Ints  # (n,) worked examples
    cut: Ints  # (n,) tokens of the row's own text


@dataclass(frozen=True, eq=False)
class Speaker:
    """maker: the settings, text.causal's or such as have the same names. name: the maker's `use:` name.

    memory: what has a say in its next tokens; whoever gave it keeps it, so it is not among the files of `save`.
    """

    name: str
    maker: Any
    names: tuple[str, ...]
    source: Source
    state: State = State()
    memory: Memory | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        return self.names

    @functools.cached_property
    def fingerprint(self) -> str:
        beside = [] if self.memory is None else [self.memory.fingerprint]
        return digest(settings(self.maker), list(self.names), self.source.print_, *self.state.changed, *beside)

    @property
    def embeds_as(self) -> str:
        return digest("text.causal", self.maker.encoder.fingerprint)

    @property
    def window(self) -> int:
        """Tokens that are read at once, of a prompt with its reply or of a text."""
        return self._frame.window

    def embed(self, pool: Pool, side: str = "") -> Floats32:
        return encoded(self.maker.encoder, pool)

    def among(self, labels: Sequence[str]) -> Speaker:
        return replace(self, names=tuple(labels))

    def probs(self, pool: Pool) -> Floats32:
        if not self.names or not len(pool):
            return _head.uniform(len(pool), len(self.names))
        return np.concatenate([self._weighed(batch) for batch in pool.batches(AT_ONCE)])

    def answer(self, pool: Pool, rng: Rng) -> Block:
        return _head.answered(pool, self.probs(pool), self.names, self.name)

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
        return judged(self._decoder, self._frame, prompts, replies, self.maker.batch)

    def rate(self, prompts: Sequence[Prompt], replies: Sequence[str]) -> Floats:
        return rated(self._decoder, self._frame, prompts, replies, self.maker.batch)

    def tokens(self, prompts: Sequence[Prompt], replies: Sequence[str]) -> Tokens:
        return counted(self._frame, prompts, replies)

    def write(
        self,
        prompts: Sequence[Prompt],
        k: int,
        rng: Rng,
        *,
        max_tokens: int = 64,
        temperature: float = 1.0,
        stop: Sequence[str] = (),
    ) -> Written:
        luck = uniform(prompts, k, max_tokens, rng)
        return written(self._decoder, self._frame, prompts, luck, temperature, stop, self.maker.batch)

    def compose(self, k: int, rng: Rng, *, max_tokens: int = 64, temperature: float = 1.0) -> Written:
        luck = uniform(("",), k, max_tokens, rng)[0]
        return composed(self._decoder, self._frame, luck, temperature, self.maker.batch)

    def read_alone(self, texts: Sequence[str]) -> ReadAlone:
        return read_alone(self._decoder, self._frame, texts, self.maker.batch)

    def recite(self, texts: Sequence[str], share: float = 0.5) -> Recited:
        return recited(self._decoder, self._frame, texts, share, self.maker.batch)

    def keyed(self, lessons: Lessons, layer: int = -1) -> Keyed:
        from tutelage.student.text._keyed import keyed
        from tutelage.student.text._lessons import encoded as read

        return keyed(self._decoder, read(lessons, self._frame, lambda: self._choice), layer)

    def consulting(self, memory: Memory | None) -> Speaker:
        return replace(self, memory=memory)

    @property
    def module(self) -> Any:
        """Faces scores, token_logprobs and states."""
        from tutelage.student.text._language import checked, opened

        base = self.source.base()
        checked(base.model)
        return opened(base, self.state, self.maker.score)

    def with_module(self, module: Any) -> Speaker:
        from tutelage.student.text._language import state_of

        return replace(self, state=state_of(module, self.source.base().model))

    def encode(self, lessons: Lessons) -> Encoded:
        from tutelage.student.text._lessons import encoded as read

        return read(lessons, self._frame, lambda: self._choice)

    def save(self, folder: Path) -> None:
        """Settings, labels and state; the base's weights stay where they are."""
        _head.save(folder, self.maker, self, self.state.arrays)
        told = {"graft": self.state.graft, "before": self.state.before}
        (folder / FILE).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        self.source.save(folder)

    def export(self, folder: Path) -> str:
        """Files for peft, or for transformers where the base itself has moved."""
        from tutelage.student.text._exported import exported

        return exported(folder, self.source.base(), self.state, self.source.name)

    def _weighed(self, pool: Pool) -> Floats32:
        """(n, C) the mean over each row's alternatives."""
        several, ask = contexts(pool), self._choice
        rows = np.repeat(np.arange(len(pool)), [len(one) for one in several])
        flat = [(text, shots) for text, one in zip(pool.texts(), several, strict=True) for shots in one]
        scores = ask.scores(self._decoder, [ask.asked(text, shots).ids for text, shots in flat])
        if self.maker.calibrate is not None:
            free = self.maker.calibrate
            scores = scores - ask.scores(self._decoder, [ask.asked(free, shots).ids for _, shots in flat])
        each = np.exp(scores - scores.max(axis=1, keepdims=True))
        total = np.zeros((len(pool), len(self.names)))
        np.add.at(total, rows, each / each.sum(axis=1, keepdims=True))
        return np.asarray(total / total.sum(axis=1, keepdims=True), dtype=np.float32)

    @functools.cached_property
    def _choice(self) -> Choice:
        return choice(self._frame, self.maker, self.names)

    @functools.cached_property
    def _decoder(self) -> Any:
        from tutelage.student.text._decoder import Decoder
        from tutelage.student.text._language import opened

        base = self.source.base()
        if not self.state.arrays:
            return base if self.memory is None else Decoder(base.tokenizer, base.model, base.before, self.memory)
        module = opened(base, self.state)
        return Decoder(base.tokenizer, module.model, module.before, self.memory)

    @functools.cached_property
    def _frame(self) -> Frame:
        base = self.source.base()
        most = base.model.config.max_position_embeddings
        chat = self.maker.template == "auto" and base.tokenizer.chat_template is not None
        return Frame(base.tokenizer, chat, min(self.maker.window or most, most))


def loaded(folder: Path, student: Speaker) -> Speaker:
    """A student of these settings with the state that was saved. Refused when its base has changed since."""
    labels, arrays = _head.read(folder, student.maker)
    told = json.loads((folder / FILE).read_text(encoding="utf-8"))
    made = replace(student, names=labels, state=State(arrays, told["graft"], told["before"]))
    _head.checked(folder, made)
    return made
