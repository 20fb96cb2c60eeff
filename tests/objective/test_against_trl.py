"""dpo, ipo, kto, grpo, orpo and simpo beside trl: its trainers on a tiny Llama, loss and gradient of the same batch."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tutelage.core.data import Preference, Replies
from tutelage.core.descent import Batch, Said
from tutelage.core.parts import build
from tutelage.toys import stream

PAIRS = [("ab", "cd", "e"), ("c", "f", "gah"), ("hg", "a", "bb"), ("d", "ef", "ca")]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::FutureWarning"),  # trl asks transformers by names that are on their way out
    pytest.mark.filterwarnings("ignore:.*experimental"),  # where orpo and simpo are, and may move
]


@contextmanager
def luck_kept() -> Iterator[None]:
    """A trainer seeds every global generator when it is made."""
    numpys = np.random.get_state()  # noqa: NPY002
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        np.random.set_state(numpys)  # noqa: NPY002


def llama(seed: int) -> Any:
    """Two layers of width 16; its logits far from flat, so that policy and reference differ."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(vocab_size=11, hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
                         max_position_embeddings=64, pad_token_id=9, eos_token_id=10, bos_token_id=None,
                         tie_word_embeddings=False, attention_dropout=0.0)  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.set_rng_state(torch.Generator().manual_seed(seed).get_state())
        made = LlamaForCausalLM(config)
        with torch.no_grad():
            for parameter in made.parameters():
                parameter += 0.3 * torch.randn_like(parameter)
    return made


def letters() -> Any:
    """One token a letter, a to i; padding and end of text."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = {letter: code for code, letter in enumerate("abcdefghi")} | {"<pad>": 9, "<end>": 10}
    made = Tokenizer(models.WordLevel(words, unk_token="i"))
    made.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    return PreTrainedTokenizerFast(tokenizer_object=made, pad_token="<pad>", eos_token="<end>")


class Reads(torch.nn.Module):
    """The face over trl's own batch: ids (b, r, t), which of them are there, and which are the reply's."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def token_logprobs(self, batch: Batch) -> Said:
        ids, said = batch.inputs["ids"], batch.inputs["said"].bool()
        b, r, t = ids.shape
        logits = self.model(
            input_ids=ids.reshape(b * r, t), attention_mask=batch.inputs["there"].reshape(b * r, t)
        ).logits
        told = torch.log_softmax(logits[:, :-1], -1).gather(2, ids.reshape(b * r, t)[:, 1:, None])[..., 0]
        mask = said[:, :, 1:]
        return Said(told.reshape(b, r, t - 1) * mask, mask)


def paired(rows: dict[str, Any], prefix: str = "", by: int = 2) -> dict[str, Any]:
    """trl's rows, first replies of all prompts, then second ones, as (b, r, t)."""
    names = {"ids": "input_ids", "there": "attention_mask", "said": "completion_mask"}
    return {name: torch.stack(rows[prefix + key].chunk(by), 1) for name, key in names.items()}


def totals(model: Any, inputs: dict[str, Any]) -> torch.Tensor:
    with torch.no_grad():
        return Reads(model).token_logprobs(Batch(Preference, inputs, {}, None)).logprobs.sum(2)


def slope(loss: torch.Tensor, model: Any) -> torch.Tensor:
    return torch.cat([one.flatten() for one in torch.autograd.grad(loss, list(model.parameters()))])


def agree(theirs: torch.Tensor, ours: torch.Tensor, model: Any) -> None:
    """The mean of our losses is trl's, and so is its gradient."""
    torch.testing.assert_close(ours.mean(), theirs, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(slope(ours.mean(), model), slope(theirs, model), rtol=1e-3, atol=1e-6)


def common(folder: Path) -> dict[str, Any]:
    return {"output_dir": str(folder), "use_cpu": True, "report_to": [], "per_device_train_batch_size": 4,
            "bf16": False, "activation_checkpointing": False, "disable_tqdm": True}  # fmt: skip


def rows_of(trainer: Any) -> Any:
    return next(iter(trainer.get_train_dataloader()))


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ({"loss_type": ["sigmoid"], "beta": 0.3}, {"use": "dpo", "beta": 0.3}),
        ({"loss_type": ["ipo"], "beta": 0.3}, {"use": "ipo", "beta": 0.3, "per_token": True}),
    ],
)
def test_dpo_trainer(theirs: dict[str, Any], ours: dict[str, Any], tmp_path: Path) -> None:
    from datasets import Dataset
    from trl import DPOConfig, DPOTrainer

    columns = dict(zip(("prompt", "chosen", "rejected"), map(list, zip(*PAIRS, strict=True)), strict=True))
    with luck_kept():
        policy, before = llama(1), llama(2)
        trainer = DPOTrainer(policy, before, DPOConfig(**common(tmp_path), **theirs), train_dataset=Dataset.from_dict(columns),
                             processing_class=letters())  # fmt: skip
        rows = rows_of(trainer)
        inputs = paired(rows)
        batch = Batch(Preference, inputs, {}, torch.ones(4), prepared={"reference": totals(before, inputs)})
        agree(
            trainer.compute_loss(policy, rows),
            build("objective", ours).losses(Reads(policy), batch, stream(0, "learn")),
            policy,
        )


class Others:
    """Implements core.descent.Encoded over trl's mismatched rows."""

    def __init__(self, inputs: dict[str, Any]) -> None:
        self.inputs = inputs

    def batch(self, rows: Any) -> Batch:
        return Batch(Replies, {name: value[rows] for name, value in self.inputs.items()}, {}, torch.ones(len(rows)))


