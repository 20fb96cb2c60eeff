"""The gradient loop below its settings: several processes, luck inside a module, layers that are frozen whole."""

import os
import socket
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.multiprocessing

from tutelage.core.data import Rows, labelled
from tutelage.core.descent import Batch, Group, Opened
from tutelage.core.errors import ContractBroken, TutelageError
from tutelage.core.rng import stream
from tutelage.core.stages import Stage
from tutelage.kit import processes
from tutelage.kit.descent import Turn, descended, steady
from tutelage.learn.gradient import Gradient
from tutelage.student.vector.mlp import Mlp
from tutelage.toys import vector_pool, view


def learned() -> np.ndarray:
    """(37, 3) probabilities after 15 updates with weights, a penalty and clipping; the last batch is a small one."""
    pool = vector_pool(np.random.default_rng(0).normal(size=(37, 3)), ("a", "b", "c"))
    block = labelled(Rows(pool, np.arange(37)), np.arange(37) % 3, "oracle")
    block.weight[:9] = 2.5
    now = view(pool=pool, student=Mlp(hidden=(6,)).begin(pool, stream(0, "student")))
    penalty = lambda module: 0.1 * (module.head.weight**2).sum()
    how = Gradient(lr=0.02, batch=8, passes=3, clip=1.0)
    return how.learn((Stage((block,)),), penalty, now, stream(0, "learn")).student.probs(pool)


def one_of(rank: int, count: int, port: int, out: str) -> None:
    """The life of one process, told where it stands as a launcher does."""
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1",
                   "MASTER_PORT": str(port), "ACCELERATE_USE_CPU": "true"}  # fmt: skip
    probs = learned()
    assert torch.distributed.get_world_size() == count
    np.save(f"{out}/{rank}.npy", probs)
    torch.distributed.destroy_process_group()


@pytest.mark.slow
def test_two_processes_learn_what_one_learns(tmp_path: Path) -> None:
    """Each takes its share of every batch; sums are taken in another order, hence 1e-5."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    torch.multiprocessing.spawn(one_of, (2, port, str(tmp_path)), nprocs=2)
    both = [np.load(tmp_path / f"{rank}.npy") for rank in (0, 1)]
    assert (both[0] == both[1]).all()
    np.testing.assert_allclose(both[0], learned(), atol=1e-5)


class Drops(torch.nn.Module):
    """A frozen trunk with dropout and running statistics under a head with a dropout of its own."""

    def __init__(self) -> None:
        super().__init__()
        with steady(np.random.default_rng(0)):  # layers draw their first weights
            self.trunk = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Dropout(0.5))
            self.head = torch.nn.Sequential(torch.nn.Dropout(0.5), torch.nn.Linear(4, 2))


class Watches:
    """An objective that notes what the layers do."""

    couples = False

    def __init__(self) -> None:
        self.seen: list[list[float]] = []

    def losses(self, module: Drops, batch: Batch, rng: np.random.Generator) -> torch.Tensor:
        assert not any(layer.training for layer in module.trunk.modules())
        assert all(layer.training for layer in module.head.modules())
        scores = module.head(module.trunk(batch.inputs))
        self.seen.append(scores.flatten().tolist())
        return scores.sum(dim=1)


def descend(opened: Opened, watches: Watches, seed: int = 0) -> object:
    x = torch.arange(12, dtype=torch.float32).reshape(4, 3)
    batch = Batch(object, x, {}, torch.ones(4))  # type: ignore[arg-type]
    with steady(stream(seed, "learn")):
        return descended(opened, watches, [Turn(batch, 4.0, True)] * 3, 3, Gradient(), stream(0, "learn"))


HEAD = (Group(("head.1.weight", "head.1.bias")),)


def test_frozen_layers_answer_as_in_use_and_dropout_draws_from_the_luck_given() -> None:
    seen = []
    for seed in (0, 0, 1):
        watches, module = Watches(), Drops()
        statistics = module.trunk[1].running_mean.clone()
        descend(Opened(module, HEAD), watches, seed)
        assert (module.trunk[1].running_mean == statistics).all() and not module.training
        seen.append(watches.seen)
    assert seen[0] == seen[1] != seen[2]


def test_groups_that_do_not_fit_are_told() -> None:
    for groups, wrong in ((HEAD * 2, "head.1.bias, head.1.weight"), ((Group(("tail",)),), "tail")):
        with pytest.raises(ContractBroken, match=f"only those there are; not {wrong}"):
            descend(Opened(Drops(), groups), Watches())


def test_a_group_has_a_rate_and_a_decay_of_its_own() -> None:
    """At scale 0 nothing moves, decay included; at the other group's scale all does."""
    module = Drops()
    before = {name: weight.detach().clone() for name, weight in module.named_parameters()}
    groups = (Group(("head.1.weight",), lr_scale=0.0, decay=0.9), Group(("head.1.bias",), decay=0.0))
    descend(Opened(module, groups), Watches())
    assert [name for name, weight in module.named_parameters() if not torch.equal(weight, before[name])] == [
        "head.1.bias"
    ]


def words(rank: int, count: int, port: int, out: str) -> None:
    """What the main process says, what it fails at, and where the others differ."""
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1",
                   "MASTER_PORT": str(port), "ACCELERATE_USE_CPU": "true"}  # fmt: skip
    assert processes.once(lambda: rank + 40) == 40
    with pytest.raises(ZeroDivisionError if rank == 0 else TutelageError):
        processes.once(lambda: 1 // 0)
    processes.agreed("same", "lessons")
    with pytest.raises(TutelageError, match="do not hold the same lessons"):
        processes.agreed(str(rank), "lessons")
    if rank == 0:
        Path(out, "said").write_text("all of it", encoding="utf-8")
    processes.ended()


@pytest.mark.slow
def test_the_main_process_has_the_word(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    torch.multiprocessing.spawn(words, (2, port, str(tmp_path)), nprocs=2)
    assert (tmp_path / "said").exists()
