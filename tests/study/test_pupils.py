"""A plan counts what the students cost that are taught before an arm begins; a run charges just that."""

from pathlib import Path

from tutelage.recipe.read import read_text
from tutelage.study.calibration import Rates
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
