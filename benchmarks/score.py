"""Log-probabilities of given answers behind prompts, beside the way of lm-evaluation-harness: equal scores, then time.

    OMP_NUM_THREADS=1 python benchmarks/score.py [questions]     (default 40)

TREC questions with four worked examples before each and the six coarse classes behind it, read by SmolLM2-135M-Instruct
in fp32 on one thread, eight at once. lm-eval is not a dependency of this project; the peer is written here as its HFLM
goes about `loglikelihood`: every pair of context and continuation is a request, longest first, requests with the same
tokens up to the last are read once, batches are padded at the end, the softmax is taken at every place and over the
whole vocabulary, and whether the continuation is the greedy one is found out along the way. Its progress bar, cache
and tokenizer are left out. `student.logprob` of ours is timed as a user calls it, its tokenizer included.
Target 1.8. The second line is about prompts that all begin with the same four examples.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from common import agree, line, timed  # first: it pins the threads, which numpy reads once

# isort: split
import numpy as np
import torch

from tutelage.core.rng import stream
from tutelage.data.trec import Trec
from tutelage.student.text.causal import Causal

TOGETHER, LIMIT = 8, 1.8
NAMES = ["abbreviation", "description", "entity", "person", "location", "number"]


def as_the_harness(model: Any, requests: list[tuple[list[int], list[int]]]) -> np.ndarray:
    """(n,) the sum over the tokens of each continuation."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for number, (context, said) in enumerate(requests):
        groups.setdefault(tuple(context + said[:-1]), []).append(number)
    order = sorted(groups, key=lambda ids: (-len(ids), ids))
    found = np.zeros(len(requests))
    for start in range(0, len(order), TOGETHER):
        batch = order[start : start + TOGETHER]
        width = len(batch[0])
        ids = torch.tensor([list(one) + [0] * (width - len(one)) for one in batch])
        with torch.no_grad():
            logs = model(ids).logits.log_softmax(-1)
        for place, key in enumerate(batch):
            for number in groups[key]:
                said = torch.tensor(requests[number][1])
                mine = logs[place, len(key) - len(said) : len(key)]
                bool((mine.argmax(-1) == said).all())  # whether it is greedy, which the harness reports
                found[number] = float(mine.gather(1, said[:, None]).sum())
    return found


def measured(name: str, student: Any, asked: list[str]) -> dict[str, Any]:
    prompts = [prompt for prompt in asked for _ in NAMES]
    replies = NAMES * len(asked)
    frame, model = student._frame, student._decoder.model
    student.logprob(prompts[:6], replies[:6])  # warm
    ours, told = timed(lambda: student.logprob(prompts, replies))
    said = [frame.encode(reply) for reply in replies]
    pairs = [(list(frame.prompt(prompt, len(one)).ids), one) for prompt, one in zip(prompts, said, strict=True)]
    peer, wanted = timed(lambda: as_the_harness(model, pairs))
    away = float(np.abs(told - wanted).max())
    agree(name, away < 1e-3, f"scores differ by up to {away:.1e}")
    return line(name, ours, peer, LIMIT)


def main(n: int) -> list[dict[str, Any]]:
    torch.set_num_threads(1)
    course = Trec(classes="coarse", split="dev", exam=n).course(stream(0, "data"))
    part, exam = course.parts["pool"], course.exams["exam"].truth[0].about.examples()
    rows = stream(0, "bench").permutation(len(part.pool))[: 4 * n]
    some = part.pool.take(rows)
    shown = [f"Question: {text}\nType: {NAMES[code]}\n\n"
             for text, code in zip(some.texts(), part.answers.codes[some.numbers], strict=True)]  # fmt: skip
    heads = ["".join(shown[4 * row : 4 * row + 4]) for row in range(n)]
    tails = [f"Question: {text}\nType: " for text in exam.texts()]
    student = Causal(template="none", batch=TOGETHER).begin(part.pool, stream(0, "student"))
    own = [head + tail for head, tail in zip(heads, tails, strict=True)]
    same = [heads[0] + tail for tail in tails]
    return [measured(f"score/own-examples{n}", student, own), measured(f"score/same-examples{n}", student, same)]


if __name__ == "__main__":
    for told in main(int(sys.argv[1]) if len(sys.argv) > 1 else 40):
        print(json.dumps(told))
