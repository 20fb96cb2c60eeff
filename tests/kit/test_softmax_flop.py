"""What is foretold is what is charged: the same formula, with the evaluations that the solver took."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from tutelage.core.data import Rows, labelled
from tutelage.core.forecast import Lot
from tutelage.core.parts import build
from tutelage.kit.softmax import solved
from tutelage.kit.softmax_flop import DENSE_GRAM, Flop, flop, nearest_mean_flop
from tutelage.toys import CODES, POOL, stream


def test_by_hand() -> None:
    """3 rows of 4 numbers, 12 entries, 2 classes: 2*12*3 + 2*12*2 = 120 once, 2*9*2 = 36 each; 5 rows: 4*20*2 each."""
    assert flop(3, 4, 12, 2) == Flop(120, 36)
    assert flop(5, 4, 20, 2) == flop(3, 4, 20, 2, warm=True) == Flop(0, 160)
    assert flop(DENSE_GRAM + 1, 10**6, 50, 3) == Flop(300, 600)
    assert nearest_mean_flop(12, 3) == 72


@settings(max_examples=40, deadline=None)
@given(
    st.integers(2, 30), st.integers(1, 30), st.integers(2, 4), st.booleans(), st.booleans(), st.integers(0, 2**32 - 1)
)
def test_a_solver_charges_it(n: int, d: int, c: int, thin: bool, warm: bool, seed: int) -> None:
    """The first charge is `once` where there is one, every other is `each`; as many as its evaluations."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, d)).astype(np.float32) * (rng.random((n, d)) < 0.5 if thin else 1)
    table = sparse.csr_matrix(x) if thin else x
    if thin and not table.nnz:
        return
    targets = np.eye(c, dtype=np.float32)[np.r_[:c, rng.integers(c, size=n)][:n]]
    start = None if thin or not warm else solved(table, targets, np.ones(n)).head
    spent: list[float] = []
    solved(table, targets, np.ones(n), start=start, spend=spent.append)
    columns = len(np.unique(table.indices)) if thin else d
    cost = flop(n, columns, table.nnz if thin else x.size, int((targets.max(0) > 0).sum()), warm=start is not None)
    assert spent[0] == (cost.once or cost.each) and set(spent[1:]) <= {cost.each}


def test_students_foretell_what_a_fit_charges() -> None:
    """Of those whose work is fixed the whole; of those that solve, every piece is `once` or `each` of the foretold."""
    lessons = (labelled(Rows(POOL, np.arange(6)), CODES, "oracle"),)
    for spec, fixed in (({"use": "vector.mlp", "hidden": [5, 3]}, True), ({"use": "vector.mlp", "hidden": []}, True),
                        ({"use": "vector.logistic"}, False)):  # fmt: skip
        maker = build("student", spec)
        spent: list[float] = []
        maker.begin(POOL, stream(0, "student")).fit(lessons, stream(0, "learn"), spent.append)
        lot = Lot(maker.width(POOL), 6.0, 2.0, 2)
        assert maker.flop(lot).exact is fixed and maker.width(POOL).exact
        if fixed:
            assert [maker.flop(lot).amount] == spent
        else:
            once = maker.flop(lot).amount
            each = maker.flop(lot._replace(evaluations=1.0)).amount - once
            evaluations = (sum(spent) - once) / each
            assert evaluations == round(evaluations) > 1
