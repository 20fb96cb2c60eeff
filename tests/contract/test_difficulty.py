"""Every difficulty keeps its room's promises: one number a lesson, never NaN, of the lessons alone, nothing changed."""

import dataclasses
import subprocess

import numpy as np
import pytest
import yaml

from tutelage.core.data import Block, Label, Lessons, Rows, Table, Text
from tutelage.core.method import settings
from tutelage.core.parts import PACKAGE, build, names
from tutelage.core.rng import stream
from tutelage.core.stages import View
from tutelage.core.writing import CanRate
from tutelage.kit.blocks import some
from tutelage.toys import Nearest, Reader, view

ROOM = "order.difficulty"
NAMES = [name for name in names(ROOM) if "." not in name]  # a dot: from another package

LUCK = np.random.default_rng(0)
POOL = Table.of(
    "both",
    {
        "vector": LUCK.normal(size=(8, 2)),
        "text": ["ab", "b", "ab c", "d e f", "b", "g h", "ab", "i"],
        "level": [2, 0, 1, 1, 0, 2, 2, 0],
        "stage": [1, 1, 2, 2, 1, 2, 1, 2],
    },
    ["left", "right"],
).pool()
KNOWS = Nearest(POOL.labels, np.array([[-1, 0], [1, 0]], dtype=np.float32))


def scene(name: str, *rows: list[int]) -> tuple[Lessons, View]:
    """Blocks about these rows, of the kind that the method rates, and a view whose student can be asked."""
    reads = CanRate in build(ROOM, name).needs
    blocks = []
    for some_rows in rows:
        about, size = Rows(POOL, np.array(some_rows, dtype=np.int64)), len(some_rows)
        given = {"text": np.array([f"reply {row}" for row in some_rows], dtype=object)}
        given = given if reads else {"label": about.rows % 2}
        blocks.append(Block(about, None, Text if reads else Label, given, "file", np.zeros(size), np.ones(size)))
    return tuple(blocks), view(POOL, Reader({"r": -1.0, "3": -5.0}) if reads else KNOWS)


def rates(name: str, lessons: Lessons, seen: View, seed: int = 0) -> np.ndarray:
    return build(ROOM, name).rate(lessons, seen, stream(seed, "order"))


def test_every_file_was_found() -> None:
    folder = PACKAGE / ROOM.replace(".", "/")
    listed = subprocess.run(["ls", str(folder)], capture_output=True, text=True, check=True).stdout.split()
    assert len(NAMES) == len([file for file in listed if file.endswith(".py") and not file.startswith("_")]) > 0


@pytest.mark.parametrize("name", NAMES)
class TestEveryDifficulty:
    def test_is_built_from_defaults_frozen_and_survives_yaml(self, name: str) -> None:
        part = build(ROOM, name)
        assert build(ROOM, yaml.safe_load(yaml.safe_dump(settings(part)))) == part
        with pytest.raises(dataclasses.FrozenInstanceError):
            part.weight = 5
        assert isinstance(part.needs, frozenset)

    def test_one_number_a_lesson(self, name: str) -> None:
        lessons, seen = scene(name, [3, 0, 5], [1, 7])
        said = rates(name, lessons, seen)
        assert said.shape == (5,) and said.dtype == np.float64 and not np.isnan(said).any()
        assert len(set(said.tolist())) > 1
        assert rates(name, (), seen).shape == (0,)

    def test_blocks_and_order_of_lessons_do_not_matter(self, name: str) -> None:
        """Compared by what is made of the numbers: a rubric's are ranks among the lessons given."""
        (whole,), seen = scene(name, [3, 0, 5, 1, 7, 6])
        said = rates(name, (whole,), seen)
        parts = (some(whole, np.arange(2)), some(whole, np.arange(2, 6)))
        assert np.allclose(rates(name, parts, seen), said)
        turn = np.array([4, 2, 0, 5, 1, 3])
        assert np.allclose(rates(name, (some(whole, turn),), seen), said[turn])

    def test_same_luck_same_numbers_and_nothing_is_changed(self, name: str) -> None:
        lessons, seen = scene(name, [3, 0, 5], [1, 7])
        before = [block.digest() for block in lessons], seen.student.fingerprint
        assert rates(name, lessons, seen).tolist() == rates(name, lessons, seen).tolist()
        assert before == ([block.digest() for block in lessons], seen.student.fingerprint)
