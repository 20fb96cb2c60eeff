"""Papers on the shelf: one YAML file each, a card and a study."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tutelage.core.errors import Fault, Refused, nearest
from tutelage.recipe.read import Read, read_text
from tutelage.recipe.schema import STUDY_KEYS, Paper, Study

FOLDER = Path(__file__).parent


class Card(Paper):
    """A paper with what was found here in a sentence, written after the run and no part of the claim."""

    found: str = ""


def papers() -> tuple[str, ...]:
    """Keys of all papers, sorted; imports nothing and reads no file."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def card(key: str) -> Card:
    """The paper as it is committed: no profile, no override. Refused with the nearest name."""
    if key not in papers():
        raise Refused(Fault("", f"no paper is called {key!r}", nearest(key, papers(), "tutelage papers")))
    read = read_text(text_of(key), f"{key}.yaml", kind=Card)
    assert isinstance(read.study, Card)
    if read.study.key != key:
        raise Refused(Fault(read.source.place("key"), f"the key is {read.study.key!r}, the file is called {key!r}"))
    return read.study


def paper(key: str, sets: Sequence[str] = (), profile: str = "full") -> tuple[Card, Read]:
    """The card, and its study under a profile and overrides. Refused with the nearest name."""
    whole = card(key)
    profiles = {"full": {}, **whole.profiles}
    if profile not in profiles:
        raise Refused(Fault("--profile", f"{key} has no profile {profile!r}", nearest(profile, profiles)))
    overrides = [*_sets(profiles[profile]), *sets]
    read = read_text(text_of(key), f"{key}.yaml", overrides, kind=Card)
    study = Study.model_validate(read.study.model_dump(include=set(STUDY_KEYS)))
    return whole, read._replace(study=study)


def text_of(key: str) -> str:
    """The file as written."""
    return (FOLDER / f"{key}.yaml").read_text(encoding="utf-8")


def _sets(difference: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """A profile, written as the overrides that it stands for.

    >>> list(_sets({"seeds": 5, "arms": {"first": {"rounds": 4}}}))
    ['seeds=5', 'arms.first.rounds=4']
    """
    for key, value in difference.items():
        here = f"{path}.{key}" if path else str(key)
        if isinstance(value, Mapping):
            yield from _sets(value, here)
        else:
            yield f"{here}={json.dumps(value)}"
