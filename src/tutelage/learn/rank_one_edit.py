"""Edits single facts: one matrix gets a new value for the key of each fact's subject, and little else changes.

    W' = W + L (C^-1 k)^T,   L = (v - W k) / ((C^-1 k)^T k)                    W: the down projection of layer `layer`

A lesson is a prompt that names a subject (the pool's column `subject` says whom) and the object that is to follow. k is
what W reads at the last token of the subject, the mean over the prompt alone and behind `contexts` beginnings: the
first five or ten words of texts drawn from the same material as C. v is what W should give there: found from W k by
`steps` steps of Adam on the loss of the object, its end included, in all these contexts, plus `kl` times
D(now || before) of the next token behind `essence`, plus decay |v - W k| / |W k|^2, never farther from W k than `norm`
times its length. C is the mean of k k^T over all tokens of at most `texts` rows, replies included, of the pool's rows
that are not taught yet, or of the data's `part`. `ridge` adds that share of its mean diagonal to C.

`at: prompt` reads and writes at the token behind which the reply begins instead, as the authors' code may: for decoders
too small to gather at the subject what is known of it. Several lessons: one follows another in the order of the
syllabus, as published, or `together`, for all keys at once, each v found on the student as it was: then all pairs hold.
What W reads does not depend on W, so keys and C stay. Which layer decides the paper finds by causal tracing, which is
not done here; the middle is the default. Batches, passes and weights other than 0 do not matter: a fact is edited or
not. The authors' code adds one shift to what W gives in each context, where here, as in equation 4, one v stands in
all; it solves at the key of the prompt alone, where equation 2 has the mean; it looks at D behind the subject. Which
way D goes (equation 4), and that the length in the decay is squared below alone, are as there.

Facts: `lessons`, `loss` (nats a token of the objects at the values found), `steps` (mean) and `change`, |W' - W| / |W|.
The till is charged the FLOP, upper bound first, and as training tokens those read in the search for v, once a step and
once at its end, padding not counted. A killed call begins again. C whose inverse is rounding alone is refused: as
published, more text is the remedy.

Source: Meng, Bau, Andonian and Belinkov (2022), Locating and editing factual associations in GPT, arXiv 2202.05262,
section 3.1 and appendix E; the numbers of their GPT-2 XL are the defaults here. n facts at once: kit.rank_one.
Neutral limit: without a lesson the student comes back as it was. With the object that is said anyway, and already said
with a loss below `enough`, v is W k and so W' is W up to rounding.

Longer than 200 lines: what is foretold and charged stands beside what is done.

>>> from tutelage.core.parts import build
>>> from tutelage.toys import stream, view
>>> from tutelage.core.data import Table
>>> pool = Table.of("facts", {"text": ["the city of Bolen is"], "subject": ["Bolen"], "reply": ["Oslo"]}).pool()
>>> maker = build("student", {"use": "text.tiny", "hidden": 16, "layers": 2, "heads": 2})
>>> first = maker.begin(pool, stream(0, "student"))
>>> RankOneEdit().learn((), None, view(pool, first), stream(0, "learn")).student is first
True
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field

from tutelage.core.data import Floats, Kinds, Lessons, Pool, Rng, Text
from tutelage.core.descent import CanDescend, Encoded, Prefixes, TokenLogprobs
from tutelage.core.errors import Fault, Refused
from tutelage.core.forecast import HasOutline, Lot, Work
from tutelage.core.method import method, settings
from tutelage.core.parts import build
from tutelage.core.stages import Learned, Penalty, Syllabus, View, able
from tutelage.kit.again import as_lessons
from tutelage.kit.batching import planned
from tutelage.kit.blocks import some
from tutelage.kit.descent import steady
from tutelage.kit.needed_parts import all_there
from tutelage.kit.rank_one import Singular, inserted
from tutelage.learn._memory import Found, Memory, Search, Size, Spot, key, memory, second_moment, size, value
from tutelage.learn._subjects import WORDS, asked, essence, prefixes, spot


@method
class RankOneEdit:
    layer: Annotated[int, Field(ge=0)] | None = None  # counted from 0; None: the middle
    at: Literal["subject", "prompt"] = "subject"  # whose last token
    subject: str = "subject"  # column of the lessons' table
    contexts: Annotated[int, Field(ge=0)] = 20  # beginnings before the prompt, besides none
    part: str = ""  # of the data: texts for C and the beginnings; "": the pool
    texts: Annotated[int, Field(ge=1)] = 1000  # rows for C at most
    ridge: Annotated[float, Field(ge=0)] = 0.0
    essence: Annotated[str, Field(pattern=r"\{subject\}")] = "{subject} is a"
    steps: Annotated[int, Field(ge=0)] = 20
    lr: Annotated[float, Field(gt=0)] = 0.5
    kl: Annotated[float, Field(ge=0)] = 0.0625
    decay: Annotated[float, Field(ge=0)] = 0.5
    norm: Annotated[float, Field(gt=0)] = 4.0
    enough: Annotated[float, Field(ge=0)] = 0.05
    together: bool = False

    needs: ClassVar[Kinds] = frozenset({CanDescend, Prefixes, TokenLogprobs})
    accepts: ClassVar[Kinds] = frozenset({Text})
    takes_penalty: ClassVar[bool] = False
    charges_ahead: ClassVar[bool] = True

    @property
    def needs_parts(self) -> tuple[str, ...]:
        """The one that C and the beginnings are of."""
        return (self.part,) if self.part else ()

    def work(self, student: Any, lot: Lot) -> Mapping[str, Work]:
        """Of as many texts and steps as there may be at most; beginnings of a token and a half a word."""
        if not isinstance(student, HasOutline) or not lot.width.tokens:
            return {}
        sized = _outlined(json.dumps(settings(student), sort_keys=True), self.layer, self.at)
        each = (self.contexts + 1) * (lot.width.tokens + 1.5 * sum(WORDS) / 2) + (lot.width.tokens if self.kl else 0.0)
        steps = np.array([float(self.steps)])
        flop, tokens = self._charge(sized, self.texts * lot.width.tokens, np.array([lot.rows * each]), steps)
        return {"training_tokens": Work(tokens, False), "flop": Work(flop, False)}

    def moved(self, student: Any) -> float | None:
        """Entries of the one matrix."""
        if not isinstance(student, HasOutline):
            return None
        return float(memory(student.outline().model, self.layer, self.at == "prompt").matrix.weight.numel())

    def learn(self, syllabus: Syllabus, penalty: Penalty | None, view: View, rng: Rng) -> Learned:
        """A new student, one of whose matrices has changed; without a lesson the present one."""
        if penalty is not None:
            what = "an edit solves for the facts alone and cannot add a penalty on weights"
            raise Refused(Fault("retain", what, "--set retain.use=nothing"))
        facts = asked(_in_order(syllabus), self.subject)
        if not facts:
            return Learned(view.student, {"lessons": 0.0})
        student: Any = able(view.student, CanDescend)
        draws, luck = rng.spawn(2)
        material = self._material(view)
        before = prefixes(material, self.contexts, draws)
        rows = np.sort(draws.permutation(len(material))[: self.texts])
        with steady(luck):
            module = student.module
            if module.before is not None:
                what = (
                    f"the student has a learned {module.before.kind} before every prompt, which no key is read behind"
                )
                raise Refused(Fault("learn", what, "restart: true, or learn.use=gradient"))
            where = memory(module.model, self.layer, self.at == "prompt")
            sized = size(module.model, where)
            spots = [_Fact(spot(student, module, one, before, self.at),
                           essence(student, module, one, self.essence, self.at)) for one in facts]  # fmt: skip
            read: Encoded = student.encode(as_lessons(material, rows, "covariance"))
            total = float(np.asarray(read.lengths).sum())
            each = np.array([float(one.asked.positions + (one.essence.positions if self.kl else 0)) for one in spots])
            most, tokens = self._charge(sized, total, each, np.full(len(each), float(self.steps)))
            view.till.afford("training_tokens", tokens)
            view.till.afford("flop", most)
            second = second_moment(module.model, where, read)
            second += np.diag(np.full(len(second), self.ridge * np.trace(second) / len(second)))
            first = where.weight
            found = self._edited(module, where, spots, second, total)
            spent, tokens = self._charge(sized, total, each, np.array([float(one.steps) for one in found]))
            view.till.pay("training_tokens", (), (), np.array([tokens]))
            view.till.pay("flop", (), (), np.array([spent]))
            told = {"lessons": float(len(facts)), "loss": float(np.mean([one.loss for one in found])),
                    "steps": float(np.mean([one.steps for one in found])),
                    "change": float(np.linalg.norm(where.weight - first) / np.linalg.norm(first))}  # fmt: skip
            return Learned(student.with_module(module), told)

    def _material(self, view: View) -> Pool:
        """Refused where there is no such part, or nothing in it."""
        all_there("learn.part", self.needs_parts, view.parts)
        found = view.parts[self.part] if self.part else view.pool
        if not len(found):
            where = f"the part {self.part!r}" if self.part else "the pool"
            what = f"no row is left in {where} to take the covariance of the keys from"
            raise Refused(Fault("learn.part", what, f"parts here: {', '.join(view.parts) or 'none'}"))
        return found

    def _edited(self, module: Any, where: Memory, spots: list[_Fact], second: Floats, tokens: float) -> list[Found]:
        """Put all facts into the memory, at once or one after another."""
        keys = [key(module.model, where, one.asked) for one in spots]
        how = Search(self.steps, self.lr, self.kl, self.decay, self.norm, self.enough)
        found: list[Found] = []
        for at, (one, mine) in enumerate(zip(spots, keys, strict=True)):
            start = where.weight @ mine + where.bias
            found.append(value(module, where, start, one.asked, one.essence, how))
            if not self.together or at + 1 == len(spots):
                since = 0 if self.together else at
                self._put(where, np.array(keys[since : at + 1]).T, np.array([new.value for new in found[since:]]).T,
                          second, tokens)  # fmt: skip
        return found

    def _put(self, where: Memory, keys: Floats, values: Floats, second: Floats, tokens: float) -> None:
        try:
            where.put(inserted(where.weight, keys, values - where.bias[:, None], second))
        except Singular as wrong:
            if wrong.which == "statistics":
                what = f"{tokens:g} tokens give the {wrong.size} numbers of a key a covariance of rank {wrong.rank}"
                raise Refused(Fault("learn.texts", what, "more texts, or learn.ridge=0.01")) from None
            what = f"the keys of {wrong.size} facts span {wrong.rank} directions alone: some are about one subject"
            raise Refused(Fault("learn.together", what, "one lesson for each subject, or together: false")) from None

    def _charge(self, sized: Size, texts: float, each: Floats, steps: Floats) -> tuple[float, float]:
        """FLOP, and training tokens: of reading texts and keys, of C and its inverse, and of searching for values.

        each: (n,) positions of a fact, which are read once for its key and for what is said without the value, and in
        the search once a step and at its end. steps: (n,) of the search, the way back stops at the memory.
        """
        looked = float(each @ (steps + 1))
        read = 2 * sized.every * (texts + float(each.sum()) + looked) + 2 * sized.inner**2 * texts + sized.inner**3 / 3
        return read + 2 * (sized.every - sized.below) * float(each @ steps), looked


class _Fact(NamedTuple):
    """What is read of a lesson."""

    asked: Spot
    essence: Spot


def _in_order(syllabus: Syllabus) -> Lessons:
    """Every lesson of positive weight once, as a block of its own, in the order in which they first come."""
    plan = planned(syllabus)
    none = np.zeros(0, dtype=np.int64)
    items = dict.fromkeys(np.concatenate([none, *(one.items for one in plan.portions)]).tolist())
    places = [(block, at) for block in plan.lessons for at in range(block.size)]
    return tuple(some(places[item][0], np.array([places[item][1]])) for item in items)


@functools.lru_cache(maxsize=16)  # a plan asks for every round of every arm and seed
def _outlined(student: str, layer: int | None, at: str) -> Size:
    """Of a student that begins."""
    model = build("student", json.loads(student)).outline().model
    return size(model, memory(model, layer, at == "prompt"))
