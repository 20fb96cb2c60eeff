"""The outside's end of one walled process: start it, hand it a program, read how that ended."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

from tutelage.core.errors import Fault, Refused

INSIDE = Path(__file__).with_name("_inside.py")
START = 30.0  # seconds for the walls to go up on a busy machine
GRACE = 10.0  # seconds beyond a program's own, in which the warden has to answer; then both are ended from here
PATIENCE = 0.5  # seconds in which a worker without a program ends by itself
Ended = Literal["exit", "time", "output", "signal", "lost"]


@dataclass(frozen=True)
class Limits:
    """seconds: of the clock, and of the processor rounded up. memory, files: bytes a process, bytes on disk.

    processes: how many may exist at once, threads included, the program itself one of them. output: bytes kept of each
    stream; a program that writes more is ended.
    """

    seconds: float = 2.0
    memory: int = 256 * 2**20
    processes: int = 1
    files: int = 2**20
    output: int = 64 * 2**10

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not value > 0:
                what = f"{value!r} is no limit: it has to be more than 0"
                raise Refused(Fault(f"sandbox.{name}", what, f"the default is {type(self).__dict__[name]}"))


class Ran(NamedTuple):
    """How a program ended. code: its exit code, or minus the signal that ended it.

    ended: `exit` by itself, `time`, `output` for too much of it, `signal` by another one, or `lost` when the process
    that watched it is gone, too (a machine short of memory).
    """

    out: str
    err: str
    code: int
    ended: Ended
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether it came to its end without an error."""
        return self.ended == "exit" and self.code == 0


class Warden:
    """One walled process; `close` it, or use it in a `with`. Start it in the thread that outlives its use."""

    def __init__(self) -> None:
        command = [sys.executable, "-s", "-S", str(INSIDE)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd="/", bufsize=0,
                                        env={"PYTHONHASHSEED": "0"}, start_new_session=True)  # fmt: skip
        self._heard = b""
        first = self._line(START)
        if first is None or "missing" in first:
            self.close()
            raise refusal((first or {}).get("missing", "start"), (first or {}).get("why", "it ended without a word"))

    def run(self, program: str, stdin: str, limits: Limits) -> Ran:
        """One program."""
        started = time.monotonic()
        request = {"program": program, "stdin": stdin, "limits": asdict(limits)}
        try:
            self._send(json.dumps(request).encode() + b"\n")
            said = self._line(limits.seconds + GRACE)
        except BrokenPipeError:
            said = None
        if said is None:
            self.close()
            return Ran("", "", -9, "lost", time.monotonic() - started)
        if "missing" in said:
            self.close()
            raise refusal(said["missing"], said["why"])
        return Ran(said["out"], said["err"], said["code"], cast(Ended, said["ended"]), said["seconds"])

    @property
    def gone(self) -> bool:
        """Whether it has been closed or has died."""
        return self.process.poll() is not None

    def close(self) -> None:
        """End it and whatever it holds: by having no more to say, or, when that does not help, by force."""
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()  # its child, the warden and the program are killed by the kernel with it
            self.process.wait()

    def __enter__(self) -> Warden:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _send(self, data: bytes) -> None:
        assert self.process.stdin is not None
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self.process.stdin.fileno(), rest) :]

    def _line(self, seconds: float) -> dict[str, Any] | None:
        """The next line of JSON; None when it ended or did not answer in time."""
        assert self.process.stdout is not None
        fd, until = self.process.stdout.fileno(), time.monotonic() + seconds
        with selectors.DefaultSelector() as waiting:
            waiting.register(fd, selectors.EVENT_READ)
            while b"\n" not in self._heard:
                if not waiting.select(max(0.0, until - time.monotonic())):
                    return None
                piece = os.read(fd, 65_536)
                if not piece:
                    return None
                self._heard += piece
        line, self._heard = self._heard.split(b"\n", 1)
        said: dict[str, Any] = json.loads(line)
        return said


def refusal(wall: str, why: str) -> Refused:
    """Nothing is run without this wall."""
    what = f"programs are not run here, because the wall {wall!r} cannot be built: {why}"
    help = "it needs Linux 5.14 or newer with user namespaces allowed, see docs/sandbox.md"
    return Refused(Fault("sandbox", what, help))
