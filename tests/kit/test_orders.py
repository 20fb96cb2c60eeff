"""Orders as permutations: by hand, against loops that say the definition, and for any groups and levels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.core.data import Rows, Table, labelled
from tutelage.core.errors import ContractBroken, Refused
from tutelage.core.rng import stream
from tutelage.kit.orders import (
    blocked,
    by_appearance,
    by_level,
    column,
    dealt,
    grouped,
    in_parts,
    in_turn,
    levelled,
    rated,
)
from tutelage.toys import view

PAIRS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), max_size=60)


def both(pairs: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    groups, levels = (np.array([pair[at] for pair in pairs], dtype=np.int64) for at in (0, 1))
    return by_appearance(groups), levels


def slow_in_turn(groups: np.ndarray, levels: np.ndarray) -> list[int]:
    """The definition: queues that are visited in a cycle."""
    made: list[int] = []
    for level in sorted(set(levels.tolist())):
        queues = {g: [i for i in range(len(groups)) if groups[i] == g and levels[i] == level] for g in set(groups)}
        while any(queues.values()):
            made += [queues[group].pop(0) for group in sorted(queues) if queues[group]]
    return made


def slow_in_parts(groups: np.ndarray, levels: np.ndarray, parts: int) -> list[int]:
    cut = []
    for group in sorted(set(groups.tolist())):
        mine = sorted((i for i in range(len(groups)) if groups[i] == group), key=lambda i: levels[i])
        cut.append([part.tolist() for part in np.array_split(np.array(mine, dtype=np.int64), parts)])
    return [item for part in range(parts) for group in cut for item in group[part]]


@given(PAIRS)
def test_in_turn_is_the_cycle_over_queues(pairs: list[tuple[int, int]]) -> None:
    assert in_turn(*both(pairs)).tolist() == slow_in_turn(*both(pairs))


@given(PAIRS, st.integers(1, 5))
def test_in_parts_is_the_cut_of_each_group(pairs: list[tuple[int, int]], parts: int) -> None:
    assert in_parts(*both(pairs), parts).tolist() == slow_in_parts(*both(pairs), parts)


@given(PAIRS)
def test_blocked_is_a_stable_sort_by_group_then_level(pairs: list[tuple[int, int]]) -> None:
    groups, levels = both(pairs)
    assert blocked(groups, levels).tolist() == sorted(range(len(groups)), key=lambda i: (groups[i], levels[i]))


@given(PAIRS, st.integers(1, 5), st.booleans(), st.integers(0, 9))
def test_every_lesson_exactly_once(pairs: list[tuple[int, int]], parts: int, shuffle: bool, seed: int) -> None:
    groups, levels = both(pairs)
    start, named = dealt(groups, shuffle, stream(seed, "order"))
    for order in (blocked(named, levels[start]), in_turn(named, levels[start]), in_parts(named, levels[start], parts)):
        assert sorted(start[order].tolist()) == list(range(len(groups)))


@given(PAIRS)
def test_limits(pairs: list[tuple[int, int]]) -> None:
    """One group: all are the sort by level. One part: blocked. Enough parts and one level: in turn."""
    groups, levels = both(pairs)
    one, none = np.zeros_like(groups), np.zeros_like(levels)
    sweep = by_level(levels).tolist()
    assert blocked(one, levels).tolist() == in_turn(one, levels).tolist() == in_parts(one, levels, 3).tolist() == sweep
    assert in_parts(groups, levels, 1).tolist() == blocked(groups, levels).tolist()
    assert in_parts(groups, none, len(groups) + 1).tolist() == in_turn(groups, none).tolist()


@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 3))
def test_with_equal_groups_every_turn_holds_each_once(count: int, each: int, levels: int) -> None:
    groups = np.tile(np.repeat(np.arange(count), each), levels)
    order = in_turn(groups, np.repeat(np.arange(levels), count * each))
    for window in groups[order].reshape(-1, count):
        assert sorted(window.tolist()) == list(range(count))


@given(PAIRS)
def test_each_third_holds_every_group_of_three(pairs: list[tuple[int, int]]) -> None:
    """Sizes of a group's parts differ by one at most."""
    groups, levels = both(pairs)
    order = in_parts(groups, levels, 3)
    sizes = np.bincount(groups, minlength=1)
    first = sum(-(-int(size) // 3) for size in sizes)
    opening = set(groups[order[:first]].tolist())
    assert {group for group, size in enumerate(sizes) if size >= 1} == opening


def test_shuffling_draws_groups_and_lessons_evenly() -> None:
    """A group of 1 among groups of 50 comes first about as often as they do: 1/3 of 300 draws, 100 +- 3 x 8.2."""
    groups = np.array([0] * 50 + [1] * 50 + [2])
    first = [dealt(groups, True, stream(seed, "order"))[1] for seed in range(300)]
    leads = sum(named[start_of_small(named)] == 0 for named in first)
    assert 75 < leads < 125


def start_of_small(named: np.ndarray) -> int:
    """Where the group with one lesson stands."""
    return int(np.flatnonzero(named == np.argmin(np.bincount(named)))[0])


def test_levels_by_hand() -> None:
    """Five scores in two equal parts: the three lowest, ties in order, and the rest; at a threshold means below it."""
    scores = np.array([3.0, 1.0, 2.0, 2.0, 9.0])
    assert levelled(scores, 2).tolist() == [1, 0, 0, 0, 1]
    assert levelled(scores, (2.0, 5.0)).tolist() == [1, 0, 0, 0, 2]
    assert levelled(scores, (-np.inf, np.inf)).tolist() == [1] * 5  # one level: nothing is told apart
    assert levelled(scores, None).tolist() == [2, 0, 1, 1, 3]
    assert levelled(np.zeros(0), 3).tolist() == levelled(np.zeros(0), None).tolist() == []


POOL = Table.of("t", {"text": ["a", "b", "c"], "topic": ["x", None, "x"], "n": [2, 1, 2]}, ["l", "r"]).pool()


def lessons(*rows: int):
    return (labelled(Rows(POOL, np.array(rows)), np.array([0] * len(rows)), "oracle"),)


def test_groups_by_column_and_by_class() -> None:
    assert grouped((*lessons(1, 0), *lessons(2)), "n", "order.group").tolist() == [0, 1, 1]
    assert grouped(lessons(1, 0), None, "order.group").tolist() == [0, 0]
    assert grouped((), "n", "order.group").tolist() == []


def test_what_has_no_group_is_refused() -> None:
    with pytest.raises(Refused, match="1 of 2 lessons have no value in the column 'topic'"):
        column(lessons(0, 1), "topic", "order.group")
    with pytest.raises(Refused, match="did you mean 'topic'"):
        column(lessons(0), "topics", "order.group")
    bag = (labelled(Rows(POOL, np.arange(3), np.array([0, 2, 3])), np.array([0, 1]), "oracle"),)
    with pytest.raises(ContractBroken, match="several rows"):
        column(bag, "n", "order.group")


def test_a_difficulty_that_is_no_number_is_refused() -> None:
    class Wrong:
        def rate(self, lessons, view, rng):
            return np.array([1.0, np.nan])

    with pytest.raises(ContractBroken, match="got 1 NaN"):
        rated(Wrong(), lessons(0, 2), view(), stream(0, "order"))
    with pytest.raises(ContractBroken, match="3 numbers were asked for"):
        rated(Wrong(), lessons(0, 1, 2), view(), stream(0, "order"))
    assert rated(None, lessons(0, 2), view(), stream(0, "order")).tolist() == [0, 0]
