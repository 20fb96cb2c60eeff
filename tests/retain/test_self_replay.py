"""self_replay: counts by hand, what is left out and told, whose words they are, who pays, and what they are good for."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tutelage.core.answers import Sealed
from tutelage.core.data import Block, Course, Itself, Part, Rows, Table, Text, labelled
from tutelage.core.errors import Refused, Spent
from tutelage.core.rng import stream
from tutelage.core.stages import Stage
from tutelage.core.writing import CanCompose, CanWrite, Turn
from tutelage.learn.gradient import Gradient
from tutelage.loop import Run, rounds
from tutelage.recipe.fit import fit
from tutelage.recipe.read import read_text
from tutelage.retain.self_replay import SelfReplay
from tutelage.student.text.tiny import Tiny
from tutelage.toys import Writer, replies_pool, till, view

WORDS = tuple(f"text {number}" for number in range(400))
ASKED = replies_pool([("what is 0?", "zero", "r0"), ("what is 1?", "one", "r1")])
VECTORS = Table.of("new", {"vector": np.zeros((30, 1))}, ("a", "b")).pool()


def new(count: int, weight: float = 1.0) -> tuple[Block, ...]:
    return (labelled(Rows(VECTORS, np.arange(count)), np.zeros(count, dtype=np.int64), "oracle", 1.0, weight),)


def told(pool: Any, kind: Any = Text, weight: float = 1.0) -> Block:
    n = len(pool)
    given = {"text": np.array(["x"] * n, dtype=object)} if kind is Text else {}
    return Block(Rows(pool, np.arange(n)), None, kind, given, "file", np.zeros(n), np.full(n, weight))


def seen(book: dict[str, tuple[str, ...]], scratch: Path, lessons: Any = (), purse: Any = None, **parts: Any) -> Any:
    return view(student=Writer(book), lessons=lessons, scratch=scratch, purse=purse)._replace(parts=parts)


def facts(part: SelfReplay, now: Any) -> Any:
    return dict(part.settle(now.student, (), now, stream(0, "s")).facts)


def texts(blocks: Any) -> list[str]:
    return [text for block in blocks for text in block.about.examples().texts()]


def test_a_share_of_all_lessons_by_hand(tmp_path: Path) -> None:
    """Share 0.25 beside 12 lessons: 4 of 16; with one text for every draw none repeats, but by chance."""
    now = seen({"": WORDS}, tmp_path)
    (block,) = SelfReplay(share=0.25).rehearse(new(12), now, stream(0, "r"))
    assert block.kind is Itself and block.size == 4 and set(texts((block,))) <= set(WORDS)
    assert not block.cost.any() and (block.weight == 1).all()
    assert facts(SelfReplay(), now) == {
        "own_texts": 4.0, "own_silent": 0.0, "own_cut": 0.0, "own_repeated": 0.0, "own_tokens": 4 * 3 + 1.0
    }  # fmt: skip


def test_what_is_left_out_is_counted_and_nothing_is_refilled(tmp_path: Path) -> None:
    """Forty draws of three texts of which one is empty: two are learned, and all forty are accounted for."""
    now = seen({"": ("a", "", "b")}, tmp_path)
    blocks = SelfReplay(share=2 / 3).rehearse(new(20), now, stream(0, "r"))
    assert sorted(texts(blocks)) == ["a", "b"]
    said = facts(SelfReplay(), now)
    assert said["own_texts"] == 2 and said["own_silent"] > 0 and said["own_cut"] == 0
    assert said["own_silent"] + said["own_repeated"] + said["own_texts"] == 40


def test_a_text_that_may_have_been_cut_is_learned_only_where_that_is_asked_for(tmp_path: Path) -> None:
    """Three words and an end are four tokens: within 5 they have ended, within 4 that is not known."""
    book = {"": ("one two three",)}
    for most, whole, learned in ((5, True, 1), (4, True, 0), (3, True, 0), (3, False, 1)):
        part, now = SelfReplay(share=0.5, max_tokens=most, whole=whole), seen(book, tmp_path)
        blocks = part.rehearse(new(1), now, stream(0, "r"))
        assert sum(block.size for block in blocks) == learned == facts(part, now)["own_texts"]
        assert facts(part, now)["own_cut"] == 1 - learned


def test_replies_to_a_part_are_learned_as_replies(tmp_path: Path) -> None:
    """Each prompt of two comes twice before any comes a third time; what it says to one is not taken for another's."""
    book = {"what is 0?": tuple(f"no {number}" for number in range(300)), "what is 1?": ("same",)}
    now = seen(book, tmp_path, asked=ASKED)
    part = SelfReplay(share=0.5, part="asked")
    assert part.needs == {CanWrite} and SelfReplay().needs == {CanCompose}
    (block,) = part.rehearse(new(4), now, stream(0, "r"))
    said = list(zip(texts((block,)), block.given["text"].tolist(), strict=True))
    assert block.kind is Text and block.about.pool is ASKED and [asked for asked, _ in said].count("what is 0?") == 2
    assert [one for asked, one in said if asked == "what is 1?"] == ["same"] and facts(part, now)["own_repeated"] == 1
    assert {one for asked, one in said if asked == "what is 0?"} < set(book["what is 0?"])


