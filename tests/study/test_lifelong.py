"""From records, written by hand, to lifetimes and their numbers."""

import math

import numpy as np
import pytest
import yaml

from tutelage.core.data import Course, Exam, Part, Rows, Table, labelled
from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.data.digits import Digits
from tutelage.kit.lifelong import measured
from tutelage.kit.lifetimes import prepared
from tutelage.recipe.read import read_text
from tutelage.runs.journal import Journal
from tutelage.runs.record import Record, fingerprints, write
from tutelage.study.lifelong import NAMES, courses, lifelong, lifetime, material

# The exam: two items of a, four of b, in an order of its own; the pool: rows 0-3 of a, 4-7 of b.
EXAM = ["b", "a", "b", "b", "a", "b"]


def course(tasks=None, column: str = "task") -> Course:
    tasks = tasks or ["a"] * 4 + ["b"] * 4
    pool = Table.of("pool", {"text": tasks, "episode": np.arange(len(tasks)), "task": tasks}, ("yes", "no")).pool()
    paper = Table.of("paper", {"text": EXAM, column: EXAM}, ("yes", "no")).pool()
    truth = labelled(Rows(paper, np.arange(6)), np.zeros(6, dtype=np.int64), "file")
    return Course({"pool": Part(pool, None)}, {"exam": Exam((truth,))})


def items(a: float, b: float) -> np.ndarray:
    """An exam on which a share `a` of a's items and a share `b` of b's items is right."""
    made = np.zeros(6, dtype=np.float32)
    made[[1, 4][: round(2 * a)]] = 1
    made[[0, 2, 3, 5][: round(4 * b)]] = 1
    return made


@pytest.fixture
def recorded(tmp_path):
    """A record: {arm: [(rows chosen, items of accuracy, or None where not examined), ...]}; None: before all learning."""

    def made(arms, seed: int = 0, end: bool = True, higher: bool = True, rows=range(6)) -> Record:
        first, *others = arms
        whole = "{data: {use: digits}, student: {use: vector.logistic}}"
        lines = [f"arms:\n  {first}: {whole}", *(f"  {arm}: {{}}" for arm in others), f"seeds: [{seed}]"]
        folder = tmp_path / f"run{len(list(tmp_path.glob('run*')))}"
        write(folder / "resolved.yaml", yaml.safe_dump(read_text("\n".join(lines), "stated.yaml").resolved()))
        record = Record(folder)
        for arm, rounds in arms.items():
            place = record.arm_folder(arm, seed)
            (place / "rounds").mkdir(parents=True)
            journal = Journal(place / "events.jsonl")
            number = -1
            for step, (chosen, sat) in enumerate(rounds):
                number += chosen is not None and (step == 0 or rounds[step - 1][0] is not chosen)
                kept = {"chosen": np.array(chosen or [], dtype=np.int64)}
                scores = {}
                if sat is not None:
                    kept |= {"accuracy.items": sat, "accuracy.rows": np.array(rows), "accuracy.groups": np.zeros(6)}
                    scores = {"accuracy": float(sat.mean())}
                np.savez(place / f"rounds/{step}.npz", **kept)
                journal.append({"event": "round", "round": number, "step": str(step), "spent": {"labels": 1.0},
                                "scores": scores, "higher": dict.fromkeys(scores, higher), "digest": "",
                                "arrays": f"rounds/{step}.npz"})  # fmt: skip
            if end:
                journal.append({"event": "end", "digest": arm, "spent": {"labels": 1.0}})
            journal.close()
        return record

    return made


# Before all learning (.5, 0); a taught twice: (.5, .25), (1, .25); then b: (.5, .75), (0, 1).
ROUNDS = [
    (None, items(0.5, 0)),
    ([0, 1], items(0.5, 0.25)),
    ([2, 3], items(1, 0.25)),
    ([4, 5], items(0.5, 0.75)),
    ([7, 6], items(0, 1)),
]


def test_a_lifetime_by_hand(recorded) -> None:
    """An evaluation, a block of two experiences of a, an evaluation, two of b, an evaluation: 6 + 4 lines."""
    life = lifetime(recorded({"learner": ROUNDS}), "learner", 0, course())
    assert life.block.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert life.train.tolist() == [False, False, True, True, False, False, True, True, False, False]
    assert life.task.tolist() == ["a", "b", "a", "a", "a", "b", "b", "b", "a", "b"]
    assert life.performance.tolist() == [0.5, 0, 0.5, 1, 1, 0.25, 0.75, 1, 0, 1]


