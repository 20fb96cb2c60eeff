"""Students that are taught before they are used: whom they learn from, at whose cost, by which luck, and misuse."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tutelage.before import Given, played, ready
from tutelage.core.answers import Sealed
from tutelage.core.data import Block, Course, Exam, Part, Rows, Soft, labelled
from tutelage.core.errors import Refused, Waiting
from tutelage.core.rng import stream
from tutelage.loop import Round, Run
from tutelage.recipe.fit import fit
from tutelage.recipe.read import read_text
from tutelage.runs.till import till
from tutelage.student.vector.mlp import Mlp
from tutelage.toys import vector_pool

# Two bundles of rows; the gold part holds 20 others than the pool's 40.
CODES = np.arange(60) % 2
POINTS = np.stack([4.0 * CODES - 2, 0.1 * np.arange(60)], axis=1)
WHOLE = vector_pool(POINTS)
ROWS = np.arange(60)
POOL, GOLD = WHOLE.take(ROWS[ROWS % 6 < 4]), WHOLE.take(ROWS[ROWS % 6 >= 4])
EXAM = vector_pool(POINTS[:10] + 0.05, ids=[f"exam{row}" for row in range(10)])


def course() -> Course:
    truth = labelled(Rows(EXAM, np.arange(10)), CODES[:10], "file")
    sides = {"pool": CODES.copy(), "gold": CODES.copy()}
    sides["pool"][GOLD.numbers], sides["gold"][POOL.numbers] = -1, -1  # each part's answers hold its own rows
    parts = {
        "pool": Part(POOL, Sealed(WHOLE.table, sides["pool"])),
        "gold": Part(GOLD, Sealed(WHOLE.table, sides["gold"])),
    }
    return Course(parts, {"exam": Exam((truth,))})


WEAK = "{use: vector.logistic, taught: {data: {part: gold}, teach: {use: oracle}%s}}"
STUDY = """
control: none
arms:
  main:
    data: {use: digits, pool: 60}
    student: {use: vector.mlp, hidden: [4], epochs: 20}
    teach: {use: model, soft: %s, students: [%s]}
"""


def study(students: str = WEAK % "", more: str = "", soft: str = "true") -> Any:
    return read_text(STUDY % (soft, students) + more, "mine.yaml")


def run(read: Any, scratch: Path, arm: str = "main", limits: dict[str, float] | None = None, seed: int = 0):
    purse = till(limits)
    done = list(played(Run(fit(read)[arm], course(), seed, purse, scratch)))
    return done, purse


def lessons(done: list[Round]) -> list[str]:
    return [block.digest() for one in done for block in one.lessons]


def test_it_is_taught_on_its_part_alone_and_charged_to_the_arm(tmp_path: Path) -> None:
    """20 labels of gold rows, none of the pool's 40, under the dotted path; the strong student sees soft labels only."""
    done, purse = run(study(), tmp_path)
    assert purse.book.ledger.spent["labels"] == 20
    (one,) = done
    assert one.lessons[0].kind.__name__ == "Soft" and one.lessons[0].source == "model"
    assert set(one.lessons[0].about.examples().ids()) == set(POOL.ids())
    assert set(GOLD.ids()).isdisjoint(POOL.ids()) and set(EXAM.ids()).isdisjoint(WHOLE.ids())
    weak = ready(Run(fit(study())["main"], course(), 0, till(), tmp_path)).parts.steps[0].teach.students[0].student
    expected = weak.probs(POOL)
    assert one.lessons[0].given["probs"] == pytest.approx(expected, abs=1e-6)


def test_the_student_learns_the_same_when_the_pools_truth_is_gone(tmp_path: Path) -> None:
    """The ground truth of the pool is deleted, not only hidden: nothing that is learned changes."""
    whole = course()
    gone = Part(POOL, Sealed(WHOLE.table, np.full(60, -1)))
    bare = whole._replace(parts={**whole.parts, "pool": gone})
    read = study()
    fingerprints = []
    for here in (whole, bare):
        *_, last = played(Run(fit(read)["main"], here, 0, till(), tmp_path))
        fingerprints.append(last.student.fingerprint)
    assert fingerprints[0] == fingerprints[1]


def test_the_till_names_the_path(tmp_path: Path) -> None:
    from tutelage.runs.journal import lines

    path = tmp_path / "events.jsonl"
    purse = till({}, path)
    list(played(Run(fit(study())["main"], course(), 0, purse, tmp_path)))
    purse.book.journal.close()
    assert {line["path"] for line in lines(path) if line["event"] == "pay"} == {"teach.students.0.taught.teach"}


