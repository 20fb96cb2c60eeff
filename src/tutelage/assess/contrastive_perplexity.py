"""How perplexing one kind of replies is against another kind to the same prompts: the ratio of their perplexities.

    ppl(k) = exp( sum_i -log p(y_ik | x_i) / sum_i |y_ik| )        over all replies y_ik of kind k, prompts not counted
    contrastive_perplexity = ppl(chosen) / ppl(rejected)           below 1: the chosen kind comes more easily

The exam holds pairs: to each prompt a reply of the kind that is wanted, such as a hint, and one of the other, such as
the answer given away. Tokens are weighted alike, however the replies share them; the token that ends a reply counts.
`ppl_chosen` and `ppl_rejected` stand beside the ratio, as training on preferences may raise both. With `words`, the
name of a field of JSON replies, the same three are told as `..._words` of what follows from the first letter of that
field on, given all before it: names of fields make up most of a reply, and are certain. Pairs of which one does not fit
into the window are left out, and `contrast_share` is the share that is left.

Each value is the mean of its items, its first-order influences, so an interval over items is one for the ratio.

Source: Sonkar, Ni, Chaudhary and Baraniuk (2024, arXiv 2402.05000), the perplexity test; the ratio and the
words alone are ours.
Neutral limit: two replies that are equal, at every prompt, have ratio 1.

>>> from tutelage.toy_writer import preferences
>>> from tutelage.toys import Reader, stream, till
>>> exam = Exam(preferences([("x", "a", "b"), ("y", "aa", "bc")]))
>>> reader = Reader({"a": -1.0, "b": -3.0, "c": -0.0})
>>> found = ContrastivePerplexity().assess(reader, exam, till(), stream(0, "assess"))
>>> [(one.name, round(one.value, 3)) for one in found[:3]]
[('contrastive_perplexity', 0.368), ('ppl_chosen', 2.718), ('ppl_rejected', 7.389)]
"""

from __future__ import annotations

import json
from typing import Any, ClassVar, NamedTuple

import numpy as np

from tutelage.core.data import Block, Bools, Exam, Floats, Ints, Kinds, Preference, Rng, Score
from tutelage.core.errors import ContractBroken
from tutelage.core.method import method
from tutelage.core.stages import Student, Till, able
from tutelage.core.writing import CanRate, Prompt, Turn
from tutelage.kit.exams import groups_of, mean
from tutelage.kit.prompts import prompts

AT_ONCE = 64  # prompts whose replies are read in one call
SIDES = ("chosen", "rejected")


@method
class ContrastivePerplexity:
    """words: the field of JSON replies that is said aloud; None: whole replies alone. on: which exam."""

    words: str | None = None
    on: str = "exam"

    needs: ClassVar[Kinds] = frozenset({CanRate})

    def assess(self, student: Student, exam: Exam, till: Till, rng: Rng) -> tuple[Score, ...]:
        """Three scores, three more with `words`, and the share. NaN for an exam without a pair that fits."""
        wrong = [block.kind.__name__ for block in exam.truth if block.kind is not Preference]
        if wrong or not exam.truth:
            raise ContractBroken(
                f"pairs of replies are examined here; this exam holds {wrong[0] if wrong else 'nothing'}"
            )
        judge: Any = able(student, CanRate)
        rows = np.concatenate([block.about.numbers[block.weight > 0] for block in exam.truth])
        groups = [groups_of(_items(block)) for block in exam.truth]
        group = groups[0] if len(groups) == 1 else None
        told = {"": [_read(judge, block, None) for block in exam.truth]}
        if self.words is not None:
            told["_words"] = [_read(judge, block, self.words) for block in exam.truth]
        made: list[Score] = []
        for name, several in told.items():
            both = _joined(several)
            fits: Bools = np.asarray(~np.isnan(both.nll).any(axis=1), dtype=np.bool_)
            numbers = ratio(Read(both.nll[fits], both.tokens[fits]))
            labels = (f"contrastive_perplexity{name}", f"ppl_chosen{name}", f"ppl_rejected{name}")
            made += [Score(label, mean(items), rows[fits], items.astype(np.float32),
                           None if group is None else group[fits], higher_is_better=False)
                     for label, items in zip(labels, numbers, strict=True)]  # fmt: skip
        left = fits.astype(np.float32)
        return (*made, Score("contrast_share", mean(left), rows, left, group))


