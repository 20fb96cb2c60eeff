"""Every recall keeps its room's promises: the unequipped student is unchanged, an empty memory is the plain student."""

import dataclasses
import subprocess

import numpy as np
import pytest
import yaml

from tutelage.core.method import settings
from tutelage.core.parts import PACKAGE, build, names
from tutelage.core.rng import stream
from tutelage.toys import POOL, view

ROOM = "recall"
NAMES = [name for name in names(ROOM) if "." not in name]  # a dot: from another package


def test_every_file_was_found() -> None:
    listed = subprocess.run(["ls", str(PACKAGE / ROOM)], capture_output=True, text=True, check=True).stdout.split()
    assert len(NAMES) == len([file for file in listed if file.endswith(".py") and not file.startswith("_")]) > 0


@pytest.mark.parametrize("name", NAMES)
class TestEveryRecall:
    def test_is_built_from_defaults_frozen_and_survives_yaml(self, name: str) -> None:
        part = build(ROOM, name)
        assert build(ROOM, yaml.safe_load(yaml.safe_dump(settings(part)))) == part
        with pytest.raises(dataclasses.FrozenInstanceError):
            part.k = 5
        assert isinstance(part.needs, frozenset)

    def test_the_unequipped_student_is_unchanged(self, name: str) -> None:
        now = view(taught=np.array([0, 5]))
        print_, answers = now.student.fingerprint, now.student.probs(POOL).tolist()
        build(ROOM, name).equip(now, stream(0, "recall"))
        assert now.student.fingerprint == print_ and now.student.probs(POOL).tolist() == answers

    def test_an_empty_memory_is_the_plain_student(self, name: str) -> None:
        now = view()
        equipped = build(ROOM, name).equip(now, stream(0, "recall"))
        ours, plain = (who.answer(POOL, stream(0, "answer")).digest() for who in (equipped, now.student))
        assert ours == plain
