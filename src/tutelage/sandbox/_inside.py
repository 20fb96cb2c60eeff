"""What runs behind the walls: builds them, then runs one program after another, each in a process of its own.

Started by `_warden.py` as `python -s -S _inside.py` with an empty environment. It speaks on its standard streams, a
line of JSON a request, a line of JSON a reply; the first line says that the walls stand, or names one that does not.

    gate (outside)  ->  its child, in new user, mount, network, ipc, uts and cgroup namespaces  ->  warden, pid 1 of a
    new pid namespace, over a read-only root that holds Python's library and no more  ->  one child for each program,
    pid 1 of a pid namespace of its own, with a scratch folder, resource limits and no capability

When pid 1 of a namespace ends, the kernel ends everything in it: nothing that a program leaves behind survives it.

Longer than 200 lines: it is loaded alone, and the order in which the walls go up is read from top to bottom.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import selectors
import signal
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING or __name__ != "__main__":
    from tutelage.sandbox import _kernel as kernel
else:
    import _kernel as kernel  # beside this file, there where no tutelage is

NOBODY = 65534
NAMES = ("user", "mnt", "net", "ipc", "uts", "pid", "cgroup")
OTHERS = kernel.NEWNS | kernel.NEWNET | kernel.NEWIPC | kernel.NEWUTS | kernel.NEWCGROUP | kernel.NEWPID


def gate() -> NoReturn:
    """Outside: the only one who may say which user of the outside stands behind the one inside."""
    kernel.prctl(kernel.SET_PDEATHSIG, signal.SIGKILL)
    before = namespaces()
    user, group = os.geteuid() or NOBODY, os.getegid() or NOBODY  # never root: limits do not bind it
    if os.geteuid() == 0:
        os.setgroups([])
    ready, known = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        enter(before, ready[1], known[0])
    os.close(ready[1])
    if os.read(ready[0], 1):  # nothing: the child has said what is missing, and ended
        try:
            for name, value in (
                ("setgroups", "deny"),
                ("uid_map", f"{NOBODY} {user} 1"),
                ("gid_map", f"{NOBODY} {group} 1"),
            ):
                with open(f"/proc/{child}/{name}", "w") as file:
                    file.write(value)
        except OSError as error:
            missing("user", f"{name}: {error.strerror}")
        os.write(known[1], b".")
    os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 255)


def enter(before: Mapping[str, str], ready: int, known: int) -> NoReturn:
    """In new namespaces and under the new user: make the warden, and wait for its end."""
    wall = "user"
    try:
        kernel.unshare(kernel.NEWUSER)
        wall = "namespaces"
        kernel.unshare(OTHERS)
        fds = [(place, os.open(place, os.O_PATH)) for place in shown()]  # while what is above them can still be passed
        os.write(ready, b".")
        if not os.read(known, 1):
            os._exit(3)
        wall = "user"
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        kernel.prctl(kernel.SET_DUMPABLE, 1)  # else /proc/self would belong to root after the change of user
        kernel.prctl(kernel.SET_PDEATHSIG, signal.SIGKILL)
        warden = os.fork()
        if warden:
            os._exit(os.waitstatus_to_exitcode(os.waitpid(warden, 0)[1]) & 255)
        kernel.prctl(kernel.SET_PDEATHSIG, signal.SIGKILL)
        shared = [name for name, place in namespaces().items() if place == before[name]]
        if shared:
            missing("namespaces", f"still shared with the outside: {', '.join(shared)}")
        home = os.open("/proc/self/ns/pid", os.O_RDONLY)
        wall = "no new namespaces"
        with open("/proc/sys/user/max_user_namespaces", "w") as file:
            file.write("0")
        wall = "root"
        close_root(fds)
    except OSError as error:
        missing(wall, str(error.strerror or error))
    serve(home)


def namespaces() -> dict[str, str]:
    """Name -> the identity of this process's namespace; for pid of the one that its children are born in."""
    places = {name: "pid_for_children" if name == "pid" else name for name in NAMES}
    return {name: os.readlink(f"/proc/self/ns/{place}") for name, place in places.items()}


def shown() -> list[str]:
    """What of the outside a program sees, read-only: the libraries of the system and of Python, and /dev/null."""
    places = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/dev/null"]
    python = os.path.realpath(sys.base_prefix)
    if python != "/usr":  # else it stands in /usr/lib
        places.append(python)
    return [place for place in places if os.path.exists(place)]


def close_root(fds: Sequence[tuple[str, int]]) -> None:
    """A new root in memory with the shown places under their old names, all of it read-only; the old one is let go."""
    kernel.mount("none", "/", None, kernel.RECURSIVE | kernel.PRIVATE)
    root = "/tmp"  # noqa: S108 - any folder will do: it is covered in this namespace alone
    kernel.mount("tmpfs", root, "tmpfs", kernel.NO_SUID | kernel.NO_DEV, "size=1m,mode=755")
    for place, fd in fds:
        target = root + place
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.islink(place):
            os.symlink(os.readlink(place), target)
            continue
        if place == "/dev/null":
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY))
        else:
            os.makedirs(target, exist_ok=True)
        kernel.mount(f"/proc/self/fd/{fd}", target, None, kernel.BIND | kernel.RECURSIVE)
        kernel.harden(target, kernel.READ_ONLY | kernel.NO_SUID | (0 if place == "/dev/null" else kernel.NO_DEV))
    for name in ("scratch", ".old"):
        os.mkdir(f"{root}/{name}")
    kernel.pivot(root, f"{root}/.old")
    os.rmdir("/.old")
    kernel.harden("/", kernel.READ_ONLY | kernel.NO_SUID)
    for _, fd in fds:
        os.close(fd)


