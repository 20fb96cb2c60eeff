"""Performance on every task after every learning block as a matrix, and the numbers that continual learning uses.

R[i, j] is the performance on task j in the evaluation that follows learning block i; b[j] the one before any. With t(i)
the task that block i trains, f(j) and l(j) the first and the last block that train j, and B blocks,

    acc         mean over j of R[B, j]
    aia         mean over i of the mean of R[i, j] over the tasks j with f(j) <= i   (average incremental accuracy)
    bwt         mean over the tasks j != t(B) of R[B, j] - R[l(j), j]
    fwt         mean over the tasks j with f(j) > 1 of R[f(j) - 1, j] - b[j]
    forgetting  mean over the tasks j != t(B) of max_(i < B) R[i, j] - R[B, j]
    general     mean over the tasks that no block trains of R[B, j] - b[j]           (general-ability change)
    intransigence   mean over the blocks i with f(t(i)) = i of J[i, t(i)] - R[i, t(i)]

all but `general` over the tasks that were trained at all. J is the matrix of a learner that is taught all of the first
i blocks together, so that intransigence says by how much a task is learned worse for all that came before it. Where
each task is trained once these are the usual ones: bwt is the mean of R[T, j] - R[j, j] over j < T. `forgetting` looks
for the best that ever was, which pm does not. Performance is taken as it is, neither smoothed nor scaled. NaN where no
task has a value, or an evaluation is missing.

Source: Lopez-Paz and Ranzato 2017, "Gradient episodic memory", section 2 (acc, bwt, fwt); Chaudhry et al. 2018,
"Riemannian walk", section 2 (forgetting), section 3 (intransigence); Rebuffi et al. 2017, iCaRL, section 4 (aia);
Zheng et al. 2024 and Shi et al. 2024, surveys, for all of them and for `general`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tutelage.core.data import Floats, Ints
from tutelage.core.errors import ContractBroken
from tutelage.kit.lifetimes import Lifetime, checked, stretches

FOUR = ("acc", "bwt", "fwt", "forgetting")
MORE = ("aia", "general")
LESS = ("forgetting", "intransigence")  # of these less is better


class TaskMatrix(NamedTuple):
    """B learning blocks, T tasks in the order of their first line."""

    tasks: tuple[str, ...]
    trained: Ints  # (B,) which task each block trains
    values: Floats  # (B, T) R; NaN where no evaluation lies between this block and the next one
    before: Floats  # (T,) b; NaN where the lifetime begins with learning


def task_matrix(life: Lifetime) -> TaskMatrix:
    """R and b: of several evaluations between two learning blocks the first. A block of two tasks counts as two."""
    life = checked(life)
    cut = stretches(life)
    tasks = tuple(dict.fromkeys(life.task.tolist()))
    column = {task: place for place, task in enumerate(tasks)}
    blocks = np.flatnonzero(cut.train)
    whole = np.full((len(blocks) + 1, len(tasks)), np.nan)
    for place in np.flatnonzero(~cut.train):
        row, col = int(np.searchsorted(blocks, place)), column[str(cut.task[place])]
        if np.isnan(whole[row, col]):
            whole[row, col] = life.performance[cut.starts[place] : cut.starts[place + 1]].mean()
    trained = np.array([column[str(task)] for task in cut.task[blocks]], dtype=np.int64)
    return TaskMatrix(tasks, trained, whole[1:], whole[0])


def four(matrix: TaskMatrix) -> dict[str, float]:
    """acc, bwt, fwt and forgetting.

    >>> found = four(TaskMatrix(("a", "b"), np.array([0, 1]), np.array([[0.9, 0.4], [0.7, 0.8]]), np.array([0.5, 0.5])))
    >>> {name: round(value, 3) for name, value in found.items()}
    {'acc': 0.75, 'bwt': -0.2, 'fwt': -0.1, 'forgetting': 0.2}
    """
    values, trained = matrix.values, matrix.trained
    known = np.unique(trained)
    if len(known) == 0:
        return dict.fromkeys(FOUR, float("nan"))
    first = np.array([np.flatnonzero(trained == task)[0] for task in known])
    last = np.array([np.flatnonzero(trained == task)[-1] for task in known])
    final = values[-1, known]
    past = known != trained[-1]
    new = first > 0
    earlier = values[:-1, known[past]]
    return {
        "acc": _mean(final),
        "bwt": _mean(final[past] - values[last[past], known[past]]),
        "fwt": _mean(values[first[new] - 1, known[new]] - matrix.before[known[new]]),
        "forgetting": _mean(earlier.max(axis=0) - final[past]) if len(earlier) else float("nan"),
    }


def more(matrix: TaskMatrix) -> dict[str, float]:
    """The numbers `aia` and `general`; NaN where no task, or no task but those that are trained, is tested.

    >>> found = more(TaskMatrix(("a", "b"), np.array([0, 0]), np.array([[0.9, 0.4], [0.7, 0.1]]), np.array([0.5, 0.5])))
    >>> {name: round(value, 3) for name, value in found.items()}
    {'aia': 0.8, 'general': -0.4}
    """
    values, trained = matrix.values, matrix.trained
    others = np.setdiff1d(np.arange(len(matrix.tasks)), trained)
    each = [_mean(row[np.unique(trained[: at + 1])]) for at, row in enumerate(values)]
    last = values[-1, others] if len(values) else np.full(len(others), np.nan)
    return {"aia": _mean(np.array(each)), "general": _mean(last - matrix.before[others])}


def intransigence(matrix: TaskMatrix, together: TaskMatrix) -> float:
    """How much worse a task is just learned than by one that is taught it together with all tasks before; see above.

    together: as many blocks as the learner has, or one, that of a learner taught everything at once. ContractBroken for
    other tasks or blocks.

    >>> one = TaskMatrix(("a", "b"), np.array([0, 1]), np.array([[0.9, 0.4], [0.7, 0.6]]), np.array([0.5, 0.5]))
    >>> round(intransigence(one, one._replace(values=np.array([[0.9, 0.4], [0.8, 0.9]]))), 3)
    0.15
    """
    blocks = len(matrix.values)
    if together.tasks != matrix.tasks or len(together.values) not in (1, blocks):
        raise ContractBroken(f"{len(together.values)} blocks of joint training cannot be held against {blocks}")
    joint = np.broadcast_to(together.values, matrix.values.shape)
    first = np.array([np.flatnonzero(matrix.trained == task)[0] for task in np.unique(matrix.trained)], dtype=np.int64)
    own = matrix.trained[first]
    return _mean(joint[first, own] - matrix.values[first, own])


def _mean(values: Floats) -> float:
    """NaN for none, and NaN when one of them is: a mean over other tasks would be another number."""
    return float(values.mean()) if len(values) else float("nan")
