"""`tutelage plan`: what a study will cost and how many seeds it needs, before anything is run or bought."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tutelage.cli import complete
from tutelage.cli.options import Json, RunsFolder, Sets, Workers, cores, runs_folder
from tutelage.cli.say import as_json, result, say
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

if TYPE_CHECKING:
    from tutelage.cli.stranger import Short
    from tutelage.recipe.read import Read

EXAMPLES = """Examples:

\b
  tutelage plan few-labels                                  labels, FLOP, time and disk of every arm
  tutelage plan few-labels --data tickets.csv --text body --label queue --labels 200
  tutelage plan few-labels --effect 0.02                    seeds needed to see two points
  tutelage plan schroeder2024_hast --json
  tutelage plan few-labels --jobs > jobs.txt; xargs -P 4 -I{} sh -c {} < jobs.txt

Nothing of the study is run and nothing is bought. --jobs makes the folder of a run, empty, for its lines to fill."""


def plan(
    recipe: Annotated[
        str, typer.Argument(help="A recipe file, a built-in name or a paper's key.", autocompletion=complete.plannable)
    ],
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
    effect: Annotated[
        float | None, typer.Option("--effect", help="The smallest difference that matters: how many seeds see it?")
    ] = None,
    pilot: Annotated[
        str | None,
        typer.Option("--from", metavar="RUN", help="Whose spread to take.", show_default="newest run of these arms"),
    ] = None,
    calibrate: Annotated[bool, typer.Option("--calibrate", help="Measure this machine anew, in seconds.")] = False,
    jobs: Annotated[bool, typer.Option("--jobs", help="Make a run's folder and print one command a job.")] = False,
    name: Annotated[str, typer.Option("--name", help="The run's name, with --jobs.", show_default="by time")] = "",
    runs: RunsFolder = None,
    sets: Sets = None,
    json: Json = False,
) -> int:
    """Say what a recipe will cost: bought units, work, seconds, disk, and texts still to embed. Runs nothing."""
    from tutelage.cli.stranger import Short

    if effect is not None and not effect > 0:
        _refuse("--effect", f"a difference that matters is above 0; found {effect:g}")
    if pilot is not None and effect is None:
        _refuse("--from", "a run's spread is taken to see an effect, and none is named", "add --effect 0.02")
    short = Short(data, text, label, id, group, labels, exam_share, exam_labels, seeds, tuple(arm or ()),
                  candidates, source, keep)  # fmt: skip
    read, everything = _read(recipe, short, tuple(sets or ()))
    if jobs:
        return _jobs(read, everything, runs_folder(runs), name, json)
    return _tell(read, cores(workers), calibrate, _seeds_for(read, effect, pilot, runs_folder(runs)), json)


def _refuse(where: str, what: str, help: str = "") -> None:
    from tutelage.core.errors import Fault, Refused

    raise Refused(Fault(where, what, help))


def _read(recipe: str, short: Short, written: tuple[str, ...]) -> tuple[Read, tuple[str, ...]]:
    """The study, and every override of it; a paper brings its own data."""
    from tutelage.cli.stranger import meant
    from tutelage.papers.read import paper, papers
    from tutelage.recipe.read import read

    paper_key = recipe in papers()
    if paper_key and short.data is not None:
        _refuse("--data", "a paper brings its own data", f"tutelage plan {recipe} --set data.use=...")
    spelt = meant(short, recipe, written)
    for note in spelt.notes:
        say(note)
    everything = (*spelt.sets, *written)
    return (paper(recipe, everything)[1] if paper_key else read(recipe, everything)), everything


def _tell(read: Read, workers: int, calibrate: bool, needed: dict[str, Any], json: bool) -> int:
    from tutelage.cli.plan_text import costs, seeds
    from tutelage.study.calibration import load
    from tutelage.study.probe import probe
    from tutelage.study.prospect import prospect

    if calibrate or not load().rows:
        say("measuring this machine with small studies on digits, a few seconds ...")
        probe()
    made = prospect(read, load(), workers)
    if json:
        as_json({**made._replace(material={})._asdict(), **({"effect": needed} if needed else {})})
        return 0
    result(costs(made))
    if needed:
        result("\n" + seeds(needed))
    return 0


def _seeds_for(read: Read, effect: float | None, pilot: str | None, root: Path) -> dict[str, Any]:
    """What --effect asks for; empty without it."""
    from tutelage.runs.record import find
    from tutelage.study.pilot import SEEDS, latest, needs, table

    if effect is None:
        return {}
    planned = len(read.study.seed_list)
    record = find(pilot, root) if pilot is not None else latest(read, root)
    if record is None:
        return {"difference": effect, "planned": planned, "from": None, "seeds": SEEDS, "table": table(effect)}
    return {"difference": effect, "planned": planned, "from": record.name, "needs": needs(record, effect, planned)}


def _jobs(read: Read, sets: tuple[str, ...], root: Path, name: str, json: bool) -> int:
    from tutelage.report.words import count
    from tutelage.study.run import prepare, start

    record = start(prepare(read), root, sets, name)
    study = record.read()
    where = shlex.quote(str(record.folder.resolve()))
    lines = [
        f"tutelage resume {where} --arm {shlex.quote(arm)} --seed {seed}"
        for seed in study.study.seed_list
        for arm in study.recipes
    ]
    if json:
        as_json({"run": record.folder, "jobs": lines})
        return 0
    say(f"run {record.name}: {count(len(lines), 'job')}; when all are done, `tutelage resume {where}` prints the table")
    result("\n".join(lines))
    return 0
