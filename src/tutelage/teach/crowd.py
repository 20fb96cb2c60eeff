"""Several annotators who err, each in a way of their own, label every example; their answers are joined into one.

    P(annotator a says l | true class c) = 1 - errors_a  for l = c,    errors_a q_a(c, l)  for the others
    q_a(c, .) = uniform (alike: true), or drawn once from a flat Dirichlet distribution: who mistakes what for what

An annotator's answer about an example is a fixed function of both, so asking again gets the same answer; who they are
is drawn when they are first asked, and kept as memory. `each`: how many of them answer about one example (None: all),
in an order that depends on the example alone. The answers are joined by majority, where among equals the annotator
named first decides, or by the label model of Dawid and Skene over the examples of one question.

Every answer is paid for: the first about an example as the look at its truth, just as for `oracle` and `noisy`, at the
price of the data; each further one at `price`, under a key that names the annotator. Facts: the share of pairs of
answers that agree beyond chance, Krippendorff's `alpha` and, where all answer, `fleiss`.

Source: the annotator model of Dawid and Skene (1979); repeated labelling: Sheng, Provost and Ipeirotis (2008), Get
another label?
Neutral limit: one annotator with error 0 is `oracle`; one with an error, alike: true, errs as often as `noisy`.

>>> import numpy as np
>>> from tutelage.core.data import Rows
>>> from tutelage.toys import ANSWERS, POOL, stream, till, view
>>> purse = till({"labels": 18})
>>> taught = Crowd(errors=(0.2, 0.2, 0.2)).teach(
...     Rows(POOL, np.arange(6)), view(purse=purse), ANSWERS.through(purse), stream(0, "teach"))
>>> taught.lessons[0].given["label"], taught.lessons[0].cost.sum(), purse.left("labels")
(array([0, 0, 0, 0, 1, 1]), np.float64(18.0), 0.0)
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from tutelage.core.answers import keys_of
from tutelage.core.data import Array, Block, Floats, Ints, Kinds, Label, Rng, Rows, Soft, labelled
from tutelage.core.digest import digest
from tutelage.core.method import method
from tutelage.core.stages import Answers, Taught, View
from tutelage.kit.agreement import fleiss, krippendorff
from tutelage.kit.crowds import dawid_skene, majority, vote_shares

Error = Annotated[float, Field(ge=0, le=1)]


@method
class Crowd:
    """errors: one probability of a wrong label per annotator. each: answers per example. price: of a further one."""

    errors: Annotated[tuple[Error, ...], Field(min_length=1)] = (0.1, 0.2, 0.3)
    alike: bool = False
    each: Annotated[int, Field(ge=1)] | None = None
    by: Literal["majority", "dawid_skene"] = "majority"
    hard: bool = True
    price: Annotated[float, Field(ge=0)] = 1.0
    part: str | None = None

    needs: ClassVar[Kinds] = frozenset()
    spends: ClassVar[frozenset[str]] = frozenset({"labels"})

    @property
    def gives(self) -> Kinds:
        """Labels, or Soft lessons with the shares of the votes or the label model's probabilities."""
        return frozenset({Label}) if self.hard else frozenset({Soft})

    @property
    def per_row(self) -> dict[str, float]:
        """The oracle's price for the first answer, `price` for each further one."""
        many = len(self.errors) if self.each is None else min(self.each, len(self.errors))
        return {"labels": 1 + self.price * (many - 1)}

    def teach(self, asked: Rows, view: View, answers: Answers, rng: Rng) -> Taught:
        """One lesson per row asked about; memory: who the annotators are."""
        crowd = int(view.memory["crowd"]) if "crowd" in view.memory else int(rng.integers(2**62))
        memory = {"crowd": crowd}
        if asked.size == 0:
            return Taught((), memory=memory)
        draws = self._draws(crowd, asked)
        spoke = self._spoke(draws[:, :, 0])
        who, keys = self._further(asked, spoke)
        fresh = sum(value is None for value in view.till.paid("labels", keys + keys_of(asked, "oracle")))
        view.till.afford("labels", self.price * fresh)  # nobody is asked before all of them can be paid
        sealed = answers if self.part is None else answers.of(self.part)
        block = sealed.reveal(asked, Label)
        codes = self._said(crowd, block, draws)
        said = [block.about.pool.labels[code] for code in codes[who]]
        view.till.pay("labels", keys, said, np.full(len(keys), self.price))
        codes[~spoke] = -1
        cost = block.cost + self.price * (spoke.sum(axis=1) - 1)
        return Taught((self._joined(block, codes)._replace(cost=cost),), _facts(codes), memory)

    def _draws(self, crowd: int, asked: Rows) -> Floats:
        """(n, m, 3) uniform numbers of the annotator and the row alone: who speaks, whether wrongly, and what."""
        keys = keys_of(asked, "crowd")
        words = [[digest(crowd, a, key) for a in range(len(self.errors))] for key in keys]
        parts = [[[int(word[i : i + 10], 16) for i in (0, 10, 20)] for word in row] for row in words]
        return np.array(parts, dtype=np.float64) / 16.0**10

    def _spoke(self, order: Floats) -> Array:
        """(n, m) who answers about which row: the `each` annotators that come first."""
        many = len(self.errors) if self.each is None else min(self.each, len(self.errors))
        return np.asarray(order.argsort(axis=1).argsort(axis=1) < many)

    def _further(self, asked: Rows, spoke: Array) -> tuple[tuple[Array, ...], list[str]]:
        """All answers but the first about each row: where they stand in (n, m), and their purchase keys."""
        who = np.nonzero(spoke & (spoke.cumsum(axis=1) > 1))
        keys = keys_of(asked, "crowd")
        places = zip(*(axis.tolist() for axis in who), strict=True)
        return who, [digest(keys[row], f"annotator {a}") for row, a in places]

    def _said(self, crowd: int, block: Block, draws: Floats) -> Ints:
        """(n, m) what each annotator says."""
        truth: Ints = block.given["label"]
        classes = len(block.about.pool.labels)
        said = np.repeat(truth[:, None], len(self.errors), axis=1)
        if classes < 2:
            return said
        for a, error in enumerate(self.errors):
            bounds = np.cumsum(self._confused(crowd, a, classes), axis=1)  # (C, C - 1) over the classes that follow c
            shift = 1 + (draws[:, a, 2, None] >= bounds[truth][:, :-1]).sum(axis=1)
            said[:, a] = np.where(draws[:, a, 1] < error, (truth + shift) % classes, truth)
        return said

    def _confused(self, crowd: int, annotator: int, classes: int) -> Floats:
        """(C, C - 1) for each true class the shares of the others, in the order c + 1, c + 2, ..."""
        if self.alike:
            return np.full((classes, classes - 1), 1 / (classes - 1))
        luck = np.random.Generator(np.random.PCG64(np.random.SeedSequence([crowd, annotator])))
        return luck.dirichlet(np.ones(classes - 1), size=classes)

    def _joined(self, block: Block, codes: Ints) -> Block:
        classes = len(block.about.pool.labels)
        if self.by == "majority" and self.hard:
            return labelled(block.about, majority(codes, classes), "crowd")
        probs = vote_shares(codes, classes) if self.by == "majority" else dawid_skene(codes, classes).probs
        if self.hard:
            return labelled(block.about, probs.argmax(axis=1), "crowd")
        given = {"probs": probs.astype(np.float32)}
        return Block(block.about, None, Soft, given, "crowd", block.cost, block.weight)


def _facts(codes: Ints) -> dict[str, float]:
    """Agreement beyond chance, where it is defined."""
    found = {"alpha": krippendorff(codes)}
    if (codes >= 0).all():
        found["fleiss"] = fleiss(codes)
    return {name: value for name, value in found.items() if not np.isnan(value)}
