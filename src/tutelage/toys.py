"""Six points, a student that knows two classes, one that reads letters, a till in memory: for docstrings and tests.

Longer than 200 lines: toys for every room, side by side.
"""

from __future__ import annotations

import atexit
import functools
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from tutelage.core.answers import Sealed
from tutelage.core.data import (
    Block,
    Exam,
    Floats,
    Floats32,
    Ints,
    Itself,
    Kinds,
    Label,
    Lessons,
    Pool,
    Rng,
    Rows,
    Table,
    labelled,
)  # fmt: skip
from tutelage.core.digest import digest
from tutelage.core.method import method
from tutelage.core.rng import stream
from tutelage.core.stages import CanEmbed, CanFit, CanWeigh, Spend, View
from tutelage.core.writing import Prompt, ReadAlone, Recited, Tokens, Written
from tutelage.kit.luck import uniform
from tutelage.kit.prompts import prompts as prompts_of
from tutelage.kit.words import in_words
from tutelage.runs.till import RecordedTill, till

__all__ = ["ANSWERS", "CODES", "POINTS", "POOL", "Nearest", "NearestMean", "Reader", "Rote", "Writer", "own_truth",
           "replies_pool", "stream", "till", "vector_pool", "view"]  # fmt: skip

POINTS = np.array([[-3, 0], [-2, 0], [-0.2, 0], [0.2, 0], [2, 0], [3, 0]], dtype=np.float32)
CODES = np.array([0, 0, 0, 1, 1, 1])


def vector_pool(points: Any, labels: Sequence[str] = ("left", "right"), ids: Sequence[str] | None = None) -> Pool:
    """A pool of vectors (n, d); ids a, b, c, ... or as given."""
    points = np.asarray(points, dtype=np.float32)
    names = list(ids) if ids is not None else [_letters(i) for i in range(len(points))]
    return Table.of("toy", {"id": names, "vector": points}, labels).pool()


def _letters(i: int) -> str:
    return chr(97 + i) if i < 26 else f"p{i:06d}"


POOL = vector_pool(POINTS)
ANSWERS = Sealed(POOL.table, CODES)


@dataclass(frozen=True, eq=False)
class Nearest:
    """p(c | x) proportional to exp(-|x - mean_c|^2 / 2); classes without a mean have probability 0."""

    names: tuple[str, ...]
    means: Floats32  # (C, d); NaN rows for classes never seen

    @property
    def labels(self) -> tuple[str, ...]:
        return self.names

    @property
    def fingerprint(self) -> str:
        return digest(list(self.names), self.means)

    @property
    def embeds_as(self) -> str:
        return "toy:identity"

    def embed(self, pool: Pool, side: str = "") -> Floats32:
        return pool.vectors()

    def probs(self, pool: Pool) -> Floats32:
        if np.isnan(self.means).all():
            return np.full((len(pool), len(self.names)), 1 / max(len(self.names), 1), dtype=np.float32)
        away = ((pool.vectors()[:, None, :] - self.means[None]) ** 2).sum(-1) / 2
        away = np.where(np.isnan(away), np.inf, away)
        weights = np.exp(-(away - away.min(1, keepdims=True)))
        return np.asarray(weights / weights.sum(1, keepdims=True), dtype=np.float32)

    def answer(self, pool: Pool, rng: Rng) -> Block:
        return labelled(Rows(pool, np.arange(len(pool))), self.probs(pool).argmax(1), "nearest")

    def fit(self, lessons: Lessons, rng: Rng, spend: Spend | None = None) -> Nearest:
        if spend is not None:
            spend(float(sum(block.size for block in lessons) * self.means.shape[1]))
        names = max((block.about.pool.labels for block in lessons), key=len, default=self.names)
        width = self.means.shape[1]
        sums, counts = np.zeros((len(names), width)), np.zeros(len(names))
        for block in lessons:
            codes = block.given["label"] if block.kind is Label else block.given["probs"].argmax(1)
            np.add.at(sums, codes, block.about.examples().vectors() * block.weight[:, None])
            np.add.at(counts, codes, block.weight)
        means = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1e-9)[:, None], np.nan)
        return replace(self, names=names, means=means.astype(np.float32))

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(folder / "nearest.npz", means=self.means, names=np.array(self.names))