def test_replies_to_earlier_lessons(tmp_path: Path) -> None:
    """Of lessons that were replies, of positive weight; labels and texts that are their own truth have no prompt."""
    mute = replies_pool([("silent", "x", "r9")])
    past = (told(ASKED), told(mute, weight=0.0), told(Table.of("t", {"text": ["own"]}).pool(), Itself), *new(3))
    part, now = SelfReplay(share=0.5, prompts="lessons"), seen({"what is 0?": ("nought",)}, tmp_path, past)
    (block,) = part.rehearse(new(2), now, stream(0, "r"))
    assert texts((block,)) == ["what is 0?", "what is 1?"] and block.given["text"].tolist() == ["nought", "what is 1?"]
    only = seen({}, tmp_path, past[1:])
    assert part.rehearse(new(2), only, stream(0, "r")) == ()


def test_equal_prompts_of_earlier_lessons_are_one(tmp_path: Path) -> None:
    """Two questions learned twice and two more once: four replies ask each of the four once, at any seed."""
    more = replies_pool([("what is 2?", "two", "r2"), ("what is 3?", "three", "r3")])
    past = (told(ASKED), told(ASKED), told(more))
    now = seen({f"what is {n}?": ("I know",) for n in range(4)}, tmp_path, past)
    part = SelfReplay(share=0.5, prompts="lessons", whole=False)
    for seed in range(4):
        own = part.rehearse(new(4), now, stream(seed, "r"))
        assert sorted(texts(own)) == [f"what is {n}?" for n in range(4)]


def test_conversations_are_asked_as_they_are(tmp_path: Path) -> None:
    class Heard(Writer):
        def write(self, prompts: Any, k: int, rng: Any, **how: Any) -> Any:
            assert prompts == [(Turn("system", "be brief"), Turn("user", "go"))]
            return super().write(prompts, k, rng, **how)

    import pyarrow as pa

    from tutelage.kit.prompts import TYPE

    turns = [[{"role": role, "text": text, "learn": False} for role, text in (("system", "be brief"), ("user", "go"))]]
    chat = Table.of("chat", {"text": ["go"], "turns": pa.array(turns, TYPE)}).pool()
    now = view(student=Heard({"go": ("gone",)}), scratch=tmp_path)._replace(parts={"chat": chat})
    (block,) = SelfReplay(share=0.5, part="chat").rehearse(new(1), now, stream(0, "r"))
    assert block.given["text"].tolist() == ["gone"]


def test_the_same_seed_writes_the_same(tmp_path: Path) -> None:
    now = seen({"": WORDS}, tmp_path)
    made = [texts(SelfReplay(share=0.5).rehearse(new(20), now, stream(seed, "r"))) for seed in (1, 1, 2)]
    assert made[0] == made[1] != made[2]


def test_neutral_limits(tmp_path: Path) -> None:
    """Share 0, and nothing new, write nothing and pay nothing; a penalty there is never."""
    purse = till()
    now = seen({"": WORDS}, tmp_path, purse=purse)
    for part, lessons in ((SelfReplay(share=0), new(8)), (SelfReplay(), ()), (SelfReplay(), new(8, 0.0))):
        assert part.rehearse(lessons, now, stream(0, "r")) == () and part.penalty(now) is None
    assert SelfReplay(from_first=False).rehearse(new(8), now, stream(0, "r")) == ()
    assert not purse.book.ledger.spent and facts(SelfReplay(share=0), now) == {}
    assert SelfReplay(from_first=False).rehearse(new(8), now._replace(lessons=new(1)), stream(0, "r")) != ()


