"""What a file in student/text/encoder/ is: the part of a student that turns a text into a vector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from tutelage.core.data import Floats32


class Encoder(Protocol):
    """A file in student/text/encoder/: texts -> vectors, frozen. `fingerprint`: of the weights and the pooling."""

    @property
    def fingerprint(self) -> str: ...
    @property
    def width(self) -> int: ...
    def encode(self, texts: Sequence[str]) -> Floats32: ...  # (n, width)
