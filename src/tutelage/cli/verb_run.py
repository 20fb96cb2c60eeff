"""`tutelage run`: a recipe, or a person's own file, from the first label to the report."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer

from tutelage.cli import complete
from tutelage.cli.options import Address, Json, RunsFolder, Sets, Where, Workers, engine_of, runs_folder
from tutelage.cli.say import say
from tutelage.cli.short_options import (
    Arms,
    Candidates,
    Data,
    ExamLabels,
    ExamShare,
    Group,
    Id,
    Keep,
    LabelColumn,
    Labels,
    Seeds,
    Source,
    Text,
)  # fmt: skip

EXAMPLES = """Examples:

\b
  tutelage run few-labels
  tutelage run few-labels --data tickets.csv --text body --label queue --labels 200
  tutelage run few-labels --data mails.jsonl --text body --labels 200        no labels: you are asked
  tutelage run which-data --data prompts.jsonl --candidates replies
  tutelage run new-material --data handbook/ --keep general,instructions
  tutelage show few-labels > mine.yaml; tutelage run mine.yaml --set choose.use=margin

Ends with 0 when done, whatever the verdict, and with 5 when it waits for a person."""


def run(
    recipe: Annotated[str, typer.Argument(help="A recipe file, or a built-in name.", autocompletion=complete.recipes)],
    data: Data = None,
    text: Text = None,
    candidates: Candidates = None,
    source: Source = None,
    keep: Keep = None,
    label: LabelColumn = None,
    labels: Labels = None,
    id: Id = None,
    group: Group = None,
    exam_share: ExamShare = None,
    exam_labels: ExamLabels = None,
    seeds: Seeds = None,
    arm: Arms = None,
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
    short = Short(data, text, label, id, group, labels, exam_share, exam_labels, seeds, tuple(arm or ()),
                  candidates, source, keep)  # fmt: skip
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
