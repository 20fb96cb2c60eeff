"""Documents cut into passages: at headings and blank lines, where one is too long at sentences, then at words."""

from __future__ import annotations

import re
from collections.abc import Iterator

HEADING = re.compile(r"#{1,6}\s")
SENTENCE = re.compile(r"(?<=[.!?…])[\"')\]”’]*\s+")


def passages(text: str, longest: int) -> list[str]:
    r"""Pieces of at most `longest` characters, in order; nothing but white space between them is lost.

    Paragraphs stand together as long as they fit; a heading of Markdown begins a new passage and stays in front of
    what follows it. A paragraph that does not fit is cut behind sentences, a sentence behind words, a word anywhere.

    >>> passages("# One\n\nA cat. A dog.\n\nA cow.\n\n# Two\n\nA hen.", 24)
    ['# One\n\nA cat. A dog.', 'A cow.', '# Two\n\nA hen.']
    """
    made: list[str] = []
    headed = False  # whether the last passage is a heading that still waits for what it is about
    for paragraph in _paragraphs(text):
        heading = bool(HEADING.match(paragraph))
        for piece in _fitting(paragraph, longest):
            apart = heading and not headed
            if made and not apart and len(made[-1]) + 2 + len(piece) <= longest:
                made[-1] += "\n\n" + piece
            else:
                made.append(piece)
        headed = heading
    return made


def _paragraphs(text: str) -> Iterator[str]:
    """Blocks between blank lines; a heading is one of its own, whether a blank line follows it or not."""
    for block in re.split(r"\n[^\S\n]*\n", text.replace("\r\n", "\n").replace("\r", "\n")):
        lines: list[str] = []
        for line in block.strip().splitlines():
            if HEADING.match(line):
                yield from _joined(lines)
                lines = []
                yield line.strip()
            else:
                lines.append(line.rstrip())
        yield from _joined(lines)


def _joined(lines: list[str]) -> Iterator[str]:
    whole = "\n".join(lines).strip()
    if whole:
        yield whole


def _fitting(text: str, longest: int) -> Iterator[str]:
    """The text in pieces that fit, cut behind the last sentence, else the last word, that fits."""
    while len(text) > longest:
        ends = [found.start() for found in SENTENCE.finditer(text, 0, longest + 1) if found.start() <= longest]
        spaces = [found.start() for found in re.finditer(r"\s", text[: longest + 1])]
        at = next((places[-1] for places in (ends, spaces) if places and places[-1] > 0), longest)
        yield text[:at].rstrip()
        text = text[at:].lstrip()
    if text:
        yield text
