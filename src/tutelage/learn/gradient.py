"""Move the student's weights step by step along the gradient of an objective, from where they are now.

    w <- w - rate_k * step(g),   g = gradient of [ mean of the batch's losses + penalty ],   k = 1 .. updates

The objective is what is minimised, the adapter says which weights may move, the penalty comes from what is retained.
The syllabus is honoured: stages in turn, a given order or given batches as planned, otherwise shuffled anew in each
pass; support lessons are shown and not scored; `passes` multiplies the stage's own. A batch holds lessons of one kind.
A lesson of weight w pulls w times as hard as one of weight 1, one of weight 0 is absent. The rate runs over one call:
up linearly over the share `warm_up` of its updates, then constant, linear or as half a cosine down to 0. The moments
of the optimiser are memory: a run that goes on from the last student (restart: false) goes on with them.

`accumulate: k` goes through each batch in k pieces and steps once: the same update with the memory of a piece.
`recompute` computes the layers of a model again on the way back instead of keeping what they gave: the same gradients,
less memory, one more forward pass. A call of more than a minute keeps how far it is in the run's folder, about once a
minute, and a killed one goes on from there to the same weights.

With `privacy` each lesson's own gradient is clipped, noise is added once a step, and the till is charged the epsilon
that the call adds, before its first update (kit.privacy, kit.private_descent). Neighbours differ by one lesson. Every
lesson is in a step with probability q = batch / n, so `batch` and `visits` are what is expected.
Facts then: `epsilon` (of the run so far), `delta`, `sigma`, `rate` (q), and `clipped`, the share of gradients that were
longer than clip; `clipped` and `loss` are read from the lessons without noise: keep them to yourself, as you would the
lessons. The noise comes from the run's seed, so that a run can be repeated: who knows the seed can take it away, so a
seed that guards people is not published.

A penalty may hold weights exactly (core.descent.Holds): where that is all that the adapter opens, nothing is learned.

Facts: `lessons`, `loss` (weighted mean over the last pass, each lesson's just before its update, without the penalty),
`updates` and `visits` (lessons shown), both as kit.batching.updates_and_rows says beforehand, and `moving`, how many
numbers stand in parameters that may move, missing where none was opened. The till is charged the
training tokens of all updates, where the student reads tokens, and their FLOP (kit.descent.flop) before the first:
every position of every lesson that will be shown, prompts included, padding not. A private call is charged what is
expected, `visits` lessons of the mean length.

An objective may leave out lessons with nothing more to learn (core.descent.CanSkip): the next ones take their places,
so batches stay as large and a pass has fewer updates (kit/refill.py). Then `updates` and `visits` are what was shown,
`skipped` is what was planned beyond that, `loss` is missing where the last pass shows nothing, the rate goes by the
planned updates, and looking costs a forward pass: all of it has to be affordable, what was done is charged afterwards.

Source: Robbins and Monro (1951); AdamW: Loshchilov and Hutter (2019), algorithm 2; cosine: their earlier paper (2017).
Privacy: Abadi et al. (2016), algorithm 1; Li, Tramer, Liang and Hashimoto (2022), with Bu et al. (2022).
Neutral limit: 0 passes, or no lesson of positive weight, is `nothing`; with all lessons in one batch, adamw without
decay and a linear schedule it is the fit of `vector.mlp` with l2 = 0, from the student's present weights. Private with
sigma 0, clip inf and batch 0 it is itself without privacy.

Longer than 200 lines: what is foretold and charged stands beside what is done.

>>> from tutelage.core.parts import build
>>> from tutelage.core.stages import Stage
>>> from tutelage.toys import POOL, stream, view
>>> import numpy as np
>>> first = build("student", {"use": "vector.mlp", "hidden": [8]}).begin(POOL, stream(0, "student"))
>>> seen = view(student=first, taught=np.array([0, 5]))
>>> learned = Gradient(lr=0.1).learn((Stage(seen.lessons),), None, seen, stream(0, "learn"))
>>> learned.facts["updates"], learned.student.answer(POOL, stream(0, "assess")).given["label"].tolist()
(10.0, [0, 0, 0, 1, 1, 1])
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from tutelage.core.data import Ints, Kinds, Lessons, Rng, Supervision
from tutelage.core.descent import CanDescend, CanExpand, CanGrow, CanSkip, Encoded, Holds, Opened
from tutelage.core.digest import digest
from tutelage.core.errors import Fault, Refused
from tutelage.core.forecast import HasMatrices, HasOutline, Lot, Work
from tutelage.core.method import method, settings
from tutelage.core.parts import build, name_of, part
from tutelage.core.rng import stream
from tutelage.core.stages import Learned, Penalty, Student, Syllabus, Till, View, able
from tutelage.kit import processes, sharded
from tutelage.kit.batching import Counts, Plan, planned, positions, updates_and_rows
from tutelage.kit.descent import descended, flop, flop_of, matrices, steady
from tutelage.kit.kept import Keeper, luck_of
from tutelage.kit.privacy import Privacy
from tutelage.kit.private_descent import suits
from tutelage.kit.stiffness import loosened
from tutelage.kit.targets import longest
from tutelage.learn._privately import privately_learned
from tutelage.learn._walked import Material, turns


@method
class Gradient:
    objective: Annotated[Any, part("objective")] = Field(default_factory=lambda: build("objective", "cross_entropy"))
    adapter: Annotated[Any, part("adapter")] = Field(default_factory=lambda: build("adapter", "full"))
    passes: Annotated[float, Field(ge=0)] = 10.0
    batch: Annotated[int, Field(ge=0)] = 32  # 0: all lessons at once
    optimiser: Literal["adamw", "sgd"] = "adamw"
    lr: Annotated[float, Field(gt=0)] = 1e-3
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.0  # of sgd
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    schedule: Literal["constant", "linear", "cosine"] = "constant"
    warm_up: Annotated[float, Field(ge=0, le=1)] = 0.0  # share of the updates
    clip: Annotated[float, Field(gt=0)] | None = None  # largest norm of the whole gradient
    precision: Literal["fp32", "bf16"] = "fp32"
    accumulate: Annotated[int, Field(ge=1)] = 1  # pieces that a batch is gone through in
    recompute: bool = False
    privacy: Privacy | None = None  # settings of kit.privacy; None: not private

    charges_ahead: ClassVar[bool] = True

    @model_validator(mode="after")
    def _goes_together(self) -> Gradient:
        if self.privacy is not None and self.clip is not None:
            raise ValueError("private learning clips every lesson's own gradient: say privacy.clip instead of clip")
        if self.privacy is not None and (self.accumulate > 1 or self.recompute):
            raise ValueError("private learning has pieces of its own: say privacy.virtual_batch, without accumulate "
                             "and recompute")  # fmt: skip
        if self.accumulate > 1 and self.objective.couples:
            name = name_of(type(self.objective))
            raise ValueError(f"{name} couples the lessons of a batch, which then comes whole: say accumulate: 1")
        return self

    @property
    def needs(self) -> Kinds:
        """A student with weights to move, and the faces that objective and adapter ask of its module."""
        return frozenset({CanDescend, *self.objective.needs, *getattr(self.adapter, "needs", ())})

    @property
    def accepts(self) -> Kinds:
        """What the objective accepts."""
        return frozenset(self.objective.accepts)

    def needs_of(self, kind: type[Supervision]) -> Kinds:
        """The faces that the objective asks for lessons of this kind."""
        return frozenset(getattr(self.objective, "faces", {}).get(kind, ()))

    def work(self, student: Any, lot: Lot) -> Mapping[str, Work]:
        """The FLOP of the updates, where student and adapter say which matrices there are and which of them move."""
        shown, sure = lot.rows * self.passes, float(self.passes).is_integer() and lot.width.exact and not self._skips
        tokens = {"training_tokens": Work(shown * lot.width.tokens, sure)} if lot.width.tokens else {}
        found = self._matrices(student, lot)
        if found is None:
            return tokens
        size, moving, before = found
        amount = flop_of(size, moving, shown) + 2.0 * size * shown * (self._skips + self.recompute)
        if before and lot.width.tokens:  # vectors before every prompt, read once for each piece of a batch
            updates = math.ceil(self.passes) * math.ceil(lot.rows / (self.batch or max(lot.rows, 1)))
            amount *= 1 + updates * self.accumulate * before / max(shown * lot.width.tokens, 1)
        grows = getattr(self.adapter, "grows", False)  # then a later call passes through more than the first one did
        return {**tokens, "flop": Work(amount, sure and not grows and not before)}

    def _matrices(self, student: Any, lot: Lot) -> tuple[float, float, int] | None:
        """Entries that a lesson meets, as often as it has positions, of them those that may move; positions read before
        every batch.
        """
        if isinstance(student, HasOutline):
            if not lot.width.tokens:
                return None
            told = _outlined(_spelt(self.adapter), _spelt(student))
            return told.size * lot.width.tokens, told.open * lot.width.tokens, told.before
        opened = {"full": slice(None), "head_only": slice(-1, None), "bias_only": slice(-1, None)}.get(
            name_of(type(self.adapter))
        )
        if opened is None or not isinstance(student, HasMatrices):
            return None
        sizes = student.matrices(lot)
        return sum(sizes), sum(sizes[opened]), 0

    def moved(self, student: Any) -> float | None:
        """Numbers that may move, where the student has an outline."""
        return _outlined(_spelt(self.adapter), _spelt(student)).moving if isinstance(student, HasOutline) else None

    def learn(self, syllabus: Syllabus, penalty: Penalty | None, view: View, rng: Rng) -> Learned:
        """A new student; without an update the present one, and its memory as it was."""
        if self.privacy is not None:
            suits(syllabus, penalty, self.objective)
        counts = updates_and_rows(syllabus, self)
        plan = planned(syllabus, self.passes)
        facts = _planned(plan, counts)
        if counts.updates == 0:
            return Learned(view.student, facts, view.memory)
        order, luck, opens, torchs = rng.spawn(4)
        student = _ready(view.student, plan.lessons)
        encoded = student.encode(plan.lessons)
        prepared = self.objective.prepare(plan.lessons, view)
        with steady(torchs):
            opened = self.adapter.open(student.module, opens)
            sharded.suits(self, opened, penalty)
            if isinstance(penalty, Holds):
                opened = loosened(opened, penalty.held(opened.module))
                facts |= penalty.facts(opened.module)
                if not opened.groups:  # nothing is left that may move
                    return Learned(student, {**facts, "updates": 0.0, "visits": 0.0}, view.memory)
            if self.privacy is not None and opened.penalty is not None:
                what = f"private learning adds no penalty, and {name_of(type(self.adapter))} asks for one"
                raise Refused(Fault("learn.adapter.penalty", what, "--set learn.adapter.penalty=0"))
            tokens = self._tokens(plan, encoded, counts, order)
            facts["moving"] = _numbers(opened)
            most = self._flop(opened, counts.visits if tokens is None else tokens, counts.updates)
            if self.privacy is not None:
                _charged(view.till, most, tokens)
                made = privately_learned(self, opened, plan, encoded, prepared, facts, order, luck, view)
                return made._replace(student=student.with_module(made.student))
            looks = 0.0
            if self._skips:  # forwards alone, half of what a frozen module would take
                looks = flop(opened._replace(groups=()), counts.visits if tokens is None else tokens) / 2
            _charged(view.till, most + looks, tokens, pay=not looks)
            keeper = Keeper(view.scratch / f"learning-{view.step}.safetensors", lambda: self._key(plan, view, rng))
            if processes.count() > 1:
                processes.agreed(self._key(plan, view, rng), "lessons and weights")
            kept = keeper.found()
            shown: list[Ints] = []
            walked = turns(self, Material(plan, encoded, prepared, counts), opened.module, order, shown, keeper, kept,
                           self._skips)  # fmt: skip
            done = descended(opened, self.objective, walked, counts.updates, self, luck, penalty,
                             view.memory.get("optimiser"), keeper, kept)  # fmt: skip
            if looks:
                visits = sum(map(len, shown))
                read = None if encoded.lengths is None else float(sum(encoded.lengths[rows].sum() for rows in shown))
                _charged(view.till, looks + self._flop(opened, visits if read is None else read, len(shown)), read)
                facts |= {"updates": float(len(shown)), "visits": float(visits),
                          "skipped": float(counts.visits - visits)}  # fmt: skip
        facts |= {} if np.isnan(done.loss) else {"loss": done.loss}
        return Learned(student.with_module(done.module), facts, {"optimiser": done.state})

    @property
    def _skips(self) -> bool:
        return isinstance(self.objective, CanSkip) and self.objective.skipping

    def _tokens(self, plan: Plan, encoded: Encoded, counts: Counts, order: Rng) -> float | None:
        """Positions of all lessons that will be shown, of a private call those expected; None where there are none."""
        if encoded.lengths is None:
            return None
        if self.privacy is not None:
            return counts.visits * float(np.mean(encoded.lengths))
        return float(positions(plan, self, order, encoded.lengths, not self.objective.couples))

    def _flop(self, opened: Opened, positions: float, updates: float) -> float:
        """Of showing so many positions; layers that are computed again are one more forward pass. What stands before
        every prompt as vectors is read once for each piece of a batch.
        """
        positions += updates * self.accumulate * _read(opened.module)
        again = flop(opened._replace(groups=()), positions) / 2 if self.recompute else 0.0
        return flop(opened, positions) + again

    def _key(self, plan: Plan, view: View, rng: Rng) -> str:
        """Of all that a call depends on: only the same call goes on from what one has kept."""
        marks = [block.digest() for block in plan.lessons]
        walks = [[one.items, one.starts, one.support, one.passes] for one in plan.portions]
        who = [view.student.fingerprint, view.step, view.round, processes.count()]
        return digest(settings(self), who, json.dumps(luck_of(rng)), marks, walks)


def _ready(student: Student, lessons: Lessons) -> Any:
    """With room for what the lessons bring: labels that a person added since it began, units of a new task."""
    made: Any = able(student, CanDescend)
    if isinstance(made, CanGrow):
        names = longest([made.labels, *(block.about.pool.labels for block in lessons)])
        made = made.with_labels(names)
    return made.expanded(lessons) if isinstance(made, CanExpand) else made


def _planned(plan: Plan, counts: Counts) -> dict[str, float]:
    """What there is and what will be shown, as facts."""
    lessons = float(sum(block.size for block in plan.lessons))
    return {"lessons": lessons, "updates": float(counts.updates), "visits": float(counts.visits)}


def _numbers(opened: Opened) -> float:
    """Of all parameters that may move."""
    return float(sum(opened.module.get_parameter(name).numel() for group in opened.groups for name in group.names))


def _charged(till: Till, flop: float, tokens: float | None, pay: bool = True) -> None:
    """Tokens and FLOP together or not at all. pay False: only see whether both are there."""
    units = {"flop": flop} if tokens is None else {"training_tokens": tokens, "flop": flop}
    for unit, amount in units.items():
        till.afford(unit, amount)
    for unit, amount in units.items() if pay else ():
        till.pay(unit, (), (), np.array([amount]))


class _Outline(NamedTuple):
    """size, open: entries of all matrices, of those that may move. before: positions read before a batch. moving: all
    numbers that may move.
    """

    size: float
    open: float
    before: int
    moving: float


@functools.lru_cache(maxsize=64)  # a plan asks for every round of every arm and seed
def _outlined(adapter: str, student: str) -> _Outline:
    """Where this adapter opens a student that begins."""
    module = build("student", json.loads(student)).outline()
    opened = build("adapter", json.loads(adapter)).open(module, stream(0, "outline"))
    return _Outline(*matrices(opened), _read(opened.module), _numbers(opened))


def _read(module: Any) -> int:
    """Positions of vectors before every prompt that go through the model, once for a batch."""
    before = getattr(module, "before", None)
    return int(before.length) if before is not None and before.read else 0


def _spelt(part: Any) -> str:
    return json.dumps(settings(part), sort_keys=True)
