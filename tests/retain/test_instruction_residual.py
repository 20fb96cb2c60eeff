"""instruction_residual: what is added by hand, an empty run gives the instructed student, orthogonal data lose nothing."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from tutelage.core.data import Rows, Table, labelled
from tutelage.core.errors import ContractBroken
from tutelage.core.parts import build
from tutelage.core.pupil import Pupil
from tutelage.core.rng import stream
from tutelage.core.stages import Stage
from tutelage.kit.weights import Weights, weights_of
from tutelage.learn.gradient import Gradient
from tutelage.retain.instruction_residual import InstructionResidual
from tutelage.retain.nothing import Nothing
from tutelage.student.text.tiny import Tiny
from tutelage.student.vector.mlp import Mlp
from tutelage.toys import vector_pool, view

# rows 0 and 1 lie on the first axis, rows 2 and 3 on the second: what is learned of one pair is nothing to the other
POOL = vector_pool([[-1, 0], [1, 0], [0, -1], [0, 1]])
MAKER = Mlp(hidden=(), standardise=False)
BASE = MAKER.begin(POOL, stream(0, "student"))


def learned(rows: list[int], student: object = BASE, maker_pool: object = POOL, lr: float = 0.05) -> object:
    new = (labelled(Rows(maker_pool, np.array(rows)), np.array(rows) % 2, "oracle"),)
    how = Gradient(optimiser="sgd", lr=lr, passes=30, batch=0)
    return how.learn((Stage(new),), None, view(pool=maker_pool, student=student), stream(0, "learn")).student


INSTRUCT, CONTINUED = learned([0, 1]), learned([2, 3])


def settled(student: object, **settings: object) -> object:
    part = InstructionResidual(instruct=Pupil(MAKER, student=INSTRUCT), **settings)
    now = view(student=student)._replace(first=BASE)
    return part.settle(BASE, (), now, stream(0, "retain"))


@pytest.mark.parametrize("scale", [0.25, 1.0, -1.0])
def test_by_hand(scale: float) -> None:
    """w + scale (w_instruct - w_base), number by number; what goes on is w."""
    made = settled(CONTINUED, scale=scale)
    assert made.student is CONTINUED
    now, one, two = weights_of(CONTINUED), weights_of(INSTRUCT), weights_of(BASE)
    for name, array in weights_of(made.shown).items():
        np.testing.assert_allclose(array, now[name] + scale * (one[name] - two[name]), rtol=1e-6)


def test_a_run_that_learns_nothing_shows_the_instructed_student() -> None:
    """base + (instruct - base), to the last bit, because it is added in double precision."""
    assert settled(BASE).shown.fingerprint == INSTRUCT.fingerprint


def test_data_in_orthogonal_directions_do_not_disturb_each_other() -> None:
    """Scores of a row that lies on one axis are those of the student that was taught that axis alone."""
    shown = settled(CONTINUED).shown
    np.testing.assert_allclose(shown.probs(POOL)[:2], INSTRUCT.probs(POOL)[:2], atol=1e-6)
    np.testing.assert_allclose(shown.probs(POOL)[2:], CONTINUED.probs(POOL)[2:], atol=1e-6)
    assert np.abs(CONTINUED.probs(POOL)[:2] - 0.5).max() < 1e-6, "without the difference the instruction is not there"


def test_neutral_limits() -> None:
    plain = Nothing().settle(BASE, (), view(student=CONTINUED), stream(0, "retain"))
    assert settled(CONTINUED, scale=0) == plain
    assert InstructionResidual().settle(BASE, (), view(student=CONTINUED), stream(0, "retain")) == plain


def test_another_base() -> None:
    base = Pupil(MAKER, student=learned([0], lr=0.01))
    made = weights_of(settled(CONTINUED, base=base).shown)["head.weight"]
    of = [weights_of(one)["head.weight"] for one in (CONTINUED, INSTRUCT, base.student)]
    np.testing.assert_allclose(made, of[0] + of[1] - of[2], atol=1e-6)


def test_tied_weights_of_a_language_model_are_added_once() -> None:
    pool = Table.of("said", {"text": ["one", "two", "three", "four"]}, ("a", "b")).pool()
    maker = Tiny(hidden=16, layers=1, heads=2, window=32)
    base = maker.begin(pool, stream(0, "student"))
    instruct, continued = (learned(rows, base, pool) for rows in ([0, 1], [2, 3]))
    part = InstructionResidual(instruct=Pupil(maker, student=instruct))
    now = view(pool=pool, student=base)._replace(first=base)
    assert part.settle(base, (), now, stream(0, "r")).shown.fingerprint == instruct.fingerprint
    shown = part.settle(base, (), now._replace(student=continued), stream(0, "r")).shown
    of = [weights_of(one) for one in (shown, continued, instruct, base)]
    for name in of[0]:
        np.testing.assert_allclose(of[0][name], of[1][name] + of[2][name] - of[3][name], atol=1e-6)


def test_unlike_weights_are_told() -> None:
    other = Pupil(Mlp(hidden=(4,)), student=Mlp(hidden=(4,)).begin(POOL, stream(0, "student")))
    part = InstructionResidual(instruct=other)
    with pytest.raises(ContractBroken, match=r"retain\.instruct has other weights"):
        part.settle(BASE, (), view(student=CONTINUED)._replace(first=BASE), stream(0, "r"))


def residual(student: object, instruct: object, base: object, maker: object = MAKER, **settings: object) -> object:
    part = InstructionResidual(instruct=Pupil(maker, student=instruct), **settings)
    return part.settle(base, (), view(student=student)._replace(first=base), stream(0, "retain")).shown


def changed(student: object, change: dict[str, np.ndarray]) -> object:
    """The student with other numbers in some of its weights."""
    module = student.module
    for name, weight in module.named_parameters():
        if name in change:
            weight.data = torch.tensor(change[name], dtype=weight.dtype)
    return student.with_module(module)


def test_added_and_taken_away_again_is_the_student() -> None:
    """Apply at 1, then at -1: w to the last bit where the sum is exact, here with weights in eighths."""
    base, one, now = (changed(BASE, {"head.weight": np.array(rows) / 8, "head.bias": np.zeros(2)}) for rows in
                      ([[1, -2], [3, 4]], [[5, 0], [-7, 2]], [[-3, 9], [1, 1]]))  # fmt: skip
    there = residual(now, one, base)
    back = residual(there, one, base, scale=-1.0)
    assert back.fingerprint == now.fingerprint != there.fingerprint


def least(w: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Where gradient descent on |x w - y|^2 from w ends: the solution that is nearest to w."""
    return w + np.linalg.pinv(x) @ (y - x @ w)