def test_its_numbers_by_hand(recorded) -> None:
    """On the scale a is 51 (.5), 101 (1) and 1 (0); b is 1 (0), 26 (.25), 76 (.75) and 101 (1).

    pm: a from 101 to 1, -100; b was not evaluated later. ft: a's block takes b from 1 to 26; bt: b's takes a from 101
    to 1. Experts: of a (0, 1), the scale stays: (51 + 101) / (1 + 101); of b (.5, .75): 51 and 76, so 177 / 127.
    se: a is highest after 1 experience as its expert is, 1; b likewise, 101 / 76.
    acc (0 + 1) / 2; bwt 0 - 1; fwt .25 - 0; forgetting 1 - 0.
    """
    record = recorded(
        {
            "learner": ROUNDS,
            "only_a": [([0, 1], items(0, 0.25)), ([2, 3], items(1, 0))],
            "only_b": [([4, 5], items(0, 0.5)), ([6, 7], items(0, 0.75))],
        }
    )
    found = lifelong(record, "learner", 0, course(), experts={"a": "only_a", "b": ["only_b"]})
    assert tuple(found) == NAMES
    assert found["pm"] == pytest.approx(-100) and found["ft"] == pytest.approx(26)
    assert found["bt"] == pytest.approx(1 / 101) and found["bt_contrast"] == pytest.approx(-100 / 102)
    assert found["rp"] == pytest.approx((152 / 102 + 177 / 127) / 2)
    assert found["se"] == pytest.approx((1 + 101 / 76) / 2)
    assert (found["acc"], found["bwt"], found["fwt"], found["forgetting"]) == pytest.approx((0.5, -1, 0.25, 1))
    assert math.isnan(found["pr"])
    raw = material(record, "learner", 0, {"learner": course(), "only_a": course(), "only_b": course()},
                   experts={"a": "only_a", "b": "only_b"})  # fmt: skip
    assert [curve.tolist() for curve in raw.experts["b"]] == [[0.5, 0.75]]
    assert measured(prepared(raw.lifetime, raw.experts)).lifetime["rp"] == found["rp"]


def test_without_experts_only_what_compares_is_missing(recorded) -> None:
    found = lifelong(recorded({"learner": ROUNDS}), "learner", 0, course())
    assert [name for name in NAMES if math.isnan(found[name])] == ["rp", "se", "pr", "general", "intransigence"]


def test_without_an_exam_before_learning(recorded) -> None:
    """The first block transfers to nothing that is known, and fwt has no start."""
    found = lifelong(recorded({"learner": ROUNDS[1:]}), "learner", 0, course())
    assert math.isnan(found["ft"]) and math.isnan(found["fwt"])
    assert found["bt_contrast"] == pytest.approx(-100 / 102)


def test_the_steps_of_a_round_are_one_experience(recorded) -> None:
    """The first step is not examined, the second is: one experience each round, with the last step's score."""
    early, late = [0, 1], [4, 5]
    rounds = [(early, None), (early, items(1, 0)), (late, items(0, 0)), (late, items(0.5, 0.5))]
    life = lifetime(recorded({"learner": rounds}), "learner", 0, course())
    assert life.performance.tolist() == [1, 1, 0, 0.5, 0.5, 0.5]


def test_a_column_group_names_the_tasks_of_an_exam_without_one(recorded) -> None:
    record = recorded({"learner": ROUNDS})
    assert lifelong(record, "learner", 0, course(column="group")) == pytest.approx(
        lifelong(record, "learner", 0, course()), nan_ok=True
    )
    with pytest.raises(Refused, match="names no tasks"):
        lifelong(record, "learner", 0, course(column="author"))


def test_while_an_arm_runs_every_number_is_missing(recorded) -> None:
    record = recorded({"learner": ROUNDS}, end=False)
    found = lifelong(record, "learner", 0, course())
    assert tuple(found) == NAMES and all(math.isnan(value) for value in found.values())


@pytest.mark.parametrize(
    ("rounds", "settings", "message"),
    [
        ([([0, 4], items(1, 1))], {}, "round 0: it taught several tasks at once: a, b"),
        ([([0], items(1, 1)), ([1], None)], {}, "(?s)round 1: it has no score 'accuracy'.*assess_every: 1"),
        ([([], items(1, 1))], {}, "round 0: it taught no rows"),
        ([([8], items(1, 1))], {}, "row 8 is not in the pool"),
        (ROUNDS, {"of": "acuracy"}, "(?s)no score 'acuracy'.*did you mean 'accuracy'"),
        (ROUNDS, {"exam": "exams"}, "(?s)no exam 'exams'.*did you mean 'exam'"),
        (ROUNDS, {"experts": {"a": "expert"}}, "'b' has none"),
        (ROUNDS, {"experts": {"a": "expert", "b": "other", "A": "expert"}}, "taught this task alone, not a"),
        (ROUNDS, {"experts": {"b": "expert"}}, "an expert of 'b' is taught this task alone, not a"),
        (ROUNDS, {"experts": {"a": "short"}}, "its experiences are 1 rows of 'a', those of the learner 2"),
    ],
)
def test_what_is_refused(recorded, rounds, settings, message: str) -> None:
    arms = {"learner": rounds, "expert": [([0, 1], items(1, 0))], "other": [([4, 5], items(1, 0))],
            "short": [([0], items(1, 0))]}  # fmt: skip
    with pytest.raises(Refused, match=message):
        lifelong(recorded(arms), "learner", 0, course(), **settings)


