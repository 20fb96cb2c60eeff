"""An append-only file of JSON lines that survives a kill: a half-written last line is dropped when it is opened."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tutelage.core.errors import Fault, Refused


class Journal:
    """One writer, many readers. A line is with the system when `append` returns, so a kill cannot take it away."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab")
        self._drop_torn_line()

    def append(self, line: Mapping[str, Any], durable: bool = True) -> None:
        """Write one line; `durable`: wait until the disk has it and all before it, whatever becomes of the machine."""
        self._file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
        self._file.flush()
        if durable:
            os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()

    def _drop_torn_line(self) -> None:
        size = self.path.stat().st_size
        if size == 0:
            return
        with self.path.open("rb") as file:
            whole = file.read().rfind(b"\n") + 1
        if whole < size:
            self._file.truncate(whole)


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of a journal; nothing when there is none. Refused, with the line number, when one is not JSON."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            if not raw.endswith(b"\n"):
                return
            try:
                yield json.loads(raw)
            except json.JSONDecodeError as error:
                raise Refused(Fault(f"{path}, line {number}", f"the journal is damaged: {error}")) from error


class Told(NamedTuple):
    """What a journal says of how far its arm is."""

    status: str
    rounds: int
    spent: dict[str, float]
    digest: str


def how_far(path: Path) -> Told:
    """Read again only when the file has changed."""
    if not path.exists():
        return Told("new", 0, {}, "")
    now = path.stat()
    return _how_far(path, now.st_mtime_ns, now.st_size)


@functools.lru_cache(maxsize=4096)  # a verdict asks about every arm and seed for each of its conditions
def _how_far(path: Path, changed: int, size: int) -> Told:
    status, rounds, spent = "new", 0, {}
    for line in lines(path):
        status = "started"
        if line["event"] == "round":
            rounds, spent = rounds + 1, line["spent"]
        elif line["event"] == "end":
            return Told("done", rounds, line["spent"], line["digest"])
    return Told(status, rounds, spent, "")
