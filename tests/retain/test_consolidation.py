"""consolidation: exactly held, exactly free, exactly ewc, mas and l2_start; shares that decay; few lessons again."""

import io
import json
import math

import numpy as np
import pytest
import torch

from tutelage.core.data import Lessons, Rows, Table, labelled
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.core.stages import Stage
from tutelage.kit.weights import weights_of
from tutelage.learn.gradient import Gradient
from tutelage.retain.consolidation import Consolidation
from tutelage.retain.ewc import Ewc
from tutelage.retain.l2_start import L2Start
from tutelage.retain.mas import Mas
from tutelage.retain.nothing import Nothing
from tutelage.student.text.tiny import Tiny
from tutelage.student.vector.columns import Columns
from tutelage.student.vector.mlp import Mlp
from tutelage.toys import CODES, POINTS, POOL, view

DEEP = Mlp(hidden=(4,)).begin(POOL, stream(0, "student"))
TASKS = Table.of("tasks", {"vector": POINTS, "task": list("012210")}, ("left", "right")).pool()
GROWING = Columns(hidden=(4,), added=(3,)).begin(TASKS, stream(0, "student"))


def lessons(*rows: int, pool=POOL) -> Lessons:
    return (labelled(Rows(pool, np.array(rows)), CODES[list(rows)], "oracle"),)


def lived(part, student=DEEP, pool=POOL, learn: Gradient | None = None, episodes=((0, 5), (1, 4), (2, 3))):
    """Students after each episode, the memory, and what learning said; moments of the optimiser go on."""
    memory, moments, past, seen, said = {}, {}, (), [student], []
    for number, rows in enumerate(episodes):
        new = lessons(*rows, pool=pool)
        past = (*past, *new)
        now = view(pool=pool, student=student, lessons=past)._replace(memory=memory, round=number, first=seen[0])
        how = learn or Gradient(lr=0.05, passes=3)
        done = how.learn((Stage(new),), part.penalty(now), now._replace(memory=moments), stream(number, "learn"))
        settled = part.settle(student, new, now._replace(student=done.student), stream(number, "settle"))
        student, memory, moments = settled.student, settled.memory or memory, done.memory
        seen.append(student)
        said.append(done.facts)
    return seen, memory, said


@pytest.mark.parametrize("how", [{"weight_decay": 0.5}, {"optimiser": "sgd", "momentum": 0.9, "weight_decay": 0.1}])
def test_infinite_b_holds_to_the_bit(how: dict) -> None:
    """Everything that there was, while the columns of later tasks learn; nothing of it has a state of the optimiser."""
    part = Consolidation(b=math.inf, groups=({"names": "new_to_old", "b": math.inf},))
    seen, *_ = lived(part, GROWING, TASKS, Gradient(lr=0.05, passes=5, **how))
    for before, after in zip(seen[1:], seen[2:], strict=False):
        assert set(before.arrays) < set(after.arrays)
        assert all((after.arrays[name] == array).all() for name, array in before.arrays.items())
    assert all((array == 0).all() for name, array in seen[-1].arrays.items() if "new_to_old" in name)
    assert (seen[-1].arrays["body.0.2.own"] != seen[-1].expanded(()).first[0].weights[:, :3]).any()


def test_what_is_held_is_answered_as_before() -> None:
    """A task's answers are the same bits after all others; without holding them they are not."""
    first = TASKS.take([0, 5])
    for part, same in (
        (Consolidation(b=math.inf, groups=({"names": "new_to_old", "b": math.inf},)), True),
        (Nothing(), False),
    ):
        seen, *_ = lived(part, GROWING, TASKS)
        assert all(
            torch.equal(*(torch.from_numpy(one.probs(first)) for one in (seen[1], later))) == same for later in seen[2:]
        )


@pytest.mark.parametrize("part", [Consolidation(b=0), Consolidation(b=0, groups=({"names": ".", "b": 0},))])
def test_neutral_limit_b_0(part: Consolidation) -> None:
    assert [one.fingerprint for one in lived(part)[0]] == [one.fingerprint for one in lived(Nothing())[0]]
    assert lived(part)[1] == {}


