"""One element after the other of a long JSON array, wherever it stands in its document, in bounded memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Protocol

CHUNK = 1 << 20  # characters
SPACE = " \t\r\n"
STOPS = frozenset(",]}:" + SPACE)


class Readable(Protocol):
    """Text that is read piece by piece."""

    def read(self, size: int, /) -> str: ...


class Stream:
    """A JSON text from which values are taken one by one.

    >>> import io
    >>> stream = Stream(io.StringIO('{"a": 1, "long": [{"x": 1}, {"x": 2}]}'))
    >>> for name in stream.members():
    ...     print(name, list(stream.elements()) if name == "long" else stream.value())
    a 1
    long [{'x': 1}, {'x': 2}]
    """

    def __init__(self, source: Readable, chunk: int = CHUNK) -> None:
        self._source, self._chunk, self._text, self._at, self._ended = source, chunk, "", 0, False
        self._decoder = json.JSONDecoder()

    def members(self) -> Iterator[str]:
        """The names in an object, in order; whoever takes one reads its value before going on."""
        yield from self._list("{", "}", self._name)

    def elements(self) -> Iterator[Any]:
        """The elements of an array, in order."""
        yield from self._list("[", "]", self.value)

    def value(self) -> Any:
        """The next value, whole."""
        self._next()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError:
                if self._ended:
                    raise
            else:
                if self._ended or self._text[end : end + 1] in STOPS:  # else a number might go on in the next piece
                    self._at = end
                    return value
            self._more()

    def _list(self, opening: str, closing: str, take: Any) -> Iterator[Any]:
        self._expect(opening)
        if self._next() == closing:
            self._at += 1
            return
        while True:
            yield take()
            sign = self._next()
            self._expect(closing if sign == closing else ",")
            if sign == closing:
                return

    def _name(self) -> str:
        name = self.value()
        self._expect(":")
        return str(name)

    def _expect(self, sign: str) -> None:
        if self._next() != sign:
            raise json.JSONDecodeError(f"expected {sign!r}", self._text, self._at)
        self._at += 1

    def _next(self) -> str:
        """The next character that is no white space, not taken; "" at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in SPACE:
                self._at += 1
            if self._at < len(self._text) or self._ended:
                return self._text[self._at : self._at + 1]
            self._more()

    def _more(self) -> None:
        """Another piece, as long as what is at hand, so that a long value is not tried too often."""
        rest = self._text[self._at :]
        piece = self._source.read(max(self._chunk, len(rest)))
        self._text, self._at, self._ended = rest + piece, 0, not piece