def replies_pool(rows: Sequence[tuple[str, str, str]], **columns: Any) -> Pool:
    """A pool of (prompt, reply, id); equal prompts are one group."""
    texts, told, ids = zip(*rows, strict=True)
    made = {"id": ids, "text": texts, "reply": told, "group": texts, **columns}
    return Table.of("replies", {name: list(values) for name, values in made.items()}).pool()


@dataclass(frozen=True, eq=False)
class Reader:
    """log p of a reply: the sum over its letters, one token each, ends free; `copies` times that of the prompt's."""

    letters: Mapping[str, float] = field(default_factory=dict)
    other: float = -2.0
    copies: float = 1.0

    @property
    def fingerprint(self) -> str:
        return digest("reader", dict(self.letters), self.other, self.copies)

    @property
    def embeds_as(self) -> str:
        return "toy:lengths"

    def embed(self, pool: Pool, side: str = "") -> Floats32:
        """(n, 2) length of the text, and how many of its letters are a."""
        return np.array([[len(text), text.count("a")] for text in pool.texts()], dtype=np.float32).reshape(-1, 2)

    def rate(self, prompts: Sequence[Prompt], replies: Sequence[str]) -> Floats:
        return np.array([self._rate(*pair) for pair in zip(prompts, replies, strict=True)], dtype=np.float64)

    def _rate(self, prompt: Prompt, reply: str) -> float:
        asked = prompt if isinstance(prompt, str) else " ".join(turn.text for turn in prompt)
        costs = [self.letters.get(letter, self.other) * (self.copies if letter in asked else 1) for letter in reply]
        return float(sum(costs))

    def tokens(self, prompts: Sequence[Prompt], replies: Sequence[str]) -> Tokens:
        asked = [prompt if isinstance(prompt, str) else " ".join(turn.text for turn in prompt) for prompt in prompts]
        sizes = [np.array([len(text) for text in texts], dtype=np.int64) for texts in (asked, replies)]
        return Tokens(sizes[0], sizes[1], np.zeros(len(replies), dtype=np.int64))


def own_truth(texts: Sequence[str], **foils: Sequence[str]) -> Exam:
    """An exam of texts that are their own truth, with kinds of foils."""
    pool = Table.of("read", {"text": list(texts)}).pool()
    block = Block(Rows(pool, np.arange(len(pool))), None, Itself, {}, "file", np.zeros(len(pool)), np.ones(len(pool)))
    return Exam((block,), {name: Table.of(name, {"text": list(told)}).pool() for name, told in foils.items()})


@dataclass(frozen=True, eq=False)
class Rote:
    """Has learned texts by heart: certain of these, e to the `other` a letter for the rest, which it goes on with z.

    A token is a letter; a space is none. The end of a text is free.
    """

    known: tuple[str, ...] = ()
    other: float = -2.0

    @property
    def fingerprint(self) -> str:
        return digest("rote", list(self.known), self.other)

    def read_alone(self, texts: Sequence[str]) -> ReadAlone:
        sizes = np.array([len(text.replace(" ", "")) + 1 for text in texts], dtype=np.int64)
        return ReadAlone(np.where([text in self.known for text in texts], 0.0, self.other * sizes), sizes)

    def recite(self, texts: Sequence[str], share: float = 0.5) -> Recited:
        letters = [list(text.replace(" ", "")) for text in texts]
        halves = [int(share * len(one)) for one in letters]
        cues = [one[:half] for one, half in zip(letters, halves, strict=True)]
        rest = [one[half:] for one, half in zip(letters, halves, strict=True)]
        said = [one if text in self.known else ["z"] * len(one) for one, text in zip(rest, texts, strict=True)]
        columns = [
            np.array([" ".join(one) + " " for one in several] or [], dtype=object) for several in (cues, rest, said)
        ]
        ids = [np.array([ord(letter) for one in several for letter in one], dtype=np.int64) for several in (rest, said)]
        starts = np.concatenate([[0], np.cumsum([len(one) for one in rest])]).astype(np.int64)
        return Recited(columns[0], columns[1], columns[2], ids[0], ids[1], starts)