def test_what_a_plan_counts() -> None:
    """As many as can be learned at the most, which only a run can tell, but for none."""
    asked = [SelfReplay(share=0.5).rehearsed(8, 0), SelfReplay(share=0.5, from_first=False).rehearsed(8, 0),
             SelfReplay(share=0.5, prompts="lessons").rehearsed(8, 0), SelfReplay(share=0).rehearsed(8, 9)]  # fmt: skip
    assert [(one.amount, one.exact) for one in asked] == [(8, False), (0, True), (0, True), (0, True)]


def test_writing_is_paid_for_once(tmp_path: Path) -> None:
    """40 draws of 2 words and an end, and the token that they begin with in each of two calls: 122 tokens, 40 calls.
    The same again finds all of it, and asks nobody."""
    purse = till()
    first = SelfReplay(share=0.5).rehearse(new(20), seen({"": WORDS}, tmp_path, purse=purse), stream(0, "r"))
    more = SelfReplay(share=2 / 3).rehearse(new(20), seen({"": WORDS}, tmp_path, purse=purse), stream(1, "r"))
    assert purse.book.ledger.spent == {"teacher_tokens": 20 * 3 + 1 + 40 * 3 + 2.0, "calls": 60.0}

    class Mute(Writer):
        def write(self, *given: Any, **how: Any) -> Any:
            raise AssertionError("it was asked again")

    again = view(student=Mute({"": WORDS}), purse=purse, scratch=tmp_path)
    for share, seed, made in ((0.5, 0, first), (2 / 3, 1, more)):
        assert texts(SelfReplay(share=share).rehearse(new(20), again, stream(seed, "r"))) == texts(made)
    assert purse.book.ledger.spent == {"teacher_tokens": 20 * 3 + 1 + 40 * 3 + 2.0, "calls": 60.0}


def test_it_stops_before_the_budget_would_be_passed(tmp_path: Path) -> None:
    purse = till({"calls": 5})
    with pytest.raises(Spent):
        SelfReplay(share=0.5).rehearse(new(20), seen({"": WORDS}, tmp_path, purse=purse), stream(0, "r"))
    assert purse.book.ledger.spent.get("calls", 0) <= 5


def test_what_is_wrong_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no part called 'askd'.*\n?.*asked"):
        SelfReplay(part="askd").rehearse(new(8), seen({}, tmp_path, asked=ASKED), stream(0, "r"))
    with pytest.raises(ValueError, match="say one of the two"):
        SelfReplay(part="asked", prompts="lessons")
    for line in ("{use: self_replay}", "{use: self_replay, prompts: lessons}"):
        recipe = "data: {use: digits}\nstudent: {use: vector.mlp}\nlearn: {use: gradient}\nretain: " + line
        with pytest.raises(Refused, match="self_replay"):
            fit(read_text(recipe + "\n", "r.yaml"))


RAIN, SUN = "the rain in spain falls", "a sunny day at sea"
SAYINGS = Table.of("sayings", {"text": [RAIN, SUN]}).pool()


def itself(text: str) -> tuple[Block, ...]:
    return (told(Table.of(text, {"text": [text] * 4}).pool(), Itself),)


@pytest.fixture(scope="module")
def rainy() -> Any:
    """A small decoder that has learned one sentence by heart."""
    begun = Tiny(hidden=32, layers=2, heads=2, window=48).begin(SAYINGS, stream(0, "student"))
    how = Gradient(lr=0.01, passes=80, batch=4, schedule="linear")
    return how.learn((Stage(itself(RAIN)),), None, view(SAYINGS, student=begun), stream(0, "learn")).student


def test_it_rehearses_what_it_knows(rainy: Any, tmp_path: Path) -> None:
    """The sentence that it was taught, however often it is asked; one that was taught nothing does not know it."""
    now = view(SAYINGS, student=rainy, scratch=tmp_path)
    (block,) = SelfReplay(share=0.5, temperature=0.3).rehearse(itself(SUN), now, stream(0, "r"))
    assert texts((block,)) == [RAIN]
    assert facts(SelfReplay(), now)["own_repeated"] == 3
    begun = Tiny(hidden=32, layers=2, heads=2, window=48).begin(SAYINGS, stream(0, "student"))
    other = SelfReplay(share=0.5, whole=False).rehearse(itself(SUN), now._replace(student=begun), stream(0, "r"))
    assert RAIN not in texts(other)


