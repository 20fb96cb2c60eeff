"""A call of learning that was stopped goes on where it was: after any update, and after SIGKILL in a real process."""

import dataclasses
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from tutelage.core.data import Rows, labelled
from tutelage.core.descent import Batch, Group, Opened
from tutelage.core.rng import stream
from tutelage.core.stages import Stage
from tutelage.kit import kept
from tutelage.kit.descent import Turn, descended, steady
from tutelage.kit.kept import Keeper, Kept
from tutelage.learn.gradient import Gradient
from tutelage.recipe.read import read_text
from tutelage.runs.record import Record
from tutelage.student.vector.mlp import Mlp
from tutelage.study.run import go_on, prepare, start
from tutelage.toys import CODES, POOL, view

UPDATES = 7


class Stopped(Exception):
    """The power went off."""


@contextmanager
def often(stop: int | None = None) -> Iterator[list[int]]:
    """Keep after every update; stop after some copy. Lists the updates that were kept."""
    before, done = (kept.EVERY, kept.SHARE, Keeper.keep), []

    def keep(self: Keeper, now: Kept) -> None:
        before[2](self, now)
        done.append(now.done)
        if now.done == stop:
            raise Stopped

    kept.EVERY, kept.SHARE, Keeper.keep = 0.0, float("inf"), keep
    try:
        yield done
    finally:
        kept.EVERY, kept.SHARE, Keeper.keep = before


class Wavers(torch.nn.Module):
    """Running statistics and dropout, both of which have to go on where they were."""

    def __init__(self) -> None:
        super().__init__()
        with steady(np.random.default_rng(0)):
            self.trunk = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Dropout(0.5))
            self.head = torch.nn.Linear(4, 2)


class Draws:
    """A loss with luck of numpy in it, some of it from children."""

    couples = False

    def losses(self, module: Wavers, batch: Batch, rng: np.random.Generator) -> torch.Tensor:
        shift = rng.normal() + rng.spawn(1)[0].normal()
        return ((module.head(module.trunk(batch.inputs)) - shift) ** 2).sum(dim=1)


def descend(folder: Path, how: Gradient) -> list[np.ndarray]:
    """Everything that a call changes, from the same beginning; on from what `folder` holds."""
    x = torch.arange(36, dtype=torch.float32).reshape(12, 3).sin()
    module, rng = Wavers(), stream(3, "learn")
    opened = Opened(module, (Group(tuple(name for name, _ in module.named_parameters())),))
    keeper = Keeper(folder / "kept.safetensors", lambda: "this call")
    found = keeper.found()
    done = 0 if found is None else found.done
    rows = [np.arange(12).reshape(3, 4)[number % 3] for number in range(UPDATES)]
    turns = [
        Turn(Batch(object, x[one], {}, torch.ones(4), progress=number / UPDATES), 4.0, number >= 4)  # type: ignore[arg-type]
        for number, one in enumerate(rows)
    ]
    with steady(stream(0, "torch")):
        end = descended(opened, Draws(), turns[done:], UPDATES, how, rng, keeper=keeper, kept=found)
    state = [value.numpy() for value in end.module.state_dict().values()]
    moments = [held[key] for held in end.state.values() for key in sorted(held)]
    return [*state, *moments, np.array(end.loss), rng.normal(size=2), rng.spawn(1)[0].normal(size=2)]


@settings(max_examples=12, deadline=None)
@given(some.integers(1, UPDATES), some.integers(1, UPDATES), some.sampled_from(["adamw", "sgd"]))
def test_stopped_after_any_update_twice_over(tmp_path_factory, first: int, second: int, optimiser: str) -> None:
    how = Gradient(optimiser=optimiser, lr=0.05, momentum=0.9, clip=1.0, schedule="cosine", accumulate=2)
    folder = tmp_path_factory.mktemp("kept")
    whole = descend(tmp_path_factory.mktemp("whole"), how)
    for stop in sorted({first, second}):
        with often(stop), pytest.raises(Stopped):
            descend(folder, how)
    with often() as done:
        again = descend(folder, how)
    assert done == list(range(max(first, second) + 1, UPDATES + 1))
    assert all(np.array_equal(one, other) for one, other in zip(whole, again, strict=True))


