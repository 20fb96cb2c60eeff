"""Instructions that a program can verify: what each asks of the form of a reply, and whether a reply has it.

    capitals  no small letter in it                 words     so many words
    repeat    the word, so many times               list      so many lines, each behind the sign
    yes_no    yes or no, and nothing else

Nothing here looks at whether a reply is true or well put. White space around a reply and around its lines does not
count, nor does a full stop at the end where words are compared. An empty reply follows nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from tutelage.kit.extract import spelt


def capitals(said: str, asked: str) -> bool:
    return any(letter.isalpha() for letter in said) and said == said.upper()


def repeat(said: str, asked: str) -> bool:
    """asked: the number and the word, "3 moon"."""
    number, word = asked.split(" ", 1)
    return spelt(said) == spelt(" ".join([word] * int(number)))


def words(said: str, asked: str) -> bool:
    """asked: the number."""
    return len(said.split()) == int(asked)


def listed(said: str, asked: str) -> bool:
    """asked: the number of lines and the sign, "2 *"; something stands behind each sign."""
    number, sign = asked.split(" ", 1)
    lines = [line.strip() for line in said.strip().splitlines()]
    return len(lines) == int(number) and all(
        line.startswith(f"{sign} ") and line[len(sign) :].strip() for line in lines
    )


def yes_no(said: str, asked: str) -> bool:
    return spelt(said) in {"yes", "no"}


RULES: dict[str, Callable[[str, str], bool]] = {
    "capitals": capitals,
    "repeat": repeat,
    "words": words,
    "list": listed,
    "yes_no": yes_no,
}


def follows(rule: str, asked: str, said: str) -> bool:
    """Whether a reply has the form that the rule asks for. KeyError for a rule that there is not.

    >>> follows("repeat", "2 moon", "Moon moon."), follows("list", "2 *", "* sun"), follows("yes_no", "", "Yes, it is.")
    (True, False, False)
    """
    return bool(said.strip()) and RULES[rule](said, asked)
