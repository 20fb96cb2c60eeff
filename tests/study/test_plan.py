"""What a plan says beforehand against what the run then charges; nothing is bought by planning."""

import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tutelage.core.errors import Refused
from tutelage.core.ledger import Ledger
from tutelage.core.rng import stream
from tutelage.recipe.read import read_text
from tutelage.runs.answered import answer, queue
from tutelage.student.text.embedded import Embedded
from tutelage.study.amounts import Amount, total
from tutelage.study.calibration import Rates
from tutelage.study.encoding import TEXTS_A_SECOND, encoding
from tutelage.study.foresee import Assumed, Play
from tutelage.study.material import Courses, Material
from tutelage.study.plan import TooLong, plan
from tutelage.study.planned import planned
from tutelage.study.prospect import prospect
from tutelage.study.run import go_on, prepare, start

DIGITS = """
arms:
  one: {data: {use: digits, start_per_class: 1, pool: 200}, student: {use: vector.mlp, hidden: [8], epochs: 2},
        choose: {use: uniform}, per_round: 20}
seeds: 2
control: none
"""
TWICE = "steps=[{once: true, per_round: 7}, {per_round: 5}]"


def both(text: str, sets: tuple[str, ...], root: Path):
    """The plan's jobs and the states of the run after it."""
    read = read_text(text, "s.yaml", sets)
    made = prospect(read, Rates(), 1)
    record = start(prepare(read), root)
    assert go_on(record, 0) == "done"
    jobs = {(job.arm, job.seed): job for arm in made.arms for job in arm.jobs}
    states = {(state.arm, state.seed): state for state in record.states()}
    assert jobs.keys() == states.keys()
    return made, jobs, states


LIFE = """
arms:
  on: {data: {use: digit_lifetimes, scenario: dispersed, passes: 1, slices: 2}, student: {use: vector.mlp, hidden: [8]},
       learn: {use: gradient, optimiser: sgd, passes: 2, batch: 8}}
  head: {learn: {adapter: {use: head_only}}}
  joint: {restart: true}
  expert: {data: {task: 0}}
seeds: [900]
control: none
"""


@pytest.mark.parametrize(
    "sets", [(), ("per_round=30",), ("budget.labels=200",), ("budget.flop=3000000",)], ids=" ".join
)
def test_a_lifetime_is_played_through_exactly(tmp_path: Path, sets: tuple[str, ...]) -> None:
    """Episodes, the examination before them, and the FLOP of a descent: as the run then has them."""
    _, jobs, states = both(LIFE, sets, tmp_path)
    for key, job in jobs.items():
        assert job.rounds.value == states[key].rounds, key
        assert job.units["labels"].value == states[key].spent["labels"], key
        assert job.units["flop"].sure == "exact" and job.units["flop"].value == pytest.approx(states[key].spent["flop"])


def test_a_budget_that_ends_in_estimated_work_is_no_exact_plan(tmp_path: Path) -> None:
    """Fewer tokens than one call of the learner reads: it is refused as a whole, and the plan knows but its estimate."""
    text = OWN.replace("seeds: [900]", "seeds: [900]\nbudget: {training_tokens: 10}").replace(
        "self_replay, share: 0.5, max_tokens: 12", "nothing"
    )
    made = prospect(read_text(text, "s.yaml"), Rates(), 1)
    ((job,),) = (arm.jobs for arm in made.arms)
    assert job.rounds.sure == "estimated" and all(amount.sure != "exact" for amount in job.units.values())
    record = start(prepare(read_text(text, "s.yaml")), tmp_path)
    go_on(record, 0)
    assert (
        record.states()[0].spent.get("training_tokens", 0)
        == job.units.get("training_tokens", Amount(0.0, "exact")).value
        == 0
    )


OWN = """
arms:
  own: {data: {use: evolving_facts, people: 8, updated: 2, new: 2, wordings: 2, phases: 2}, teach: {use: recorded},
        student: {use: text.tiny, hidden: 16, layers: 1, heads: 2, window: 64}, learn: {use: gradient, passes: 1},
        retain: {use: self_replay, share: 0.5, max_tokens: 12}, assess: [{use: exact_match, on: new, max_tokens: 4}]}
seeds: [900]
control: none
"""


