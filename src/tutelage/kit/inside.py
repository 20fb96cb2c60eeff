"""Objectives inside an objective: each prepares for itself, and finds only its own in the batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tutelage.core.data import Array
from tutelage.core.descent import Batch

WHOLE = "all_"  # what begins with it is handed over whole


def named(name: str, prepared: Mapping[str, Array]) -> dict[str, Array]:
    """What one of them prepared, under names of its own.

    >>> named("0", {"reference": 1, "all_labels": 2})
    {'0.reference': 1, 'all_0.labels': 2}
    """
    return {_key(name, key): array for key, array in prepared.items()}


def its_own(name: str, batch: Batch) -> Batch:
    """The batch as that one expects it."""
    heads = (f"{WHOLE}{name}.", f"{name}.")
    found: dict[str, Any] = {}
    for key, value in batch.prepared.items():
        if key.startswith(heads[0]):
            found[WHOLE + key.removeprefix(heads[0])] = value
        elif key.startswith(heads[1]):
            found[key.removeprefix(heads[1])] = value
    return batch._replace(prepared=found)


def _key(name: str, key: str) -> str:
    return f"{WHOLE}{name}.{key.removeprefix(WHOLE)}" if key.startswith(WHOLE) else f"{name}.{key}"
