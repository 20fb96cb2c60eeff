"""What a student says before it learns: every lesson under its own number, no dropout, charged; replies of others."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tutelage.core.descent import Said
from tutelage.kit.reference import AT_ONCE, mismatched, reference, token_reference
from tutelage.kit.replies import counts, log_not, means, packed, totals
from tutelage.runs.till import till
from tutelage.toy_writer import LETTERS, WIDTH, Says, preferences, replies, texts, writer
from tutelage.toys import stream, view

STUDENT = writer(stream(0, "student"))


def many(seed: int, number: int) -> tuple:
    """Texts, pairs and replies of every length, in an order that sorting by length changes."""
    rng = np.random.default_rng(seed)
    word = lambda: "".join(rng.choice(list(LETTERS[1:]), size=rng.integers(0, 7)))
    some = replies([(word(), [word(), None, word()], [1.0, np.nan, 0.0]) for _ in range(number)])
    return texts([(word(), word()) for _ in range(number)]) + preferences([(word(),) * 3 for _ in range(number)]) + some


@given(st.integers(0, 20), st.sampled_from([1, 3, AT_ONCE]))
def test_every_lesson_is_as_it_would_be_alone(seed: int, number: int) -> None:
    lessons = many(seed, number)
    found, tokens = reference(lessons, view(student=STUDENT)), token_reference(lessons, view(student=STUDENT))
    encoded, module = STUDENT.encode(lessons), STUDENT.module
    assert found.totals.shape == found.counts.shape == (3 * number, 3) == tokens.shape[:2]
    for row in range(3 * number):
        with torch.no_grad():
            said = module.token_logprobs(encoded.batch(np.array([row])))
        r = said.mask.shape[1]
        np.testing.assert_allclose(found.totals[row, :r], totals(said)[0], atol=1e-5)
        assert (found.counts[row, :r] == counts(said)[0].numpy()).all() and (found.counts[row, r:] == 0).all()
        np.testing.assert_allclose(tokens[row].sum(1), found.totals[row], atol=1e-5)
        assert (
            tokens[row, :r, : said.mask.shape[2]] == said.logprobs[0].numpy()
        ).all()  # not yet moved: no prompt before


def test_it_is_said_in_use_and_paid_for() -> None:
    """No dropout; 2 FLOP for each of the 2 * 10 * 3 weights and each position: 1 + 4 of "a", "bcd" with its end."""
    drops = writer(stream(0, "student"), dropout=0.9)
    purse = till()
    lessons = texts([("a", "bcd")])
    found = reference(lessons, view(student=drops, purse=purse))
    assert found.totals == reference(lessons, view(student=STUDENT)).totals
    assert purse.book.ledger.spent["flop"] == 2 * (2 * len(LETTERS) * WIDTH) * 5


def test_the_number_of_threads_is_as_it_was() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        reference(texts([("a", "b")]), view(student=STUDENT))
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_replies_of_others_stand_half_a_block_away() -> None:
    lessons = preferences([("a", "b", "c"), ("b", "d", "e"), ("c", "f", "g"), ("d", "h", "a")])
    found = mismatched(lessons)[0]
    assert found.given["chosen"].tolist() == ["f", "h", "b", "d"] and found.given["rejected"].tolist() == list("gace")
    assert found.about.examples().texts() == list("abcd") and lessons[0].given["chosen"].tolist() == list("bdfh")
    assert mismatched(texts([("a", "b")]))[0].given["text"].tolist() == ["b"]
    wide = replies([("a", ["b", None], [1, np.nan]), ("c", ["d", "e"], [0, 1])], ends=[[True, True], [False, True]])
    turned = mismatched(wide)[0].given
    assert turned["texts"].tolist() == [["d", "e"], ["b", None]] and turned["ends"].tolist() == [
        [False, True],
        [True] * 2,
    ]


def test_no_lessons() -> None:
    found = reference((), view(student=STUDENT))
    assert found.totals.shape == found.counts.shape == (0, 0)


def test_numbers_of_whole_replies_by_hand() -> None:
    """-1 -2 of two tokens, -4 of one, none of none."""
    said = Says([[[-1.0, -2.0], [-4.0], []]]).said
    assert totals(said).tolist() == [[-3, -4, 0]] and counts(said).tolist() == [[2, 1, 0]]
    assert means(said).tolist() == [[-1.5, -4, 0]]


@pytest.mark.parametrize("p", [1e-12, 1e-3, 0.5, 0.999, 0.99998])
def test_the_log_of_not(p: float) -> None:
    assert log_not(torch.tensor(np.log(p))).item() == pytest.approx(np.log1p(-p), rel=1e-9)


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 6), st.integers(0, 99))
def test_packed_is_the_obvious_loop(b: int, r: int, t: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask, logs = rng.random((b, r, t)) < 0.5, -rng.exponential(size=(b, r, t))
    found = packed(Said(torch.from_numpy(np.where(mask, logs, 0)), torch.from_numpy(mask)))
    assert found.logprobs.shape[2] == mask.sum(2).max()
    for i in range(b):
        for j in range(r):
            n = mask[i, j].sum()
            assert (found.logprobs[i, j, :n].numpy() == logs[i, j, mask[i, j]]).all()
            assert found.mask[i, j].tolist() == [True] * n + [False] * (found.mask.shape[2] - n)
            assert (found.logprobs[i, j, n:] == 0).all()