@pytest.mark.parametrize("decay", [1.0, 0.5])
def test_with_fisher_information_it_is_ewc(decay: float) -> None:
    """b = strength / 2: the same students, bit for bit, and the same table."""
    ours, memory, _ = lived(Consolidation(b=20, importance="fisher", decay=decay))
    theirs, other, _ = lived(Ewc(strength=40, decay=decay))
    assert [one.fingerprint for one in ours] == [one.fingerprint for one in theirs]
    for name, array in other["fisher"].items():
        assert (memory["sums"][str(decay)][name] == array).all()


def test_with_outputs_it_is_mas_and_alike_it_is_l2_start() -> None:
    for part, other in (
        (Consolidation(b=3, importance="outputs"), Mas(strength=3)),
        (Consolidation(b=3), L2Start(strength=6)),
    ):
        ours, theirs, plain = (lived(one)[0] for one in (part, other, Nothing()))
        for one, two in zip(ours, theirs, strict=True):
            for name, array in weights_of(one).items():
                np.testing.assert_allclose(array, weights_of(two)[name], rtol=1e-5, atol=1e-6)
        assert ours[-1].fingerprint != plain[-1].fingerprint


def test_shares_decay_by_hand() -> None:
    """b 8; task 0 keeps a half each time, the others all. After three tasks task 0 has been followed by two.

    Alike: its own weights have 8 / 4, those of tasks 1 and 2 have 8, and links that come later are free.
    """
    part = Consolidation(b=8, decays={"0": 0.5})
    seen, memory, _ = lived(part, GROWING, TASKS)
    grown = seen[-1].expanded(
        lessons(0, pool=Table.of("more", {"vector": POINTS, "task": ["3"] * 6}, ("left", "right")).pool())
    )
    table = part.penalty(view(pool=TASKS, student=seen[-1])._replace(memory=memory)).table(grown.module)
    found = {name: set(b.unique().tolist()) for name, b in table.items()}
    for name, values in found.items():
        assert values == {{"0": 2.0, "1": 8.0, "2": 8.0, "3": 0.0}[name.rsplit(".", 2)[1]]}, name
    assert set(memory["sums"]) == {"0.5", "1.0"}


def test_the_same_table_after_its_memory_was_written_and_read() -> None:
    part = Consolidation(b=8, decays={"0": 0.5}, importance="fisher", groups=({"names": "head.0", "b": math.inf},))
    seen, memory, _ = lived(part, GROWING, TASKS)
    buffer = io.BytesIO()
    np.savez(
        buffer, **{f"{share}/{name}": array for share, held in memory["sums"].items() for name, array in held.items()}
    )
    buffer.seek(0)
    back: dict = {}
    with np.load(buffer, allow_pickle=False) as saved:
        for key in saved.files:
            share, name = key.split("/")
            back.setdefault(share, {})[name] = saved[key]
    from tutelage.core.method import settings
    from tutelage.core.parts import build

    again = build("retain", json.loads(json.dumps(settings(part))))
    one, two = (
        which.penalty(view(pool=TASKS, student=seen[-1])._replace(memory=held)).table(seen[-1].module)
        for which, held in ((part, memory), (again, {"sums": back}))
    )
    assert one.keys() == two.keys() and all(torch.equal(b, two[name]) for name, b in one.items())
    assert one["head.0.own"].isinf().all() and 0 < one["body.0.0.own"].max() < math.inf


def test_the_first_lessons_of_each_class_of_each_task() -> None:
    """Rows a and f are of task 0, left and right; b, left, of task 1, comes before a row of the same kind, a copy of it."""
    past = (*lessons(0, 1, 5, pool=TASKS), *lessons(1, 0, 4, pool=TASKS))
    silent = (past[0]._replace(weight=np.array([1.0, 0.0, 1.0])), past[1])
    now = view(pool=TASKS, student=GROWING, lessons=past)
    few = Consolidation(rehearse_each=1).rehearse((), now, stream(0, "retain"))
    assert [block.about.rows.tolist() for block in few] == [[0, 1, 5], [4]] and not any(
        block.cost.any() for block in few
    )
    heard = Consolidation(rehearse_each=1).rehearse((), now._replace(lessons=silent), stream(0, "retain"))
    assert [block.about.rows.tolist() for block in heard] == [[0, 5], [1, 4]]
    assert sum(block.size for block in Consolidation(rehearse_each=9).rehearse((), now, stream(0, "retain"))) == 6
    assert Consolidation().rehearse((), now, stream(0, "retain")) == ()