def test_kto_trainer(tmp_path: Path) -> None:
    """Its rows are single replies, good or bad, and beside each one the reply to another prompt."""
    from datasets import Dataset
    from trl import KTOConfig, KTOTrainer

    columns = {
        "prompt": [row[0] for row in PAIRS],
        "completion": [row[1] for row in PAIRS],
        "label": [True, False, True, False],
    }
    with luck_kept():
        policy, before = llama(1), llama(2)
        config = KTOConfig(**common(tmp_path), beta=0.3, desirable_weight=1.0, undesirable_weight=2.0)
        trainer = KTOTrainer(
            policy, before, config, train_dataset=Dataset.from_dict(columns), processing_class=letters()
        )
        rows = rows_of(trainer)
        inputs, others = paired(rows, by=1), paired(rows, "KL_", by=1)
        whole = np.empty(1, dtype=object)
        whole[0] = Others(others)
        prepared = {"reference": totals(before, inputs), "other": totals(before, others), "row": torch.arange(4),
                    "all_others": whole}  # fmt: skip
        assert (totals(policy, others) - prepared["other"]).mean() > 0, "z0 is not 0"
        signs = torch.where(torch.as_tensor(rows["label"]), 1.0, -1.0)[:, None]
        batch = Batch(Replies, inputs, {"rewards": signs}, torch.ones(4), prepared=prepared)
        ours = build("objective", {"use": "kto", "beta": 0.3, "undesirable": 2.0})
        agree(trainer.compute_loss(policy, rows), ours.losses(Reads(policy), batch, stream(0, "learn")), policy)


@pytest.mark.parametrize("kl", [0.0, 0.1])
def test_grpo_trainer(kl: float, tmp_path: Path) -> None:
    """Two replies to each of two prompts; trl is handed our old log-probabilities and advantages.

    Its divergence is weighted with the ratio unless told otherwise; the paper's, and ours, is not.
    """
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer

    with luck_kept():
        policy, before = llama(1), llama(2)
        config = GRPOConfig(
            **common(tmp_path), beta=0.0, loss_type="grpo", use_bias_correction_kl=False, num_generations=2, epsilon=0.2
        )
        trainer = GRPOTrainer(policy, lambda completions, **_: [0.0] * len(completions), config,
                              train_dataset=Dataset.from_dict({"prompt": ["ab", "c"]}), processing_class=letters())  # fmt: skip
        policy.eval()
        trainer.beta = kl  # told when it is made, it would look for a reference model by its name on a hub
        prompts = torch.tensor([[0, 1], [0, 1], [9, 2], [9, 2]])
        said = torch.tensor([[3, 4, 10], [5, 10, 9], [6, 7, 8], [10, 9, 9]])
        there = torch.tensor([[1, 1, 1], [1, 1, 0], [1, 1, 1], [1, 0, 0]])
        ids = torch.cat([prompts, said], 1)
        inputs = {"ids": ids, "there": torch.cat([prompts != 9, there.bool()], 1).long(),
                  "said": torch.cat([torch.zeros(4, 2), there], 1)}  # fmt: skip
        inputs = {name: value.reshape(2, 2, 5) for name, value in inputs.items()}
        with torch.no_grad():
            old = Reads(before).token_logprobs(Batch(Replies, inputs, {}, None)).logprobs[:, :, 1:]  # of the replies
        rewards = torch.tensor([[1.0, 0.0], [0.5, 2.0]])
        a = rewards - rewards.mean(1, keepdim=True)
        a = a / (a.std(1, correction=0, keepdim=True) + 1e-4)
        rows = {"prompt_ids": prompts, "prompt_mask": (prompts != 9).long(), "completion_ids": said, "completion_mask": there,
                "advantages": a.flatten(), "old_per_token_logps": old.reshape(4, 3), "ref_per_token_logps": old.reshape(4, 3)}  # fmt: skip
        batch = Batch(Replies, inputs, {"rewards": rewards}, torch.ones(2), prepared={"old": old})
        ours = build("objective", {"use": "grpo", "kl": kl})
        agree(trainer._compute_loss(policy, rows), ours.losses(Reads(policy), batch, stream(0, "learn")), policy)


def test_losses_of_orpo_and_simpo() -> None:
    """Their functions of the log-probabilities alone; the likelihood that ORPO adds is left out of ours again."""
    from types import SimpleNamespace

    from accelerate import Accelerator
    from trl.experimental.cpo import CPOTrainer
    from trl.experimental.orpo import ORPOTrainer

    rng = np.random.default_rng(0)
    logs = -torch.from_numpy(rng.exponential(size=(6, 2, 1))).float()
    batch = Batch(Preference, {"logs": logs}, {}, torch.ones(6))

    class Told:
        def token_logprobs(self, batch: Batch) -> Said:
            return Said(batch.inputs["logs"], torch.ones_like(batch.inputs["logs"], dtype=torch.bool))

    settings = {"accelerator": Accelerator(cpu=True), "alpha": 0.0, "label_smoothing": 0.0}
    told = SimpleNamespace(**settings, beta=2.0, loss_type="simpo", simpo_gamma=0.8)
    theirs = CPOTrainer.cpo_loss(told, logs[:, 0, 0], logs[:, 1, 0])[0]
    ours = build("objective", {"use": "simpo", "beta": 2.0, "margin": 0.8})
    torch.testing.assert_close(ours.losses(Told(), batch, stream(0, "learn")), theirs)
    theirs = -ORPOTrainer.odds_ratio_loss(SimpleNamespace(**settings | {"beta": 0.4}), logs[:, 0, 0], logs[:, 1, 0])[0]
    ours = build("objective", {"use": "orpo", "weight": 0.4})
    torch.testing.assert_close(
        ours.losses(Told(), batch, stream(0, "learn")) + logs[:, 0, 0], theirs, rtol=1e-4, atol=1e-5
    )
