"""The command line in two processes that were launched together: one record, and the numbers of one process."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("accelerate")

RECIPE = """
data: {use: digits}
student: {use: vector.mlp, hidden: [16]}
choose: {use: margin}
learn: {use: gradient, passes: 4, batch: 5, lr: 0.005, accumulate: 2}
rounds: 2
per_round: 11
assess: [{use: accuracy}]
budget: {labels: 22}
seeds: 1
"""


def ran(folder: Path, name: str, *launcher: str) -> subprocess.CompletedProcess[str]:
    """One command line, its output and its exit code. Eleven lessons in fives: the last batch has one, for two."""
    line = [sys.executable, *launcher, "-m", "tutelage", "run", "recipe.yaml", "--set", "control=none", "--name", name,
            "--runs", "runs"]  # fmt: skip
    return subprocess.run(line, cwd=folder, capture_output=True, text=True, timeout=240, check=False,
                          env=os.environ | {"ACCELERATE_USE_CPU": "true"})  # fmt: skip


TORCHRUN = ("torch.distributed.run", "--nproc_per_node", "2", "--master_port")
SHARED_OUT = ("accelerate.commands.launch", "--use_fsdp", "--fsdp_version", "2", "--num_processes", "2",
              "--mixed_precision", "no", "--main_process_port")  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("launcher", [TORCHRUN, SHARED_OUT], ids=["weights whole", "weights shared out"])
def test_two_processes_write_the_record_of_one(tmp_path: Path, launcher: tuple[str, ...]) -> None:
    (tmp_path / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    both = ran(tmp_path, "both", "-m", *launcher, port)
    assert both.returncode == 0, both.stderr[-3000:]
    assert both.stdout.count("final accuracy") == 1 and "report: " in both.stdout
    one = ran(tmp_path, "one", *())
    assert one.returncode == 0, one.stderr
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["both", "one"]
    places = [tmp_path / "runs" / name / "arms" / "recipe" / "0" for name in ("one", "both")]
    for number in (1, 2):
        mine, other = (np.load(place / "rounds" / f"000{number}-0.npz") for place in places)
        assert (mine["chosen"] == other["chosen"]).all() and (mine["accuracy.items"] == other["accuracy.items"]).all()
    told = [
        [json.loads(line) for line in (place / "events.jsonl").read_text(encoding="utf-8").splitlines()]
        for place in places
    ]
    assert [line["event"] for line in told[0]] == [line["event"] for line in told[1]]
    losses = [[line["facts"]["loss"] for line in lines if line["event"] == "round"] for lines in told]
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-6)
    assert losses[0] != losses[1], (
        "sums were shared out, so they are rounded otherwise; equal ones mean that nobody helped"
    )
