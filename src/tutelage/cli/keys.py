"""One line from a person: on a terminal with the matching labels shown while they type, from a pipe as it comes."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

ENTER, BACK, TAB, KILL, END, BREAK, ESCAPE = {"\r", "\n"}, {"\x7f", "\b"}, "\t", "\x15", "\x04", "\x03", "\x1b"


def line(prompt: str, suggest: Callable[[str], list[str]]) -> str | None:
    """What was typed; None at the end of input. Raises KeyboardInterrupt for Ctrl-C."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return _plain(prompt)
    try:
        import termios  # noqa: F401  only there where terminals are of the Unix kind
    except ModuleNotFoundError:
        return _plain(prompt)
    with _each_key():
        return _typed(prompt, suggest)


def _plain(prompt: str) -> str | None:
    sys.stderr.write(prompt)
    sys.stderr.flush()
    got = sys.stdin.readline()
    if not sys.stdin.isatty():
        sys.stderr.write(got if got.endswith("\n") else got + "\n")  # so that a log of a pipe reads like a session
    return got.rstrip("\r\n") if got else None


def _typed(prompt: str, suggest: Callable[[str], list[str]]) -> str | None:
    text = ""
    while True:
        _draw(prompt, text, suggest(text) if text else [])
        key = _key()
        if key in ENTER:
            _draw(prompt, text, [])
            sys.stderr.write("\n")
            return text
        if key == BREAK:
            sys.stderr.write("\n")
            raise KeyboardInterrupt
        if key in {"", END} and not text:
            sys.stderr.write("\n")
            return None
        if key in BACK:
            text = text[:-1]
        elif key == KILL:
            text = ""
        elif key == TAB:
            text = next(iter(suggest(text)), text)
        elif key == ESCAPE:
            _rest_of_sequence()
        elif key.isprintable():
            text += key


def _draw(prompt: str, text: str, found: list[str]) -> None:
    """The line again: what was typed, and after it, dimmed, what it matches."""
    room = shutil.get_terminal_size().columns - len(prompt) - len(text) - 5
    hint = ""
    for place, label in enumerate(found):
        piece = f"{'' if place == 0 else ' | '}{label}"
        if len(hint) + len(piece) > room - 8:
            hint += f" +{len(found) - place}"
            break
        hint += piece
    tail = f"\x1b7   \x1b[2m{hint}\x1b[0m\x1b8" if hint and room > 12 else ""  # 7 and 8: keep the cursor and go back
    sys.stderr.write(f"\r\x1b[K{prompt}{text}{tail}")
    sys.stderr.flush()


def _key() -> str:
    """One character; UTF-8 may need several bytes."""
    raw = os.read(sys.stdin.fileno(), 1)
    while raw and raw[0] >= 0xC0 and len(raw) < (2 if raw[0] < 0xE0 else 3 if raw[0] < 0xF0 else 4):
        raw += os.read(sys.stdin.fileno(), 1)
    return raw.decode("utf-8", "replace")


def _rest_of_sequence() -> None:
    """An arrow or function key sends ESC [ parameters final, or ESC O final; it means nothing here.

    Only the sequence itself is read: what was pasted or typed behind it stays.
    """
    import select

    def waits() -> bool:
        return bool(select.select([sys.stdin], [], [], 0.01)[0])

    if waits() and os.read(sys.stdin.fileno(), 1) in {b"[", b"O"}:
        while waits():
            if 0x40 <= os.read(sys.stdin.fileno(), 1)[0] <= 0x7E:
                return


@contextmanager
def _each_key() -> Iterator[None]:
    import termios
    import tty

    number = sys.stdin.fileno()
    before = termios.tcgetattr(number)
    try:
        tty.setcbreak(number)
        attributes = termios.tcgetattr(number)
        attributes[3] &= ~termios.ISIG  # Ctrl-C arrives as a key, so that the terminal is always put back first
        termios.tcsetattr(number, termios.TCSADRAIN, attributes)
        yield
    finally:
        termios.tcsetattr(number, termios.TCSADRAIN, before)
