"""What the shell offers when a person presses the tab key; reads folders, imports nothing heavy."""

from __future__ import annotations

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent


def recipes(incomplete: str) -> list[str]:
    """Built-in recipes and the YAML files of this folder."""
    files = [path.name for path in Path().glob("*.y*ml")]
    return _starting(incomplete, [*stems("recipe/built_in"), *files])


def runs(incomplete: str) -> list[str]:
    """The runs of the usual folder, newest first."""
    root = Path(os.environ.get("TUTELAGE_RUNS") or "runs")
    found = sorted(root.glob("*/resolved.yaml"), key=lambda path: path.stat().st_mtime, reverse=True)
    return _starting(incomplete, ["last", *(path.parent.name for path in found)])


def papers(incomplete: str) -> list[str]:
    """Keys of the papers."""
    return _starting(incomplete, stems("papers"))


def plannable(incomplete: str) -> list[str]:
    """Recipes and papers."""
    return [*recipes(incomplete), *papers(incomplete)]


def rooms(incomplete: str) -> list[str]:
    """Everything that `tutelage list` can list."""
    from tutelage.core.parts import ROOMS

    return _starting(incomplete, [*ROOMS, "recipes", "runs", "papers", "assets"])


def things(incomplete: str) -> list[str]:
    """Everything that `tutelage show` can show."""
    from tutelage.core.parts import ROOMS, names

    methods = [f"{room}/{name}" for room in ROOMS for name in names(room)]
    return _starting(incomplete, [*recipes(incomplete), *papers(incomplete), *runs(incomplete), *methods])


def stems(folder: str) -> list[str]:
    """The YAML files of a folder of the package, by name."""
    return sorted(path.stem for path in (PACKAGE / folder).glob("*.yaml"))


def _starting(incomplete: str, names: list[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
