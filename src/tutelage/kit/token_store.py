"""Tokens that were taught, each under the state that stood before it, as a memory with a say in every next token.

    p(w | x) = share p_near(w | x) + (1 - share) p(w | x)
    p_near(w | x) = sum_{i in N, w_i = w} c_i exp(-|h(x) - h_i|^2 / temperature)  /  the same over all of N

Khandelwal, Levy, Jurafsky, Zettlemoyer and Lewis (2020), equations 2 and 3. Search is exact: O(n x block) memory.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from tutelage.core.data import Array, Bools, Floats, Floats32, Ints
from tutelage.core.digest import digest
from tutelage.core.errors import Fault, Refused
from tutelage.core.errors import nearest as likest
from tutelage.kit.neighbours import Ready, nearest, ready

AT_ONCE = 1 << 22  # probabilities that are held at a time: 16 MB


class Said(NamedTuple):
    """What the nearest entries say: k tokens for each of n states, and the weight of each, which sum to 1."""

    tokens: Ints  # (n, k)
    weight: Floats  # (n, k)


@dataclass(frozen=True, eq=False)
class TokenStore:
    """m > 0 entries. Implements core.writing.Memory.

    keys (m, d): states. tokens (m,). weight (m,), positive: of the lesson. rows (m,): whose entry it is, a place in
    `ids`, which are the ids of the rows that the lessons are about.
    """

    keys: Floats32
    tokens: Ints
    weight: Floats
    rows: Ints
    ids: tuple[str, ...]
    neighbours: int
    share: float  # 0 < share <= 1
    temperature: float
    layer: int = -1

    @functools.cached_property
    def fingerprint(self) -> str:
        """Of the settings, the entries in their order and the ids: equal where all of these are, bit for bit."""
        how = [self.neighbours, self.share, self.temperature, self.layer]
        return digest("token store", how, self.arrays, list(self.ids))

    @property
    def arrays(self) -> dict[str, Array]:
        """What the entries are made of, but for the ids."""
        return {"keys": self.keys, "tokens": self.tokens, "weight": self.weight, "rows": self.rows}

    @property
    def settings(self) -> dict[str, Any]:
        """What says how the entries are used."""
        return {"neighbours": self.neighbours, "share": self.share, "temperature": self.temperature,
                "layer": self.layer}  # fmt: skip

    def said(self, states: Array) -> Said:
        """By the entries nearest to these states (n, d); of equally near ones the earlier count, whoever else asks."""
        found = nearest(states, self.neighbours, self._ready)
        pull = np.log(self.weight[found.rows]) - found.away.astype(np.float64) ** 2 / self.temperature
        told = np.exp(pull - pull.max(axis=1, keepdims=True))
        return Said(self.tokens[found.rows], told / told.sum(axis=1, keepdims=True))

    def mixed(self, states: Any, logs: Any) -> Any:
        """(n, V) natural logs, from those of the student (n, V) and its states (n, d), both tensors.

        The store's tokens are numbers of the student's vocabulary, int64 from 0 to V - 1; others are torch's error.
        """
        import torch

        made = torch.empty_like(logs)
        step = max(1, AT_ONCE // max(logs.shape[1], 1))
        own, mine = float(np.log1p(-self.share)) if self.share < 1 else -np.inf, float(np.log(self.share))
        told = self.said(states.cpu().numpy())
        tokens, weight = torch.from_numpy(told.tokens), torch.from_numpy(told.weight)
        for start in range(0, len(logs), step):
            part = slice(start, start + step)
            near = torch.zeros(len(tokens[part]), logs.shape[1], dtype=torch.float64)
            near.scatter_add_(1, tokens[part], weight[part])  # on the CPU, where adding up has one order
            near = near.log().to(logs)
            made[part] = torch.logaddexp(logs[part] + own, near + mine)
        return made

    def forgotten(self, ids: Collection[str]) -> TokenStore | None:
        """The store that had been made without the rows of these ids, bit for bit; None where nothing would be left.

        Refused, all of them together, for ids of which there is nothing to forget.
        """
        known = set(self.ids)
        strange = [one for one in dict.fromkeys(ids) if one not in known]
        if strange:
            raise Refused([Fault("ids", f"no entry is about {one!r}", likest(one, self.ids)) for one in strange])
        gone = set(ids)
        stays = np.array([one not in gone for one in self.ids], dtype=bool)
        return self._of(stays)

    def _of(self, stays: Bools) -> TokenStore | None:
        keep = stays[self.rows]
        if not keep.any():
            return None
        rows = (np.cumsum(stays) - 1)[self.rows[keep]]
        ids = tuple(one for one, stay in zip(self.ids, stays.tolist(), strict=True) if stay)
        return TokenStore(self.keys[keep], self.tokens[keep], self.weight[keep], rows, ids, **self.settings)

    @functools.cached_property
    def _ready(self) -> Ready:
        return ready(self.keys)


def restored(arrays: Mapping[str, Array], ids: Collection[str], settings: Mapping[str, Any]) -> TokenStore:
    """The store that these were taken from."""
    return TokenStore(**{**arrays, "ids": tuple(ids), **settings})
