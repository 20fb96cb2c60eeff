"""Several data sets as tasks that come one after another: class-, task- or domain-incremental, or texts to read.

    episode r = the rows of one task, or a slice of them;   exam = held-out items of every task, the same at every seed

`labels: own` gives each task classes of its own, "trec/HUM", under one head: class-incremental where a student answers
among all of them, task-incremental where `assess: task_accuracy` tells it the task. With `shared` classes of the same
name are one class: the domain changes, the question does not. With `none` texts are read, not answered (`teach:
itself`): a row with a reply is both of them, cut to `cut` bytes. Tasks of questions with replies keep these. With
`replies` stages of a different kind follow each other, as a language model lives them: whoever has replies keeps them,
all others are read (`teach: {use: recorded, without: read}`).

The column `task` of pool and exam says which task a row belongs to, so that measures of a lifetime have a value for
every task after every block. `scenario` says how the tasks come (kit/streams.py); `task: NAME` is the expert's data,
the same rows of one task alone. `also` are tasks that are examined and never taught: what a general ability comes to.
Where texts or replies are learned their material is a part under the task's name, which a replay may name. With `exams:
each` every task's own exam, whole and as it is, stands beside, under the task's name: `on: instructions`.

Of a row its payload, reply, group and class are taken, no other column; the ids of a task begin with its name. Rows
whose text stands in the exam of any task are left out of all of them, with `exams: each` those whose prompt does, too,
whether a reply is read behind it here or there, or not. Tasks with labels of their own tell a learner, by
the stream itself, that its rows are of a few classes.

Source: task-, domain- and class-incremental learning as in van de Ven, Tuytelaars and Tolias (2022), Three types of
incremental learning, table 1; orders: Baker, New, Aguilar-Simon et al. (2023); stages from general to specific, Shi et
al. (2024), arXiv 2404.16789, section 2 (vertical continuity).
Neutral limit: one task in one slice is that data set in one episode.

>>> from tutelage.core.rng import stream
>>> made = TaskStream(scenario="condensed").course(stream(0, "data"))
>>> pool = made.parts["pool"].pool
>>> len(pool.labels), pool.labels[-2:], sorted(set(pool.column("episode").to_pylist()))
(12, ('digits 2/even', 'digits 2/odd'), [0, 1])
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from tutelage.core.answers import Sealed
from tutelage.core.data import Course, Ints, Label, Modality, Part, Rng
from tutelage.core.errors import Fault, Refused, nearest
from tutelage.core.method import method
from tutelage.core.parts import build, part
from tutelage.data._task_tables import exam_of, nothing_of, table_of
from tutelage.data._tasks import Labels, Task, names_of, read
from tutelage.kit.streams import Stream, arranged, drawn

RESERVED = ("pool", "exam", "every")  # names of parts and exams that mean something else


def _default() -> tuple[Any, ...]:
    return build("data", "digits"), build("data", {"use": "digits", "task": "odd_even"})


@method
class TaskStream:
    of: Annotated[tuple[Any, ...], part("data"), Field(min_length=1)] = Field(default_factory=_default)
    names: tuple[str, ...] = ()  # of the tasks, then of `also`; none: those of the data sets
    also: Annotated[tuple[Any, ...], part("data")] = ()  # examined and never taught
    labels: Labels = "own"
    scenario: Stream = "permuted"
    passes: Annotated[int, Field(ge=1)] = 1  # over the tasks; of `dispersed` alone
    slices: Annotated[int, Field(ge=1)] = 1  # episodes of a learning block
    order: tuple[int, ...] | None = None  # such as [2, 0, 1]; None: as the scenario says
    task: str = "all"  # one of them: its expert's data
    items: Annotated[int, Field(ge=1)] | None = None  # so many items of each task's exam, fixed by a hash; None: all
    cut: Annotated[int, Field(ge=16)] | None = None  # bytes of a text that is read, at most
    exams: Literal["together", "each"] = "together"

    card: ClassVar[str] = "The data sets named by `of` and `also`, one after another; see their own cards."

    @property
    def holds(self) -> frozenset[Modality]:
        """Text where all of them do, else vectors."""
        return frozenset({"text"}) if all("text" in one.holds for one in self._all) else frozenset({"vector"})

    @property
    def assets(self) -> tuple[str, ...]:
        """Those of all data sets."""
        return tuple(dict.fromkeys(name for one in self._all for name in getattr(one, "assets", ())))

    @property
    def _all(self) -> tuple[Any, ...]:
        return (*self.of, *self.also)

    def course(self, rng: Rng) -> Course:
        """Rows in the order of their episodes. Refused for tasks that do not go together, or an empty episode."""
        known = names_of(self._all, self.names)
        if taken := [name for name in known if name in RESERVED]:
            raise Refused(Fault("data.names", f"{taken[0]!r} means something else here", "another name for this task"))
        if self.task not in ("all", *(own := known[: len(self.of)])):
            raise Refused(Fault("data.task", f"no task is called {self.task!r}", nearest(self.task, own)))
        luck, *lucks = rng.spawn(1 + len(self._all))
        tasks = [read(one, name, self.labels, self.cut, self.items, own)
                 for one, name, own in zip(self._all, known, lucks, strict=True)]  # fmt: skip
        self._go_together(tasks)
        if self.exams == "together":  # of the others nobody is asked
            tasks = [task._replace(tested=task.items.keys) for task in tasks]
        tasks, notes = _apart(tasks, self.exams == "each")
        labels, codes = _labels(tasks, self.labels)
        order = drawn(len(self.of), self.scenario, self.order, luck)
        mine = np.repeat(np.arange(len(self.of)), [len(task.rows.ids) for task in tasks[: len(self.of)]])
        passes = self.passes if self.scenario == "dispersed" else 1
        blocks = arranged(
            mine, order, passes, self.slices, luck, None if self.task == "all" else known.index(self.task)
        )
        rows, episode = blocks.rows(), blocks.numbers()
        if self.scenario == "together":
            rows, episode = np.sort(rows), np.zeros(len(rows), dtype=np.int64)
        taught = tasks[: len(self.of)]
        table = table_of("stream", [(task.name, task.rows) for task in taught], labels, rows, episode)
        sealed = Sealed(
            table, np.concatenate([codes[place][task.rows.codes] for place, task in enumerate(taught)])[rows]
        )
        told = ", ".join(known[one] for one in blocks.tasks)
        sizes = sorted({len(task.items.ids) for task in tasks})
        several = f"{sizes[0]} to {sizes[-1]}" if len(sizes) > 1 else str(sizes[0])
        notes += (f"The exam is {several} items of each of {len(tasks)} tasks.",)
        notes += (f"{len(np.unique(episode))} episodes: blocks of {told}, {self.slices} each.",)
        exams = {"exam": exam_of(tasks, labels, codes)}
        if self.exams == "each":
            exams |= {task.name: task.exam for task in tasks}
        parts = {"pool": Part(table.pool(), sealed), **self._never_taught(tasks)}
        return Course(parts, exams, notes=notes)

    def _never_taught(self, tasks: Sequence[Task]) -> dict[str, Part]:
        """The material of `also`, where it can be learned without labels."""
        beside = [task for task in tasks[len(self.of) :] if task.kind is not Label and len(task.rows.ids)]
        tables = {task.name: table_of(task.name, [(task.name, task.rows)], ()) for task in beside}
        return {name: Part(table.pool(), nothing_of(table)) for name, table in tables.items()}

    def _go_together(self, tasks: Sequence[Task]) -> None:
        """Refused unless all hold the same kind of payload and of truth."""
        kinds = {task.kind.__name__ for task in tasks}
        if len(kinds) > 1 and self.labels != "replies":
            what = f"the tasks are told in different ways: {', '.join(sorted(kinds))}"
            help = "labels: none reads all of them as texts, labels: replies those without replies"
            raise Refused(Fault("data.of", what, help))
        shapes = {None if isinstance(task.rows.payload, list) else task.rows.payload.shape[1] for task in tasks}
        if len(shapes) > 1:
            told = ", ".join("texts" if size is None else f"vectors of {size} numbers" for size in shapes)
            raise Refused(Fault("data.of", f"one student cannot read all of these tasks: {told}"))


def _apart(tasks: Sequence[Task], own: bool) -> tuple[list[Task], tuple[str, ...]]:
    """The tasks without the rows that stand in an exam, and what is said about them.

    own: also those that are a prompt of a data set's own exam, whatever reply is put behind it.
    """
    held = np.concatenate([task.tested for task in tasks])
    made, notes = [], [note for task in tasks for note in task.notes]
    for task in tasks:
        both = np.isin(task.rows.keys, held)
        if own:
            both |= np.isin(task.rows.asks, held)
        if both.any():
            notes.append(f"{task.name}: {int(both.sum())} rows stand in the exam of a task, too, and are left out.")
        made.append(task._replace(rows=task.rows.take(~both)))
    return made, tuple(notes)


def _labels(tasks: Sequence[Task], how: Labels) -> tuple[tuple[str, ...], list[Ints]]:
    """All labels, and for each task the place of each of its own among them, with -1 behind, for the code -1."""
    named = [[f"{task.name}/{label}" if how == "own" else label for label in task.labels] for task in tasks]
    labels = tuple(dict.fromkeys(label for one in named for label in one))
    place = {label: at for at, label in enumerate(labels)}
    return labels, [np.array([*(place[label] for label in one), -1], dtype=np.int64) for one in named]
