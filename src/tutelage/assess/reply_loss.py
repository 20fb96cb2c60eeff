"""How unlikely the student finds the exam's replies: mean negative log-likelihood per token, lower is better.

    item = -1/|y| sum_t log p(y_t | x, y_<t),    reply_loss = (1 / n) sum of the items

x is the prompt, y the reference reply with the token that ends it; logs are natural, so exp(item) is a perplexity. An
item is one reference reply; items of one prompt are one group. A reply that does not fit into the student's window has
no item, and `reply_share` is the share that has one: compare students of one window, or look at it. Of an exam whose
items are texts that are their own truth (Itself) y is the text and x is empty: with a vocabulary of bytes an item over
ln 2 is the text's bits per byte. With `by: task` the loss is told for each value of that column, and for the worst.

Source: cross-entropy of a language model, Jelinek, Mercer, Bahl, Baker (1977), in nats per token of the reply.
Neutral limit: a student that is certain of every reply has loss 0.

>>> from tutelage.toys import Reader, replies_pool, stream, till
>>> from tutelage.kit.reply_courses import references_of
>>> pool = replies_pool([("1 + 1", "2", "r1"), ("2 + 2", "four", "r2")])
>>> exam = Exam((references_of(pool.table, np.arange(2)),))
>>> ReplyLoss().assess(Reader({"2": -1.0}, other=-3.0), exam, till(), stream(0, "assess"))[0].value
2.0
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from tutelage.core.data import Block, Exam, Floats, Itself, Kinds, Rng, Score, Text
from tutelage.core.errors import ContractBroken
from tutelage.core.method import method
from tutelage.core.stages import Student, Till, able
from tutelage.core.writing import CanRate
from tutelage.kit.exams import apart
from tutelage.kit.prompts import prompts

AT_ONCE = 64  # replies that are read in one call


@method
class ReplyLoss:
    """by: a column of the exam whose values are scored apart. on: which exam."""

    by: str | None = None
    on: str = "exam"

    needs: ClassVar[Kinds] = frozenset({CanRate})

    def assess(self, student: Student, exam: Exam, till: Till, rng: Rng) -> tuple[Score, ...]:
        """`reply_loss` over the replies that fit, and `reply_share`. NaN for an exam without such a reply."""
        wrong = [block.kind.__name__ for block in exam.truth if block.kind not in (Text, Itself)]
        if wrong or not exam.truth:
            raise ContractBroken(f"replies are examined here; this exam holds {wrong[0] if wrong else 'nothing'}")
        loss = np.concatenate([_losses(student, block) for block in exam.truth])
        rows = np.concatenate([block.about.numbers[block.weight > 0] for block in exam.truth])
        groups = np.concatenate([_groups(block) for block in exam.truth])
        fits = ~np.isnan(loss)
        items, share = loss[fits].astype(np.float32), fits.astype(np.float32)
        value = float(loss[fits].mean()) if fits.any() else float("nan")
        codes = np.unique(groups, return_inverse=True)[1].astype(np.int64)
        score = Score("reply_loss", value, rows[fits], items, codes[fits], higher_is_better=False)
        return (
            score,
            Score("reply_share", float(share.mean()) if len(share) else float("nan"), rows, share, codes),
            *apart(score, exam, self.by),
        )


def _losses(student: Any, block: Block) -> Floats:
    """(n,) of the replies of positive weight; NaN where one does not fit."""
    judge: Any = able(student, CanRate)
    keep = np.flatnonzero(block.weight > 0)
    pool = block.about.examples().take(keep)
    told = pool.texts() if block.kind is Itself else block.given["text"][keep].tolist()
    made = np.empty(len(told))
    for start in range(0, len(told), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        asked = prompts(pool.take(np.arange(len(told))[part])) if block.kind is Text else [""] * len(told[part])
        logprobs = np.asarray(judge.rate(asked, told[part]), dtype=np.float64)
        if (logprobs > 1e-6).any():
            raise ContractBroken(f"{type(student).__name__}.rate: a log-probability lies above 0")
        made[part] = -logprobs / np.maximum(judge.tokens(asked, told[part]).reply, 1)
    return made


def _groups(block: Block) -> Any:
    """(n,) the name of each item's prompt; an item without a group is one of its own."""
    pool = block.about.examples().take(np.flatnonzero(block.weight > 0))
    if "group" not in pool.table.columns.column_names:
        return np.array([f"item {id}" for id in pool.ids()], dtype=object)
    both = zip(pool.column("group").to_pylist(), pool.ids(), strict=True)
    return np.array([f"item {id}" if group is None else f"group {group}" for group, id in both], dtype=object)