def test_a_draw_is_the_lesson_read_backwards(rainy: Any) -> None:
    """By hand: greedy, token by token, from the token that begins a text, by the module's own logits."""
    import torch

    module, frame = rainy.module, rainy._frame
    ids = [frame.tokenizer.bos_token_id]
    with torch.no_grad():
        while ids[-1] != frame.tokenizer.eos_token_id and len(ids) < 48:
            ids.append(int(module.logits(torch.tensor([ids]))[0, -1].argmax()))
    told = rainy.compose(2, stream(0, "w"), max_tokens=60, temperature=0)
    assert told.texts.tolist() == [[frame.tokenizer.decode(ids[1:-1])] * 2]
    assert told.tokens_out.tolist() == [[len(ids) - 1] * 2] and told.tokens_in.tolist() == [1]
    assert rainy.compose(1, stream(0, "w"), max_tokens=4, temperature=0).texts.tolist() == [[RAIN[:4]]]
    few, many = (rainy.compose(k, stream(3, "w"), max_tokens=30).texts[0].tolist() for k in (2, 5))
    assert few == many[:2], "a draw is the same whatever is drawn beside it"


def test_texts_end_with_the_window(tmp_path: Path) -> None:
    """A student of 12 places says 11 tokens at most, which is all that it can: such a text may have been cut."""
    small = Tiny(hidden=16, layers=1, heads=2, window=12).begin(SAYINGS, stream(0, "student"))
    now = view(SAYINGS, student=small, scratch=tmp_path)
    part = SelfReplay(share=0.5, temperature=0.01)
    assert part.rehearse(itself(SUN), now, stream(0, "r")) == () and facts(part, now)["own_cut"] == 4
    assert small.compose(1, stream(0, "w"), max_tokens=99).tokens_out.max() <= 11


def test_the_old_text_is_lost_less(rainy: Any, tmp_path: Path) -> None:
    """The same updates on a new sentence, with and without what it wrote itself; the new one is learned by both."""
    losses = {}
    for share in (0.0, 0.5):
        now = view(SAYINGS, student=rainy, scratch=tmp_path)
        own = SelfReplay(share=share, temperature=0.3).rehearse(itself(SUN), now, stream(0, "r"))
        how = Gradient(lr=0.005, passes=40, batch=0)
        after = how.learn((Stage((*itself(SUN), *own)),), None, now, stream(1, "learn"))
        read = after.student.read_alone([RAIN, SUN])
        losses[share] = (-read.logprob / read.tokens).tolist()
    before = rainy.read_alone([RAIN, SUN])
    assert losses[0.0][0] > -before.logprob[0] / before.tokens[0] + 0.5, "there is something to forget"
    assert losses[0.5][0] < losses[0.0][0] / 4 and losses[0.5][1] < 0.5 > losses[0.0][1]


def test_the_loop_tells_what_was_left_out(tmp_path: Path) -> None:
    """Facts of each round beside the learner's: what is rehearsed is among the lessons that it counts."""
    rows = [f"{word} {number}" for word in ("one", "two") for number in range(4)]
    pool = Table.of("told", {"text": rows, "episode": [0] * 4 + [1] * 4}).pool()
    course = Course({"pool": Part(pool, Sealed(pool.table, np.zeros(8, dtype=np.int64)))}, {})
    recipe = read_text(
        "data: {use: table, path: none.csv}\nstudent: {use: text.tiny, hidden: 16, layers: 1, heads: 2, window: 32}\n"
        "teach: {use: itself}\nchoose: {use: everything}\nper_round: null\nlearn: {use: gradient, passes: 2}\n"
        "assess: []\nretain: {use: self_replay, share: 0.5, whole: false, from_first: false}\n", "r.yaml")  # fmt: skip
    parts = next(iter(fit(recipe).values()))
    for number in (0, 1):
        (tmp_path / str(number)).mkdir()
    lives = [list(rounds(Run(parts, course, 0, till(), tmp_path / str(number)))) for number in (0, 1)]
    first, second = (one.facts for one in lives[0] if one.number >= 0)
    assert "own_texts" not in first and second["own_texts"] > 0
    assert second["lessons"] == 4 + second["own_texts"] and second["own_tokens"] > 4
    assert [one.facts for one in lives[0]] == [one.facts for one in lives[1]]
