"""Every retention keeps its room's promises: an empty past has no effect, memory can be saved, nobody is changed."""

import dataclasses
import subprocess
from typing import Any

import numpy as np
import pytest
import yaml

from tutelage.core.method import settings
from tutelage.core.parts import PACKAGE, build, names
from tutelage.core.rng import stream
from tutelage.core.stages import Student
from tutelage.toys import Nearest, view

ROOM = "retain"
NAMES = [name for name in names(ROOM) if "." not in name]  # a dot: from another package


def test_every_file_was_found() -> None:
    listed = subprocess.run(["ls", str(PACKAGE / ROOM)], capture_output=True, text=True, check=True).stdout.split()
    assert len(NAMES) == len([file for file in listed if file.endswith(".py") and not file.startswith("_")]) > 0


def savable(value: Any) -> bool:
    """Arrays, plain values and students, in lists and mappings."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and savable(item) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return all(savable(item) for item in value)
    return value is None or isinstance(value, (bool, int, float, str, np.ndarray, Nearest))


@pytest.mark.parametrize("name", NAMES)
class TestEveryRetention:
    def test_is_built_from_defaults_frozen_and_survives_yaml(self, name: str) -> None:
        part = build(ROOM, name)
        assert build(ROOM, yaml.safe_load(yaml.safe_dump(settings(part)))) == part
        with pytest.raises(dataclasses.FrozenInstanceError):
            part.share = 0.5
        assert isinstance(part.needs, frozenset)

    def test_an_empty_past_has_no_effect(self, name: str) -> None:
        part, now = build(ROOM, name), view()
        new = view(taught=np.array([0, 5])).lessons
        assert sum(block.size for block in part.rehearse(new, now, stream(0, "retain"))) == 0
        assert part.penalty(now) is None

    def test_settling_gives_a_student_and_memory_that_can_be_saved(self, name: str) -> None:
        now = view(taught=np.array([0, 5]))
        after: Student = now.student.fit(now.lessons, stream(0, "learn"))
        prints = (now.student.fingerprint, after.fingerprint)
        settled = build(ROOM, name).settle(now.student, now.lessons, now._replace(student=after), stream(0, "retain"))
        assert isinstance(settled.student.fingerprint, str) and savable(dict(settled.memory))
        assert (now.student.fingerprint, after.fingerprint) == prints