@pytest.mark.parametrize("angle", [90.0, 60.0, 20.0])
def test_a_linear_model_of_squared_loss_in_closed_form(angle: float) -> None:
    """Domain along (1, 0), instruction along (cos a, sin a). Route B misses the domain by cos a of what instruction
    moved, and instruction by cos a of what the domain moved: nothing at right angles, where it is the joint optimum.
    """
    turn = np.deg2rad(angle)
    domain, asked = np.array([[1.0, 0.0]]), np.array([[np.cos(turn), np.sin(turn)]])
    start, targets = np.array([[0.25], [-0.5]]), (np.array([[2.0]]), np.array([[-1.0]]))
    w_d, w_i = least(start, domain, targets[0]), least(start, asked, targets[1])
    students = [changed(BASE, {"head.weight": np.repeat(w.T, 2, axis=0)}) for w in (w_d, w_i, start)]
    shown = weights_of(residual(*students))["head.weight"][:1].T.astype(float)
    moved_d, moved_i = targets[0] - domain @ start, targets[1] - asked @ start
    np.testing.assert_allclose(domain @ shown - targets[0], np.cos(turn) * moved_i, atol=1e-6)
    np.testing.assert_allclose(asked @ shown - targets[1], np.cos(turn) * moved_d, atol=1e-6)
    if angle == 90.0:
        joint = least(start, np.concatenate([domain, asked]), np.concatenate(targets))
        np.testing.assert_allclose(shown, joint, atol=1e-6)


TEXTS = Table.of("said", {"text": ["one two", "three", "two", "four one"]}, ("a", "b")).pool()
TINY = Tiny(hidden=16, layers=2, heads=2, window=32)


def tiny(rows: list[int], student: object, adapter: str = "full") -> object:
    new = (labelled(Rows(TEXTS, np.array(rows)), np.array(rows) % 2, "oracle"),)
    how = Gradient(lr=0.01, passes=5, batch=0, adapter=build("adapter", adapter))
    return how.learn((Stage(new),), None, view(pool=TEXTS, student=student), stream(0, "learn")).student


