"""`tutelage claim`: run what a paper claims, and say whether it held here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tutelage.cli import complete
from tutelage.cli.options import Json, RunsFolder, Sets, Workers, cores, runs_folder
from tutelage.cli.say import as_json, result, say

if TYPE_CHECKING:
    from tutelage.papers.claim import ClaimResult

EXAMPLES = """Examples:

\b
  tutelage claim schroeder2024_hast
  tutelage claim schroeder2024_hast --seeds 100:110          other luck
  tutelage claim schroeder2024_hast --set data.use=trec      other data
  tutelage claim --all

Ends with 0 when the claim held, 3 refuted, 4 unclear, 6 when an asset is missing. With --all: 0 when every claim
ran, whatever the verdicts, 1 when one failed, 6 when one lacked an asset."""

CODES = {"held": 0, "refuted": 3, "unclear": 4, "waiting": 5}


def claim(
    key: Annotated[str | None, typer.Argument(metavar="KEY", help="The paper.", autocompletion=complete.papers)] = None,
    every: Annotated[bool, typer.Option("--all", help="Every paper in turn.")] = False,
    seeds: Annotated[
        str | None, typer.Option("--seeds", metavar="A:B", help="Seeds A to B - 1 instead of the card's.")
    ] = None,
    profile: Annotated[
        Literal["quick", "full"], typer.Option("--profile", help="As stated, or a smaller version of it.")
    ] = "full",
    keep: Annotated[bool, typer.Option("--keep", help="Write a replication down as well.")] = False,
    workers: Workers = None,
    runs: RunsFolder = None,
    sets: Sets = None,
    json: Json = False,
) -> int:
    """Run a paper's claim and judge it; the exit code is the verdict."""
    from tutelage.core.errors import Fault, Missing, Refused, TutelageError
    from tutelage.papers.read import papers

    if every == (key is not None):
        raise Refused(Fault("KEY", "name one paper, or say --all", "tutelage papers"))
    worst, told = 0, []
    for one in papers() if every else (str(key),):
        try:
            found = _one(one, seeds, tuple(sets or ()), profile, keep, cores(workers), runs_folder(runs), json)
        except TutelageError as error:
            if not every:
                raise
            say(f"{one}: {error}")
            worst = max(worst, error.exit_code, key=lambda code: (code not in (0, Missing.exit_code), code != 0))
            continue
        told.append(found)
        if not json:
            _print(found)
    if json:
        as_json(told if every else told[0])
    if every:
        return worst if worst in (0, Missing.exit_code) else 1
    return CODES[told[0].outcome]


def _one(
    key: str, seeds: str | None, sets: tuple[str, ...], profile: str, keep: bool, workers: int, root: object, json: bool
) -> ClaimResult:
    from pathlib import Path

    from tutelage.cli.progress import Progress
    from tutelage.papers.claim import claim as run_claim
    from tutelage.study.run import Progress as Stand

    with Progress("rounds", quiet=json) as bar:

        def tell(stand: Stand) -> None:
            bar(
                f"{key}: {stand.note} ({stand.done_jobs} of {stand.jobs} jobs)",
                stand.done_rounds,
                stand.expected_rounds or 0,
            )

        return run_claim(key, seeds, sets, profile, Path(str(root)), workers, tell, keep=keep)


def _print(found: ClaimResult) -> None:
    from tutelage.cli.tables import conditions

    result(f"{found.key}: {found.outcome}")
    if found.judged:
        result(conditions(found.judged))
    result(f"run: {found.run}")
    result(f"written: {found.written}" if found.written else f"not written down: {found.why_not}")
