"""A command line in processes that were launched together: the main one carries it out, the others help in silence."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable

PATIENCE = 60.0  # seconds in which the main process ends, where one of the others has failed as it has
FAILED = (1, 2, 6, 130)  # codes with which the main process may leave while the others wait for it elsewhere


def launched(command: Callable[[], int]) -> int:
    """The exit code. Where the main process fails it leaves the others standing; the launcher ends them."""
    from tutelage.kit.processes import ended, main
    from tutelage.study.launched import dismissed, followed

    if main():
        code = command()
        if code not in FAILED:
            dismissed()
            ended()
        return code
    for error in followed():
        if error is not None:  # the main process has most likely met it too, and says so
            threading.Timer(PATIENCE, _alone, [str(error)]).start()
    ended()
    return 0


def _alone(said: str) -> None:
    print(f"process {os.environ['RANK']} of {os.environ['WORLD_SIZE']} failed: {said}", file=sys.stderr, flush=True)
    os._exit(1)
