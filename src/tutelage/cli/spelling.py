"""Values as they are written on the command line: `--set` and `--seeds`."""

from __future__ import annotations

import json
from typing import Any

from tutelage.core.errors import Fault, Refused


def seeds(written: str) -> int | list[int]:
    """Seeds by number or by name: "5" is five seeds, "10:15" are 10, 11, 12, 13, 14, "3,7" are those two."""
    first, colon, last = written.partition(":")
    numbers = (first, last) if colon else tuple(written.split(","))
    if not all(number.strip().isdigit() for number in numbers):
        raise Refused(
            Fault("--seeds", f"{written!r} names no seeds", "5 are five seeds, 10:15 are 10 to 14, 3,7 are those two")
        )
    if colon:
        return list(range(int(first), int(last)))
    return int(written) if len(numbers) == 1 else [int(number) for number in numbers]


def override(path: str, value: Any) -> str:
    """PATH=VALUE such that reading VALUE as YAML gives `value` back.

    >>> override("data.text", "body"), override("data.text", "on"), override("data.exam", {"bought": 50})
    ('data.text=body', 'data.text="on"', 'data.exam={bought: 50}')
    """
    import yaml

    if _deep(value):  # JSON is YAML
        return f"{path}={json.dumps(value, ensure_ascii=False)}"
    if isinstance(value, dict):
        return f"{path}={{{', '.join(f'{key}: {item}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"{path}=[{','.join(json.dumps(item) if not _bare(item) else str(item) for item in value)}]"
    if isinstance(value, str):
        try:
            plain = yaml.safe_load(value) == value
        except yaml.YAMLError:
            plain = False
        return f"{path}={value}" if plain else f"{path}={json.dumps(value, ensure_ascii=False)}"
    return f"{path}={value}"


def _deep(value: Any) -> bool:
    """Whether lists or mappings stand inside it."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(isinstance(one, (dict, list)) for one in inside)


def _bare(item: Any) -> bool:
    return not isinstance(item, str) or item.replace("_", "").isalnum()
