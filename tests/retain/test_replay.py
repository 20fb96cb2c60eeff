"""replay: quotas by hand, an even reservoir, shares, groups, what was paid, and lessons that are gone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.core.data import Block, Lessons, Rows, Share, Soft, Table, labelled
from tutelage.core.errors import ContractBroken
from tutelage.core.rng import stream
from tutelage.core.stages import CanEmbed
from tutelage.kit.reservoir import equal_parts
from tutelage.retain.nothing import Nothing
from tutelage.retain.replay import Replay
from tutelage.student.vector.mlp import Mlp
from tutelage.toys import view

POOL = Table.of(
    "some", {"vector": np.zeros((200, 1)), "task": [str(row // 50) for row in range(200)]}, ("a", "b")
).pool()
PLAIN = Table.of("some", {"vector": np.zeros((200, 1))}, ("a", "b")).pool()


def block(rows: range, pool=POOL, weight: float = 1.0) -> Block:
    at = np.array(rows)
    return labelled(Rows(pool, at), at % 2, "oracle", 1.0, weight)


def lived(part: Replay, blocks: list[Block], seed: int = 0) -> tuple[Lessons, dict]:
    """All lessons and the memory after these episodes."""
    memory, lessons = {}, ()
    for number, one in enumerate(blocks):
        lessons = (*lessons, one)
        now = view()._replace(lessons=lessons, memory=memory, round=number)
        memory = part.settle(now.student, (one,), now, stream(seed, "retain", number)).memory or memory
    return lessons, memory


def rehearsed(part: Replay, blocks: list[Block], new: Lessons = (), seed: int = 0) -> np.ndarray:
    lessons, memory = lived(part, blocks, seed)
    now = view()._replace(lessons=lessons, memory=memory)
    told = part.rehearse(new, now, stream(seed, "retain.rehearse"))
    return np.concatenate([np.zeros(0, dtype=np.int64), *(one.about.numbers for one in told)])


def test_by_hand() -> None:
    """Eight places for groups of 1, 9 and 9: 1, then 4 and 3. Two for three groups: 1, 1, 0. More than there are: all."""
    assert equal_parts(np.array([1, 9, 9]), 8).tolist() == [1, 4, 3]
    assert equal_parts(np.array([5, 5, 5]), 2).tolist() == [1, 1, 0]
    assert equal_parts(np.array([2, 1]), 9).tolist() == [2, 1]
    assert equal_parts(np.zeros(0, dtype=np.int64), 3).tolist() == []


@given(st.lists(st.integers(0, 20), min_size=1, max_size=6), st.integers(0, 60))
def test_parts_are_as_equal_as_they_can_be(counts: list[int], places: int) -> None:
    """Dealing one place at a time in turn says how many each gets."""
    slow = [0] * len(counts)
    left = min(places, sum(counts))
    while left:
        for group, count in enumerate(counts):
            if slow[group] < count and left:
                slow[group] += 1
                left -= 1
    fast = equal_parts(np.array(counts), places)
    assert fast.sum() == sum(slow) and sorted(fast) == sorted(slow)
    assert all(abs(int(a) - b) <= 1 for a, b in zip(fast, slow, strict=True))


def test_neutral_limit_nothing() -> None:
    past = [block(range(0, 50)), block(range(50, 100))]
    new = (block(range(100, 150)),)
    plain = Nothing().rehearse(new, view(), stream(0, "retain"))
    for part in (Replay(keep=0), Replay(share=0.0)):
        lessons, memory = lived(part, past)
        assert memory == {} and part.rehearse(new, view()._replace(lessons=lessons), stream(0, "retain")) == plain == ()


def test_neutral_limit_everything() -> None:
    assert rehearsed(Replay(keep=100), [block(range(0, 50)), block(range(50, 100))]).tolist() == list(range(100))


def test_every_lesson_is_kept_equally_often_whenever_it_came() -> None:
    """20 of 200 in five episodes of unlike size, 400 times: each row 40 times, deviation 6; four of them are allowed."""
    cuts = [range(0, 10), range(10, 40), range(40, 45), range(45, 150), range(150, 200)]
    counts = np.zeros(200)
    for seed in range(400):
        kept = rehearsed(Replay(keep=20), [block(one) for one in cuts], seed=seed)
        assert len(kept) == len(set(kept)) == 20
        counts[kept] += 1
    assert np.abs(counts - 40).max() < 25 and abs(counts[:10].mean() - 40) < 8 and abs(counts[150:].mean() - 40) < 4


def test_what_was_dropped_never_comes_back() -> None:
    blocks = [block(range(start, start + 20)) for start in range(0, 200, 20)]
    before = set(range(20))
    for count in range(1, 11):
        now = set(rehearsed(Replay(keep=30, by="task"), blocks[:count]).tolist())
        assert now <= before | set(range(20 * (count - 1), 20 * count))
        before = now


@pytest.mark.parametrize(("settings", "sizes"), [
    ({"keep": 20, "by": "task"}, [5, 5, 5, 5]), ({"keep": 20, "by": "task", "each": True}, [20, 20, 20, 20]),
])  # fmt: skip
def test_tasks_share_the_places(settings: dict, sizes: list[int]) -> None:
    """The column says which task a row belongs to, also where an episode is part of a task, or holds two."""
    kept = rehearsed(Replay(**settings), [block(range(0, 30)), block(range(30, 120)), block(range(120, 200))])
    assert np.bincount(kept // 50).tolist() == sizes


def test_without_a_column_a_task_is_a_round() -> None:
    kept = rehearsed(Replay(keep=30, by="task"), [block(range(0, 10), PLAIN), block(range(10, 200), PLAIN)])
    assert np.bincount(kept >= 10).tolist() == [10, 20]


def test_classes_share_the_places() -> None:
    """Of 90 a and 10 b, ten each; a distribution counts as its likeliest class."""
    rows = np.arange(100)
    one = labelled(Rows(POOL, rows[:80]), (rows[:80] >= 75).astype(int), "oracle")
    probs = np.where(rows[80:, None] >= 95, [[0.2, 0.8]], [[0.9, 0.1]]).astype(np.float32)
    two = Block(Rows(POOL, rows[80:]), None, Soft, {"probs": probs}, "weak", np.zeros(20), np.ones(20))
    kept = rehearsed(Replay(keep=20, by="class"), [one, two])
    assert sorted(kept[np.isin(kept, [*range(75, 80), *range(95, 100)])]) == [*range(75, 80), *range(95, 100)]
    assert len(kept) == 20


def test_herded_lessons_are_the_nearest_to_the_mean_of_their_class() -> None:
    """On angles 0, 10, .. 70 the first kept is the middle one; with places for one a class a later class moves none of
    the first; a memory that shrinks drops the last picked; an absent lesson is never picked.
    """
    angles = np.deg2rad(np.concatenate([np.arange(0, 80, 10), 180 + np.arange(0, 80, 10)]))
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    pool = Table.of("round", {"vector": vectors}, ("a", "b")).pool()
    student = Mlp(hidden=(), standardise=False).begin(pool, stream(0, "student"))
    one, two = (labelled(Rows(pool, rows), np.repeat(code, 8), "oracle")
                for code, rows in enumerate((np.arange(8), np.arange(8, 16))))  # fmt: skip

    def kept(keep: int, *blocks: Block) -> list[int]:
        part, memory = Replay(keep=keep, by="class", pick="herding"), {}
        for count in range(1, len(blocks) + 1):
            now = view(student=student)._replace(lessons=blocks[:count], memory=memory, round=count)
            memory = part.settle(student, blocks[count - 1 : count], now, stream(count, "retain")).memory
        return memory["numbers"].tolist()

    first = kept(1, one)
    assert first == [3] or first == [4]
    assert kept(2, one, two)[0] == first[0]
    assert [number for number in kept(4, one, two) if number < 8] == kept(2, one)
    assert kept(8, one) == list(range(8))
    weight = np.ones(8)
    weight[first[0]] = 0
    assert first[0] not in kept(3, one._replace(weight=weight))
    assert CanEmbed in Replay(pick="herding").needs and not Replay().needs


def test_bags_cannot_be_herded() -> None:
    bag = Block(Rows(POOL, np.arange(4), np.array([0, 2, 4])), None, Share, {"share": np.full((2, 2), 0.5, np.float32)},
                "oracle", np.zeros(2), np.ones(2))  # fmt: skip
    with pytest.raises(ContractBroken, match="pick: uniform"):
        lived(Replay(pick="herding"), [bag])


def test_a_share_of_what_is_learned() -> None:
    """Half of all beside 50 new lessons are 50: the 20 kept twice and 10 of them a third time."""
    kept = rehearsed(Replay(keep=20, share=0.5), [block(range(0, 50))], (block(range(50, 100)),))
    times = np.bincount(kept, minlength=50)
    assert sorted(times[times > 0]) == [2] * 10 + [3] * 10
    fifth = rehearsed(Replay(keep=20, share=0.2), [block(range(0, 50))], (block(range(50, 90)),))
    assert len(fifth) == len(set(fifth)) == 10
    assert len(rehearsed(Replay(share=0.5), [block(range(0, 50))])) == 0, "a share of no new lesson is none"


def test_lessons_that_are_gone_are_told() -> None:
    lessons, memory = lived(Replay(keep=5), [block(range(0, 50)), block(range(50, 100))])
    for other in (lessons[:1], (lessons[0], block(range(60, 100)))):
        with pytest.raises(ContractBroken, match="keep: false"):
            Replay(keep=5).rehearse((), view()._replace(lessons=other, memory=memory), stream(0, "retain"))


@pytest.mark.parametrize("settings", [{"keep": -1}, {"share": 1.0}, {"by": "label"}])
def test_settings_without_sense_are_refused(settings: dict) -> None:
    with pytest.raises(ValueError, match="validation error"):
        Replay(**settings)
