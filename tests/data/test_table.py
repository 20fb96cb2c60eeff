"""data/table: who answers, what is the exam, what is refused.

By hand: eight rows, all different, six of them labelled, share 0.25: round(0.25 * 6) = 2 rows are the exam and four
are sealed; the two others are the part "unlabelled".
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tutelage.core.answers import Sealed
from tutelage.core.data import Course, Pool, Rows
from tutelage.core.errors import Refused
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.data.table import Table
from tutelage.kit.split import normalised
from tutelage.runs.till import till

pytestmark = pytest.mark.usefixtures("own_cache")

EIGHT = [(f"text {i}", "ab"[i % 2] if i < 6 else "") for i in range(8)]


def file(folder: Path, rows: list[tuple[str, ...]] = EIGHT, name: str = "a.csv", header: str = "text,label") -> str:  # type: ignore[assignment]
    path = folder / name
    path.write_text("\n".join([header, *(",".join(row) for row in rows)]) + "\n", encoding="utf-8")
    return str(path)


def course(path: str, seed: int = 0, **settings: Any) -> Course:
    return Table(path=path, **{"label": "label", **settings}).course(stream(seed, "data"))


def exam_ids(made: Course) -> list[str]:
    return sorted(made.exams["exam"].truth[0].about.examples().ids())


def refused(path: str, **settings: Any) -> str:
    with pytest.raises(Refused) as caught:
        course(path, **settings)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_sealed_by_hand(tmp_path: Path) -> None:
    made = course(file(tmp_path))
    pool, truth = made.parts["pool"].pool, made.exams["exam"].truth[0]
    assert (len(pool), truth.size, len(made.parts["unlabelled"].pool)) == (4, 2, 2)
    assert pool.labels == ("a", "b") and made.given == () and made.bought == 0
    by_id = {str(i + 1): label for i, (_, label) in enumerate(EIGHT)}
    told = dict(zip(truth.about.examples().ids(), truth.given["label"].tolist(), strict=True))
    assert all("ab"[code] == by_id[id] for id, code in told.items())
    answers = made.parts["pool"].answers
    assert isinstance(answers, Sealed)
    bought = answers.through(till()).reveal(Rows(pool, np.arange(len(pool))))
    assert ["ab"[code] for code in bought.given["label"]] == [by_id[id] for id in pool.ids()]
    assert (answers.codes[truth.about.numbers] == -1).all(), "the pool's answers say nothing about the exam"
    assert any("set aside as the part 'unlabelled'" in note for note in made.notes)


def test_given_by_hand(tmp_path: Path) -> None:
    """Of six labelled rows two are the exam and four are lessons at no cost; the pool is the two others."""
    made = course(file(tmp_path), filled="given")
    block = made.given[0]
    assert (len(made.parts["pool"].pool), block.size, made.exams["exam"].truth[0].size) == (2, 4, 2)
    assert block.source == "file" and block.cost.sum() == 0
    assert not set(block.about.examples().ids()) & set(exam_ids(made))
    answers = made.parts["pool"].answers
    assert isinstance(answers, Sealed) and (answers.codes == -1).all(), "an oracle must not sell what was given"


def test_bought(tmp_path: Path) -> None:
    made = course(file(tmp_path), filled="given", exam={"bought": 1})
    assert made.bought == 1 and made.exams == {} and made.given[0].size == 6


def test_exam_is_the_same_for_every_seed(tmp_path: Path) -> None:
    path = file(tmp_path, [(f"text {i}", "abc"[i % 3]) for i in range(40)])
    assert exam_ids(course(path, seed=0)) == exam_ids(course(path, seed=1))


words = st.sampled_from(
    ["Card lost", "card  LOST ", "ｃａｒｄ lost", "where", "Where", "why", "STRASSE", "straße", "x"]
)
rows_of_words = st.lists(
    st.tuples(words, st.sampled_from(["", "a", "b"]), st.sampled_from(["", "g", "h", "i"])), min_size=6, max_size=30
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=rows_of_words, share=st.floats(0.05, 0.9), seed=st.integers(0, 3))
def test_nothing_stands_on_both_sides_and_order_is_irrelevant(
    tmp_path: Path, rows: list[tuple[str, str, str]], share: float, seed: int
) -> None:
    """No text, however spelled, and no group is in the pool, the unlabelled part and the exam at once."""
    rows = [(f"r{i}", text, label, group) for i, (text, label, group) in enumerate(rows)]  # type: ignore[misc]
    shuffled = [rows[at] for at in stream(seed, "test").permutation(len(rows))]
    outcomes = []
    for order in (rows, shuffled):
        path = file(tmp_path, order, header="id,text,label,group")
        try:
            made = course(path, id="id", group="group", exam={"share": share})
        except Refused as error:
            outcomes.append(str(error))
            continue
        held = made.exams["exam"].truth[0].about.examples()
        kept = [part.pool for part in made.parts.values()]
        for pool in kept:
            assert not {normalised(t) for t in held.texts()} & {normalised(t) for t in pool.texts()}
            assert not (groups(held) & groups(pool))
        outcomes.append(exam_ids(made))
    assert outcomes[0] == outcomes[1]


def groups(pool: Pool) -> set[str]:
    return set(pool.column("group").to_pylist()) - {""}


def test_a_class_is_never_held_out_whole(tmp_path: Path) -> None:
    """Ten classes of two rows, half held out: a split that is blind to classes would lose some of them."""
    path = file(tmp_path, [(f"text {i}", f"c{i % 10}") for i in range(20)])
    made = course(path, exam={"share": 0.5})
    answers = made.parts["pool"].answers
    assert isinstance(answers, Sealed)
    assert set(answers.codes[answers.codes >= 0].tolist()) == set(range(10))


def test_exam_file(tmp_path: Path) -> None:
    """Row 3 of the pool is row 1 of the exam in another spelling and is dropped: 5 labelled rows stay."""
    exam = file(tmp_path, [("TEXT  2", "a"), ("new", "b"), ("newer", "")], "exam.csv")
    made = course(file(tmp_path), exam={"file": exam})
    truth = made.exams["exam"].truth[0]
    assert truth.about.examples().texts() == ["TEXT  2", "new"] and truth.given["label"].tolist() == [0, 1]
    assert len(made.parts["pool"].pool) == 5 and "3" not in made.parts["pool"].pool.ids()
    assert any("1 rows of exam.csv have no label" in note for note in made.notes)
    assert any("1 rows repeat a text or a group of exam.csv" in note for note in made.notes)


def test_exam_file_drops_groups(tmp_path: Path) -> None:
    header = "text,label,group"
    exam = file(tmp_path, [("new", "a", "g")], "exam.csv", header)
    pool = file(tmp_path, [("x", "a", "g"), ("y", "a", "h"), ("z", "a", "")], header=header)
    assert course(pool, group="group", exam={"file": exam}).parts["pool"].pool.texts() == ["y", "z"]


def test_exam_label_that_nobody_can_learn(tmp_path: Path) -> None:
    exam = file(tmp_path, [("new", "a"), ("newer", "refnud"), ("newest", "zzz")], "exam.csv")
    said = refused(file(tmp_path, [("x", "a"), ("y", "refund")]), exam={"file": exam})
    assert "exam.csv, row 2, field label: the label 'refnud' occurs nowhere in the pool's answers" in said
    assert "did you mean 'refund'?" in said and "row 3, field label: the label 'zzz'" in said


def test_exam_file_names_the_labels_when_a_person_answers(tmp_path: Path) -> None:
    exam = file(tmp_path, [("new", "b"), ("newer", "a")], "exam.csv")
    made = course(file(tmp_path, [("x", ""), ("y", "")]), filled="given", exam={"file": exam})
    assert made.parts["pool"].pool.labels == ("a", "b") and made.exams["exam"].truth[0].given["label"].tolist() == [
        1,
        0,
    ]


def test_both_files_are_checked_at_once(tmp_path: Path) -> None:
    said = refused(file(tmp_path, [(" ", "a")]), exam={"file": file(tmp_path, [("x", "a"), (" ", "b")], "exam.csv")})
    assert "a.csv, row 1, field text" in said and "exam.csv, row 2, field text" in said


def test_start_is_balanced_and_bought_later(tmp_path: Path) -> None:
    """Two of each of three classes, whatever the size of the pool; the draw follows the seed."""
    path = file(tmp_path, [(f"text {i}", "abc"[i % 3]) for i in range(60)])
    small, whole = course(path, start_per_class=2, pool=10), course(path, start_per_class=2)
    assert len(small.parts["pool"].pool) == 10 and len(whole.parts["pool"].pool) == 45
    for made in (small, whole):
        answers, started = made.parts["pool"].answers, made.parts["pool"].pool.take(made.start)
        assert isinstance(answers, Sealed)
        assert sorted(answers.codes[started.numbers].tolist()) == [0, 0, 1, 1, 2, 2]
    same = [made.parts["pool"].pool.take(made.start).ids() for made in (small, whole)]
    assert same[0] == same[1]
    other = course(path, seed=1, start_per_class=2)
    assert other.parts["pool"].pool.take(other.start).ids() != same[0]
    assert "cannot hold the 6 rows of the start" in refused(path, start_per_class=2, pool=5)


def test_neutral_limit_no_sample_no_start_touches_no_luck(tmp_path: Path) -> None:
    rng = stream(0, "data")
    before = rng.bit_generator.state
    Table(path=file(tmp_path), label="label").course(rng)
    assert rng.bit_generator.state == before


def test_start_says_which_classes_are_short(tmp_path: Path) -> None:
    path = file(tmp_path, [*((f"text {i}", "a") for i in range(20)), ("rare", "b")])
    made = course(path, start_per_class=3)
    assert any("1 classes have fewer rows" in note and "b (1)" in note for note in made.notes)


def test_declared_labels(tmp_path: Path) -> None:
    made = course(file(tmp_path), labels=("b", "a", "c"))
    assert made.parts["pool"].pool.labels == ("b", "a", "c")
    said = refused(file(tmp_path), labels=("b", "c"))
    assert "row 1, field label: the label 'a' is not in the setting `labels`" in said


def test_vectors_episodes_and_tasks_pass_through(tmp_path: Path) -> None:
    rows = [(str(i), str(-i), "ab"[i % 2], f"e{i // 4}", "t") for i in range(8)]
    path = file(tmp_path, rows, header="u,v,label,day,kind")
    made = course(path, vector=("u", "v"), episode="day", task="kind")
    pool = made.parts["pool"].pool
    assert pool.vectors().shape == (6, 2) and set(pool.column("episode").to_pylist()) <= {"e0", "e1"}
    assert Table(path=path, vector=("u", "v")).holds == {"vector"} and Table(path=path).holds == {"text"}


SENTENCES: dict[str, tuple[list[tuple[str, ...]], dict[str, Any], str]] = {
    "empty label column": ([("x", ""), ("y", " ")], {}, "nobody can answer: the column 'label' is empty in every row"),
    "no label column": ([("x", "a")], {"label": None}, "nobody can answer: no label column is named"),
    "what helps": ([("x", "")], {}, "teach: {use: human}"),
    "no labels, share": ([("x", "")], {"filled": "given"}, "no row has a label, so no share of the labelled rows can be the exam"),
    "no labels, help": ([("x", "")], {"filled": "given"}, "data.exam: {bought: 60}"),
    "all labelled, given": ([("x", "a"), ("y", "b")], {"filled": "given", "exam": {"bought": 1}}, "nothing is left to ask about"),
    "one labelled row": ([("x", "a")], {}, "the 1 labelled rows cannot be split"),
    "one text": ([("x", "a"), ("X", "a"), (" x", "a")], {}, "the 3 labelled rows cannot be split"),
    "bought everything": ([("x", "a"), ("y", "b")], {"exam": {"bought": 2}}, "an exam of 2 rows would take the whole pool of 2"),
    "start without answers": (EIGHT, {"filled": "given", "start_per_class": 1}, "start_per_class looks at sealed answers"),
    "exam, two kinds": (EIGHT, {"exam": {"share": 0.5, "bought": 3}}, "an exam is one of"),
    "exam, typo": (EIGHT, {"exam": {"shar": 0.5}}, "did you mean 'share'?"),
    "exam, share": (EIGHT, {"exam": {"share": 1.5}}, "a number between 0 and 1 is expected, found 1.5"),
    "exam, bought": (EIGHT, {"exam": {"bought": 0}}, "a whole number of rows, at least 1 is expected, found 0"),
    "exam, file": (EIGHT, {"exam": {"file": "nowhere.csv"}}, "nowhere.csv: there is no such file"),
    "label column": (EIGHT, {"label": "lable"}, "setting label: did you mean 'label'?"),
}  # fmt: skip


@pytest.mark.parametrize("case", SENTENCES)
def test_what_cannot_work_has_its_own_sentence(tmp_path: Path, case: str) -> None:
    rows, settings, sentence = SENTENCES[case]
    assert sentence in refused(file(tmp_path, rows), **settings)


def test_two_columns_that_do_not_exist_are_told_at_once(tmp_path: Path) -> None:
    said = refused(file(tmp_path), label="queue", id="key")
    assert "'queue'" in said and "'key'" in said and "the columns are: text, label" in said


def test_builds_from_a_recipe_and_refuses_a_typo(tmp_path: Path) -> None:
    part = build("data", {"use": "table", "path": file(tmp_path), "label": "label", "vector": None})
    assert isinstance(part, Table)
    with pytest.raises(Refused, match="did you mean 'label'"):
        build("data", {"use": "table", "path": "x", "lable": "label"})