def test_what_a_student_writes_for_itself_is_counted_at_its_longest(tmp_path: Path) -> None:
    """Two phases of two facts in two wordings each, a share of one half: 8 calls, of 12 tokens and the one before."""
    _, jobs, states = both(OWN, (), tmp_path)
    ((key, job),) = jobs.items()
    assert job.units["calls"].value == states[key].spent["calls"] == 8
    assert job.units["teacher_tokens"].value == 8 * 13 >= states[key].spent["teacher_tokens"] > 8
    assert job.units["teacher_tokens"].sure == "at most"


@pytest.mark.parametrize(
    "sets",
    [
        (),
        ("budget.labels=13",),  # ends within the third round
        ("budget.labels=14", "rounds=null", "per_round=3"),
        ("budget={}", "rounds=null", "per_round=40"),  # the pool is used up
        ("data.exam={bought: 20}", "budget.labels=33", "seeds=4"),  # which takes some rows of the start
        ("data.exam={bought: 30}", "data.start_per_class=0", "budget.labels=41"),
        ("teach={use: noisy, error: 0.2}",),
        ("assess_every=2", "rounds=4", "budget={}"),
        ("student.use=text.linear", "order={use: easy_first, stages: 2}"),
    ],
    ids=" ".join,
)
def test_labels_and_rounds_are_exact(study, tmp_path: Path, sets: tuple[str, ...]) -> None:
    _, jobs, states = both(study(), sets, tmp_path)
    for key, job in jobs.items():
        assert job.units["labels"].sure == job.rounds.sure == "exact"
        assert job.units["labels"].value == states[key].spent.get("labels", 0.0), key
        assert job.rounds.value == states[key].rounds, key


@pytest.mark.parametrize(
    "sets",
    [
        (),
        ("budget={labels: 47}",),
        ("rounds=3", TWICE, "budget={}"),
        ("budget={labels: 90, flop: 3.0e5}",),  # FLOP bind first, within a fit: its labels are paid for
        ("budget={labels: 50, flop: 3.0e9}",),  # labels bind first
        ("budget={labels: 60}", "order={use: easy_first, stages: 3}"),
        ("learn={use: nothing}", "budget={labels: 60}"),
    ],
    ids=" ".join,
)
def test_several_units_of_a_student_with_fixed_work_are_exact(tmp_path: Path, own_cache, sets: tuple[str, ...]) -> None:
    """The network's epochs are fixed and the start holds every class, so its FLOP are as exact as its labels."""
    _, jobs, states = both(DIGITS, sets, tmp_path)
    for key, job in jobs.items():
        spent = {unit: amount for unit, amount in states[key].spent.items() if unit != "seconds"}
        assert {unit: one.value for unit, one in job.units.items()} == pytest.approx(spent, rel=1e-12)
        assert {one.sure for one in job.units.values()} == {"exact"} and job.rounds.value == states[key].rounds
    if "flop: 3.0e5" in "".join(sets):
        assert all(state.spent["labels"] < 90 for state in states.values()), "the limit of FLOP did not bind"


def test_flop_by_hand(own_cache) -> None:
    """64 inputs, 8 hidden, 10 classes: P = 64 * 8 + 8 * 10 = 592 weights, 6 * 592 * 2 epochs = 7104 a row.

    The start is 10 rows and the one round 20 more: fits of 10 and 30 rows, 40 * 7104 = 284,160 FLOP a seed.
    """
    made = prospect(read_text(DIGITS, "s.yaml", ("budget={labels: 30}",)), Rates(), 1)
    assert [job.units["flop"] for job in made.arms[0].jobs] == [Amount(284_160.0)] * 2
    assert made.units == {"labels": Amount(60.0), "flop": Amount(568_320.0)}


@pytest.mark.slow
def test_evaluations_that_were_taken_give_the_flop_that_were_charged(tmp_path: Path, own_cache) -> None:
    """With the evaluations of each fit known, a softmax head's FLOP are its charge: the formula is the same."""
    text = DIGITS.replace("{use: vector.mlp, hidden: [8], epochs: 2}", "{use: vector.logistic}")
    made, jobs, states = both(text, ("budget={labels: 50}", "seeds=1"), tmp_path)
    job, state = jobs["one", 0], states["one", 0]
    assert job.units["flop"].sure == "estimated" and job.units["labels"].sure == "exact"
    read = read_text(text, "s.yaml")
    lines = [json.loads(line) for line in (state.folder / "events.jsonl").read_text().splitlines()]
    costs = np.diff([0.0, *(line["spent"]["flop"] for line in lines if line["event"] == "round")])
    parts = prepare(read).parts["one"]
    taken = iter(costs)

    def evaluations(student: str, rows: float) -> float:
        """10 rows of 64 numbers: the Gram matrix of 10 rows first, then 2 n^2 C an evaluation."""
        assert student == "vector.logistic"
        once, each = 2 * rows * 64 * rows + 2 * rows * 64 * 10, 2 * rows * rows * 10
        found = (next(taken) - once) / each
        assert found == pytest.approx(round(found)) and found > 1
        return round(found)

    turns = Play(
        parts, made.material["one"][0], Ledger({"labels": 50.0}), parts_answers(parts), Assumed(evaluations=evaluations)
    )
    assert sum(turn.flop for turn in turns.turns()) == pytest.approx(state.spent["flop"], rel=1e-12)


