"""Progress with rate and remaining time: a bar when standard error is a terminal, now and then a line when it is not.

Work that ends within two seconds shows nothing.
"""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

from tutelage.cli.say import clock, say

PATIENCE = 2.0  # seconds without a word
EVERY = 15.0  # seconds between two lines of a log


class Progress:
    """Called with (what is being done, how much is done, how much there is, a remark).

    `unit` "B" is shown as megabytes. Rate and remaining time count from when `what` last changed; a remark may change
    as it likes.
    """

    def __init__(self, unit: str = "", quiet: bool = False) -> None:
        self.unit, self.quiet = unit, quiet
        self.what, self.began, self.said = "", time.monotonic(), 0.0
        self.first = 0.0
        self.bar: Any = None
        self.task: Any = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._close()

    def __call__(self, what: str, done: float, total: float, remark: str = "") -> None:
        now = time.monotonic()
        if what != self.what:
            self._close()
            self.what, self.began, self.first, self.said = what, now, float(done), now - EVERY
        if self.quiet or now - self.began < PATIENCE:
            return
        line = f"{self._plain(done)} of {self._size(total)}, {self._pace(done, total, now)}"
        line += f" ({remark})" if remark else ""
        if sys.stderr.isatty():
            self._draw(done, total, line)
        elif now - self.said >= EVERY:
            say(f"{what}: {100 * done / total:.0f} %, {line}" if total else f"{what}: {line}")
            self.said = now

    def line(self, text: str) -> None:
        """A sentence between two updates."""
        if self.bar is not None:
            self.bar.console.print(text, markup=False, highlight=False)
        elif not self.quiet:
            say(text)

    def _plain(self, amount: float) -> str:
        return f"{amount / 1e6:.1f}" if self.unit == "B" else f"{amount:g}"

    def _size(self, amount: float) -> str:
        unit = "MB" if self.unit == "B" else self.unit
        return f"{self._plain(amount)} {unit}".rstrip()

    def _pace(self, done: float, total: float, now: float) -> str:
        rate = (done - self.first) / (now - self.began)
        if rate <= 0:
            return f"{clock(now - self.began)} so far"
        speed = f"{self._size(rate)}/s" if self.unit == "B" or rate >= 1 else f"{clock(1 / rate)} each"
        return f"{speed if self.unit == 'B' or rate < 1 else f'{rate:.1f}/s'}, {clock((total - done) / rate)} left"

    def _draw(self, done: float, total: float, line: str) -> None:
        if self.bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn
            from rich.progress import Progress as Bar

            words, numbers = (TextColumn(f"{{task.{name}}}", markup=False) for name in ("description", "fields[line]"))
            self.bar = Bar(words, BarColumn(), numbers, console=Console(stderr=True), transient=True)
            self.bar.start()
            self.task = self.bar.add_task(self.what, total=total, line=line)
        self.bar.update(self.task, completed=done, total=total, line=line)

    def _close(self) -> None:
        if self.bar is not None:
            self.bar.stop()
            self.bar = None
