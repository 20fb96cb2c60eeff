"""`tutelage list`: what there is to choose from; reads folders and first lines as text and imports no method."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tutelage.cli import complete
from tutelage.cli.options import Json, RunsFolder, runs_folder
from tutelage.cli.say import as_json, result, table

EXAMPLES = """Examples:

\b
  tutelage list
  tutelage list choose
  tutelage list runs
  tutelage list assets --json
  tutelage list choose --guide                what each strategy needs, takes and gave; docs/choosing.md
  tutelage list retain --guide                the same of retaining; docs/retention.md
  tutelage list choose --guide --check        does that page say what the files say? --write makes it so

With --check it ends with 1 when the page is out of date."""

GUIDES = {"choose": "guide", "retain": "retention"}  # room -> the file of report/ that makes its page
OTHERS = ("recipes", "runs", "papers", "assets")


def list_(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="[ROOM|recipes|runs|papers|assets]",
            help="What to list.",
            show_default="everything that ships",
            autocompletion=complete.rooms,
        ),
    ] = None,
    runs: RunsFolder = None,
    guide: Annotated[
        bool, typer.Option("--guide", help="Of choose or retain: what to use with what you have.")
    ] = False,
    write: Annotated[bool, typer.Option("--write", help="With --guide: write it into its page in docs/.")] = False,
    check: Annotated[bool, typer.Option("--check", help="With --guide: say whether it is up to date there.")] = False,
    json: Json = False,
) -> int:
    """List methods by room, recipes, runs, papers or assets."""
    from tutelage.core.parts import ROOMS

    if guide or write or check:
        return _guide(what, guide, write, check)
    if what == "runs":
        return _runs(runs_folder(runs), json)
    if what == "assets":
        return _assets(json)
    found = _shelves(what)
    if json:
        as_json({shelf: [{"name": name, "about": about} for name, about in items] for shelf, items in found.items()})
        return 0
    for place, (shelf, items) in enumerate(found.items()):
        question = ROOMS.get(shelf, "")
        result(f"{'' if place == 0 else chr(10)}{shelf}{'  ' + question if question else ''}")
        width = max((len(name) for name, _ in items), default=0)
        for name, about in items:
            result(f"  {name.ljust(width)}  {about}".rstrip())
        if not items:
            result("  (nothing yet)")
    return 0


def _guide(what: str | None, guide: bool, write: bool, check: bool) -> int:
    from tutelage.core.errors import Fault, Refused

    if what not in GUIDES or not guide or (write and check):
        help = "tutelage list choose --guide [--write|--check]"
        said = f"there are guides to {' and to '.join(GUIDES)}, to be written or checked"
        raise Refused(Fault("--guide, --write, --check", said, help))
    from importlib import import_module

    page = import_module(f"tutelage.report.{GUIDES[what]}")
    if write:
        result(f"{'written' if page.write_page() else 'up to date'}: {page.PAGE}")
    elif check:
        old = page.out_of_date()
        result(f"out of date: {page.PAGE}; tutelage list {what} --guide --write" if old else f"up to date: {page.PAGE}")
        return 1 if old else 0
    else:
        result(page.guide())
    return 0


def _shelves(what: str | None) -> dict[str, list[tuple[str, str]]]:
    """Shelf -> (name, first line) of everything on it. Refused with the nearest name."""
    from tutelage.core.errors import Fault, Refused, nearest
    from tutelage.core.parts import ROOMS, names, summary

    if what is not None and what not in ROOMS and what not in OTHERS:
        raise Refused(Fault("", f"there is nothing called {what!r} to list", nearest(what, [*ROOMS, *OTHERS])))
    found = {room: [(name, summary(room, name)) for name in names(room)] for room in ROOMS if what in (None, room)}
    if what in (None, "recipes"):
        found["recipes"] = [
            (stem, first_comment(complete.PACKAGE / "recipe/built_in" / f"{stem}.yaml"))
            for stem in complete.stems("recipe/built_in")
        ]
    if what in (None, "papers"):
        found["papers"] = [
            (stem, key_of(complete.PACKAGE / "papers" / f"{stem}.yaml", "title")) for stem in complete.stems("papers")
        ]
    return found


def first_comment(path: Path) -> str:
    """The first line of a recipe, which is a comment that says what it is."""
    with path.open(encoding="utf-8") as file:
        return file.readline().lstrip("# ").strip()


def key_of(path: Path, key: str) -> str:
    """The value of a top-level key that stands on one line, read as text."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.startswith(f"{key}:"):
                return line.partition(":")[2].strip().strip("\"'")
    return ""


def _runs(root: Path, json: bool) -> int:
    from tutelage.runs.record import Record

    folders = sorted((path.parent for path in root.glob("*/resolved.yaml")), key=lambda path: path.stat().st_mtime)
    found = []
    for folder in folders:
        states = Record(folder).states()
        kinds = [state.status for state in states]
        status = "done" if set(kinds) == {"done"} else "waiting" if "waiting" in kinds else "unfinished"
        labels = sum(state.spent.get("labels", 0) for state in states)
        found.append(
            {"run": folder.name, "status": status, "done": kinds.count("done"), "jobs": len(kinds), "labels": labels}
        )
    if json:
        as_json(found)
    elif found:
        rows = [
            [str(one["run"]), str(one["status"]), f"{one['done']}/{one['jobs']}", f"{one['labels']:g}"] for one in found
        ]
        result(table(["run", "status", "jobs", "labels spent"], rows, right=[2, 3]))
    else:
        result(f"no runs in {root}; start one with: tutelage run few-labels")
    return 0


def _assets(json: bool) -> int:
    from tutelage.assets.fetch import megabytes, status

    found = status()
    if json:
        as_json(found)
        return 0
    rows = [
        [one.name, "here" if one.here else "not here", megabytes(one.size) if one.size else "", one.what]
        for one in found
    ]
    result(table(["asset", "", "size", "what"], rows, right=[2]))
    return 0