def test_a_killed_run_finds_what_it_bought(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    first = till({}, path)
    done = list(played(Run(fit(study())["main"], course(), 0, first, tmp_path)))
    first.book.journal.close()
    size = path.stat().st_size
    second = till({}, path)
    again = list(played(Run(fit(study())["main"], course(), 0, second, tmp_path)))
    second.book.journal.close()
    assert path.stat().st_size == size and second.book.ledger.spent["labels"] == 20 and lessons(done) == lessons(again)


def test_what_was_given_is_not_charged(tmp_path: Path) -> None:
    done, purse = run(study(WEAK % ", given: true"), tmp_path)
    assert purse.book.ledger.spent.get("labels", 0) == 0
    assert lessons(done) == lessons(run(study(), tmp_path)[0])


def test_a_till_of_what_was_given_finds_what_was_bought() -> None:
    around = till({"labels": 1}, shared={"a": "left"})
    free = Given(around).part("teach")
    free.afford("labels", 9)
    free.pay("labels", ["b"], ["right"], np.array([5.0]))
    assert free.paid("labels", ["a", "b", "c"]) == ("left", "right", None) and around.left("labels") == 1
    assert free.left("labels") == np.inf


def test_the_budget_binds_it(tmp_path: Path) -> None:
    """With 12 labels it is taught 12; with none at all the arm says that it cannot begin."""
    _, purse = run(study(), tmp_path, limits={"labels": 12})
    assert purse.book.ledger.spent["labels"] == 12
    with pytest.raises(Refused, match="not one lesson"):
        run(study(), tmp_path, limits={"labels": 0})


def test_its_luck_is_the_dotted_path(tmp_path: Path) -> None:
    """The same weights as one that is begun and fitted with the streams of that path by hand."""
    read = study("{use: vector.mlp, hidden: [3], taught: {data: {part: gold}, teach: {use: oracle}}}")
    (strange,) = ready(Run(fit(read)["main"], course(), 5, till(), tmp_path)).parts.steps[0].teach.students
    path = "teach.students.0.taught"
    begun = strange.maker.begin(GOLD, stream(5, f"{path}.student"))
    block = course().parts["gold"].answers.through(till()).reveal(Rows(GOLD, np.arange(20)))
    by_hand = begun.fit((block,), stream(5, f"{path}.learn", 0))
    order = np.array_equal(by_hand.probs(POOL), strange.student.probs(POOL))
    assert order and strange.student.fingerprint == by_hand.fingerprint


def test_a_pinned_seed_is_the_same_at_all_seeds(tmp_path: Path) -> None:
    mlp = "{use: vector.mlp, hidden: [3], taught: {data: {part: gold}, teach: {use: oracle}%s}}"

    def weights(more: str, seed: int) -> str:
        read = study(mlp % more)
        return (
            ready(Run(fit(read)["main"], course(), seed, till(), tmp_path))
            .parts.steps[0]
            .teach.students[0]
            .student.fingerprint
        )

    assert weights(", seed: 3", 0) == weights(", seed: 3", 1)
    assert weights("", 0) != weights("", 1)


ARMS = """
  weak: {student: {use: vector.logistic, strength: 0.1}, teach: {use: noisy, error: 0.2}}
  own: {student: {use: vector.mlp, hidden: [2]}, teach: {use: oracle}, luck: own}
"""


@pytest.mark.parametrize("named", ["weak", "own"])
def test_an_arm_stands_for_its_final_student(named: str, tmp_path: Path) -> None:
    """To the bit, luck included, whether that arm shares its luck or has its own."""
    read = study(f"{{arm: {named}}}", ARMS)
    salt = "own/" if named == "own" else ""
    digits = fit(read)[named].data.course(stream(2, "data"))
    *_, last = played(Run(fit(read)[named], digits, 2, till(), tmp_path, salt))
    (pupil,) = ready(Run(fit(read)["main"], digits, 2, till(), tmp_path)).parts.steps[0].teach.students
    assert pupil.student.fingerprint == last.student.fingerprint


def test_chains_are_taught_depth_first(tmp_path: Path) -> None:
    """Gold teaches the weak one, it labels the pool for the middle one, which labels it for the strong one: 20 labels.

    The middle student is the one that is fitted by hand to the weak one's distributions.
    """
    middle = "{use: vector.mlp, hidden: [3], taught: {teach: {use: model, students: [" + WEAK % "" + "]}}}"
    done, purse = run(study(middle), tmp_path)
    assert purse.book.ledger.spent["labels"] == 20 and len(done) == 1
    (weak,) = ready(Run(fit(study())["main"], course(), 0, till(), tmp_path)).parts.steps[0].teach.students
    soft = {"probs": weak.student.probs(POOL)}
    block = Block(Rows(POOL, np.arange(40)), None, Soft, soft, "model", np.zeros(40), np.ones(40))
    begun = Mlp(hidden=(3,)).begin(POOL, stream(0, "teach.students.0.taught.student"))
    by_hand = begun.fit((block,), stream(0, "teach.students.0.taught.learn"))
    assert done[0].lessons[0].given["probs"] == pytest.approx(by_hand.probs(POOL), abs=1e-5)
    assert np.abs(by_hand.probs(POOL) - soft["probs"]).max() > 0.01  # and not simply what the weak one says


def test_a_student_without_a_recipe_is_used_as_it_begins(tmp_path: Path) -> None:
    """One without weights to speak of says nothing: every class alike, by its own luck."""
    done, _ = run(study("{use: vector.logistic}"), tmp_path)
    assert done[0].lessons[0].given["probs"] == pytest.approx(np.full((40, 2), 0.5))


def test_the_student_itself_may_be_taught_before(tmp_path: Path) -> None:
    """It begins as what it was taught: with nothing learned since it answers the exam as the gold part taught it."""
    more = """
  before: {student: {use: vector.logistic, taught: {data: {part: gold}}}, learn: {use: nothing}, teach: {use: model}}
"""
    done, purse = run(study(more=more), tmp_path, arm="before")
    assert purse.book.ledger.spent["labels"] == 20 and done[-1].scores[0].value == 1.0


def test_steps_that_share_a_teacher_teach_its_student_once(tmp_path: Path) -> None:
    more = """
  twice: {steps: [{per_round: 10}, {choose: {use: uniform}}], rounds: 1}
"""
    _, purse = run(study(more=more), tmp_path, arm="twice")
    assert purse.book.ledger.spent["labels"] == 20


def test_waiting_for_a_person_passes_through(tmp_path: Path) -> None:
    with pytest.raises(Waiting):
        run(study("{use: vector.logistic, taught: {data: {part: gold}, teach: {use: human}}}"), tmp_path)


def refused(students: str, more: str = "") -> str:
    with pytest.raises(Refused) as caught:
        fit(study(students, more))
    return str(caught.value)


def test_faults_of_a_nested_recipe_name_its_place() -> None:
    said = refused("{use: vector.logistic, taught: {teach: {use: orcale}}}")
    assert "mine.yaml, line 7, teach.students.0.taught.teach" in said and "did you mean 'oracle'?" in said
    said = refused("{use: vector.logistic, taught: {teach: {use: bag_counts}}}")
    assert "taught.learn: bag_counts gives Share, refit accepts Label, Soft" in said
    said = refused("{use: vector.logistic, taught: {raunds: 1}}")
    assert "teach.students.0.taught.raunds: there is no key 'raunds'" in said and "did you mean 'rounds'?" in said
    assert "taught.rounds: Input should be greater" in refused("{use: vector.logistic, taught: {rounds: 0}}")
    assert "data are {use: NAME, ...} or {part: NAME}" in refused("{use: vector.logistic, taught: {data: {pool: 3}}}")
    assert "given is true or false" in refused("{use: vector.logistic, taught: {given: yes please}}")
    assert "a part of the data around it has no settings" in refused(
        "{use: vector.logistic, taught: {data: {part: gold, rows: 3}}}"
    )


def test_a_student_of_another_kind_is_refused() -> None:
    assert "the student reads text, the data hold vector" in refused(
        "{use: text.linear, taught: {teach: {use: oracle}}}"
    )


def test_arms_that_are_not_there_or_go_round_are_refused() -> None:
    assert "there is no arm called 'week'" in refused("{arm: week}", ARMS) and "weak" in refused("{arm: week}", ARMS)
    assert "in a circle: main asks for main" in refused("{arm: main}")


def test_a_part_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"no part called 'silver'(.|\n)*gold"):
        run(study("{use: vector.logistic, taught: {data: {part: silver}}}"), tmp_path)


def test_a_record_reads_back_with_the_arms_written_out() -> None:
    """What is resolved is resolved again to the same: a resumed run needs no other arm to know what it is."""
    import yaml

    read = study("{arm: weak}", ARMS)
    again = read_text(yaml.safe_dump(read.resolved()), "resolved.yaml")
    assert again.recipes == read.recipes