def test_a_phase_without_new_lessons_is_no_episode() -> None:
    _, memory, _ = lived(Consolidation(b=2, decay=0.5))
    now = view(student=DEEP)._replace(memory=memory)
    assert Consolidation(b=2, decay=0.5).settle(DEEP, (), now, stream(0, "retain")).memory == {}


def test_everything_held_learns_nothing_and_says_so() -> None:
    seen, _, said = lived(Consolidation(b=math.inf))
    assert seen[1].fingerprint == seen[2].fingerprint == seen[3].fingerprint != seen[0].fingerprint
    assert said[1]["updates"] == said[1]["visits"] == 0 and said[1]["weights_held"] == 1.0 and "loss" not in said[1]


def test_capacity_is_reported_each_round() -> None:
    """4 x 2 + 4 and 4 x 2 + 2 are held. The second column brings 3 x 2 + 3, (3 + 4) x 2 + 2, and 3 x 2 back to the old."""
    part = Consolidation(b=math.inf, groups=({"names": "new_to_old", "b": 0.5},))
    *_, said = lived(part, GROWING, TASKS, episodes=((0, 5), (1, 4)))
    assert said[1]["weights_held"] == pytest.approx(22 / 53)
    assert said[1]["weights_elastic"] == pytest.approx(6 / 53) and said[1]["weights_free"] == pytest.approx(25 / 53)


def settled(part, student=DEEP, pool=POOL, rows=(0, 5)):
    """What one learned student becomes, and the memory of it; learned alike whatever the part."""
    new = lessons(*rows, pool=pool)
    now = view(pool=pool, student=student, lessons=new)
    done = Gradient(lr=0.05, passes=3).learn((Stage(new),), None, now, stream(0, "learn")).student
    return done, part.settle(student, new, now._replace(student=done), stream(0, "settle"))


@pytest.mark.parametrize("importance", ["fisher", "outputs", "alike"])
def test_neutral_limit_nothing_is_pruned(importance: str) -> None:
    """At 0, and below every b that there is."""
    plain = lived(Consolidation(b=20, importance=importance))
    for limit in (0.0, 1e-30 if importance == "alike" else 0.0):
        ours = lived(Consolidation(b=20, importance=importance, prune_below=limit))
        assert [one.fingerprint for one in ours[0]] == [one.fingerprint for one in plain[0]]
        assert ours[1].keys() == plain[1].keys() == {"sums"}


@pytest.mark.parametrize("importance", ["fisher", "outputs"])
def test_weights_of_low_b_become_0_and_free_and_others_stay_to_the_bit(importance: str) -> None:
    plain = Consolidation(b=20, importance=importance, groups=({"names": "head.bias", "b": 1},))
    learned, kept = settled(plain)
    b = plain.penalty(view(student=learned)._replace(memory=kept.memory)).table(learned.module)
    limit = float(torch.cat([one.reshape(-1) for name, one in b.items() if name != "head.bias"]).median())
    part = Consolidation(b=20, importance=importance, groups=plain.groups, prune_below=limit)
    same, pruned = settled(part)
    assert same.fingerprint == learned.fingerprint == kept.student.fingerprint != pruned.student.fingerprint
    before, after = weights_of(learned), weights_of(pruned.student)
    table = part.penalty(view(student=pruned.student)._replace(memory=pruned.memory)).table(pruned.student.module)
    for name, array in after.items():
        low = (b[name] < limit).numpy() & (name != "head.bias")  # a group's b is stated, not earned
        assert (array[low] == 0).all() and (array[~low] == before[name][~low]).all()
        assert (table[name].numpy()[low] == 0).all() and (table[name].numpy()[~low] == b[name].numpy()[~low]).all()
    assert 0 < sum(int((array == 0).sum()) for array in after.values()) < sum(array.size for array in after.values())


