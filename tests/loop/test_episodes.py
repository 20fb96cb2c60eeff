"""Episodes in the loop: what each round sees, how long it goes on, from whom it learns, and what is told beforehand."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tutelage.core.answers import Sealed
from tutelage.core.data import Course, Exam, Part, Rows, Table, labelled
from tutelage.core.parts import build
from tutelage.core.stages import Chosen, Learned
from tutelage.loop import Round, Run, rounds
from tutelage.recipe.fit import Parts, Step, resolved
from tutelage.study.progress import expected
from tutelage.toys import CODES, POINTS, NearestMean, till, vector_pool

EXAM = vector_pool(POINTS + 0.05, ids=list("uvwxyz"))
NAMES = ["b", "a", "b", "a", "c", "c"]  # of the six points; b appears first
TABLE = Table.of("six", {"id": list("abcdef"), "vector": POINTS, "episode": NAMES}, ["left", "right"])


def course(**changed: Any) -> Course:
    truth = labelled(Rows(EXAM, np.arange(6)), CODES, "file")
    return Course({"pool": Part(TABLE.pool(), Sealed(TABLE, CODES))}, {"exam": Exam((truth,))})._replace(**changed)


def step(**changed: Any) -> Step:
    plain = {"choose": "everything", "teach": "oracle", "order": "as_given", "learn": "refit", "retain": "nothing",
             "recall": "nothing"}  # fmt: skip
    built = {stage: build(stage, changed.pop(stage, spec)) for stage, spec in plain.items()}
    rest = {"name": "0", "assess": (build("assess", "accuracy"),), "per_round": None, "restart": None, "once": False,
            "keep": True}  # fmt: skip
    return Step(**built, **{**rest, **changed})


def play(*steps: Step, total: int | None = None, limits: dict[str, float] | None = None, on: Course | None = None
         ) -> list[Round]:  # fmt: skip
    parts = Parts(None, NearestMean(), steps or (step(),), total, 1)
    here = on or course()
    done = list(rounds(Run(parts, here, 0, till(limits), Path())))
    assert expected(parts, here, limits or {}) == len(done)
    return done


def test_round_r_sees_episode_r_alone() -> None:
    seen = []

    class Looks:
        needs = frozenset()

        def choose(self, view: Any, n: int, rng: Any) -> Chosen:
            seen.append((view.pool.ids(), view.pool.labels, n))
            return Chosen(np.arange(n), np.full(len(view.pool), np.nan))

    done = play(step()._replace(choose=Looks()))
    assert [ids for ids, _, _ in seen] == [["a", "c"], ["b", "d"], ["e", "f"]]
    assert {labels for _, labels, _ in seen} == {("left", "right")} and [n for *_, n in seen] == [2, 2, 2]
    assert [one.chosen.tolist() for one in done] == [[], [0, 2], [1, 3], [4, 5]]


def test_the_first_student_is_examined_before_it_has_learned() -> None:
    """It says left to everything, and half of the exam is; a pool without episodes is not asked about this."""
    opening = play()[0]
    assert (opening.number, opening.lessons, opening.scores[0].value) == (-1, (), 0.5)


def test_rows_that_were_not_asked_about_do_not_come_back() -> None:
    done = play(step(per_round=1))
    assert [one.chosen.tolist() for one in done] == [[], [0], [1], [4]]


def test_it_goes_on_from_the_last_student_unless_told() -> None:
    """Going on, the nearest mean knows the classes of the last episode alone; e and f are both right."""
    last = play()[-1].student.means
    assert np.isnan(last[0]).all() and last[1, 0] == pytest.approx(2.5)
    again = play(step(restart=True))[-1].student.means
    assert again[0, 0] == pytest.approx((-3 - 2 - 0.2) / 3)


def test_restarting_learns_from_the_first_student_with_a_fresh_memory() -> None:
    seen = []

    class Notes:
        needs = accepts = frozenset()

        def learn(self, syllabus: Any, penalty: Any, view: Any, rng: Any) -> Learned:
            seen.append(
                (view.student is view.first, dict(view.memory), sum(b.size for s in syllabus for b in s.lessons))
            )
            return Learned(view.student.fit(syllabus[0].lessons, rng), {}, {"calls": len(seen)})

    play(step(restart=True)._replace(learn=Notes()))
    assert seen == [(True, {}, 2), (True, {}, 4), (True, {}, 6)]
    seen.clear()
    play(step()._replace(learn=Notes()))
    assert seen == [(True, {}, 2), (False, {"calls": 1}, 2), (False, {"calls": 2}, 2)]


def test_lessons_at_hand_are_learned_first_when_going_on() -> None:
    given = (labelled(Rows(EXAM, np.array([0, 5])), np.array([0, 1]), "file"),)
    done = play(on=course(given=given))
    assert [one.number for one in done] == [-1, 0, 1, 2] and done[0].scores[0].value == 1.0


def test_budget_rounds_and_start() -> None:
    assert [len(one.chosen) for one in play(limits={"labels": 3})] == [0, 2, 1]
    assert [len(one.chosen) for one in play(total=2)] == [0, 2, 2]
    started = play(on=course(start=np.array([0, 2])), limits={"labels": 4})
    assert [(one.number, len(one.chosen)) for one in started] == [(-1, 0), (0, 0), (1, 2)]


def test_what_only_the_data_can_say() -> None:
    parts = Parts(None, None, (step(), step(restart=True)), None, 1)
    with_episodes, plain = resolved(parts, TABLE.pool()), resolved(parts, EXAM)
    assert [one.restart for one in with_episodes.steps] == [False, True] and with_episodes.rounds == 3
    assert [one.restart for one in plain.steps] == [True, True] and plain.rounds is None
