"""The words of gradient learning: a student with weights to move, a batch, an objective, an adapter.

A module and its tensors are Any here, so that nobody who only lists methods imports torch. What a module can be asked
is a face: a method of that name on it. Faces are needs like any capability: an objective names those it uses, a
student's `can` names those its module has, and a recipe in which they do not meet is refused before it runs.

Longer than 200 lines: all words of gradient learning stand on one page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Protocol, runtime_checkable

from tutelage.core.data import Array, Ints, Kinds, Lessons, Rng, Supervision
from tutelage.core.stages import Penalty, Student, View


class Batch(NamedTuple):
    """b lessons of one kind as a module reads them. given: the block's columns as tensors, (b, ...)."""

    kind: type[Supervision]
    inputs: Any
    given: Mapping[str, Any]
    weight: Any  # (b,) float32, all positive
    support: Any | None = None  # (b,) bool: shown to the batch, not scored
    progress: float = 0.0  # share of this call's updates done before this one, from 0 up to 1
    prepared: Mapping[str, Any] = {}  # rows of what the objective prepared; names that begin with all_ come whole


class Encoded(Protocol):
    """Lessons read once, numbered through all their blocks in the order given."""

    @property
    def lengths(self) -> Ints | None: ...  # (n,) how long each lesson is, for batches of like length; None: all alike
    def batch(self, rows: Ints) -> Batch: ...  # lessons of one kind, weights as in their blocks


@runtime_checkable
class CanDescend(Protocol):
    """A student whose weights a gradient can move.

    module: a torch module that nobody else holds; `head` is its last layer. What it is made of may be shared with the
    student: put other numbers in place of a parameter's, as kit.descent does, and never change them where they are.
    with_module: the student with that module's weights, whatever device they are on; the module is not kept.
    """

    @property
    def module(self) -> Any: ...
    def with_module(self, module: Any) -> Student: ...
    def encode(self, lessons: Lessons) -> Encoded: ...


@runtime_checkable
class CanGrow(Protocol):
    """with_labels: the same answers under a longer label list; new labels have probability 0 until they are learned."""

    @property
    def labels(self) -> tuple[str, ...]: ...
    def with_labels(self, labels: Sequence[str]) -> Student: ...


@runtime_checkable
class CanExpand(Protocol):
    """expanded: the student with units or outputs for what these lessons bring; earlier answers stay as they were."""

    def expanded(self, lessons: Lessons) -> Student: ...


@runtime_checkable
class CanExport(Protocol):
    """export: files that other libraries read, checked against the student; returns the Python that loads them."""

    def export(self, folder: Path) -> str: ...


class Scores(Protocol):
    """A face: (b, C) unnormalised log-probabilities, column c for the student's label c."""

    def scores(self, batch: Batch) -> Any: ...


class Vectors(Protocol):
    """A face: (b, d) what the head reads. side: "", "query" or "document"."""

    def vectors(self, batch: Batch, side: str = "") -> Any: ...


class Said(NamedTuple):
    """How likely a module finds given replies, token by token: r replies to each of b prompts, t places each.

    A reply that is absent (None) has no place in the mask; r is 1 for Text and Itself, 2 for Preference (chosen, then
    rejected), k for Replies.
    """

    logprobs: Any  # (b, r, t) natural logs, 0 where the mask is False
    mask: Any  # (b, r, t) bool: tokens that carry loss, the one that ends a reply included where it is taught


@runtime_checkable
class TokenLogprobs(Protocol):
    """A face: log-probabilities of the tokens that the lessons say, prompts masked out."""

    def token_logprobs(self, batch: Batch) -> Said: ...


class States(Protocol):
    """A face: (b, t, d) what layer `layer` gives, 0 the embeddings, -1 the last; of the first reply."""

    def states(self, batch: Batch, layer: int) -> Any: ...


class Grafts(Protocol):
    """A face: `graft`, the torch module into which layers may be put in place of others."""

    @property
    def graft(self) -> Any: ...


class Prefixes(Protocol):
    """A face: `before`, None or what is read before every prompt (kit.soft_prompt); `model`, the decoder that reads;
    `tokens`, how it writes a text.
    """

    before: Any
    model: Any

    def tokens(self, text: str) -> Sequence[int]: ...


