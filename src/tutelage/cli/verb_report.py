"""`tutelage report`: make a run's page again."""

from __future__ import annotations

from tutelage.cli.options import Json, RunName, RunsFolder, runs_folder
from tutelage.cli.say import as_json, result

EXAMPLES = """Examples:

\b
  tutelage report last
  tutelage report few-labels-20250131-101500 --json

The page is one file that needs no network: send it to whomever you like."""


def report(run: RunName, runs: RunsFolder = None, json: Json = False) -> int:
    """Build report.html from the record and print its path; works on unfinished runs too."""
    from tutelage.report.build import build
    from tutelage.runs.record import find
    from tutelage.study.summary import summary

    record = find(run, runs_folder(runs))
    page = build(record)
    if json:
        as_json({**summary(record).as_json(), "run": record.name, "report": str(page)})
    else:
        result(str(page))
    return 0
