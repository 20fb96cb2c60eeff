"""Every recall keeps its room's promises: the unequipped student is unchanged, an empty memory is the plain student."""

import dataclasses
import subprocess

import numpy as np
import pytest
import yaml

from tutelage.core.data import Pool, Table
from tutelage.core.descent import Prefixes
from tutelage.core.method import settings
from tutelage.core.parts import PACKAGE, build, names
from tutelage.core.rng import stream
from tutelage.core.stages import View
from tutelage.core.writing import CanConsult, CanWrite
from tutelage.kit.again import as_lessons
from tutelage.toys import POOL, Writer, view

ROOM = "recall"
NAMES = [name for name in names(ROOM) if "." not in name]  # a dot: from another package
PLAIN = {"best_of_n": {"n": 1}, "majority_vote": {"n": 1}}  # settings with which a recall has nothing to add
WRITER = Writer({"x": ("a", "b", "a")})
WORDS = Table.of("words", {"text": ["x", "y"]}).pool()
TOLD = Table.of("told", {"text": ["pay the rent", "find my card"]}, ("rent", "card")).pool()


def seen(name: str, taught: np.ndarray | None = None) -> tuple[View, Pool]:
    """A view with a student that has what the recall needs, and what to ask it."""
    if CanConsult in build(ROOM, name).needs:
        student = build("student", {"use": "text.tiny", "hidden": 16, "layers": 1, "heads": 1, "window": 32})
        begun = student.begin(TOLD, stream(0, "student"))
        return view(TOLD, begun, () if taught is None else as_lessons(TOLD, np.array([0]), "file")), TOLD
    if CanWrite in build(ROOM, name).needs:
        return view(pool=WORDS, student=WRITER), WORDS
    return view(taught=taught), POOL


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
        now, pool = seen(name, taught=np.array([0, 5]))
        print_, answers = now.student.fingerprint, now.student.answer(pool, stream(0, "a")).digest()
        build(ROOM, name).equip(now, stream(0, "recall"))
        assert now.student.fingerprint == print_ and now.student.answer(pool, stream(0, "a")).digest() == answers

    def test_with_nothing_to_add_it_is_the_plain_student(self, name: str) -> None:
        now, pool = seen(name)
        equipped = build(ROOM, {"use": name, **PLAIN.get(name, {})}).equip(now, stream(0, "recall"))
        ours, plain = (who.answer(pool, stream(0, "answer")).digest() for who in (equipped, now.student))
        assert ours == plain

    def test_an_equipped_student_has_a_mark_of_its_own_and_answers_twice_alike(self, name: str) -> None:
        now, pool = seen(name, taught=np.array([0, 5]))
        needs = build(ROOM, name).needs
        if not needs & {CanWrite, CanConsult} or Prefixes in needs:
            return  # the plain student, or one that needs examples in words or a learned prompt: tests/recall
        one, two = (build(ROOM, name).equip(now, stream(0, "recall")) for _ in range(2))
        assert one.fingerprint == two.fingerprint != now.student.fingerprint
        assert one.answer(pool, stream(0, "a")).digest() == two.answer(pool, stream(0, "a")).digest()
