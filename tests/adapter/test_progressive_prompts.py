"""Progressive prompts: which side the new one stands on, old ones to the last bit, episodes of several rounds, files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tutelage.adapter.full import Full
from tutelage.adapter.progressive_prompts import ProgressivePrompts
from tutelage.adapter.prompt import Prompt
from tutelage.core.data import Block, Rows, Table, Text
from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.core.stages import Stage
from tutelage.kit.soft_prompt import SoftPrompt, body
from tutelage.learn.gradient import Gradient
from tutelage.student.text.tiny import Tiny
from tutelage.toys import view

POOL = Table.of("sayings", {"text": ["one a", "two b", "three c", "four d"]}).pool()
BEGUN = Tiny(hidden=16, layers=2, heads=2, window=32).begin(POOL, stream(0, "student"))
SAID = (["red", "blue", "green", "grey"], ["cat", "dog", "hen", "owl"], ["yes", "no", "so", "oh"])
ASKED = POOL.texts()


def lessons(episode: int) -> tuple[Block, ...]:
    given = {"text": np.array(SAID[episode], dtype=object)}
    return (Block(Rows(POOL, np.arange(4)), None, Text, given, "file", np.zeros(4), np.ones(4)),)


def lived(adapter: Any, episodes: list[int], student: Any = BEGUN, **how: Any) -> list[Any]:
    """Each episode learned from the last student with the optimiser's memory, as the loop does."""
    memory: Any = {}
    found = []
    for number, episode in enumerate(episodes):
        now = view(POOL, student=student)._replace(memory=memory)
        learner = Gradient(**{"passes": 4, "lr": 0.1, "batch": 2, "adapter": adapter, **how})
        done = learner.learn((Stage(lessons(episode)),), None, now, stream(number, "learn"))
        student, memory = done.student, done.memory
        found.append(done)
    return found


def values(student: Any, episode: int) -> bytes:
    return bytes(student.state.arrays[f"before.episode_{episode}"].tobytes())


def logits(module: Any) -> Any:
    with torch.no_grad():
        return module.logits(torch.arange(3, 11)[None])


def test_the_newest_prompt_stands_first_and_the_oldest_before_the_text() -> None:
    """Against one pass over the embeddings P_3, P_2, P_1, x, put side by side by hand."""
    module = lived(ProgressivePrompts(length=2), [0, 1, 2])[-1].student.module
    ids = torch.arange(3, 11)[None]
    with torch.no_grad():
        rows = [module.get_parameter(f"before.episode_{number}") for number in (3, 2, 1)]
        inputs = torch.cat([*rows, module.model.get_input_embeddings()(ids)[0]])[None]
        assert inputs.shape == (1, 14, 16)
        states = body(module.model)(inputs_embeds=inputs, use_cache=False).last_hidden_state
        wanted = module.model.get_output_embeddings()(states)[:, 6:]
        torch.testing.assert_close(module.logits(ids), wanted, atol=1e-6, rtol=1e-5)
        torch.testing.assert_close(module.before.values, torch.cat(rows))
        other = torch.cat([*rows[::-1], module.model.get_input_embeddings()(ids)[0]])[None]
        states = body(module.model)(inputs_embeds=other, use_cache=False).last_hidden_state
        away = (module.model.get_output_embeddings()(states)[:, 6:] - wanted).abs().max()
        assert float(away) > 1e-4, "an untrained model tells the order from places alone, but it does"


def test_old_prompts_and_the_model_are_the_same_to_the_last_bit() -> None:
    """Weight decay would have moved whatever the optimiser holds."""
    done = lived(ProgressivePrompts(length=2), [0, 1, 2], weight_decay=0.1)
    first, second, third = (one.student for one in done)
    assert values(first, 1) == values(second, 1) == values(third, 1)
    assert values(second, 2) == values(third, 2) != values(third, 3)
    assert set(third.state.arrays) == {"before.episode_1", "before.episode_2", "before.episode_3"}, "nor the base"
    assert [set(one.memory["optimiser"]) for one in done] == [{f"before.episode_{number}"} for number in (1, 2, 3)]


def test_a_first_episode_is_prompt_tuning() -> None:
    one, other = (lived(adapter, [0])[-1] for adapter in (ProgressivePrompts(length=3), Prompt(length=3)))
    assert one.facts["loss"] == other.facts["loss"]
    assert values(one.student, 1) == other.student.state.arrays["before.values"].tobytes()
    assert (one.student.logprob(ASKED, SAID[1]) == other.student.logprob(ASKED, SAID[1])).all()