def serve(home: int) -> NoReturn:
    """The warden: one request after another until there is no more."""
    os.environ.clear()
    sys.path.pop(0)  # where this file is: no program can see it
    say({"walls": True})
    gc.freeze()  # children touch fewer pages
    for line in sys.stdin.buffer:
        request = json.loads(line)
        try:
            say(watch(request, home))
        except OSError as error:
            missing("process", str(error.strerror or error))
    os._exit(0)


def watch(request: Mapping[str, Any], home: int) -> dict[str, Any]:
    """Run one program and say how it ended; whatever it started ends with it."""
    limits = request["limits"]
    outs, errs = os.pipe(), os.pipe()
    given = os.memfd_create("stdin")
    os.write(given, request["stdin"].encode(errors="replace"))
    os.lseek(given, 0, os.SEEK_SET)
    started = time.monotonic()
    kernel.unshare(kernel.NEWPID)
    child = os.fork()
    if child == 0:
        become(request["program"], limits, (given, outs[1], errs[1]))
    kernel.setns(home, kernel.NEWPID)  # the next one shall be born beside this one, not inside
    for fd in (given, outs[1], errs[1]):
        os.close(fd)
    ended, caught = follow(child, {outs[0]: limits["output"], errs[0]: limits["output"]}, started + limits["seconds"])
    status, used = os.wait4(child, 0)[1:]
    for fd in (outs[0], errs[0]):
        os.close(fd)
    code = os.waitstatus_to_exitcode(status)
    if ended == "exit" and code < 0:
        over = used.ru_utime + used.ru_stime >= limits["seconds"]
        ended = "time" if over and code == -signal.SIGKILL else "signal"
    out, err = (bytes(caught[fd]).decode(errors="replace") for fd in (outs[0], errs[0]))
    return {"out": out, "err": err, "code": code, "ended": ended, "seconds": time.monotonic() - started}


def follow(child: int, caps: Mapping[int, int], until: float) -> tuple[str, dict[int, bytearray]]:
    """Read what it writes until it ends; kill it when time or an output cap is over. How it ended; what it wrote."""
    caught = {fd: bytearray() for fd in caps}
    ended, watched = "exit", os.pidfd_open(child)
    with selectors.DefaultSelector() as waiting:
        for fd in (*caps, watched):
            waiting.register(fd, selectors.EVENT_READ)
        while waiting.get_map():
            events = waiting.select(max(0.0, until - time.monotonic()) if ended == "exit" else None)
            if not events and ended == "exit":
                ended = "time"
                os.kill(child, signal.SIGKILL)
            for key, _ in events:
                piece = b"" if key.fd == watched else os.read(key.fd, 65_536)
                if not piece:  # the process is gone, or everybody has closed this stream
                    waiting.unregister(key.fd)
                    continue
                caught[key.fd] += piece
                if len(caught[key.fd]) > caps[key.fd] and ended == "exit":
                    ended = "output"
                    os.kill(child, signal.SIGKILL)
                del caught[key.fd][caps[key.fd] :]
    os.close(watched)
    return ended, caught


def become(program: str, limits: Mapping[str, Any], streams: Sequence[int]) -> NoReturn:
    """The program's own process: its folder, its limits, no power, nothing open but its three streams."""
    code = 1
    try:
        os.setsid()
        kernel.unshare(kernel.NEWNS | kernel.NEWIPC)
        flags = kernel.NO_SUID | kernel.NO_DEV
        kernel.mount("tmpfs", "/scratch", "tmpfs", flags, f"size={limits['files']},nr_inodes=1000,mode=700")
        os.chdir("/scratch")
        for number, fd in enumerate(streams):
            os.dup2(fd, number)
        os.closerange(3, 4096)
        bounds = {
            resource.RLIMIT_CPU: max(1, -int(-limits["seconds"] // 1)),
            resource.RLIMIT_AS: limits["memory"],
            resource.RLIMIT_NPROC: limits["processes"] + 2,  # the warden and who waits for it count
            resource.RLIMIT_NOFILE: 64,
            resource.RLIMIT_FSIZE: limits["files"],
            resource.RLIMIT_CORE: 0,
            resource.RLIMIT_MEMLOCK: 0,
            resource.RLIMIT_MSGQUEUE: 0,
        }
        for what, bound in bounds.items():
            resource.setrlimit(what, (bound, bound))
        kernel.powerless()
        kernel.refuse_calls()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        code = execute(program)
    finally:
        os._exit(code)


def execute(program: str) -> int:
    """The exit code of the text as a main program; an error is told on the error stream as Python would."""
    sys.argv = ["program"]
    try:
        exec(compile(program, "<program>", "exec"), {"__name__": "__main__", "__builtins__": __builtins__})
        code = 0
    except SystemExit as asked:
        code = asked.code if isinstance(asked.code, int) else int(asked.code is not None)
        if code and not isinstance(asked.code, int):
            sys.stderr.write(f"{asked.code}\n")
    except BaseException as error:
        own = error.__traceback__.tb_next if error.__traceback__ else None  # without this line's frame
        traceback.print_exception(type(error), error, own)
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code & 255


def say(reply: Mapping[str, Any]) -> None:
    """One line to the outside."""
    sys.stdout.buffer.write(json.dumps(reply).encode() + b"\n")
    sys.stdout.buffer.flush()


def missing(wall: str, why: str) -> NoReturn:
    """Name the wall that does not stand, and end."""
    say({"missing": wall, "why": why})
    os._exit(3)


if __name__ == "__main__":
    gate()
