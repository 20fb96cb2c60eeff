"""prompts_of_task: each task just as it was when it had been learned, whatever came later; saved and found again."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tutelage.adapter.progressive_prompts import ProgressivePrompts
from tutelage.assess.exact_match import ExactMatch
from tutelage.cli.verb_predict import _replies
from tutelage.core.answers import Sealed
from tutelage.core.data import Block, Course, Exam, Part, Rows, Table, Text, labelled
from tutelage.core.errors import Refused
from tutelage.core.parts import build
from tutelage.core.stages import Stage
from tutelage.learn.gradient import Gradient
from tutelage.loop import Run, rounds
from tutelage.recall.prompts_of_task import OfTask, PromptsOfTask, _tasks
from tutelage.recipe.fit import fit
from tutelage.recipe.read import read_text
from tutelage.taught import Taught
from tutelage.toys import stream, till, view

TASKS = ("first", "second", "third")
ASKED = ["ab", "ba"]
POOLS = [Table.of(task, {"text": ASKED, "task": [task] * 2}, ("x", "y")).pool() for task in TASKS]
SAID = (["x", "x"], ["y", "y"], ["z", "z"])
MIXED = Table.of("mixed", {"text": ["ab"] * 5, "task": ["third", "first", "second", None, "other"]}, ("x", "y")).pool()
BARE = Table.of("bare", {"text": MIXED.texts(), "task": MIXED.column("task").to_pylist()}).pool()


def block(number: int) -> Block:
    given = {"text": np.array(SAID[number], dtype=object)}
    return Block(Rows(POOLS[number], np.arange(2)), None, Text, given, "file", np.zeros(2), np.ones(2))


def learned(student: Any, number: int, adapter: Any, **how: Any) -> Any:
    now = view(pool=POOLS[number], student=student)
    learner = Gradient(**{"adapter": adapter, "batch": 0, "passes": 80, "lr": 0.3, **how})
    return learner.learn((Stage((block(number),)),), None, now, stream(number, "learn")).student


@pytest.fixture(scope="module")
def life() -> list[Any]:
    """A model that says what a number in the question tells it, and the same after each of three tasks without one,
    in which a prompt takes the number's place."""
    pool = Table.of("told", {"text": [f"{number}{text}" for number in range(3) for text in ASKED]}).pool()
    given = {"text": np.array([word for words in SAID for word in words], dtype=object)}
    cued = Block(Rows(pool, np.arange(6)), None, Text, given, "file", np.zeros(6), np.ones(6))
    maker = build("student", {"use": "text.tiny", "hidden": 32, "layers": 1, "heads": 2, "window": 32})
    begun: Any = maker.begin(POOLS[0], stream(0, "student"))
    how = Gradient(lr=0.01, passes=200, batch=0)
    made = [how.learn((Stage((cued,)),), None, view(pool=pool, student=begun), stream(9, "learn")).student]
    for number in range(3):
        made.append(learned(made[-1], number, ProgressivePrompts(length=4)))
    return made


def equipped(student: Any, count: int = 3) -> Any:
    lessons = tuple(block(number) for number in range(count))
    return PromptsOfTask().equip(view(student=student, lessons=lessons), stream(0, "recall"))


def written(student: Any, prompts: list[Any]) -> list[str]:
    told = student.write(prompts, 1, stream(0, "w"), temperature=0.0, max_tokens=4)
    return [str(text) for text in told.texts[:, 0]]


def test_each_task_is_answered_as_right_after_it_was_learned(life: list[Any]) -> None:
    """By the same student to the last bit, and not as the last one would; of no known task it is the last one."""
    made = equipped(life[3])
    assert [one.fingerprint for one in made.stages] == [one.fingerprint for one in life[1:]]
    by = [life[3], life[1], life[2], life[3], life[3]]
    alone = [one.probs(MIXED.take([row]))[0] for row, one in enumerate(by)]
    np.testing.assert_allclose(made.probs(MIXED), alone, atol=1e-6)
    assert np.abs(made.probs(MIXED)[1] - life[3].probs(MIXED)[1]).max() > 0.01, "later prompts change what is said"
    assert made.answer(MIXED, stream(0, "a")).given["label"].tolist() == [int(row.argmax()) for row in alone]


def test_what_it_writes_is_each_tasks_own(life: list[Any]) -> None:
    made = equipped(life[3])
    wanted = [written(one, ["ab"])[0] for one in (life[3], life[1], life[2], life[3], life[3])]
    assert written(made, made.asks(BARE)) == wanted
    assert wanted[1:3] == ["x", "y"] and wanted[0] not in wanted[1:3]
    assert written(made, ["ab"]) == wanted[:1], "asked about by no row it is of no known task"
    unknown = Table.of("plain", {"text": ["ab"]}).pool()
    assert written(made, made.asks(unknown)) == wanted[:1]
    assert (made.rate(["ab"], ["x"]) == life[3].rate(["ab"], ["x"])).all()


