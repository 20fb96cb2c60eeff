"""Start or continue a run, show how far it is, and say how it ended; shared by run, compare, resume and label."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from tutelage.cli import failure
from tutelage.cli.say import as_json, result, say

if TYPE_CHECKING:
    from tutelage.recipe.read import Read
    from tutelage.runs.record import Record
    from tutelage.study.engine import Engine
    from tutelage.study.summary import Summary

WAITS = 5


def begin(read: Read, sets: tuple[str, ...], root: Path, name: str) -> Record:
    """Check everything, then make the run's folder. Nothing is spent and nothing is left behind when it is refused."""
    from tutelage.report.words import count
    from tutelage.study.lengths import lengths
    from tutelage.study.run import prepare, start

    prepared = prepare(read)
    told = lengths(prepared)
    record = start(prepared, root, sets, name)
    notes = list(dict.fromkeys(note for course in prepared.courses.values() for note in course.notes))
    for note in (*notes, *told):
        say(f"  note: {note}")
    arms, seeds = prepared.read.recipes, len(prepared.read.study.seed_list)
    jobs, each = count(len(arms) * seeds, "job"), count(seeds, "seed")
    say(f"run {record.name}: {jobs}, {each} of each arm: {', '.join(arms)}")
    return record


def drive(record: Record, workers: int | Engine, json: bool) -> int:
    """Run what is not done yet and print how it stands; the exit code."""
    from tutelage.cli.progress import Progress
    from tutelage.study.run import Progress as Stand
    from tutelage.study.run import go_on

    failure.place.append(record.folder)
    with interruptible(record), Progress("rounds", quiet=json) as bar:

        def tell(stand: Stand) -> None:
            bar(stand.note, stand.done_rounds, stand.expected_rounds or 0,
                f"{stand.done_jobs} of {stand.jobs} jobs done" if stand.done_jobs else "")  # fmt: skip

        status = go_on(record, workers, tell)
    return waits(record, json) if status == "waiting" else done(record, json)


def done(record: Record, json: bool) -> int:
    """The report, the table and the contrasts of a finished run."""
    from tutelage.cli.plan_text import far
    from tutelage.cli.tables import arms, contrasts, ledger
    from tutelage.report.build import build
    from tutelage.study.summary import summary

    told = summary(record)
    page = build(record)
    if json:
        as_json({**told.as_json(), "report": str(page)})
        return 0
    result(arms(told))
    if kept := ledger(told):
        result(f"\nwhat was learned and what was lost\n{kept}")
    if told.judged:
        result("\n" + contrasts(told))
    if told.outcome:
        result(f"\nall conditions together: {told.outcome}")
    if told.planned is not None and (said := far(told.planned)):
        say(said)
    result(f"\nreport: {page}")
    return 0


def waits(record: Record, json: bool) -> int:
    """What a person has to do now."""
    from tutelage.runs.answered import answered, queue

    open_ = queue(record)
    if json:
        as_json(
            {
                "run": record.name,
                "status": "waiting",
                "open": len(open_.questions),
                "answered": len(answered(record.folder)),
            }
        )
    where = named(record)
    say(f"\nthe run waits for a person: {len(open_.questions)} questions are open (nothing is spent while it waits)")
    say(f"  answer them here:          tutelage label {where}")
    say(f"  or in a spreadsheet:       tutelage label {where} --export q.csv, fill it in, then --import q.csv")
    say(f"  then go on:                tutelage resume {where}")
    return WAITS


def named(record: Record) -> str:
    """How a person names this run on the command line, from the folder that they stand in."""
    import shlex

    from tutelage.cli.options import runs_folder

    usual = (runs_folder(None) / record.name).resolve() == record.folder.resolve()
    return shlex.quote(record.name if usual else str(record.folder))


@contextmanager
def interruptible(record: Record) -> Iterator[None]:
    """Ctrl-C ends with exit code 130 and the command that goes on."""
    try:
        yield
    except KeyboardInterrupt:
        say(f"\ninterrupted; everything bought is kept. Go on with: tutelage resume {named(record)}")
        raise typer.Exit(130) from None


def unfinished(told: Summary) -> str:
    """A sentence for a run that is not done; empty when it is."""
    return "" if told.status == "done" else f"this run is not finished ({told.status}): tutelage resume {told.name}"
