"""Buying replies from a student that writes: every reply is written down before it is used, and charged once.

A reply is a purchase of two units: `teacher_tokens`, what was read and written for it, and `calls`. Its key is a digest
of who wrote it, the prompt, how it was drawn, and for a drawn reply the draw's number and the seed. The same call with
the same luck after a kill therefore finds what was bought and asks for the rest.

A student may say more about itself: `outside` (asking it costs whether or not its answer arrives: an *asked* line is
written first), `heat` (the temperature that it draws at even where 0 is asked for), `draws` (replies drawn for each one
that it gives) and `reads` (how often those are read), from which the most that a reply can cost follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tutelage.core.data import Array, Ints, Rng
from tutelage.core.digest import digest
from tutelage.core.errors import ContractBroken
from tutelage.core.stages import Till, able
from tutelage.core.writing import CanWrite, Prompt
from tutelage.kit.luck import generator, plain

AT_ONCE = 16  # prompts asked between two lines of the journal: what a kill can lose
FRAME = 64  # tokens that a chat template may add to a prompt, its own system message included
TOKENS, CALLS = "teacher_tokens", "calls"


class Heard(NamedTuple):
    """k replies to each of n prompts. again: calls that an earlier life made without an answer, perhaps paid twice."""

    texts: Array  # (n, k) object array of str
    tokens: Ints  # (n, k) read and written for each reply; a prompt that is read once counts for its first
    again: int = 0


class Ask(NamedTuple):
    """How replies are drawn."""

    k: int
    seed: int
    max_tokens: int
    temperature: float
    stop: tuple[str, ...]
    lucky: bool  # whether the seed matters


def asked(
    student: Any,
    prompts: Sequence[Prompt],
    k: int,
    rng: Rng,
    till: Till,
    *,
    max_tokens: int = 64,
    temperature: float = 1.0,
    stop: Sequence[str] = (),
) -> Heard:
    """What the student writes, paid for. At temperature 0 all k are equal, and one is bought.

    Asks for no more than the budget can hold at the worst; Spent where not even one prompt is left in it.

    >>> from tutelage.toys import Writer, stream, till
    >>> purse = till({"calls": 2})
    >>> heard = asked(Writer({"2 + 2": ("4", "four")}), ["2 + 2"], 2, stream(1, "teach"), purse)
    >>> heard.texts.tolist(), purse.left("calls")
    ([['four', '4']], 0.0)
    """
    writer = able(student, CanWrite)
    lucky = max(temperature, getattr(student, "heat", 0.0)) > 0
    seed = int(rng.integers(2**63))
    how = Ask(k if lucky else min(k, 1), seed, max_tokens, temperature, tuple(stop), lucky)
    texts, tokens = np.empty((len(prompts), how.k), dtype=object), np.zeros((len(prompts), how.k), dtype=np.int64)
    start = again = 0
    while start < len(prompts):
        keys = _keys(student, prompts[start : start + AT_ONCE], how)
        held = [all(value is not None for value in till.paid(TOKENS, row)) for row in keys]
        size = _affordable(student, prompts[start : start + AT_ONCE], held, how, till)
        part, keys, held = slice(start, start + size), keys[:size], held[:size]
        missing = [row for row in range(size) if not held[row]]
        if missing and getattr(student, "outside", False):
            again += till.ask(CALLS, [_call(key) for row in missing for key in keys[row]])
        new = dict(zip(missing, _written(writer, [prompts[start + row] for row in missing], how), strict=True))
        for row, key in enumerate(keys):
            bought: Sequence[Any] = new[row] if row in new else till.paid(TOKENS, key)
            texts[start + row], tokens[start + row] = [one[0] for one in bought], [one[1] for one in bought]
        _pay(till, keys, texts[part], tokens[part], getattr(student, "draws", 1))
        start += size
    if how.k < k:
        texts = np.repeat(texts, k, axis=1)
        tokens = np.pad(tokens, ((0, 0), (0, k - how.k)))
    return Heard(texts, tokens, again)


def _keys(student: Any, prompts: Sequence[Prompt], how: Ask) -> list[list[str]]:
    drawn = [how.max_tokens, how.temperature, list(how.stop)]
    luck = how.seed if how.lucky else None
    mark = digest("written", student.fingerprint, drawn, luck)
    return [[digest(mark, plain(prompt), draw) for draw in range(how.k)] for prompt in prompts]


def _call(key: str) -> str:
    """The same reply's key as a call: a key names one purchase of one unit."""
    return digest("call", key)


def most(student: Any, prompt: Prompt, how: Ask) -> float:
    """Tokens that k replies can cost at most: no tokeniser makes more tokens of a text than it has bytes."""
    said = [prompt] if isinstance(prompt, str) else [turn.text for turn in prompt]
    read = sum(len(text.encode()) for text in said) + FRAME + 16 * len(said)
    return float(how.k * getattr(student, "draws", 1) * getattr(student, "reads", 1) * (read + how.max_tokens))


def _affordable(student: Any, prompts: Sequence[Prompt], held: Sequence[bool], how: Ask, till: Till) -> int:
    """How many of the next prompts the budget can hold at the worst; what is paid for already is charged as it was."""
    calls = how.k * getattr(student, "draws", 1)
    worst = [0.0 if paid else most(student, prompt, how) for prompt, paid in zip(prompts, held, strict=True)]
    whole = [0.0 if paid else float(calls) for paid in held]
    fits = min(
        int(np.searchsorted(np.cumsum(amounts), till.left(unit), side="right"))
        for unit, amounts in ((TOKENS, worst), (CALLS, whole))
    )
    if fits == 0:
        till.afford(TOKENS, worst[0])
        till.afford(CALLS, whole[0])
    return max(fits, 1)


def _written(writer: CanWrite, prompts: Sequence[Prompt], how: Ask) -> list[list[tuple[str, int]]]:
    """A text and its tokens for each reply, row by row; luck is that of the whole call, whatever is asked together."""
    if not prompts:
        return []
    drawn = {"max_tokens": how.max_tokens, "temperature": how.temperature, "stop": how.stop}
    told = writer.write(prompts, how.k, generator(how.seed), **drawn)  # type: ignore[arg-type]
    if told.texts.shape != (len(prompts), how.k):
        name = type(writer).__name__
        raise ContractBroken(f"{name}.write: {len(prompts)} x {how.k} replies asked for, got {told.texts.shape}")
    tokens = told.tokens_out.copy()
    tokens[:, :1] += told.tokens_in[:, None]
    return [[(str(text), int(count)) for text, count in zip(*row, strict=True)]
            for row in zip(told.texts, tokens, strict=True)]  # fmt: skip


def _pay(till: Till, keys: list[list[str]], texts: Array, tokens: Ints, draws: int) -> None:
    """Tokens carry the replies; a kill between the two lines is mended by the call that comes after it."""
    flat = [key for row in keys for key in row]
    values = [[str(text), int(count)] for text, count in zip(texts.ravel(), tokens.ravel(), strict=True)]
    till.pay(TOKENS, flat, values, tokens.ravel().astype(np.float64))
    till.pay(CALLS, [_call(key) for key in flat], [1] * len(flat), np.full(len(flat), float(draws)))
