"""Attacks on the box, each of which must fail here: none of these tests may be skipped."""

import os
import socket
import time
from pathlib import Path

import pytest

from tutelage.sandbox.box import Limits, Ran, run

LIMITS = Limits(seconds=3.0, memory=128 * 2**20, processes=4, files=2**18, output=2**14)


def attack(program: str, limits: Limits = LIMITS) -> Ran:
    return run(program, limits=limits)


def raised(ran: Ran) -> str:
    """The class of the error that ended the program."""
    assert ran.ended == "exit" and ran.code == 1, ran
    return ran.err.strip().splitlines()[-1].partition(":")[0]


class TestResources:
    def test_endless_loop(self) -> None:
        assert attack("while True: ...", Limits(seconds=0.3)).ended == "time"

    def test_sleeping_without_end(self) -> None:
        ran = attack("import time; time.sleep(1000)", Limits(seconds=0.3))
        assert ran.ended == "time" and ran.seconds < 3

    def test_processor_time_of_one_that_ignores_signals(self) -> None:
        program = "import signal\nfor n in range(1, 65):\n    try: signal.signal(n, signal.SIG_IGN)\n    except (OSError, ValueError): ...\nwhile True: ..."
        assert attack(program, Limits(seconds=0.5)).ended == "time"

    def test_huge_allocation(self) -> None:
        assert raised(attack("x = bytearray(2 ** 40)")) == "MemoryError"
        assert raised(attack("x = [0]\nwhile True: x += x")) == "MemoryError"

    def test_huge_number(self) -> None:
        ran = attack("x = 10 ** 10 ** 10", Limits(seconds=0.5))
        assert ran.ended == "time" or raised(ran) == "MemoryError"

    def test_fork_bomb(self) -> None:
        """Every process forks for ever: no more than four exist at once, and none outlives the program."""
        started = time.monotonic()
        ran = attack(
            "import os\nwhile True:\n    try: os.fork()\n    except OSError: ...", Limits(seconds=0.5, processes=4)
        )
        assert ran.ended == "time" and time.monotonic() - started < 5

    def test_threads_count_as_processes(self) -> None:
        program = "import threading, time\nn = 0\ntry:\n    while n < 99:\n        threading.Thread(target=time.sleep, args=(9,), daemon=True).start()\n        n += 1\nexcept RuntimeError: print(n)"
        assert attack(program).out == "3\n"

    def test_huge_output(self) -> None:
        for stream in ("stdout", "stderr"):
            ran = attack(f"import sys\nwhile True: sys.{stream}.write('x' * 999)")
            assert ran.ended == "output" and len(ran.out + ran.err) == 2**14

    def test_huge_file_and_many_files(self) -> None:
        assert raised(attack("open('a', 'wb').write(bytes(2 ** 19))")) == "OSError"
        assert raised(attack("for n in range(4): open(str(n), 'wb').write(bytes(2 ** 17))")) == "OSError"
        assert raised(attack("for n in range(5000): open(str(n), 'w').close()")) == "OSError"

    def test_memory_by_way_of_shared_memory_and_memory_files(self) -> None:
        """A file in memory is bounded by the file limit, and there is no /dev/shm."""
        assert (
            raised(
                attack(
                    "import os\nfd = os.memfd_create('a')\nos.write(fd, bytes(2 ** 19))\nos.write(fd, bytes(2 ** 19))"
                )
            )
            == "OSError"
        )
        assert (
            raised(
                attack("from multiprocessing import shared_memory\nshared_memory.SharedMemory(create=True, size=10)")
            )
            == "FileNotFoundError"
        )

    def test_memory_that_no_limit_counts(self) -> None:
        """Segments of System V shared memory stay when nobody holds them: a process could fill the machine with them."""
        program = "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nprint(libc.shmget(0, 2 ** 20, 0o1600), ctypes.get_errno(), libc.msgget(0, 0o1600), libc.semget(0, 99, 0o1600))"
        assert attack(program).out == "-1 1 -1 -1\n"

    def test_large_surfaces_of_the_kernel(self) -> None:
        """io_uring_setup has one number everywhere; a call of another architecture ends the program."""
        assert attack("import ctypes; print(ctypes.CDLL(None).syscall(425, 1, 0))").out == "-1\n"

    def test_a_crash_of_the_interpreter(self) -> None:
        ran = attack("import ctypes; ctypes.string_at(0)")
        assert (ran.ended, ran.code) == ("signal", -11)
        assert attack("exec('(' * 10 ** 5 + ')' * 10 ** 5)").ok is False


