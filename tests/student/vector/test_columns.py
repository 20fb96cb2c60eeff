"""vector.columns: answers by hand, growth that changes no earlier answer, both kinds of heads, and its limit."""

import dataclasses

import numpy as np
import pytest
import torch

from tutelage.core.data import Block, Rows, Soft, Table, labelled
from tutelage.core.errors import ContractBroken, Refused
from tutelage.core.rng import stream
from tutelage.core.stages import Stage
from tutelage.learn.gradient import Gradient
from tutelage.student.vector._similar import separation
from tutelage.student.vector.columns import Columns
from tutelage.student.vector.mlp import Mlp
from tutelage.toys import view

RNG = np.random.default_rng(0)
CODES = np.arange(24) % 4
X = (np.eye(4, 5)[CODES] * 2 + RNG.normal(size=(24, 5))).astype(np.float32)
LABELS = ("a", "b", "c", "d")
TASK = np.where(CODES < 2, "low", "high")


def table(task=TASK, labels=LABELS):
    more = {} if task is None else {"task": [str(one) for one in task]}
    return Table.of("points", {"vector": X, **more}, labels).pool()


POOL = table()
LOW, HIGH = np.flatnonzero(CODES < 2), np.flatnonzero(CODES >= 2)


def lessons(rows, pool=POOL):
    return (labelled(Rows(pool, np.asarray(rows)), CODES[rows], "oracle"),)


def begun(**settings):
    return Columns(**{"hidden": (6, 5), "added": (3, 2), **settings}).begin(POOL, stream(0, "student"))


def learned(student, rows, pool=POOL, **how):
    taught = Gradient(**{"lr": 0.02, "passes": 30, **how})
    return taught.learn(
        (Stage(lessons(rows, pool)),), None, view(pool=pool, student=student), stream(1, "learn")
    ).student


def stirred(student):
    """Every link drawn anew, those between columns too."""
    rng = np.random.default_rng(1)
    arrays = {name: rng.normal(size=array.shape).astype(np.float32) for name, array in student.arrays.items()}
    return dataclasses.replace(student, arrays=arrays)


@pytest.mark.parametrize("heads", ["task", "shared"])
def test_answers_unit_by_unit(heads: str) -> None:
    """Two columns, all links of all kinds: every unit worked out from the links that lead to it, one after another."""
    student = stirred(begun(heads=heads).expanded(lessons(LOW)).expanded(lessons(HIGH)))
    held, row = student.arrays, 7
    below = [student.standard.of(POOL.take([row]))[0]] * 2  # what each column reads: here both the inputs
    for place, last in (("body.0", False), ("body.1", False), ("head", True)):
        old = below[0] @ held[f"{place}.0.own"] + held[f"{place}.0.bias"]
        new = below[1] @ held[f"{place}.1.own"] + held[f"{place}.1.bias"]
        if place != "body.0":
            old = old + below[1] @ held[f"{place}.1.new_to_old"]
            new = new + below[0] @ held[f"{place}.1.old_to_new"]
        below = [old, new] if last else [np.maximum(old, 0), np.maximum(new, 0)]
    scores = np.concatenate(below)  # outputs a, b, c, d
    open_ = np.array([True] * 4) if heads == "shared" else LABELS.index("c") <= np.arange(4)
    wanted = np.where(open_, np.exp(scores - scores.max()), 0)  # row 7 is of class d, of task high
    assert TASK[row] == "high"
    np.testing.assert_allclose(student.probs(POOL)[row], wanted / wanted.sum(), rtol=1e-4)


@pytest.mark.parametrize("heads", ["task", "shared"])
def test_a_new_column_leaves_earlier_answers_as_they_were(heads: str) -> None:
    before = learned(begun(heads=heads), LOW)
    after = before.expanded(lessons(HIGH))
    assert [column.task for column in after.columns] == ["low", "high"]
    low = POOL.take(LOW)
    # with shared heads new classes stand beside the old ones, which are as likely among themselves as before
    first = after.probs(low)[:, :2] / after.probs(low)[:, :2].sum(axis=1, keepdims=True)
    np.testing.assert_allclose(first, before.probs(low)[:, :2], atol=1e-6)
    np.testing.assert_allclose(after.embed(POOL)[:, :5], before.embed(POOL), atol=1e-6)
    assert after.embed(POOL).shape == (24, 7)
    links = {name: array for name, array in after.arrays.items() if name not in before.arrays}
    assert {name for name, array in links.items() if array.any()} == {"body.0.1.own", "body.1.1.own"}
    assert after.expanded(lessons(HIGH)).fingerprint == after.fingerprint, "nothing new, nothing grows"


