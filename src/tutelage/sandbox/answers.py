"""Sealed reference programs: shown against payment, or compared with a reply by running both (contract X4).

`reveal` gives the reference itself as a Text lesson, one look of `labels` a row. `check` tells of each reply whether it
comes to the same as the reference, one look of `verdicts` a reply; what the reference says stays sealed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tutelage.core.answers import keys_of
from tutelage.core.data import Array, Block, Bools, Floats, Pool, Rows, Supervision, Table, Text
from tutelage.core.digest import digest
from tutelage.core.errors import ContractBroken
from tutelage.core.stages import Till
from tutelage.sandbox.verdict import How, right


@dataclass(frozen=True, eq=False)
class Executed:
    """programs: (n_table,) object array of str, None where there is no reference. how: they are run."""

    table: Table
    programs: Array
    how: How = "arithmetic"
    prices: Mapping[str, float] = field(default_factory=lambda: {"labels": 1.0, "verdicts": 1.0})
    till: Till | None = None
    parts: Mapping[str, Executed] = field(default_factory=dict)

    def through(self, till: Till) -> Executed:
        """The same answers, charging this till."""
        return replace(self, till=till, parts={name: part.through(till) for name, part in self.parts.items()})

    def known(self, pool: Pool) -> Bools:
        """(n,) whether there is a reference; free, because it reveals none."""
        return np.array([program is not None for program in self.programs[pool.numbers]], dtype=bool)

    def reveal(self, about: Rows, kind: type[Supervision] | None = None) -> Block:
        """The references of these rows, charged one by one. Raises Spent before the budget would be passed,
        ContractBroken for a kind that is not stored, for rows of another table and for rows without a reference.
        """
        if kind not in (None, Text):
            raise ContractBroken(f"these answers are programs; {kind.__name__ if kind else kind} is not stored")
        till, programs = self._opened(about)
        prices = np.full(len(programs), self.prices.get("labels", 1.0))
        till.pay("labels", keys_of(about, "reference"), programs.tolist(), prices)
        return Block(about, None, Text, {"text": programs}, "reference", prices, np.ones(len(programs)))

    def check(self, about: Rows, replies: Sequence[Sequence[str]]) -> Floats:
        """1.0 where a reply comes to what the row's reference does; one verdict per reply, flattened."""
        till, programs = self._opened(about)
        which = [digest(key, self.how) for key in keys_of(about, "verdict")]
        keys = [digest(key, reply) for key, several in zip(which, replies, strict=True) for reply in several]
        given = [(reply, row) for row, several in enumerate(replies) for reply in several]
        bought = dict(zip(keys, till.paid("verdicts", keys), strict=True))  # each distinct question once
        new = {key: one for key, one in zip(keys, given, strict=True) if bought[key] is None}
        said = right([reply for reply, _ in new.values()], [programs[row] for _, row in new.values()], self.how)
        bought.update(zip(new, said.astype(np.float64).tolist(), strict=True))
        till.pay(
            "verdicts", list(bought), list(bought.values()), np.full(len(bought), self.prices.get("verdicts", 1.0))
        )
        return np.array([bought[key] for key in keys], dtype=np.float64)

    def of(self, part: str) -> Executed:
        """The answers of another part. KeyError when there is none."""
        return self.parts[part]

    def _opened(self, about: Rows) -> tuple[Till, Array]:
        """The till that will be charged, and the references of these rows."""
        if about.pool.table is not self.table and about.pool.table.fingerprint != self.table.fingerprint:
            raise ContractBroken(f"no answers are stored about {about.pool.name!r}")
        if self.till is None:
            raise ContractBroken("sealed answers were asked before they were bound to a till")
        programs = self.programs[about.numbers]
        lacking = sum(program is None for program in programs)
        if lacking:
            raise ContractBroken(f"{lacking} of the rows asked about have no stored answer")
        return self.till, programs
