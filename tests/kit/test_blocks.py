"""Some lessons of a block, bags and rankings included; columns of several blocks side by side."""

import numpy as np
import pytest

from tutelage.core.data import Block, Label, Ranking, Replies, Rows, Share, Soft, labelled
from tutelage.core.errors import ContractBroken
from tutelage.kit.blocks import columns, some
from tutelage.toys import CODES, POOL


def test_bags_keep_their_rows() -> None:
    """Bags {0 1}, {2}, {3 4 5}; the third, then the first: {3 4 5}, {0 1}."""
    bags = Rows(POOL, np.arange(6), np.array([0, 2, 3, 6]))
    probs = np.eye(3, 2, dtype=np.float32)
    block = Block(bags, None, Share, {"probs": probs}, "counts", np.array([1.0, 2, 3]), np.ones(3))
    kept = some(block, np.array([2, 0]))
    assert kept.about.rows.tolist() == [3, 4, 5, 0, 1] and kept.about.starts.tolist() == [0, 3, 5]
    assert kept.cost.tolist() == [3, 1] and (kept.given["probs"] == probs[[2, 0]]).all()


def test_a_ranking_keeps_one_number_a_document() -> None:
    """Queries a and b rank documents {0 1} and {2 3 4}; the second alone keeps three numbers."""
    query, documents = Rows(POOL, np.array([0, 1])), Rows(POOL, np.arange(5), np.array([0, 2, 5]))
    given = {"relevance": np.arange(5, dtype=np.float32)}
    kept = some(Block(query, documents, Ranking, given, "clicks", np.zeros(2), np.ones(2)), np.array([1]))
    assert kept.about.rows.tolist() == [1] and kept.against.rows.tolist() == [2, 3, 4]
    assert kept.given["relevance"].tolist() == [2, 3, 4]


def test_columns_of_several_blocks() -> None:
    one = labelled(Rows(POOL, np.array([0, 5])), CODES[[0, 5]], "oracle")
    probs = np.array([[1.0], [1.0]], dtype=np.float32)
    two = Block(Rows(POOL, np.array([1, 2])), None, Soft, {"probs": probs}, "weak", np.zeros(2), np.full(2, 0.5))
    three = two._replace(given={"probs": np.full((2, 2), 0.5, np.float32)})
    held = columns((one, two, one, three))
    kind, given = held.of(np.array([5, 0]))
    assert kind is Label and given["label"].tolist() == [1, 0]
    kind, given = held.of(np.array([3, 6]))
    assert kind is Soft and given["probs"].tolist() == [[1, 0], [0.5, 0.5]]
    assert held.weight.tolist() == [1, 1, 0.5, 0.5, 1, 1, 0.5, 0.5]
    with pytest.raises(ContractBroken, match="one kind, not Label, Soft"):
        held.of(np.array([0, 2]))
    assert len(columns(()).weight) == 0


def test_blocks_of_fewer_replies_get_absent_ones() -> None:
    """Two replies beside one: the second of the latter is no answer, without a reward and not whole."""
    two = {"texts": np.array([["a", "b"]], dtype=object), "rewards": np.array([[1, -1]], dtype=np.float32)}
    one = {"texts": np.array([["c"]], dtype=object), "rewards": np.array([[0.5]], dtype=np.float32),
           "ends": np.array([[False]])}  # fmt: skip
    about = Rows(POOL, np.array([0]))
    blocks = [Block(about, None, Replies, given, "x", np.zeros(1), np.ones(1)) for given in (two, one)]
    _, given = columns(tuple(blocks)).of(np.array([1, 0]))
    assert given["texts"].tolist() == [["c", None], ["a", "b"]]
    assert given["ends"].tolist() == [[False, False], [True, True]]
    np.testing.assert_array_equal(given["rewards"], np.array([[0.5, np.nan], [1, -1]], dtype=np.float32))


def test_other_columns_have_to_be_alike() -> None:
    one = labelled(Rows(POOL, np.array([0])), [0], "x")
    other = one._replace(given={"label": np.array([1]), "sure": np.array([0.5])})
    with pytest.raises(ContractBroken, match="blocks of kind Label hold different columns"):
        columns((one, other))
