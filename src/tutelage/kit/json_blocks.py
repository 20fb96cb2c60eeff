"""JSON lines by the block: bounded reads, and Arrow's parser where it can only say what reading line by line would."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.json as pajson

from tutelage.kit.layout import Layout, signed

CHARACTERS = 4 << 20  # of a block, at most one line more
TEXT = pa.large_string()


def quick_batch(block: Sequence[bytes | str], layout: Layout) -> dict[str, pa.Array] | None:
    """The columns by Arrow's parser; None where reading line by line is needed to say the same or to say what is wrong.

    That is: another encoding, a cell of another type, a line that is no object, a blank line, a column without values.
    """
    if not block or not isinstance(block[0], bytes) or layout.vector:
        return None
    whole = b"".join(line for line in block if isinstance(line, bytes))
    if not whole.isascii():
        whole.decode()  # Arrow does not look; raises UnicodeDecodeError
    names = layout.wanted()
    parse = pajson.ParseOptions(pa.schema([(name, TEXT) for name in names]), unexpected_field_behavior="ignore")
    try:
        read = pajson.read_json(pa.py_buffer(whole), pajson.ReadOptions(False, len(whole) + 1), parse)
    except pa.ArrowInvalid:
        return None
    if read.num_rows != len(block) or any(read.column(name).null_count == len(block) for name in names):
        return None
    return {name: read.column(name).combine_chunks() for name in names}


def blocks(path: Path, encoding: str) -> Iterator[list[bytes] | list[str]]:
    """Lines by the block: bytes of UTF-8, decoded text of anything else."""
    if signed(encoding) != "utf-8-sig":
        with path.open(encoding=encoding, newline="\n") as text:
            while lines := text.readlines(CHARACTERS):
                yield lines
        return
    with path.open("rb") as file:
        if file.read(3) != codecs.BOM_UTF8:
            file.seek(0)
        while block := file.readlines(CHARACTERS):
            yield block
