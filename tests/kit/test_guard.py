"""What the guard sees and what it lets through; what it finds is never repeated."""

import warnings

import pytest

from tutelage.core.errors import Refused
from tutelage.kit.guard import KINDS, found, guarded

HELD = {  # made up, with right check digits where there are any
    "a private key": "-----BEGIN RSA PRIVATE KEY-----\nMIIE",
    "an access key": "use sk-" + "a1B2" * 8,
    "a signed token": "eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.c2lnbmF0dXJlMTIz",
    "a password or secret": "API_KEY=swordfish1",
    "an e-mail address": "write to ann.lee+x@mail.example.org please",
    "a telephone number": "call +44 20 7946 0958",
    "a bank account": "pay to DE89 3704 0044 0532 0130 00",
    "a card number": "card 4111-1111-1111-1111",
    "a social security number": "ssn 123-45-6789",
}


def test_every_kind_is_seen() -> None:
    assert HELD.keys() == KINDS.keys()
    for kind, text in HELD.items():
        assert kind in found(text), kind


@pytest.mark.parametrize(
    "text",
    [
        "What is 1234567890123456 + 1?", "On 2024-05-06 at 12:30", "card 4111 1111 1111 1112", "DE88 3704 0044 0532 0130 00",
        "my card was lost", "the password is lost", "a @ b", "0.123456789012345678", "sk-ip", "123-45-678", "tokens: 512",
        "0000 0000 0000 0000", "3.14159265358979323846", "version 10.2.0-rc1",
    ],
)  # fmt: skip
def test_ordinary_texts_pass(text: str) -> None:
    assert found(text) == ()


def test_stop_says_where_and_what_but_not_the_thing_itself() -> None:
    with pytest.raises(Refused) as refused:
        guarded(["fine", HELD["a card number"], HELD["a card number"]], "stop", "student.guard")
    message = str(refused.value)
    assert "2 of these prompts hold a card number (2): number 2, 3" in message and "4111" not in message


def test_warn_warns_once_and_off_says_nothing() -> None:
    with pytest.warns(UserWarning, match="an e-mail address") as told:
        guarded([HELD["an e-mail address"]] * 3, "warn", "student.guard")
    assert len(told) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        guarded(list(HELD.values()), "off", "student.guard")
        guarded(["fine"], "stop", "student.guard")
