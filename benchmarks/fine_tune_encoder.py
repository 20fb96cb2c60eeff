"""Fine-tuning MiniLM whole, beside the same loop written out bare in torch: equal weights first, then time.

    OMP_NUM_THREADS=1 python benchmarks/fine_tune_encoder.py [texts] [passes]     (default 256 texts, 1 pass)

even: texts of 64 tokens, batches of 16, in the order given; both take the same steps, and the weights must agree.
real: questions of TREC as they come; the peer shuffles and fills each batch to its longest, as is usual; ours puts
lessons of like length together. The batches differ, so nothing is compared but time. fp32, AdamW, no dropout, one
thread, process time, the better of two in turns, each with its start (loading is shared and left out).

Lines: ratio is peer / ours, `limit` the ratio asked for. `examples_a_second` is ours. With --bf16 the same in bf16
autocast, without the comparison of weights; only a processor with bf16 arithmetic gains by it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from common import agree, line
from transformers import BertModel
from transformers.utils import logging

from tutelage.assets.fetch import asset
from tutelage.core.data import Pool, Rows, Table, labelled
from tutelage.core.stages import Stage
from tutelage.data.trec import Trec
from tutelage.learn.gradient import Gradient
from tutelage.student.text.transformer import Transformer
from tutelage.toys import stream, view

BATCH, RATE, CLASSES = 16, 2e-5, ("a", "b", "c", "d")
WORDS = "the card rent rate bank loan pay cash fee note bill coin debt gold fund save".split()


def even(n: int) -> Pool:
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(WORDS, 62)) for _ in range(n)]  # each a token, and two special ones
    return Table.of("even", {"text": texts}, CLASSES).pool()


def real(n: int) -> Pool:
    pool = Trec().course(stream(0, "data")).parts["pool"].pool
    return Table.of("real", {"text": pool.take(np.arange(n)).texts()}, CLASSES).pool()


def bare(encoded: Any, codes: Any, batches: Iterable[Any], half: bool) -> Any:
    """What somebody would write without the toolbox."""
    body = BertModel.from_pretrained(asset("minilm"), add_pooling_layer=False, local_files_only=True)
    for layer in body.modules():
        if isinstance(layer, torch.nn.Dropout):
            layer.p = 0.0
    head = torch.nn.Linear(384, len(CLASSES))
    with torch.no_grad():
        head.weight.zero_()
        head.bias.zero_()
    optimiser = torch.optim.AdamW([*body.train().parameters(), *head.parameters()], lr=RATE, weight_decay=0, fused=True)
    start = time.process_time()
    for rows in batches:
        given = encoded.batch(rows).inputs
        with torch.autocast("cpu", torch.bfloat16) if half else nullcontext():
            states = body(input_ids=given["ids"], attention_mask=given["mask"]).last_hidden_state.float()
            shown = given["mask"][:, :, None]
            scores = head((states * shown).sum(1) / shown.sum(1)).float()
            loss = torch.nn.functional.cross_entropy(scores, torch.from_numpy(codes[rows]))
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
    return time.process_time() - start, head.weight.detach().numpy()


def workload(name: str, pool: Pool, passes: int, given: bool, half: bool) -> dict[str, Any]:
    n, rng = len(pool), np.random.default_rng(0)
    codes = np.arange(n) % len(CLASSES)
    student = Transformer(dropout=0.0, max_tokens=64).begin(pool, stream(0, "student"))
    block = labelled(Rows(pool, np.arange(n)), codes, "oracle")
    stage = Stage((block,), order=np.arange(n) if given else None)
    how = Gradient(passes=passes, batch=BATCH, lr=RATE, precision="bf16" if half else "fp32")
    encoded = student.encode((block,))
    orders = [np.arange(n) if given else rng.permutation(n) for _ in range(passes)]
    batches = [order[start : start + BATCH] for order in orders for start in range(0, n, BATCH)]
    ours: Callable[[], Any] = lambda: how.learn((stage,), None, view(pool=pool, student=student), stream(0, "learn"))
    bare(encoded, codes, batches[:1], half)
    mine, theirs = [], []
    for _ in range(2):
        start = time.process_time()
        learned = ours()
        mine.append(time.process_time() - start)
        seconds, weight = bare(encoded, codes, batches, half)
        theirs.append(seconds)
        if given and not half:
            apart = float(np.abs(learned.student.top.weight - weight).max())
            agree(name, apart < 1e-6, f"the head's weights differ by {apart:.1e}")
    rate = n * passes / min(mine)
    print(f"{name}: {rate:.1f} examples a second; peer {n * passes / min(theirs):.1f}; "
          f"mean length {encoded.lengths.mean():.1f}", file=sys.stderr)  # fmt: skip
    return {**line(name, min(mine), min(theirs), 0.95 if given else 1.0), "examples_a_second": rate}


if __name__ == "__main__":
    torch.set_num_threads(1)
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    numbers = [int(one) for one in sys.argv[1:] if one.isdigit()]
    n, passes = (numbers + [256, 1][len(numbers) :])[:2]
    half = "--bf16" in sys.argv
    print(f"load {os.getloadavg()}", file=sys.stderr)
    for name, pool in (("even", even(n)), ("real", real(n))):
        print(json.dumps(workload(f"fine_tune_encoder/{name}{n}x{passes}", pool, passes, name == "even", half)))
