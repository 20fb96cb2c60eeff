"""What a person sees when something goes wrong: never a traceback unless they ask for one, never nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from tutelage.core.errors import ContractBroken, Missing, Refused, TutelageError

place: list[Path] = []  # the folder of the run at hand, where a traceback is kept


def refused(error: TutelageError) -> None:
    """An error raised on purpose: what it is, then its own words."""
    kinds = (
        (Refused, "this cannot work"),
        (Missing, "something is missing"),
        (ContractBroken, "a method broke its contract"),
    )
    word = next((word for kind, word in kinds if isinstance(error, kind)), "failed")
    print(f"{word}:", file=sys.stderr)
    print("  " + str(error).replace("\n", "\n  "), file=sys.stderr)


def usage(error: Any) -> int:
    """A command line that cannot be read: the parser's own words."""
    error.show()
    return int(error.exit_code)


def traceback(error: BaseException) -> None:
    """The traceback itself, for --debug."""
    import traceback as lines

    lines.print_exception(error)


def unexpected(error: Exception) -> None:
    """A bug: one line, and the traceback in a file."""
    import traceback as lines
    from datetime import datetime
    from tempfile import gettempdir

    folder = place[-1] if place and place[-1].is_dir() else Path(gettempdir())
    file = folder / f"tutelage-error-{datetime.now():%Y%m%d-%H%M%S}-{os.getpid()}.txt"
    what = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}"
    try:
        file.write_text("".join(lines.format_exception(error)), encoding="utf-8")
        kept = f"the traceback is in {file}"
    except OSError:
        kept = "the traceback could not be written; run it again with --debug"
    print(f"unexpected error: {what}\n  {kept}; please report it with that file{_address()}", file=sys.stderr)


def hush() -> None:
    """Nobody reads standard output any more: keep the interpreter from complaining about it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _address() -> str:
    from importlib.metadata import PackageNotFoundError, metadata

    try:
        links = [line.partition(",")[2].strip() for line in metadata("tutelage").get_all("Project-URL") or ()]
    except PackageNotFoundError:
        links = []
    return f" at {links[0]}" if links else ""
