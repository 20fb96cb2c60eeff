"""The vocabulary of a decoder that starts from nothing: byte pairs of prompts, and of the replies beside them."""

import numpy as np

from tutelage.core.data import Pool, Table
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.toys import replies_pool

REPLY = '{"evaluation":"a"}'
ROWS = [(f"say {row}", REPLY, f"r{row}") for row in range(20)]


def tokens(pool: Pool, text: str) -> int:
    maker = build("student", {"use": "text.tiny", "hidden": 16, "layers": 1, "heads": 2, "vocabulary": 300})
    return int(maker.begin(pool, stream(0, "student")).tokens(["x"], [text]).reply[0])


def test_replies_beside_the_prompts_are_read_for_byte_pairs() -> None:
    """By hand: 18 characters and the end are 19 tokens where no pair of them was merged.

    Where the reply was read, its words and marks, `{"`, `evaluation`, `":"`, `a`, `"}`, are one token each: 6 with the end.
    """
    with_replies = replies_pool(ROWS)
    columns = with_replies.table.columns.drop_columns(["reply"])
    bare = Table.of("bare", {name: columns.column(name).to_pylist() for name in columns.column_names}).pool()
    assert tokens(bare, REPLY) == 19 and tokens(with_replies, REPLY) == 6


def test_the_same_pool_and_luck_give_the_same_student() -> None:
    pool = replies_pool(ROWS)
    maker = build("student", {"use": "text.tiny", "hidden": 16, "layers": 1, "heads": 2, "vocabulary": 300})
    one, two = (maker.begin(pool, stream(0, "student")) for _ in range(2))
    assert one.fingerprint == two.fingerprint
    assert np.array_equal(one.rate(["x"], [REPLY]), two.rate(["x"], [REPLY]))
