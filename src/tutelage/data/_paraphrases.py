"""A file of sentences and what says the same in other words, read whole and checked before it is used."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tutelage.kit.foils import WORD
from tutelage.kit.reply_files import ReplyReader
from tutelage.kit.reply_rows import ReplyLayout

TEXT, COLUMN = "text", "paraphrase"


class Given(NamedTuple):
    """foils: sentence -> its first paraphrase in other words. alike: sentences whose every paraphrase has its words."""

    foils: Mapping[str, str]
    alike: frozenset[str]


def paraphrases(path: Path) -> Given:
    """CSV, TSV, JSONL or Parquet with the columns `text` and `paraphrase`; white space is collapsed.

    Refused, with every row and field, where a text or a paraphrase is missing or empty, a column is not there, or the
    file is not what its suffix says.
    """
    foils: dict[str, str] = {}
    named: dict[str, None] = {}
    for row in ReplyReader(path, ReplyLayout(prompt=TEXT, replies=COLUMN)).read():
        text, said = " ".join(row.text.split()), " ".join(row.reply.split())
        named[text] = None
        if _words(text) != _words(said):
            foils.setdefault(text, said)
    return Given(foils, frozenset(named) - frozenset(foils))


def _words(text: str) -> list[str]:
    """Capitals and signs disregarded."""
    return WORD.findall(text.casefold())
