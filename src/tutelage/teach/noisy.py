"""Answers like the oracle, but with a stated probability names one of the other classes.

    P(lesson(x) = y) = 1 - error,    P(lesson(x) = c) = error / (C - 1) for every class c != y,    y the true label

Whether an example is answered wrongly, and how, is a fixed function of the annotator and of the example's id: two
uniform numbers are read off a digest of both. So the same question gets the same answer however often, in whatever
company and in whatever order it is asked. The annotator is one number, drawn from the stage's luck when it is first
asked and kept as the stage's memory, so it stays the same person in every round.

What is paid for, and written into the record of purchases, is the look at the true label, exactly as for `oracle`:
both find each other's purchases. The wrong label stands in the lesson; after a kill the same luck makes the same one.
With one class there is no other to name, and the answer is right.

Source: uniform (symmetric) classification noise: Angluin and Laird (1988); over several classes: Patrini et al. (2017).
Neutral limit: error 0 is `oracle`.

>>> from tutelage.toys import ANSWERS, POOL, stream, till, view
>>> from tutelage.core.data import Rows
>>> rows, sealed = Rows(POOL, np.arange(6)), ANSWERS.through(till())
>>> taught = Noisy(error=1).teach(rows, view(), sealed, stream(0, "teach"))   # of two classes always the other
>>> taught.lessons[0].given["label"]
array([1, 1, 1, 0, 0, 0])
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from tutelage.core.answers import keys_of, price_of
from tutelage.core.data import Floats, Ints, Kinds, Label, Rng, Rows
from tutelage.core.digest import digest
from tutelage.core.method import method
from tutelage.core.stages import Answers, Taught, View


@method
class Noisy:
    """error: the probability of a wrong label. part: as for the oracle."""

    error: Annotated[float, Field(ge=0, le=1)] = 0.1
    part: str | None = None

    needs: ClassVar[Kinds] = frozenset()
    gives: ClassVar[Kinds] = frozenset({Label})
    spends: ClassVar[frozenset[str]] = frozenset({"labels"})

    def charges(self, rows: int, answers: Answers) -> Mapping[str, float]:
        """The price of one look for each row."""
        sealed = answers if self.part is None else answers.of(self.part)
        return {"labels": rows * price_of(sealed, "labels")}

    def teach(self, asked: Rows, view: View, answers: Answers, rng: Rng) -> Taught:
        """One Label lesson per row asked about, at the oracle's price; memory: who this annotator is."""
        annotator = int(view.memory["annotator"]) if "annotator" in view.memory else int(rng.integers(2**62))
        memory = {"annotator": annotator}
        if asked.size == 0:
            return Taught((), memory=memory)
        sealed = answers if self.part is None else answers.of(self.part)
        block = sealed.reveal(asked, Label)
        codes = _misread(block.given["label"], len(block.about.pool.labels), _draws(annotator, asked), self.error)
        return Taught((block._replace(given={"label": codes}, source="noisy"),), memory=memory)


def _draws(annotator: int, asked: Rows) -> Floats:
    """(n, 2) uniform numbers in [0, 1) that depend on the annotator and the row's id alone."""
    words = [digest(annotator, key) for key in keys_of(asked, "noisy")]
    return np.array([[int(word[:13], 16), int(word[13:26], 16)] for word in words]) / 16.0**13


def _misread(truth: Ints, classes: int, draws: Floats, error: float) -> Ints:
    """The true code, or with probability `error` one of the others, each as likely."""
    if classes < 2:
        return truth
    shift = 1 + np.floor(draws[:, 1] * (classes - 1)).astype(np.int64)  # 1 .. classes - 1
    return np.where(draws[:, 0] < error, (truth + shift) % classes, truth)
