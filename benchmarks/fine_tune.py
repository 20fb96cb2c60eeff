"""Fine-tuning a language model on replies, beside trl's SFTTrainer: equal losses first, then tokens a second.

    OMP_NUM_THREADS=1 python benchmarks/fine_tune.py [lessons] [--large]     (default 256 lessons; --large: 64, 135 M)

A decoder of 1 M weights is made on the spot; --large takes SmolLM2-135M-Instruct. Both sides get the same tokens, taken
from ours, in batches of 8, fp32, AdamW without decay at a constant rate, one thread, loss on completions alone.
even: replies of one length in the order given; both take the same steps, and the losses of all lessons afterwards must
agree. real: lengths drawn from a long-tailed distribution; the peer shuffles and pads each batch, as it does unless told
otherwise, ours puts lessons of like length together; nothing is compared but time. Process time of one pass, each with
its start; reading the texts is left out. Targets: 1.8 even, 2.5 real at 1 M, 1.0 at 135 M.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from common import agree, line, missing
from transformers import AutoModelForCausalLM
from transformers.utils import logging

from tutelage.assets.dequantised import dequantised
from tutelage.core.data import Block, Rows, Table, Text
from tutelage.core.stages import Stage
from tutelage.learn.gradient import Gradient
from tutelage.student.text._born import born, tokenizer
from tutelage.student.text.causal import Causal
from tutelage.toys import stream, view

BATCH, RATE = 8, 1e-4
WORDS = "the card rent rate bank loan pay cash fee note bill coin debt gold fund save".split()


def small(folder: Path) -> Path:
    """A Llama of about 1 M weights with a tokenizer of bytes and those words."""
    made = born(tokenizer([" ".join(WORDS)] * 4, 320), 0, 128, 5, 4, 512)
    made.model.save_pretrained(folder)
    made.tokenizer.save_pretrained(folder)
    return folder


def lessons(n: int, even: bool) -> tuple[Block, Any]:
    rng = np.random.default_rng(0)
    lengths = np.full(n, 24) if even else np.minimum(4 + rng.lognormal(2.6, 0.9, n).astype(int), 120)
    asked = [" ".join(rng.choice(WORDS, 8)) for _ in range(n)]
    said = np.array([" ".join(rng.choice(WORDS, size)) for size in lengths], dtype=object)
    pool = Table.of("asked", {"text": asked}).pool()
    return Block(Rows(pool, np.arange(n)), None, Text, {"text": said}, "bench", np.zeros(n), np.ones(n)), pool


def trained(folder: Path, encoded: Any, n: int, even: bool) -> tuple[float, Any]:
    """The peer's seconds, and its model."""
    from datasets import Dataset
    from torch.utils.data import SequentialSampler
    from trl import SFTConfig, SFTTrainer

    spans = [encoded.starts[encoded.first[row] : encoded.first[row] + 2] for row in range(n)]
    told = {
        "input_ids": [encoded.ids[start:end].tolist() for start, end in spans],
        "completion_mask": [encoded.said[start:end].astype(int).tolist() for start, end in spans],
    }
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, local_files_only=True)
    with tempfile.TemporaryDirectory() as out:
        how = SFTConfig(output_dir=out, per_device_train_batch_size=BATCH, num_train_epochs=1, learning_rate=RATE,
                        lr_scheduler_type="constant", weight_decay=0.0, max_grad_norm=0.0, optim="adamw_torch_fused",
                        use_cpu=True, bf16=False, gradient_checkpointing=False, completion_only_loss=True,
                        max_length=None, report_to=[], save_strategy="no", logging_strategy="no", disable_tqdm=True,
                        dataloader_pin_memory=False)  # fmt: skip
        trainer = SFTTrainer(model, how, train_dataset=Dataset.from_dict(told), processing_class=tokens(folder))
        if even:
            trainer._get_train_sampler = lambda *_: SequentialSampler(trainer.train_dataset)
        start = time.process_time()
        trainer.train()
        return time.process_time() - start, model.eval()


def tokens(folder: Path) -> Any:
    from transformers import AutoTokenizer

    made = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    made.pad_token = made.pad_token or made.eos_token
    return made


def mean_loss(model: Any, encoded: Any, n: int) -> float:
    """Nats a token of all replies, by the plainest means."""
    total = []
    with torch.no_grad():
        for row in range(n):
            start, end = encoded.starts[encoded.first[row] : encoded.first[row] + 2]
            ids, said = torch.from_numpy(encoded.ids[start:end]), torch.from_numpy(encoded.said[start:end])
            logs = model(input_ids=ids[None]).logits[0, :-1].log_softmax(-1)
            total.append(-logs.gather(1, ids[1:, None])[:, 0][said[1:]])
    return float(torch.cat(total).mean())


def workload(name: str, folder: Path, n: int, even: bool, limit: float) -> dict[str, Any]:
    block, pool = lessons(n, even)
    student = Causal(model=str(folder), template="none").begin(pool, stream(0, "student"))
    encoded = student.encode((block,))
    stage = Stage((block,), order=np.arange(n) if even else None)
    how = Gradient(passes=1, batch=BATCH, lr=RATE)
    mine, theirs = [], []
    for _ in range(2):
        start = time.process_time()
        learned = how.learn((stage,), None, view(pool=pool, student=student), stream(0, "learn"))
        mine.append(time.process_time() - start)
        seconds, model = trained(folder, encoded, n, even)
        theirs.append(seconds)
    if even:
        some = min(n, 32)
        one, other = mean_loss(learned.student._decoder.model, encoded, some), mean_loss(model, encoded, some)
        agree(name, abs(one - other) < 1e-3 * other, f"losses afterwards are {one:.5f} and {other:.5f}")
    rate = float(encoded.lengths.sum())
    print(f"{name}: {rate / min(mine):.0f} tokens a second; peer {rate / min(theirs):.0f}", file=sys.stderr)
    return {**line(name, min(mine), min(theirs), limit), "tokens_a_second": rate / min(mine)}


if __name__ == "__main__":
    torch.set_num_threads(1)
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    large = "--large" in sys.argv
    n = next((int(one) for one in sys.argv[1:] if one.isdigit()), 64 if large else 256)
    if not missing("fine_tune", "trl", "trl"):
        with tempfile.TemporaryDirectory() as out:
            folder = dequantised("smollm2-135m-instruct") if large else small(Path(out))
            for kind, limit in (("even", 1.0 if large else 1.8), ("real", 1.0 if large else 2.5)):
                label = f"fine_tune/{'135m' if large else '1m'}-{kind}{n}"
                print(json.dumps(workload(label, folder, n, kind == "even", limit)))
