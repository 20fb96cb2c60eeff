"""Classes of another data set that come a few at a time: tasks of disjoint classes, one episode each.

    mixed = the classes in an order that no seed changes, the first `classes` of it;  task k = piece k of `tasks` pieces
    episode r shows the task that stands at place r in an order drawn from the seed (permuted)

With `scenario: condensed` they come as numbered or in the `order` given, with `dispersed` the order is gone through
`passes` times with new rows each time; `slices` cuts each learning block into so many episodes (kit/streams.py).
The pieces are as equal as they can be, the first ones larger. A row of the pool belongs to the episode of its class, so
round r sees the classes of one task alone, while the exam holds the items of all classes in every round, the same at
every seed. The column `task` of pool and exam says which task a class belongs to. With `drawn: true` the classes are
mixed anew by each seed; the exam, which must not depend on it, then has no such column. To know which row belongs to
which episode, the answers were looked at: the stream itself tells a learner that its rows are of a few classes.

Source: class-incremental learning as in Rebuffi, Kolesnikov, Sperl and Lampert (2017), iCaRL, section 4; several orders
of the classes: Zhang et al. (2023), SLCA, section 4; scenarios: Baker, New, Aguilar-Simon et al. (2023).
Neutral limit: `tasks: 1` is the data set itself in one episode.

>>> from tutelage.core.rng import stream
>>> made = ClassTasks(tasks=5).course(stream(0, "data"))
>>> pool = made.parts["pool"].pool
>>> len(pool.labels), sorted(set(pool.column("episode").to_pylist()))
(10, [0, 1, 2, 3, 4])
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, ClassVar

import numpy as np
import pyarrow as pa
from pydantic import Field

from tutelage.core.answers import Sealed
from tutelage.core.data import Course, Exam, Ints, Label, Modality, Part, Pool, Rng, Rows, Table, labelled
from tutelage.core.digest import digest
from tutelage.core.errors import Fault, Refused
from tutelage.core.method import method
from tutelage.core.parts import build, part
from tutelage.core.rng import stream
from tutelage.kit.streams import Scenario, arranged, drawn


@method
class ClassTasks:
    of: Annotated[Any, part("data")] = Field(default_factory=lambda: build("data", "digits"))
    tasks: Annotated[int, Field(ge=1)] = 5
    classes: Annotated[int, Field(ge=1)] | None = None  # so many of them, the same at every seed; None: all
    drawn: bool = False  # which classes stand together is luck, too
    scenario: Scenario = "permuted"
    passes: Annotated[int, Field(ge=1)] = 3  # over the tasks; of `dispersed` alone
    slices: Annotated[int, Field(ge=1)] = 1  # episodes of a learning block
    order: tuple[int, ...] | None = None  # such as [3, 0, 4, 1, 2]; None: as the scenario says

    card: ClassVar[str] = "The data set named by `of`, its rows sorted into tasks by their classes; see its own card."

    @property
    def holds(self) -> frozenset[Modality]:
        return frozenset(self.of.holds)

    @property
    def assets(self) -> tuple[str, ...]:
        """Those of the other data set."""
        return tuple(getattr(self.of, "assets", ()))

    def course(self, rng: Rng) -> Course:
        """Pool and exam of the classes drawn. Refused for more tasks than classes, or data without class labels."""
        made: Course = self.of.course(rng)
        pool, sealed = made.parts["pool"]
        if not pool.labels or not isinstance(sealed, Sealed):
            raise Refused(Fault("data.of", "tasks are made of class labels, and this data set has none"))
        if len(made.start):
            raise Refused(Fault("data.of.start_per_class", "a start would hold classes of every task", "leave it out"))
        codes = sealed.codes[pool.numbers]
        there = np.unique(codes[codes >= 0])
        count = len(there) if self.classes is None else self.classes
        if not self.tasks <= count <= len(there):
            what = f"{self.tasks} tasks of {count} classes were asked for, of {len(there)} that there are"
            raise Refused(Fault("data.classes", what, f"classes: {max(min(len(there), count), self.tasks)}"))
        chosen = stream(0, "class_tasks").permutation(there)[:count]
        mixed = rng.permutation(np.sort(chosen)) if self.drawn else chosen
        labels = tuple(pool.labels[code] for code in np.sort(chosen))
        task = np.full(len(pool.labels), -1, dtype=np.int64)  # of each class, -1 for those that are left out
        task[mixed] = np.repeat(np.arange(self.tasks), [len(piece) for piece in np.array_split(mixed, self.tasks)])
        new = np.where(task >= 0, np.cumsum(task >= 0) - 1, -1)
        order = drawn(self.tasks, self.scenario, self.order, rng)
        rows = np.flatnonzero((codes >= 0) & (task[codes] >= 0))
        at, episode = self._in_time(task[codes[rows]], order, rng)
        rows = rows[at]
        shown = _table(pool.take(rows), labels, {"task": _words(task[codes[rows]]), "episode": episode.tolist()})
        parts = {**made.parts, "pool": Part(shown.pool(), replace(sealed, table=shown, codes=new[codes[rows]]))}
        exams = {name: _exam(one, new, labels, None if self.drawn else task) for name, one in made.exams.items()}
        told = ", ".join(str(one) for one in order)
        note = f"{count} classes in {self.tasks} tasks, which come in the order {told}."
        return made._replace(parts=parts, exams=exams, notes=(*made.notes, note))

    def _in_time(self, task: Ints, order: Sequence[int], rng: Rng) -> tuple[Ints, Ints]:
        """(n,) the rows in the order in which they come, and the episode of each; alike where a task comes once."""
        passes = self.passes if self.scenario == "dispersed" else 1
        if passes * self.slices > 1:
            blocks = arranged(task, order, passes, self.slices, rng)
            return blocks.rows(), blocks.numbers()
        place = np.argsort(order)[task]
        at = np.argsort(place, kind="stable")
        return at, place[at]


def _exam(exam: Exam, new: Ints, labels: tuple[str, ...], task: Ints | None) -> Exam:
    """The items of the classes taken. Refused for an exam that is no list of class labels."""
    truth = []
    for block in exam.truth:
        if block.kind is not Label:
            raise Refused(Fault("data.of", "tasks are made of class labels, and the exam of this data set has others"))
        codes = block.given["label"]
        rows = np.flatnonzero(new[codes] >= 0)
        more = {} if task is None else {"task": _words(task[codes[rows]])}
        shown = _table(block.about.examples().take(rows), labels, more).pool()
        truth.append(labelled(Rows(shown, np.arange(len(shown))), new[codes[rows]], block.source))
    return Exam(tuple(truth), exam.parts)


def _table(pool: Pool, labels: tuple[str, ...], more: Mapping[str, Sequence[Any]]) -> Table:
    """The rows of this pool as a table of their own, with these columns beside or in place of those that it has."""
    columns = pool.table.columns.take(pa.array(pool.numbers))
    for name, values in more.items():
        at = columns.schema.get_field_index(name)
        made = pa.array(values)
        columns = columns.append_column(name, made) if at < 0 else columns.set_column(at, name, made)
    print_ = digest(pool.fingerprint, list(labels), {name: list(values) for name, values in more.items()})
    return replace(pool.table, columns=columns, labels=labels, fingerprint=print_)


def _words(task: Ints) -> list[str]:
    return [str(one) for one in task.tolist()]