def test_an_expert_of_a_task_that_is_never_trained_is_refused(recorded) -> None:
    only = {"learner": [([0, 1], items(1, 0))], "a": [([0, 1], items(1, 0))], "b": [([4, 5], items(1, 0))]}
    with pytest.raises(Refused, match="'b' is never trained"):
        lifelong(recorded(only), "learner", 0, course(), experts={"a": "a", "b": "b"})


def test_a_score_of_which_less_is_better_is_taken_negated(recorded) -> None:
    """As losses the same rounds are -.5 and 0 at first, -1 and -.25, then 0 and -1 at the end.

    acc (0 - 1) / 2. a was at -1 after its own block and is at 0: bwt +1, forgetting -1. fwt of b: -.25 - 0.
    """
    record = recorded({"learner": ROUNDS}, higher=False)
    assert lifetime(record, "learner", 0, course()).performance.max() == 0
    found = lifelong(record, "learner", 0, course())
    assert (found["acc"], found["bwt"], found["fwt"], found["forgetting"]) == pytest.approx((-0.5, 1, -0.25, -1))


def test_intransigence_from_records(recorded) -> None:
    """Just learned the learner has 1 on a and 1 on b. Joint training has .5 on a and .5 on b after the same blocks.

    All at once, .5 and .75 at the end: (-.5 - .25) / 2.
    """
    joint = [(None, items(0, 0)), ([0, 1], items(0, 0)), ([2, 3], items(0.5, 0)), ([4, 5], items(1, 0)),
             ([7, 6], items(1, 0.5))]  # fmt: skip
    record = recorded({"learner": ROUNDS, "joint": joint, "whole": [([0, 1, 4, 5], items(0.5, 0.75))]})
    assert lifelong(record, "learner", 0, course(), joint="joint")["intransigence"] == pytest.approx(-0.5)
    one = course()
    pool = one.parts["pool"].pool
    columns = {"text": ["x"] * 8, "episode": np.zeros(8, dtype=np.int64), "task": pool.column("task").to_pylist()}
    at_once = one._replace(parts={"pool": Part(Table.of("pool", columns, pool.labels).pool(), None)})
    told = {"learner": one, "whole": at_once}
    assert lifelong(record, "learner", 0, told, joint="whole")["intransigence"] == pytest.approx(-0.375)
    with pytest.raises(Refused, match="joint training in 1 blocks"):
        short = {"learner": ROUNDS, "joint": [([0, 1], items(0.5, 0))]}
        lifelong(recorded(short), "learner", 0, course(), joint="joint")


def test_a_score_that_is_no_mean_of_items_is_refused(recorded) -> None:
    record = recorded({"learner": ROUNDS})
    journal = record.arm_folder("learner", 0) / "events.jsonl"
    journal.write_text(journal.read_text().replace('"accuracy":0.5', '"accuracy":0.25'))
    with pytest.raises(Refused, match="not the mean of its items"):
        lifelong(record, "learner", 0, course())


def test_a_pool_and_an_exam_that_do_not_fit_are_refused(recorded) -> None:
    with pytest.raises(Refused, match="no item of the task 'c'"):
        lifelong(recorded({"learner": ROUNDS}), "learner", 0, course(["c"] * 4 + ["b"] * 4))
    bare = course()
    table = Table.of("bare", {"text": ["x"] * 8})
    with pytest.raises(Refused, match="the pool bare has no column task"):
        lifelong(recorded({"learner": ROUNDS}), "learner", 0, bare._replace(parts={"pool": Part(table.pool(), None)}))


def test_the_courses_are_those_of_the_seed(recorded) -> None:
    """The data part of every arm's recipe, asked again with the luck that the run gave it."""
    record = recorded({"learner": ROUNDS, "expert": ROUNDS})
    made = courses(record, ["learner", "expert"], 3)
    direct = Digits().course(stream(3, "data"))
    for arm in ("learner", "expert"):
        assert fingerprints(made[arm]) == fingerprints(direct)
