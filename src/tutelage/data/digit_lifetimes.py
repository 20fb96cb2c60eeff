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
from tutelage.core.method import method
from tutelage.core.rng import stream
from tutelage.data.digits import Split, split
from tutelage.kit.courses import course
from tutelage.kit.streams import Blocks, Scenario, arranged, drawn

LABELS = ("even", "odd")
TASKS = 5
SIDE = 8  # pixels


@method
class DigitLifetimes:
    scenario: Scenario = "dispersed"
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
        order = drawn(TASKS, self.scenario, self.order, rng)
        digits = split()
        train, exam = digits.parts["train"], digits.parts[self.split]
        tasks = _tasks(digits, self.tasks)
        passes = self.passes if self.scenario == "dispersed" else 1
        only = None if self.task == "all" else self.task
        blocks = self._left(
            arranged(tasks[train], order, passes, self.slices, rng, only), digits.codes[train] % 2, order
        )
        rows = train[blocks.rows()]
        shown = _shown(digits.pictures, tasks, self.tasks, self.turn)
        table = _table("lifetime", shown, rows, tasks, blocks.numbers())
        by_task = exam[np.lexsort((exam, tasks[exam]))]
        held = _table(self.split, shown, by_task, tasks)
        notes = (
            f"{len(blocks.episodes)} episodes: blocks of task {', '.join(map(str, blocks.tasks))}, {self.slices} each.",
            f"The exam is the {self.split} split, {len(exam)} pictures of all five tasks, the same at every seed.",
        )
        return course(table, digits.codes[rows] % 2, held, digits.codes[by_task] % 2, rng, notes=notes)

    def _left(self, blocks: Blocks, answers: Ints, order: tuple[int, ...]) -> Blocks:
        """The same without those rows of each answer that are too many, in every task but the one that comes first."""
        if self.few is None:
            return blocks
        made = []
        for number, rows in enumerate(blocks.episodes):
            before = np.zeros(len(rows), dtype=np.int64)  # of the same answer; rows come shuffled
            for answer in (0, 1):
                mine = answers[rows] == answer
                before[mine] = np.arange(mine.sum())
            first = blocks.tasks[number // self.slices] == order[0]
            made.append(rows if first else rows[before < self.few])
        return blocks._replace(episodes=tuple(made))


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


def _table(part: str, shown: Floats32, rows: Ints, tasks: Ints, episode: Ints | None = None) -> Table:
    """Ids name the picture; an exam has no `episode`."""
    columns = {
        "id": [f"digit-{row + 1}" for row in rows],
        "vector": shown[rows],
        "task": [str(task) for task in tasks[rows]],
    }
    if episode is not None:
        columns["episode"] = episode
    return Table.of(f"digit {part}", columns, LABELS)
