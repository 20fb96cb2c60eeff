"""`tutelage selftest`: is the fast code right on this machine, and do the intervals keep their promise?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tutelage.cli.options import Json
from tutelage.cli.say import as_json, clock, result, table

if TYPE_CHECKING:
    from tutelage.study.simulate import Cell

EXAMPLES = """Examples:

\b
  tutelage selftest                             fast code against slow obvious code, seconds
  tutelage selftest intervals                   82,000 simulated studies of two arms, a minute or two
  tutelage selftest intervals --studies 200     a tenth of them
  tutelage selftest --json > selftest.json      to send along with a question

Ends with 0 when everything agrees, 1 when something does not."""


def selftest(
    what: Annotated[
        Literal["code", "intervals"], typer.Argument(metavar="[code | intervals]", help="What to test.")
    ] = "code",
    studies: Annotated[
        int | None, typer.Option("--studies", min=100, help="Simulated studies a cell.", show_default="2000")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Other material.")] = 0,
    json: Json = False,
) -> int:
    """Test the code against slow obvious code, or the intervals against simulated studies, on this machine."""
    from tutelage.core.errors import Fault, Refused

    if what == "intervals":
        return _intervals(studies, seed, json)
    if studies is not None:
        raise Refused(Fault("--studies", "only intervals are tested by studies", "tutelage selftest intervals"))
    return _code(seed, json)


def _code(seed: int, json: bool) -> int:
    from tutelage.selftest import CHECKS, selftest

    wide = max(len(f"{one.name}, against {one.against}") for one in CHECKS)
    found = []
    for one in selftest(seed=seed):
        found.append(one)
        if not json:
            said = f"{one.name}, against {one.against}".ljust(wide)
            seen = one.note or f"differ by {one.difference:.1e} at most (allowed {one.limit:g}), {clock(one.seconds)}"
            result(f"{'agree ' if one.fine else 'WRONG '}  {said}  {seen}")
    wrong = [one.name for one in found if not one.fine]
    if json:
        as_json({"fine": not wrong, "checks": [{**one._asdict(), "fine": one.fine} for one in found]})
    else:
        result(f"\n{len(found) - len(wrong)} of {len(found)} agree" + (f"; not: {', '.join(wrong)}" if wrong else ""))
    return int(bool(wrong))


def _intervals(studies: int | None, seed: int, json: bool) -> int:
    from tutelage.cli.progress import Progress
    from tutelage.study.simulate import GRID, POWERS, STUDIES, simulate

    studies = studies or STUDIES
    with Progress("studies", quiet=json) as bar:
        cells = simulate((*GRID, *POWERS), studies, seed, bar)
    wrong = [one for one in cells if not one.fine]
    if json:
        as_json({"fine": not wrong, "studies": studies, "seed": seed, "cells": [_plain(one) for one in cells]})
        return int(bool(wrong))
    head = ["seeds", "items", "seed effect", "item effect", "excludes 0", "95 % interval", ""]
    equal = [_row(one) for one in cells[: len(GRID)]]
    result(f"{studies} studies of two equal arms a line; effects in points, as standard deviations:\n")
    result(table(head, equal, right=range(6)))
    head[4:4] = ["difference", "predicted"]
    apart = [[*row[:4], f"{100 * one.world.effect:g}", f"{100 * one.world.expected:.1f} %", *row[4:]]
             for one, row in ((one, _row(one)) for one in cells[len(GRID) :])]  # fmt: skip
    result("\nand of two arms that differ, beside the power predicted:\n")
    result(table(head, apart, right=range(8)))
    said = f"; not: {len(wrong)}" if wrong else ""
    result(f"\n{len(cells) - len(wrong)} of {len(cells)} lines are as they must be{said}")
    return int(bool(wrong))


def _row(one: Cell) -> list[str]:
    found, world = one.share, one.world
    effects = [f"{100 * size:g}" if size else "none" for size in (world.seed_effect, world.item_effect)]
    between = f"[{100 * found.low:.1f}, {100 * found.high:.1f}]"
    return [str(world.seeds), str(world.items), *effects, f"{100 * found.estimate:.1f} %", between,
            "" if one.fine else "WRONG"]  # fmt: skip


def _plain(one: Cell) -> dict[str, object]:
    found = one.share
    return {**one.world._asdict(), "expected": one.world.expected, "studies": one.studies, "excluded": one.excluded,
            "share": found.estimate, "low": found.low, "high": found.high, "fine": one.fine}  # fmt: skip