class Leaves:
    """Leaves out lessons that the module is sure of by now, which it is not when it begins."""

    accepts, needs, couples, skipping = frozenset(), frozenset(), False, True

    def prepare(self, lessons, view):
        return {}

    def losses(self, module, batch, rng):
        return torch.nn.functional.cross_entropy(module.scores(batch), batch.given["label"].long(), reduction="none")

    def skips(self, module, batch):
        return self.losses(module, batch, None) < 0.55


@pytest.mark.parametrize("skipping", [False, True])
def test_a_learner_stopped_and_resumed(tmp_path: Path, skipping: bool, monkeypatch) -> None:
    """Weights, facts and memory are those of a call that was left alone, also where lessons were left out."""
    monkeypatch.setattr("tutelage.learn.gradient.settings", lambda how: how.lr)  # `Leaves` is no method
    student = Mlp(hidden=(5,)).begin(POOL, stream(0, "student"))
    lessons = (labelled(Rows(POOL, np.arange(6)), CODES, "oracle"),)
    how = Gradient(lr=0.05, batch=2, passes=6, **({"objective": Leaves()} if skipping else {}))

    def learned(folder: Path, **other):
        now = view(student=student, scratch=folder)
        return dataclasses.replace(how, **other).learn((Stage(lessons),), None, now, stream(0, "learn"))

    whole = learned(tmp_path / "whole")
    assert whole.facts["updates"] < 18 if skipping else whole.facts["updates"] == 18
    for stop in (1, 4, 5, 6):
        with often(stop), pytest.raises(Stopped):
            learned(tmp_path)
    with often() as done:
        again = learned(tmp_path)
    assert done[0] == 7 and again.student.fingerprint == whole.student.fingerprint and again.facts == whole.facts
    for name, held in whole.memory["optimiser"].items():
        assert all(np.array_equal(held[key], again.memory["optimiser"][name][key]) for key in held)
    with often() as done:
        learned(tmp_path, lr=0.06)
    assert done[0] == 1, "what another call has kept is not used"


def test_a_short_call_keeps_nothing(tmp_path: Path) -> None:
    descend(tmp_path, Gradient())
    assert not list(tmp_path.iterdir())


RECIPE = """
data: {use: digits}
student: {use: vector.mlp, hidden: [32]}
learn: {use: gradient, passes: 40, batch: 4, lr: 0.002}
rounds: 2
per_round: 40
assess: [{use: accuracy}]
budget: {labels: 90}
seeds: 1
"""


def live(folder: str) -> None:
    """One life of a run that keeps its state after every update."""
    os.setsid()
    sys.stderr = open(os.devnull, "w")
    with often():
        go_on(Record(Path(folder)), 0)


@pytest.mark.slow
def test_killed_in_the_middle_of_a_round(tmp_path: Path) -> None:
    """SIGKILL as soon as a life has got farther: every life goes on from the last, and the digest is the same."""
    prepared = prepare(read_text(RECIPE, "digits.yaml", ("control=none",)))
    whole = start(prepared, tmp_path / "runs", name="whole")
    go_on(whole, 0)
    record = start(prepared, tmp_path / "runs", name="killed")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([name for name in sys.modules if name.startswith("tutelage.")])
    file = record.states()[0].folder / "scratch" / "learning-0.safetensors"
    reached = []
    while len(reached) < 3:
        life = context.Process(target=live, args=(str(record.folder),))
        life.start()
        before = reached[-1] if reached else 0
        until = time.monotonic() + 60
        while standing(file) <= before + 5 and life.is_alive() and time.monotonic() < until:
            time.sleep(0.002)
        os.killpg(life.pid, signal.SIGKILL)
        life.join()
        reached.append(standing(file))
    assert 0 < reached[0] < reached[1] < reached[2], "each life has gone on from where the last one was"
    with often() as done:
        go_on(record, 0)
    assert done[0] == reached[2] + 1 and record.digest() == whole.digest() != ""


def standing(file: Path) -> int:
    """How many updates of the first round are done by what the file says; it is put in place whole or not at all."""
    if not file.is_file():
        return 0
    import json

    from safetensors import safe_open

    with safe_open(file, framework="pt") as held:
        return int(json.loads(held.metadata()["told"])["done"])
