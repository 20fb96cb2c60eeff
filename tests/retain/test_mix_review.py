"""Mix-review: the sizes of its samples, what counts as old, and epochs that begin again with each task."""

import numpy as np
import pytest

from tutelage.core.data import Block, Itself, Rows, Table, Text, labelled
from tutelage.core.errors import Refused
from tutelage.recipe.read import read_text
from tutelage.retain.mix_review import MixReview, sizes
from tutelage.toys import CODES, POOL, stream, view

BEFORE = Table.of("before", {"text": [f"q{i}" for i in range(50)], "reply": [f"a{i}" for i in range(50)]}).pool()


def lessons(task: str, size: int, weight: float = 1.0) -> tuple[Block, ...]:
    pool = Table.of(f"task {task}", {"text": [f"{task}{i}" for i in range(size)], "task": [task] * size}).pool()
    given = {"text": np.array([f"{task}{i}" for i in range(size)], dtype=object)}
    return (Block(Rows(pool, np.arange(size)), None, Text, given, "file", np.ones(size), np.full(size, weight)),)


def lived(part: MixReview, tasks, size: int = 10, **parts):
    """What is rehearsed in each of these rounds."""
    memory, past, found = {}, (), []
    for number, task in enumerate(tasks):
        new = lessons(task, size)
        now = view(lessons=past)._replace(memory=memory, round=number, parts=parts)
        found.append(part.rehearse(new, now, stream(number, "rehearse")))
        past = (*past, *new)
        memory = part.settle(now.student, new, now._replace(lessons=past), stream(0, "s")).memory or memory
    return found


def counted(found) -> list[int]:
    return [sum(block.size for block in blocks) for blocks in found]


def test_sizes_by_hand() -> None:
    """floor(4 x 0.7^e x 10): 40, 28, 19.6, 13.72, 9.604. Exact where floats are not: 0.7 x 10 is 7, and 0.29 x 100 is 29."""
    assert [sizes(4, 0.7, 10, epoch) for epoch in range(5)] == [40, 28, 19, 13, 9]
    assert sizes(1, 0.7, 10, 1) == 7 and sizes(0.29, 1, 100, 3) == 29 and sizes(4, 0.7, 0, 0) == 0
    assert counted(lived(MixReview(part="before"), "aaaaa", before=BEFORE)) == [40, 28, 19, 13, 9]


def test_epochs_begin_again_with_another_task_and_the_first_task_is_old_then() -> None:
    found = lived(MixReview(part="before"), "aabb", before=BEFORE)
    assert counted(found) == [40, 28, 40, 28]
    names = {block.about.pool.name for block in found[2]}
    assert names == {"task a", "before"} and not any("task b" == block.about.pool.name for block in found[3])


def test_what_is_rehearsed_is_old_told_as_it_was_free_and_drawn_anew() -> None:
    first, second = lived(MixReview(factor=3, decay=1, part="before"), "aa", before=BEFORE)
    for blocks in (first, second):
        (block,) = blocks
        rows = block.about.rows
        assert len(set(rows.tolist())) == 30 and not block.cost.any() and (block.weight == 1).all()
        assert block.given["text"].tolist() == [f"a{row}" for row in rows]
    assert set(first[0].about.rows.tolist()) != set(second[0].about.rows.tolist())


def test_fewer_old_ones_come_as_often_as_they_fit() -> None:
    """40 of 15: each twice, ten of them a third time."""
    (found,) = lived(MixReview(part="before"), "a", before=BEFORE.take(np.arange(15)))
    times = np.bincount(found[0].about.rows, minlength=15)
    assert times.sum() == 40 and sorted(set(times.tolist())) == [2, 3]


def test_texts_without_replies_are_read() -> None:
    bare = Table.of("bare", {"text": ["one", "two", "three"]}).pool()
    (found,) = lived(MixReview(factor=0.2, part="bare"), "a", bare=bare)
    assert found[0].kind is Itself and found[0].size == 2


def test_of_a_part_where_some_rows_have_replies_the_others_are_read() -> None:
    mixed = Table.of("mixed", {"text": ["one", "two", "three"], "reply": [None, "2", None]}).pool()
    (found,) = lived(MixReview(factor=0.3, part="mixed"), "a", mixed=mixed)
    assert [(block.kind, block.about.rows.tolist()) for block in found] == [(Text, [1]), (Itself, [0, 2])]


def test_without_a_column_of_tasks_every_round_is_a_task() -> None:
    """Nothing is old in the first round; in the second all of it, at the size of a first epoch."""
    part = MixReview(factor=1.0, decay=0.5)
    old, new = (labelled(Rows(POOL, np.array(rows)), CODES[rows], "oracle") for rows in ([0, 1, 2, 3], [4, 5]))
    assert part.rehearse((old,), view(), stream(0, "r")) == ()
    now = view(lessons=(old,))
    memory = part.settle(now.student, (old,), now, stream(0, "s")).memory
    (block,) = part.rehearse((new,), now._replace(memory=memory, round=1), stream(0, "r"))
    assert block.size == 2 and set(block.about.numbers.tolist()) <= {0, 1, 2, 3}


def test_lessons_of_weight_0_are_neither_new_nor_old() -> None:
    part = MixReview(factor=1.0)
    now = view(lessons=(*lessons("a", 6, 0.0), *lessons("b", 4)))
    (block,) = part.rehearse((*lessons("c", 4), *lessons("c", 5, 0.0)), now, stream(0, "r"))
    assert block.size == 4 and block.about.pool.name == "task b"


def test_factor_0_is_nothing() -> None:
    part = MixReview(factor=0, part="before")
    assert counted(lived(part, "aab", before=BEFORE)) == [0, 0, 0]
    now = view(lessons=lessons("a", 3))
    assert part.settle(now.student, now.lessons, now, stream(0, "s")).memory == {} and part.penalty(now) is None


def test_a_part_that_is_not_there_is_refused() -> None:
    with pytest.raises(Refused, match="did you mean 'before'"):
        lived(MixReview(part="befor"), "a", before=BEFORE)


def test_it_is_named_in_a_recipe() -> None:
    read = read_text("data: {use: evolving_facts}\nstudent: {use: text.tiny}\nteach: {use: recorded}\n"
                     "learn: {use: gradient}\nretain: {use: mix_review, part: earlier}\nassess: []\n", "r.yaml")  # fmt: skip
    assert next(iter(read.recipes.values())).retain["part"] == "earlier"


def test_what_a_plan_counts_is_a_first_epoch() -> None:
    """4 times 25 new lessons, unless there is nothing to review; a later epoch has fewer, so it is an estimate."""
    told = [MixReview().rehearsed(25, 10), MixReview().rehearsed(25, 0), MixReview(part="old").rehearsed(25, 0)]
    assert [(one.amount, one.exact) for one in told] == [(100, False), (0, True), (100, False)]
