"""Answers a question of a known task with the prompts that were there when that task had been learned.

    p(y | P_k, ..., P_1, x)  where the row's column `task` is the k-th that was taught,  all prompts where it is none

It is how `adapter: progressive_prompts` is used where the task is told at the test: the model and all prompts up to
P_k stay as they were, so each task is answered just as it was right after it had been learned, and nothing is lost.
Tasks are the values of the lessons' column `task` in the order in which they came, one for each prompt. Rows are told
apart where a pool is answered or weighed, or where an assessor asks in the student's own words (exact_match); who
rates given replies by `rate` sees all prompts, as a question of no known task does.

Source: Razdaibiedina, Mao, Hou, Khabsa, Lewis and Almahairi (2023, ICLR), Progressive prompts, section 3 (task k is
answered with P_k to P_1). Neutral limit: a student without such prompts, or of one task alone, is itself.

>>> from tutelage.toys import Writer, stream, view
>>> student = Writer()
>>> PromptsOfTask().equip(view(student=student), stream(0, "recall")) is student
True
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from tutelage.core.data import Block, Floats, Floats32, Ints, Kinds, Lessons, Pool, Rng, Rows, labelled
from tutelage.core.descent import CanDescend, Prefixes
from tutelage.core.digest import digest
from tutelage.core.errors import Fault, Refused
from tutelage.core.method import method, settings
from tutelage.core.stages import Student, View
from tutelage.core.writing import CanWrite, Prompt, Tokens, Written
from tutelage.kit.apart import own, owners, plainly, written
from tutelage.kit.lessons import alive
from tutelage.kit.words import in_words, questions

FILE = "recall.json"  # beside a saved student: which tasks there are
ROW = "prompt row"  # as kit.soft_prompt calls the prompts of several episodes


@method
class PromptsOfTask:
    needs: ClassVar[Kinds] = frozenset({CanWrite, Prefixes})

    def equip(self, view: View, rng: Rng) -> Student:
        """The student itself where it has no more than one prompt. Refused where tasks and prompts are not as many."""
        held = _held(view.student)
        if held < 2:
            return view.student
        tasks = _tasks(view.lessons)
        if len(tasks) != held:
            what = f"the student has prompts of {held} episodes, and the lessons name {len(tasks)} tasks"
            raise Refused(Fault("recall", what, "a column `task` with one value an episode, or learn.adapter.rounds"))
        return OfTask(view.student, tasks, self)

    def restored(self, student: Any, folder: Path) -> Student:
        """The equipped student; its tasks stand beside it."""
        told = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return OfTask(student, tuple(told["tasks"]), self)


@dataclass(frozen=True, eq=False)
class OfTask:
    """student: with all prompts. tasks: in the order in which they were learned."""

    student: Any
    tasks: tuple[str, ...]
    maker: PromptsOfTask

    @functools.cached_property
    def fingerprint(self) -> str:
        return digest(self.student.fingerprint, list(self.tasks), settings(self.maker))

    @functools.cached_property
    def stages(self) -> tuple[Any, ...]:
        """The student as it was after each task, the present one last."""
        return (*(_first(self.student, count) for count in range(1, len(self.tasks))), self.student)

    @property
    def labels(self) -> tuple[str, ...]:
        """Those of the student within."""
        return tuple(self.student.labels)

    def asks(self, pool: Pool) -> list[Prompt]:
        """As the student within is asked, each row marked with whose it is."""
        told = zip(questions(self.student, pool), self._who(pool).tolist(), strict=True)
        return [own(prompt, who) for prompt, who in told]

    def write(
        self,
        prompts: Sequence[Prompt],
        k: int,
        rng: Rng,
        *,
        max_tokens: int = 64,
        temperature: float = 1.0,
        stop: Sequence[str] = (),
    ) -> Written:
        """Each prompt by the student that it is for; one that nobody marked with all prompts."""
        how: dict[str, Any] = {"max_tokens": max_tokens, "temperature": temperature, "stop": stop}
        return written(self.stages, owners(prompts, len(self.tasks) - 1), prompts, k, rng, **how)

    def probs(self, pool: Pool) -> Floats32:
        """(n, C) each row by the student that it is for."""
        made = np.zeros((len(pool), len(self.labels)), dtype=np.float32)
        who = self._who(pool)
        for number in np.unique(who).tolist():
            rows = np.flatnonzero(who == number)
            made[rows] = self.stages[number].probs(pool.take(rows))
        return made

    def answer(self, pool: Pool, rng: Rng) -> Block:
        """The likeliest label of each row, or what it writes where there are no labels."""
        if self.labels:
            about = Rows(pool, np.arange(len(pool), dtype=np.int64))
            return labelled(about, self.probs(pool).argmax(axis=1), "prompts_of_task")
        return in_words(pool, self.write(self.asks(pool), 1, rng, temperature=0.0), "prompts_of_task")

    def rate(self, prompts: Sequence[Prompt], replies: Sequence[str]) -> Floats:
        """With all prompts."""
        made: Floats = self.student.rate([plainly(prompt) for prompt in prompts], replies)
        return made

    def tokens(self, prompts: Sequence[Prompt], replies: Sequence[str]) -> Tokens:
        """Of any of them: a learned prompt is not among the tokens."""
        made: Tokens = self.student.tokens([plainly(prompt) for prompt in prompts], replies)
        return made

    def save(self, folder: Path) -> None:
        """The student's own files, all its prompts among them, and beside them the tasks."""
        self.student.save(folder)
        told = {"settings": settings(self.maker), "tasks": list(self.tasks)}
        (folder / FILE).write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    def _who(self, pool: Pool) -> Ints:
        """(n,) the number of the student for each row."""
        if "task" not in pool.table.columns.column_names:
            return np.full(len(pool), len(self.tasks) - 1)
        known = {task: number for number, task in enumerate(self.tasks)}
        told = [known.get(str(value), len(self.tasks) - 1) for value in pool.column("task").to_pylist()]
        return np.array(told, dtype=np.int64)


def _held(student: Any) -> int:
    """How many prompts of episodes the student has."""
    before = getattr(student.module, "before", None) if isinstance(student, CanDescend) else None
    return int(before.count) if before is not None and before.kind == ROW else 0


def _first(student: Any, count: int) -> Any:
    """The student with its first prompts alone, as it was when it had no others."""
    module = student.module
    module.before = module.before.first(count)
    return student.with_module(module)


def _tasks(lessons: Lessons) -> tuple[str, ...]:
    """Of lessons of positive weight, in the order in which they first came."""
    found: dict[str, None] = {}
    for block in lessons:
        pool = block.about.examples()
        if block.about.starts is None:
            pool = pool.take(np.flatnonzero(block.weight > 0))
        if alive((block,)) and "task" in pool.table.columns.column_names:
            found |= dict.fromkeys(str(name) for name in pool.column("task").unique().to_pylist() if name is not None)
    return tuple(found)
