"""A pretrained text encoder that is trained whole: MiniLM or its kin under a linear head.

    z = pool(h_1 .. h_t),   p(c | text) = softmax(V z + v)

h are the last hidden states of the encoder, `pooling: mean` averages those of a text's tokens, `first` takes that of
the special token in front. V and v start at 0. A gradient moves head and encoder alike, from where they are: use
`learn: {use: gradient}`, with `adapter: head_only` for the head alone; the learner's rate is commonly 2e-5 to 2e-4
where the encoder moves. Texts are cut after `max_tokens` tokens. A text's answer does not depend on what is answered
beside it, within 1e-5. `dropout` acts while it learns.

`model` is the asset minilm, a folder with safetensors and tokenizer.json, or a hub model downloaded before, of the
families bert, electra, distilbert, roberta, xlm-roberta and mpnet. All students of a process share its weights; each
keeps its head and those weights of the encoder that learning has changed. The embedding is z, new whenever the encoder
moves; while the encoder is as it was pretrained every text is encoded once and kept in the user's cache.

Source: Devlin et al. (2019), section 3.2, fine-tuning; Reimers and Gurevych (2019), section 3, mean pooling; Wang et
al. (2020) for MiniLM.
Neutral limit: with `adapter: head_only` it is softmax regression on the vectors of encoder `minilm`, not normalised.

>>> Transformer(max_tokens=64, pooling="first").assets
('minilm',)
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from tutelage.core.data import Array, Block, Floats32, Kinds, Lessons, Modality, Pool, Rng
from tutelage.core.descent import CanDescend, CanGrow, Encoded, Scores, Vectors
from tutelage.core.digest import digest
from tutelage.core.errors import Fault, Refused
from tutelage.core.forecast import Lot, Width, Work
from tutelage.core.method import method, settings
from tutelage.core.parts import missing_extra
from tutelage.core.stages import CanEmbed, CanWeigh
from tutelage.kit.embeddings import embedded
from tutelage.kit.targets import longest
from tutelage.student import _head
from tutelage.student.text._place import ENCODERS, Place, assets, place
from tutelage.student.text._tokens import Tokens, tokenizer, tokens
from tutelage.student.text._top import Top, of, zeros

AT_ONCE = 4096  # texts of a pool whose tokens are held at a time
COUNTED = 256  # texts whose tokens are counted to foretell the work of a pass
WEIGHTS = "student.safetensors"


@dataclass(frozen=True, eq=False)
class TransformerStudent:
    """moved: the encoder's weights that are not those of the model. top None: no lesson yet."""

    maker: Transformer
    names: tuple[str, ...]
    place: Place
    moved: Mapping[str, Array]
    top: Top | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        return self.names

    @functools.cached_property
    def fingerprint(self) -> str:
        return digest(settings(self.maker), list(self.names), self.place.print_, self._moved, [*(self.top or ())])

    @functools.cached_property
    def embeds_as(self) -> str:
        return digest("text.transformer", self.place.print_, self.maker.pooling, self.maker.max_tokens, self._moved)

    @functools.cached_property
    def _moved(self) -> str:
        return digest(self.moved)

    def embed(self, pool: Pool, side: str = "") -> Floats32:
        return embedded(pool, self.embeds_as, self._vectors, self._shape.width)

    def probs(self, pool: Pool) -> Floats32:
        top = self.top
        if top is None or not len(pool):
            return _head.uniform(len(pool), len(self.names))
        if not self.moved:  # the vectors outlast every head, and are worth keeping
            return top.probs(self.embed(pool))
        return np.concatenate([top.probs(self._vectors(batch.texts())) for batch in pool.batches(AT_ONCE)])

    def answer(self, pool: Pool, rng: Rng) -> Block:
        return _head.answered(pool, self.probs(pool), self.names, "text.transformer")

    def with_labels(self, labels: Sequence[str]) -> TransformerStudent:
        names = longest([self.names, tuple(labels)])
        return replace(self, names=names, top=None if self.top is None else self.top.grown(len(names)))

    @property
    def module(self) -> Any:
        """Faces `scores` and `vectors`. A class of probability 0 starts as every class does: weights and bias 0."""
        top = (self.top or zeros(len(self.names), self._shape.width)).finite()
        moved = {name: array.copy() for name, array in self.moved.items()}
        return _body().classifier(self._base, moved, top, self.maker.pooling, self.maker.dropout)

    def with_module(self, module: Any) -> TransformerStudent:
        return replace(self, moved=_body().differences(self._base, module), top=of(module.head))

    def encode(self, lessons: Lessons) -> Encoded:
        texts = [block.about.examples().texts() for block in lessons]
        made: Encoded = _body().read(self._read(texts), self._shape.filler, lessons)
        return made

    def save(self, folder: Path) -> None:
        """Settings and labels as of every student; head and moved weights in `student.safetensors`."""
        from safetensors.numpy import save_file

        _head.save(folder, self.maker, self, {})
        top = {} if self.top is None else {f"head.{name}": part for name, part in self.top._asdict().items()}
        arrays = {**top, **{f"body.{name}": array for name, array in self.moved.items()}}
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, folder / WEIGHTS)

    def _vectors(self, texts: Sequence[str]) -> Floats32:
        body = _body()
        made = body.classifier(self._base, self.moved, zeros(0, self._shape.width), self.maker.pooling, None)
        found: Floats32 = body.vectors(made, self._read([texts]), self._shape.filler, self.maker.batch)
        return found

    def _read(self, texts: Sequence[Sequence[str]]) -> Tokens:
        return tokens(tokenizer(self.place.made(), self.maker.max_tokens), texts)

    @property
    def _base(self) -> Any:
        return _body().base(self.place.made(), self.place.print_)

    @functools.cached_property
    def _shape(self) -> Any:
        return _body().shape(self.place.made())


