"""One digest for everything that a record or a cache is keyed by: SHA-256 over a canonical byte form."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np


def digest(*things: Any) -> str:
    """32 hex digits; equal for equal values. Takes None, numbers, strings, bytes, arrays, sequences and mappings.

    Arrays count by dtype, shape and bytes; mappings by sorted key. Anything else raises TypeError.
    """
    hasher = hashlib.sha256()
    for thing in things:
        _feed(hasher, thing)
    return hasher.hexdigest()[:32]


def _feed(hasher: Any, thing: Any) -> None:
    if isinstance(thing, np.ndarray) and thing.dtype != object:
        plain = np.ascontiguousarray(thing)
        hasher.update(f"array {plain.dtype.str} {plain.shape} ".encode())
        hasher.update(plain.reshape(-1).view(np.uint8).data)
    elif isinstance(thing, (bytes, bytearray, memoryview)):
        hasher.update(f"bytes {len(thing)} ".encode())
        hasher.update(thing)
    elif thing is None or isinstance(thing, (str, bool, int, float)):
        text = json.dumps(thing)
        hasher.update(f"plain {len(text)} {text}".encode())
    elif isinstance(thing, np.generic):
        _feed(hasher, thing.item())
    elif isinstance(thing, Mapping):
        hasher.update(f"mapping {len(thing)} ".encode())
        for key in sorted(thing, key=str):
            _feed(hasher, str(key))
            _feed(hasher, thing[key])
    elif isinstance(thing, (list, tuple, np.ndarray)):
        hasher.update(f"sequence {len(thing)} ".encode())
        for item in thing:
            _feed(hasher, item)
    else:
        raise TypeError(f"no canonical form for {type(thing).__name__}")
