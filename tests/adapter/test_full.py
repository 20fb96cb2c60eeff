"""full: every parameter, in one group, the module untouched."""

from tutelage.adapter.full import Full
from tutelage.student.vector.mlp import Mlp
from tutelage.toys import POOL, stream


def test_by_hand() -> None:
    """Two hidden layers and a head are three weights and three biases."""
    module = Mlp(hidden=(4, 3)).begin(POOL, stream(0, "student")).module
    opened = Full().open(module, stream(0, "learn"))
    assert opened.module is module and len(opened.groups) == 1
    assert len(opened.groups[0].names) == 6 and opened.groups[0].lr_scale == 1 and opened.groups[0].decay is None
