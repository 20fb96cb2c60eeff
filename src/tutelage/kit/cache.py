"""Where a user's cache is: embeddings, ingested tables, fetched assets."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


def cache_folder(name: str = "") -> Path:
    """$TUTELAGE_CACHE, else $XDG_CACHE_HOME/tutelage, else ~/.cache/tutelage; made when absent."""
    base = os.environ.get("TUTELAGE_CACHE")
    root = Path(base) if base else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tutelage"
    folder = root / name if name else root
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """One process at a time under this lock file; whoever dies lets go."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
