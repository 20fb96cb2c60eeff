"""`tutelage compare`: recipes as the arms of one study, the contrasts of a run, or files of scores by other tools."""

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
  tutelage compare --from base.csv tuned.csv --tie 0.01
  tutelage compare --from base.eval tuned.eval --metric match

Every recipe gets the same budget and the same seeds; each is compared with the first.
With --from, so is each file of per-item scores: a table (CSV, TSV, JSON lines, Parquet), samples of
lm-evaluation-harness (a file or its folder), or a log of inspect_ai (.eval or .json).
Ends with 0 whatever the verdict."""


def compare(
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="RECIPE... | RUN | FILE...",
            help="Two recipes or more, one run, or with --from two files or more.",
            autocompletion=complete.things,
        ),
    ],
    workers: Workers = None,
    engine: Where = None,
    address: Address = None,
    name: Annotated[str, typer.Option("--name", help="The run's name.", show_default="compare and time")] = "",
    runs: RunsFolder = None,
    sets: Sets = None,
    json: Json = False,
    from_: Annotated[bool, typer.Option("--from", help="The names are files of per-item scores.")] = False,
    format: Annotated[
        str | None,
        typer.Option("--format", help="csv, tsv, jsonl, parquet, lm-eval or inspect.", show_default="by content"),
    ] = None,
    id: Annotated[str | None, typer.Option("--id", help="The column of the item.", show_default="item or id")] = None,
    score: Annotated[
        str | None, typer.Option("--score", help="The column of the score.", show_default="score or correct")
    ] = None,
    seed: Annotated[
        str | None, typer.Option("--seed", help="The column of the repetition.", show_default="seed or epoch")
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(
            "--group", help="The column, or key of a sample, of items that belong together.", show_default="group"
        ),
    ] = None,
    metric: Annotated[str | None, typer.Option("--metric", help="Only this measure.", show_default="all")] = None,
    inner: Annotated[bool, typer.Option("--inner", help="Leave out items that a file lacks.")] = False,
    tie: Annotated[
        float | None, typer.Option("--tie", help="Margin inside which two are a tie.", show_default="no tie")
    ] = None,
    higher: Annotated[
        bool | None, typer.Option("--higher/--lower", help="Which score is better.", show_default="as the log says")
    ] = None,
    draws: Annotated[int, typer.Option("--draws", min=0, help="Resamples of the cross-check; 0: none.")] = 2000,
) -> int:
    """Compare recipes under one budget, or files of per-item scores, pairwise; or print a run's contrasts again."""
    files = {"format": format, "id": id, "score": score, "seed": seed, "group": group, "metric": metric}
    about_files = files | {"tie": tie, "higher/--lower": higher, "inner": inner or None}
    if from_:
        only_one_kind("--from", {"set": sets, "workers": workers, "name": name or None, "runs": runs})
        from tutelage.cli.score_files import print_comparison
        from tutelage.study.foreign.columns import Asked
        from tutelage.study.foreign.contrast import Wish

        asked = Asked(**files, higher=higher)
        return print_comparison([Path(one) for one in what], asked, Wish(inner, tie, draws), json)
    only_one_kind("recipes and runs; --from reads files", about_files)
    from tutelage.cli.running import begin, drive

    if len(what) == 1:
        return again(what[0], runs_folder(runs), json)
    where = engine_of(engine, workers, address)
    written = tuple(sets or ())
    record = begin(joined(what, written), written, runs_folder(runs), name)
    return drive(record, where, json)


def only_one_kind(kind: str, others: dict[str, Any]) -> None:
    """Refused when an option was given that says nothing about what is compared."""
    from tutelage.core.errors import Fault, Refused

    given = [f"--{name}" for name, value in others.items() if value is not None]
    if given:
        raise Refused(Fault("tutelage compare", f"{', '.join(given)} does not go with {kind}"))


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