@method
class NearestMean:
    """A student maker that satisfies every protocol and nothing more."""

    reads: ClassVar[frozenset[str]] = frozenset({"vector"})
    can: ClassVar[Kinds] = frozenset({CanWeigh, CanEmbed, CanFit})

    def begin(self, pool: Pool, rng: Rng) -> Nearest:
        width = pool.take([0]).vectors().shape[1] if len(pool) else 0
        return Nearest(pool.labels, np.full((len(pool.labels), width), np.nan, dtype=np.float32))

    def load(self, folder: Path) -> Nearest:
        with np.load(folder / "nearest.npz", allow_pickle=False) as saved:
            return Nearest(tuple(str(name) for name in saved["names"]), saved["means"])


@dataclass(frozen=True, eq=False)
class Writer:
    """Writes one of the replies that its book holds for a prompt, each as likely; an unknown prompt it repeats.

    A token is a word, and one more ends a reply. temperature 0: the reply that stands there most often.
    """

    book: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        return digest({key: list(replies) for key, replies in self.book.items()})

    def answer(self, pool: Pool, rng: Rng) -> Block:
        return in_words(pool, self.write(prompts_of(pool), 1, rng, temperature=0), "writer")

    def logprob(self, prompts: Sequence[Prompt], replies: Sequence[str]) -> Floats:
        known = [self._replies(prompt) for prompt in prompts]
        shares = [several.count(reply) / len(several) for several, reply in zip(known, replies, strict=True)]
        return np.log(np.maximum(shares, 1e-6)) if shares else np.zeros(0)

    def write(self, prompts: Sequence[Prompt], k: int, rng: Rng, *, max_tokens: int = 64, temperature: float = 1.0,
              stop: Sequence[str] = ()) -> Written:  # fmt: skip
        luck = uniform(prompts, k, 1, rng)[..., 0]
        texts, counts = np.empty(luck.shape, dtype=object), np.zeros(luck.shape, dtype=np.int64)
        for (row, draw), lot in np.ndenumerate(luck):
            several = self._replies(prompts[row])
            said = several[int(lot * len(several))] if temperature else max(several, key=several.count)
            said = said[: min((said.find(one) for one in stop if one in said), default=len(said))]
            counts[row, draw] = min(len(said.split()) + 1, max_tokens)
            texts[row, draw] = said if counts[row, draw] > len(said.split()) else " ".join(said.split()[:max_tokens])
        read = [len((one if isinstance(one, str) else " ".join(turn.text for turn in one)).split()) for one in prompts]
        return Written(texts, np.array(read, dtype=np.int64), counts)

    @property
    def window(self) -> int:
        return 256

    def compose(self, k: int, rng: Rng, *, max_tokens: int = 64, temperature: float = 1.0) -> Written:
        """What its book holds for an empty prompt; nothing where it holds nothing."""
        told = self.write([""], k, rng, max_tokens=max_tokens, temperature=temperature)
        return told._replace(tokens_in=np.ones(1, dtype=np.int64))

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "writer.json").write_text(json.dumps(dict(self.book)), encoding="utf-8")

    def _replies(self, prompt: Prompt) -> tuple[str, ...]:
        asked = prompt if isinstance(prompt, str) else prompt[-1].text
        return self.book.get(asked, (asked,))


@functools.cache
def _scratch() -> Path:
    """A folder of this process alone: what somebody else was learning there would be gone on with."""
    folder = Path(tempfile.mkdtemp(prefix="tutelage-toys-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def view(pool: Pool = POOL, student: Any = None, lessons: Lessons = (), scratch: Path | None = None,
         purse: RecordedTill | None = None, taught: Ints | None = None) -> View:  # fmt: skip
    """A view over `pool`; by default the student knows -2 as left and 2 as right."""
    if taught is not None:
        lessons = (*lessons, labelled(Rows(pool, taught), CODES[taught], "oracle", 1.0))
        pool = pool.without(taught)
    knows = student or Nearest(pool.labels, np.array([[-2, 0], [2, 0]], dtype=np.float32))
    return View(pool=pool, parts={}, lessons=lessons, student=knows, first=knows, step="step", round=0, memory={},
                till=purse or till(), scratch=scratch or _scratch())  # fmt: skip
