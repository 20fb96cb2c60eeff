"""Simulated studies: drawn from what they say, the interval's promise kept, the bounds of what is let pass."""

import math

import numpy as np
import pytest

from tutelage.core.rng import stream
from tutelage.kit.intervals import components, squares
from tutelage.study.simulate import (
    APART,
    DOMINANT,
    EASY,
    GRID,
    LEAST,
    MOST,
    POWERS,
    STUDIES,
    Cell,
    World,
    simulate,
    study,
)


def test_the_grid_is_whole() -> None:
    """3 x 2 x 3 x 2 worlds, all different, of two equal arms."""
    assert len(set(GRID)) == 36 and not any(world.effect for world in GRID)
    assert {world.seeds for world in GRID} == {5, 10, 20} and {world.items for world in GRID} == {100, 3000}


@pytest.mark.parametrize("world", [*GRID, *POWERS], ids=str)
def test_no_probability_leaves_0_to_1(world: World) -> None:
    """So that nothing is cut off and the components are exact: the largest terms add up to a half at most."""
    most = EASY + math.sqrt(3) * (world.item_effect / 2 + world.seed_effect) + world.effect / 2
    assert most <= 0.5


def test_components_by_hand() -> None:
    """Seeds .1, items .2, effect .4: 2 x .01, .04; means .7 and .3, each p (1 - p) .21 less Var p = .0075 + .01 + .01.

    rest = 2 (.21 - .0275) = .365.
    """
    assert World(5, 100, 0.1, 0.2, 0.4).components == pytest.approx((0.02, 0.04, 0.365))


@pytest.mark.parametrize("world", [World(300, 400, 0.1, 0.15, 0.05), World(300, 400, 0.0, 0.0, 0.0)])
def test_a_large_study_shows_the_components_and_the_effect(world: World) -> None:
    table = study(world, stream(0, "t"))
    assert set(np.unique(table)) == {-1, 0, 1}
    seed, item, rest = components(squares(table))
    assert rest == pytest.approx(world.components.rest, rel=0.02)
    assert seed == pytest.approx(world.components.seed, rel=0.15, abs=2e-4)
    assert item == pytest.approx(world.components.item, rel=0.15, abs=2e-4)
    assert table.mean() == pytest.approx(world.effect, abs=0.03)


def test_what_is_let_pass_by_hand() -> None:
    """7 % of 2,000 is 140; 3 % is 60, asked for where seeds dominate only."""
    calm, moved = World(5, 100, 0.0, 0.0), World(5, 100, DOMINANT, 0.0)
    assert Cell(calm, 2000, 140).fine and not Cell(calm, 2000, 141).fine and Cell(calm, 2000, 0).fine
    assert Cell(moved, 2000, 60).fine and not Cell(moved, 2000, 59).fine and not Cell(moved, 2000, 141).fine
    assert calm.expected == pytest.approx(0.05)
    seen = POWERS[0]
    assert Cell(seen, 2000, round(2000 * (seen.expected + APART)) - 1).fine
    assert not Cell(seen, 2000, round(2000 * (seen.expected + APART)) + 2).fine
    assert not Cell(seen, 2000, round(2000 * (seen.expected - APART)) - 2).fine
    assert (MOST, LEAST, STUDIES) == (0.07, 0.03, 2000)


def test_few_studies_fail_only_where_noise_is_no_excuse() -> None:
    """10 of 100 may be 7 % by chance (Wilson's interval begins at 5.5 %), 20 of 100 may not (at 13 %)."""
    calm = World(5, 100, 0.0, 0.0)
    assert Cell(calm, 100, 10).fine and not Cell(calm, 100, 20).fine


@pytest.mark.slow
@pytest.mark.parametrize("world", [world for world in GRID if world.items == 100 or world.seeds == 5], ids=str)
def test_two_equal_arms_are_seldom_told_apart(world: World) -> None:
    """300 studies a cell here; all 2,000 of the whole grid are drawn by `tutelage selftest intervals`."""
    (cell,) = simulate([world], 300)
    assert cell.fine, f"{cell.excluded} of {cell.studies}"


@pytest.mark.slow
@pytest.mark.parametrize("world", POWERS, ids=str)
def test_an_effect_is_found_as_often_as_power_says(world: World) -> None:
    (cell,) = simulate([world], 400)
    assert 0.5 < world.expected < 0.9  # where a wrong prediction would show
    assert abs(cell.share.estimate - world.expected) <= APART


def test_a_world_has_luck_of_its_own() -> None:
    """The same alone or among others, another with another seed, and progress is told."""
    told: list[tuple[str, int, int]] = []
    one, other = GRID[0], POWERS[0]
    both = simulate([other, one], 120, tell=lambda *said: told.append(said))
    assert simulate([one], 120) == both[1:]
    assert simulate([other], 120, seed=1) != both[:1]
    assert [done for _, done, _ in told] == [0, 50, 100, 120, 170, 220] and told[0][2] == 240
