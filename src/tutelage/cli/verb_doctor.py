"""`tutelage doctor`: what is installed, which assets are here, and what that makes possible."""

from __future__ import annotations

import os
import platform
from typing import Any

from tutelage.cli.options import Json, RunsFolder, cores, runs_folder
from tutelage.cli.say import as_json, result, table

EXAMPLES = """Examples:

\b
  tutelage doctor
  tutelage doctor --json > doctor.json          to send along with a question"""

LIBRARIES = {
    "core": (
        "numpy",
        "scipy",
        "scikit-learn",
        "pyarrow",
        "pydantic",
        "pyyaml",
        "typer",
        "rich",
        "jinja2",
        "onnxruntime",
        "tokenizers",
    ),
    "text": ("torch", "transformers", "safetensors", "accelerate"),
    "scale": ("ray",),
    "gguf-runtime": ("xllamacpp",),
}


def doctor(runs: RunsFolder = None, json: Json = False) -> int:
    """Say what is installed, which assets are here, and what that makes possible."""
    from tutelage.assets.fetch import megabytes, status
    from tutelage.kit.cache import cache_folder

    machine = {"python": platform.python_version(), "system": platform.platform(), "cores": cores(None),
               "memory_gb": _memory(), "cache": str(cache_folder()),
               "runs": str(runs_folder(runs).resolve())}  # fmt: skip
    libraries = {extra: {name: _version(name) for name in names} for extra, names in LIBRARIES.items()}
    assets = status()
    absent = _absent()
    if json:
        as_json({"machine": machine, "libraries": libraries, "assets": assets, "cannot_be_used": absent})
        return 0
    for name, value in machine.items():
        result(f"{name}: {value if value is not None else 'not known'}")
    for extra, found in libraries.items():
        listed = ", ".join(f"{name} {version or '(not installed)'}" for name, version in found.items())
        help = "" if all(found.values()) else f"\n  pip install 'tutelage{'' if extra == 'core' else f'[{extra}]'}'"
        result(f"\n{extra}: {listed}{help}")
    rows = [
        [
            one.name,
            "here" if one.here else "not here",
            megabytes(one.size) if one.size else "",
            one.makes_possible,
            one.get,
        ]
        for one in assets
    ]
    result("\n" + table(["asset", "", "size", "makes possible", "get it with"], rows, right=[2]))
    result(
        "\n"
        + (
            "\n".join(f"cannot be used now: {name} ({why})" for name, why in absent.items())
            or "every method can be imported"
        )
    )
    return 0


def _absent() -> dict[str, str]:
    """Methods whose extra is not installed, with the line that installs it."""
    from tutelage.core.errors import Missing
    from tutelage.core.parts import ROOMS, load, names

    found = {}
    for room in ROOMS:
        for name in names(room):
            try:
                load(room, name)
            except Missing as missing:
                found[f"{room}/{name}"] = " ".join(str(missing).split())
    return found


def _version(package: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _memory() -> Any:
    try:
        return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9, 1)
    except (ValueError, OSError, AttributeError):
        return None
