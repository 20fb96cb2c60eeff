"""The few calls to the Linux kernel that Python's library lacks; nothing but the standard library is imported here.

`_inside.py` loads this file by its place, in a process that has no tutelage.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct

NEWNS, NEWCGROUP, NEWUTS, NEWIPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
NEWUSER, NEWPID, NEWNET = 0x10000000, 0x20000000, 0x40000000
READ_ONLY, NO_SUID, NO_DEV, NO_EXEC, BIND, RECURSIVE, PRIVATE = 1, 2, 4, 8, 4096, 16384, 1 << 18
DETACH = 2  # of umount2
SET_PDEATHSIG, SET_DUMPABLE, CAPBSET_DROP, SET_NO_NEW_PRIVS = 1, 4, 24, 38
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}  # number of the system call, which libc does not wrap
DENIED = {  # memory that no limit counts, keys of the kernel, and its largest surfaces; the numbers of the calls
    # shmget semget msgget ptrace add_key request_key keyctl perf_event bpf userfault io_uring process_vm_readv, _writev
    "x86_64": (29, 64, 68, 101, 248, 249, 250, 298, 321, 323, 425, 310, 311),
    "aarch64": (194, 190, 186, 117, 217, 218, 219, 241, 280, 282, 425, 270, 271),
}
ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # as the kernel names it to a filter
SET_SECCOMP, FILTER = 22, 2
MOUNT_SETATTR = 442  # the same on every architecture
AT_EMPTY_PATH, AT_RECURSIVE = 0x1000, 0x8000
CAPABILITIES = 64  # more than any kernel has

libc = ctypes.CDLL(None, use_errno=True)


class Closed(OSError):
    """A call that builds a wall was denied; `strerror` names it."""


def done(result: int, what: str) -> None:
    """Raises Closed when a call of libc said -1."""
    if result == -1:
        code = ctypes.get_errno()
        raise Closed(code, f"{what}: {os.strerror(code)}")


def unshare(flags: int) -> None:
    """Leave these namespaces for new ones."""
    done(libc.unshare(ctypes.c_int(flags)), "unshare")


def setns(fd: int, kind: int) -> None:
    """Enter a namespace, or for pid say where the next child is born."""
    done(libc.setns(fd, ctypes.c_int(kind)), "setns")


def mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    """Put a file system, or another place, over a folder."""
    name = None if kind is None else kind.encode()
    said = libc.mount(source.encode(), target.encode(), name, ctypes.c_ulong(flags), options.encode())
    done(said, f"mount {kind or source} on {target}")


def harden(target: str, flags: int) -> None:
    """Add mount flags to a mount and to everything below it (mount_setattr, Linux 5.12)."""
    attributes = (ctypes.c_uint64 * 4)(flags, 0, 0, 0)
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    said = libc.syscall(MOUNT_SETATTR, -100, target.encode(), AT_RECURSIVE, ctypes.byref(attributes), size)
    done(said, f"mount_setattr {target}")


def pivot(root: str, old: str) -> None:
    """Make `root` the root, with what was the root at `old`; then let go of `old`."""
    number = PIVOT_ROOT.get(platform.machine())
    if number is None:
        raise Closed(0, f"pivot_root is not known on {platform.machine()}")
    done(libc.syscall(number, root.encode(), old.encode()), "pivot_root")
    os.chdir("/")
    done(libc.umount2(b"/.old", DETACH), "umount of the old root")


def prctl(option: int, value: int) -> int:
    """Set something about this process; -1 for an error."""
    return int(libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0))


def powerless() -> None:
    """Give up every capability, now and for whatever is executed later."""
    for capability in range(CAPABILITIES):
        prctl(CAPBSET_DROP, capability)  # an error: this kernel has no such capability
    done(prctl(SET_NO_NEW_PRIVS, 1), "no_new_privs")
    header, nothing = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    done(libc.capset(ctypes.byref(header), ctypes.byref(nothing)), "capset")


class _Program(ctypes.Structure):
    """A filter for the kernel: how many steps of 8 bytes, and where they are."""

    _fields_ = [("length", ctypes.c_uint16), ("steps", ctypes.c_char_p)]


def refuse_calls() -> None:
    """From now on the DENIED calls fail with EPERM, those of another architecture end the process (seccomp)."""
    calls, machine = DENIED.get(platform.machine(), ()), ARCHITECTURE.get(platform.machine())
    if machine is None:
        raise Closed(0, f"the calls of {platform.machine()} are not known")
    load, equal, above, give = 0x20, 0x15, 0x35, 0x06
    steps = [(load, 0, 0, 4), (equal, 1, 0, machine), (give, 0, 0, 0x80000000), (load, 0, 0, 0)]
    steps.append((above, len(calls) + 1, 0, 0x40000000))  # the x32 calls, which have numbers of their own
    steps += [(equal, len(calls) - place, 0, call) for place, call in enumerate(calls)]
    steps += [(give, 0, 0, 0x7FFF0000), (give, 0, 0, 0x00050001)]  # allow; errno 1
    made = b"".join(struct.pack("HBBI", *step) for step in steps)
    program = _Program(len(steps), made)
    done(libc.prctl(SET_SECCOMP, ctypes.c_ulong(FILTER), ctypes.byref(program), 0, 0), "seccomp")
