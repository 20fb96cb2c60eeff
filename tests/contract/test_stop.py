"""Every stopping rule keeps its room's promises: a word and a number, memory that can be saved, nobody is changed."""

import dataclasses
import math
import random
import subprocess
from typing import Any

import numpy as np
import pytest
import yaml

from tutelage.core.data import Pool, Rows, labelled
from tutelage.core.digest import digest
from tutelage.core.errors import ContractBroken
from tutelage.core.method import settings
from tutelage.core.parts import PACKAGE, build, load, name_of, names, room_of
from tutelage.core.rng import stream
from tutelage.core.stages import Stopped, View
from tutelage.toys import Nearest, vector_pool, view

ROOM = "choose.stop"
NAMES = [name for name in names(ROOM) if "." not in name]  # a dot: from another package
HELD = np.array([2, 3, 17, 19, 20, 31])


def scene(held: Any = HELD, student: Any = None, order: Any = None) -> View:
    pool = vector_pool(np.random.default_rng(0).normal(size=(48, 3)), ("a", "b", "c"))
    held = np.asarray(held, dtype=np.int64)
    lessons = (labelled(Rows(pool, held), held % 3, "oracle"),) if len(held) else ()
    rest = pool.without(held)
    knows = student or Nearest(pool.labels, np.eye(3, dtype=np.float32))
    return view(rest if order is None else rest.take(order(len(rest))), knows, lessons)


def follow(rule: Any, *views: View) -> list[Stopped]:
    said: list[Stopped] = []
    for number, one in enumerate(views):
        memory = said[-1].memory if said else {}
        said.append(rule.stop(one._replace(memory=memory, round=number), stream(0, "stop", number)))
    return said


def savable(value: Any) -> bool:
    """Arrays, plain values and students, in lists and mappings."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and savable(item) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return all(savable(item) for item in value)
    return value is None or isinstance(value, (bool, int, float, str, np.ndarray, Nearest))


def plain(said: list[Stopped]) -> list[Any]:
    return [[one.stop, digest(one.value), digest(dict(one.memory))] for one in said]


def test_every_file_was_found() -> None:
    folder = PACKAGE / ROOM.replace(".", "/")
    listed = subprocess.run(["ls", str(folder)], capture_output=True, text=True, check=True).stdout.split()
    assert len(NAMES) == len([file for file in listed if file.endswith(".py") and not file.startswith("_")]) > 0
    assert not set(NAMES) & set(names("choose"))


@pytest.mark.parametrize("name", NAMES)
class TestEveryRule:
    def test_is_built_from_defaults_frozen_and_survives_yaml(self, name: str) -> None:
        part = build(ROOM, name)
        assert build(ROOM, yaml.safe_load(yaml.safe_dump(settings(part)))) == part
        assert name_of(load(ROOM, name)) == name and room_of(load(ROOM, name)) == ROOM
        with pytest.raises(dataclasses.FrozenInstanceError):
            part.threshold = 0.5
        assert isinstance(part.needs, frozenset)

    def test_says_a_word_and_a_number_and_remembers_what_can_be_saved(self, name: str) -> None:
        for said in follow(build(ROOM, name), *[scene()] * 5):
            assert type(said.stop) is bool and type(said.value) is float
            assert savable(dict(said.memory))
            assert not (said.stop and math.isnan(said.value))

    def test_never_stops_before_two_classes_are_known(self, name: str) -> None:
        unfit = Nearest(("a", "b", "c"), np.full((3, 3), np.nan, dtype=np.float32))
        one = Nearest(("a", "b", "c"), np.array([[1, 0, 0], [np.nan] * 3, [np.nan] * 3], dtype=np.float32))
        for views in ([scene((), unfit)] * 6, [scene((0, 3, 6), one)] * 6):
            said = follow(build(ROOM, name), *views)
            assert not any(each.stop for each in said) and all(math.isnan(each.value) for each in said)

    def test_an_empty_pool_is_no_reason_to_fail(self, name: str) -> None:
        empty = scene(range(48))
        assert not any(said.stop for said in follow(build(ROOM, name), *[empty] * 5))
        assert len(follow(build(ROOM, name), scene(), empty)) == 2

    def test_the_order_of_the_pool_changes_nothing(self, name: str) -> None:
        shuffled = scene(order=np.random.default_rng(1).permutation)
        one, two = (follow(build(ROOM, name), *[each] * 5) for each in (scene(), shuffled))
        assert plain(one) == plain(two)

    def test_same_luck_same_word_whatever_the_global_luck_and_nothing_is_changed(self, name: str) -> None:
        now, legacy, state = scene(), np.random.get_state(), random.getstate()  # noqa: NPY002
        before = (now.student.fingerprint, now.pool.fingerprint, [block.digest() for block in now.lessons])
        one = follow(build(ROOM, name), *[now] * 5)
        assert random.getstate() == state and digest(legacy[1]) == digest(np.random.get_state()[1])  # noqa: NPY002
        assert plain(one) == plain(follow(build(ROOM, name), *[now] * 5))
        assert (now.student.fingerprint, now.pool.fingerprint, [block.digest() for block in now.lessons]) == before

    def test_nonsense_from_the_student_is_refused_by_its_name(self, name: str) -> None:
        class Babbler(Nearest):
            def probs(self, pool: Pool) -> Any:
                return np.where(pool.numbers[:, None] % 7 == 0, np.nan, super().probs(pool)).astype(np.float32)

            def embed(self, pool: Pool, side: str = "") -> Any:
                return np.where(pool.numbers[:, None] % 7 == 0, np.nan, super().embed(pool)).astype(np.float32)

        with pytest.raises(ContractBroken, match="Babbler"):
            build(ROOM, name).stop(scene(student=Babbler(("a", "b", "c"), np.eye(3, dtype=np.float32))), stream(0, "s"))

    def test_a_student_that_lacks_what_is_declared_is_refused_by_its_name(self, name: str) -> None:
        class Speechless:
            fingerprint = "speechless"

        assert build(ROOM, name).needs
        with pytest.raises(ContractBroken, match="Speechless"):
            build(ROOM, name).stop(scene(student=Speechless()), stream(0, "s"))
