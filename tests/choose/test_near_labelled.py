"""near_labelled: candidates by hand, grown round by round, row numbers against positions, fill, fresh embeddings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.choose.core_set import CoreSet
from tutelage.choose.margin import Margin
from tutelage.choose.near_labelled import NearLabelled
from tutelage.core.data import Rows, labelled
from tutelage.core.method import settings as settings_of
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.core.stages import CanEmbed, CanWeigh
from tutelage.toys import Nearest, vector_pool, view

LINE = [0, 1, 2, 4, 8, 16, 32, 64]


def shown(chosen):
    return np.flatnonzero(~np.isnan(chosen.scores)).tolist()


def sure(size):
    """Margins that rise with the row: `margin` takes the candidate of smallest number."""
    p = np.linspace(0.5, 0.99, size)
    return np.stack([p, 1 - p], axis=1)


def test_candidates_by_hand(ask):
    """0 1 2 4 8 16 32 64 with 4 labelled: of the pool 0 1 2 8 16 32 64 its three nearest are 2, 1 and then 0 or 8.

    4 lies 4 from both 0 and 8; the earlier row counts. Position 3 of the pool is 8, not 4.
    """
    chosen = NearLabelled(k=3, start=0).choose(ask(sure(8), LINE, held=[3]), 1, stream(0, "c"))
    assert shown(chosen) == [0, 1, 2] and chosen.rows.tolist() == [0]
    assert chosen.memory["numbers"].tolist() == [0, 1, 2]


def test_candidates_grow_with_the_labels(ask):
    """Round 1 labels 64: 32 and 16 come in; what 4 brought in stays, although it is not looked up again."""
    chooser = NearLabelled(k=2, start=0)
    one = chooser.choose(ask(sure(8), LINE, held=[3]), 1, stream(0, "c"))
    assert one.memory["numbers"].tolist() == [1, 2]
    seen = ask(sure(8), LINE, held=[3, 7])._replace(memory=one.memory)
    two = chooser.choose(seen, 1, stream(1, "c"))
    assert two.memory["numbers"].tolist() == [1, 2, 5, 6]
    assert seen.pool.numbers[shown(two)].tolist() == [1, 2, 5, 6]


def test_rows_are_never_mixed_with_positions():
    """A fault seen elsewhere: after rows left the pool, positions among the candidates were read as rows of the table.

    Sixty rows, forty of them gone, the pool shuffled: what is chosen and scored is checked by its id.
    """
    rng = np.random.default_rng(0)
    pool = vector_pool(rng.normal(size=(60, 2)), ("a", "b"))
    student = Nearest(pool.labels, np.array([[-1, 0], [1, 0]], dtype=np.float32))
    gone = rng.permutation(60)[:40]
    lessons = (labelled(Rows(pool, gone[:5]), gone[:5] % 2, "oracle"),)
    rest = pool.without(gone)
    rest = rest.take(rng.permutation(len(rest)))
    chosen = NearLabelled(k=3, start=0).choose(view(rest, student, lessons), 4, stream(0, "c"))
    away = np.linalg.norm(rest.vectors()[:, None] - pool.vectors()[gone[:5]][None], axis=2)
    near = {rest.ids()[row] for column in away.T for row in np.argsort(column)[:3]}
    assert {rest.ids()[row] for row in shown(chosen)} == near
    whole = Margin().choose(view(rest, student, lessons), len(rest), stream(0, "c"))
    best = [rest.ids()[row] for row in whole.rows if rest.ids()[row] in near][:4]
    assert [rest.ids()[row] for row in chosen.rows] == best
    assert np.array_equal(chosen.scores[shown(chosen)], whole.scores[shown(chosen)])


@settings(deadline=None, max_examples=25)  # a busy machine is no failure
@given(st.integers(0, 300), st.integers(1, 6), st.integers(0, 10))
def test_equal_obvious_code_over_three_rounds(seed, k, start):
    rng = np.random.default_rng(seed)
    pool = vector_pool(rng.normal(size=(40, 3)), ("a", "b"))
    student = Nearest(pool.labels, rng.normal(size=(2, 3)).astype(np.float32))
    held, memory, expected = [0, 1], {}, None
    for number in range(3):
        rows = np.array(held)
        rest = pool.without(rows)
        seen = view(rest, student, (labelled(Rows(pool, rows), rows % 2, "oracle"),))._replace(memory=memory)
        chosen = NearLabelled(k=k, start=start).choose(seen, 2, stream(seed, "c", number))
        first = number == 0
        for one in held if first else held[-2:]:
            away = np.linalg.norm(rest.vectors() - pool.vectors()[one], axis=1)
            mine = set(rest.numbers[np.argsort(away, kind="stable")[:k]].tolist())
            expected = mine if expected is None else expected | mine
        found = set(rest.numbers[shown(chosen)].tolist())
        extra = found - expected
        if first:
            assert len(extra) <= max(start, 2)  # the random start, or what the request was filled with
            expected |= extra & set(chosen.memory["numbers"].tolist())
        else:
            assert len(extra) <= 2
        assert expected - set(held) <= found
        held, memory = [*held, *rest.numbers[chosen.rows].tolist()], chosen.memory


def test_neutral_limit_a_start_of_the_whole_pool_is_the_method_itself(ask):
    rng = np.random.default_rng(0)
    seen = ask(rng.dirichlet(np.ones(3), 40), rng.normal(size=(40, 4)), held=[0, 1])
    for of in (Margin(), CoreSet()):
        one = NearLabelled(of=of, start=38).choose(seen, 5, stream(3, "c"))
        two = of.choose(seen, 5, stream(3, "c"))
        assert one.rows.tolist() == two.rows.tolist() and np.array_equal(one.scores, two.scores, equal_nan=True)


def test_the_random_start_is_drawn_once(ask):
    chooser = NearLabelled(k=1, start=4)
    at = np.random.default_rng(0).normal(size=(50, 2))
    one = chooser.choose(ask(sure(50), at), 2, stream(0, "c"))
    assert len(shown(one)) == 4
    two = chooser.choose(ask(sure(50), at)._replace(memory=one.memory), 2, stream(1, "c"))
    assert shown(two) == shown(one)
    other = chooser.choose(ask(sure(50), at), 2, stream(1, "c"))
    assert shown(other) != shown(one)


def test_too_few_candidates_are_filled_up_at_random(ask):
    seen = ask(sure(30), np.arange(30.0), held=[0])
    fills = set()
    for seed in range(10):
        chosen = NearLabelled(k=2, start=0).choose(seen, 6, stream(seed, "c"))
        assert len(set(chosen.rows.tolist())) == 6 and {0, 1} <= set(chosen.rows.tolist())
        assert chosen.memory["numbers"].tolist() == [1, 2]  # what filled up is no candidate next time
        fills.add(tuple(sorted(chosen.rows.tolist())))
    assert len(fills) > 5


class Anew(Nearest):
    """Embeds mirrored."""

    embeds_as = property(lambda self: "mirrored")

    def embed(self, pool, side=""):
        return -pool.vectors() % 7


def test_a_new_embedding_is_looked_up_again():
    pool = vector_pool([[0, 0], [1, 0], [2, 0], [6, 0], [6.5, 0]])
    lessons = (labelled(Rows(pool, np.array([0])), np.array([0]), "oracle"),)
    rest, means = pool.without([0]), np.array([[0, 0], [9, 0]], dtype=np.float32)
    seen = view(rest, Nearest(pool.labels, means), lessons)
    one = NearLabelled(k=1, start=0).choose(seen, 1, stream(0, "c"))
    assert one.memory["numbers"].tolist() == [1]
    seen = view(rest, Anew(pool.labels, means), lessons)._replace(memory=one.memory)
    two = NearLabelled(k=1, start=0).choose(seen, 1, stream(0, "c"))  # 0 1 2 6 6.5 now lie at 0 6 5 1 0.5
    assert two.memory["numbers"].tolist() == [1, 4]


def test_lessons_of_another_table_have_neighbours_too():
    pool, other = vector_pool([[0, 0], [5, 0], [9, 0]]), vector_pool([[8.9, 0], [70, 0]])
    lessons = (labelled(Rows(other, np.array([0])), np.array([1]), "file"),)
    chosen = NearLabelled(k=1, start=0).choose(view(pool, lessons=lessons), 1, stream(0, "c"))
    assert chosen.rows.tolist() == [2]


def test_it_needs_embeddings_and_what_is_nested():
    assert NearLabelled().needs == {CanEmbed, CanWeigh}
    made = build("choose", {"use": "near_labelled", "of": {"use": "core_set"}, "k": 7})
    assert made == NearLabelled(of=CoreSet(), k=7) and build("choose", settings_of(made)) == made
    assert made.needs == {CanEmbed}


def test_the_memory_of_the_nested_method_is_kept_apart(ask):
    seen = ask(sure(30), np.arange(30.0), held=[0])
    nested = NearLabelled(of=NearLabelled(k=1, start=0), k=5, start=0)
    one = nested.choose(seen, 1, stream(0, "c"))
    assert one.memory["numbers"].tolist() == [1, 2, 3, 4, 5] and one.memory["of"]["numbers"].tolist() == [1]
    two = nested.choose(seen._replace(memory=one.memory), 1, stream(0, "c"))
    assert two.rows.tolist() == one.rows.tolist() == [0]


@pytest.mark.parametrize("start", [0, 3])
def test_an_empty_pool(ask, start):
    seen = ask(sure(5), np.arange(5.0), held=range(5))
    assert len(NearLabelled(start=start).choose(seen, 3, stream(0, "c")).rows) == 0
