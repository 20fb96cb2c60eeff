"""Texts as token ids in one array: read once, then batches are takes, filled up at the end."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tutelage.core.data import Array, Ints
from tutelage.core.errors import Fault, Refused

AT_ONCE = 1024  # texts whose ids are held as lists at a time


class Tokens(NamedTuple):
    """n texts, their ids one behind the other."""

    ids: Array  # (all tokens,) int32
    starts: Ints  # (n + 1,) offsets

    @property
    def lengths(self) -> Ints:
        """(n,)"""
        return np.asarray(np.diff(self.starts), dtype=np.int64)

    def batch(self, rows: Ints, filler: int) -> tuple[Ints, Ints]:
        """(b, t) ids of these texts filled up at the end, and (b, t) the mask: 1 where there is a token; t the longest.

        >>> Tokens(np.array([5, 6, 7], dtype=np.int32), np.array([0, 1, 3])).batch(np.array([1, 0]), 9)[0].tolist()
        [[6, 7], [5, 9]]
        """
        lengths = self.lengths[rows]
        places = np.arange(int(lengths.max(initial=0)))
        mask = places[None, :] < lengths[:, None]
        made = np.full(mask.shape, filler, dtype=np.int64)
        made[mask] = self.ids[(self.starts[rows][:, None] + places)[mask]]
        return made, mask.astype(np.int64)

    def by_length(self, size: int) -> Iterator[Ints]:
        """All texts in batches of at most `size`, shortest first, so that little is filled up."""
        order = np.argsort(self.lengths, kind="stable")
        for start in range(0, len(order), size):
            yield order[start : start + size]


def tokens(tokenizer: Any, texts: Iterable[Sequence[str]]) -> Tokens:
    """All texts, which come in parts of any size, each as the tokenizer reads it alone."""
    ids, lengths = [np.zeros(0, dtype=np.int32)], [np.zeros(1, dtype=np.int64)]
    for part in texts:
        for start in range(0, len(part), AT_ONCE):
            read = [one.ids for one in tokenizer.encode_batch(list(part[start : start + AT_ONCE]))]
            ids.append(np.fromiter((code for one in read for code in one), dtype=np.int32))
            lengths.append(np.array([len(one) for one in read], dtype=np.int64))
    return Tokens(np.concatenate(ids), np.cumsum(np.concatenate(lengths)))


@functools.lru_cache(maxsize=4)
def tokenizer(folder: Path, longest: int) -> Any:
    """The tokenizer of a model's folder, kept for this process: cuts after `longest` tokens, fills nothing up."""
    from tokenizers import Tokenizer

    path = folder / "tokenizer.json"
    if not path.is_file():
        raise Refused(Fault("student.model", f"{folder} holds no tokenizer.json, the only form that is read"))
    made = Tokenizer.from_file(str(path))
    made.no_padding()
    made.enable_truncation(longest)
    return made