def test_growth_draws_no_luck_of_the_learner_and_differs_by_student() -> None:
    one, two = (Columns(hidden=(6,), added=(3,)).begin(POOL, stream(seed, "student")) for seed in (0, 1))
    grown = [
        student.expanded(lessons(LOW)).expanded(lessons(HIGH)).arrays["body.0.1.own"] for student in (one, one, two)
    ]
    assert (grown[0] == grown[1]).all() and (grown[0] != grown[2]).any()


@pytest.mark.parametrize("optimiser", ["sgd", "adamw"])
def test_neutral_limit_one_task_is_the_plain_network(optimiser: str) -> None:
    """The same bits as vector.mlp, taught by the same steps, with a task told or none named."""
    plain = Mlp(hidden=(6, 5)).begin(POOL, stream(0, "student"))
    plain = learned(plain, np.arange(24), optimiser=optimiser)
    for pool in (table(None), table(["all"] * 24)):
        for heads in ("task", "shared"):
            mine = learned(begun(heads=heads), np.arange(24), pool, optimiser=optimiser)
            np.testing.assert_allclose(mine.probs(pool), plain.probs(POOL), atol=1e-6)
            for name, array in mine.arrays.items():
                other = dict(plain.module.named_parameters())[
                    name.replace(".0.own", ".weight").replace(".0.bias", ".bias")
                ]
                np.testing.assert_allclose(array, other.detach().numpy().T, atol=1e-6)


def test_a_task_that_is_told_leaves_its_classes_alone_in_question() -> None:
    """Multi-head: nothing outside the task has probability; class-incremental: everything taught has."""
    told, shared = (learned(learned(begun(heads=heads), LOW), HIGH) for heads in ("task", "shared"))
    assert (told.probs(POOL)[LOW][:, 2:] == 0).all() and (told.probs(POOL)[HIGH][:, :2] == 0).all()
    assert (shared.probs(POOL) > 0).all()
    early = learned(begun(heads="shared"), LOW)
    assert (early.probs(POOL)[:, 2:] == 0).all(), "classes never taught have no output yet"
    right = {one.maker.heads: (one.probs(POOL).argmax(1) == CODES).mean() for one in (told, shared)}
    assert right["task"] > right["shared"]


def test_a_task_never_taught_is_answered_evenly() -> None:
    assert (learned(begun(), LOW).probs(POOL)[HIGH] == 0.25).all()
    assert (begun().probs(POOL) == 0.25).all()


def test_heads_need_to_be_told_the_task() -> None:
    with pytest.raises(Refused, match="has no column task, and every task has a head of its own"):
        learned(begun(), LOW).probs(table(None))
    assert learned(begun(heads="shared"), LOW).probs(table(None)).shape == (24, 4)


