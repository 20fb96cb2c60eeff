"""What is left of texts: how likely one is by itself, what follows from its beginning, and what comes from nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tutelage.core.data import Array, Floats
from tutelage.core.errors import ContractBroken
from tutelage.core.writing import ReadAlone, Recited, Written
from tutelage.student.text._frame import Frame


def read_alone(base: Any, frame: Frame, texts: Sequence[str], batch: int) -> ReadAlone:
    """(n,) of whole texts as a lesson that is its own truth shows them: all tokens but the first carry loss."""
    from tutelage.student.text._decoder import Asked

    told = [frame.whole(text) for text in texts]
    if any(len(ids) < 2 for ids in told):
        raise ContractBroken("a text without a token has no likelihood")
    first = sorted({ids[0] for ids in told})
    rows = {start: [row for row, ids in enumerate(told) if ids[0] == start] for start in first}
    asked = [Asked([start], [told[row][1:] for row in rows[start]]) for start in first]
    found = np.zeros(len(told))
    for start, scores in zip(first, base.scores(asked, batch), strict=True):
        found[rows[start]] = [score.sum() for score in scores]
    return ReadAlone(found, np.array([len(ids) - 1 for ids in told], dtype=np.int64))


def recited(base: Any, frame: Frame, texts: Sequence[str], share: float, batch: int) -> Recited:
    """Greedy, all texts side by side; each is gone on with as long as the longest needs and cut to its own length."""
    start = frame.tokenizer.bos_token_id
    begin = [] if start is None else [start]
    told = [frame.encode(text)[: frame.window - len(begin)] for text in texts]
    if any(not ids for ids in told):
        raise ContractBroken("a text without a token cannot be recited")
    least = 0 if begin else 1  # something has to stand in front
    halves = [max(int(share * len(ids)), least) for ids in told]
    sizes = np.array([len(ids) - half for ids, half in zip(told, halves, strict=True)], dtype=np.int64)
    prompts = [[*begin, *ids[:half]] for ids, half in zip(told, halves, strict=True)]
    luck = np.zeros((len(told), 1, int(sizes.max(initial=0))))
    said = base.write(prompts, luck, 0.0, lambda _: False, batch, base.ends) if luck.size else [[[]]] * len(told)
    went = [several[0][:size] for several, size in zip(said, sizes, strict=True)]
    rest = [ids[half:] for ids, half in zip(told, halves, strict=True)]
    decode = frame.tokenizer.decode
    return Recited(
        _texts([decode(ids[:half]) for ids, half in zip(told, halves, strict=True)]),
        _texts([decode(ids) for ids in rest]), _texts([decode(ids) for ids in went]), _flat(rest), _flat(went),
        np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
    )  # fmt: skip


def composed(base: Any, frame: Frame, luck: Floats, temperature: float, batch: int) -> Written:
    """Texts from nothing. `luck` (k, max_tokens), uniform in [0, 1): one number a token, whatever is written beside it.

    What begins a text is the token that ends one, where the tokenizer has none of its own for that.
    """
    start = frame.tokenizer.bos_token_id
    begin = [frame.tokenizer.eos_token_id if start is None else start]
    lots = luck[:, None, : frame.window - len(begin)]
    told = base.write([begin] * len(lots), lots, temperature, lambda ids: ids[-1] in base.ends, batch)
    ids = [several[0] for several in told]
    decode = frame.tokenizer.decode
    texts = _texts([decode([one for one in row if one not in base.ends]) for row in ids])
    counts = np.array([len(row) for row in ids], dtype=np.int64)
    return Written(texts[None], np.full(1, len(begin), dtype=np.int64), counts[None])


def _texts(texts: Sequence[str]) -> Array:
    made = np.empty(len(texts), dtype=object)
    made[:] = texts
    return made


def _flat(several: Sequence[Sequence[int]]) -> Array:
    return np.fromiter((one for ids in several for one in ids), np.int64, sum(map(len, several)))
