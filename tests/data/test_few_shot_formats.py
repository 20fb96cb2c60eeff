"""few_shot_formats: every answer follows from its question, nothing but examples says which task it is."""

import pytest

from tutelage.core.data import Course, Exam
from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.data.few_shot_formats import LETTERS, TASKS, FewShotFormats
from tutelage.kit.prompts import prompts

SLOW = {  # each task once more, in other words
    "copy": lambda asked: "".join(list(asked)),
    "reverse": lambda asked: "".join(asked[len(asked) - 1 - at] for at in range(len(asked))),
    "shift": lambda asked: asked.translate(str.maketrans(LETTERS, LETTERS[1:] + LETTERS[0])),
    "sort": lambda asked: "".join(letter * asked.count(letter) for letter in LETTERS),
    "lookup": lambda asked: asked[asked.index(asked.split("?")[1]) + 1],
    "longest": lambda asked: sorted(asked.split(","), key=len)[-1],
    "rotation": lambda asked: str(asked.split()[1] in asked.split()[0] * 2),
    "longer": lambda asked: str(2 * asked.index(" ") + 1 < len(asked)),
}


def course(seed: int = 0, **how: object) -> Course:
    return FewShotFormats(**{"rows": 60, "items": 10, "targets": 10, **how}).course(stream(seed, "data"))


def rows(exam: Exam) -> list[dict[str, object]]:
    return exam.truth[0].about.examples().table.columns.to_pylist()


def test_every_answer_follows_from_its_question() -> None:
    for made in (course(), course(material="longer"), course(material="formats")):
        told = [*made.parts["pool"].pool.table.columns.to_pylist(), *rows(made.exams["exam"])]
        assert len(told) == 60 + 130
        for row in told:
            turns = row["turns"]
            pairs = [(a["text"], b["text"]) for a, b in zip(turns[::2], turns[1::2], strict=False)]
            assert len(turns) == 2 * int(row["shots"]) + 1
            assert all(SLOW[row["task"]](asked) == said for asked, said in [*pairs, (turns[-1]["text"], row["reply"])])
            assert [turn["learn"] for turn in turns] == [turn["role"] == "assistant" for turn in turns]


def test_sides_and_kinds_of_the_exam() -> None:
    made = course(shots=3)
    told = rows(made.exams["exam"])
    kinds = [(row["side"], row["task"], row["shots"]) for row in told]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        ("target", "rotation", "0"): 10, **{("probe", task, shots): 10 for task in TASKS for shots in "13"}}  # fmt: skip
    assert [row["reply"] for row in told[:10]].count("True") == 5
    assert [row["text"] for row in rows(made.exams["target"])] == [row["text"] for row in told[:10]]
    apart = rows(made.exams["probes"])
    assert [row["text"] for row in apart] == [row["text"] for row in told[10:]]
    assert not {row["reply"] for row in apart} & {"True", "False"}


def test_only_the_examples_tell_four_of_the_tasks_apart() -> None:
    """The same word, asked about alone, may be copied, turned, shifted or sorted."""
    made = course(material="formats", rows=4000)
    asked = {task: set() for task in TASKS}
    for prompt, task in zip(prompts(made.parts["pool"].pool), made.parts["pool"].pool.column("task").to_pylist(),
                            strict=True):  # fmt: skip
        asked[task].add(prompt[-1].text)
    assert len(asked["copy"] & asked["reverse"] & asked["shift"] & asked["sort"]) > 10


def test_any_letter_is_copied_in_the_pool_alone() -> None:
    made = course(material="formats", rows=3000)
    told = {row["task"]: set() for row in rows(made.exams["exam"])}
    for row in made.parts["pool"].pool.table.columns.to_pylist():
        told[row["task"]] |= set(row["reply"])
    assert set("TrueFalse") <= told["copy"] and not any(told[task] & set("TF") for task in TASKS if task != "copy")
    assert not {letter for row in rows(made.exams["probes"]) for letter in row["text"]} & set("TrusF")


def test_the_exam_is_the_same_for_all_and_in_no_pool() -> None:
    one, other = course(0), course(1)
    assert one.exams["exam"].truth[0].digest() == other.exams["exam"].truth[0].digest()
    assert one.parts["pool"].pool.fingerprint != other.parts["pool"].pool.fingerprint
    assert course(split="dev").exams["exam"].truth[0].digest() != one.exams["exam"].truth[0].digest()
    for material in ("rotation", "longer", "formats"):
        pool = set(course(material=material, rows=500).parts["pool"].pool.texts())
        for split in ("test", "dev"):
            held = rows(course(material=material, split=split).exams["exam"])
            assert len(pool) == 500 and len(held) == 130 and not pool & {row["text"] for row in held}


def test_half_of_the_narrow_task_is_true_and_no_word_stands_beside_itself() -> None:
    pool = course(rows=200).parts["pool"].pool
    assert pool.column("reply").to_pylist().count("True") == 100
    for text in pool.texts():
        one, other = text.split()
        assert one != other and sorted(one) == sorted(other) and len(set(one)) == len(one)
    assert {len(text) for text in pool.texts()} == {7} and {
        len(text) for text in course(length=4).parts["pool"].pool.texts()
    } == {9}


def test_half_of_the_longer_words_stand_second_and_the_probes_stay() -> None:
    made = course(material="longer", rows=1000)
    pool = made.parts["pool"].pool
    sizes = [tuple(map(len, text.split())) for text in pool.texts()]
    assert sum(one < other for one, other in sizes) == pool.column("reply").to_pylist().count("True") == 500
    assert {size for pair in sizes for size in pair} == {1, 2, 3, 4} and all(one != other for one, other in sizes)
    assert {row["task"] for row in rows(made.exams["target"])} == {"longer"}
    assert all(row["side"] == "target" for row in rows(made.exams["target"]))
    for split in ("test", "dev"):
        probes = [course(material=material, split=split).exams["probes"] for material in ("rotation", "longer")]
        assert probes[0].truth[0].digest() == probes[1].truth[0].digest()


def test_more_judgements_than_there_are_are_refused() -> None:
    """Of 8 x 7 x 6 words of three letters each has 2 turns: 672 are True, and one in ten is left."""
    with pytest.raises(Refused, match="of 3 letters there are 672"):
        course(rows=1300)
    assert len(course(rows=1000).parts["pool"].pool) == 1000
