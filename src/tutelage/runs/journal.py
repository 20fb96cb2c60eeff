"""An append-only file of JSON lines that survives a kill: a half-written last line is dropped when it is opened."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

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
