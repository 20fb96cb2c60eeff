"""`tutelage export`: a taught student as a folder: weights, label names, and a card that says what it is worth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tutelage.cli.options import Arm, Json, RunName, RunsFolder, Seed, runs_folder
from tutelage.cli.say import as_json, result, say

EXAMPLES = """Examples:

\b
  tutelage export last model
  tutelage export last model --arm uniform --seed 2

Then, in Python:

\b
  import tutelage
  said = tutelage.load("model").predict(["my card was stolen"])
  print(said.labels, said.confidence)"""


def export(
    run: RunName,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that is new or empty.")],
    arm: Arm = None,
    seed: Seed = None,
    runs: RunsFolder = None,
    json: Json = False,
) -> int:
    """Write a taught student to a folder: weights (npz), label names, model card."""
    from tutelage.cli.card import card
    from tutelage.runs.record import find
    from tutelage.study.summary import summary
    from tutelage.taught import hand_out, pick

    record = find(run, runs_folder(runs))
    told = summary(record)
    picked = pick(record, told, arm, seed)
    about = {"run": record.name, "digest": told.digest, "software": told.environment.get("software", {})}
    why = hand_out(picked, folder, card(told, record, picked), about)
    say(f"{record.name}: arm {picked.arm} ({picked.why}), seed {picked.seed}")
    if why:
        say(why)
    if json:
        as_json({"run": record.name, "arm": picked.arm, "seed": picked.seed, "written": str(folder)})
    else:
        result(str(folder))
    return 0