@method
class Transformer:
    model: str = "minilm"  # an asset, a folder, or OWNER/NAME of a hub model downloaded before
    pooling: Literal["mean", "first"] = "mean"
    max_tokens: Annotated[int, Field(ge=3)] = 128  # of a text, the special ones included
    dropout: Annotated[float, Field(ge=0, lt=1)] | None = None  # while it learns; None: what the model has
    batch: Annotated[int, Field(ge=1)] = 32  # texts answered at once; changes speed only

    reads: ClassVar[frozenset[Modality]] = frozenset({"text"})
    can: ClassVar[Kinds] = frozenset({CanWeigh, CanEmbed, CanDescend, CanGrow, Scores, Vectors})

    @property
    def assets(self) -> tuple[str, ...]:
        """What has to be fetched for it."""
        return (self.model,) if self.model in assets(ENCODERS) else ()

    def begin(self, pool: Pool, rng: Rng) -> TransformerStudent:
        where = place(self.model, ENCODERS)
        most = _body().shape(where.made()).positions
        if self.max_tokens > most:
            what = f"{self.model} reads at most {most} tokens, {self.max_tokens} were asked for"
            raise Refused(Fault("student.max_tokens", what, f"--set student.max_tokens={most}"))
        return TransformerStudent(self, pool.labels, where, {})

    def width(self, pool: Pool) -> Width:
        """Columns of the embedding; entries: tokens of a text, counted on a few."""
        folder = place(self.model, ENCODERS).made()
        some = pool.take(np.linspace(0, len(pool) - 1, min(len(pool), COUNTED), dtype=np.int64))
        read = tokens(tokenizer(folder, self.max_tokens), [some.texts()])
        return Width(_body().shape(folder).width, each := float(read.lengths.mean()) if len(some) else 0.0, False, each)

    def flop(self, lot: Lot) -> Work:
        """Of one pass over the lessons with every weight moving; there is no fit that ends by itself."""
        return Work(6.0 * sum(self.matrices(lot)) * lot.rows, False)

    def matrices(self, lot: Lot) -> tuple[float, ...]:
        """The encoder's, then the head over every label there is, each as often as a text has tokens."""
        folder = place(self.model, ENCODERS).made()
        made = (*_body().sizes(folder), _body().shape(folder).width * lot.labels)
        return tuple(size * lot.width.entries for size in made)

    def load(self, folder: Path) -> TransformerStudent:
        from safetensors.numpy import load_file

        labels, _ = _head.read(folder, self)
        arrays = load_file(folder / WEIGHTS)
        top = Top(arrays.pop("head.weight"), arrays.pop("head.bias")) if "head.bias" in arrays else None
        moved = {name.removeprefix("body."): array.copy() for name, array in arrays.items()}  # as read it is fixed
        student = TransformerStudent(self, labels, place(self.model, ENCODERS), moved, top)
        _head.checked(folder, student)
        return student


def _body() -> Any:
    """The torch side, imported where it is needed."""
    try:
        from tutelage.student.text import _body
    except ModuleNotFoundError as error:
        raise missing_extra("student: text.transformer", error.name or "torch") from error
    return _body
