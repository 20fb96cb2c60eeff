"""`tutelage compare`: several recipes as the arms of one study, or the contrasts of a run once more."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tutelage.cli import complete
from tutelage.cli.options import Address, Json, RunsFolder, Sets, Where, Workers, engine_of, runs_folder
from tutelage.cli.say import as_json, result, say

if TYPE_CHECKING:
    from tutelage.recipe.read import Read

EXAMPLES = """Examples:

\b
  tutelage compare mine.yaml yours.yaml
  tutelage compare mine.yaml yours.yaml --set seeds=10 --set budget.labels=100
  tutelage compare last

Every recipe gets the same budget and the same seeds; each is compared with the first.
Ends with 0 whatever the verdict."""


def compare(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="RECIPE... | RUN", help="Two recipes or more, or one run.", autocompletion=complete.things
        ),
    ],
    workers: Workers = None,
    engine: Where = None,
    address: Address = None,
    name: Annotated[str, typer.Option("--name", help="The run's name.", show_default="compare and time")] = "",
    runs: RunsFolder = None,
    sets: Sets = None,
    json: Json = False,
) -> int:
    """Compare recipes under one budget with paired intervals; or print the contrasts of one run again."""
    from tutelage.cli.running import begin, drive

    if len(what) == 1:
        return again(what[0], runs_folder(runs), json)
    where = engine_of(engine, workers, address)
    written = tuple(sets or ())
    record = begin(joined(what, written), written, runs_folder(runs), name)
    return drive(record, where, json)


def again(name: str, root: Path, json: bool) -> int:
    """The table and the contrasts of a run that is there."""
    from tutelage.cli.running import unfinished
    from tutelage.cli.tables import arms, contrasts
    from tutelage.runs.record import find
    from tutelage.study.summary import summary

    told = summary(find(name, root))
    if json:
        as_json(told.as_json())
        return 0
    result(arms(told))
    result("\n" + (contrasts(told) if told.judged else unfinished(told) or "this run states no conditions"))
    return 0


def joined(names: list[str], sets: tuple[str, ...] = ()) -> Read:
    """One study whose arms are these recipes. Refused when they state different budgets and no --set settles it."""
    import yaml

    from tutelage.core.errors import Fault, Refused
    from tutelage.recipe.read import read, read_text

    arms: dict[str, Any] = {}
    budgets: dict[str, dict[str, float]] = {}
    study: dict[str, Any] = {}
    for name in names:
        one = read(name)
        for arm, recipe in one.recipes.items():
            stem = Path(name).stem
            arms[_free(arm if arm == stem else f"{stem}_{arm}", arms)] = recipe.model_dump(mode="json")
        budgets[name] = one.study.budget
        study = study or one.study.model_dump(mode="json", include={"seeds", "measures"})
    if len({str(sorted(budget.items())) for budget in budgets.values()}) > 1:
        if not any(item.startswith("budget") for item in sets):
            listed = "; ".join(f"{name}: {budget or 'none'}" for name, budget in budgets.items())
            raise Refused(
                Fault(
                    "budget",
                    f"the recipes state different budgets ({listed})",
                    "settle it, as in --set budget.labels=200",
                )
            )
        say("the recipes state different budgets; --set decides")
    first, *others = arms
    shows = [
        {"treatment": other, "control": first, "measure": measure} for other in others for measure in study["measures"]
    ]
    budget = next((budget for budget in budgets.values() if budget), {})
    whole = {
        "about": f"Comparison of {', '.join(names)}.",
        "arms": arms,
        **study,
        "budget": budget,
        "control": "none",
        "shows": shows,
    }
    return read_text(yaml.safe_dump(whole, sort_keys=False, allow_unicode=True), "compare.yaml", sets)


def _free(name: str, taken: dict[str, Any]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free