class TestFiles:
    @pytest.mark.parametrize(
        "place",
        [
            "/etc/passwd",
            "/etc/shadow",
            "/proc/self/environ",
            "/proc/1/root/etc/passwd",
            "/home",
            "/var",
            "/tmp",
            "/sys",
            "/dev/mem",
            "/dev/sda",
            "../../etc/passwd",
            "/.old",
        ],
    )
    def test_reading_outside(self, place: str) -> None:
        told = raised(attack(f"import os\nos.listdir({place!r}) if os.path.isdir({place!r}) else open({place!r})"))
        assert told == "FileNotFoundError"

    def test_all_that_can_be_seen_is_the_library(self) -> None:
        """Whatever the folders are called: below the root there is the scratch, /dev/null, the system's and Python's library."""
        program = (
            "import os, sys\n"
            "libraries = ('/usr/lib', '/usr/lib64', '/lib', '/lib64', os.path.realpath(sys.base_prefix))\n"
            "for folder, inner, files in os.walk('/'):\n"
            "    inner[:] = [name for name in inner if os.path.join(folder, name) not in libraries]\n"
            "    for name in files: print(os.path.join(folder, name))\n"
        )
        assert attack(program).out == "/dev/null\n"

    def test_reading_a_file_of_ours_by_every_name(self, tmp_path: Path) -> None:
        secret = tmp_path / "secret"
        secret.write_text("s3cret")
        secret.chmod(0o644)
        names = [str(secret), f"/proc/{os.getpid()}/cwd", __file__, str(Path(__file__).parents[2] / "pyproject.toml")]
        for name in names:
            assert raised(attack(f"print(open({name!r}).read())")) == "FileNotFoundError"

    @pytest.mark.parametrize("place", ["/x", "/usr/lib/x", "/lib/x", "/dev/x", "/scratch/../x"])
    def test_writing_outside(self, place: str) -> None:
        assert raised(attack(f"open({place!r}, 'w')")) in {"OSError", "PermissionError"}

    def test_changing_the_library(self) -> None:
        assert raised(attack("import os\nopen(os.__file__, 'a')")) in {"OSError", "PermissionError"}
        assert raised(attack("import os\nos.remove(os.__file__)")) in {"OSError", "PermissionError"}

    def test_links_lead_nowhere(self) -> None:
        assert raised(attack("import os\nos.symlink('/etc/passwd', 'a')\nopen('a')")) == "FileNotFoundError"

    def test_making_devices_and_suid_files(self) -> None:
        assert (
            raised(attack("import os, stat\nos.mknod('a', 0o600 | stat.S_IFBLK, os.makedev(8, 0))"))
            == "PermissionError"
        )
        program = "import os\nopen('p', 'w').write('#!')\nos.chmod('p', 0o4755)\nprint(os.getuid())"
        assert attack(program).out == "65534\n"

    def test_open_files_of_the_watcher_are_closed(self) -> None:
        program = "import os\nheld = []\nfor fd in range(3, 256):\n    try: held.append(os.fstat(fd) and fd)\n    except OSError: ...\nprint(held)"
        assert attack(program).out == "[]\n"


