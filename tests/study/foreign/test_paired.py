"""Pairing by id, seed and group: against a dictionary, and everything that cannot be paired."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.core.errors import Refused
from tutelage.study.foreign.columns import TEXT, Scores
from tutelage.study.foreign.paired import Paired, paired

PATHS = (Path("a.csv"), Path("b.csv"))


def scores(rows: list[tuple], groups: list[str] | None = None, prints: list[str] | None = None) -> Scores:
    """Rows of (item, value) or (item, seed, value)."""
    text = lambda values: pa.array([str(value) for value in values], TEXT)
    draws = text(row[1] for row in rows) if rows and len(rows[0]) == 3 else None
    return Scores("", "score", text(row[0] for row in rows), np.array([float(row[-1]) for row in rows]), draws,
                  None if groups is None else text(groups), None if prints is None else text(prints))  # fmt: skip


def refusal(*args, **more) -> str:
    with pytest.raises(Refused) as caught:
        paired(*args, PATHS, **more)
    return str(caught.value)


def test_order_does_not_matter() -> None:
    made = paired(scores([("x", 1), ("y", 2), ("z", 3)]), scores([("z", 30), ("x", 10), ("y", 20)]), PATHS)
    assert made.one.tolist() == [[1, 2, 3]] and made.other.tolist() == [[10, 20, 30]] and made.notes == ()


@given(st.dictionaries(st.tuples(st.integers(0, 9), st.integers(0, 3)), st.floats(-5, 5), min_size=1),
       st.dictionaries(st.tuples(st.integers(0, 9), st.integers(0, 3)), st.floats(-5, 5), min_size=1), st.integers(0, 99))  # fmt: skip
def test_inner_is_what_a_dictionary_would_say(one: dict, other: dict, seed: int) -> None:
    """Items that both have at every seed that both have, whatever the order of rows."""
    luck = np.random.Generator(np.random.PCG64(seed))
    shuffled = [
        [(*key, value) for key, value in (list(side.items())[i] for i in luck.permutation(len(side)))]
        for side in (one, other)
    ]
    seeds = sorted({s for _, s in one} & {s for _, s in other})
    items = [i for i in range(10) if seeds and all((i, s) in one and (i, s) in other for s in seeds)]
    if not items:
        with pytest.raises(Refused):
            paired(*map(scores, shuffled), PATHS, inner=True)
        return
    made: Paired = paired(*map(scores, shuffled), PATHS, inner=True)
    for table, side in ((made.one, one), (made.other, other)):
        assert table.shape == (len(seeds), len(items))
        assert table.sum() == pytest.approx(sum(side[i, s] for i in items for s in seeds))
    apart = sum((one[i, s] - other[i, s]) ** 2 for i in items for s in seeds)  # sees a wrong pairing
    assert ((made.one - made.other) ** 2).sum() == pytest.approx(apart)


def test_items_of_one_file_only_are_refused_with_counts_and_first_ids() -> None:
    one, other = scores([(i, 0) for i in range(20)]), scores([(i, 0) for i in range(9, 22)])
    said = refusal(one, other)
    assert "a.csv: only in this file: 9 items (first: 0, 1, 2, 3, 4)" in said
    assert "b.csv: only in this file: 2 items (first: 20, 21)" in said and "--inner" in said
    made = paired(one, other, PATHS, inner=True)
    assert made.one.shape == (1, 11) and len(made.notes) == 2 and "only in this file: 9 items" in made.notes[0]


def test_no_item_in_common_is_refused_even_with_inner() -> None:
    assert "no item has a score" in refusal(scores([("x", 1)]), scores([("y", 1)]), inner=True)


def test_an_item_twice_is_refused() -> None:
    said = refusal(scores([("x", 1), ("y", 2), ("x", 3)]), scores([("x", 1), ("y", 2)]))
    assert said.startswith("a.csv: more than once: 1 item (x)") and "--seed" in said


def test_seeds_in_one_file_only_are_refused() -> None:
    one = scores([("x", 1, 0.5), ("x", 2, 0.5)])
    assert "2 seeds or epochs here, and none in b.csv" in refusal(one, scores([("x", 1)]))
    assert "seeds only in this file: 1" in refusal(one, scores([("x", 2, 0.5), ("x", 3, 0.5)]))


def test_one_named_seed_pairs_with_none() -> None:
    made = paired(scores([("x", 7, 0.5), ("y", 7, 1.0)]), scores([("y", 1), ("x", 0)]), PATHS)
    assert made.one.tolist() == [[0.5, 1.0]] and made.other.tolist() == [[0, 1]]


def test_a_hole_is_refused_in_both_files_alike() -> None:
    rows = [("x", 1, 0), ("x", 2, 0), ("y", 1, 0)]
    assert "without a score at some seed: 1 item (y)" in refusal(scores(rows), scores(rows))
    assert paired(scores(rows), scores(rows), PATHS, inner=True).one.shape == (2, 1)


def test_a_column_that_is_no_seed_is_refused_before_a_large_table_is_made() -> None:
    rows = [(f"item {i}", f"time {i}", 0) for i in range(3000)]
    assert "9000000 cells" in refusal(scores(rows), scores(rows))


def test_another_document_under_the_same_id_is_refused() -> None:
    one, other = [scores([("1", 0), ("2", 0)], prints=prints) for prints in (["p", "q"], ["p", "r"])]
    assert "b.csv: another document than in a.csv under the same id: 1 item (2)" in refusal(one, other, inner=True)
    assert paired(one, one, PATHS).one.shape == (1, 2)


def test_groups_may_stand_in_one_file_and_must_agree_in_two() -> None:
    rows = [("x", 0), ("y", 0), ("z", 0)]
    made = paired(scores(rows), scores(rows[::-1], groups=["u", "v", "u"]), PATHS)
    assert made.groups is not None and made.groups[0] == made.groups[2] != made.groups[1]
    said = refusal(scores(rows, groups=["u", "u", "v"]), scores(rows, groups=["u", "v", "v"]))
    assert "b.csv: in two groups: 1 item (y)" in said
    twice = [("x", 1, 0), ("x", 2, 0)]
    assert "in two groups" in refusal(scores(twice, groups=["u", "v"]), scores(twice))
