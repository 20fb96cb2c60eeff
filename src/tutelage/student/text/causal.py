"""A language model: it answers with the label it finds likeliest behind the text, can judge, write and be trained.

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

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import Field

from tutelage.core.data import Kinds, Modality, Pool, Rng
from tutelage.core.descent import CanDescend, Grafts, Prefixes, Scores, States, TokenLogprobs
from tutelage.core.errors import Fault, Refused, nearest
from tutelage.core.forecast import Width
from tutelage.core.method import method
from tutelage.core.parts import missing_extra, part
from tutelage.core.stages import CanEmbed, CanWeigh
from tutelage.core.writing import CanCompose, CanConsult, CanHeed, CanJudge, CanRate, CanRecite, CanWrite
from tutelage.student.text._foretold import outline_of, width_of
from tutelage.student.text._place import Place, assets, place
from tutelage.student.text._speaker import Speaker, loaded
from tutelage.student.text.encoder.onnx import Onnx

FACES: Kinds = frozenset({Scores, TokenLogprobs, States, Grafts, Prefixes})


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
    can: ClassVar[Kinds] = frozenset(
        {
            CanWeigh,
            CanEmbed,
            CanCompose,
            CanHeed,
            CanJudge,
            CanRate,
            CanRecite,
            CanWrite,
            CanConsult,
            CanDescend,
            *FACES,
        }
    )

    @property
    def assets(self) -> tuple[str, ...]:
        """What has to be fetched for it."""
        return (self.model,) if self.model in assets() else ()

    def there(self) -> None:
        """Missing, with the command that gets it, when the model is not on this machine."""
        place(self.model)

    def begin(self, pool: Pool, rng: Rng) -> Speaker:
        unknown = [name for name in self.verbalisers if pool.labels and name not in pool.labels]
        if unknown:
            where = "student.verbalisers"
            raise Refused([Fault(where, f"there is no label {n!r}", nearest(n, pool.labels)) for n in unknown])
        return Speaker("text.causal", self, pool.labels, Stored(place(self.model), self.precision))

    def width(self, pool: Pool) -> Width:
        """Tokens of a lesson, counted on a few rows; no weight is read."""
        return width_of(Speaker("text.causal", self, pool.labels, Outline(place(self.model))), pool)

    def outline(self) -> Any:
        return outline_of(Outline(place(self.model)))

    def load(self, folder: Path) -> Speaker:
        return loaded(folder, Speaker("text.causal", self, (), Stored(place(self.model), self.precision)))


class Outline(NamedTuple):
    """Shapes without weights, and the tokenizer. Implements _speaker.Source for somebody who only counts."""

    place: Place

    @property
    def print_(self) -> str:
        return f"outline of {self.place.print_}"

    @property
    def name(self) -> str:
        return self.place.name

    def base(self) -> Any:
        """Missing when the libraries of the extra are not there."""
        try:
            from tutelage.student.text._decoder import outlined
        except ModuleNotFoundError as error:
            raise missing_extra("student: text.causal", error.name or "torch") from error
        return outlined(self.place.made())

    def save(self, folder: Path) -> None:
        """Nothing: there is nothing to keep."""


class Stored(NamedTuple):
    """Weights in a folder. Implements _speaker.Source."""

    place: Place
    precision: str

    @property
    def print_(self) -> str:
        return self.place.print_

    @property
    def name(self) -> str:
        """The name on the hub, or the folder."""
        hub = self.place.name not in assets() and not Path(self.place.name).expanduser().is_dir()
        return self.place.name if hub else str(self.place.made())

    def base(self) -> Any:
        """Missing when the libraries of the extra are not there."""
        try:
            from tutelage.student.text._decoder import decoder
        except ModuleNotFoundError as error:
            raise missing_extra("student: text.causal", error.name or "torch") from error
        return decoder(self.place.made(), self.precision)

    def save(self, folder: Path) -> None:
        """Nothing: the weights stay where they are."""
