"""The loop: what is asked, paid, learned and examined, round by round, on six points."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tutelage.core.answers import Sealed
from tutelage.core.data import Course, Exam, Part, Rows, Table, labelled
from tutelage.core.errors import ContractBroken
from tutelage.core.parts import build
from tutelage.core.stages import Chosen, Stopped
from tutelage.loop import Round, Run, rounds
from tutelage.recipe.fit import Parts, Step
from tutelage.toys import CODES, POINTS, POOL, NearestMean, till, vector_pool

EXAM = vector_pool(POINTS + 0.05, ids=list("uvwxyz"))


def course(**changed: Any) -> Course:
    truth = labelled(Rows(EXAM, np.arange(6)), CODES, "file")
    made = Course({"pool": Part(POOL, Sealed(POOL.table, CODES))}, {"exam": Exam((truth,))})
    return made._replace(**changed)


def step(name: str = "0", **changed: Any) -> Step:
    plain = {
        "choose": "uniform",
        "teach": "oracle",
        "order": "as_given",
        "learn": "refit",
        "retain": "nothing",
        "recall": "nothing",
    }
    built = {stage: build(stage, changed.pop(stage, spec)) for stage, spec in plain.items()}
    rest = {
        "assess": (build("assess", "accuracy"),),
        "per_round": 2,
        "restart": True,
        "once": False,
        "keep": True,
        **changed,
    }
    return Step(name=name, **built, **rest)  # type: ignore[arg-type]


def play(*steps: Step, limits: dict[str, float] | None = None, seed: int = 0, total: int | None = None, every: int = 1,
         on: Course | None = None, stop: Any = None) -> tuple[list[Round], Any]:  # fmt: skip
    purse = till(limits)
    parts = Parts(None, NearestMean(), steps or (step(),), total, every, stop)
    return list(rounds(Run(parts, on or course(), seed, purse, Path()))), purse


def test_the_pool_is_asked_about_once_and_the_loop_ends_with_it() -> None:
    done, purse = play()
    assert [len(one.chosen) for one in done] == [2, 2, 2]
    assert sorted(np.concatenate([one.chosen for one in done]).tolist()) == [0, 1, 2, 3, 4, 5]
    assert purse.book.ledger.spent["labels"] == 6


def test_the_last_batch_is_what_is_left_of_the_budget() -> None:
    """Budget 5 at 2 a round: 2 + 2 + 1."""
    done, purse = play(limits={"labels": 5})
    assert [len(one.chosen) for one in done] == [2, 2, 1]
    assert purse.left("labels") == 0


def test_a_budget_of_nothing_asks_nothing() -> None:
    done, purse = play(limits={"labels": 0})
    assert done == [] and purse.book.ledger.spent == {}


def test_rounds_bound_the_loop() -> None:
    assert len(play(total=2)[0]) == 2


def test_a_stage_that_is_replaced_shifts_no_other_stages_luck() -> None:
    """Arms that differ in their teacher alone ask about the same rows; a second step changes nothing of the first."""
    plain, _ = play()
    noisy, _ = play(step(teach={"use": "noisy", "error": 0.5}))
    more, _ = play(
        step(), step("1", choose="everything", per_round=None, teach={"use": "self_training", "k": 3}, keep=False)
    )
    rows = [one.chosen.tolist() for one in plain]
    assert [one.chosen.tolist() for one in noisy] == rows
    assert [one.chosen.tolist() for one in more if one.step == "0"] == rows


def test_lessons_of_a_step_that_does_not_keep_serve_that_step_alone() -> None:
    """Round 0: two labels, then pseudo-labels about the four rows left; round 1 asks about those rows all the same."""
    second = step(
        "1", choose="everything", per_round=None, teach={"use": "self_training", "k": 2, "threshold": 0}, keep=False
    )
    done, purse = play(step(), second)
    asked = [one for one in done if one.step == "0"]
    extra = [one for one in done if one.step == "1"]
    assert [len(one.chosen) for one in asked] == [2, 2, 2]
    assert len(extra[0].chosen) == 4
    assert purse.book.ledger.spent["labels"] == 6


def test_a_second_step_that_teaches_nothing_leaves_the_student_as_it_was() -> None:
    second = step("1", choose="everything", per_round=None, teach={"use": "self_training", "threshold": 1}, keep=False)
    plain, _ = play()
    both, _ = play(step(), second)
    assert [one.student.fingerprint for one in both if one.step == "1"] == [one.student.fingerprint for one in plain]


def test_given_lessons_are_learned_and_examined_before_the_first_question() -> None:
    given = (labelled(Rows(POOL, np.array([0, 5])), np.array([0, 1]), "file"),)
    pool = POOL.take([1, 2, 3, 4])
    done, purse = play(on=course(given=given, parts={"pool": Part(pool, Sealed(POOL.table, CODES))}))
    assert done[0].number == -1 and len(done[0].chosen) == 0
    assert done[0].scores[0].value == 1.0
    assert purse.book.ledger.spent["labels"] == 4


def test_a_bought_exam_is_paid_first_and_never_taught() -> None:
    done, purse = play(on=course(exams={}, bought=2), limits={"labels": 4})
    examined = set(done[0].scores[0].rows.tolist())
    asked = set(np.concatenate([one.chosen for one in done]).tolist())
    assert len(examined) == 2 and len(asked) == 2 and not examined & asked
    assert purse.left("labels") == 0


def test_start_rows_are_paid_and_learned() -> None:
    done, purse = play(on=course(start=np.array([1, 4])), total=1)
    assert done[0].number == -1 and done[0].scores[0].value == 1.0
    assert purse.book.ledger.spent["labels"] == 4


def test_a_label_that_a_teacher_adds_is_known_from_then_on() -> None:
    few = Table.of("few", {"id": list("abcdef"), "vector": POINTS}, ["left"]).pool()
    grown = few.with_labels(["left", "right"])

    class Adds:
        needs, gives, spends = frozenset(), frozenset(), frozenset()

        def teach(self, asked: Rows, view: Any, answers: Any, rng: Any) -> Any:
            from tutelage.core.stages import Taught

            return Taught((labelled(Rows(grown.take(asked.pool.numbers), asked.rows), CODES[asked.numbers], "person"),))

    parts = {"pool": Part(few, Sealed(few.table, np.full(6, -1)))}
    truth = labelled(Rows(EXAM, np.arange(6)), CODES, "file")
    done, _ = play(step()._replace(teach=Adds()), on=Course(parts, {"exam": Exam((truth,))}))
    assert done[-1].student.labels == ("left", "right")  # type: ignore[attr-defined]
    assert done[-1].scores[0].value == 1.0


def test_assess_every_examines_every_second_round_and_the_last() -> None:
    done, _ = play(step(per_round=1), total=6, every=4)
    assert [bool(one.scores) for one in done] == [True, False, False, False, True, True]
    spent, _ = play(step(per_round=1), limits={"labels": 3}, every=4)
    assert [bool(one.scores) for one in spent] == [True, False, True]


def test_continuing_learns_from_the_new_lessons_alone() -> None:
    fresh, _ = play(step(restart=False, per_round=3), total=2, seed=1)
    last = fresh[-1]
    assert last.student.means is not None  # type: ignore[attr-defined]
    known = {CODES[row] for row in last.chosen}
    assert {c for c in (0, 1) if not np.isnan(last.student.means[c]).any()} == known  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("rows", "promise"),
    [([0, 0], "1 of them distinct"), ([0, 1, 2], "at most 2"), ([99], "outside the pool"), ([-1], "outside the pool")],
)
def test_a_chooser_that_breaks_its_promise_is_named(rows: list[int], promise: str) -> None:
    class Cheats:
        needs = frozenset()

        def choose(self, view: Any, n: int, rng: Any) -> Chosen:
            return Chosen(np.array(rows), np.full(len(view.pool), np.nan))

    with pytest.raises(ContractBroken, match=f"Cheats chose .*{promise}"):
        play(step()._replace(choose=Cheats()))


def test_an_assessor_that_names_an_unknown_exam_is_told_which_there_are() -> None:
    with pytest.raises(ContractBroken, match="no exam called 'probes'; known: exam"):
        play(step(assess=(build("assess", {"use": "accuracy", "on": "probes"}),)))


def test_the_same_seed_gives_the_same_rounds() -> None:
    one, _ = play(seed=5)
    two, _ = play(seed=5)
    other, _ = play(seed=6)
    assert [a.chosen.tolist() for a in one] == [b.chosen.tolist() for b in two]
    assert [a.student.fingerprint for a in one] == [b.student.fingerprint for b in two]
    assert [a.chosen.tolist() for a in one] != [b.chosen.tolist() for b in other]


class After:
    """Stops when it was asked so often; counts in its memory, and remembers what it saw."""

    needs = frozenset()

    def __init__(self, times: int, value: float = 0.5) -> None:
        self.times, self.value, self.views = times, value, []

    def stop(self, view: Any, rng: Any) -> Stopped:
        self.views.append((view, rng.random()))
        asked = view.memory.get("asked", 0) + 1
        return Stopped(asked == self.times, self.value, {"asked": asked})


def test_a_rule_ends_the_arm_after_the_round_that_it_stops_at() -> None:
    rule = After(2)
    plain, _ = play(step(per_round=1))
    stopped, purse = play(step(per_round=1), stop=rule)
    assert [one.number for one in stopped] == [0, 1] and purse.book.ledger.spent["labels"] == 2
    assert [one.facts["stop"] for one in stopped] == [0.5, 0.5]
    assert [one.chosen.tolist() for one in stopped] == [one.chosen.tolist() for one in plain][:2]  # its luck is its own
    assert [one.student.fingerprint for one in stopped] == [one.student.fingerprint for one in plain][:2]
    (first, luck), (second, other) = rule.views
    assert luck != other
    assert [len(first.pool), len(second.pool)] == [5, 4]
    assert first.student.fingerprint == stopped[0].student.fingerprint and len(second.lessons) == 2


def test_a_number_that_cannot_be_told_is_no_fact() -> None:
    stopped, _ = play(step(per_round=1), stop=After(3, float("nan")))
    assert len(stopped) == 3 and not any("stop" in one.facts for one in stopped)


def test_a_rule_is_asked_after_whole_rounds_about_the_student_that_they_leave() -> None:
    rule = After(2)
    second = step(
        "1", choose="everything", per_round=None, teach={"use": "self_training", "k": 2, "threshold": 0}, keep=False
    )
    stopped, _ = play(step(), second, stop=rule)
    assert [(one.number, one.step) for one in stopped] == [(0, "0"), (0, "1"), (1, "0"), (1, "1")]
    assert ["stop" in one.facts for one in stopped] == [False, True, False, True]
    assert [view.student.fingerprint for view, _ in rule.views] == [
        stopped[1].student.fingerprint,
        stopped[3].student.fingerprint,
    ]
    once = second._replace(once=True)
    stopped, _ = play(step(), once, stop=After(2))
    assert [(one.number, one.step) for one in stopped] == [(0, "0"), (0, "1"), (1, "0")]
    assert ["stop" in one.facts for one in stopped] == [False, True, True]


def test_a_round_that_becomes_the_last_by_a_rule_is_examined() -> None:
    stopped, _ = play(step(per_round=1), total=6, every=4, stop=After(3))
    assert [bool(one.scores) for one in stopped] == [True, False, True]
    whole, _ = play(step(per_round=1), total=3)
    assert stopped[-1].scores[0].value == whole[-1].scores[0].value


def test_the_opening_is_no_round_and_no_rule_is_asked_about_it() -> None:
    rule = After(1)
    done, _ = play(step(per_round=1), on=course(start=np.array([1, 4])), stop=rule)
    assert [one.number for one in done] == [-1, 0] and len(rule.views) == 1


def test_scores_that_several_exams_have_carry_their_names_and_every_is_all_exams() -> None:
    made = course()
    made = made._replace(exams={**made.exams, "probes": made.exams["exam"]})
    both, _ = play(step(assess=(build("assess", {"use": "accuracy", "on": "every"}),)), on=made)
    assert [score.name for score in both[-1].scores] == ["accuracy", "accuracy_probes"]
    alone, _ = play(step(assess=(build("assess", {"use": "accuracy", "on": "probes"}),)), on=made)
    assert [score.name for score in alone[-1].scores] == ["accuracy"], "no other exam has one of that name"


def test_only_an_audit_sees_the_lessons_and_it_sees_those_taught_so_far() -> None:
    seen: dict[str, list[int]] = {"audit": [], "plain": []}

    def assessor(name: str, **says: Any) -> Any:
        def assess(self: Any, student: Any, exam: Exam, till: Any, rng: Any) -> tuple[Any, ...]:
            seen[name].append(sum(block.size for block in exam.taught))
            return ()

        return type(name, (), {"needs": frozenset(), "on": "exam", "assess": assess, **says})()

    given = (labelled(Rows(POOL, np.array([0])), CODES[:1], "file"),)
    play(step(assess=(assessor("audit", looks_at_lessons=True), assessor("plain"))), on=course(given=given))
    assert seen == {"audit": [1, 3, 5, 7], "plain": [0, 0, 0, 0]}
