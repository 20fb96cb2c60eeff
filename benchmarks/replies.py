"""Log-probabilities of six labels behind each prompt, beside one padded pass a batch of whole texts.

    OMP_NUM_THREADS=1 python benchmarks/replies.py [questions]

By default 40 TREC questions with four worked examples before each and the six coarse classes behind it, read by
SmolLM2-135M in fp32 on one thread. The peer reads prompt and label together, eight texts at once, padded at the end,
and takes the logits of all positions, as a plain loop over transformers does. Equal scores are checked first. The
second line is about prompts that all begin with the same four examples.
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
from tutelage.kit.context import with_context
from tutelage.student.text.causal import Causal

TOGETHER, LIMIT = 8, 1.8
WORDS = {"ABBR": "abbreviation", "DESC": "description", "ENTY": "entity", "HUM": "person", "LOC": "location",
         "NUM": "number"}  # fmt: skip


def plainly(model: Any, texts: list[tuple[list[int], list[int]]]) -> np.ndarray:
    """The sum over the tokens of each reply, (n,)."""
    found = np.zeros(len(texts))
    order = sorted(range(len(texts)), key=lambda row: len(texts[row][0]) + len(texts[row][1]))
    for start in range(0, len(order), TOGETHER):
        rows = order[start : start + TOGETHER]
        whole = [texts[row][0] + texts[row][1] for row in rows]
        width = max(map(len, whole))
        ids = torch.tensor([one + [0] * (width - len(one)) for one in whole])
        mask = torch.tensor([[1] * len(one) + [0] * (width - len(one)) for one in whole])
        with torch.inference_mode():
            logs = model(input_ids=ids, attention_mask=mask).logits.log_softmax(-1)
        for place, row in enumerate(rows):
            begin, end = len(texts[row][0]), len(whole[place])
            at = torch.arange(begin - 1, end - 1)
            found[row] = float(logs[place, at, ids[place, begin:end]].sum())
    return found


def measured(name: str, student: Any, pool: Any) -> dict[str, Any]:
    from tutelage.kit.context import contexts
    from tutelage.student.text._decoder import Asked

    ask, base = student._choice, student._decoder
    prompts = [ask.asked(x, shots[0]).ids for x, shots in zip(pool.texts(), contexts(pool), strict=True)]
    pairs = [(list(ids), reply) for ids in prompts for reply in ask.replies]
    base.scores([Asked(prompts[0], ask.replies)], TOGETHER)  # warm
    ours, told = timed(lambda: base.scores([Asked(ids, ask.replies) for ids in prompts], TOGETHER))
    peer, wanted = timed(lambda: plainly(base.model, pairs))
    away = np.abs(np.array([[one.sum() for one in row] for row in told]).ravel() - wanted).max()
    agree(name, bool(away < 1e-3), f"scores differ by up to {away:.1e}")
    return line(name, ours, peer, LIMIT)


def main(n: int) -> list[dict[str, Any]]:
    torch.set_num_threads(1)
    course = Trec(classes="coarse", split="dev", exam=n).course(stream(0, "data"))
    part, exam = course.parts["pool"], course.exams["exam"].truth[0].about.examples()
    student = Causal(template="none", pattern="Question: {x}\nType:", verbalisers=WORDS, batch=TOGETHER)
    begun = student.begin(part.pool, stream(0, "student"))
    rows = stream(0, "bench").permutation(len(part.pool))[: 4 * n]
    some = part.pool.take(rows)
    names = [part.pool.labels[code] for code in part.answers.codes[some.numbers]]
    shots = list(zip(some.texts(), names, strict=True))
    own = with_context(exam, [[shots[4 * row : 4 * row + 4]] for row in range(len(exam))])
    same = with_context(exam, [[shots[:4]]] * len(exam))
    return [measured("replies/own-examples", begun, own), measured("replies/same-examples", begun, same)]


if __name__ == "__main__":
    for told in main(int(sys.argv[1]) if len(sys.argv) > 1 else 40):
        print(json.dumps(told))
