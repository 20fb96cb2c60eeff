"""Every adapter keeps its room's promises: it opens parameters that there are, each once, and the rest stays put."""

import subprocess

import numpy as np
import pytest
import yaml

from tutelage.core.data import Block, Rows, Table, labelled
from tutelage.core.descent import Opened, Prefixes
from tutelage.core.method import settings
from tutelage.core.parts import PACKAGE, build, names
from tutelage.core.rng import stream
from tutelage.core.stages import Stage
from tutelage.learn.gradient import Gradient
from tutelage.student.text.tiny import Tiny
from tutelage.student.vector.mlp import Mlp
from tutelage.toys import CODES, POOL, view

ROOM = "adapter"
NAMES = [name for name in names(ROOM) if "." not in name]  # a dot: from another package
STUDENT = Mlp(hidden=(4, 3)).begin(POOL, stream(0, "student"))
LESSONS = (labelled(Rows(POOL, np.arange(6)), CODES, "oracle"),)
SAYINGS = Table.of("sayings", {"text": ["one", "two", "three", "four", "five", "six"]}, ("left", "right")).pool()
READER = Tiny(hidden=16, layers=2, heads=2, window=32).begin(SAYINGS, stream(0, "student"))
READ = (labelled(Rows(SAYINGS, np.arange(6)), CODES, "oracle"),)


def subject(name: str) -> tuple[object, tuple[Block, ...], object]:
    """A student that the adapter suits, lessons for it, and their pool."""
    asks = getattr(build(ROOM, name), "needs", frozenset())
    assert asks <= Tiny.can
    return (STUDENT, LESSONS, POOL) if asks <= Mlp.can else (READER, READ, SAYINGS)


def test_every_file_was_found() -> None:
    listed = subprocess.run(["ls", str(PACKAGE / ROOM)], capture_output=True, text=True, check=True).stdout.split()
    assert len(NAMES) == len([file for file in listed if file.endswith(".py") and not file.startswith("_")]) > 0


@pytest.mark.parametrize("name", NAMES)
class TestEveryAdapter:
    def test_is_built_from_defaults_and_survives_yaml(self, name: str) -> None:
        part = build(ROOM, name)
        assert build(ROOM, yaml.safe_load(yaml.safe_dump(settings(part)))) == part

    def test_opens_what_there_is_once(self, name: str) -> None:
        opened = build(ROOM, name).open(subject(name)[0].module, stream(0, "learn"))
        assert isinstance(opened, Opened)
        there = [key for key, _ in opened.module.named_parameters()]
        listed = [key for group in opened.groups for key in group.names]
        assert listed and len(listed) == len(set(listed)) and set(listed) <= set(there)
        assert all(group.lr_scale >= 0 for group in opened.groups)

    def test_what_is_in_no_group_is_frozen(self, name: str) -> None:
        """Under weight decay, which moves whatever an optimiser holds; every opened parameter does move."""
        part, (student, lessons, pool) = build(ROOM, name), subject(name)
        listed = {key for group in part.open(student.module, stream(0, "learn")).groups for key in group.names}
        how = Gradient(adapter=part, lr=0.1, weight_decay=0.5, passes=3)
        now = view(pool=pool, student=student)
        warm = Gradient(lr=0.1, passes=3).learn((Stage(lessons),), None, now, stream(1, "learn")).student
        learned = how.learn((Stage(lessons),), None, view(pool=pool, student=warm), stream(0, "learn"))
        before, after = (_plainly(one.module) for one in (warm, learned.student))
        assert {key for key in before if not bool((before[key] == after[key]).all())} == listed & set(before)
        assert listed <= set(after)
        assert set(learned.memory["optimiser"]) == listed

    def test_opening_leaves_the_answers_as_they_were(self, name: str) -> None:
        part, (student, lessons, _) = build(ROOM, name), subject(name)
        batch = student.encode(lessons).batch(np.arange(6))
        same = part.open(student.module, stream(0, "learn")).module.scores(batch) == student.module.scores(batch)
        assert bool(same.all()) or Prefixes in getattr(part, "needs", ()), "what is read first changes what is said"


def _plainly(module: object) -> dict[str, object]:
    """Parameters by the names that they have before layers were put around them."""
    return {key.replace(".base_layer.", "."): one for key, one in module.named_parameters()}
