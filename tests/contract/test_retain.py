"""Every retention keeps its room's promises: an empty past has no effect, memory can be saved, nobody is changed."""

import dataclasses
import subprocess
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from tutelage.core.data import Itself, Rows, Table, labelled
from tutelage.core.descent import Sloped
from tutelage.core.method import settings
from tutelage.core.parts import PACKAGE, build, names
from tutelage.core.rng import stream
from tutelage.core.stages import Stage, View
from tutelage.core.writing import CanCompose
from tutelage.learn.gradient import Gradient
from tutelage.student.text.tiny import Tiny
from tutelage.student.vector.mlp import Mlp
from tutelage.toys import CODES, POOL, Nearest, NearestMean, Writer, view

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


def seen(part: Any, *rows: int) -> View:
    """A view whose student can do what is needed and has been taught these rows, which are its lessons."""
    if CanCompose in part.needs:  # one that writes, and has something to say once it was taught
        past = (labelled(Rows(POOL, np.array(rows)), CODES[list(rows)], "oracle", 1.0),) if rows else ()
        return view(student=Writer({"": ("left", "right", "both")} if rows else {}), lessons=past)
    student: Any = view().student if part.needs <= NearestMean.can else Mlp(epochs=5).begin(POOL, stream(0, "student"))
    lessons = (labelled(Rows(POOL, np.array(rows)), CODES[list(rows)], "oracle", 1.0),) if rows else ()
    return view(student=student.fit(lessons, stream(0, "learn")) if rows else student, lessons=lessons)


SAYINGS = Table.of("sayings", {"text": ["one", "two", "three", "four", "five", "six"]}, ("left", "right")).pool()
SUBJECTS = [(Mlp(hidden=(4,)), POOL), (Tiny(hidden=16, layers=1, heads=2, window=32), SAYINGS)]


def lived(part: Any, maker: Any, pool: Any) -> list[Any]:
    """Three episodes of two lessons, each learned from the last student under what is retained, as the loop does."""
    student = first = maker.begin(pool, stream(0, "student"))
    memory, past, seen = {}, (), []
    for number, rows in enumerate(([0, 5], [1, 4], [2, 3])):
        new = (labelled(Rows(pool, np.array(rows)), CODES[rows], "oracle"),)
        now = view(pool=pool, student=student, lessons=past)._replace(first=first, memory=memory, round=number)
        lessons = (*new, *part.rehearse(new, now, stream(number, "rehearse")))
        past = (*past, *new)
        now = now._replace(lessons=past)
        pull = part.penalty(now)
        after = Gradient(lr=0.05, passes=2).learn((Stage(lessons),), pull, now, stream(number, "learn")).student
        settled = part.settle(student, new, now._replace(student=after), stream(number, "settle"))
        student, memory = settled.student, settled.memory or memory
        seen.append((settled.shown or student, pull))
    return seen


class Counted:
    """A module that counts how often its scores are asked for."""

    def __init__(self, module: Any) -> None:
        self.module, self.count = module, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.module, name)

    def scores(self, batch: Any) -> Any:
        self.count += 1
        return self.module.scores(batch)


