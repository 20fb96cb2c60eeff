"""`tutelage resume`: go on with a run that was interrupted or waited for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tutelage.cli.options import Address, Json, RunName, RunsFolder, Sets, Where, Workers, engine_of, runs_folder
from tutelage.cli.say import as_json, result

if TYPE_CHECKING:
    from tutelage.runs.record import Record

EXAMPLES = """Examples:

\b
  tutelage resume last
  tutelage resume few-labels-20250131-101500 --workers 1
  tutelage resume few-labels-20250131-101500 --arm uniform --seed 3      one job, as `plan --jobs` prints it

A run goes on as it began: when its recipe or its data would be others by now, it is refused
and the difference shown."""


def resume(
    run: RunName,
    workers: Workers = None,
    engine: Where = None,
    address: Address = None,
    arm: Annotated[str | None, typer.Option("--arm", help="Run this arm alone, at one --seed.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="The seed of the one job.")] = None,
    runs: RunsFolder = None,
    sets: Sets = None,
    json: Json = False,
) -> int:
    """Go on with a run; a finished one only prints its table again. --set may repeat what the run was started with."""
    from tutelage.cli.running import drive
    from tutelage.core.errors import Fault, Refused
    from tutelage.runs.record import find

    where = engine_of(engine, workers, address)
    record = find(run, runs_folder(runs))
    unchanged(record, tuple(sets or ()))
    if (arm is None) != (seed is None):
        given, other = ("--arm", "--seed") if seed is None else ("--seed", "--arm")
        raise Refused(
            Fault(given, "one job is an arm at a seed", f"add {other}, or leave out {given} to run what is left")
        )
    if arm is not None and seed is not None:
        return one(record, arm, seed, json)
    return drive(record, where, json)


def one(record: Record, arm: str, seed: int, json: bool) -> int:
    """One arm at one seed, in this process; 5 when a person has to answer first."""
    from tutelage.cli.running import WAITS, interruptible
    from tutelage.study.single import single

    with interruptible(record):
        said = single(record, arm, seed)
    state = record.state(arm, seed)
    if json:
        as_json({"run": record.name, "arm": arm, "seed": seed, "status": said, "spent": state.spent})
    else:
        result(f"run {record.name}, {arm} at seed {seed}: {said}, {state.rounds} rounds")
    return WAITS if said == "waiting" else 0


def unchanged(record: Record, sets: tuple[str, ...]) -> None:
    """Refused, with every difference, unless the recipe as written with its overrides is still what is being run."""
    import json

    import yaml

    from tutelage.core.errors import Fault, Refused
    from tutelage.recipe.read import read_text
    from tutelage.runs.record import changes
    from tutelage.study.run import plan_arms

    before = yaml.safe_load((record.folder / "resolved.yaml").read_text(encoding="utf-8"))
    kept = record.folder / "sets.json"
    old = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else []
    first = next(iter(before["arms"]))  # a recipe without arms is one arm, called after its file
    text = (record.folder / "recipe.yaml").read_text(encoding="utf-8")
    after = plan_arms(read_text(text, f"{first}.yaml", [*old, *sets])).resolved()
    found = changes(before, json.loads(json.dumps(after)))
    if found:
        help = "resume it without --set, or start another run with `tutelage run`"
        raise Refused(
            [
                Fault(record.name, "this run was started with another recipe, and a run goes on as it began", help),
                *found,
            ]
        )