def parts_answers(parts):
    return parts.data.course(stream(0, "data")).parts["pool"].answers


def test_what_cannot_be_exact_says_so(study) -> None:
    def sure(*sets: str) -> Amount:
        read = read_text(study(), "s.yaml", (*sets, "only=[margin]", "control=none"))
        return prospect(read, Rates(), 1).units["labels"]

    assert sure() == Amount(30.0)
    person = sure("teach.use=human")
    assert (person.value, person.sure) == (30.0, "at most") and "person" in person.why
    assert sure("budget={labels: 15, seconds: 60}").sure == "at most"
    assert sure("budget={labels: 15, flop: 1.0e9}").sure == "estimated"
    assert sure("steps=[{keep: false}]").sure == "at most"


def test_a_person_is_priced_and_not_asked(study, tmp_path: Path) -> None:
    sets = ("teach={use: human, price: 2.5}", "only=[margin]", "control=none", "budget.labels=60")
    made = prospect(read_text(study(), "s.yaml", sets), Rates(), 1)
    assert made.units["labels"].value == 2 * 2.5 * 15  # two seeds of a start of 3 and three rounds of 4
    assert any("Nobody is asked yet" in note and "75 labels" in note for note in made.notes)
    assert not list(tmp_path.glob("runs*"))


def test_a_person_who_knows_everything_is_paid_what_was_planned(study, tickets: Path, tmp_path: Path) -> None:
    """Lessons that the file brings cost nothing; every answer of the person costs one label."""
    rows = tickets.read_text(encoding="utf-8").splitlines()
    kept = [line if number < 60 else line.split(",")[0] + "," for number, line in enumerate(rows)]
    tickets.write_text("\n".join(kept) + "\n", encoding="utf-8")
    sets = (
        "teach.use=human",
        "data.filled=given",
        "data.start_per_class=0",
        "only=[margin]",
        "control=none",
        "budget.labels=10",
    )
    read = read_text(study(), "s.yaml", sets)
    made = prospect(read, Rates(), 1)
    record = start(prepare(read), tmp_path / "runs")
    while go_on(record, 0) == "waiting":
        answer(record, [(one.key, {"label": "rent"}) for one in queue(record).questions], by="ada")
    states = record.states()
    assert made.units["labels"] == Amount(20.0, "at most", "what a person does not know is not charged")
    assert sum(state.spent["labels"] for state in states) == 20 and made.rounds.value == sum(
        state.rounds for state in states
    )


def test_a_plan_refuses_what_a_run_would(study) -> None:
    with pytest.raises(Refused, match="500 labels"):
        prospect(read_text(study(labels=500), "s.yaml"), Rates(), 1)
    with pytest.raises(Refused, match="did you mean 'labels'"):
        prospect(read_text(study(), "s.yaml", ("budget={label: 15}",)), Rates(), 1)


def test_what_is_not_fetched_is_unknown(own_cache) -> None:
    text = "arms:\n  a: {data: {use: banking77}, student: {use: text.embedded}, per_round: 5}\nbudget: {labels: 10}\ncontrol: none\n"
    made = prospect(read_text(text, "s.yaml"), Rates(), 1)
    assert made.units["labels"].value is None and "tutelage fetch" in made.units["labels"].why
    assert any("minilm-onnx" in note for note in made.notes)


@dataclass(frozen=True)
class Lengths:
    """An encoder without a model."""

    fingerprint = "test:lengths"
    width = 2

    def encode(self, texts):
        return np.array([[len(text), 1.0] for text in texts], dtype=np.float32)


