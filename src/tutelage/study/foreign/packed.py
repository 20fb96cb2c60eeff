"""Members of a zip archive packed with Zstandard (method 93), which zipfile cannot unpack before Python 3.14."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pyarrow as pa

from tutelage.core.errors import Fault, Refused

ZSTANDARD = 93
HEADER = struct.Struct("<4s22xHH")  # of a member: its sign, and the lengths of its name and of what follows the name


@contextmanager
def member(path: Path, name: str) -> Iterator[IO[str]]:
    """One member as text, unpacked while it is read. Refused for a method that is unknown here."""
    with zipfile.ZipFile(path) as archive, path.open("rb") as file:
        info = archive.getinfo(name)
        if info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            with archive.open(info) as plain:
                yield io.TextIOWrapper(plain, encoding="utf-8")
            return
        if info.compress_type != ZSTANDARD:
            what = f"the member {name} is packed with method {info.compress_type}; 0, 8 and 93 can be read"
            raise Refused(Fault(str(path), what, "write the log again with the tool that wrote it, as .json"))
        file.seek(info.header_offset)
        _, name_length, extra_length = HEADER.unpack(file.read(HEADER.size))
        file.seek(name_length + extra_length, io.SEEK_CUR)
        packed = pa.BufferReader(file.read(info.compress_size))
        yield io.TextIOWrapper(io.BufferedReader(_Raw(pa.CompressedInputStream(packed, "zstd"))), encoding="utf-8")


class _Raw(io.RawIOBase):
    """Arrow's stream as one of Python's."""

    def __init__(self, source: pa.NativeFile) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        piece = self._source.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)
