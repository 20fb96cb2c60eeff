"""Other students label the examples: a weaker or an earlier model, several by their mean, or the student itself.

    lesson(x) = 1/k sum_j p_j(c | x)        soft;    otherwise its likeliest class, among equals the first

p_j are the probabilities of student j, each put to the classes by name. A student is named with the recipe that
teaches it: `students: [{use: vector.logistic, taught: {data: {part: gold}, teach: {use: oracle}}}]`; a chain is such
a student that was itself taught by `model`; `{arm: NAME}` is the final student of that arm. What their teaching bought
is charged there; asking them costs nothing. Without `students` the student that is being taught is asked, as it is now.

Use labels on examples that the labelling student was not taught: on those it only repeats what it was told.

Source: Burns et al. (2023), Weak-to-strong generalization, section 3 (soft weak labels on the other half) and 4.3.1
(bootstrapping); soft labels of an ensemble: Hinton, Vinyals and Dean (2015), section 2.
Neutral limit: one student, or several that are equal, are labelled by as it is; without students and with soft: false
it gives the labels of `self_training` by threshold 0, each at weight 1.

>>> import numpy as np
>>> from tutelage.toys import ANSWERS, POOL, stream, view
>>> taught = Model().teach(Rows(POOL, np.array([2, 5])), view(), ANSWERS, stream(0, "teach"))
>>> print(taught.lessons[0].given["probs"].round(2))       # -0.2 lies nearly between the two classes, 3 does not
[[0.69 0.31]
 [0.   1.  ]]
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import numpy as np

from tutelage.core.data import Block, Floats32, Kinds, Label, Pool, Rng, Rows, Soft, labelled
from tutelage.core.errors import ContractBroken
from tutelage.core.method import method
from tutelage.core.parts import part
from tutelage.core.stages import Answers, CanWeigh, Taught, View, able
from tutelage.kit.ask import probabilities


@method
class Model:
    """soft: give the whole distribution; false gives its likeliest class."""

    students: Annotated[tuple[Any, ...], part("student")] = ()
    soft: bool = True

    students_need: ClassVar[Kinds] = frozenset({CanWeigh})
    spends: ClassVar[frozenset[str]] = frozenset()

    @property
    def needs(self) -> Kinds:
        """Probabilities of the student that is taught, where it is the one that is asked."""
        return frozenset() if self.students else frozenset({CanWeigh})

    @property
    def gives(self) -> Kinds:
        """Distributions, or labels."""
        return frozenset({Soft}) if self.soft else frozenset({Label})

    def teach(self, asked: Rows, view: View, answers: Answers, rng: Rng) -> Taught:
        """One free lesson per row; facts: the mean probability of the likeliest class. None where no class is known."""
        several = [one.finished for one in self.students] or [view.student]
        names = _names(asked.pool, several)
        if asked.size == 0 or not names:
            return Taught(())
        mean = np.zeros((asked.size, len(names)))
        for student in several:
            mean += _by_name(student, asked.examples(), names) / len(several)
        about = Rows(asked.pool.with_labels(names), asked.rows)
        facts = {"confidence": float(mean.max(axis=1).mean())}
        if not self.soft:
            return Taught((labelled(about, mean.argmax(axis=1), "model"),), facts)
        given = {"probs": (mean / mean.sum(axis=1, keepdims=True)).astype(np.float32)}
        free, alike = np.zeros(asked.size), np.ones(asked.size)
        return Taught((Block(about, None, Soft, given, "model", free, alike),), facts)


def _names(pool: Pool, several: list[Any]) -> tuple[str, ...]:
    """The classes of the pool, then those that only a student knows, in the order in which they come."""
    known = [able(student, CanWeigh).labels for student in several]
    return tuple(dict.fromkeys([*pool.labels, *(name for names in known for name in names)]))


def _by_name(student: Any, pool: Pool, names: tuple[str, ...]) -> Floats32:
    """(n, C) its probabilities, column c for `names[c]`. ContractBroken for a student without any class."""
    own = student.labels
    probs = probabilities(student, pool)
    if not own or probs.shape[1] == 0:
        raise ContractBroken(f"{type(student).__name__} was asked for labels before it knew any")
    made = np.zeros((len(pool), len(names)), dtype=np.float32)
    made[:, [names.index(name) for name in own[: probs.shape[1]]]] = probs
    return made
