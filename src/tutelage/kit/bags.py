"""Bags: which rows belong together, and what the class shares of a bag say about its rows."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tutelage.core.data import Array, Block, Floats, Ints, Pool, Rows, Share
from tutelage.core.errors import ContractBroken, Fault, Refused


def bags_of(asked: Rows, who: str) -> Rows:
    """The rows asked about, bag by bag, bags and their rows in table order; a bag is one value of the column `group`.

    Refused where the material has no such column, a row is in no bag, or a bag is asked about in part: what is known
    of a bag is its total, and counting pieces of it would give away more than its price.
    """
    pool = asked.pool
    if "group" not in pool.table.columns.column_names:
        help = "data: {use: digits, bags: 8}, or a file with bags in a column: data: {use: table, group: COLUMN}"
        raise Refused(Fault("teach", f"{who} counts bags, and {pool.name!r} has no column `group`", help))
    codes, names = _codes(pool)
    mine = codes[asked.rows]
    if (mine < 0).any():
        what = f"{who} counts bags, and {int((mine < 0).sum())} of the rows asked about are in none"
        raise Refused(Fault("teach", what, "every row needs a value in the column `group`"))
    held = np.bincount(mine, minlength=len(names))
    part = np.flatnonzero((held > 0) & (held < np.bincount(codes[codes >= 0], minlength=len(names))))
    if len(part):
        what = f"{who} counts whole bags, and {len(part)} were asked about in part, such as {names[part[0]]!r}"
        raise Refused(Fault("teach", what, "choose: {use: everything}, without per_round, asks about whole bags"))
    first = np.full(len(names), np.iinfo(np.int64).max)
    np.minimum.at(first, mine, pool.numbers[asked.rows])  # the table's row that a bag begins with gives it its place
    order = np.lexsort((pool.numbers[asked.rows], first[mine]))
    begins = np.flatnonzero(np.diff(mine[order], prepend=-1))
    return Rows(pool, asked.rows[order], np.append(begins, len(order)).astype(np.int64))


def _codes(pool: Pool) -> tuple[Ints, list[Any]]:
    """(n,) a number per row's bag, -1 for none, and the bags' names."""
    column = pool.column("group").dictionary_encode()
    codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, column.dictionary.to_pylist()


class Counted(NamedTuple):
    """Bags whose class counts are known, their n rows one after another."""

    pool: Pool
    starts: Ints  # (b+1,)
    bag: Ints  # (n,) which bag each row is in
    sizes: Ints  # (b,)
    counts: Floats  # (b, C) whole numbers when they were counted


def counted(block: Block) -> Counted:
    """The bags of a Share block. ContractBroken for any other kind."""
    starts = block.about.starts
    if block.kind is not Share or starts is None:
        raise ContractBroken(f"shares of bags are needed here, not {block.kind.__name__}")
    sizes = np.diff(starts)
    shares = np.asarray(block.given["probs"], dtype=np.float64)
    counts = shares * sizes[:, None]
    whole = np.rint(counts)  # shares are stored as float32; a true count is a whole number
    counts = np.where(np.abs(counts - whole) <= 1e-6 * sizes[:, None], whole, counts)
    return Counted(block.about.examples(), starts, np.repeat(np.arange(len(sizes)), sizes), sizes, counts)


def totals(probs: Array, starts: Ints) -> Floats:
    """(b, C) the sum of each bag's rows; no bag is empty."""
    return np.asarray(np.add.reduceat(np.asarray(probs, dtype=np.float64), starts[:-1], axis=0))


def misfit(probs: Array, bags: Counted) -> float:
    """The mean over bags of half the absolute differences between expected and known counts, as a share of the bag.

    0: every bag adds up; 1: every member of every bag is on the wrong side. Classes beyond those counted count as 0.
    """
    known = np.zeros((len(bags.sizes), max(probs.shape[1], bags.counts.shape[1])))
    known[:, : bags.counts.shape[1]] = bags.counts
    known[:, : probs.shape[1]] -= totals(probs, bags.starts)
    return float((np.abs(known).sum(axis=1) / 2 / bags.sizes).mean())


def spread_of_shares(bags: Counted) -> float:
    """The variance of a class share over the bags, mean of the classes; bags that are all alike teach nothing."""
    return float((bags.counts / bags.sizes[:, None]).var(axis=0).mean())
