"""A text in two halves, and what an instruction or an assistant's opening words look like: rules over strings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

TASKS = (
    "write|explain|describe|summari[sz]e|translate|list|give|tell|create|generate|compose|rewrite|rephrase|paraphrase|"
    "classify|identify|compare|calculate|solve|suggest|recommend|provide|answer|imagine|pretend|act|help|show|name|"
    "convert|edit|correct|design|make|find|choose|pick|convince|draft|outline|continue|complete|fill|return"
)
INSTRUCTION = re.compile(
    rf"""
    ^\W*(?:please[ ,]+)?(?:now[ ,]+)?(?:{TASKS})\s+(?:a|an|the|me|us|this|that|these|those|your|my|as|like|in|one|two|
        three|four|five|six|seven|eight|nine|ten|\d+|some|all|each|every|how|why|what|whether|out|up|with|to|it|him|her)\b
    | \b(?:can|could|would|will)\s+you\b
    | \bplease\s+(?:{TASKS}|let|note|do|be|use)\b
    | ^\W*(?:what|who|whom|whose|where|when|why|how|which|is|are|am|was|were|do|does|did|can|could|should|would|will|
        have|has)\b[^.!\n]{{2,200}}\?
    | ^\W*(?:instructions?|questions?|q|task|prompt|input|user|human|assistant|system)\s*:
    | <\|?(?:im_start|im_end|user|assistant|system|inst)\|?>|\[/?INST\]
    | \b(?:i\s+(?:want|need|would\s+like)\s+(?:you\s+to|your\s+help)|as\s+an?\s+(?:ai|language\s+model|assistant)
        |you\s+are\s+an?\s+(?:ai|assistant|expert|helpful)|your\s+task\s+is)\b
    """,
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
OPENER = re.compile(
    r"""
    \s*(?:(?:sure|certainly|of\ course|absolutely|okay|ok|great|thank\ you|thanks|sorry)
        (?:\ (?:thing|so\ much))?[,!.:]\s*
    |(?:here(?:'s|\ is|\ are)|below\ is|the\ following\ is|i(?:'m|\ am|'d|\ would|'ll|\ will|\ can|\ apologi[sz]e)
        |it\ (?:seems|looks|sounds)\ (?:like|as|you|i|that))\b[^\n.!?:]{0,160}(?:[:!]\s*|[.](?=\s)\s*|\n+\s*))
    """,
    re.IGNORECASE | re.VERBOSE,
)
WORD = re.compile(r"\w+")


def cut(text: str, share: float = 0.5) -> int:
    """Where the second part begins: behind the white space that lies nearest to `share` of the characters.

    Where there is none, before the character nearest to it that stands for itself, so that no accent loses its
    letter; len(text) where the text cannot be cut.

    >>> text = "It rains in Spain."
    >>> text[:cut(text)], text[cut(text):]
    ('It rains ', 'in Spain.')
    >>> cut("word"), cut("e" + chr(0x301) + "e"), cut("e" + chr(0x301))
    (2, 2, 2)
    """
    aim = share * len(text)
    places = [found.end() for found in re.finditer(r"\s+", text) if 0 < found.start() and found.end() < len(text)]
    places = places or [at for at in range(1, len(text)) if not unicodedata.combining(text[at])]
    return min(places, key=lambda at: abs(at - aim), default=len(text))


def instructs(text: str) -> bool:
    """Whether something in it reads like an instruction, a question to somebody, or a turn of a conversation.

    >>> instructs("Write a poem about rain."), instructs("He would write a poem about rain every day.")
    (True, False)
    """
    return INSTRUCTION.search(text) is not None


def opener(text: str) -> int:
    """Characters of the words with which an assistant opens before it comes to the matter; 0 where it does not.

    >>> reply = "Sure! Here is the continuation: the river rises."
    >>> reply[opener(reply):]
    'the river rises.'
    """
    start = 0
    while found := OPENER.match(text, start):
        start = found.end()
    return start


def echoes(reply: str, prompt: str, run: int = 8) -> bool:
    """Whether so many words of the prompt stand in the reply in a row, capitals and signs disregarded; or all of it.

    >>> echoes("It is so: rain in SPAIN stays.", "Rain in Spain", run=3), echoes("Rain, and Spain.", "Rain in Spain")
    (True, False)
    """
    asked, said = words(prompt), words(reply)
    size = min(run, len(asked))
    if size == 0:
        return False
    runs = {tuple(asked[at : at + size]) for at in range(len(asked) - size + 1)}
    return any(tuple(said[at : at + size]) in runs for at in range(len(said) - size + 1))


def words(text: str) -> Sequence[str]:
    """Its words without regard to case."""
    return [word.casefold() for word in WORD.findall(text)]
