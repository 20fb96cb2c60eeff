"""Where a file stops being what its encoding says: line, byte, and whether the file mixes encodings."""

from __future__ import annotations

import codecs
from pathlib import Path

from tutelage.core.errors import Refused
from tutelage.kit.layout import Faults

WIDE = ("utf-16", "utf-32", "utf_16", "utf_32", "u16", "u32")  # a line feed is more than one byte
CHUNK = 1 << 20


def refuse_encoding(path: Path, encoding: str) -> None:
    """Raises Refused that names every line which cannot be decoded; returns when all of them can."""
    faults = Faults(path)
    if codecs.lookup(encoding).name.startswith(WIDE):
        _first_byte(path, encoding, faults)
        faults.refuse()
        return
    lines = bad = beyond = 0
    with path.open("rb") as file:
        begins = file.read(4)
        file.seek(0)
        for lines, raw in enumerate(file, start=1):
            if raw.isascii():
                continue
            try:
                raw.decode(encoding)
                beyond += 1
            except UnicodeDecodeError as error:
                bad += 1
                byte = f"byte 0x{raw[error.start]:02x} at position {error.start + 1} of the line is not {encoding}"
                faults.add(f"line {lines}", f"{byte}: {_around(raw, error.start)}", "" if bad > 1 else "_")
    if bad:
        help = _advice(begins, encoding, beyond, bad, lines)
        first = faults.listed[0]._replace(help=help)
        raise Refused([first, *faults.listed[1:]], faults.found)


def _advice(begins: bytes, encoding: str, beyond: int, bad: int, lines: int) -> str:
    if begins.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "the file begins like UTF-16; set encoding: utf-16"
    share = f"{bad} of {lines} lines are not {encoding}"
    if beyond:
        others = f"{beyond} others with letters beyond ASCII are"
        return f"{share}, {others}: the file mixes encodings; save it in one and name it with encoding:"
    return f"{share}; set encoding: to what the file was saved in, often cp1252 (Windows) or latin-1"


def _around(raw: bytes, at: int) -> str:
    return repr(raw[max(0, at - 20) : at + 20].decode("ascii", "replace"))


def _first_byte(path: Path, encoding: str, faults: Faults) -> None:
    decoder = codecs.getincrementaldecoder(encoding)()
    done = 0
    with path.open("rb") as file:
        while True:
            chunk = file.read(CHUNK)
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeError as error:
                at = done + getattr(error, "start", 0) + 1
                faults.add(
                    f"near byte {at}",
                    f"the bytes are not {encoding}: {error}",
                    "set encoding: to what the file was saved in",
                )
                return
            if not chunk:
                return
            done += len(chunk)
