"""A store of tokens: its say by hand and against a loop, and entries that are taken out without a trace."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tutelage.core.errors import Refused  # noqa: E402
from tutelage.kit import token_store  # noqa: E402
from tutelage.kit.token_store import TokenStore, restored  # noqa: E402

LOGS = torch.log(torch.tensor([[0.1, 0.2, 0.3, 0.4]]))


def line(**how: float) -> TokenStore:
    """On a line: 0 -> token 2 (row a), 1 -> token 3 (row b, weight 2), 5 -> token 0 (row a)."""
    keys = np.array([[0.0], [1.0], [5.0]], dtype=np.float32)
    settings = {"neighbours": 2, "share": 0.5, "temperature": 1.0, **how}
    return TokenStore(keys, np.array([2, 3, 0]), np.array([1.0, 2.0, 1.0]), np.array([0, 1, 0]), ("a", "b"), **settings)


def drawn(seed: int, **how: float) -> TokenStore:
    """40 entries of 9 rows in three dimensions over 7 tokens."""
    rng = np.random.default_rng(seed)
    arrays = {"keys": rng.normal(size=(40, 3)).astype(np.float32), "tokens": rng.integers(0, 7, 40),
              "weight": rng.uniform(0.1, 2, 40), "rows": np.sort(rng.integers(0, 9, 40))}  # fmt: skip
    ids = tuple(f"r{row}" for row in range(9))
    return restored(arrays, ids, {"neighbours": 6, "share": 0.4, "temperature": 0.7, "layer": -1, **how})


def slowly(store: TokenStore, state: np.ndarray, probs: np.ndarray) -> list[float]:
    """Equations 2 and 3 in words that nobody could get wrong."""
    entries = sorted((float(((key - state) ** 2).sum()), place) for place, key in enumerate(store.keys.astype(float)))
    near = [0.0] * len(probs)
    for away, place in entries[: store.neighbours]:
        near[store.tokens[place]] += store.weight[place] * math.exp(-away / store.temperature)
    return [store.share * one / sum(near) + (1 - store.share) * own for one, own in zip(near, probs, strict=True)]


def test_by_hand() -> None:
    """At 0.5 both neighbours are 0.5 away and b counts twice: 1/3 for token 2, 2/3 for token 3, whatever the temperature.

    At 0 and temperature 2 they pull with 1 and 2 exp(-1/2).
    """
    told = line().mixed(torch.tensor([[0.5]]), LOGS).exp()[0]
    assert told.tolist() == pytest.approx([0.05, 0.1, 0.15 + 1 / 6, 0.2 + 1 / 3])
    pull = 2 * math.exp(-0.5)
    alone = line(share=1.0, temperature=2.0).mixed(torch.tensor([[0.0]]), LOGS)[0]
    assert alone.exp().tolist() == pytest.approx([0, 0, 1 / (1 + pull), pull / (1 + pull)])
    assert alone[:2].tolist() == [-math.inf, -math.inf]  # pure neighbours: what none of them says cannot come


def test_an_entry_beyond_the_reach_of_exp_still_answers() -> None:
    """1,000 away and at temperature 0.001 exp(-d^2 / temperature) is 0 for all; the nearest says it all the same."""
    told = line(share=1.0, temperature=1e-3).mixed(torch.tensor([[1005.0]]), LOGS)[0]
    assert told.exp().tolist() == [1, 0, 0, 0]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("share", [0.4, 1.0])
def test_equal_to_a_loop_and_sums_to_1(seed: int, share: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_store, "AT_ONCE", 21)  # three states at a time, so several pieces and one that is short
    store, rng = drawn(seed, share=share), np.random.default_rng(seed + 100)
    states, probs = rng.normal(size=(11, 3)).astype(np.float32), rng.dirichlet(np.ones(7), size=11)
    told = store.mixed(torch.from_numpy(states), torch.from_numpy(probs).float().log()).exp().numpy()
    wanted = [slowly(store, state.astype(float), own) for state, own in zip(states, probs, strict=True)]
    assert np.abs(told - wanted).max() < 1e-6
    assert told.sum(axis=1) == pytest.approx(np.ones(11), abs=1e-6)


def test_of_many_equal_states_the_earlier_entries_count_whoever_is_asked_beside_them() -> None:
    """What stands before the first token of 3,000 texts is one state; of its entries the first 8 count, bit for bit."""
    rng = np.random.default_rng(0)
    keys = rng.normal(size=(9000, 16)).astype(np.float32)
    keys[::3] = keys[0]
    arrays = {"keys": keys, "tokens": np.arange(9000), "weight": np.ones(9000), "rows": np.arange(9000)}
    store = restored(arrays, [str(row) for row in range(9000)],
                     {"neighbours": 8, "share": 0.5, "temperature": 1.0, "layer": -1})  # fmt: skip
    states = np.concatenate([keys[:1], keys[:1] + 0.01, rng.normal(size=(38, 16))]).astype(np.float32)
    told = store.said(states)
    assert told.tokens[:2].tolist() == [list(range(0, 24, 3))] * 2 and told.weight[:2].tolist() == [[1 / 8] * 8] * 2
    for row in (0, 1, 2, 39):
        alone = store.said(states[row : row + 1])
        assert (alone.tokens[0] == told.tokens[row]).all() and (alone.weight[0] == told.weight[row]).all()


def test_what_is_forgotten_leaves_no_trace() -> None:
    """Bit for bit the store that was made without these rows, however its entries stood."""
    whole = drawn(0)
    stays = ~np.isin(whole.rows, [2, 5])
    ids = tuple(one for one in whole.ids if one not in ("r2", "r5"))
    rows = np.array([ids.index(whole.ids[row]) for row in whole.rows[stays]])
    arrays = {"keys": whole.keys[stays], "tokens": whole.tokens[stays], "weight": whole.weight[stays], "rows": rows}
    without = restored(arrays, ids, whole.settings)
    states, logs = torch.randn(5, 3, generator=torch.Generator().manual_seed(0)), torch.zeros(5, 7).log_softmax(-1)
    for gone in (whole.forgotten(["r5", "r2"]), whole.forgotten(["r2"]).forgotten(["r5"])):
        assert gone.fingerprint == without.fingerprint != whole.fingerprint
        assert (gone.mixed(states, logs) == without.mixed(states, logs)).all()
    assert (whole.mixed(states, logs) != without.mixed(states, logs)).any()
    assert whole.forgotten([]).fingerprint == whole.fingerprint
    assert whole.forgotten(whole.ids) is None


def test_what_was_never_there_cannot_be_forgotten() -> None:
    with pytest.raises(Refused, match=r"no entry is about 'c'[\s\S]*no entry is about 'd'"):
        line().forgotten(["a", "c", "d"])


def test_a_token_beyond_the_vocabulary_is_an_error() -> None:
    """Token 3 is the last of four; before three logs the store speaks of a token that nobody could say."""
    with pytest.raises(RuntimeError, match="index 3 is out of bounds"):
        line().mixed(torch.tensor([[0.5]]), LOGS[:, :3])