def test_rows_that_are_to_be_replied_to_may_say_their_task(life: list[Any]) -> None:
    """As `tutelage predict --task` has it: each row by its own task's student, without the column by the last one's."""
    wanted = [written(one, ["ab"])[0] for one in (life[3], life[1], life[2], life[3], life[3])]
    plain = Table.of("plain", {"text": BARE.texts()}).pool()
    for pool, said in ((BARE, wanted), (plain, wanted[:1] * 5)):
        (rows,) = _replies(Taught(equipped(life[3]), {}), pool, 4, {"rows": 0})
        assert [row["reply"] for row in rows] == said


def test_nothing_is_forgotten_when_the_task_is_told(life: list[Any]) -> None:
    """The first task's exam after three tasks: item by item what it was after the first."""
    exam = Exam((block(0),))
    assess = ExactMatch(max_tokens=4)
    scores = [assess.assess(who, exam, till(), stream(0, "e"))[0].items.tolist()
              for who in (life[1], equipped(life[3]), life[3])]  # fmt: skip
    assert scores[0] == scores[1] == [1.0, 1.0] != scores[2], "and where it is not told, it is"


def test_several_rounds_an_episode(life: list[Any]) -> None:
    """Two calls a task: the student after the second task, with the first prompt alone, is the one after two calls."""
    how = ProgressivePrompts(length=2, rounds=2)
    made = [life[0]]
    for number in (0, 0, 1, 1):
        made.append(learned(made[-1], number, how, passes=2))
    assert equipped(made[4], 2).stages[0].fingerprint == made[2].fingerprint


def test_neutral_limits(life: list[Any]) -> None:
    """No prompts, or those of one task: the student itself."""
    for student in life[:2]:
        assert equipped(student, 1) is student


def test_saved_and_found_again(life: list[Any], tmp_path: Path) -> None:
    made = equipped(life[3])
    made.save(tmp_path)
    back = PromptsOfTask().restored(life[3].maker.load(tmp_path), tmp_path)
    assert isinstance(back, OfTask) and back.fingerprint == made.fingerprint != life[3].fingerprint
    assert (back.probs(MIXED) == made.probs(MIXED)).all()


def test_tasks_and_prompts_that_are_not_as_many_are_refused(life: list[Any]) -> None:
    with pytest.raises(Refused, match="prompts of 3 episodes, and the lessons name 2 tasks"):
        equipped(life[3], 2)
    untold = labelled(Rows(Table.of("t", {"text": ["a"]}, ("x", "y")).pool(), np.arange(1)), np.zeros(1, int), "o")
    with pytest.raises(Refused, match="the lessons name 0 tasks"):
        PromptsOfTask().equip(view(student=life[3], lessons=(untold,)), stream(0, "recall"))


def test_a_lesson_of_weight_0_brings_no_task() -> None:
    pool = Table.of("two", {"text": ["ab", "ba"], "task": ["first", "second"]}, ("x", "y")).pool()
    given = {"text": np.array(["x", "y"], dtype=object)}
    half = Block(Rows(pool, np.arange(2)), None, Text, given, "file", np.zeros(2), np.array([1.0, 0.0]))
    assert _tasks((half,)) == ("first",) and _tasks((half._replace(weight=np.ones(2)),)) == ("first", "second")


def test_through_the_loop(tmp_path: Path) -> None:
    """Two episodes of a task each: examined is the student that tells them apart, learned on is the one with prompts."""
    rows = {"text": ["ab", "ba", "cd", "dc"], "episode": [0, 0, 1, 1], "task": ["b", "b", "a", "a"]}
    pool = Table.of("told", rows).pool()
    course = Course({"pool": Part(pool, Sealed(pool.table, np.zeros(4, dtype=np.int64)))}, {})
    recipe = read_text(
        "data: {use: table, path: none.csv}\nstudent: {use: text.tiny, hidden: 16, layers: 1, heads: 2, window: 32}\n"
        "teach: {use: itself}\nchoose: {use: everything}\nper_round: null\nassess: []\nrecall: {use: prompts_of_task}\n"
        "learn: {use: gradient, passes: 2, adapter: {use: progressive_prompts, length: 3}}\n", "r.yaml")  # fmt: skip
    parts = next(iter(fit(recipe).values()))
    begun, first, second = [one.student for one in rounds(Run(parts, course, 0, till(), tmp_path))]
    assert not isinstance(begun, OfTask) and first.module.before.count == 1
    assert isinstance(second, OfTask) and second.tasks == ("b", "a")
    assert second.stages[0].fingerprint == first.fingerprint and second.student.module.before.length == 6
