"""Five two-class tasks of handwritten digits, one after another: a lifetime to learn and not to forget.

    pairs            task k asks which of the digits 2k and 2k+1 a picture shows
    rotated          task k shows a fifth of all ten digits, turned by `turn` times k degrees
    pixels_permuted  task k shows a fifth of all ten digits, its pixels shuffled in a way of its own (task 0: not)

The answer is always `even` or `odd`, so that all tasks share one head and nothing tells the learner which task it is
in. A lifetime is a row of learning blocks, one task each; a block is cut into `slices` episodes, one a round, with an
exam after each. condensed: each task once, as numbered; permuted: each once, in an order drawn from the seed;
dispersed: an order drawn from the seed, gone through `passes` times with new pictures each time. A task's pictures are
shared out evenly over its episodes. `few: n` leaves at most n pictures of each answer in every episode of a task that
does not come first: what a learner with a past can do with few labels. `task: k` is the single-task expert's data: the
same pictures of that task in the same episodes at the same seed, and no other task. The exam holds held-out pictures of
all five tasks, marked by the column `task`, the same at every seed.

Source: scenarios and single-task experts as in Baker, New, Aguilar-Simon et al. (2023); the split is that of `digits`.
Neutral limit: with `task: k`, `passes: 1` and `slices: 1` it is one round of an ordinary two-class problem.

>>> from tutelage.core.rng import stream
>>> made = DigitLifetimes(scenario="condensed", slices=2).course(stream(0, "data"))
>>> pool = made.parts["pool"].pool
>>> pool.column("episode").to_pylist()[-1], pool.column("task").to_pylist()[-1], len(made.exams["exam"].truth[0].weight)
(9, '4', 359)
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from tutelage.core.data import Course, Floats32, Ints, Modality, Rng, Table
from tutelage.core.errors import Fault, Refused
from tutelage.core.method import method
from tutelage.core.rng import stream
from tutelage.data.digits import Split, split
from tutelage.kit.courses import course

LABELS = ("even", "odd")
TASKS = 5
SIDE = 8  # pixels


@method
class DigitLifetimes:
    scenario: Literal["condensed", "dispersed", "permuted"] = "dispersed"
    passes: Annotated[int, Field(ge=1)] = 3  # over the tasks; of `dispersed` alone
    slices: Annotated[int, Field(ge=1)] = 1  # episodes of a learning block
    tasks: Literal["pairs", "rotated", "pixels_permuted"] = "pairs"
    turn: Annotated[float, Field(gt=0, lt=360 / TASKS)] = 36.0  # degrees from one rotated task to the next
    few: Annotated[int, Field(ge=1)] | None = None  # pictures of each answer in later tasks' episodes; None: all
    task: Literal["all"] | Annotated[int, Field(ge=0, lt=TASKS)] = "all"  # one of them: its expert's data
    order: tuple[int, ...] | None = None  # such as [3, 0, 4, 1, 2]; None: as the scenario says
    split: Literal["test", "dev"] = "test"  # which split is the exam

    holds: ClassVar[frozenset[Modality]] = frozenset({"vector"})
    card: ClassVar[str] = """Source: Optical recognition of handwritten digits (Alpaydin and Kaynak, 1998), the 1,797
