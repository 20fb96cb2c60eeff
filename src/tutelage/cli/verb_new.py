"""`tutelage new`: the three files of a new method, with blanks that fail until they are filled."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tutelage.cli.options import Json
from tutelage.cli.say import as_json, result, say

if TYPE_CHECKING:
    from tutelage.core.errors import Fault

EXAMPLES = """Examples:

\b
  tutelage new choose margin_of_two
  tutelage new choose margin_of_two --paper scheffer2001

Run it in a checkout of tutelage. Nothing that exists is touched; the new tests fail until they are written."""


def new(
    room: Annotated[str, typer.Argument(help="The room: choose, teach, order, learn, retain, recall or assess.")],
    name: Annotated[str, typer.Argument(help="The method's name, as in core_set.")],
    paper: Annotated[str | None, typer.Option("--paper", metavar="KEY", help="Also write a paper's YAML.")] = None,
    root: Annotated[Path, typer.Option("--root", help="The checkout.")] = Path(),
    json: Json = False,
) -> int:
    """Write a method, its tests and, with --paper, a paper, each with blanks to fill."""
    from tutelage.cli import templates
    from tutelage.core.errors import Fault, Refused, nearest

    package = root / "src" / "tutelage"
    faults = _faults(room, name, paper, package)
    if room not in templates.VERBS:
        faults.append(Fault("ROOM", f"a method cannot be begun in {room!r} this way", nearest(room, templates.VERBS)))
    if faults:
        raise Refused(faults)
    files = {
        package / room / f"{name}.py": templates.method(room, name),
        root / "tests" / room / f"test_{name}.py": templates.test(room, name),
    }
    if paper is not None:
        files[package / "papers" / f"{paper}.yaml"] = templates.paper(paper, room, name)
    taken = [path for path in files if path.exists()]
    if taken:
        raise Refused([Fault(str(path), "this file is there already") for path in taken])
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    if json:
        as_json({"written": [str(path) for path in files]})
        return 0
    for path in files:
        result(f"wrote {path}")
    say(f"next: fill the blanks (they are marked BLANK), then make try M={room}/{name}")
    return 0


def _faults(room: str, name: str, paper: str | None, package: Path) -> list[Fault]:
    import sys

    from tutelage.core.errors import Fault
    from tutelage.core.parts import ROOMS, names

    faults: list[Fault] = []
    if not (package / "core" / "parts.py").is_file():
        faults.append(Fault(str(package), "this is not a checkout of tutelage", "change to it, or name it with --root"))
    if not (name.isidentifier() and name == name.lower() and not name.startswith("_")):
        faults.append(
            Fault("NAME", f"{name!r} is not lower-case words joined by underscores", "for example margin_of_two")
        )
    elif name in sys.stdlib_module_names:
        faults.append(Fault("NAME", f"{name!r} is a module of the standard library", "choose another name"))
    if room in ROOMS and name in names(room):
        faults.append(Fault("NAME", f"{room} has a method {name!r} already", f"tutelage show {room}/{name}"))
    if paper is not None and not paper.isidentifier():
        faults.append(Fault("--paper", f"{paper!r} is not a key", "for example scheffer2001"))
    return faults