class Read(NamedTuple):
    """nll, tokens: (n, 2), chosen and rejected; in nats, NaN where one does not fit."""

    nll: Floats
    tokens: Ints


def ratio(read: Read) -> tuple[Floats, Floats, Floats]:
    """(n,) influences of the ratio and of both perplexities; their means are the values themselves.

    >>> items = ratio(Read(np.array([[1.0, 2.0], [3.0, 2.0]]), np.array([[1, 1], [3, 1]])))
    >>> [round(float(one.mean()), 4) for one in items]          # exp(4/4 - 4/2), exp(4/4), exp(4/2)
    [0.3679, 2.7183, 7.3891]
    """
    size = len(read.nll)
    if not size:
        return np.zeros(0), np.zeros(0), np.zeros(0)
    whole = read.tokens.sum(axis=0)
    loss = read.nll.sum(axis=0) / whole  # nats a token, each kind
    off = size * (read.nll - loss * read.tokens) / whole  # (n, 2) influence on it, sums to 0
    both = np.exp(loss)
    quotient = float(np.exp(loss[0] - loss[1]))
    return quotient * (1 + off[:, 0] - off[:, 1]), both[0] * (1 + off[:, 0]), both[1] * (1 + off[:, 1])


def begun(text: str, field: str) -> int:
    """Where the words of this field begin in a JSON object in which it stands last. ContractBroken where it does not.

    >>> begun('{"action":"1","reply":"Not yet."}', "reply")
    23
    """
    said = json.loads(text)
    start = text.rfind(json.dumps(field))
    start = text.find('"', text.find(":", start + len(field) + 2)) + 1 if start >= 0 else 0
    if list(said)[-1:] != [field] or not isinstance(said[field], str) or start <= 0:
        raise ContractBroken(f"the field {field!r} is not the last one of {text!r}, or no text")
    return start


def _items(block: Block) -> Any:
    return block.about.examples().take(np.flatnonzero(block.weight > 0))


def _joined(several: list[Read]) -> Read:
    return Read(np.concatenate([one.nll for one in several]), np.concatenate([one.tokens for one in several]))


def _read(judge: Any, block: Block, field: str | None) -> Read:
    """Both replies of every pair, read side by side, so that a prompt is read once."""
    pool, keep = _items(block), np.flatnonzero(block.weight > 0)
    nll, tokens = np.zeros((len(pool), 2)), np.zeros((len(pool), 2), dtype=np.int64)
    for start in range(0, len(pool), AT_ONCE):
        here = np.arange(len(pool))[start : start + AT_ONCE]
        asked = prompts(pool.take(here))
        pairs = [(one, block.given[side][keep[row]]) for row, one in zip(here, asked, strict=True) for side in SIDES]
        if field is not None:
            pairs = [_behind(prompt, text, begun(text, field)) for prompt, text in pairs]
        asked, said = [pair[0] for pair in pairs], [str(pair[1]) for pair in pairs]
        logprobs = np.asarray(judge.rate(asked, said), dtype=np.float64)
        if (logprobs > 1e-6).any():
            raise ContractBroken(f"{type(judge).__name__}.rate: a log-probability lies above 0")
        nll[here], tokens[here] = -logprobs.reshape(-1, 2), judge.tokens(asked, said).reply.reshape(-1, 2)
    return Read(nll, tokens)


def _behind(prompt: Prompt, text: str, start: int) -> tuple[Prompt, str]:
    """The reply as far as `start` as one that is begun, and the rest of it."""
    turns = (Turn("user", prompt),) if isinstance(prompt, str) else prompt
    return (*turns, Turn("assistant", text[:start])), text[start:]
