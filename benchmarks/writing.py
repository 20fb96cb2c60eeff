"""Greedy replies of one GGUF model, written by llama.cpp and by torch, in tokens a second.

    OMP_NUM_THREADS=1 python benchmarks/writing.py [tokens]

SmolLM2-135M-Instruct (Q4_1) answers eight questions in turn with at most 64 tokens each: `text.gguf` one after the
other, `text.causal` in fp32, eight at once. One thread each. The two do not compute alike (4-bit weights with 8-bit
activations against fp32), so they need not say the same; checked first is that each says the same twice. Times are a
token. What also differs is printed to standard error: in how many replies the first eight characters agree, and by how
much the log-probabilities of torch's own greedy tokens differ, in nats a token.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from common import agree, line, timed  # first: it pins the threads, which numpy reads once

# isort: split
import os

import numpy as np
import torch

from tutelage.core.data import Table
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.student.text import gguf

ASKED = [
    "What is the capital of France?", "Name a colour.", "Who wrote Hamlet?", "What is 2 + 2?",
    "Write a sentence about the sea.", "What do bees make?", "How many days has a week?", "What is the opposite of hot?",
]  # fmt: skip
LIMIT = 1.0


def forced(student: Any, prompt: str, ids: list[int]) -> np.ndarray:
    """(t,) log-probabilities of given tokens by llama.cpp: a grammar leaves it no other, the softmax is before it."""
    server = gguf._server(student.file.path, student.maker.window, 1, os.getpid())
    rule = "root ::= " + " ".join(f"<[{one}]>" for one in ids)
    body = {"messages": [{"role": "user", "content": prompt}], "grammar": rule, "max_tokens": len(ids), "temperature": 0,
            "logprobs": True, "top_logprobs": 1, "post_sampling_probs": False, "cache_prompt": False}  # fmt: skip
    told = server.handle_chat_completions(body)["choices"][0]["logprobs"]["content"]
    agree("writing/forced", [one["id"] for one in told] == ids, "llama.cpp took other tokens")
    return np.array([one["logprob"] for one in told])


def main(most: int) -> list[dict[str, Any]]:
    torch.set_num_threads(1)
    pool = Table.of("asked", {"text": ASKED}).pool()
    fast, slow = (build("student", f"text.{name}").begin(pool, stream(0, "student")) for name in ("gguf", "causal"))
    how = {"max_tokens": most, "temperature": 0}
    for one in (fast, slow):
        one.write(ASKED[:1], 1, stream(0, "w"), max_tokens=2)  # warm
    ours, said = timed(lambda: fast.write(ASKED, 1, stream(0, "w"), **how))
    peer, told = timed(lambda: slow.write(ASKED, 1, stream(0, "w"), **how))
    same = [
        (one.write(ASKED, 1, stream(0, "w"), **how).texts == was.texts).all()
        for one, was in ((fast, said), (slow, told))
    ]
    agree("writing/greedy", all(same), "a greedy reply is not the same twice")
    alike = sum(a[:8] == b[:8] for a, b in zip(said.texts[:, 0], told.texts[:, 0], strict=True))
    away = []
    for prompt, text in zip(ASKED, told.texts[:, 0], strict=True):
        ids = slow._frame.encode(text)
        from tutelage.student.text._decoder import Asked

        asked = slow._frame.prompt(prompt, len(ids)).ids
        away.append(np.asarray(slow._decoder.scores([Asked(asked, [ids])], 1)[0][0]) - forced(fast, prompt, ids))
    each = np.concatenate(away)
    print(f"replies that begin alike: {alike} of {len(ASKED)}; log-probabilities of {len(each)} tokens differ by "
          f"{np.abs(each).mean():.3f} nats on average, {np.abs(each).max():.2f} at most; "
          f"{said.tokens_out.sum() / ours:.1f} and {told.tokens_out.sum() / peer:.1f} tokens/s", file=sys.stderr)  # fmt: skip
    return [line("writing/greedy-gguf", ours / said.tokens_out.sum(), peer / told.tokens_out.sum(), LIMIT)]


if __name__ == "__main__":
    for made in main(int(sys.argv[1]) if len(sys.argv) > 1 else 64):
        print(json.dumps(made))
