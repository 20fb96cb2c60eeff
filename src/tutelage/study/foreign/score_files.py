"""Files of per-item scores that somebody else's tool wrote, each compared with the first, measure by measure.

A measure is compared when every file holds it. Which way it is better is said by --higher or --lower, else by the
log, else more is taken as better.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tutelage.core.data import Rng
from tutelage.core.errors import Fault, Refused
from tutelage.kit.intervals import FEWEST_SEEDS, by_group, crossed, over_items, wilson
from tutelage.study.foreign.columns import Asked, Scores, Sheet
from tutelage.study.foreign.contrast import Contrast, Wish, binary, judged
from tutelage.study.foreign.paired import Paired, paired
from tutelage.study.foreign.read import sheet

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class ArmOf(NamedTuple):
    """One file and one measure; mean and interval are as the file has them, not turned."""

    name: str
    path: Path
    format: str
    measure: str
    items: int
    seeds: int
    mean: float
    low: float  # NaN where one item or group says nothing about others
    high: float
    tokens: dict[str, int]


class Comparison(NamedTuple):
    """What `tutelage compare --from` says."""

    arms: tuple[ArmOf, ...]
    contrasts: tuple[Contrast, ...]
    higher_is_better: dict[str, bool]
    tie: float | None
    draws: int
    notes: tuple[str, ...]


def compare_files(paths: Sequence[Path], asked: Asked, wish: Wish, rng: Rng) -> Comparison:
    """Read all, then judge every measure that all of them hold. Refused for everything that makes this impossible."""
    if not 2 <= len(paths) <= len(LETTERS):
        what = f"two to {len(LETTERS)} files are compared; {len(paths)} named"
        raise Refused(Fault("--from", what, "tutelage compare --from A.csv B.csv"))
    if wish.tie is not None and not 0 < wish.tie < math.inf:
        raise Refused(Fault("--tie", f"a margin is a number above 0; found {wish.tie:g}", "--tie 0.01"))
    sheets = [sheet(path, asked) for path in paths]
    notes = [f"{LETTERS[at]}: {note}" for at, one in enumerate(sheets) for note in one.notes]
    arms: list[ArmOf] = []
    contrasts: list[Contrast] = []
    better: dict[str, bool] = {}
    for together in _shared(sheets, asked, notes):
        title = max((one.title for one in together), key=len)
        better[title] = _higher(together, sheets, asked)
        own = [paired(one, one, (one_sheet.path,) * 2, wish.inner)
               for one, one_sheet in zip(together, sheets, strict=True)]  # fmt: skip
        arms += [_arm(at, title, sheets[at], table) for at, table in enumerate(own)]
        for at in range(1, len(sheets)):
            pair = paired(together[0], together[at], (sheets[0].path, sheets[at].path), wish.inner)
            contrasts.append(judged(pair, (LETTERS[at], LETTERS[0], title), better[title], wish, rng))
    if len(contrasts) > 1:
        notes.append(f"{len(contrasts)} comparisons; every interval and p is for one of them alone")
    return Comparison(tuple(arms), tuple(contrasts), better, wish.tie, wish.draws, tuple(dict.fromkeys(notes)))


def _arm(at: int, title: str, read: Sheet, own: Paired) -> ArmOf:
    table = own.one
    seeds, items = table.shape
    if seeds >= FEWEST_SEEDS:
        interval = crossed(by_group(table, own.groups))
    elif seeds == 1 and own.groups is None and binary(table):
        interval = wilson(float(table.sum()), items)
    else:
        interval = over_items(by_group(table, own.groups).mean(0))
    return ArmOf(LETTERS[at], read.path, read.format, title, items, seeds, interval.estimate, interval.low,
                 interval.high, read.tokens)  # fmt: skip


def _shared(sheets: Sequence[Sheet], asked: Asked, notes: list[str]) -> list[list[Scores]]:
    """The measures that every file holds, in the order of the first; what is left out is noted."""
    made = []
    for first in sheets[0].scores:
        found = [next((one for one in other.scores if _same(first, one)), None) for other in sheets]
        together = [one for one in found if one is not None]
        trouble = next((one.trouble for one in together if one.trouble), "")
        if len(together) < len(sheets):
            notes.append(f"{first.title}: not in every file; left out")
        elif trouble and asked.higher is None:
            if asked.metric is not None:
                raise Refused(Fault(first.title, trouble, "--higher or --lower says which of the items is better"))
            notes.append(f"{first.title}: {trouble}; left out (--higher or --lower says which is better)")
        else:
            made.append(together)
    if not made:
        held = [
            Fault(str(one.path), f"holds {', '.join(s.title for s in one.scores) or 'no measure'}") for one in sheets
        ]
        what = "no measure can be compared" + "".join(f"; {note}" for note in notes if "left out" in note)
        raise Refused([*held, Fault("--from", what, "the files must hold one measure of the same name and task")])
    return made


def _same(one: Scores, other: Scores) -> bool:
    return one.name == other.name and (one.task == other.task or not (one.task and other.task))


def _higher(together: Sequence[Scores], sheets: Sequence[Sheet], asked: Asked) -> bool:
    """--higher or --lower, else what the logs say, else yes."""
    if asked.higher is not None:
        return asked.higher
    said = {one.higher for one in together} - {None}
    if len(said) > 1:
        where = " and ".join(str(one.path) for one in sheets)
        raise Refused(
            Fault(where, f"{together[0].title}: the logs do not agree which way is better", "--higher or --lower")
        )
    return said != {False}
