"""A digest of the code that a result rests on: modules with all that they import of this package, and libraries."""

from __future__ import annotations

import ast
import contextlib
import functools
import importlib.util
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tutelage.core.digest import digest

PACKAGE = "tutelage"
LIBRARIES = ("numpy", "scipy", "scikit-learn", "torch", "transformers", "accelerate", "peft", "tokenizers")


@functools.lru_cache(maxsize=64)
def source_of(modules: tuple[str, ...]) -> str:
    """Digest of the source of these modules and of everything of this package that they import, at whatever depth.

    Imports inside functions count; parts that are built by name do not, so name their modules too.

    >>> source_of(("tutelage.kit.sources",)) == source_of(("tutelage.kit.sources", "tutelage.core.digest"))
    True
    """
    found: dict[str, str] = {}
    todo = list(modules)
    while todo:
        name = todo.pop()
        path = None if name in found else _file(name)
        if path is None:
            continue
        found[name] = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(found[name])):
            if isinstance(node, ast.ImportFrom):
                todo += [node.module or "", *(f"{node.module}.{one.name}" for one in node.names)]
            elif isinstance(node, ast.Import):
                todo += [one.name for one in node.names]
        todo = [one for one in todo if one.partition(".")[0] == PACKAGE or one in modules]
    return digest(found)


@functools.lru_cache(maxsize=1)
def libraries() -> str:
    """Digest of the versions of what does the arithmetic here, and of the kind of machine."""
    held = {"python": platform.python_version(), "machine": platform.machine()}
    for name in LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):
            held[name] = version(name)
    return digest(held)


def _file(name: str) -> Path | None:
    """The source of a module; None for a name that is inside one, and for what has no source."""
    try:
        spec = importlib.util.find_spec(name)
    except (ModuleNotFoundError, ValueError):
        return None
    return Path(spec.origin) if spec is not None and spec.origin and spec.origin.endswith(".py") else None
