"""grpo: by hand, advantages of groups, the start, clipping, divergence, REINFORCE at the start, places in a batch."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tutelage.core.data import Replies
from tutelage.core.descent import Batch
from tutelage.core.stages import Stage
from tutelage.kit.descent import as_tensors
from tutelage.kit.reference import reference
from tutelage.learn.gradient import Gradient
from tutelage.objective.grpo import Grpo
from tutelage.toy_writer import Says, replies, writer
from tutelage.toys import stream, view

NONE = float("nan")


def losses(says: Says, old: object, rewards: object, **settings: object) -> torch.Tensor:
    batch = Batch(Replies, None, {"rewards": torch.tensor(rewards, dtype=torch.float64)}, torch.ones(len(rewards)),
                  prepared={"old": torch.as_tensor(np.asarray(old))})  # fmt: skip
    return Grpo(**settings).losses(says, batch, stream(0, "learn"))


def advantages(rewards: object, **settings: object) -> list[list[float]]:
    """Read off the gradient at the start, where each token of a reply gets -A / (its tokens * replies)."""
    there = ~np.isnan(np.asarray(rewards, dtype=float))
    says = Says([[[-1.0] if held else [] for held in row] for row in there])
    losses(says, says.said.logprobs.detach().numpy(), rewards, **settings).sum().backward()
    return (-says.said.logprobs.grad[:, :, 0] * torch.from_numpy(there.sum(1, keepdims=True))).tolist()


def test_by_hand() -> None:
    """Rewards 1, 0: A = 1, -1 (std 1/2, less 1e-4). Reply 1: ratios 2 (cut to 1.2) and 1: mean 1.1. Reply 2: ratio 1/2.

    There A < 0, so that the smaller of -0.5 and -0.8 counts: -0.8. Loss -(1.1 - 0.8) / 2 = -0.15.
    """
    said = Says([[np.log([0.5, 0.25]), np.log([0.25])]])
    old = np.log([[[0.25, 0.25], [0.5, 1.0]]])
    assert losses(said, old, [[1.0, 0.0]]).item() == pytest.approx(-0.15, abs=1e-4)


def test_the_divergence_by_hand() -> None:
    """All rewards equal, so nothing else counts. p = 1/4, old 1/2: 2 - log 2 - 1; and 0 where nothing has moved."""
    said = Says([[np.log([0.25]), np.log([0.5])]])
    found = losses(said, np.log([[[0.5], [0.5]]]), [[1.0, 1.0]], kl=0.5)
    assert found.item() == pytest.approx(0.5 * (1 - np.log(2)) / 2)


def test_advantages() -> None:
    """Mean 0, std 1 (population); 0 where all are equal, also 0.1 three times, whose mean is not quite 0.1; absent ones 0."""
    found = np.array(advantages([[1.0, 2.0, 6.0], [0.1, 0.1, 0.1], [4.0, NONE, 2.0], [3.0, NONE, NONE]]))
    assert found[0] == pytest.approx((np.array([1, 2, 6]) - 3) / np.std([1, 2, 6]), abs=1e-4)
    assert (found[1] == 0).all() and found[2] == pytest.approx([1, 0, -1], abs=1e-3) and (found[3] == 0).all()
    assert advantages([[1.0, 2.0, 6.0]], scale="none")[0] == pytest.approx([-2, -1, 3])


def test_at_the_start_it_is_reinforce_with_the_mean_as_baseline() -> None:
    """Loss minus the mean advantage, that is 0, and the gradient of -mean_i A_i mean_t log p_t."""
    said = Says([[[-1.0, -2.0], [-0.5]], [[-3.0], [-1.0, -1.0]]])
    old, rewards = said.said.logprobs.detach().numpy(), [[1.0, 0.0], [2.0, 5.0]]
    found = losses(said, old, rewards, scale="none")
    found.sum().backward()
    assert found.tolist() == pytest.approx([0, 0])
    a = np.array([[0.5, -0.5], [-1.5, 1.5]])
    tokens = said.said.mask.sum(2).numpy()
    assert said.said.logprobs.grad[:, :, 0].numpy() == pytest.approx(-a / tokens / 2)


def test_beyond_the_clip_there_is_no_gradient() -> None:
    """A good reply already twice as likely, a bad one already half as likely; the other way round there is one."""
    for turned, wanted in ((1.0, False), (-1.0, True)):
        said = Says([[np.log([0.5]), np.log([0.25])]])
        losses(said, np.log([[[0.25], [0.5]]]), [[turned, -turned]]).sum().backward()
        assert ((said.said.logprobs.grad != 0) == wanted).all()


@given(st.integers(1, 3), st.integers(1, 4), st.integers(0, 99), st.sampled_from([0.0, 0.3]))
def test_it_is_the_obvious_loop(b: int, k: int, seed: int, kl: float) -> None:
    rng = np.random.default_rng(seed)
    said = [[-rng.exponential(size=rng.integers(1, 4)) for _ in range(k)] for _ in range(b)]
    old, rewards = -rng.exponential(size=(b, k, 3)), rng.integers(0, 3, size=(b, k)).astype(float)
    wanted = []
    for i in range(b):
        group = rewards[i]
        a = (group - group.mean()) / (group.std() + 1e-4)
        each = []
        for j, reply in enumerate(said[i]):
            ratio = np.exp(reply - old[i, j, : len(reply)])
            term = -np.minimum(ratio * a[j], np.clip(ratio, 0.8, 1.2) * a[j]) + kl * (1 / ratio + np.log(ratio) - 1)
            each.append(term.mean())
        wanted.append(np.mean(each))
    assert losses(Says(said), old, rewards, kl=kl).tolist() == pytest.approx(wanted, abs=1e-9)


class Late:
    """Says the same with `by` places of something else in front, as where a long prompt stands before a reply."""

    def __init__(self, module: object, by: int) -> None:
        self.module, self.by = module, by

    def token_logprobs(self, batch: Batch) -> object:
        said = self.module.token_logprobs(batch)
        return said._replace(logprobs=torch.nn.functional.pad(said.logprobs, (self.by, 0)),
                             mask=torch.nn.functional.pad(said.mask, (self.by, 0)))  # fmt: skip


def test_tokens_are_compared_with_themselves_wherever_they_stand() -> None:
    lessons = replies([("a", ["bc", "d"], [1, 0]), ("b", ["c", None], [1, np.nan]), ("c", ["abcdefgh", "a"], [1, 2])])
    student, part = writer(stream(0, "student")), Grpo(kl=1.0)
    prepared = part.prepare(lessons, view(student=student))
    assert prepared["old"].shape == (3, 2, 9)
    rows = np.array([1, 0])  # in a batch of its own the longest reply is a short one
    tensors = as_tensors({"old": prepared["old"][rows]})
    batch = student.encode(lessons).batch(rows)._replace(prepared=tensors)
    found = part.losses(Late(student.module, 4), batch, stream(0, "learn"))
    assert found.tolist() == pytest.approx([0, 0], abs=1e-6)


def test_it_teaches_what_is_rewarded() -> None:
    lessons = replies([("a", ["bc", "d", "e"], [1, 0, 0]), ("b", ["c", "ef", "d"], [0, 0, 1])])
    student = writer(stream(0, "student"))
    how = Gradient(objective=Grpo(clip=0.5), lr=0.02, passes=20)
    learned = how.learn((Stage(lessons),), None, view(student=student), stream(0, "learn")).student
    before, after = (reference(lessons, view(student=one)).totals for one in (student, learned))
    gain = after - before
    assert gain[0, 0] > 0.1 and gain[1, 2] > 0.1 and gain[0, 0] > gain[0, 1:].max() and gain[1, 2] > gain[1, :2].max()


@pytest.mark.parametrize("settings", [{"clip": 0}, {"clip": 1}, {"kl": -1}, {"scale": "max"}])
def test_settings_without_sense_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        Grpo(**settings)
