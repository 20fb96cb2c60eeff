"""Every curriculum keeps its room's promises: no lesson rewritten, none lost, none twice in a stage."""

import dataclasses
import subprocess

import numpy as np
import pytest
import yaml

from tutelage.core.data import Lessons, Rows, labelled
from tutelage.core.forecast import ForetellsRows
from tutelage.core.method import settings
from tutelage.core.parts import PACKAGE, build, names
from tutelage.core.rng import stream
from tutelage.core.stages import Syllabus
from tutelage.toys import CODES, POOL, view

ROOM = "order"
NAMES = [name for name in names(ROOM) if "." not in name]  # a dot: from another package


def lessons() -> Lessons:
    """Two blocks, 4 and 2 lessons."""
    blocks = (np.array([3, 0, 5, 2]), np.array([4, 1]))
    return tuple(labelled(Rows(POOL, rows), CODES[rows], "oracle", 1.0) for rows in blocks)


def plan(name: str, given: Lessons) -> Syllabus:
    return build(ROOM, name).plan(given, view(), stream(0, "order"))


def test_every_file_was_found() -> None:
    listed = subprocess.run(["ls", str(PACKAGE / ROOM)], capture_output=True, text=True, check=True).stdout.split()
    assert len(NAMES) == len([file for file in listed if file.endswith(".py") and not file.startswith("_")]) > 0


@pytest.mark.parametrize("name", NAMES)
class TestEveryCurriculum:
    def test_is_built_from_defaults_frozen_and_survives_yaml(self, name: str) -> None:
        part = build(ROOM, name)
        assert build(ROOM, yaml.safe_load(yaml.safe_dump(settings(part)))) == part
        with pytest.raises(dataclasses.FrozenInstanceError):
            part.stages = 5
        assert isinstance(part.needs, frozenset)

    def test_plans_as_many_rows_as_it_foretold(self, name: str) -> None:
        part = build(ROOM, name)
        if not isinstance(part, ForetellsRows):
            return
        for given in ((), lessons()[:1], lessons()):
            size = sum(block.size for block in given)
            stages = part.plan(given, view(), stream(0, "order"))
            planned = sum(size if stage.order is None else len(stage.order) for stage in stages)
            assert part.rows(float(size)) == planned

    def test_no_lesson_is_rewritten(self, name: str) -> None:
        given = lessons()
        before = {block.digest() for block in given}
        for stage in plan(name, given):
            assert {block.digest() for block in stage.lessons} <= before
        assert {block.digest() for block in given} == before

    def test_every_lesson_is_planned_and_none_twice_in_a_stage(self, name: str) -> None:
        given = lessons()
        planned: set[tuple[int, int]] = set()
        for stage in plan(name, given):
            items = [
                (int(n), int(code))
                for b in stage.lessons
                for n, code in zip(b.about.numbers, b.given["label"], strict=True)
            ]
            order = np.arange(len(items)) if stage.order is None else stage.order
            assert order.dtype == np.int64 and len(np.unique(order)) == len(order)
            assert len(order) == 0 or (0 <= order.min() and order.max() < len(items))
            planned |= {items[place] for place in order}
        assert planned == {(number, int(CODES[number])) for number in range(6)}

    def test_no_lessons_at_all(self, name: str) -> None:
        assert sum(block.size for stage in plan(name, ()) for block in stage.lessons) == 0

    def test_same_luck_same_plan_and_the_student_is_left_alone(self, name: str) -> None:
        now, given = view(), lessons()
        print_ = now.student.fingerprint
        first, second = (build(ROOM, name).plan(given, now, stream(0, "order")) for _ in range(2))
        assert [s.order is None or s.order.tolist() for s in first] == [
            s.order is None or s.order.tolist() for s in second
        ]
        assert now.student.fingerprint == print_
