"""What stands in a pool for a student to reply to: a text, or a conversation in the column `turns`."""

from __future__ import annotations

import pyarrow as pa

from tutelage.core.data import Pool
from tutelage.core.writing import Prompt, Turn

COLUMN = "turns"
TYPE = pa.large_list(pa.struct([("role", pa.string()), ("text", pa.large_string()), ("learn", pa.bool_())]))


def prompts(pool: Pool) -> list[Prompt]:
    """Each row's conversation, or its text where it has none.

    >>> from tutelage.core.data import Table
    >>> said = pa.array([[{"role": "user", "text": "Hi", "learn": False}], None], type=TYPE)
    >>> prompts(Table.of("chat", {"text": ["Hi", "2 + 2"], "turns": said}).pool())
    [(Turn(role='user', text='Hi', learn=False),), '2 + 2']
    """
    texts = pool.texts()
    if COLUMN not in pool.table.columns.column_names:
        return list(texts)
    told = pool.column(COLUMN).to_pylist()
    return [tuple(Turn(**turn) for turn in row) if row else text for row, text in zip(told, texts, strict=True)]
