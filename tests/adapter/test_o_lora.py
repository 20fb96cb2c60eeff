"""O-LoRA: the penalty by hand, old matrices that stay to the last bit, episodes of several rounds, files, and limits."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tutelage.adapter.lora import Lora
from tutelage.adapter.o_lora import OLora
from tutelage.core.data import Block, Rows, Table, Text
from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.core.stages import Stage
from tutelage.kit.grafts import ROW
from tutelage.kit.lora_row import layers, overlap, placed
from tutelage.kit.privacy import Privacy
from tutelage.learn.gradient import Gradient
from tutelage.student.text.tiny import Tiny
from tutelage.toys import view

POOL = Table.of("sayings", {"text": ["one a", "two b", "three c", "four d"]}).pool()
BEGUN = Tiny(hidden=16, layers=2, heads=2, window=32).begin(POOL, stream(0, "student"))
SAID = (["red", "blue", "green", "grey"], ["cat", "dog", "hen", "owl"], ["yes", "no", "so", "oh"])
ASKED = POOL.texts()


def lessons(episode: int):
    given = {"text": np.array(SAID[episode], dtype=object)}
    return (Block(Rows(POOL, np.arange(4)), None, Text, given, "file", np.zeros(4), np.ones(4)),)


def lived(adapter, episodes, passes: float = 4.0, student=BEGUN, lr: float = 1e-2):
    """Each episode learned from the last student with the optimiser's memory, as the loop does."""
    memory, found = {}, []
    for number, episode in enumerate(episodes):
        now = view(POOL, student=student)._replace(memory=memory)
        how = Gradient(passes=passes, lr=lr, batch=2, adapter=adapter)
        done = how.learn((Stage(lessons(episode)),), None, now, stream(number, "learn"))
        student, memory = done.student, done.memory
        found.append(done)
    return found


def matrices(student, episode: int) -> dict[str, bytes]:
    return {name: one.tobytes() for name, one in student.state.arrays.items() if f".episode_{episode}." in name}


def test_the_penalty_by_hand() -> None:
    """Rows (1, 0, ..) and (1, 1, 0, ..) against a last row (2, 1, 0, ..): 2^2 + 3^2 = 13 in each layer; orthogonal: 0."""
    module = lived(OLora(r=1, penalty=0), [0, 1, 2], passes=0.5)[-1].student.module
    found = layers(module.model)
    rows = {"episode_1": [1.0, 0.0, 0.0], "episode_2": [1.0, 1.0, 0.0], "episode_3": [2.0, 1.0, 0.0]}
    for layer in found:
        for name, row in rows.items():
            layer.lora_A[name].weight.data = torch.tensor([row + [0.0] * 13])
    assert float(overlap(module.model)) == 13 * len(found) and len(found) == 4
    for layer in found:
        layer.lora_A["episode_3"].weight.data = torch.tensor([[0.0, 0.0, 5.0] + [0.0] * 13])
    assert float(overlap(module.model)) == 0
    layer.lora_A["episode_3"].weight.data[0, 0] = 1e-2
    assert float(overlap(module.model)) == pytest.approx(2e-4), (
        "0 only where every row is orthogonal to every earlier one"
    )


def test_the_penalty_moves_the_last_matrices_alone_and_towards_a_right_angle() -> None:
    plain, held = (lived(OLora(r=2, penalty=strength), [0, 1], passes=20)[-1].student for strength in (0.0, 5.0))
    left, right = (float(overlap(student.module.model).detach()) for student in (plain, held))
    assert right < left / 20
    opened = OLora(r=2, penalty=0.5).open(held.module, stream(0, "o"))
    opened.module.requires_grad_(True)
    opened.penalty(opened.module).backward()
    moved = {
        name for name, one in opened.module.named_parameters() if one.grad is not None and one.grad.abs().sum() > 0
    }
    assert moved and all(".lora_A.episode_3." in name for name in moved) and moved < set(opened.groups[0].names)


def test_old_matrices_are_the_same_to_the_last_bit() -> None:
    first, second, third = (one.student for one in lived(OLora(r=2), [0, 1, 2]))
    assert len(matrices(first, 1)) == 8 and matrices(first, 1) == matrices(second, 1) == matrices(third, 1)
    assert len(matrices(second, 2)) == 8 and matrices(second, 2) == matrices(third, 2) != {}
    assert set(third.state.arrays) == {name for number in (1, 2, 3) for name in matrices(third, number)}, "nor the base"


