"""Joins several weak labellers into one: asks each of them, learns how far to trust it, and gives what is likely.

    by: dawid_skene   P(y | labels) ~ prior_y prod_a confusion_a(y, l_a), prior and confusions by EM (kit/crowds.py)
    by: majority      the share of the labellers who named each class

A labeller abstains by giving no lesson about an example (self-training does, where it is unsure); an example about
which all abstain gets no lesson either. Soft lessons count by their likeliest class, weights are not used. What an
example cost is the sum of what the labellers say it cost them. Facts: `coverage`, Krippendorff's `alpha` where at
least two spoke, and for dawid_skene each labeller's estimated accuracy, `accuracy_0`, `accuracy_1`, ...

Source: Dawid and Skene (1979); as a label model over weak labellers that abstain: Ratner et al. (2017), Snorkel: rapid
training data creation with weak supervision.
Neutral limit: a single labeller is passed on as it is (`smoothing: 0` for dawid_skene).

>>> import numpy as np
>>> from tutelage.core.data import Rows
>>> from tutelage.toys import ANSWERS, POOL, stream, view
>>> taught = LabelModel(by="majority").teach(Rows(POOL, np.arange(6)), view(), ANSWERS, stream(0, "teach"))
>>> block = taught.lessons[0]
>>> block.about.examples().ids(), block.given["probs"][:, 1].tolist()
(['a', 'b', 'c', 'd', 'e', 'f'], [0.0, 0.0, 0.0, 1.0, 1.0, 1.0])
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import Field

from tutelage.core.data import Array, Block, Floats, Ints, Kinds, Label, Lessons, Rng, Rows, Soft, labelled
from tutelage.core.errors import ContractBroken
from tutelage.core.method import method
from tutelage.core.parts import part
from tutelage.core.stages import Answers, Taught, View
from tutelage.kit.agreement import krippendorff
from tutelage.kit.crowds import dawid_skene, majority, vote_shares
from tutelage.kit.nested import kept, taught_by
from tutelage.kit.targets import longest
from tutelage.teach.self_training import SelfTraining


class Said(NamedTuple):
    """What one labeller said about n rows: codes (n,), -1 where it abstained, costs (n,), and its label list."""

    codes: Ints
    cost: Floats
    labels: tuple[str, ...]


@method
class LabelModel:
    """of: the labellers. smoothing: pseudo-count of every cell of a confusion. hard: Label lessons instead of Soft."""

    of: Annotated[tuple[Any, ...], part("teach"), Field(min_length=1)] = (
        SelfTraining(strategy="threshold", threshold=0.5),
        SelfTraining(k=3),
    )
    by: Literal["dawid_skene", "majority"] = "dawid_skene"
    smoothing: Annotated[float, Field(ge=0)] = 0.01
    rounds: Annotated[int, Field(ge=1)] = 100
    hard: bool = False

    @property
    def gives(self) -> Kinds:
        """Soft lessons, or labels."""
        return frozenset({Label}) if self.hard else frozenset({Soft})

    @property
    def needs(self) -> Kinds:
        """What any of the labellers needs."""
        return frozenset().union(*(one.needs for one in self.of))

    @property
    def spends(self) -> frozenset[str]:
        """What any of the labellers charges."""
        return frozenset().union(*(one.spends for one in self.of))

    def teach(self, asked: Rows, view: View, answers: Answers, rng: Rng) -> Taught:
        """One lesson per row about which somebody said something."""
        heard: list[Said] = []
        memories: dict[str, Any] = {}
        for number, (one, luck) in enumerate(zip(self.of, rng.spawn(len(self.of)), strict=True)):
            taught = taught_by(one, f"of.{number}", asked, view, answers, luck)
            memories[f"of.{number}"] = taught.memory
            heard.append(_said(asked, taught.lessons, type(one).__name__))
        codes = np.stack([said.codes for said in heard], axis=1)
        spoken = np.flatnonzero((codes >= 0).any(axis=1))
        facts = {"coverage": len(spoken) / asked.size if asked.size else 0.0}
        if len(spoken) == 0:
            return Taught((), facts, kept(**memories))
        labels = longest(said.labels for said in heard)
        probs, told = self._joined(codes[spoken], len(labels))
        alpha = krippendorff(codes)
        facts |= told | ({} if np.isnan(alpha) else {"alpha": alpha})
        about = Rows(asked.pool.with_labels(labels), asked.rows[spoken])
        cost = np.sum([said.cost for said in heard], axis=0)[spoken]
        return Taught((self._lesson(about, codes[spoken], probs)._replace(cost=cost),), facts, kept(**memories))

    def _joined(self, codes: Ints, classes: int) -> tuple[Floats, dict[str, float]]:
        """Probabilities (n, C), and how accurate each labeller seems."""
        if self.by == "majority":
            return vote_shares(codes, classes), {}
        found = dawid_skene(codes, classes, self.smoothing, self.rounds)
        right = np.einsum("j,ajj->a", found.prior, found.confusion)
        return found.probs, {f"accuracy_{number}": float(share) for number, share in enumerate(right)}

    def _lesson(self, about: Rows, codes: Ints, probs: Floats) -> Block:
        if not self.hard:
            size = len(probs)
            given = {"probs": probs.astype(np.float32)}
            return Block(about, None, Soft, given, "label_model", np.zeros(size), np.ones(size))
        likeliest = majority(codes, probs.shape[1]) if self.by == "majority" else probs.argmax(axis=1)
        return labelled(about, likeliest, "label_model")


def _said(asked: Rows, lessons: Lessons, who: str) -> Said:
    """One labeller's lessons, put to the rows that were asked about. ContractBroken for what no single row was told."""
    numbers = asked.numbers
    order = np.argsort(numbers, kind="stable")
    codes, cost = np.full(len(numbers), -1, dtype=np.int64), np.zeros(len(numbers))
    for block in lessons:
        if block.kind not in (Label, Soft) or block.about.starts is not None:
            raise ContractBroken(f"a label model joins labels of single rows; {who} gave {block.kind.__name__}")
        if block.about.pool.table.fingerprint != asked.pool.table.fingerprint:
            raise ContractBroken(f"a label model joins labels of the rows asked about; {who} wrote about others")
        at: Array = order[np.searchsorted(numbers[order], block.about.numbers)]
        label = block.kind is Label
        codes[at] = block.given["label"] if label else np.argmax(block.given["probs"], axis=1)
        cost[at] += block.cost
    return Said(codes, cost, longest([asked.pool.labels, *(block.about.pool.labels for block in lessons)]))
