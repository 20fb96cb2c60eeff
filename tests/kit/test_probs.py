"""Probabilities under another label list: by name, zeros where a class is not known, nothing lost."""

import numpy as np
import pytest

from tutelage.core.errors import ContractBroken
from tutelage.kit.probs import aligned, columns


def test_by_hand() -> None:
    """(b, a) under (a, b, c): the columns change places and c gets 0."""
    out = aligned(np.array([[0.75, 0.25]]), ("b", "a"), ("a", "b", "c"))
    assert out.tolist() == [[0.25, 0.75, 0.0]] and out.dtype == np.float32


def test_the_same_list_changes_nothing() -> None:
    probs = np.array([[0.5, 0.5], [0.25, 0.75]], dtype=np.float32)
    assert (aligned(probs, ("a", "b"), ("a", "b")) == probs).all()


def test_no_classes_and_no_rows() -> None:
    assert aligned(np.zeros((2, 0)), (), ("a",)).tolist() == [[0.0], [0.0]]
    assert aligned(np.zeros((0, 1)), ("a",), ("a", "b")).shape == (0, 2)


def test_a_name_without_a_place_is_refused() -> None:
    with pytest.raises(ContractBroken, match="c"):
        columns(("a", "c"), ("a", "b"))