def test_low_rank_layers_are_added_as_what_they_are_beside_their_layers() -> None:
    """Added densely to the base the adapter answers as it does attached; the base of a full student as by hand."""
    base = TINY.begin(TEXTS, stream(0, "student"))
    lora, now = tiny([0, 1], base, "lora"), tiny([2, 3], base)
    assert any(".lora_" in name for name, _ in lora.module.named_parameters())
    dense = residual(base, lora, base, TINY)
    assert not any(".lora_" in name for name, _ in dense.module.named_parameters())
    np.testing.assert_allclose(dense.probs(TEXTS), lora.probs(TEXTS), atol=1e-6)
    assert np.abs(base.probs(TEXTS) - lora.probs(TEXTS)).max() > 1e-3
    shown, old, full = (weights_of(one) for one in (residual(now, lora, base, TINY), now, base))
    merged = Weights(lora, merged=True)
    assert merged.keys() == full.keys()
    moved = [name for name in full if np.abs(merged[name] - full[name]).max() > 0]
    assert moved and all(name.endswith(("q_proj.weight", "v_proj.weight")) for name in moved)
    for name in full:
        np.testing.assert_allclose(shown[name], old[name] + merged[name] - full[name], atol=1e-6)


def test_tied_weights_stay_tied_through_files_and_buffers_are_left(tmp_path: Path) -> None:
    base = TINY.begin(TEXTS, stream(0, "student"))
    made = residual(tiny([2, 3], base), tiny([0, 1], base), base, TINY)
    model = made.module.model
    assert model.get_input_embeddings().weight is model.get_output_embeddings().weight
    made.save(tmp_path)
    again = TINY.load(tmp_path)
    assert again.fingerprint == made.fingerprint
    assert np.array_equal(again.probs(TEXTS), made.probs(TEXTS))
    tables = [dict(one.module.named_buffers()) for one in (made, base)]
    assert tables[0] and all(torch.equal(tables[0][name], tables[1][name]) for name in tables[1])


def test_another_vocabulary_is_told() -> None:
    base = TINY.begin(TEXTS, stream(0, "student"))
    wide = Tiny(hidden=16, layers=2, heads=2, window=32, vocabulary=300)
    other = wide.begin(Table.of("more", {"text": ["abc abc abd abd"] * 9}, ("a", "b")).pool(), stream(0, "student"))
    with pytest.raises(ContractBroken, match="other weights than the student: model.*embed_tokens"):
        residual(base, other, base, TINY)


MEASURED = """
import torch
from pathlib import Path
from tutelage.kit.weights import combined

class Held:  # a student that is its module
    def __init__(self, value):
        self.module = torch.nn.ModuleList(torch.nn.Linear(2048, 1024, bias=False) for _ in range(12))
        for weight in self.module.parameters():
            weight.data.fill_(value)
    def with_module(self, module):
        return self
    def encode(self, lessons):
        return lessons

def memory(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(name))

now, one, two = Held(1.0), Held(5.0), Held(2.0)
Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here
before = memory("VmRSS")
combined(now, {"instruct": one, "base": two}, lambda now, instruct, base: now + instruct - base, merged=True)
print((memory("VmHWM") - before) / (4 * 2048 * 1024))
assert all((weight == 4.0).all() for weight in now.module.parameters())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process's memory is read from /proc")
def test_adding_takes_less_than_twice_the_largest_array() -> None:
    """Students of 12 arrays each; two arrays of one more, the new one counted, would be 2."""
    given_back = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "131072"}  # what is freed leaves the process at once
    told = subprocess.run([sys.executable, "-c", MEASURED], capture_output=True, text=True, check=True, env=given_back)
    assert float(told.stdout) < 2


def test_the_size_of_the_parts_makes_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    base = TINY.begin(TEXTS, stream(0, "student"))
    lora, now = tiny([0, 1], base, "lora"), tiny([2, 3], base)
    whole = residual(now, lora, base, TINY)
    monkeypatch.setattr("tutelage.kit.weights.AT_ONCE", 48)
    np.testing.assert_allclose(residual(now, lora, base, TINY).probs(TEXTS), whole.probs(TEXTS), atol=1e-7)
