"""A student that draws several replies to each prompt and gives one of them; how it picks is a recall's business."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from tutelage.core.data import Array, Block, Ints, Pool, Rng
from tutelage.core.digest import digest
from tutelage.core.method import settings
from tutelage.core.stages import able
from tutelage.core.writing import CanWrite, Prompt, Written
from tutelage.kit.words import in_words, questions

FILE = "recall.json"  # beside a saved student: what it was equipped with
JUDGE = "judge"  # the folder beside it of a student that judges


class Picked(NamedTuple):
    """Which draw of each group is given, and the tokens of replies that picking read."""

    places: Ints  # (m, k) in 0..n-1
    read: Ints  # (m,)


Pick: TypeAlias = Callable[[Sequence[Prompt], Array, Ints], Picked]  # prompts, (m, k, n) texts and tokens


@dataclass(frozen=True, eq=False)
class Pondered:
    """maker: the recall with its settings n, temperature and max_tokens. reads: how often a prompt is read."""

    student: Any
    maker: Any
    pick: Pick
    judge: Any = None
    reads: int = 1

    @functools.cached_property
    def fingerprint(self) -> str:
        judged_by = None if self.judge is None else self.judge.fingerprint
        return digest(self.student.fingerprint, settings(self.maker), judged_by)

    @property
    def labels(self) -> tuple[str, ...]:
        """Those of the student within; none where it has none."""
        return tuple(getattr(self.student, "labels", ()))

    @property
    def draws(self) -> int:
        """Replies that are drawn for each one given."""
        return int(self.maker.n * getattr(self.student, "draws", 1))

    @property
    def heat(self) -> float:
        """It draws at this temperature whatever is asked for."""
        return float(self.maker.temperature)

    @property
    def outside(self) -> bool:
        """Whether asking costs even when the answer is lost."""
        return any(getattr(one, "outside", False) for one in (self.student, self.judge))

    def write(
        self,
        prompts: Sequence[Prompt],
        k: int,
        rng: Rng,
        *,
        max_tokens: int = 64,
        temperature: float = 1.0,
        stop: Sequence[str] = (),
    ) -> Written:
        """The winners. `temperature` is the recall's own. Tokens are those of all draws, and what picking read."""
        n, student = self.maker.n, able(self.student, CanWrite)
        heat = self.maker.temperature
        drawn = student.write(prompts, n * k, rng, max_tokens=max_tokens, temperature=heat, stop=stop)
        texts, tokens = drawn.texts.reshape(-1, k, n), drawn.tokens_out.reshape(-1, k, n)
        picked = self.pick(prompts, texts, tokens)
        won = np.take_along_axis(texts, picked.places[..., None], axis=2)[..., 0]
        return Written(won, drawn.tokens_in * self.reads + picked.read, tokens.sum(axis=2))

    def asks(self, pool: Pool) -> list[Prompt]:
        """As the student within is asked."""
        return questions(self.student, pool)

    def answer(self, pool: Pool, rng: Rng) -> Block:
        """What it writes to each row, or the label that this names; `cost`: all tokens that it took."""
        told = self.write(self.asks(pool), 1, rng, max_tokens=self.maker.max_tokens)
        return in_words(pool, told, str(settings(self.maker)["use"]))

    def save(self, folder: Path) -> None:
        """The student's own files, beside them the settings, and the judge in a folder of its own."""
        self.student.save(folder)
        if self.judge is not None:
            self.judge.save(folder / JUDGE)
        told = {"settings": settings(self.maker)}
        (folder / FILE).write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
