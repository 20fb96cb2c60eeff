"""Whether the walls hold: programs that try each of them, run once before anything else is.

Every probe is written as an attack and tells `open` if it came through. A wall that lets its probe through, like one
that could not be built, is named, and nothing is run.
"""

from __future__ import annotations

import functools
import os
import socket
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace

from tutelage.sandbox._warden import Limits, Ran, Warden, refusal

LIMITS = Limits(seconds=5.0, memory=128 * 2**20, processes=3, files=2**16, output=2**12)


@dataclass(frozen=True)
class Probe:
    """wall: its name. program: tries it. held: whether the wall stood, by how the program ended."""

    wall: str
    program: str
    held: Callable[[Ran], bool] = lambda ran: ran.ok and ran.out == "closed\n"
    limits: Limits = LIMITS


def attempt(*tries: str, before: str = "") -> str:
    """A program that does each of these, which must all fail; it says `closed`, or which one came through."""
    lines = ["import os, socket, ctypes", "libc = ctypes.CDLL(None, use_errno=True)", before, "came = []"]
    for line in tries:
        lines += ["try:", f"    {line}", f"    came.append({line!r})", "except (OSError, AssertionError): ..."]
    return "\n".join([*lines, "print('open: ' + '; '.join(came) if came else 'closed')"])


def probes(port: int, secret: str) -> tuple[Probe, ...]:
    """port: somebody outside listens there. secret: a file outside, readable to all."""
    mounts = "assert libc.mount(b'a', b'/scratch', b'tmpfs', 0, 0) == 0"
    user = attempt("os.setuid(0)", "assert os.getuid() == 0", mounts)
    spaces = attempt("assert libc.unshare(0x10000000) == 0", "assert libc.unshare(0x20000) == 0")  # user, mount
    dials = f"socket.create_connection(('127.0.0.1', {port}), 1)"
    signals = [f"os.kill({process}, 0)" for process in (os.getpid(), os.getppid())]
    writes = ["open('/x', 'w')", "open(os.__file__, 'a')", "os.mkdir('/usr/lib/x')", "os.chmod('/', 0o777)"]
    forks = "n = 0\ntry:\n    while n < 20:\n        n += 1\n        if os.fork() == 0: time.sleep(9)\n"
    ended = replace(LIMITS, seconds=0.1)
    return (
        Probe("user", user),
        Probe("no new namespaces", spaces),
        Probe("network", attempt(dials, "assert len(socket.if_nameindex()) > 1")),
        Probe("processes of others", attempt(*signals, "os.listdir('/proc')")),
        Probe("files of others", attempt(f"open({secret!r})", "open('/etc/passwd')", "os.listdir('/home')")),
        Probe("writing outside", attempt(*writes)),
        Probe(
            "shared memory", attempt("assert libc.shmget(0, 4096, 0o1600) >= 0", "assert libc.msgget(0, 0o1600) >= 0")
        ),
        Probe("environment", attempt("assert os.environ", "os.fstat(3)")),
        Probe("process limit", f"import os, time\n{forks}except OSError: ...\nprint('closed' if n <= 3 else 'open')"),
        Probe("file limit", "try:\n    open('a', 'wb').write(bytes(2 ** 17))\nexcept OSError: print('closed')"),
        Probe("memory limit", "try:\n    bytearray(2 ** 28)\nexcept MemoryError: print('closed')"),
        Probe("output limit", "while True: print('x' * 999)", lambda ran: ran.ended == "output"),
        Probe("time limit", "while True: ...", lambda ran: ran.ended == "time", ended),
    )


@functools.cache
def hold() -> tuple[str, ...]:
    """The names of the walls, each tried; once in a process. Refused with every one that does not hold."""
    with Warden() as warden, socket.create_server(("127.0.0.1", 0)) as server, tempfile.NamedTemporaryFile() as file:
        os.chmod(file.name, 0o644)  # noqa: PTH101 - what protects it must be the wall, not its mode
        tried = probes(server.getsockname()[1], file.name)
        ran = [(probe, warden.run(probe.program, "", probe.limits)) for probe in tried]
    open_ = [(probe, said) for probe, said in ran if not probe.held(said)]
    if open_:
        told = [f"{said.ended} {said.code} {(said.out + said.err).strip()[-200:]!r}" for _, said in open_]
        raise refusal(", ".join(probe.wall for probe, _ in open_), "; ".join(told))
    return ("namespaces", "root", *(probe.wall for probe in tried))
