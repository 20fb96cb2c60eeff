"""A plan as text: a table of costs by arm, and the seeds that an effect needs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from tutelage.cli.say import clock, table

if TYPE_CHECKING:
    from tutelage.study.amounts import Amount
    from tutelage.study.pilot import Need
    from tutelage.study.plan import Plan
    from tutelage.study.planned import Beside, Planned

MARKS = {"exact": "", "at most": "<= ", "estimated": "~ ", "unknown": ""}


def costs(made: Plan) -> str:
    """Arms by units, the sum, and what the whole takes."""
    from tutelage.report.words import count

    arms, jobs = count(len(made.arms), "arm"), sum(len(arm.jobs) for arm in made.arms)
    head = ["arm", "rounds", *(spelt(unit) for unit in made.units), "seconds", "disk"]
    rows = [
        [arm.name, amount(arm.rounds), *(amount(arm.units[u]) if u in arm.units else "0" for u in made.units),
         amount(arm.seconds), amount(arm.disk, size)] for arm in made.arms
    ]  # fmt: skip
    whole = ["in all", amount(made.rounds), *(amount(one) for one in made.units.values()), amount(made.seconds),
             amount(made.disk, size)]  # fmt: skip
    lines = [
        f"plan of {made.name}: {arms}, {count(jobs, 'job')} (an arm at a seed); nothing was run or bought\n",
        table(head, [*rows, whole], right=range(1, len(head))),
        "(no mark: exact; ~: estimated; <=: at most; ?: unknown)\n",
        f"wall time: {amount(made.wall, clock)} with {made.workers} worker processes",
        f"texts still to embed: {amount(made.texts.texts)}{_taking(made.texts.seconds)}",
        *_whys(made),
        *(f"note: {note}" for note in made.notes),
    ]
    return "\n".join(lines)


def seeds(needed: Mapping[str, Any]) -> str:
    """Seeds needed by condition, or a table of power where nothing was run."""
    if needed["from"] is None:
        head = ["deviation between seeds", *(f"{n} seeds" for n in needed["seeds"])]
        rows = [[f"{one.deviation:g}", *(f"{value:.2f}" for value in one.power)] for one in needed["table"]]
        return "\n".join([
            f"power to see a difference of {needed['difference']:g}, by how much it differs from seed to seed:",
            table(head, rows, right=range(1, len(head))),
            "No finished run of these arms says which line holds: run 5 seeds as a pilot, then plan --from it.",
        ])  # fmt: skip
    rows = [_need(one) for one in needed["needs"]]
    head = ["difference", "measure", "exam", "seeds for 80 %", f"power at {needed['planned']} seeds"]
    return "\n".join([
        f"seeds to see a difference of {needed['difference']:g}, by the spread in run {needed['from']}:",
        table(head, rows, right=[2, 3, 4]),
    ])  # fmt: skip


def beside(told: Planned) -> str:
    """Planned beside actual, one line a unit."""
    if told.skipped:
        return f"planned: nothing ({told.skipped})"
    return table(["planned and actual", "planned", "actual", "off"],
                 [[spelt(one.what), _planned(one), _plainly(one.what, one.actual), _off(one)] for one in told.rows],
                 right=[1, 2, 3])  # fmt: skip


def far(told: Planned) -> str:
    """One line about the units that came otherwise than planned; empty where none did."""
    said = [f"{spelt(one.what)} {_off(one)} (planned {_planned(one)})" for one in told.far]
    return f"otherwise than planned: {', '.join(said)}" if said else ""


def amount(one: Amount, spell: Any = None) -> str:
    """With its mark."""
    return "?" if one.value is None else f"{MARKS[one.sure]}{(spell or number)(one.value)}"


def number(value: float) -> str:
    """Whole and grouped up to a million, then in powers of ten; a tenth where it is small.

    >>> number(1540), number(0.25), number(1.06e10)
    ('1,540', '0.2', '1.1e+10')
    """
    if value >= 1e6:
        return f"{value:.1e}"
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


def size(value: float) -> str:
    """Bytes.

    >>> size(1_234_567), size(2_000)
    ('1.2 MB', '2 kB')
    """
    return f"{value / 1e6:.1f} MB" if value >= 1e6 else f"{value / 1e3:.0f} kB"


def spelt(unit: str) -> str:
    """A unit for people."""
    return {"flop": "FLOP", "bytes": "disk"}.get(unit, unit.replace("_", " "))


def _taking(seconds: Amount) -> str:
    return f", {amount(seconds, clock)}" if seconds.value else ""


def _whys(made: Plan) -> Iterable[str]:
    """What estimates and upper bounds rest on, each once."""
    known = {**made.units, "seconds": made.seconds, "disk": made.disk, "texts": made.texts.seconds}
    for what, one in known.items():
        if one.why:
            yield f"{spelt(what)}, {one.sure}: {one.why}"


def _need(one: Need) -> list[str]:
    return [one.text, one.measure, str(one.items), "none is enough" if one.seeds is None else str(one.seeds),
            f"{one.power:.2f}"]  # fmt: skip


def _plainly(what: str, value: float) -> str:
    return size(value) if what == "bytes" else clock(value) if what == "seconds" else number(value)


def _planned(one: Beside) -> str:
    mark = MARKS.get(one.sure, "")
    return "?" if one.planned is None else f"{mark}{_plainly(one.what, one.planned)}"


def _off(one: Beside) -> str:
    if one.planned is None:
        return "-"
    return "new" if math.isinf(one.off) else f"{one.off:+.0%}"
