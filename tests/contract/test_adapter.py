"""Every adapter keeps its room's promises: it opens parameters that there are, each once, and the rest stays put."""

import subprocess

import numpy as np
import pytest
import yaml

from tutelage.core.data import Rows, labelled
from tutelage.core.descent import Opened
from tutelage.core.method import settings
from tutelage.core.parts import PACKAGE, build, names
from tutelage.core.rng import stream
from tutelage.core.stages import Stage
from tutelage.learn.gradient import Gradient
from tutelage.student.vector.mlp import Mlp
from tutelage.toys import CODES, POOL, view

ROOM = "adapter"
NAMES = [name for name in names(ROOM) if "." not in name]  # a dot: from another package
STUDENT = Mlp(hidden=(4, 3)).begin(POOL, stream(0, "student"))
LESSONS = (labelled(Rows(POOL, np.arange(6)), CODES, "oracle"),)


def test_every_file_was_found() -> None:
    listed = subprocess.run(["ls", str(PACKAGE / ROOM)], capture_output=True, text=True, check=True).stdout.split()
    assert len(NAMES) == len([file for file in listed if file.endswith(".py") and not file.startswith("_")]) > 0


@pytest.mark.parametrize("name", NAMES)
class TestEveryAdapter:
    def test_is_built_from_defaults_and_survives_yaml(self, name: str) -> None:
        part = build(ROOM, name)
        assert build(ROOM, yaml.safe_load(yaml.safe_dump(settings(part)))) == part

    def test_opens_what_there_is_once(self, name: str) -> None:
        opened = build(ROOM, name).open(STUDENT.module, stream(0, "learn"))
        assert isinstance(opened, Opened)
        there = [key for key, _ in opened.module.named_parameters()]
        listed = [key for group in opened.groups for key in group.names]
        assert listed and len(listed) == len(set(listed)) and set(listed) <= set(there)
        assert all(group.lr_scale >= 0 for group in opened.groups)

    def test_what_is_in_no_group_is_frozen(self, name: str) -> None:
        """Under weight decay, which moves whatever an optimiser holds; every opened parameter does move."""
        part = build(ROOM, name)
        listed = {key for group in part.open(STUDENT.module, stream(0, "learn")).groups for key in group.names}
        how = Gradient(adapter=part, lr=0.1, weight_decay=0.5, passes=3)
        student = Mlp(hidden=(4, 3)).begin(POOL, stream(0, "student"))
        warm = Gradient(lr=0.1).learn((Stage(LESSONS),), None, view(student=student), stream(1, "learn")).student
        learned = how.learn((Stage(LESSONS),), None, view(student=warm), stream(0, "learn"))
        before, after = (dict(one.module.named_parameters()) for one in (warm, learned.student))
        assert {key for key in before if not bool((before[key] == after[key]).all())} == listed & set(before)
        assert set(learned.memory["optimiser"]) == listed

    def test_opening_leaves_the_answers_as_they_were(self, name: str) -> None:
        batch = STUDENT.encode(LESSONS).batch(np.arange(6))
        opened = build(ROOM, name).open(STUDENT.module, stream(0, "learn"))
        assert bool((opened.module.scores(batch) == STUDENT.module.scores(batch)).all())
