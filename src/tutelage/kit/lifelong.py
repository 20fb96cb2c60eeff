"""How well a lifetime was lived: what was kept, what one task gave another, how it compares with experts.

P(block) is the terminal performance: the mean of the last 10 % of a learning block, of a whole evaluation block. For
each task, in the order of time,

    pm   mean of P(e) - P(r) over its evaluations e: r is the one right after its most recent training, and no such r is
         itself an e; pm_mrtlp: r is that training itself, over the same e
    ft   P(after) / P(before), its last evaluation before and its first one after a block that trains another task, as
         long as it was never trained; ft_contrast: (P(after) - P(before)) / (P(after) + P(before))
    bt   the same once it was trained; bt_contrast likewise
    rp   sum of its training performance, all blocks in a row, / sum of the expert's, both cut to the shorter one
    se   (m / m') (t' / t): m the highest point of its smoothed training performance, t the experiences before it,
         primes for the expert. 0 where m < 0.2 m' or where its training performance falls with experience
    pr   minus the Theil-Sen slope, over its repeated blocks, of the experiences before P of the block before is reached
         again (one more than the block is long where it never is)
    mtp  mean over its learning blocks of their mean performance; mep: over its evaluation blocks

Positive pm and pr, ratios and se above 1 and positive contrasts are good. A lifetime's number is the mean or the median
over the tasks that have one, for ft and bt over the pairs of tasks, the first value of each pair. NaN where nothing
defines it: no two evaluations that bracket one task's training alone, no expert, fewer than two recovery times, a
curve that is highest at its very first experience.

Source: Baker et al. 2023, arXiv 2301.07799; New et al. 2022, arXiv 2201.08278; checked against l2metrics 3.1.0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from tutelage.core.data import Floats, Ints
from tutelage.kit.curves import contrast, efficiency, mean, median, ratio, reached, relative, theil_sen, together
from tutelage.kit.lifetimes import Lifetime, Material, Stretches, stretches

Over: TypeAlias = Literal["mean", "median"]
Runs: TypeAlias = Literal["metrics", "curves"]
TERMINAL = 10  # the last tenth of a learning block
PAIRED = ("ft", "ft_contrast", "bt", "bt_contrast")
METRICS = ("pm", "pm_mrtlp", *PAIRED, "rp", "se", "pr", "mtp", "mep")  # more is better in all of them


class Measured(NamedTuple):
    """T tasks in the order of their first line. NaN where undefined."""

    tasks: tuple[str, ...]
    lifetime: Mapping[str, float]
    per_task: Mapping[str, Floats]  # (T,); of ft and bt: the mean over the tasks that were trained meanwhile
    pairs: Mapping[str, Floats]  # ft and bt: (T, T), row the trained task, column the tested one


class _Lived(NamedTuple):
    """A lifetime cut into stretches."""

    life: Lifetime
    cut: Stretches
    terminal: Floats  # (r,)
    average: Floats  # (r,) of the whole stretch

    def places(self, task: str, train: bool) -> Ints:
        """The stretches that train or test the task, ascending."""
        return np.flatnonzero((self.cut.task == task) & (self.cut.train == train))

    def values(self, place: int) -> Floats:
        return self.life.performance[self.cut.starts[place] : self.cut.starts[place + 1]]

    def trained(self, task: str) -> tuple[Floats, Floats]:
        """(k,) experience numbers and (k,) performance of all its learning blocks in a row."""
        places = self.places(task, train=True)
        parts = [np.arange(self.cut.starts[place], self.cut.starts[place + 1]) for place in places]
        lines = np.concatenate([np.zeros(0, dtype=np.int64), *parts])
        return self.life.experience[lines].astype(np.float64), self.life.performance[lines]


def measured(material: Material, *, over: Over = "mean", runs: Runs = "metrics") -> Measured:
    """Every metric. Of several experts of a task, "metrics" averages what each gives, "curves" their curves first."""
    lived = _lived(material.lifetime)
    tasks = tuple(dict.fromkeys(material.lifetime.task.tolist()))
    experts = {task: own if runs == "metrics" else together(own) for task, own in material.experts.items()}
    pairs = _transfers(lived, tasks)
    per_task = {
        "pm": np.array([_maintenance(lived, task, trained=False) for task in tasks]),
        "pm_mrtlp": np.array([_maintenance(lived, task, trained=True) for task in tasks]),
        **{name: np.array([mean(column) for column in pairs[name].T]) for name in PAIRED},
        "rp": np.array([relative(lived.trained(task)[1], experts.get(task, ())) for task in tasks]),
        "se": np.array([efficiency(*lived.trained(task), experts.get(task, ())) for task in tasks]),
        "pr": np.array([_recovery(lived, task) for task in tasks]),
        "mtp": np.array([mean(lived.average[lived.places(task, train=True)]) for task in tasks]),
        "mep": np.array([mean(lived.average[lived.places(task, train=False)]) for task in tasks]),
    }
    middle = mean if over == "mean" else median
    lifetime = {name: middle(pairs.get(name, values).ravel()) for name, values in per_task.items()}
    return Measured(tasks, lifetime, per_task, pairs)


def recovery_times(material: Material, task: str) -> Floats:
    """Per learning block of the task but the first: experiences before the terminal performance of the one before."""
    return _recovery_times(_lived(material.lifetime), task)


def _lived(life: Lifetime) -> _Lived:
    cut = stretches(life)
    terminal, average = np.zeros(len(cut.task)), np.zeros(len(cut.task))
    for place, (start, stop) in enumerate(zip(cut.starts[:-1], cut.starts[1:], strict=True)):
        tail = start + (stop - start) * (TERMINAL - 1) // TERMINAL if cut.train[place] else start
        terminal[place] = life.performance[tail:stop].mean()
        average[place] = life.performance[start:stop].mean()
    return _Lived(life, cut, terminal, average)


def _maintenance(lived: _Lived, task: str, trained: bool) -> float:
    training, tests = lived.places(task, train=True), lived.places(task, train=False)
    after = np.searchsorted(tests, training)  # the first evaluation that follows each training
    references = np.unique(tests[after[after < len(tests)]])
    if len(references) == 0:
        return float("nan")
    later = tests[(tests > references[0]) & ~np.isin(tests, references)]
    against = training if trained else references
    latest = against[np.searchsorted(against, later) - 1]
    return mean(lived.terminal[later] - lived.terminal[latest])


def _transfers(lived: _Lived, tasks: Sequence[str]) -> dict[str, Floats]:
    """The first value of each pair of tasks; a bracket that trains a third task too says nothing about the first."""
    made = {name: np.full((len(tasks), len(tasks)), np.nan) for name in PAIRED}
    learning = np.flatnonzero(lived.cut.train)
    row_of = {task: row for row, task in enumerate(tasks)}
    for column, tested in enumerate(tasks):
        tests, own = lived.places(tested, train=False), lived.places(tested, train=True)
        for place in learning:
            end = int(np.searchsorted(tests, place))
            trained = lived.cut.task[place]
            if trained == tested or end == 0 or end == len(tests):
                continue
            within = learning[(learning > tests[end - 1]) & (learning < tests[end])]
            if (lived.cut.task[within] != trained).any():
                continue
            kind = "bt" if len(own) and place > own[0] else "ft"
            row = row_of[trained]
            before, after = float(lived.terminal[tests[end - 1]]), float(lived.terminal[tests[end]])
            for name, value in ((kind, ratio(after, before)), (f"{kind}_contrast", contrast(after, before))):
                if np.isnan(made[name][row, column]):
                    made[name][row, column] = value
    return made


def _recovery_times(lived: _Lived, task: str) -> Floats:
    places = lived.places(task, train=True)
    times = []
    for earlier, later in zip(places[:-1], places[1:], strict=True):
        back = reached(lived.values(later), float(lived.terminal[earlier]))
        times.append(float(back.argmax()) if back.any() else len(back) + 1.0)
    return np.array(times, dtype=np.float64)


def _recovery(lived: _Lived, task: str) -> float:
    return 0.0 - theil_sen(_recovery_times(lived, task))  # 0 rather than -0
