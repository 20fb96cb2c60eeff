"""`tutelage show`: a recipe as written or resolved, a method with its settings, a paper, or a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tutelage.cli import complete
from tutelage.cli.options import Json, RunsFolder, Sets, runs_folder
from tutelage.cli.say import as_json, result, say

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES = """Examples:

\b
  tutelage show few-labels > mine.yaml          a recipe as written, to edit and to run
  tutelage show few-labels --arm uniform        one arm, everything written out
  tutelage show choose/margin                   a method: what it does, its settings, what it needs
  tutelage show last                            a run"""


def show(
    name: Annotated[
        str, typer.Argument(help="A recipe, ROOM/METHOD, a paper or a run.", autocompletion=complete.things)
    ],
    arm: Annotated[str | None, typer.Option("--arm", help="One arm of a recipe, resolved.")] = None,
    runs: RunsFolder = None,
    sets: Sets = None,
    json: Json = False,
) -> int:
    """Show a recipe, a method (ROOM/METHOD), a paper or a run."""
    from tutelage.core.parts import ROOMS

    written = tuple(sets or ())
    room, slash, method = name.partition("/")
    if slash and room in ROOMS:
        return _method(room, method, json)
    if name.endswith((".yaml", ".yml")) or name in complete.stems("recipe/built_in"):
        return _recipe(name, arm, written, json)
    if name in complete.stems("papers"):
        return _paper(name, arm, written, json)
    return _run(name, runs_folder(runs), json)


def _recipe(name: str, arm: str | None, sets: tuple[str, ...], json: bool) -> int:
    from tutelage.recipe.read import read, text_of

    if arm is None and not sets and not json:
        result(text_of(name)[1].rstrip("\n"))
        return 0
    return _resolved(read(name, sets), arm, json)


def _paper(name: str, arm: str | None, sets: tuple[str, ...], json: bool) -> int:
    if arm is None and not sets and not json:
        result((complete.PACKAGE / "papers" / f"{name}.yaml").read_text(encoding="utf-8").rstrip("\n"))
        return 0
    from tutelage.papers.read import paper

    return _resolved(paper(name, sets)[1], arm, json)


def _resolved(read: Any, arm: str | None, json: bool) -> int:
    """Everything written out: the whole study, or one arm as a recipe that runs by itself."""
    import yaml

    from tutelage.core.errors import Fault, Refused, nearest

    whole = read.resolved()
    if arm is not None:
        if arm not in read.recipes:
            raise Refused(Fault("--arm", f"{read.source.name} has no arm {arm!r}", nearest(arm, read.recipes)))
        whole = {"seeds": whole["seeds"], "budget": whole["budget"], **whole["arms"][arm]}
    if json:
        as_json(whole)
    else:
        result(yaml.safe_dump(whole, sort_keys=False, allow_unicode=True).rstrip("\n"))
    return 0


def _method(room: str, name: str, json: bool) -> int:
    import inspect
    import sys

    from tutelage.core.parts import load

    cls = load(room, name)
    about = inspect.cleandoc(sys.modules[cls.__module__].__doc__ or "")
    hints = inspect.cleandoc(cls.__doc__ or "")
    settings = _settings(cls)
    kinds = {
        key: _kinds(getattr(cls, key))
        for key in ("reads", "can", "holds", "needs", "gives", "accepts", "spends")
        if key in dir(cls)
    }
    if json:
        as_json({"room": room, "name": name, "about": about, "settings": settings, **kinds})
        return 0
    result(f"{room}: {name}\n\n{about}\n")
    result("settings" + (f"  ({hints})" if hints else "") if settings else "no settings")
    for one in settings:
        result(f"  {one['name']}: {one['type']} = {one['default']}{'  ' + one['bounds'] if one['bounds'] else ''}")
    for key, found in kinds.items():
        result(f"{key}: {found}")
    result(f"\nin a recipe: {room.rpartition('.')[2]}: {{use: {name}}}")
    return 0


def _settings(cls: type[Any]) -> list[dict[str, str]]:
    """Name, type, default and bounds of every setting."""
    from pydantic_core import PydanticUndefined

    made = []
    for name, field in getattr(cls, "__pydantic_fields__", {}).items():
        default = field.get_default(call_default_factory=True)
        needed = default is PydanticUndefined
        bounds = ", ".join(str(mark) for mark in field.metadata if "=" in str(mark))
        made.append(
            {
                "name": name,
                "type": _type(field.annotation),
                "default": "required" if needed else repr(default),
                "bounds": bounds,
            }
        )
    return made


def _type(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation).replace("typing.", "")


def _kinds(value: Any) -> str:
    if isinstance(value, property):
        return "depends on its settings"
    names = sorted(item if isinstance(item, str) else item.__name__ for item in value)
    return ", ".join(names) or "nothing"


def _run(name: str, root: Path, json: bool) -> int:
    from tutelage.cli.plan_text import beside
    from tutelage.cli.tables import arms, contrasts
    from tutelage.core.errors import Fault, Refused, nearest
    from tutelage.runs.record import find
    from tutelage.study.summary import summary

    try:
        record = find(name, root)
    except Refused:
        known = [*complete.things(""), *(path.parent.name for path in root.glob("*/resolved.yaml"))]
        raise Refused(
            Fault(
                "", f"there is no recipe, method, paper or run called {name!r}", nearest(name, known, "tutelage list")
            )
        ) from None
    told = summary(record)
    if json:
        as_json(told.as_json())
        return 0
    states = record.states()
    result(f"run {record.name} ({told.status}): {record.folder}")
    result(told.about or "")
    for state in states:
        spent = ", ".join(f"{amount:g} {unit}" for unit, amount in state.spent.items())
        result(f"  {state.arm} seed {state.seed}: {state.status}, {state.rounds} rounds{', ' + spent if spent else ''}")
    result("\n" + arms(told))
    if told.planned is not None and (told.planned.rows or told.planned.skipped):
        result("\n" + beside(told.planned))
    if told.judged:
        result("\n" + contrasts(told))
    for note in told.notes:
        say(f"note: {note}")
    return 0
