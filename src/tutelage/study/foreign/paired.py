"""Two files of scores as one table: items by id, draws by seed or epoch, groups where there are some."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from tutelage.core.data import Bools, Floats, Ints
from tutelage.core.errors import Fault, Refused
from tutelage.study.foreign.columns import Scores

SHOWN = 5  # ids named in a message
CELLS = 4  # times as many cells as rows: beyond, draws are no draws of the items but something else


class Paired(NamedTuple):
    """(draws, items) of both; the same cell is the same item at the same draw."""

    one: Floats
    other: Floats
    groups: Ints | None  # (items,) codes
    notes: tuple[str, ...]  # what was left out


class Side(NamedTuple):
    """One file's rows in codes that both files share."""

    path: Path
    items: Ints
    draws: Ints
    values: Floats


def paired(one: Scores, other: Scores, paths: tuple[Path, Path], inner: bool = False) -> Paired:
    """Refused where a cell is in one file only (unless `inner`), twice in one, or about different things."""
    items, codes = _codes(one.items, other.items)
    draws, times = _draws(one, other, paths)
    sides = (
        Side(paths[0], codes[0], times[0], one.values),
        Side(paths[1], codes[1], times[1], other.values),
    )
    shape = (len(items), len(draws))
    if shape[0] * shape[1] > CELLS * (len(one.items) + len(other.items)):
        what = f"{shape[0]} items and {shape[1]} seeds make {shape[0] * shape[1]} cells, but few of them have a score"
        raise Refused(Fault(str(paths[0]), what, "--seed names the column that says which repetition a row is"))
    has = (_once(sides[0], shape, items, draws), _once(sides[1], shape, items, draws))
    _same_things(one, other, codes, items, paths)
    rows, keep, notes = _complete(has, items, draws, paths, inner)
    tables = []
    for side in sides:
        cells = np.zeros(shape)
        cells[side.items, side.draws] = side.values
        tables.append(np.ascontiguousarray(cells[keep][:, rows].T))
    groups = _groups(one, other, codes, items, paths)
    return Paired(tables[0], tables[1], None if groups is None else groups[keep], tuple(notes))


def _codes(one: pa.Array, other: pa.Array) -> tuple[pa.Array, tuple[Ints, Ints]]:
    """The different texts of both, in order of appearance, and each row's place among them."""
    coded = pa.concat_arrays([one, other]).dictionary_encode()
    codes = np.asarray(coded.indices, dtype=np.int64)
    return coded.dictionary, (codes[: len(one)], codes[len(one) :])


def _draws(one: Scores, other: Scores, paths: tuple[Path, Path]) -> tuple[list[str], tuple[Ints, Ints]]:
    if one.draws is not None and other.draws is not None:
        names, codes = _codes(one.draws, other.draws)
        return names.to_pylist(), codes
    for scores, path, bare in ((one, paths[0], paths[1]), (other, paths[1], paths[0])):
        if scores.draws is not None and (count := len(scores.draws.unique())) > 1:
            what = f"there are {count} seeds or epochs here, and none in {bare}"
            raise Refused(Fault(str(path), what, "a run with one seed is no pair of one with several"))
    return ["0"], (np.zeros(len(one.items), dtype=np.int64), np.zeros(len(other.items), dtype=np.int64))


def _once(side: Side, shape: tuple[int, int], items: pa.Array, draws: Sequence[str]) -> Bools:
    """(items, draws) which cells have a score."""
    counts = np.bincount(side.items * shape[1] + side.draws, minlength=shape[0] * shape[1])
    if (twice := np.flatnonzero(counts > 1)).size:
        at = f" at one seed (as at {draws[int(twice[0]) % shape[1]]})" if len(draws) > 1 else ""
        what = f"more than once{at}: {_some(items, twice // shape[1])}"
        raise Refused(Fault(str(side.path), what, "--seed names the column of the repetition, --metric one measure"))
    return (counts > 0).reshape(shape)