class TestNetwork:
    def test_no_interface_but_a_dead_loop(self) -> None:
        assert attack("import socket; print(socket.if_nameindex())").out == "[(1, 'lo')]\n"

    def test_a_listener_of_this_machine_is_out_of_reach(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            assert raised(attack(f"import socket; socket.create_connection(('127.0.0.1', {port}), 1)")) == "OSError"

    def test_the_outside_and_names_are_out_of_reach(self) -> None:
        assert raised(attack("import socket; socket.create_connection(('192.0.2.1', 80), 1)")) == "OSError"
        assert raised(attack("import socket; socket.getaddrinfo('example.org', 80)")) == "socket.gaierror"

    def test_an_abstract_socket_of_ours_is_out_of_reach(self) -> None:
        with socket.socket(socket.AF_UNIX) as server:
            name = f"\0tutelage-{os.getpid()}"
            server.bind(name)
            server.listen()
            program = f"import socket\nsocket.socket(socket.AF_UNIX).connect({name!r})"
            assert raised(attack(program)) == "ConnectionRefusedError"

    def test_raw_and_packet_sockets(self) -> None:
        assert raised(attack("import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)")) == "PermissionError"
        assert raised(attack("import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)")) == "PermissionError"


class TestProcesses:
    def test_killing_the_parent(self) -> None:
        """Its parent is no process that it could name: pid 0 means its own group, -1 all that it can see, itself apart."""
        assert attack("import os; print(os.getpid(), os.getppid())").out == "1 0\n"
        assert raised(attack(f"import os; os.kill({os.getpid()}, 9)")) == "ProcessLookupError"
        assert attack("import os\ntry: os.kill(-1, 9)\nexcept ProcessLookupError: ...\nprint('alive')").out == "alive\n"
        os.kill(os.getpid(), 0)

    def test_background_processes_end_with_it(self) -> None:
        """A child in a session of its own tries to go on: nothing is running under our box's user afterwards."""
        program = "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        while True: ...\n    os._exit(0)\ntime.sleep(0.1)\nprint('left')"
        ran = attack(program)
        assert ran.ok and ran.out == "left\n"
        assert ran.seconds < 2.5, "nobody waited for the child, and its open output did not hold the reader"
        assert not [pid for pid in filter(str.isdigit, os.listdir("/proc")) if _of_us(pid)]

    def test_tracing_and_reading_the_watcher(self) -> None:
        program = "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nprint([libc.ptrace(16, pid, 0, 0) for pid in range(2, 30)] == [-1] * 28)"
        assert attack(program).out == "True\n"


class TestPower:
    def test_becoming_root(self) -> None:
        for call in ("os.setuid(0)", "os.setgid(0)", "os.setgroups([0])", "os.setresuid(0, 0, 0)"):
            assert raised(attack(f"import os; {call}")) in {"PermissionError", "OSError"}

    @pytest.mark.parametrize("flag", [0x10000000, 0x20000, 0x40000000, 0x20000000, 0x08000000])
    def test_new_namespaces(self, flag: int) -> None:
        """In a user namespace of its own a program would have every power again."""
        assert attack(f"import ctypes; print(ctypes.CDLL(None).unshare({flag}))").out == "-1\n"

    def test_mounting_chroot_and_limits(self) -> None:
        assert attack("import ctypes; print(ctypes.CDLL(None).mount(b'a', b'/scratch', b'tmpfs', 0, 0))").out == "-1\n"
        assert raised(attack("import os; os.chroot('/scratch')")) == "PermissionError"
        assert raised(attack("import resource as r; r.setrlimit(r.RLIMIT_AS, (-1, -1))")) == "ValueError"

    def test_no_capability_is_left(self) -> None:
        program = "import ctypes\nlibc = ctypes.CDLL(None)\nprint([n for n in range(64) if libc.prctl(23, n, 0, 0, 0) == 1], libc.prctl(39, 0, 0, 0, 0))"
        assert attack(program).out == "[] 1\n"


class TestSecrets:
    def test_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("API_KEY", "s3cret")
        assert attack("import os; print(dict(os.environ), os.getenv('API_KEY'))").out == "{} None\n"
        program = "import ctypes\nprint(ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), 'environ')[0])"
        assert attack(program).out == "None\n"

    def test_attribute_tricks_reach_nothing_that_matters(self) -> None:
        """All of Python is allowed inside; what it reaches is inside, too."""
        program = "print([c for c in ().__class__.__base__.__subclasses__() if c.__name__ == '_wrap_close'][0].__init__.__globals__['listdir']('/'))"
        ran = attack(program)
        assert ran.ok and "etc" not in ran.out and "home" not in ran.out

    def test_the_program_before_is_gone(self) -> None:
        program = "import sys\nframe = sys._getframe()\nseen = []\nwhile frame:\n    seen.append(str(frame.f_locals))\n    frame = frame.f_back\nprint('s3cret' in ''.join(seen))"
        from tutelage.sandbox.box import run_all

        told = run_all(["key = 's3cret'", program.replace("'s3cret'", "'s3' + 'cret'")], workers=1)
        assert told[1].out == "False\n"

    def test_forging_a_reply(self) -> None:
        """What a program writes is its output, whatever it looks like."""
        line = '{"out": "forged", "err": "", "code": 0, "ended": "exit", "seconds": 0}\\n'
        ran = attack(
            f"import os\nfor fd in range(16):\n    try: os.write(fd, b'{line}')\n    except OSError: ...\nos._exit(4)"
        )
        assert ran.code == 4 and ran.out.startswith("{")


def _of_us(pid: str) -> bool:
    """Whether a process runs our box's inside."""
    try:
        return b"_inside.py" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
