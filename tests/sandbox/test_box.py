"""What a program is given, what is told of its end, and that many are run in order."""

import os
import subprocess
import sys

import pytest

from tutelage.core.errors import ContractBroken, Refused
from tutelage.sandbox.box import Limits, run, run_all


def test_a_program_reads_writes_and_ends() -> None:
    ran = run("import sys\nprint(sys.stdin.read()[::-1])\nsys.stderr.write('e')\nsys.exit(3)", stdin="abc")
    assert (ran.out, ran.err, ran.code, ran.ended, ran.ok) == ("cba\n", "e", 3, "exit", False)
    assert 0 < ran.seconds < 10


@pytest.mark.parametrize(
    ("program", "code", "last"),
    [
        ("1 / 0", 1, "ZeroDivisionError: division by zero"),
        ("def", 1, "SyntaxError: invalid syntax"),
        ("\x00", 1, "SyntaxError: source code string cannot contain null bytes"),
        ("raise SystemExit", 0, ""),
        ("raise SystemExit('why')", 1, "why"),
        ("import os; os._exit(7)", 7, ""),
        ("", 0, ""),
    ],
)
def test_errors_end_as_python_ends_them(program: str, code: int, last: str) -> None:
    ran = run(program)
    told = ran.err.strip().splitlines()
    assert (ran.ended, ran.code) == ("exit", code)
    assert (told[-1] if told else "") in {last, last.replace("SyntaxError: source", "ValueError: source")}
    assert "_inside" not in ran.err, "what runs the program is no part of its traceback"


def test_text_that_is_no_utf_8_and_text_beyond_ascii() -> None:
    assert run("import sys; sys.stdout.buffer.write(b'\\xff\\xc3\\xa4')").out == "\ufffdä"
    assert run("print(input())", stdin="π").out == "π\n"


def test_the_scratch_folder_is_the_programs_own_and_goes_with_it() -> None:
    first = run("import os\nopen('a', 'w').write('x')\nprint(os.getcwd(), os.listdir())")
    assert first.out == "/scratch ['a']\n"
    assert [one.out for one in run_all(["import os; print(os.listdir())"] * 2, workers=1)] == ["[]\n"] * 2


def test_hashes_are_fixed_and_the_library_is_there() -> None:
    told = [run("import json, decimal, math; print(hash('a'), list({'b', 'c', 'd'}))").out for _ in range(2)]
    assert told[0] == told[1] != ""


def test_many_come_back_in_order_whichever_worker_ran_them() -> None:
    programs = [f"import time\ntime.sleep({0.05 if i % 3 == 0 else 0})\nprint({i})" for i in range(12)]
    assert [ran.out for ran in run_all(programs, workers=3)] == [f"{i}\n" for i in range(12)]
    assert run_all([]) == []


def test_a_slow_one_costs_its_neighbours_nothing_but_time() -> None:
    ran = run_all(["while True: ...", "print(1)"], limits=Limits(seconds=0.2), workers=1)
    assert [one.ended for one in ran] == ["time", "exit"] and ran[1].out == "1\n"
    assert ran[0].seconds == pytest.approx(0.2, abs=1.0)


def test_what_was_written_before_the_end_is_kept() -> None:
    ran = run("print('early', flush=True)\nwhile True: ...", limits=Limits(seconds=0.2))
    assert (ran.out, ran.ended, ran.code) == ("early\n", "time", -9)


def test_wrong_use_is_said() -> None:
    with pytest.raises(ContractBroken, match="2 programs were given with 1 inputs"):
        run_all(["", ""], [""])
    with pytest.raises(Refused, match=r"sandbox.memory.*0 is no limit.*\n.*268435456"):
        Limits(memory=0)


def test_from_a_thread_that_ends_and_with_nothing_left_behind() -> None:
    """All that was started is gone afterwards: no child of this process is left."""
    code = (
        "import threading, os\n"
        "from tutelage.sandbox.box import run\n"
        "out = []\n"
        "thread = threading.Thread(target=lambda: out.append(run('print(1)')))\n"
        "thread.start(); thread.join()\n"
        "with open(f'/proc/{os.getpid()}/task/{os.getpid()}/children') as file: print(out[0].out, repr(file.read()))\n"
    )
    env = {**os.environ}
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env).stdout
    assert told.split() == ["1", "''"]