pictures that scikit-learn carries. Licence: BSD-3-Clause as part of scikit-learn.
Dropped: the development or the test split, whichever is not the exam.
Split: 70 % training, 10 % development, 20 % test, within each digit by a hash of the pixels; which task a picture
belongs to, how pictures are turned and how pixels are shuffled depends on no seed."""

    def course(self, rng: Rng) -> Course:
        """Rows in the order of their episodes. Refused when an order is no order, or an episode would be empty."""
        order = self._order(rng)
        digits = split()
        train, exam = digits.parts["train"], digits.parts[self.split]
        tasks = _tasks(digits, self.tasks)
        passes = self.passes if self.scenario == "dispersed" else 1
        pieces = {task: _dealt(train[tasks[train] == task], passes * self.slices, rng) for task in range(TASKS)}
        blocks = [(task, turn) for turn in range(passes) for task in order if self.task in ("all", task)]
        rows = [self._left(rows, digits.codes % 2, task == order[0]) for task, turn in blocks
                for rows in pieces[task][turn * self.slices : (turn + 1) * self.slices]]  # fmt: skip
        shown = _shown(digits.pictures, tasks, self.tasks, self.turn)
        table = _table("lifetime", shown, np.concatenate(rows), tasks, [len(piece) for piece in rows])
        by_task = exam[np.lexsort((exam, tasks[exam]))]
        held = _table(self.split, shown, by_task, tasks)
        notes = (
            f"{len(rows)} episodes: blocks of task {', '.join(str(task) for task, _ in blocks)}, {self.slices} each.",
            f"The exam is the {self.split} split, {len(exam)} pictures of all five tasks, the same at every seed.",
        )
        return course(table, digits.codes[np.concatenate(rows)] % 2, held, digits.codes[by_task] % 2, rng, notes=notes)

    def _left(self, rows: Ints, answers: Ints, first: bool) -> Ints:
        """The rows of an episode, which come shuffled, less those of an answer that are too many."""
        if first or self.few is None:
            return rows
        before = np.zeros(len(rows), dtype=np.int64)  # of the same answer
        for answer in (0, 1):
            mine = answers[rows] == answer
            before[mine] = np.arange(mine.sum())
        return rows[before < self.few]

    def _order(self, rng: Rng) -> tuple[int, ...]:
        """The tasks of one pass. Luck is drawn whether or not an order is given, so that the pictures do not move."""
        drawn = tuple(int(task) for task in rng.permutation(TASKS))
        if self.order is None:
            return tuple(range(TASKS)) if self.scenario == "condensed" else drawn
        if sorted(self.order) != list(range(TASKS)):
            what = f"an order names each of the tasks 0 to {TASKS - 1} once; found {list(self.order)}"
            raise Refused(Fault("data.order", what, "for example order: [3, 0, 4, 1, 2]"))
        return self.order


def _tasks(digits: Split, how: str) -> Ints:
    """(1797,) the task of each picture; a fifth of each digit of each part where tasks hold all digits."""
    if how == "pairs":
        return digits.codes // 2
    made = np.zeros(len(digits.codes), dtype=np.int64)
    for rows in digits.parts.values():
        for digit in range(2 * TASKS):
            mine = rows[digits.codes[rows] == digit]
            made[mine] = np.arange(len(mine)) % TASKS
    return made


def _dealt(rows: Ints, count: int, rng: Rng) -> list[Ints]:
    """The rows shuffled and shared out evenly. Refused when there are fewer rows than shares."""
    if count > len(rows):
        what = f"a task has {len(rows)} pictures, which cannot fill {count} episodes"
        raise Refused(Fault("data.slices", what, "use fewer slices or fewer passes"))
    return [np.asarray(part, dtype=np.int64) for part in np.array_split(rng.permutation(rows), count)]


def _shown(pictures: Floats32, tasks: Ints, how: str, turn: float) -> Floats32:
    """The pictures as their tasks show them."""
    made = pictures.copy()
    for task in range(1, TASKS):
        mine = np.flatnonzero(tasks == task)
        if how == "rotated":
            from scipy.ndimage import rotate

            square = pictures[mine].reshape(-1, SIDE, SIDE)
            made[mine] = rotate(square, turn * task, axes=(1, 2), reshape=False, order=1).reshape(-1, SIDE * SIDE)
        elif how == "pixels_permuted":
            made[mine] = pictures[mine][:, stream(task, "digit_lifetimes.pixels").permutation(SIDE * SIDE)]
    return made


def _table(part: str, shown: Floats32, rows: Ints, tasks: Ints, sizes: list[int] | None = None) -> Table:
    """Ids name the picture; `episode` counts the pieces of the given sizes, an exam has none."""
    columns = {
        "id": [f"digit-{row + 1}" for row in rows],
        "vector": shown[rows],
        "task": [str(task) for task in tasks[rows]],
    }
    if sizes is not None:
        columns["episode"] = np.repeat(np.arange(len(sizes)), sizes)
    return Table.of(f"digit {part}", columns, LABELS)