def test_texts_still_to_embed_are_counted_once(study, tickets: Path) -> None:
    """120 different texts, read by three arms at two seeds through one encoder: 120, less what is in the cache."""
    prepared = prepare(read_text(study(), "s.yaml"))
    parts = {arm: one._replace(student=Embedded(encoder=Lengths())) for arm, one in prepared.parts.items()}
    courses = Courses(prepared.read, parts, prepared.courses, float("inf"))
    found = encoding(courses, Rates(), 1)
    assert found.texts == Amount(120.0) and found.seconds.value == pytest.approx(120 / TEXTS_A_SECOND)
    pool = prepared.courses["margin"].parts["pool"].pool
    parts["margin"].student.begin(pool, stream(0, "student")).embed(pool)
    assert encoding(courses, Rates(), 1).texts == Amount(120.0 - len(pool))
    assert prospect(prepared.read, Rates(), 1).texts.texts == Amount(0.0)  # n-grams are not embedded


def test_texts_are_unknown_while_the_encoder_is_not_here(study) -> None:
    sets = ("student={use: text.embedded}", "arms.selftrained.steps=[{}]")
    made = prospect(read_text(study(), "s.yaml", sets), Rates(), 1)
    assert made.texts.texts.value is None and "tutelage fetch minilm-onnx" in made.texts.texts.why
    assert made.units["labels"] == Amount(90.0)


def test_a_plan_that_takes_too_long_gives_up(study) -> None:
    prepared = prepare(read_text(study(), "s.yaml"))
    with pytest.raises(TooLong):
        plan(prepared.read, prepared.parts, prepared.courses, Rates(), 1, within=1e-9)


def test_a_run_keeps_its_plan_and_what_came_of_it(study, tmp_path: Path) -> None:
    record = start(prepare(read_text(study(), "s.yaml")), tmp_path / "runs")
    assert planned(record, record.states()).rows == ()  # not done yet
    go_on(record, 0)
    rows = {row.what: row for row in planned(record, record.states()).rows}
    assert rows["labels"].planned == rows["labels"].actual == 90 and rows["labels"].sure == "exact"
    assert rows["rounds"].off == 0 and rows["seconds"].actual > 0 and rows["bytes"].actual > 1000
    assert rows["flop"].sure == "estimated" and rows["flop"].actual > 0
    held = json.loads((record.folder / "plan.json").read_text())
    assert held["total"]["labels"]["value"] == sum(held["arms"][arm]["labels"]["value"] for arm in held["arms"])


def test_a_forecast_that_fails_does_not_stop_a_run(study, tmp_path: Path, monkeypatch) -> None:
    def broken(self, pool):
        raise ValueError("no idea")

    monkeypatch.setattr("tutelage.student.text.linear.Linear.width", broken)
    record = start(prepare(read_text(study(), "s.yaml")), tmp_path / "runs")
    assert go_on(record, 0) == "done"
    assert planned(record, record.states()).skipped == "ValueError: no idea"


def test_starting_a_run_is_not_held_up(study, tmp_path: Path) -> None:
    """A million rounds would be played through: the plan is skipped, with a reason."""
    prepared = prepare(read_text(study(), "s.yaml", ("rounds=null", "budget={}", "per_round=1", "seeds=2000")))
    began = time.perf_counter()
    record = start(prepared, tmp_path / "runs")
    assert time.perf_counter() - began < 5  # half a second for the plan; the rest is this machine's
    assert "TooLong" in planned(record, ()).skipped


def test_sums_are_as_sure_as_their_least() -> None:
    assert total([]) == Amount(0.0)
    assert total([Amount(1.0), Amount(2.0, "estimated", "a; b"), Amount(3.0, "estimated", "b")]) == Amount(
        6.0, "estimated", "a; b"
    )
    assert total([Amount(1.0), Amount(None, "unknown", "why")]) == Amount(None, "unknown", "why")


def test_classes_are_expected_as_by_simulation(own_cache) -> None:
    """Without a start, 20 uniform labels of 10 classes hold 10 (1 - 0.9^20) = 8.784 of them on average."""
    sets = ("data.start_per_class=0", "budget={labels: 20}")
    read = read_text(DIGITS, "s.yaml", sets)
    prepared = prepare(read)
    material: Material = prospect(read, Rates(), 1).material["one"][0]
    turns = list(
        Play(prepared.parts["one"], material, Ledger({"labels": 20.0}), parts_answers(prepared.parts["one"])).turns()
    )
    assert turns[0].lot.classes == pytest.approx(10 * (1 - 0.9**20)) and not turns[0].exact
    rng = np.random.default_rng(0)
    drawn = np.mean([len(np.unique(rng.integers(10, size=20))) for _ in range(4000)])
    assert turns[0].lot.classes == pytest.approx(drawn, abs=0.05)