def test_insertion_leaves_every_answer() -> None:
    student = lived(OLora(r=2), [0])[-1].student
    ids = torch.arange(3, 11)[None]
    with torch.no_grad():
        before = student.module.logits(ids)
        opened = OLora(r=2).open(student.module, stream(0, "o"))
        assert torch.equal(opened.module.logits(ids), before) and placed(opened.module.model) == 2
    assert {name.split(".")[-2] for name in opened.groups[0].names} == {"episode_2"}


def test_all_episodes_answer_together() -> None:
    """By hand in one layer: W x + s (B_1 A_1 + B_2 A_2) x."""
    layer = layers(lived(OLora(r=2, alpha=6), [0, 1])[-1].student.module.model)[0]
    x = torch.randn(5, 16, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        wanted = x @ layer.base_layer.weight.T
        for name in ("episode_1", "episode_2"):
            wanted = wanted + 3 * (x @ layer.lora_A[name].weight.T) @ layer.lora_B[name].weight.T
        torch.testing.assert_close(layer(x), wanted)


def test_a_first_episode_is_lora() -> None:
    one, other = (lived(adapter, [0])[-1] for adapter in (OLora(r=2), Lora(r=2)))
    assert one.facts["loss"] == other.facts["loss"]
    mine = {name.replace("episode_1", "default"): array for name, array in one.student.state.arrays.items()}
    assert mine.keys() == other.student.state.arrays.keys()
    assert all(np.array_equal(array, other.student.state.arrays[name]) for name, array in mine.items())


def test_an_episode_may_be_several_rounds() -> None:
    """Four rounds, two an episode: the second goes on with the moments of the first, the third begins anew."""
    done = lived(OLora(r=2, rounds=2), [0, 0, 1, 1])
    assert [placed(one.student.module.model) for one in done] == [1, 1, 2, 2]
    assert matrices(done[0].student, 1) != matrices(done[1].student, 1) == matrices(done[3].student, 1)
    steps = [{float(held["step"]) for held in one.memory["optimiser"].values()} for one in done]
    assert steps == [{8.0}, {16.0}, {8.0}, {16.0}]
    assert getattr(done[3].student.module.model, ROW) == 4


def test_saved_and_loaded_it_goes_on_alike(tmp_path: Path) -> None:
    whole = lived(OLora(r=2), [0, 1, 2])
    whole[1].student.save(tmp_path / "s")
    back = BEGUN.maker.load(tmp_path / "s")
    assert back.fingerprint == whole[1].student.fingerprint
    assert (back.logprob(ASKED, SAID[1]) == whole[1].student.logprob(ASKED, SAID[1])).all()
    now = view(POOL, student=back)._replace(memory=whole[1].memory)
    how = Gradient(passes=4, lr=1e-2, batch=2, adapter=OLora(r=2))
    third = how.learn((Stage(lessons(2)),), None, now, stream(2, "learn")).student
    assert third.fingerprint == whole[2].student.fingerprint


def test_files_for_peft_are_one_adapter_of_the_summed_rank(tmp_path: Path) -> None:
    """The export compares itself what peft makes of it with the student, so that it ends is the test."""
    import json

    student = lived(OLora(r=2, alpha=6), [0, 1, 2])[-1].student
    student.export(tmp_path / "out")
    told = json.loads((tmp_path / "out" / "adapter_config.json").read_text())
    assert (told["r"], told["lora_alpha"]) == (6, 18)


def test_what_does_not_go_together_is_refused() -> None:
    student = lived(OLora(r=2), [0])[-1].student
    with pytest.raises(Refused, match=r"carries low-rank layers of \(r, alpha, sqrt\) \[2, 16"):
        lived(OLora(r=3), [1], student=student)
    with pytest.raises(Refused, match="carries another adapter already"):
        lived(Lora(r=2), [1], student=student)
    with pytest.raises(Refused, match="belong to no episode"):
        lived(OLora(r=2), [1], student=lived(Lora(r=2), [0])[-1].student)
    with pytest.raises(Refused, match="opened 2 times for 2 episodes, which are not 2 each"):
        lived(OLora(r=2, rounds=2), [1], student=lived(OLora(r=2), [0, 1])[-1].student)
    with pytest.raises(Refused, match="linear layers here: .*q_proj"):
        lived(OLora(targets=("qproj",)), [0])
    private = Gradient(adapter=OLora(r=2), privacy=Privacy(epsilon=8, delta=1e-5))
    with pytest.raises(Refused, match="private learning adds no penalty, and o_lora asks for one"):
        private.learn((Stage(lessons(1)),), None, view(POOL, student=student), stream(1, "learn"))