def _complete(
    has: tuple[Bools, Bools], items: pa.Array, draws: list[str], paths: tuple[Path, Path], inner: bool
) -> tuple[Ints, Bools, list[str]]:
    """The draws and items whose cells are in both files, and in words what is not."""
    everywhere = has[0].any(0) & has[1].any(0)
    rows = np.flatnonzero(everywhere)
    both = has[0].any(1) & has[1].any(1)
    keep: Bools = np.logical_and((has[0] & has[1])[:, rows].all(1), len(rows) > 0)
    left = []
    for mine, theirs, path in ((has[0], has[1], paths[0]), (has[1], has[0], paths[1])):
        if (only := np.flatnonzero(mine.any(1) & ~theirs.any(1))).size:
            left.append((path, f"only in this file: {_some(items, only)}"))
        if (lone := np.flatnonzero(mine.any(0) & ~theirs.any(0))).size:
            left.append((path, f"seeds only in this file: {', '.join(draws[at] for at in lone[:SHOWN])}"))
    if (holes := np.flatnonzero(both & ~keep)).size and len(rows):
        left.append((paths[0], f"without a score at some seed: {_some(items, holes)}"))
    if left and not inner:
        faults = [Fault(str(path), what) for path, what in left]
        raise Refused([*faults[:-1], faults[-1]._replace(help="--inner compares what both files have")])
    if not keep.any():
        what = "no item has a score at every shared seed in both files"
        raise Refused(Fault(f"{paths[0]} and {paths[1]}", what, "--id and --seed name the columns by which they pair"))
    return rows, keep, [f"left out: {path.name}: {what}" for path, what in left]


def _same_things(
    one: Scores, other: Scores, codes: tuple[Ints, Ints], items: pa.Array, paths: tuple[Path, Path]
) -> None:
    """Refused where an id stands for another document in the other file."""
    if one.prints is None or other.prints is None:
        return
    _, prints = _codes(one.prints, other.prints)
    first, second = (_by_item(print_, code, len(items))[0] for print_, code in zip(prints, codes, strict=True))
    if (apart := np.flatnonzero((first >= 0) & (second >= 0) & (first != second))).size:
        what = f"another document than in {paths[0]} under the same id: {_some(items, apart)}"
        raise Refused(Fault(str(paths[1]), what, "pair runs of one version of the task"))


def _groups(
    one: Scores, other: Scores, codes: tuple[Ints, Ints], items: pa.Array, paths: tuple[Path, Path]
) -> Ints | None:
    """(items,) by the files that say; Refused where an item is in two groups."""
    told = [(scores, code, path) for scores, code, path in zip((one, other), codes, paths, strict=True)]
    said = [(scores.groups, code, path) for scores, code, path in told if scores.groups is not None]
    if not said:
        return None
    names = pa.concat_arrays([groups for groups, _, _ in said]).dictionary_encode().dictionary
    made: Ints = np.full(len(items), -1, dtype=np.int64)
    for groups, code, path in said:
        _, (_, mine) = _codes(names, groups)
        found, steady = _by_item(mine, code, len(items))
        apart = ~steady | ((made >= 0) & (found >= 0) & (made != found))
        if apart.any():
            what = f"in two groups: {_some(items, np.flatnonzero(apart))}"
            raise Refused(Fault(str(path), what, "an item belongs to one group, in every file and at every seed"))
        made = np.where(made >= 0, made, found)
    return made


def _by_item(values: Ints, items: Ints, size: int) -> tuple[Ints, Bools]:
    """(size,) each item's value, -1 for none; and whether it has only one."""
    made: Ints = np.full(size, -1, dtype=np.int64)
    made[items] = values
    steady = np.ones(size, dtype=bool)
    steady[items[made[items] != values]] = False
    return made, steady


def _some(items: pa.Array, at: Ints) -> str:
    """As in "7 items (first: a, b, c, d, e)"."""
    places = np.unique(at)
    named = ", ".join(items.take(pa.array(places[:SHOWN])).to_pylist())
    return f"1 item ({named})" if len(places) == 1 else f"{len(places)} items (first: {named})"
