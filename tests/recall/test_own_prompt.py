"""own_prompt: each question by the student that it is for, alike whatever stands beside it, saved and found again."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tutelage.adapter.prompt import Prompt
from tutelage.assess.exact_match import ExactMatch
from tutelage.core.data import Block, Exam, Rows, Table, Text
from tutelage.core.parts import build
from tutelage.core.stages import Stage
from tutelage.learn.gradient import Gradient
from tutelage.recall.own_prompt import Apart, OwnPrompt, bare
from tutelage.toys import Nearest, stream, till, view

POOL = Table.of("few", {"text": ["ab", "ab", "ba", "cd"], "task": ["judge", "other", None, "judge"]}).pool()
SAID = {"text": np.array(["True", "x", "y", "False"], dtype=object)}
PLAIN = {"text": np.array(["x", "x", "y", "z"], dtype=object)}
BLOCK = Block(Rows(POOL, np.arange(4)), None, Text, SAID, "file", np.zeros(4), np.ones(4))


@pytest.fixture
def tuned() -> Any:
    """It has learned to say one thing, and then, by a prompt alone, another."""
    maker = build("student", {"use": "text.tiny", "hidden": 32, "layers": 1, "heads": 2, "window": 32})
    student: Any = maker.begin(POOL, stream(0, "student"))
    for block, how in ((BLOCK._replace(given=PLAIN), {"passes": 60, "lr": 0.01}),
                       (BLOCK, {"passes": 60, "lr": 0.3, "adapter": Prompt(length=4)})):  # fmt: skip
        now = view(pool=POOL, student=student)
        student = Gradient(**how).learn((Stage((block,)),), None, now, stream(0, "learn")).student
    return student


def written(student: Any, prompts: list[Any]) -> list[str]:
    told = student.write(prompts, 1, stream(0, "w"), temperature=0.0, max_tokens=6)
    return [str(text) for text in told.texts[:, 0]]


def test_each_row_is_answered_by_the_student_that_it_is_for(tuned: Any) -> None:
    """The same text is asked with the prompt where its row is of the task, and without it where it is not."""
    equipped = OwnPrompt(task="judge").equip(view(pool=POOL, student=tuned), stream(0, "recall"))
    with_, without = written(tuned, POOL.texts()), written(bare(tuned), POOL.texts())
    assert with_ != without
    assert written(equipped, equipped.asks(POOL)) == [with_[0], without[1], without[2], with_[3]]
    assert written(equipped, POOL.texts()) == without, "asked about by no row it is another question"
    alone = [written(equipped, equipped.asks(POOL.take([row])))[0] for row in range(4)]
    assert alone == written(equipped, equipped.asks(POOL))


def test_an_assessor_asks_through_it(tuned: Any) -> None:
    equipped = OwnPrompt(task="judge").equip(view(pool=POOL, student=tuned), stream(0, "recall"))
    exam = ExactMatch(max_tokens=6).assess(equipped, Exam((BLOCK,)), till(), stream(0, "assess"))[0]
    said = written(equipped, equipped.asks(POOL))
    assert exam.items.tolist() == [float(a.strip() == b) for a, b in zip(said, SAID["text"], strict=True)]


def test_without_a_prompt_nothing_is_done() -> None:
    begun = build("student", {"use": "text.tiny", "hidden": 16, "layers": 1, "heads": 2}).begin(POOL, stream(0, "s"))
    assert OwnPrompt(task="judge").equip(view(pool=POOL, student=begun), stream(0, "recall")) is begun
    assert bare(Nearest(("a",), np.zeros((1, 1), dtype=np.float32))) is None
    untold = Table.of("few", {"text": ["ab"]}).pool()
    made = Apart(begun, begun, OwnPrompt(task="judge"))
    assert made.asks(untold) == ["ab"], "rows without the column are other questions"


def test_saved_and_found_again(tuned: Any, tmp_path: Path) -> None:
    equipped = OwnPrompt(task="judge").equip(view(pool=POOL, student=tuned), stream(0, "recall"))
    equipped.save(tmp_path)
    back = OwnPrompt(task="judge").restored(tuned.maker.load(tmp_path), tmp_path)
    assert back.fingerprint == equipped.fingerprint
    assert written(back, back.asks(POOL)) == written(equipped, equipped.asks(POOL))
