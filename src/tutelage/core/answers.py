"""Sealed answers: the truth of a pool, shown only against payment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tutelage.core.data import Block, Floats, Ints, Label, Pool, Rows, Share, Supervision, Table, labelled
from tutelage.core.digest import digest
from tutelage.core.errors import ContractBroken
from tutelage.core.stages import Answers, Till


@dataclass(frozen=True, eq=False)
class Sealed:
    """Class labels of a table's rows. `codes` (n_table,) int64, -1 where no answer is known; prices per unit."""

    table: Table
    codes: Ints
    prices: Mapping[str, float] = field(default_factory=lambda: {"labels": 1.0})
    till: Till | None = None
    parts: Mapping[str, Sealed] = field(default_factory=dict)

    def through(self, till: Till) -> Sealed:
        """The same answers, charging this till."""
        return replace(self, till=till, parts={name: part.through(till) for name, part in self.parts.items()})

    def known(self, pool: Pool) -> np.ndarray:
        """(n,) whether an answer is known; free, because it reveals no answer."""
        return np.asarray(self.codes[pool.numbers] >= 0)

    def reveal(self, about: Rows, kind: type[Supervision] | None = None) -> Block:
        """The labels of these rows, charged one by one; for the kind Share the class shares of these bags, charged
        bag by bag. Raises Spent before the budget would be passed, ContractBroken for a kind that is not stored, for
        rows of another table and for rows without an answer.
        """
        if kind is Share:
            return self._counted(about)
        if kind not in (None, Label):
            raise ContractBroken(f"these answers are class labels; {kind.__name__ if kind else kind} is not stored")
        till, codes = self._opened(about)
        keys = keys_of(about, "oracle")
        prices = np.full(len(keys), self.prices["labels"])
        till.pay("labels", keys, [about.pool.labels[code] for code in codes], prices)
        return labelled(about, codes, "oracle", self.prices["labels"])

    def _counted(self, about: Rows) -> Block:
        """How many rows of each bag are of each class, as shares (b, C); one count and one charge a bag."""
        if about.starts is None or not (np.diff(about.starts) > 0).all():
            raise ContractBroken("shares are counted over bags: rows with starts, at least one row a bag")
        till, codes = self._opened(about)
        sizes, classes = np.diff(about.starts), len(about.pool.labels)
        cells = np.repeat(np.arange(len(sizes)), sizes) * classes + codes
        counts = np.bincount(cells, minlength=len(sizes) * classes).reshape(len(sizes), classes)
        prices = np.full(len(sizes), self.prices.get("shares", 1.0))
        till.pay("shares", bag_keys(about), counts.tolist(), prices)
        given = {"probs": (counts / sizes[:, None]).astype(np.float32)}
        return Block(about, None, Share, given, "oracle", prices, np.ones(len(sizes)))

    def _opened(self, about: Rows) -> tuple[Till, Ints]:
        """The till that will be charged and the codes of these rows, which are about this table and all known."""
        if about.pool.table is not self.table and about.pool.table.fingerprint != self.table.fingerprint:
            raise ContractBroken(f"no answers are stored about {about.pool.name!r}")
        if self.till is None:
            raise ContractBroken("sealed answers were asked before they were bound to a till")
        codes = self.codes[about.numbers]
        if (codes < 0).any():
            raise ContractBroken(f"{int((codes < 0).sum())} of the rows asked about have no stored answer")
        return self.till, codes

    def check(self, about: Rows, replies: Sequence[Sequence[str]]) -> Floats:
        """1.0 where a reply names the row's label; one verdict per reply, flattened; charged as `verdicts`."""
        if self.till is None:
            raise ContractBroken("sealed answers were asked before they were bound to a till")
        truth = [about.pool.labels[code] for code in self.codes[about.numbers]]
        keys = [
            digest(key, reply)
            for key, several in zip(keys_of(about, "verdict"), replies, strict=True)
            for reply in several
        ]
        right = np.array(
            [float(reply == name) for name, several in zip(truth, replies, strict=True) for reply in several]
        )
        prices = np.full(len(keys), self.prices.get("verdicts", 1.0))
        self.till.pay("verdicts", keys, right.tolist(), prices)
        return right

    def of(self, part: str) -> Sealed:
        """The answers of another part. KeyError when there is none."""
        return self.parts[part]


def price_of(answers: Answers, unit: str) -> float:
    """What one look costs; 1 where the answers state no price."""
    return float(getattr(answers, "prices", {}).get(unit, 1.0))


def keys_of(about: Rows, source: str) -> list[str]:
    """One purchase key per row: the table, the row's id and who is asked."""
    return [digest(about.pool.table.fingerprint, id, source) for id in about.examples().ids()]


def bag_keys(about: Rows) -> list[str]:
    """One purchase key per bag: the table and the ids of its rows, in whatever order they are asked about."""
    ids, starts = about.examples().ids(), () if about.starts is None else about.starts.tolist()
    bags = [sorted(ids[start:stop]) for start, stop in zip(starts[:-1], starts[1:], strict=True)]
    return [digest(about.pool.table.fingerprint, bag, "shares") for bag in bags]
