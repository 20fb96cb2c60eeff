"""The walls are tried before the first program, and one that does not stand is named: nothing is run without it."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tutelage.core.errors import Refused
from tutelage.sandbox import _warden, box, walls

SOURCE = Path(_warden.__file__).parent
EVERY = ("namespaces", "root", "user", "no new namespaces", "network", "processes of others", "files of others", "writing outside", "shared memory",
         "environment", "process limit", "file limit", "memory limit", "output limit", "time limit")  # fmt: skip


@pytest.fixture
def without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A box whose inside lacks one line."""

    def make(line: str, instead: str) -> None:
        for name in ("_inside.py", "_kernel.py"):
            text = (SOURCE / name).read_text()
            if name == "_inside.py":
                assert text.count(line) == 1, f"{line!r} stands {text.count(line)} times in the file"
                text = text.replace(line, instead)
            (tmp_path / name).write_text(text)
        monkeypatch.setattr(_warden, "INSIDE", tmp_path / "_inside.py")
        walls.hold.cache_clear()

    yield make
    monkeypatch.undo()
    walls.hold.cache_clear()


def test_every_wall_is_tried_once_in_a_process() -> None:
    walls.hold.cache_clear()
    assert walls.hold() == EVERY
    started = time.perf_counter()
    walls.hold()
    assert time.perf_counter() - started < 0.01


@pytest.mark.parametrize(
    ("line", "instead", "wall"),
    [
        ("kernel.NEWNET | ", "", "namespaces"),
        ("kernel.NEWIPC | kernel.NEWUTS", "kernel.NEWUTS", "namespaces"),
        ("        kernel.powerless()\n", "", "user"),
        ('            file.write("0")\n', '            file.write("100")\n', "no new namespaces"),
        ("        kernel.refuse_calls()\n", "", "shared memory"),
        ("            resource.RLIMIT_NPROC: ", "            99: ", "process limit"),
        ("            resource.RLIMIT_AS: ", "            99: ", "memory limit"),
        ('kernel.harden("/", kernel.READ_ONLY | kernel.NO_SUID)', "...", "writing outside"),
        ("    os.environ.clear()\n", "    os.environ['A'] = 'b'\n", "environment"),
        ("        os.closerange(3, 4096)\n", "", "environment"),
    ],
)
def test_a_missing_wall_is_named_and_nothing_is_run(without, line: str, instead: str, wall: str) -> None:
    """Each wall taken away from a copy of what runs inside: the probe that attacks it comes through."""
    if "RLIMIT" in line:
        instead = line.replace("resource.RLIMIT_NPROC: ", "resource.RLIMIT_CORE: 0 * ").replace(
            "resource.RLIMIT_AS: ", "resource.RLIMIT_CORE: 0 * "
        )
    without(line, instead)
    with pytest.raises(Refused, match=f"programs are not run here, because the wall '[^']*{wall}") as said:
        box.run("print(1)")
    assert "user namespaces allowed" in str(said.value)


def test_what_the_kernel_denies_is_named(without) -> None:
    """As on a machine that allows nobody to make a user namespace."""
    without(
        "        kernel.unshare(kernel.NEWUSER)\n",
        "        raise PermissionError(1, 'unshare: Operation not permitted')\n",
    )
    with pytest.raises(Refused, match="the wall 'user' cannot be built: unshare: Operation not permitted"):
        box.run("print(1)")


def test_an_inside_that_says_nothing_is_named(without) -> None:
    without('    say({"walls": True})\n', "    os._exit(9)\n")
    with pytest.raises(Refused, match="the wall 'start' cannot be built: it ended without a word"):
        box.run("print(1)")


def test_a_worker_that_is_lost_is_told_and_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process is killed from outside while a program runs, as a machine short of memory would."""
    walls.hold()
    lost: list[_warden.Warden] = []
    plain = _warden.Warden._send

    def send(self: _warden.Warden, data: bytes) -> None:
        plain(self, data)
        if not lost:
            lost.append(self)
            self.process.kill()

    monkeypatch.setattr(_warden.Warden, "_send", send)
    ran = box.run_all(["import time; time.sleep(1)", "print(2)"], workers=1)
    assert [one.ended for one in ran] == ["lost", "exit"] and ran[1].out == "2\n" and not ran[0].ok


def test_when_this_process_is_killed_all_of_it_ends() -> None:
    """A worker in the middle of an endless program goes with the process that started it."""
    code = "from tutelage.sandbox.box import Limits, run\nprint('on', flush=True)\nrun('while True: ...', limits=Limits(seconds=60))"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"on\n"
        until = time.monotonic() + 20
        while not _insides(process.pid) and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(1.0)
        held = _insides(process.pid)
        assert held
        process.kill()
    until = time.monotonic() + 10
    while any(_runs(pid) for pid in held) and time.monotonic() < until:
        time.sleep(0.05)
    assert not [pid for pid in held if _runs(pid)]


def _insides(parent: int) -> list[int]:
    """All processes below this one that run the box's inside."""
    found, left = [], [parent]
    while left:
        pid = left.pop()
        try:
            below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except OSError:
            continue
        found += [int(one) for one in below if _runs(int(one))]
        left += [int(one) for one in below]
    return found


def _runs(pid: int) -> bool:
    try:
        return b"_inside.py" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
