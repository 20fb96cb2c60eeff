"""A plan counts what the students cost that are taught before an arm begins; a run charges just that."""

from pathlib import Path

from tutelage.recipe.read import read_text
from tutelage.study.calibration import Rates
from tutelage.study.efforts import Effort
from tutelage.study.prospect import prospect
from tutelage.study.run import go_on, prepare, start

STUDY = """
arms:
  soft:
    data: {use: digits, gold: 0.5, pool: 200}
    student: {use: vector.mlp, hidden: [8], epochs: 2}
    choose: {use: everything}
    teach: {use: model, students: [{use: vector.logistic, taught: {data: {part: gold}, teach: {use: oracle},
            choose: {use: uniform}, per_round: 15, rounds: 2, learn: {use: refit}}}]}
    rounds: 1
  given: {teach: {use: model, students: [{use: vector.logistic, taught: {data: {part: gold}, teach: {use: oracle},
          choose: {use: uniform}, per_round: 15, rounds: 2, learn: {use: refit}, given: true}}]}}
seeds: 1
control: none
"""


def test_what_the_students_before_cost(own_cache: Path, tmp_path: Path) -> None:
    """30 labels for the weak student in the one arm, none where it was given; FLOP within the solver's doubt."""
    read = read_text(STUDY, "s.yaml")
    made = prospect(read, Rates(), 1)
    soft, given = (arm.units.get("labels") for arm in made.arms)
    assert soft.value == 30 and soft.sure == "exact" and (given is None or given.value == 0)
    record = start(prepare(read), tmp_path / "runs", ())
    assert go_on(record, 0) == "done"
    spent = {state.arm: state.spent for state in record.states()}
    assert spent["soft"]["labels"] == 30 and not spent["given"].get("labels")


COUNTS = {"choose": 4, "teach": 3, "order": 2, "retain": 2, "recall": 2, "assess": 2, "rest": 3}
KEPT = """
arms:
  one:
    data: {use: digits, pool: 40}
    student: {use: vector.mlp, hidden: [4], taught: {data: {use: digits, pool: 200}, teach: {use: oracle}, seed: 7,
              choose: {use: everything}, rounds: 1, learn: {use: gradient, passes: 50}, given: true}}
    choose: {use: uniform}
    per_round: 5
    rounds: 1
    learn: {use: gradient, passes: 1}
  two: {per_round: 6}
seeds: [1, 2]
control: none
"""


def test_a_student_that_is_kept_is_taught_once_for_all_jobs(own_cache: Path) -> None:
    """The first job has the 50 passes over 200 lessons, the three others find what came of them."""
    rates = Rates()
    for size in (0.0, 1.0, 2.0, 3.0):  # a second for each GFLOP and nothing for what else there is
        for stage in ("choose", "teach", "order", "learn", "retain", "recall", "assess", "rest"):
            counts = (1.0, size, 0.0) if stage == "learn" else (0.0, 0.0, 0.0, 0.0)[: COUNTS[stage]]
            rates.add(Effort(stage, "any", counts), size if stage == "learn" else 0.0)
    made = prospect(read_text(KEPT, "s.yaml"), rates, 1)
    first, *others = sorted((job.seconds.value for arm in made.arms for job in arm.jobs), reverse=True)
    assert len(others) == 3 and first > 100 * max(others) > 0
