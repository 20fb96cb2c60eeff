"""The form in which chat servers and the GGUF runtime are asked and answer: that of the OpenAI interface."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tutelage.core.data import Pool
from tutelage.core.errors import Fault, Refused
from tutelage.core.writing import Prompt, Turn, Written
from tutelage.kit.prompts import prompts
from tutelage.student.text._frame import plain


class Said(NamedTuple):
    """One reply and its tokens, as the server counts them."""

    text: str
    read: int
    wrote: int


def question(prompt: Prompt, chat: bool) -> dict[str, Any]:
    """The part of a request that holds the prompt. Refused for a conversation without a turn."""
    turns = (Turn("user", prompt),) if isinstance(prompt, str) else tuple(prompt)
    if not turns:
        raise Refused(Fault("prompt", "a conversation without a turn is no prompt"))
    if not chat:
        return {"prompt": plain(turns)}
    return {"messages": [{"role": turn.role, "content": turn.text} for turn in turns]}


def said(told: Any, chat: bool, stop: Sequence[str]) -> Said:
    """The first reply of an answer, cut before the first of `stop`. ValueError when the answer has another form."""
    try:
        first, usage = told["choices"][0], told["usage"]
        text = first["message"]["content"] if chat else first["text"]
        read, wrote = usage["prompt_tokens"], usage["completion_tokens"]
    except (KeyError, IndexError, TypeError) as error:
        raise ValueError(f"choices and usage are expected, {error!r} is not there") from error
    text = "" if text is None else text
    if not (isinstance(text, str) and isinstance(read, int) and isinstance(wrote, int)):
        raise ValueError("the reply is no text, or its tokens are no number")
    return Said(text[: min((text.find(one) for one in stop if one in text), default=len(text))], read, wrote)


def gathered(replies: Sequence[Said], n: int, k: int, copies: int) -> Written:
    """N x k replies, row by row; `copies` of each where all would be equal, drawn and counted once."""
    texts = np.empty((n, k), dtype=object)
    texts.ravel()[:] = [reply.text for reply in replies]
    read = np.array([reply.read for reply in replies], dtype=np.int64).reshape(n, k).sum(axis=1)
    wrote = np.array([reply.wrote for reply in replies], dtype=np.int64).reshape(n, k)
    return Written(np.repeat(texts, copies, axis=1), read, np.pad(wrote, ((0, 0), (0, k * (copies - 1)))))


def framed(pool: Pool, instruction: str, pattern: str) -> list[Prompt]:
    """How a student asks itself about each row: the instruction, then the pattern with the row's text.

    A row that is a conversation stands as it is, the instruction before it unless it has one of its own.
    """
    head = (Turn("system", instruction),) if instruction else ()
    made: list[Prompt] = []
    for prompt in prompts(pool):
        if isinstance(prompt, str):
            made.append((*head, Turn("user", pattern.replace("{x}", prompt))))
        else:
            made.append(prompt if prompt[0].role == "system" else (*head, *prompt))
    return made