class Objective(Protocol):
    """What is minimised: one loss per lesson, never a mean; weights are the learner's business.

    needs: faces asked for every kind of lesson; an objective that asks others for some kinds also has
    `faces: ClassVar[Mapping[type[Supervision], Kinds]]`, those of each kind.

    couples: a lesson's loss depends on the others in its batch, which then comes whole.
    prepare: once, before the first update. Arrays with one row per lesson are sliced into the batches; a name that
    begins with `all_` is handed over whole.
    """

    accepts: ClassVar[Kinds]
    needs: ClassVar[Kinds]  # faces of the module
    couples: ClassVar[bool]

    def prepare(self, lessons: Lessons, view: View) -> Mapping[str, Array]: ...
    def losses(self, module: Any, batch: Batch, rng: Rng) -> Any: ...  # (b,)


@runtime_checkable
class CanSkip(Protocol):
    """An objective that leaves out lessons with nothing more to learn for now; the next ones take their places.

    skipping: whether it ever does. skips: (b,) bool, asked of the module as in use, without a gradient.
    """

    @property
    def skipping(self) -> bool: ...
    def skips(self, module: Any, batch: Batch) -> Any: ...


@runtime_checkable
class Projects(Protocol):
    """A penalty whose gradient is not added to a step's but compared with it, once, before clipping.

    project: both gradients (P,), of all parameters that may move; returns the one that the step takes.
    """

    def __call__(self, module: Any) -> Any: ...
    def project(self, gradient: Any, memory: Any) -> Any: ...


@runtime_checkable
class Holds(Protocol):
    """A penalty that also keeps weights exactly as they are, whatever the optimiser would do to them.

    held: by parameter, bool tensors of its shape, True for a weight that no update may change; only parameters with
    such a weight. One that is held whole is not opened at all. facts: what a record should say of it.
    """

    def __call__(self, module: Any) -> Any: ...
    def held(self, module: Any) -> Mapping[str, Any]: ...
    def facts(self, module: Any) -> Mapping[str, float]: ...


@runtime_checkable
class Sloped(Protocol):
    """A penalty that adds its own slope to the gradients of a module's open parameters, which saves the way back.

    add_slope: once a step, behind the losses' backward pass and before clipping; what it adds is the slope of the call.
    """

    def __call__(self, module: Any) -> Any: ...
    def add_slope(self, module: Any) -> None: ...


@runtime_checkable
class Steers(Protocol):
    """A penalty that is added to no loss: it scales each step of the optimiser and pulls to an anchor beside it.

    shares: of update `step`, counted from 1 through the optimiser's life, how much of its own step is taken, and by how
    much of the rate the weights go back to the anchor (kit.steering). anchor: weights by name.
    """

    @property
    def anchor(self) -> Mapping[str, Array]: ...
    def __call__(self, module: Any) -> Any: ...
    def shares(self, step: int) -> tuple[float, float]: ...


class Group(NamedTuple):
    """Parameters that move together. decay None: the learner's weight decay."""

    names: tuple[str, ...]
    lr_scale: float = 1.0
    decay: float | None = None


class Opened(NamedTuple):
    """A module, perhaps with parts added, and which of its parameters may move.

    penalty: module -> scalar, added to the mean loss as a retention's is; what an adapter asks of its own parts.
    """

    module: Any
    groups: tuple[Group, ...]
    penalty: Penalty | None = None


class Adapter(Protocol):
    """Which weights may move, how fast. What is in no group is frozen and has no optimiser state.

    An adapter that adds parts may ask faces of the module: `needs: ClassVar[Kinds]`; one that adds more with every call
    says `grows: ClassVar[bool]`, and what it costs is then foretold of a first call. Parameters may share memory with
    the student's; `kit.descent` copies those that are opened before it moves them.
    """

    def open(self, module: Any, rng: Rng) -> Opened: ...


@runtime_checkable
class NeedsOfKinds(Protocol):
    """A learner that asks other faces for one kind of lesson than for another, beside its `needs`."""

    def needs_of(self, kind: type[Supervision]) -> Kinds: ...