def test_classes_that_come_later_in_a_task_get_a_column() -> None:
    """Labels shared by tasks have an output in each, and one alone where heads are shared; so has a longer label list."""
    student = begun().expanded(lessons([0, 4])).expanded(lessons([1]))  # class a, then class b, both of task low
    assert [tuple(column) for column in student.columns] == [("low", (0,)), ("low", (1,))] and student.tasks == ("low",)
    assert (student.probs(POOL)[0] == [0.5, 0.5, 0, 0]).all()
    other = table(np.arange(24) // 12)  # both tasks hold all classes
    for heads, outputs in (("task", [4, 4]), ("shared", [4, 0])):
        both = begun(heads=heads).expanded(lessons(np.arange(12), other)).expanded(lessons(np.arange(12, 24), other))
        assert [len(column.labels) for column in both.columns] == outputs
    longer = table(labels=(*LABELS, "e"))
    more = student.expanded((labelled(Rows(longer, np.array([0])), np.array([4]), "person"),))
    assert more.labels[-1] == "e" and more.columns[-1].labels == (4,) and more.probs(longer).shape == (24, 5)


@pytest.mark.parametrize("settings", [{}, {"added": (0, 0)}, {"hidden": (), "added": ()}, {"heads": "shared"}])
def test_the_module_answers_as_the_student_and_files_bring_it_back(settings: dict, tmp_path) -> None:
    student = stirred(begun(**settings).expanded(lessons(LOW)).expanded(lessons(HIGH)))
    module = student.module
    encoded = student.encode(lessons(np.arange(24)))
    probs = module.scores(encoded.batch(np.arange(24))).softmax(1).detach()
    np.testing.assert_allclose(probs, student.probs(POOL), atol=1e-5)
    np.testing.assert_allclose(module.vectors(encoded.batch(np.arange(24))).detach(), student.embed(POOL), atol=1e-5)
    assert student.with_module(module).fingerprint == student.fingerprint
    assert set(dict(module.named_parameters())) == set(student.arrays)
    student.save(tmp_path)
    back = student.maker.load(tmp_path)
    assert back.fingerprint == student.fingerprint and (back.probs(POOL) == student.probs(POOL)).all()
    assert back.columns == student.columns and back.expanded(lessons(LOW)).fingerprint == student.fingerprint
    third = lessons([0], table(["third"] * 24))
    assert back.expanded(third).fingerprint == student.expanded(third).fingerprint


def test_units_of_later_tasks_read_earlier_ones_where_links_may_move() -> None:
    """A gradient reaches the links from old units at once, from 0, and those back to old units of other tasks never."""
    student = learned(begun(), LOW).expanded(lessons(HIGH))
    module = student.module
    batch = student.encode(lessons(HIGH)).batch(np.arange(12))
    torch.nn.functional.cross_entropy(module.scores(batch), batch.given["label"]).backward()
    slopes = {name: one.grad for name, one in module.named_parameters()}
    assert slopes["head.1.old_to_new"].abs().max() > 0
    assert slopes["head.1.new_to_old"].abs().max() == slopes["head.0.own"].abs().max() == 0


def test_soft_lessons_bring_the_classes_that_they_give_a_share() -> None:
    soft = {"probs": np.array([[0.5, 0.5, 0]], dtype=np.float32)}
    block = Block(Rows(POOL, np.array([0])), None, Soft, soft, "weak", np.zeros(1), np.ones(1))
    assert begun().expanded((block,)).columns[0].labels == (0, 1)
    bag = labelled(Rows(POOL, np.array([0, 1]), np.array([0, 2])), [0], "bag")
    with pytest.raises(ContractBroken, match="bags"):
        begun().expanded((bag,))


def test_layers_that_do_not_match_are_refused() -> None:
    with pytest.raises(ValueError, match="hidden has 2, added 1"):
        Columns(hidden=(4, 4), added=(2,))


def shaped(task, codes, vectors):
    """Lessons of one task, a label each."""
    more = {"vector": np.asarray(vectors, dtype=np.float32), "task": [task] * len(codes)}
    pool = Table.of(f"points of {task}", more, LABELS).pool()
    return (labelled(Rows(pool, np.arange(len(codes))), np.asarray(codes), "oracle"),)


def axis(task, which, codes=(0, 1), n=10):
    """A task whose classes differ along one of five numbers; the others are noise of the same size."""
    rng = np.random.default_rng(which + 10 * len(task))
    labels = np.arange(n) % 2
    vectors = rng.normal(size=(n, 5))
    vectors[:, which] = 3.0 * (2 * labels - 1) + 0.1 * rng.normal(size=n)
    return shaped(task, np.asarray(codes)[labels], vectors)


def taught_axes(**settings):
    """Tasks along the numbers 0, 1 and 2; every column's units read their task's number alone, both ways."""
    student = begun(hidden=(4, 3), begin_from="similar", standardise=False, **settings)
    for which, name in enumerate(("a", "bb", "ccc")):
        student = student.expanded(axis(name, which))
        arrays = dict(student.arrays)
        read = arrays[f"body.0.{which}.own"] = np.zeros_like(arrays[f"body.0.{which}.own"])
        read[which] = np.resize([1.0, -1.0], read.shape[1])
        own = np.abs(np.random.default_rng(which).normal(size=arrays[f"body.1.{which}.own"].shape))
        arrays[f"body.1.{which}.own"] = own.astype(np.float32)
        arrays[f"body.1.{which}.bias"] = np.full(own.shape[1], 0.1 * which + 0.1, dtype=np.float32)
        if which:
            links = np.zeros_like(arrays[f"body.1.{which}.old_to_new"])
            links[0] = 0.01 * which  # a little of what the first column sees
            arrays[f"body.1.{which}.old_to_new"] = links
        student = dataclasses.replace(student, arrays=arrays)
    return student


@pytest.mark.parametrize("like", [0, 1, 2])
@pytest.mark.parametrize("added", [(4, 3), (3, 2), (6, 5), (2, 5), (6, 1)])
def test_a_copied_column_answers_as_the_most_similar_task(like: int, added: tuple[int, int]) -> None:
    """Narrower, wider or alike: its units' answers are those of that column's first units, on anything."""
    student = taught_axes(added=added)
    after = student.expanded(axis("new", like, codes=(2, 3)))
    assert after.columns[-1] == ("new", (2, 3))
    wide = [4, *[added[0]] * 3], [3, *[added[1]] * 3]
    x = RNG.normal(size=(50, 5)).astype(np.float32)
    below = None
    for layer, widths in zip(after._layers[:-1], wide, strict=True):
        x = np.maximum(x @ layer.weights + layer.bias, 0)
        fits = min(widths[like], widths[-1])
        old, new = (x[:, sum(widths[:t]) : sum(widths[:t]) + fits] for t in (like, 3))
        np.testing.assert_allclose(new, old, atol=1e-6)
        assert old.any(axis=0).all(), "or there is nothing to compare"
        below = x
    before = np.concatenate([student.embed(POOL), np.zeros((24, added[1]), dtype=np.float32)], axis=1)
    np.testing.assert_allclose(after.embed(POOL)[:, : -added[1]], before[:, : -added[1]], atol=1e-6)
    assert below is not None and not any(after.arrays[f"head.3.{part}"].any() for part in ("own", "old_to_new", "bias"))


@pytest.mark.parametrize("heads", ["task", "shared"])
def test_a_copy_leaves_earlier_answers_as_they_were(heads: str) -> None:
    before = learned(learned(begun(heads=heads, begin_from="similar"), LOW), HIGH)
    third = shaped("third", CODES[LOW], X[LOW][:, ::-1])
    after = before.expanded(third)
    np.testing.assert_allclose(after.embed(POOL)[:, :7], before.embed(POOL), atol=1e-6)
    if heads == "task":
        np.testing.assert_allclose(after.probs(POOL), before.probs(POOL), atol=1e-6)
    assert len(after.columns) == 3 and not after.arrays["body.1.2.new_to_old"].any()
    kept = {name: array for name, array in after.arrays.items() if name in before.arrays}
    assert all((array == before.arrays[name]).all() for name, array in kept.items())


def test_where_nothing_can_be_copied_a_column_is_drawn() -> None:
    """The first column; a student without hidden layers; columns without units: they begin as with begin_from: drawn."""
    for settings in ({}, {"hidden": (), "added": ()}, {"added": (0, 0)}):
        plain, mine = (begun(begin_from=how, **settings).expanded(lessons(LOW)) for how in ("drawn", "similar"))
        if settings:
            plain, mine = (one.expanded(lessons(HIGH)) for one in (plain, mine))
        assert all((mine.arrays[name] == array).all() for name, array in plain.arrays.items())
    plain, mine = (begun(begin_from=how).expanded(lessons(LOW)).expanded(lessons(HIGH)) for how in ("drawn", "similar"))
    assert (mine.arrays["body.0.1.own"] == mine.arrays["body.0.0.own"][:, :3]).all()
    assert (plain.arrays["body.0.1.own"] != mine.arrays["body.0.1.own"]).any()


def test_two_tasks_at_once_copy_what_was_there_before_them() -> None:
    """Not each other, and neither does it matter which stands first."""
    student = taught_axes(added=(4, 3))
    both = [
        student.expanded((*one, *two)) for one, two in [(axis("x", 1), axis("yy", 2)), (axis("yy", 2), axis("x", 1))]
    ]
    for made, order in zip(both, ((1, 2), (2, 1)), strict=True):
        for place, like in zip((3, 4), order, strict=True):
            assert (made.arrays[f"body.0.{place}.own"] == student.arrays[f"body.0.{like}.own"]).all()


def test_one_lesson_a_class_takes_the_earliest() -> None:
    student = taught_axes(added=(4, 3))
    after = student.expanded(axis("new", 2, codes=(2, 3), n=2))
    assert (after.arrays["body.0.3.own"] == student.arrays["body.0.0.own"]).all()


def test_separation_by_hand() -> None:
    """Two classes at 0, 2 and 4, 8, the last lesson twice the weight: the means are 1, 20 / 3 and 22 / 5 over all.

    Between: 2 (22/5 - 1)^2 + 3 (20/3 - 22/5)^2 = 23.12 + 15.413 = 38.53; over all: 4 + 16 + 2 * 64 + 0 - 5 * 4.4^2 = 51.2.
    """
    units, probs = (
        np.array([[0.0], [2.0], [4.0], [8.0]], dtype=np.float32),
        np.eye(2, 3, dtype=np.float32)[[0, 0, 1, 1]],
    )
    weight = np.array([1.0, 1.0, 1.0, 2.0])
    assert separation(units, probs, weight) == pytest.approx(38.5333 / 51.2, abs=1e-5)
    assert separation(np.ones((4, 2), dtype=np.float32), probs, weight) == 0.0
    assert separation(units, np.full((4, 3), 1 / 3, dtype=np.float32), weight) == pytest.approx(0, abs=1e-12)
