"""lora: by hand in one layer, and the model's own weights that `also` opens beside the small matrices."""

from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from tutelage.adapter.lora import Lora
from tutelage.core.data import Block, Rows, Table, Text
from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.core.stages import Stage
from tutelage.learn.gradient import Gradient
from tutelage.student.text.tiny import Tiny
from tutelage.toys import view

POOL = Table.of("sayings", {"text": ["one a", "two b"]}).pool()
BEGUN = Tiny(hidden=16, layers=2, heads=2, window=32).begin(POOL, stream(0, "student"))
GIVEN = {"text": np.array(["red", "blue"], dtype=object)}
LESSONS = (Block(Rows(POOL, np.arange(2)), None, Text, GIVEN, "file", np.zeros(2), np.ones(2)),)
UPPER = Lora(r=2, also=("layers[.]1[.]mlp", "model[.]norm"))


def taught(adapter: Lora, student=BEGUN, memory=None):
    now = view(POOL, student=student)._replace(memory=memory or {})
    how = Gradient(passes=3, lr=1e-2, batch=0, adapter=adapter)
    return how.learn((Stage(LESSONS),), None, now, stream(0, "learn"))


def test_by_hand() -> None:
    """W x + (alpha / r) B A x with alpha 6, r 2."""
    module = taught(Lora(r=2, alpha=6)).student.module
    layer = module.model.model.layers[0].self_attn.q_proj
    x = torch.randn(3, 16, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        added = (x @ layer.lora_A["default"].weight.T) @ layer.lora_B["default"].weight.T
        torch.testing.assert_close(layer(x), x @ layer.base_layer.weight.T + 3 * added)


def test_also_opens_weights_of_the_model_itself() -> None:
    arrays = taught(UPPER).student.state.arrays
    own = {name for name in arrays if ".lora_" not in name}
    assert own == {f"model.model.layers.1.mlp.{part}_proj.weight" for part in ("gate", "up", "down")} | {
        "model.model.norm.weight"
    }
    assert {name for name in arrays if ".lora_" in name} == set(taught(Lora(r=2)).student.state.arrays)
    around = taught(Lora(r=2, also=("layers[.]1[.]self_attn[.]q_proj",))).student.state.arrays
    assert "model.model.layers.1.self_attn.q_proj.base_layer.weight" in around, "by the name it had before"


def test_it_is_saved_and_goes_on_with_all_that_moved(tmp_path: Path) -> None:
    first = taught(UPPER)
    first.student.save(tmp_path / "s")
    back = BEGUN.maker.load(tmp_path / "s")
    assert back.fingerprint == first.student.fingerprint
    one, two = (taught(UPPER, student, first.memory).student for student in (first.student, back))
    assert one.fingerprint == two.fingerprint != first.student.fingerprint


def test_what_also_cannot_be() -> None:
    with pytest.raises(Refused, match="no parameter has 'layers.7' in its name"):
        taught(Lora(also=("layers.7",)))
    with pytest.raises(ValidationError, match="is no regular expression"):
        Lora(also=("layers[",))
    with pytest.raises(Refused, match="no other library has a file for both"):
        taught(UPPER).student.export(Path("nowhere-that-is-written"))
