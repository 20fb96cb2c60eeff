"""refusal_filter: what counts as a phrase, what is left out comes last or not at all, and its limits."""

import numpy as np
import pytest

from tutelage.choose.everything import Everything
from tutelage.choose.perplexity import Perplexity
from tutelage.choose.refusal_filter import PHRASES, RefusalFilter, refusals
from tutelage.core.errors import Refused
from tutelage.core.rng import stream
from tutelage.toys import POOL, Reader, replies_pool, view

SAID = [
    ("I\u2019M  SORRY, but no.", True),
    ("As an AI language model I know nothing.", True),
    ("As an aid to memory, write it down.", False),  # "ai" is not a word here
    ("Gini cannot be 2.", False),
    ("I\ncannot say.", True),
    ("Sorrow is not the answer.", False),
]
TABLE = replies_pool([(f"q{i}", said, f"r{i}") for i, (said, _) in enumerate(SAID)])


def test_by_hand() -> None:
    assert refusals(TABLE, PHRASES).tolist() == [wrong for _, wrong in SAID]
    assert refusals(TABLE, ("Sorrow",)).tolist() == [False] * 5 + [True] and not refusals(TABLE, ()).any()


def test_what_is_left_out_comes_last_or_not_at_all() -> None:
    how = RefusalFilter(of=Everything())
    assert how.choose(view(TABLE, Reader()), 6, stream(0, "c")).rows.tolist() == [2, 3, 5, 0, 1, 4]
    assert how.choose(view(TABLE, Reader()), 4, stream(0, "c")).rows.tolist() == [2, 3, 5, 0]
    few = RefusalFilter(of=Everything(), drop=True).choose(view(TABLE, Reader()), 6, stream(0, "c"))
    assert few.rows.tolist() == [2, 3, 5] and len(few.scores) == 6
    turned = view(TABLE.take([5, 4, 3, 2, 1, 0]), Reader())
    assert turned.pool.take(how.choose(turned, 6, stream(0, "c")).rows).ids() == ["r2", "r3", "r5", "r0", "r1", "r4"]


def test_without_refusals_it_is_the_other_chooser(own_cache) -> None:
    clean = view(TABLE.take([2, 3, 5]), Reader())
    one, two = (how.choose(clean, 2, stream(0, "c")) for how in (Perplexity(), RefusalFilter(of=Perplexity())))
    three = RefusalFilter(of=Perplexity(), phrases=()).choose(view(TABLE, Reader()), 2, stream(0, "c"))
    assert one.rows.tolist() == two.rows.tolist() and np.array_equal(one.scores, two.scores)
    assert three.rows.tolist() == Perplexity().choose(view(TABLE, Reader()), 2, stream(0, "c")).rows.tolist()


def test_a_pool_without_replies_is_refused() -> None:
    with pytest.raises(Refused, match="no column 'reply'"):
        RefusalFilter().choose(view(POOL), 2, stream(0, "c"))
