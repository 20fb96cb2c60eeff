"""What a choice takes, told from sizes alone: bytes held at once, and work in floating-point operations.

Work is counted in the operations of a blocked float32 product, of which a core does RATE a second. What is bound by
memory or by branches counts as many as a core does meanwhile: FLOAT for a number that is read from memory once, PASS
for one that several element-wise steps go over, PICKED for one that a partition looks into, ANSWER for a probability
that is computed and scored. These five were fitted to runs on one core of an AMD EPYC, numpy 2 with OpenBLAS
(`benchmarks/large_pool.py` prints prediction beside measurement) and were within a factor of three there, but for the
first look of near_labelled, which finds the neighbours of all labels held at once (0.8 s where 0.2 were predicted).
They serve to tell minutes from hours. Bytes err on the large side: a check in tests/contract holds choosers to them.

A chooser that costs more than a look at every row's probabilities and embedding says so: `costs(size) -> Cost`.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, runtime_checkable

from tutelage.core.stages import CanEmbed, CanWeigh

RATE = 4e10
FLOAT, PASS, PICKED, ANSWER = 20.0, 40.0, 1200.0, 1600.0
BATCH = 65_536  # rows whose probabilities are held at a time, as in kit.ask
BLOCK = 1.6e7  # bytes of a temporary of kit.neighbours and kit.distances
GROUP = 64  # as in kit.neighbours: numbers looked into for one neighbour


class Size(NamedTuple):
    """What a choice is about."""

    pool: int  # rows to choose from
    width: int  # numbers of an embedding
    classes: int
    asked: int  # rows to choose
    held: int  # labels known already


class Cost(NamedTuple):
    """bytes: the most held at one time beside the pool. flop: work, see above."""

    bytes: float = 0.0
    flop: float = 0.0

    @property
    def seconds(self) -> float:
        """On one core."""
        return self.flop / RATE


@runtime_checkable
class Costs(Protocol):
    """A chooser that says what it takes."""

    def costs(self, size: Size) -> Cost: ...


def cost_of(chooser: Any, size: Size) -> Cost:
    """What one choice of this chooser takes; nothing where all are chosen anyway."""
    if size.asked <= 0 or size.asked >= size.pool:
        return Cost()
    if isinstance(chooser, Costs):
        return chooser.costs(size)
    return together(weighing(size) if CanWeigh in chooser.needs else Cost(),
                    embedding(size) if CanEmbed in chooser.needs else Cost())  # fmt: skip


def together(*costs: Cost) -> Cost:
    """One after another while the arrays of all are held.

    >>> together(Cost(10, 4), Cost(20, 8)), in_turn(Cost(10, 4), Cost(20, 8))
    (Cost(bytes=30, flop=12), Cost(bytes=20, flop=12))
    """
    return Cost(sum(cost.bytes for cost in costs), sum(cost.flop for cost in costs))


def in_turn(*costs: Cost) -> Cost:
    """One after another, each letting go of its arrays."""
    return Cost(max(cost.bytes for cost in costs), sum(cost.flop for cost in costs))


def embedding(size: Size) -> Cost:
    """The embeddings of the pool, held whole."""
    numbers = float(size.pool + size.held) * size.width
    return Cost(4 * numbers, PASS * numbers)


def weighing(size: Size, students: int = 1) -> Cost:
    """The probabilities that some students give every row, scored batch by batch."""
    answers = float(size.pool) * size.classes
    held = min(size.pool, BATCH) * (4.0 * size.width + 40.0 * size.classes)
    return Cost(held + 24.0 * size.pool, students * answers * (2.0 * size.width + ANSWER))


def answered(size: Size) -> Cost:
    """The same held whole: (n, C) float32, checked in double precision."""
    answers = float(size.pool) * size.classes
    return Cost(16 * answers, answers * (2.0 * size.width + PASS))


def passes(points: float, width: float, many: float) -> Cost:
    """Distances from all points to one other, `many` times: bound by reading the points."""
    return Cost(12.0 * points, FLOAT * points * width * many)


def neighbours(points: float, among: float, width: int, k: int) -> Cost:
    """The k nearest of `among` to each of the points, as kit.neighbours finds them; and the copies it makes."""
    k = int(min(k, among))
    looked = min(GROUP * k + GROUP, among)
    work = points * (among * (2.0 * width + PASS) + PICKED * looked / 2 + PASS * k * width)
    return Cost(BLOCK * 4 + 12.0 * points * k + 4.0 * width * (points + among), work)


def graph(size: Size, k: int) -> Cost:
    """Everybody's k nearest among all, held or not, as kit.graph finds them by cosine, and who points at whom."""
    points = float(size.pool + size.held)
    return together(embedding(size), neighbours(points, points, size.width, k),
                    Cost(8.0 * points * size.width + 40.0 * points * k))  # fmt: skip


def clusters(points: float, width: int, k: float, rounds: int = 50) -> Cost:
    """k-means; a third of the rounds allowed: embeddings of 24,000 messages took 16 to 26 of 50."""
    k = min(k, points)
    seeds = passes(points, width, k)
    lloyd = points * k * (2.0 * width + PASS) * (1 + rounds / 3)
    return together(seeds, Cost(BLOCK + 40.0 * points + 8.0 * k * width, lloyd))
