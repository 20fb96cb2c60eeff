"""What must not leave this machine by accident: keys and personal data, looked for in a text before it is sent.

A look-out, not a proof: it knows the shapes below and nothing else. What it finds is named by kind, never repeated.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Literal, TypeAlias

from tutelage.core.errors import Fault, Refused

Guard: TypeAlias = Literal["stop", "warn", "off"]


def _luhn(text: str) -> bool:
    """Whether the check digit of a card number is right."""
    digits = [int(one) for one in text if one.isdigit()][::-1]
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    return (sum(digits[::2]) + sum(sum(divmod(2 * one, 10)) for one in digits[1::2])) % 10 == 0


def _iban(text: str) -> bool:
    """Whether the check digits of an account number are right (ISO 7064, modulus 97)."""
    plain = text.replace(" ", "").upper()
    return 15 <= len(plain) <= 34 and int("".join(str(int(one, 36)) for one in plain[4:] + plain[:4])) % 97 == 1


def _phone(text: str) -> bool:
    return 9 <= sum(one.isdigit() for one in text) <= 15


KINDS: dict[str, tuple[re.Pattern[str], Callable[[str], bool]]] = {
    "a private key": (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"), bool),
    "an access key": (
        re.compile(
            r"\b(?:sk-[\w-]{20,}|AKIA[0-9A-Z]{16}|gh[opsur]_\w{30,}|github_pat_\w{30,}|xox[abprs]-[\w-]{10,}"
            r"|AIza[\w-]{35}|hf_[A-Za-z0-9]{30,}|glpat-[\w-]{20,})"
        ),
        bool,
    ),
    "a signed token": (re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"), bool),
    "a password or secret": (
        re.compile(r"(?i)\b(?:api[_-]?key|secret(?:[_-]key)?|passw(?:or)?d|auth[_-]?token)['\"]?\s*[:=]\s*['\"]?[^\s'\"]{6,}"),
        bool,
    ),
    "an e-mail address": (re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}\b"), bool),
    "a telephone number": (re.compile(r"(?<![\w.])(?<!\d )(?:\+|00)\d[\d ()/.-]{7,18}\d\b"), _phone),
    "a bank account": (re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b"), _iban),
    "a card number": (re.compile(r"(?<![\w.])\d(?:[ -]?\d){12,18}(?![\w.]?\d)"), _luhn),
    "a social security number": (re.compile(r"(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])"), bool),
}  # fmt: skip


def found(text: str) -> tuple[str, ...]:
    """The kinds of what a text should not carry away.

    >>> found("write to ann@example.org, card 4111 1111 1111 1111"), found("card 4111 1111 1111 1112")
    (('an e-mail address', 'a card number'), ())
    """
    return tuple(
        kind for kind, (shape, right) in KINDS.items() if any(right(match.group()) for match in shape.finditer(text))
    )


def guarded(texts: Iterable[str], guard: Guard, where: str) -> None:
    """Refused (stop), or one warning (warn), when any of these texts that are about to leave holds such a thing."""
    if guard == "off":
        return
    kinds: Counter[str] = Counter()
    held = [number for number, text in enumerate(texts, 1) if (kinds.update(told := found(text)) or told)]
    if not held:
        return
    listed = ", ".join(f"{kind} ({count})" for kind, count in kinds.items())
    places = ", ".join(str(number) for number in held[:5]) + (", ..." if len(held) > 5 else "")
    what = f"{len(held)} of these prompts hold {listed}: number {places}"
    if guard == "stop":
        help = "take it out of the data, or say guard: warn or guard: off where it may leave this machine"
        raise Refused(Fault(where, f"nothing was sent: {what}", help))
    warnings.warn(f"{where}: {what}", stacklevel=2)
