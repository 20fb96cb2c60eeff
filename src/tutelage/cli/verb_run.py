"""`tutelage run`: a recipe, or a person's own file, from the first label to the report."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from tutelage.cli import complete
from tutelage.cli.options import Address, Json, RunsFolder, Sets, Where, Workers, engine_of, runs_folder
from tutelage.cli.say import say

EXAMPLES = """Examples:

\b
  tutelage run few-labels
  tutelage run few-labels --data tickets.csv --text body --label queue --labels 200
  tutelage run few-labels --data mails.jsonl --text body --labels 200        no labels: you are asked
  tutelage show few-labels > mine.yaml; tutelage run mine.yaml --set choose.use=margin

Ends with 0 when done, whatever the verdict, and with 5 when it waits for a person."""


def run(
    recipe: Annotated[str, typer.Argument(help="A recipe file, or a built-in name.", autocompletion=complete.recipes)],
    data: Annotated[
        Path | None, typer.Option("--data", help="Your file: CSV, TSV, JSONL, Parquet or plain lines (.txt).")
    ] = None,
    text: Annotated[str | None, typer.Option("--text", help="Its column of texts.", show_default="text")] = None,
    label: Annotated[
        str | None, typer.Option("--label", help="Its column of labels; empty cells are unlabelled rows.")
    ] = None,
    labels: Annotated[
        int | None, typer.Option("--labels", min=1, help="How many labels may be bought; per_round follows.")
    ] = None,
    id: Annotated[str | None, typer.Option("--id", help="Its column of ids.", show_default="row numbers")] = None,
    group: Annotated[
        str | None, typer.Option("--group", help="A column whose equal values stay on one side of the exam.")
    ] = None,
    exam_share: Annotated[
        float | None,
        typer.Option(
            "--exam-share",
            min=0.01,
            max=0.9,
            help="Share of the labels in the file that becomes the exam.",
            show_default="0.25",
        ),
    ] = None,
    exam_labels: Annotated[
        int | None, typer.Option("--exam-labels", min=1, help="Buy an exam of so many random rows instead.")
    ] = None,
    seeds: Annotated[str | None, typer.Option("--seeds", help="5 are five seeds, 10:15 are 10 to 14.")] = None,
    arm: Annotated[list[str] | None, typer.Option("--arm", help="Run this arm only; repeat for more.")] = None,
    workers: Workers = None,
    engine: Where = None,
    address: Address = None,
    name: Annotated[str, typer.Option("--name", help="The run's name.", show_default="recipe and time")] = "",
    runs: RunsFolder = None,
    sets: Sets = None,
    json: Json = False,
) -> int:
    """Run a recipe: all arms at all seeds under one budget, then the table, the verdicts and the report."""
    from tutelage.cli.running import begin, drive
    from tutelage.cli.stranger import Short, meant
    from tutelage.recipe.read import read

    where = engine_of(engine, workers, address)
    written = tuple(sets or ())
    short = Short(data, text, label, id, group, labels, exam_share, exam_labels, seeds, tuple(arm or ()))
    spelt = meant(short, recipe, written)
    for note in spelt.notes:
        say(note)
    everything = (*spelt.sets, *written)
    if spelt.sets:
        say("this is short for: " + command(recipe, everything))
    record = begin(read(recipe, everything), everything, runs_folder(runs), name)
    return drive(record, where, json)


def command(recipe: str, sets: tuple[str, ...]) -> str:
    """The same run, spelt out."""
    return shlex.join(["tutelage", "run", recipe]) + "".join(f" --set {shlex.quote(item)}" for item in sets)
