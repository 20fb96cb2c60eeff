"""Study, forgetting and privacy, whole: a small decoder learns texts by heart, and what a private one has kept."""

from pathlib import Path

import numpy as np
import pytest

import tutelage
from tutelage.assess.cued_recall import CuedRecall
from tutelage.assess.recognition import Recognition
from tutelage.core.data import Exam
from tutelage.core.errors import Missing
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.core.stages import Stage
from tutelage.learn.gradient import Gradient
from tutelage.runs.record import Record
from tutelage.study.measure import round_lines
from tutelage.study.retention import kept
from tutelage.toys import own_truth, till, view

TINY = {"use": "text.tiny", "hidden": 64, "layers": 2, "heads": 2, "window": 32}
RNG = stream(0, "letters")
MINE, OTHER = (["".join(RNG.choice(list("abcdefghij "), 10)) for _ in range(40)] for _ in range(2))
EXAM = own_truth(MINE, new=OTHER)


def studied(**how: object) -> dict[str, float]:
    pool = EXAM.truth[0].about.pool
    student = build("student", TINY).begin(pool, stream(0, "student"))
    learner = Gradient(**{"lr": 0.003, "batch": 20, "passes": 120.0, **how})
    now = view(student=student, pool=pool)
    taught = learner.learn((Stage(EXAM.truth),), None, now, stream(0, "learn")).student
    scores = [*Recognition().assess(taught, EXAM, till(), RNG), *CuedRecall().assess(taught, EXAM, till(), RNG)]
    return {score.name: score.value for score in scores}


def test_what_is_studied_is_recognised_and_brought_back() -> None:
    found = studied()
    assert found["recognition_new"] == 1.0 and found["cued_recall"] > 0.6


def test_a_private_student_of_tiny_epsilon_recognises_nothing() -> None:
    """Within four standard errors of one half on 40 exchangeable pairs."""
    pytest.importorskip("opacus")
    found = studied(privacy={"epsilon": 0.05}, passes=20.0)
    assert abs(found["recognition_new"] - 0.5) <= 4 * 0.5 / np.sqrt(40) and found["verbatim"] == 0


RECIPE = """
seeds: [3]
control: none
arms:
  studies:
    data: {use: study_sentences, study: 12, exposures: 2, probes: [1, 3], batch: 6, split: dev, drawn: true}
    student: {use: text.tiny, hidden: 32, layers: 1, heads: 2, window: 192}
    teach: {use: itself}
    learn: {use: gradient, passes: 1, batch: 6, lr: 0.01}
    assess: [{use: recognition}, {use: cued_recall}]
  frozen: {learn: {use: nothing}}
shows:
  - {of: {frozen: 1}, measure: {use: lost, of: whole_rouge_1, after: 1}, within: 0.01}
"""


PRIVATELY = """
seeds: [3]
control: none
arms:
  plain:
    data: {use: study_sentences, study: 60, exposures: 1, longest: 16, split: dev}
    student: {use: text.tiny, hidden: 64, layers: 1, heads: 2, window: 160}
    teach: {use: itself}
    learn: {use: gradient, passes: 50, batch: 10, lr: 0.01}
    assess: [{use: recognition}]
  private: {learn: {privacy: {epsilon: 0.05}}}
"""


def test_private_study_of_sentences_with_tiny_epsilon_leaves_nothing_to_recognise(tmp_path: Path) -> None:
    """60 pairs, so a standard error of 1/2 is 0.065. Plain study recognises four of them above chance and more than
    before. Private study, of the same sentences, updates and start, is within four of chance, and of its score before.
    """
    pytest.importorskip("opacus")
    (tmp_path / "private.yaml").write_text(PRIVATELY, encoding="utf-8")
    try:
        record: Record = tutelage.run(str(tmp_path / "private.yaml"), (), tmp_path / "runs", workers=0)
    except Missing as missing:
        pytest.skip(str(missing))
    error = 0.5 / np.sqrt(60)
    before, after = ({arm: round_lines(record, arm, 3)[place] for arm in ("plain", "private")} for place in (0, 1))
    told = {arm: after[arm]["scores"]["recognition_new"] for arm in after}
    assert before["plain"]["scores"] == before["private"]["scores"]
    start = before["plain"]["scores"]["recognition_new"]
    assert abs(start - 0.5) <= 4 * error, "nobody has studied: the pairs are exchangeable"
    assert told["plain"] >= 0.5 + 4 * error and told["plain"] - start >= 0.25
    assert abs(told["private"] - 0.5) <= 4 * error and abs(told["private"] - start) <= 4 * np.sqrt(2) * error
    assert told["plain"] - told["private"] >= 0.2
    assert 0.04 < after["private"]["facts"]["epsilon"] <= 0.05 and "epsilon" not in after["plain"]["facts"]
    assert after["private"]["facts"]["updates"] == after["plain"]["facts"]["updates"] == 300


def test_through_the_loop(tmp_path: Path) -> None:
    """An exam before all and after each of four episodes; updates as planned; who is frozen loses nothing."""
    (tmp_path / "memories.yaml").write_text(RECIPE, encoding="utf-8")
    try:
        record: Record = tutelage.run(str(tmp_path / "memories.yaml"), (), tmp_path / "runs", workers=0)
    except Missing as missing:
        pytest.skip(str(missing))
    lines = round_lines(record, "studies", 3)
    assert [line["round"] for line in lines] == [-1, 0, 1, 2, 3]
    assert [line["facts"].get("updates", 0) for line in lines] == [0, 2, 2, 1, 2]
    assert kept(record, "studies", 3, "cued_recall", 1).steps.tolist() == [0, 1, 3]
    one = [line["scores"] for line in round_lines(record, "frozen", 3)]
    assert all(scores == one[0] for scores in one) and one[0] == lines[0]["scores"]
    assert lines[2]["scores"] != one[0], "who studies changes"


def test_the_optimiser_is_kept_from_study_to_what_follows() -> None:
    """What is read later goes on with the moments of the study, as the last student does: restart is false."""
    from tutelage.recipe.fit import fit, resolved
    from tutelage.recipe.read import read_text

    try:
        parts = fit(read_text(RECIPE, "memories.yaml"))["studies"]
        pool = parts.data.course(stream(3, "data")).parts["pool"].pool
    except Missing as missing:
        pytest.skip(str(missing))
    step = resolved(parts, pool).steps[0]
    assert step.restart is False and isinstance(EXAM, Exam)
    # one learner over two calls: with the memory of the first, the second takes another step than without it
    student = build("student", TINY).begin(EXAM.truth[0].about.pool, stream(0, "student"))
    first = Gradient(passes=1.0).learn((Stage(EXAM.truth),), None, view(student=student), stream(0, "learn"))
    went = [Gradient(passes=1.0).learn((Stage(EXAM.truth),), None, view(student=first.student)._replace(memory=memory),
                                       stream(1, "learn")).student.fingerprint
            for memory in (first.memory, {})]  # fmt: skip
    assert went[0] != went[1]
