"""The options that several verbs share, each written once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tutelage.cli import complete

if TYPE_CHECKING:
    from tutelage.study.engine import Engine

RUNS = "runs"

Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Override one key of the recipe, as in choose.temperature=2; repeat for more.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON, and nothing else, on standard output.")]
RunsFolder = Annotated[
    Path | None, typer.Option("--runs", help="The folder of runs.", envvar="TUTELAGE_RUNS", show_default=f"./{RUNS}")
]
RunName = Annotated[
    str, typer.Argument(metavar="RUN", help='A run by name, a path to one, or "last".', autocompletion=complete.runs)
]
Workers = Annotated[
    int | None,
    typer.Option("--workers", min=0, help="Worker processes; 0: everything in this one.", show_default="one a core"),
]
Where = Annotated[
    Literal["local", "ray"] | None,
    typer.Option("--engine", help="Where the jobs run: processes of this machine, or Ray tasks.", show_default="local"),
]
Address = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="HOST:PORT",
        help="A running Ray cluster; runs, cache and files must lie where all its machines see them.",
        show_default="a cluster of this machine alone",
    ),
]
Arm = Annotated[str | None, typer.Option("--arm", help="The arm to take.", show_default="best verdict, else the first")]
Seed = Annotated[int | None, typer.Option("--seed", help="The seed to take.", show_default="the first")]


def runs_folder(given: Path | None) -> Path:
    """Where runs are: the option, else $TUTELAGE_RUNS, else ./runs."""
    return given or Path(os.environ.get("TUTELAGE_RUNS") or RUNS)


def engine_of(name: Literal["local", "ray"] | None, workers: int | None, address: str | None) -> Engine:
    """The engine that the three options ask for. Refused when they do not go together."""
    from tutelage.study.engine import Engine

    on_cluster = bool(address) and workers is None  # then as many as the cluster has cores
    return Engine(name or "local", None if on_cluster else cores(workers), address or "").checked()


def cores(given: int | None) -> int:
    """How many worker processes: as asked, else the cores that this process may use."""
    if given is not None:
        return given
    allowed = getattr(os, "sched_getaffinity", None)  # not on macOS or Windows
    return len(allowed(0)) if allowed is not None else os.cpu_count() or 1
