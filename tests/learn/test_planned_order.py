"""A planned order is what is learned from: through batches, pieces of a batch and several processes, lesson by lesson."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")

SCRIPT = '''
"""Learn from 24 lessons as planned and write down which lessons each call of the objective was shown."""
import json, os, sys
from typing import ClassVar
import numpy as np
from tutelage.core.method import method
from tutelage.core.data import Rows, labelled
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.learn.gradient import Gradient
from tutelage.objective.cross_entropy import CrossEntropy
from tutelage.toys import vector_pool, view


SEEN = []


@method
class Told:
    """Cross entropy that writes down the first number of each example, which is the number of its row."""

    accepts: ClassVar[frozenset] = CrossEntropy.accepts
    needs: ClassVar[frozenset] = CrossEntropy.needs
    couples: ClassVar[bool] = False

    def prepare(self, lessons, view):
        return {}

    def losses(self, module, batch, rng):
        SEEN.append([int(x) for x in batch.inputs[:, 0].tolist()])
        return CrossEntropy().losses(module, batch, rng)


pool = vector_pool([[row, 1] for row in range(24)])
lessons = (labelled(Rows(pool, np.arange(24)), np.arange(24) % 2, "oracle"),)
student = build("student", {"use": "vector.mlp", "hidden": [], "standardise": False}).begin(pool, stream(0, "student"))
seen = view(pool=pool, student=student)
order = {"use": "interleaved", "by": {"use": "confidence"}, "levels": 3, "shuffle": True}
(stage,) = build("order", order).plan(lessons, seen, stream(0, "order"))
Gradient(objective=Told(), passes=2, batch=5, accumulate=int(sys.argv[1])).learn((stage,), None, seen, stream(0, "learn"))
rank = os.environ.get("RANK", "0")
with open(f"{sys.argv[2]}/{rank}.json", "w") as file:
    json.dump({"plan": stage.order.tolist(), "seen": SEEN}, file)
'''


def shown(folder: Path, pieces: int, processes: int = 1) -> tuple[list[int], list[list[list[int]]]]:
    """The plan, and of each process what every call was shown."""
    (folder / "learn.py").write_text(SCRIPT, encoding="utf-8")
    launch = []
    if processes > 1:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        launch = ["-m", "torch.distributed.run", "--nproc_per_node", str(processes), "--master_port", port]
    line = [sys.executable, *launch, "learn.py", str(pieces), str(folder)]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, timeout=240, check=False,
                          env=os.environ | {"ACCELERATE_USE_CPU": "true"})  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    told = [json.loads((folder / f"{rank}.json").read_text(encoding="utf-8")) for rank in range(processes)]
    assert all(one["plan"] == told[0]["plan"] for one in told)
    return told[0]["plan"], [one["seen"] for one in told]


def batches(plan: list[int], size: int = 5) -> list[list[int]]:
    """24 lessons in fives are 5, 5, 5, 5, 4; twice."""
    return [plan[at : at + size] for at in range(0, len(plan), size)] * 2


@pytest.mark.parametrize("pieces", [1, 2])
def test_batches_are_consecutive_items_of_the_plan(pieces: int, tmp_path: Path) -> None:
    """In two pieces a batch of five is shown as two and three, one of four as two and two, in the plan's order."""
    plan, (seen,) = shown(tmp_path, pieces)
    assert sorted(plan) == list(range(24)) and plan != sorted(plan)
    cut = [2, 2] if pieces == 2 else None
    wanted = [part for batch in batches(plan) for part in ([batch[: cut[0]], batch[cut[0] :]] if cut else [batch])]
    assert seen == wanted


@pytest.mark.slow
@pytest.mark.parametrize("pieces", [1, 2])
def test_two_processes_share_out_each_batch_of_the_plan(pieces: int, tmp_path: Path) -> None:
    """Of the batch 0 1 2 3 4 the first process is shown 0 2 4, the second 1 3; together they are the same batch."""
    plan, told = shown(tmp_path, pieces, processes=2)
    for rank, seen in enumerate(told):
        shares = [batch[rank::2] for batch in batches(plan)]
        assert sum(seen, []) == sum(shares, [])
        assert len(seen) == len(shares) * pieces