@pytest.mark.parametrize("name", NAMES)
class TestEveryRetention:
    def test_is_built_from_defaults_frozen_and_survives_yaml(self, name: str) -> None:
        part = build(ROOM, name)
        assert build(ROOM, yaml.safe_load(yaml.safe_dump(settings(part)))) == part
        with pytest.raises(dataclasses.FrozenInstanceError):
            part.share = 0.5
        assert isinstance(part.needs, frozenset)

    def test_an_empty_past_has_no_effect(self, name: str) -> None:
        part = build(ROOM, name)
        now, new = seen(part), view(taught=np.array([0, 5])).lessons
        assert sum(block.size for block in part.rehearse(new, now, stream(0, "retain"))) == 0
        assert part.penalty(now) is None

    def test_settling_gives_a_student_and_memory_that_can_be_saved(self, name: str) -> None:
        part = build(ROOM, name)
        before, now = seen(part).student, seen(part, 0, 5)
        prints = (before.fingerprint, now.student.fingerprint)
        digests = [block.digest() for block in now.lessons]
        settled = part.settle(before, now.lessons, now, stream(0, "retain"))
        assert isinstance(settled.student.fingerprint, str) and savable(dict(settled.memory))
        assert (before.fingerprint, now.student.fingerprint) == prints
        assert [block.digest() for block in now.lessons] == digests

    def test_same_luck_same_memory(self, name: str) -> None:
        part = build(ROOM, name)
        now = seen(part, *range(6))
        one, two = (part.settle(now.student, now.lessons, now, stream(0, "retain")) for _ in range(2))
        assert one.student.fingerprint == two.student.fingerprint and str(one.memory) == str(two.memory)

    def test_lessons_of_weight_0_leave_no_trace(self, name: str) -> None:
        part = build(ROOM, name)
        now = seen(part, 0, 2, 3, 5)
        silent = labelled(Rows(POOL, np.arange(6)), 1 - CODES, "noise", weight=0.0)
        with_silence = (*now.lessons, silent)
        told = [part.settle(now.student, lessons, now._replace(lessons=lessons), stream(0, "retain")).memory
                for lessons in (now.lessons, with_silence)]  # fmt: skip
        views = [now._replace(memory=told[0]), now._replace(memory=told[1], lessons=with_silence)]
        one, two = ([block.digest() for block in part.rehearse(now.lessons, at, stream(1, "retain"))] for at in views)
        assert one == two
        pulls = [part.penalty(at) for at in views]
        if pulls[0] is not None:
            away = seen(part, 1, 4).student.module
            assert pulls[0](away).item() == pulls[1](away).item() > 0

    def test_rehearsed_lessons_are_old_ones_and_cost_nothing(self, name: str) -> None:
        part = build(ROOM, name)
        now = seen(part, 0, 2, 3, 5)
        memory = part.settle(now.student, now.lessons, now, stream(0, "retain")).memory
        for block in part.rehearse(now.lessons, now._replace(memory=memory), stream(1, "retain")):
            if CanCompose in part.needs:  # in the student's own words
                assert block.kind is Itself and not block.cost.any()
                assert set(block.about.examples().texts()) <= {"left", "right", "both"}
                continue
            assert set(block.about.numbers.tolist()) <= {0, 2, 3, 5} and not block.cost.any()
            assert (block.given["label"] == CODES[block.about.numbers]).all()

    @pytest.mark.parametrize(("maker", "pool"), SUBJECTS, ids=["network", "language model"])
    def test_episodes_in_a_row(self, name: str, maker: Any, pool: Any) -> None:
        """A life of three episodes ends with a student that answers, and the same luck leads to the same one."""
        part = build(ROOM, name)
        if not part.needs <= maker.can:
            assert pool is SAYINGS or CanCompose in part.needs, "the small network suits every retention but one"
            return
        one, two = (lived(part, maker, pool)[-1][0] for _ in range(2))
        assert one.fingerprint == two.fingerprint
        assert np.isfinite(one.probs(pool)).all()

    @pytest.mark.parametrize(("maker", "pool"), SUBJECTS, ids=["network", "language model"])
    def test_a_slope_that_is_added_is_that_of_the_penalty(self, name: str, maker: Any, pool: Any) -> None:
        """On top of the gradient that is there already, for open parameters alone."""
        part = build(ROOM, name)
        student, pull = lived(part, maker, pool)[-1] if part.needs <= maker.can else (None, None)
        if not isinstance(pull, Sloped):
            assert name not in {"ewc", "mas", "l2_start", "consolidation"} or pool is SAYINGS
            return
        module = student.module.requires_grad_(True)
        shut, *free = module.parameters()
        shut.requires_grad_(False)
        luck = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for weight in module.parameters():
                weight.add_(torch.randn(weight.shape, generator=luck))
        slopes = torch.autograd.grad(pull(module), free)
        free[0].grad = torch.ones_like(free[0])
        pull.add_slope(module)
        assert shut.grad is None and any(bool(slope.any()) for slope in slopes)
        for weight, slope, there in zip(free, slopes, (1.0, *[0.0] * len(free)), strict=False):
            torch.testing.assert_close(weight.grad, slope + there, rtol=1e-5, atol=1e-5)

    def test_a_penalty_that_reads_lessons_says_what_it_costs(self, name: str) -> None:
        part = build(ROOM, name)
        shown, pull = lived(part, *SUBJECTS[CanCompose in part.needs])[-1]
        counted = Counted(shown.module)
        if pull is not None:
            pull(counted)
        assert (counted.count > 0) == (getattr(part, "extra_passes", 0.0) > 0)
