"""`tutelage label`: answer what a run asks, in the terminal or by way of a spreadsheet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tutelage.cli.options import Json, RunName, RunsFolder, Workers, cores, runs_folder
from tutelage.cli.say import as_json, result, say

if TYPE_CHECKING:
    from tutelage.runs.record import Record

EXAMPLES = """Examples:

\b
  tutelage label last                          type part of a label, Enter; h explains the keys
  tutelage label last --then-resume            go on by itself when all is answered, and ask again
  tutelage label last --export q.csv           a sheet with key, id, text and an empty label column
  tutelage label last --import q.csv           rows in any order; empty cells stay open, ? is "I don't know"

Every answer is on disk before the next question is shown. In the sheet, a text that begins like a formula
(= + - @) has an apostrophe before it, so that no spreadsheet runs it; the import reads key, id and label only."""


def label(
    run: RunName,
    by: Annotated[str | None, typer.Option("--by", help="Who answers.", show_default="the system's user")] = None,
    export: Annotated[
        Path | None, typer.Option("--export", metavar="FILE", help="Write the open questions as CSV.")
    ] = None,
    import_: Annotated[
        Path | None, typer.Option("--import", metavar="FILE", help="Read a filled sheet; all or nothing.")
    ] = None,
    new_labels: Annotated[
        bool, typer.Option("--new-labels", help="The sheet may hold labels that are not known yet.")
    ] = False,
    then_resume: Annotated[
        bool, typer.Option("--then-resume", help="Go on with the run when all is answered.")
    ] = False,
    workers: Workers = None,
    runs: RunsFolder = None,
    json: Json = False,
) -> int:
    """Answer what a run asks: in the terminal, or with a spreadsheet (--export, --import)."""
    from tutelage.cli import sheet
    from tutelage.core.errors import Fault, Refused
    from tutelage.runs.record import find

    record = find(run, runs_folder(runs))
    if export is not None and import_ is not None:
        raise Refused(Fault("--export, --import", "one or the other at a time"))
    if export is not None:
        count = sheet.export(record, export)
        _told(
            json,
            {"run": record.name, "written": str(export), "questions": count},
            f"{count} open questions written to {export}",
        )
        return 0
    if import_ is not None:
        _read_back(record, import_, new_labels, by or person(), json)
        return _go_on(record, cores(workers), json) if then_resume and left(record) == 0 else 0
    return at_the_terminal(record, by or person(), then_resume, cores(workers), json)


def person() -> str:
    """Who sits here, by the name that the system knows."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a user entry
        return "unknown"


def left(record: Record) -> int:
    """How many questions are open."""
    from tutelage.runs.answered import queue

    return len(queue(record).questions)


def _read_back(record: Record, path: Path, new_labels: bool, by: str, json: bool) -> None:
    from tutelage.cli import sheet
    from tutelage.cli.sitting import save

    found = sheet.read_back(record, path, new_labels)
    if found.encoding == "cp1252":
        say(f"{path} is not UTF-8; it was read as cp1252, which is what older spreadsheets write")
    save(record, found.answers, by)
    open_ = left(record)
    told = {"run": record.name, "answered": len(found.answers), "unchanged": found.same, "empty": found.empty,
            "new_labels": list(found.new_labels), "open": open_}  # fmt: skip
    extra = f", {found.same} as before" if found.same else ""
    added = f"; new labels: {', '.join(found.new_labels)}" if found.new_labels else ""
    _told(json, told, f"{len(found.answers)} answers taken{extra}; {open_} questions are still open{added}")
    if open_ == 0 and not json:
        _next(record)


def at_the_terminal(record: Record, by: str, then_resume: bool, workers: int, json: bool) -> int:
    """Question after question, round after round, until the person leaves or nothing is asked any more."""
    from tutelage.cli.running import WAITS, interruptible, named
    from tutelage.cli.sitting import agreed, sit

    while True:
        if left(record) == 0:
            if any(state.status == "waiting" for state in record.states()):
                if not (then_resume or agreed()):
                    _next(record)
                    return 0
                code = _go_on(record, workers, json)
                if code != WAITS:
                    return code
                continue
            say("nothing is asked at the moment")
            _next(record)
            return 0
        with interruptible(record):
            finished = sit(record, by)
        if not finished:
            say(f"{left(record)} questions are still open; go on with: tutelage label {named(record)}")
            return 0


def _go_on(record: Record, workers: int, json: bool) -> int:
    from tutelage.cli.running import drive
    from tutelage.cli.verb_resume import unchanged

    unchanged(record, ())
    return drive(record, workers, json)


def _next(record: Record) -> None:
    from tutelage.cli.running import named

    say(f"go on with: tutelage resume {named(record)}")


def _told(json: bool, value: dict[str, object], sentence: str) -> None:
    as_json(value) if json else result(sentence)
