"""Replies to any prompt: how likely given ones are, and new ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tutelage.core.data import Floats
from tutelage.core.errors import Refused
from tutelage.core.writing import Prompt, Tokens, Written
from tutelage.student.text._frame import Frame, Shortened

SAID = 1 << 30  # tokens of room: a prompt that is told whole


def judged(base: Any, frame: Frame, prompts: Sequence[Prompt], replies: Sequence[str], batch: int) -> Floats:
    """(n,) log-probability of each reply behind its prompt; prompts that are equal are read once."""
    from tutelage.student.text._decoder import Asked

    groups: dict[tuple[int, ...], list[int]] = {}
    told = [frame.encode(reply) for reply in replies]
    for row, (prompt, reply) in enumerate(zip(prompts, told, strict=True)):
        groups.setdefault(tuple(frame.prompt(prompt, len(reply)).ids), []).append(row)
    asked = [Asked(ids, [told[row] for row in rows]) for ids, rows in groups.items()]
    found = np.zeros(len(told))
    for rows, scores in zip(groups.values(), base.scores(asked, batch), strict=True):
        found[rows] = [score.sum() for score in scores]
    return found


def rated(base: Any, frame: Frame, prompts: Sequence[Prompt], replies: Sequence[str], batch: int) -> Floats:
    """(n,) log-probability of each whole reply, the token that ends it included; NaN where it does not fit."""
    from tutelage.student.text._decoder import Asked

    groups: dict[tuple[int, ...], list[int]] = {}
    told = [ended(frame, reply) for reply in replies]
    for row, prompt in enumerate(prompts):
        shown = _shown(frame, prompt, len(told[row]))
        if shown is not None:
            groups.setdefault(tuple(shown.ids), []).append(row)
    asked = [Asked(ids, [told[row] for row in rows]) for ids, rows in groups.items()]
    found = np.full(len(told), np.nan)
    for rows, scores in zip(groups.values(), base.scores(asked, batch), strict=True):
        found[rows] = [score.sum() for score in scores]
    return found


def counted(frame: Frame, prompts: Sequence[Prompt], replies: Sequence[str]) -> Tokens:
    """Lengths as `rated` sees them; where not even the reply fits, all of the prompt is cut."""
    made = []
    for prompt, reply in zip(prompts, replies, strict=True):
        tokens = len(ended(frame, reply))
        shown = _shown(frame, prompt, tokens)
        whole = len(frame.prompt(prompt, -SAID).ids)
        kept = 0 if shown is None else len(shown.ids)
        made.append((kept, tokens, max(whole - kept, 0)))
    columns = np.array(made, dtype=np.int64).reshape(-1, 3)
    return Tokens(columns[:, 0], columns[:, 1], columns[:, 2])


def ended(frame: Frame, reply: str) -> list[int]:
    """The tokens of a reply with the one that ends it."""
    return [*frame.encode(reply), frame.end]


def _shown(frame: Frame, prompt: Prompt, reply: int) -> Shortened | None:
    """The prompt, so short that the reply fits behind it; None where not even an empty one leaves room."""
    try:
        return frame.prompt(prompt, reply)
    except Refused:
        frame.prompt(prompt, -SAID)  # raises again where the prompt itself is at fault
        return None


def written(
    base: Any,
    frame: Frame,
    prompts: Sequence[Prompt],
    luck: Floats,
    temperature: float,
    stop: Sequence[str],
    batch: int,
) -> Written:
    """`luck` (n, k, max_tokens), uniform in [0, 1): one number a token, whatever is written beside it."""
    n, k, most = luck.shape
    ids = [frame.prompt(prompt, most).ids for prompt in prompts]
    decode = frame.tokenizer.decode

    def ended(tokens: Sequence[int]) -> bool:
        return tokens[-1] in base.ends or any(one in decode(tokens) for one in stop)

    told = base.write(ids, luck, temperature, ended, batch)
    texts = np.empty((n, k), dtype=object)
    for row, several in enumerate(told):
        for draw, tokens in enumerate(several):
            text = decode([one for one in tokens if one not in base.ends])
            texts[row, draw] = text[: min((text.find(one) for one in stop if one in text), default=len(text))]
    counts = np.array([[len(one) for one in row] for row in told], dtype=np.int64).reshape(n, k)
    return Written(texts, np.array([len(one) for one in ids], dtype=np.int64), counts)
