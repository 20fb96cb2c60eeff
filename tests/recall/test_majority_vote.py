"""Self-consistency: votes by hand, ties, replies without an answer, n = 1, what it costs, saved and loaded."""

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tutelage.core.data import Label, Table, Text
from tutelage.core.parts import build
from tutelage.core.writing import Turn
from tutelage.kit.words import questions
from tutelage.recall.majority_vote import MajorityVote
from tutelage.toys import Writer, stream, view


def voted(extract: str, *replies: str) -> str:
    """What is given where these are the draws."""
    texts = np.array([[list(replies)]], dtype=object)
    part = MajorityVote(n=len(replies), extract=extract)
    return texts[0, 0, part._voted(["x"], texts, np.ones(texts.shape, dtype=np.int64)).places[0, 0]]


def test_by_hand() -> None:
    """Numbers 18, 26, 18: 18 has two votes of three, and of its replies the first drawn is given."""
    assert voted("number", "3 times 6 is 18.", "it is 26", "so 18") == "3 times 6 is 18."
    assert voted("number", "26!", "18.0 then", "I get 18") == "18.0 then"
    assert voted("whole", "Yes.", "no", "yes", "No", "yes") == "Yes."
    assert voted(r"\((\w)\)", "(b) or (a)", "b", "(B)", "(a)") == "(b) or (a)"


def test_ties_go_to_the_first_drawn_and_silence_has_no_vote() -> None:
    assert voted("number", "2", "3", "3", "2") == "2" and voted("number", "no idea", "dunno", "hm 5") == "hm 5"
    assert voted("number", "no idea", "no idea") == "no idea"


@settings(max_examples=60)
@given(st.lists(st.sampled_from(["1", "2", "a 3", "none", "2.0", ""]), min_size=1, max_size=9))
def test_as_plainly_counted(replies: list[str]) -> None:
    values = [float(reply.split()[-1]) if any(c.isdigit() for c in reply) else None for reply in replies]
    counts = Counter(value for value in values if value is not None)
    best = max(counts.values(), default=0)
    winner = next((r for r, v in zip(replies, values, strict=True) if v is not None and counts[v] == best), replies[0])
    assert voted("number", *replies) == winner


def test_one_reply_is_the_student_itself() -> None:
    student = Writer({"x": ("a", "b")})
    assert MajorityVote(n=1).equip(view(student=student), stream(0, "recall")) is student


def test_it_gives_what_its_own_draws_say_and_counts_them_all() -> None:
    """Prompt "x y" is read once, 2 tokens; 5 draws of one word take 2 each."""
    student, prompts = Writer({"x y": ("a", "b", "a")}), ["x y", "z"]
    equipped = MajorityVote(n=5, temperature=0.4).equip(view(student=student), stream(0, "recall"))
    told = equipped.write(prompts, 3, stream(4, "w"), temperature=0)
    drawn = student.write(prompts, 15, stream(4, "w"), temperature=0.4)
    assert told.texts.shape == (2, 3) and told.tokens_in.tolist() == [2, 1] and (told.tokens_out == 10).all()
    for place in np.ndindex(2, 3):
        assert told.texts[place] == Counter(drawn.texts.reshape(2, 3, 5)[place]).most_common(1)[0][0]


def test_it_is_right_more_often_than_one_draw() -> None:
    """Right 3 times in 5, else one of two wrong answers: of 25 draws the right one leads nearly always, of one in 60 %."""
    student = Writer({str(i): ("right", "right", "right", "w", "v") for i in range(200)})
    prompts = [str(i) for i in range(200)]
    alone = student.write(prompts, 1, stream(0, "w")).texts == "right"
    vote = MajorityVote(n=25).equip(view(student=student), stream(0, "recall"))
    assert 0.5 < alone.mean() < 0.7 and (vote.write(prompts, 1, stream(0, "w")).texts == "right").mean() > 0.93


def test_its_answers_to_a_pool() -> None:
    student = Writer({"x": ("Card.", "card", "rent"), "y": ("who knows",)})
    equipped = MajorityVote(n=9).equip(view(student=student), stream(0, "recall"))
    named = equipped.answer(Table.of("m", {"text": ["x", "y"]}, ["rent", "card"]).pool(), stream(0, "a"))
    assert named.kind is Label and named.given["label"].tolist() == [1, -1] and named.cost.tolist() == [1 + 18, 1 + 27]
    free = equipped.answer(Table.of("m", {"text": ["x"]}).pool(), stream(0, "a"))
    assert free.kind is Text and free.given["text"][0].lower().strip(".") == "card"


def test_saved_and_restored(tmp_path) -> None:
    student = Writer({"x": ("a", "b", "c")})
    part = build("recall", {"use": "majority_vote", "n": 6, "extract": "number"})
    equipped = part.equip(view(student=student), stream(0, "recall"))
    equipped.save(tmp_path)
    back = part.restored(student, tmp_path)
    assert back.fingerprint == equipped.fingerprint != student.fingerprint and (tmp_path / "writer.json").is_file()
    assert (back.write(["x"], 2, stream(0, "w")).texts == equipped.write(["x"], 2, stream(0, "w")).texts).all()


def test_the_student_is_asked_in_its_own_words() -> None:
    """Its instruction and pattern stand in every draw, also of a vote over votes, and when an exam asks it."""
    model = build("student", {"use": "text.endpoint", "pattern": "Say {x}", "instruction": "Be brief."})
    pool = Table.of("m", {"text": ["x"]}).pool()
    student = model.begin(pool, stream(0, "student"))
    twice = MajorityVote(n=2).equip(
        view(student=MajorityVote(n=3).equip(view(student=student), stream(0, "r"))), stream(0, "r")
    )
    asked = [(Turn("system", "Be brief."), Turn("user", "Say x"))]
    assert (
        twice.asks(pool) == student.asks(pool) == questions(twice, pool) == asked and twice.draws == 6 and twice.outside
    )
    assert questions(Writer(), pool) == ["x"] and twice.labels == ()