def test_all_calls_in_one_episode_are_prompt_tuning() -> None:
    """Three rounds, the moments of the optimiser going on from one to the next."""
    one, other = (
        lived(adapter, [0, 1, 2])[-1] for adapter in (ProgressivePrompts(length=3, rounds=3), Prompt(length=3))
    )
    assert values(one.student, 1) == other.student.state.arrays["before.values"].tobytes()
    assert one.facts["loss"] == other.facts["loss"]


def test_as_an_episode_begins_it_answers_as_with_one_prompt_of_all_vectors() -> None:
    """Twice as long, the new half first; not as before, since what is read first changes what is said."""
    student = lived(ProgressivePrompts(length=3), [0])[-1].student
    opened = ProgressivePrompts(length=3).open(student.module, stream(1, "o")).module
    new = Prompt(length=3).open(BEGUN.module, stream(1, "o")).module.before.values
    single = BEGUN.module
    single.before = SoftPrompt(torch.cat([new, student.module.before.values]).detach())
    assert torch.equal(logits(opened), logits(single)) and opened.before.length == 6
    assert not torch.allclose(logits(opened), logits(student.module), atol=1e-4)


def test_an_episode_may_be_several_rounds() -> None:
    """Four rounds, two an episode: the second goes on with the moments of the first, the third begins anew."""
    done = lived(ProgressivePrompts(length=2, rounds=2), [0, 0, 1, 1])
    assert [one.student.module.before.count for one in done] == [1, 1, 2, 2]
    assert values(done[0].student, 1) != values(done[1].student, 1) == values(done[3].student, 1)
    steps = [{float(held["step"]) for held in one.memory["optimiser"].values()} for one in done]
    assert steps == [{8.0}, {16.0}, {8.0}, {16.0}]


def test_each_episode_is_learned() -> None:
    """By its own prompt alone its replies get likelier than they were, in a model that can spell and stays as it is."""
    spells = lived(Full(), [0, 1], BEGUN, passes=60, lr=0.01)[-1].student
    done = lived(ProgressivePrompts(length=4), [0, 1], spells, passes=40, lr=0.3)
    before = [spells, done[0].student]
    for episode, (old, new) in enumerate(zip(before, (one.student for one in done), strict=True)):
        assert new.logprob(ASKED, SAID[episode]).sum() > old.logprob(ASKED, SAID[episode]).sum() + 1


def test_saved_and_loaded_it_goes_on_alike(tmp_path: Path) -> None:
    adapter = ProgressivePrompts(length=2, rounds=2)
    whole = lived(adapter, [0, 0, 1])
    whole[1].student.save(tmp_path / "s")
    back = BEGUN.maker.load(tmp_path / "s")
    assert back.fingerprint == whole[1].student.fingerprint != whole[0].student.fingerprint
    assert (back.logprob(ASKED, SAID[1]) == whole[1].student.logprob(ASKED, SAID[1])).all()
    now = view(POOL, student=back)._replace(memory=whole[1].memory)
    how = Gradient(passes=4, lr=0.1, batch=2, adapter=adapter)
    third = how.learn((Stage(lessons(1)),), None, now, stream(2, "learn")).student
    assert third.fingerprint == whole[2].student.fingerprint


def test_files_for_peft_are_one_prompt_of_all_vectors(tmp_path: Path) -> None:
    """The export compares itself what peft makes of it with the student, so that it ends is the test."""
    import json

    student = lived(ProgressivePrompts(length=2), [0, 1, 2])[-1].student
    student.export(tmp_path / "out")
    told = json.loads((tmp_path / "out" / "adapter_config.json").read_text())
    assert (told["peft_type"], told["num_virtual_tokens"], told["token_dim"]) == ("PROMPT_TUNING", 6, 16)


def test_what_does_not_go_together_is_refused() -> None:
    student = lived(ProgressivePrompts(length=2), [0])[-1].student
    with pytest.raises(Refused, match="learned prompts of 2 places each, not 3"):
        lived(ProgressivePrompts(length=3), [1], student)
    with pytest.raises(Refused, match="a learned prompt row of 2 places"):
        lived(Prompt(length=2), [1], student)
    with pytest.raises(Refused, match="a learned prompt of 2 places, which belongs to no episode"):
        lived(ProgressivePrompts(length=2), [1], lived(Prompt(length=2), [0])[-1].student)
    with pytest.raises(Refused, match="opened 2 times for 2 episodes, which are not 2 each"):
        lived(ProgressivePrompts(length=2, rounds=2), [1], lived(ProgressivePrompts(length=2), [0, 1])[-1].student)
