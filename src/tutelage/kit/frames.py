"""Messages over a pipe: eight bytes of length, then the bytes."""

from __future__ import annotations

from typing import IO


def write_frame(pipe: IO[bytes] | None, data: bytes) -> None:
    """Send one message. BrokenPipeError when nobody reads any more."""
    assert pipe is not None
    pipe.write(len(data).to_bytes(8, "little"))
    pipe.write(data)
    pipe.flush()


def read_frame(pipe: IO[bytes] | None) -> bytes:
    """Receive one message. EOFError when the other side has gone.

    >>> import io
    >>> both = io.BytesIO()
    >>> write_frame(both, b"hello")
    >>> _ = both.seek(0)
    >>> read_frame(both)
    b'hello'
    """
    assert pipe is not None
    head = pipe.read(8)
    length = int.from_bytes(head, "little")
    data = pipe.read(length) if len(head) == 8 else b""
    if len(head) < 8 or len(data) < length:
        raise EOFError("the pipe ended inside a message")
    return data
