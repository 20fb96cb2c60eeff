"""`tutelage claim`: run what a paper claims, and say whether it held here."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import typer

from tutelage.cli import complete
from tutelage.cli.options import Address, Json, RunsFolder, Sets, Where, Workers, engine_of, runs_folder
from tutelage.cli.say import as_json, result

if TYPE_CHECKING:
    from tutelage.papers.claim import ClaimResult
    from tutelage.papers.every import Failed
    from tutelage.study.engine import Engine
    from tutelage.study.run import Progress as Stand

EXAMPLES = """Examples:

\b
  tutelage claim schroeder2024_hast
  tutelage claim schroeder2024_hast --seeds 100:110          other luck
  tutelage claim schroeder2024_hast --set data.use=trec      other data
  tutelage claim --all                                       one pool of workers for all papers
  tutelage claim --all --profile quick

Ends with 0 when the claim held, 3 refuted, 4 unclear, 5 when it waits for a person, 6 when an asset is missing. With
--all: 0 when every claim ran, whatever the verdicts, 1 when one failed, 5 when one waits for a person, 6 when one
lacked an asset; the first of 1, 6, 5 that is true of any. A claim that was interrupted goes on; --all runs no paper
again that this very code has finished."""

CODES = {"held": 0, "refuted": 3, "unclear": 4, "waiting": 5}


class Wanted(NamedTuple):
    """What is asked of every claim that runs."""

    seeds: str | None
    sets: tuple[str, ...]
    profile: str
    root: Path
    engine: Engine
    keep: bool


def claim(
    key: Annotated[str | None, typer.Argument(metavar="KEY", help="The paper.", autocompletion=complete.papers)] = None,
    every: Annotated[bool, typer.Option("--all", help="Every paper, in one pool of workers.")] = False,
    seeds: Annotated[
        str | None, typer.Option("--seeds", metavar="A:B", help="Seeds A to B - 1 instead of the card's.")
    ] = None,
    profile: Annotated[
        Literal["quick", "full"], typer.Option("--profile", help="As stated, or a smaller version of it.")
    ] = "full",
    keep: Annotated[bool, typer.Option("--keep", help="Write a replication down as well.")] = False,
    workers: Workers = None,
    engine: Where = None,
    address: Address = None,
    runs: RunsFolder = None,
    sets: Sets = None,
    json: Json = False,
) -> int:
    """Run a paper's claim and judge it; the exit code is the verdict."""
    from tutelage.core.errors import Fault, Refused

    if every == (key is not None):
        raise Refused(Fault("KEY", "name one paper, or say --all", "tutelage papers"))
    where = engine_of(engine, workers, address)
    wanted = Wanted(seeds, tuple(sets or ()), profile, runs_folder(runs), where, keep)
    return _all(wanted, json) if every else _one(str(key), wanted, json)


def _one(key: str, wanted: Wanted, json: bool) -> int:
    from tutelage.cli.progress import Progress
    from tutelage.papers.claim import claim as run_claim

    with Progress("rounds", quiet=json) as bar:

        def tell(stand: Stand) -> None:
            bar(f"{key}: {stand.note}", stand.done_rounds, stand.expected_rounds or 0,
                f"{stand.done_jobs} of {stand.jobs} jobs")  # fmt: skip

        found = run_claim(key, wanted.seeds, wanted.sets, wanted.profile, wanted.root, wanted.engine, tell,
                          keep=wanted.keep)  # fmt: skip
    if json:
        as_json(found)
    else:
        _print(found)
    return CODES[found.outcome]


def _all(wanted: Wanted, json: bool) -> int:
    from tutelage.cli.progress import Progress
    from tutelage.papers.claim import ClaimResult
    from tutelage.papers.every import claim_all
    from tutelage.papers.read import papers

    told: list[ClaimResult | Failed] = []
    with Progress("jobs", quiet=json) as bar:

        def tell(stand: Stand) -> None:
            bar("claims", stand.done_jobs, stand.jobs)

        results = claim_all(papers(), wanted.seeds, wanted.sets, wanted.profile, wanted.root, wanted.engine, tell,
                            keep=wanted.keep)  # fmt: skip
        with closing(results):
            for found in results:
                told.append(found)
                if not isinstance(found, ClaimResult):
                    bar.line(f"{found.key}: {found.error}")
                elif not json:
                    bar.line(f"{found.key}: {found.outcome}")
    if json:
        as_json([one if isinstance(one, ClaimResult) else {"key": one.key, "error": str(one.error)} for one in told])
    else:
        for found in sorted(told, key=lambda one: one.key):
            if isinstance(found, ClaimResult):
                _print(found)
    return _worst(told)


def _worst(told: list[ClaimResult | Failed]) -> int:
    """1 when any failed, else 6 when any lacked an asset, else 5 when any waits, else 0."""
    from tutelage.core.errors import Missing
    from tutelage.papers.claim import ClaimResult

    errors = [one.error for one in told if not isinstance(one, ClaimResult)]
    if any(not isinstance(error, Missing) for error in errors):
        return 1
    waits = any(isinstance(one, ClaimResult) and one.outcome == "waiting" for one in told)
    return Missing.exit_code if errors else CODES["waiting"] if waits else 0


def _print(found: ClaimResult) -> None:
    from tutelage.cli.tables import conditions

    result(f"{found.key}: {found.outcome}")
    if found.judged:
        result(conditions(found.judged))
    result(f"run: {found.run}")
    result(f"written: {found.written}" if found.written else f"not written down: {found.why_not}")
