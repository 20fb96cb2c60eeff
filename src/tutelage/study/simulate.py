"""Does the crossed interval keep its promise? Studies of two equal arms, drawn on a grid, and how often they differ.

Of item i at seed s the two arms, each with luck of its own, are right with probabilities

    p = 1/2 + easy_i + lean_i / 2 + one_s + effect / 2,    q = 1/2 + easy_i - lean_i / 2 + other_s - effect / 2,

and an item is answered right or wrong. Every term is drawn evenly around 0 within bounds that keep p and q inside
[0, 1], so the mean difference is `effect` exactly, and so are the components (variances over seeds, items, rest):

    2 Var one,   Var lean,   E p (1 - p) + E q (1 - q).

With `effect` 0 the interval should exclude 0 in 5 % of studies; with another, as often as `kit.intervals.power` says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from tutelage.core.data import Floats, Rng
from tutelage.core.rng import stream
from tutelage.kit.intervals import Components, Interval, crossed, power, wilson

STUDIES = 2000  # a cell: a share of 5 % is then good to 1 point
MOST, LEAST = 0.07, 0.03  # shares that are let pass; the lower one where seeds dominate, elsewhere the interval is wide
APART = 0.10  # how far a found power may lie from the predicted one
EASY = 0.15  # half the range of an item's easiness, the same for both arms
DOMINANT = 0.10  # standard deviation of one arm's seeds beside which items and rest hardly count
SEEDS, ITEMS = (5, 10, 20), (100, 3000)
SEED_EFFECTS, ITEM_EFFECTS = (0.0, 0.01, DOMINANT), (0.0, 0.15)

Tell = Callable[[str, int, int], None]  # what is being done, studies done, studies in all


class World(NamedTuple):
    """What studies are drawn from; effects in shares of right answers, as standard deviations."""

    seeds: int
    items: int
    seed_effect: float  # of one arm's seeds: its score at another seed
    item_effect: float  # of the items' leaning to one arm
    effect: float = 0.0  # true difference of the two arms

    @property
    def components(self) -> Components:
        """Exact."""
        within = EASY**2 / 3 + self.item_effect**2 / 4 + self.seed_effect**2
        rest = sum(mean - mean**2 - within for mean in (0.5 + self.effect / 2, 0.5 - self.effect / 2))
        return Components(2 * self.seed_effect**2, self.item_effect**2, rest)

    @property
    def expected(self) -> float:
        """How often its interval should exclude 0: the level without an effect, else the power."""
        return power(self.effect, self.components, self.seeds, self.items)


class Cell(NamedTuple):
    """How often the interval excluded 0 in one world."""

    world: World
    studies: int
    excluded: int

    @property
    def share(self) -> Interval:
        """With Wilson's interval."""
        return wilson(self.excluded, self.studies)

    @property
    def fine(self) -> bool:
        """Whether the share is where it must be; below STUDIES, whether Wilson's interval reaches there."""
        found = self.share
        low, high = (found.estimate, found.estimate) if self.studies >= STUDIES else (found.low, found.high)
        if self.world.effect:
            return low <= self.world.expected + APART and high >= self.world.expected - APART
        return low <= MOST and (high >= LEAST or self.world.seed_effect < DOMINANT)


GRID = tuple(World(*one) for one in product(SEEDS, ITEMS, SEED_EFFECTS, ITEM_EFFECTS))
POWERS = (  # effects that are sometimes seen and sometimes not; who dominates: nobody, seeds, items, seeds, both
    World(5, 100, 0.0, 0.0, 0.09),
    World(5, 3000, 0.01, 0.0, 0.03),
    World(10, 100, 0.0, 0.15, 0.08),
    World(10, 3000, 0.05, 0.0, 0.06),
    World(20, 100, 0.04, 0.15, 0.06),
)


def study(world: World, rng: Rng) -> Floats:
    """(seeds, items) differences of one study, each -1, 0 or 1."""
    size, wide = (world.seeds, world.items), 3**0.5  # an even draw between -wide and wide has variance 1
    middle = 0.5 + rng.uniform(-EASY, EASY, world.items)
    lean = (world.effect + world.item_effect * rng.uniform(-wide, wide, world.items)) / 2
    answers = []
    for side in (1, -1):
        luck = world.seed_effect * rng.uniform(-wide, wide, (world.seeds, 1))
        right = (middle + side * lean + luck).astype(np.float32)
        answers.append(rng.random(size, dtype=np.float32) < right)
    return np.subtract(*answers, dtype=np.float64)


def simulate(
    worlds: Sequence[World] = GRID, studies: int = STUDIES, seed: int = 0, tell: Tell | None = None
) -> tuple[Cell, ...]:
    """One cell a world; each world has a stream of its own, so fewer worlds leave the others' numbers alone."""
    made = []
    for number, world in enumerate(worlds):
        rng, excluded = stream(seed, f"simulate.{'.'.join(map(repr, world))}"), 0
        for done in range(studies):
            found = crossed(study(world, rng))
            excluded += found.low > 0 or found.high < 0
            if tell is not None and done % 50 == 0:
                tell("simulated studies", number * studies + done, len(worlds) * studies)
        made.append(Cell(world, studies, excluded))
    return tuple(made)
