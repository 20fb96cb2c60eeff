"""Lessons as the tokens that a language model reads: each reply behind its prompt, and which of them carry loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch

from tutelage.core.data import Block, Bools, Ints, Itself, Label, Lessons, Preference, Replies, Soft, Text
from tutelage.core.descent import Batch
from tutelage.core.errors import ContractBroken, Refused
from tutelage.core.writing import Prompt
from tutelage.kit.blocks import Columns, columns
from tutelage.kit.context import contexts
from tutelage.kit.descent import as_tensors
from tutelage.kit.prompts import prompts
from tutelage.student.text._choice import Choice
from tutelage.student.text._frame import Frame
from tutelage.student.text._replies import ended


class Reply(NamedTuple):
    """Tokens of a prompt with a reply behind it, and the places of those that carry loss."""

    ids: Sequence[int]
    said: Sequence[int]


NONE = Reply((), ())


class Encoded(NamedTuple):
    """Implements core.descent.Encoded: tokens of all replies end to end; reply k of lesson i starts at `starts`."""

    ids: Ints
    said: Bools
    starts: Ints  # (replies + 1,)
    first: Ints  # (n + 1,) the first reply of each lesson
    held: Columns

    @property
    def lengths(self) -> Ints | None:
        """Tokens of a lesson, all its replies together."""
        return np.diff(self.starts[self.first])

    def batch(self, rows: Ints) -> Batch:
        """inputs: ids (b, r, t) int64 and said (b, r, t) bool; shorter replies are padded at the end."""
        kind, given = self.held.of(rows)
        counts = self.first[rows + 1] - self.first[rows]
        # blocks of fewer replies have columns of absent ones beside theirs
        width = given["texts"].shape[1] if kind is Replies else int(counts.max())
        spans = [self.starts[self.first[row] : self.first[row + 1] + 1] for row in rows.tolist()]
        longest = max(int(np.diff(span).max(initial=0)) for span in spans)
        ids = np.zeros((len(rows), width, max(longest, 2)), dtype=np.int64)
        said = np.zeros(ids.shape, dtype=bool)
        for place, span in enumerate(spans):
            for number, (start, end) in enumerate(zip(span[:-1].tolist(), span[1:].tolist(), strict=True)):
                ids[place, number, : end - start] = self.ids[start:end]
                said[place, number, : end - start] = self.said[start:end]
        inputs = {"ids": torch.from_numpy(ids), "said": torch.from_numpy(said)}
        weight = torch.from_numpy(self.held.weight[rows].astype(np.float32))
        return Batch(kind, inputs, as_tensors(given), weight)


def encoded(lessons: Lessons, frame: Frame, choice: Callable[[], Choice]) -> Encoded:
    """Every lesson read once. `choice`: how labels are put into words, made only where there are labels."""
    readers = {Text: _text, Preference: _pair, Replies: _several, Itself: _itself}
    told: list[list[Reply]] = []
    for block in lessons:
        if block.about.starts is not None:
            raise ContractBroken("a language model reads lessons about one row each, not bags")
        if block.kind in (Label, Soft):
            told += _labels(block, frame, choice())
        elif block.kind in readers:
            told += readers[block.kind](block, frame)
        else:
            raise ContractBroken(f"a language model cannot read lessons of kind {block.kind.__name__}")
    flat = [reply for several in told for reply in several]
    starts = np.concatenate([[0], np.cumsum([len(reply.ids) for reply in flat])]).astype(np.int64)
    said = np.zeros(starts[-1], dtype=bool)
    for start, reply in zip(starts.tolist(), flat, strict=False):
        said[[start + place for place in reply.said]] = True
    ids = np.fromiter((one for reply in flat for one in reply.ids), np.int64, int(starts[-1]))
    first = np.concatenate([[0], np.cumsum([len(several) for several in told])]).astype(np.int64)
    return Encoded(ids, said, starts, first, columns(lessons))


def replied(frame: Frame, prompt: Prompt, reply: str, ends: bool = True) -> Reply:
    """A prompt so short that its reply fits, and the reply; one too long for that keeps half the window.

    Turns of a conversation that are to be learned carry loss like the reply.
    """
    told = ended(frame, reply) if ends else frame.encode(reply)
    try:
        ids = frame.prompt(prompt, len(told)).ids
    except Refused:  # not even an empty question leaves it room
        told = told[: frame.window // 2]
        ids = frame.prompt(prompt, len(told)).ids
    said = list(range(len(ids), len(ids) + len(told)))
    if not isinstance(prompt, str) and any(turn.learn for turn in prompt):
        said = [*frame.learned(prompt, ids), *said]
    return Reply([*ids, *told], said)


def _text(block: Block, frame: Frame) -> Iterator[list[Reply]]:
    asked = prompts(block.about.examples())
    return ([replied(frame, prompt, text)] for prompt, text in zip(asked, block.given["text"], strict=True))


def _pair(block: Block, frame: Frame) -> Iterator[list[Reply]]:
    asked = prompts(block.about.examples())
    pairs = zip(asked, block.given["chosen"], block.given["rejected"], strict=True)
    return ([replied(frame, prompt, one), replied(frame, prompt, other)] for prompt, one, other in pairs)


def _several(block: Block, frame: Frame) -> Iterator[list[Reply]]:
    texts = block.given["texts"]
    ends = block.given.get("ends", np.ones(texts.shape, dtype=bool))
    for prompt, row, whole in zip(prompts(block.about.examples()), texts, ends, strict=True):
        yield [NONE if text is None else replied(frame, prompt, text, bool(end))
               for text, end in zip(row, whole, strict=True)]  # fmt: skip


def _itself(block: Block, frame: Frame) -> Iterator[list[Reply]]:
    for text in block.about.examples().texts():
        ids = frame.whole(text)
        yield [Reply(ids, range(1, len(ids)))]


def _labels(block: Block, frame: Frame, choice: Choice) -> Iterator[list[Reply]]:
    pool = block.about.examples()
    for text, shots in zip(pool.texts(), contexts(pool), strict=True):
        if len(shots) > 1:
            raise ContractBroken("a lesson is read with one list of worked examples, not with several alternatives")
        ids = choice.asked(text, shots[0]).ids
        yield [Reply([*ids, *reply], range(len(ids), len(ids) + len(reply))) for reply in choice.replies]
