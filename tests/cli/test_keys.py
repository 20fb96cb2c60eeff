"""Typing on a real (pseudo) terminal: matches appear while one types, editing keys work, Ctrl-C puts the terminal back."""

import os
import pty
import select
import signal
import sys
import time

import pytest

CODE = """
import sys
from tutelage.cli import keys
labels = ["billing", "broken", "login"]
try:
    got = keys.line("label> ", lambda text: [label for label in labels if text in label])
except KeyboardInterrupt:
    got = "BREAK"
import termios
quiet = not termios.tcgetattr(0)[3] & termios.ECHO
print(f"GOT {got!r} quiet={quiet}")
"""


def talk(typed: bytes) -> str:
    """Run the reader on a terminal of its own, type, and return all that was shown."""
    child, master = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-c", CODE])
    seen, sent, ends = b"", False, time.monotonic() + 20
    while time.monotonic() < ends:
        if select.select([master], [], [], 0.1)[0]:
            try:
                piece = os.read(master, 4096)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            seen += piece
        if not sent and b"label> " in seen:
            os.write(master, typed)
            sent = True
    if time.monotonic() >= ends:
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(master)
    return seen.decode("utf-8", "replace")


@pytest.mark.parametrize(
    ("typed", "got"),
    [
        (b"lo\r", "'lo'"),
        (b"bx\x7fr\r", "'br'"),
        (b"abc\x15x\r", "'x'"),
        (b"log\t\r", "'login'"),
        (b"a\x1b[Ab\r", "'ab'"),
        ("für\r".encode(), "'für'"),
        (b"\x04", "None"),
        (b"lo\x03", "'BREAK'"),
    ],
    ids=["plain", "backspace", "kill", "tab", "arrow", "umlaut", "end", "break"],
)
def test_line(typed: bytes, got: str) -> None:
    assert f"GOT {got} quiet=False" in talk(typed)


def test_matches_are_shown_while_typing() -> None:
    shown = talk(b"b\r")
    assert "billing | broken" in shown and "login" not in shown