def test_a_task_whose_b_has_decayed_is_cut_off_and_its_weights_are_taken_again() -> None:
    """b 8, of task 0 a quarter each time: 2 after task 1, which is below 3, so that its column is 0 and free while task 2
    is learned. Then it belongs to that episode, at 8 again. Free in the third episode are 4 x 2 + 4 + 4 x 2 + 2 = 22 of
    task 0 and what came with task 2: 3 x 2 + 3, (7 + 3) x 2 + 2 and 3 x 4 back = 43; 31 of task 1 are not.
    """
    plain, part = (Consolidation(b=8, decays={"0": 0.25}, prune_below=limit) for limit in (0, 3))
    (*_, two, three), memory, said = lived(part, GROWING, TASKS)
    (*_, other, _), _, told = lived(plain, GROWING, TASKS)
    for name, array in two.arrays.items():
        mine = name.rsplit(".", 2)[1] == "0"
        assert (array == (0 if mine else other.arrays[name])).all(), name
    assert (two.probs(TASKS.take([0, 5])) == 0.5).all() and (other.probs(TASKS.take([0, 5])) != 0.5).any()
    assert told[2]["weights_elastic"] - said[2]["weights_elastic"] == pytest.approx(22 / 96)
    assert said[2]["weights_free"] == pytest.approx((22 + 43) / 96)
    table = part.penalty(view(pool=TASKS, student=three)._replace(memory=memory)).table(three.module)
    assert all(set(b.unique().tolist()) == {8.0} for b in table.values()) and "freed" not in memory


def test_pruning_where_old_weights_are_held() -> None:
    """b inf: only what has decayed to nothing is pruned."""
    (*_, two, _), *_ = lived(Consolidation(b=math.inf, decays={"0": 0.0}, prune_below=1), GROWING, TASKS)
    gone = {name.rsplit(".", 2)[1] for name, array in two.arrays.items() if not array.any()}
    left = {name.rsplit(".", 2)[1] for name, array in two.arrays.items() if array.all()}
    assert "0" in gone and "0" not in left and "1" in left
    assert not any(array.any() for name, array in two.arrays.items() if name.rsplit(".", 2)[1] == "0")


def test_a_model_under_an_adapter_is_not_pruned() -> None:
    """Everything lies below the limit: what the run has moved becomes 0, the model under it stays to the bit."""
    pool = Table.of("said", {"text": ["one two", "three", "two", "four one"]}, ("a", "b")).pool()
    student = Tiny(hidden=16, layers=2, heads=2, window=32).begin(pool, stream(0, "student"))
    new = (labelled(Rows(pool, np.arange(4)), np.array([0, 1, 0, 1]), "oracle"),)
    how = Gradient(lr=0.01, passes=3, batch=0, adapter=build("adapter", "lora"))
    now = view(pool=pool, student=student, lessons=new)._replace(first=student)
    after = how.learn((Stage(new),), None, now, stream(0, "learn")).student
    part = Consolidation(b=1.0, importance="fisher", prune_below=1.0)
    settled = part.settle(student, new, now._replace(student=after), stream(0, "settle")).student
    base = weights_of(student)
    for name, array in weights_of(settled).items():
        if ".lora_" in name:
            assert not array.any()
        else:
            assert np.array_equal(array, base[name.replace(".base_layer.", ".")])


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"b": math.inf, "importance": "fisher"}, "no importance to weigh"), ({"b": -1}, "greater"),
     ({"b": 1, "prune_below": 2}, "above b, which no weight exceeds"), ({"prune_below": math.inf}, "finite"),
     ({"b": 0, "importance": "fisher", "prune_below": 1e-9}, "above b, which no weight exceeds"), ({"decays": {"0": 2}}, "less"),
     ({"groups": ({"names": "[", "b": 1},)}, "no regular expression")],
)  # fmt: skip
def test_settings_without_sense_are_refused(settings: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Consolidation(**settings)
