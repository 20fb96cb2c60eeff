"""Every test: one BLAS thread, a cache and runs of its own where asked, and no change to global luck."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def no_global_luck():
    """numpy's global generator stands where it stood: luck is an argument.

    (Python's own is left to the house rule against importing it: libraries draw from it when they are imported.)
    """
    legacy = np.random.get_state()  # noqa: NPY002
    yield
    now = np.random.get_state()  # noqa: NPY002
    assert legacy[0] == now[0] and (legacy[1] == now[1]).all() and legacy[2:] == now[2:], "global numpy luck was used"


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of this test alone."""
    monkeypatch.setenv("TUTELAGE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"
