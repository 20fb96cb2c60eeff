"""Right programs and right beginnings that a student finds: what is bought, kept, taught, and drawn from."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from tutelage.core.data import Replies, Rows, Table
from tutelage.core.stages import Taught
from tutelage.core.writing import Prompt, Turn, Written
from tutelage.runs.till import RecordedTill, till
from tutelage.sandbox.answers import Executed
from tutelage.teach.self_sampled import SelfSampled
from tutelage.toys import stream, view

TASKS = ["10 and 2 boxes of 4, less 3?", "5 and 6?"]
GOLD = np.array(["a=2*4\nb=10+a\nanswer=b-3", "answer=5+6"], dtype=object)
POOL = Table.of("tasks", {"id": ["x", "y"], "text": TASKS}).pool()


@dataclass
class Scripted:
    """Writes what it was told, in order, for whichever prompt; remembers the prompts."""

    script: Sequence[str]
    seen: list[Prompt] = field(default_factory=list)

    def write(self, prompts: Sequence[Prompt], k: int, rng: Any, **settings: Any) -> Written:
        texts = np.array(
            [self.script[(len(self.seen) + i) % len(self.script)] for i in range(len(prompts))], dtype=object
        )
        self.seen += prompts
        return Written(texts[:, None], np.full(len(prompts), 7), np.full((len(prompts), 1), 5))


def teach(
    part: SelfSampled,
    student: Any,
    memory: Any = None,
    purse: RecordedTill | None = None,
    rows: Sequence[int] = (0,),
    seed: int = 0,
) -> Taught:
    purse = purse or till()
    now = view(POOL, student, purse=purse)._replace(memory=memory or {})
    return part.teach(Rows(POOL, np.array(rows)), now, Executed(POOL.table, GOLD).through(purse), stream(seed, "teach"))


def test_by_hand() -> None:
    """Four programs for 10 + 2 * 4 - 3 = 15.

    Right in another order; the reference again under other names; wrong, but its first line is the state {8}; wrong from
    the start. Lesson: the reference, the other right one, the beginning, which has reward 1/2 and no end. One label, and
    verdicts for the first, third and fourth: the second says what is known.
    """
    student = Scripted(
        ["c=10-3\nd=2*4\nanswer=c+d", "x=2*4\ny=10+x\nanswer=y-3", "e=4*2\nanswer=e+10", "f=99\nanswer=f"]
    )
    purse = till()
    taught = teach(SelfSampled(samples=4), student, purse=purse)
    (block,) = taught.lessons
    assert block.kind is Replies
    assert block.given["texts"].tolist() == [[GOLD[0], "c=10-3\nd=2*4\nanswer=c+d", "e=4*2\n"]]
    assert block.given["rewards"].tolist() == [[1, 1, 0.5]] and block.given["ends"].tolist() == [[True, True, False]]
    assert purse.book.ledger.spent == {"labels": 1, "verdicts": 3} and block.cost.tolist() == [4]
    assert taught.facts == {"solutions": 2, "beginnings": 1, "right": 0.5, "tokens_in": 28, "tokens_out": 20}


def test_without_samples_the_references_alone_are_taught() -> None:
    """The neutral limit: one reply a task, whole, no verdict bought, nothing asked of the student."""
    purse = till()
    taught = teach(SelfSampled(samples=0), object(), purse=purse, rows=(1, 0))
    given = taught.lessons[0].given
    assert given["texts"].tolist() == [[GOLD[1]], [GOLD[0]]] and given["ends"].all() and (given["rewards"] == 1).all()
    assert purse.book.ledger.spent.get("verdicts", 0) == 0 and "right" not in taught.facts


def test_the_next_round_goes_on_from_what_is_kept_and_buys_no_reference_again() -> None:
    """The beginning `e=4*2` found first is begun before the student as its own turn, in half of many draws."""
    purse = till()
    first = teach(SelfSampled(), Scripted(["e=4*2\nanswer=e"]), purse=purse)
    student = Scripted(["f=e+10\nanswer=f-3"])
    second = teach(SelfSampled(samples=200, most=3), student, first.memory, purse)
    begun = [prompt for prompt in student.seen if not isinstance(prompt, str)]
    assert begun[0] == (Turn("user", TASKS[0]), Turn("assistant", "e=4*2\n"))
    assert 70 < len(begun) < 130 and all(prompt == TASKS[0] for prompt in student.seen if isinstance(prompt, str))
    assert second.lessons[0].given["texts"].tolist() == [[GOLD[0], "e=4*2\nf=e+10\nanswer=f-3"]]
    assert purse.book.ledger.spent["labels"] == 1


def test_a_conversation_is_begun_in_its_own_words() -> None:
    import pyarrow as pa

    from tutelage.kit.prompts import COLUMN, TYPE

    said = pa.array(
        [[{"role": "system", "text": "Program.", "learn": False}, {"role": "user", "text": "10?", "learn": False}]],
        type=TYPE,
    )
    pool = Table.of("chat", {"text": ["10?"], COLUMN: said}).pool()
    sealed = Executed(pool.table, GOLD[:1]).through(till())
    student = Scripted(["e=4*2\nanswer=e"])
    now = view(pool, student)
    one = SelfSampled().teach(Rows(pool, np.arange(1)), now, sealed, stream(0, "teach"))
    SelfSampled(samples=20).teach(Rows(pool, np.arange(1)), now._replace(memory=one.memory), sealed, stream(0, "teach"))
    assert (Turn("system", "Program."), Turn("user", "10?"), Turn("assistant", "e=4*2\n")) in student.seen


def test_without_beginnings_every_program_is_started_anew() -> None:
    student = Scripted(["e=4*2\nanswer=e"])
    first = teach(SelfSampled(samples=9, partial=False), student)
    teach(SelfSampled(samples=9, partial=False), student, first.memory)
    assert all(isinstance(prompt, str) for prompt in student.seen)
    assert first.lessons[0].given["texts"].tolist() == [[GOLD[0]]] and first.facts["beginnings"] == 0


def test_right_programs_go_first_where_there_is_not_room_for_all() -> None:
    student = Scripted(["e=4*2\nanswer=e", "c=10-3\nd=2*4\nanswer=c+d"])
    given = teach(SelfSampled(samples=2, most=2), student).lessons[0].given
    assert given["texts"].tolist() == [[GOLD[0], "c=10-3\nd=2*4\nanswer=c+d"]]


def test_shorter_lessons_are_filled_up_with_nothing() -> None:
    given = teach(SelfSampled(), Scripted(["c=10-3\nd=2*4\nanswer=c+d"]), rows=(0, 1)).lessons[0].given
    assert given["texts"][1].tolist() == [GOLD[1], None]
    assert given["rewards"][1, 0] == 1 and np.isnan(given["rewards"][1, 1]) and not given["ends"][1, 1]


def test_the_empty_program_is_never_taught_and_nonsense_changes_nothing() -> None:
    for text in ("", "\n", "import os", "answer", "e"):
        given = teach(SelfSampled(samples=3), Scripted([text])).lessons[0].given
        assert given["texts"].tolist() == [[GOLD[0]]]


def test_hostile_programs_are_bought_no_verdict_and_teach_nothing() -> None:
    """A loop, a huge number, an import, a look at a file, brackets without end: none of them gives an answer."""
    hostile = ["while True: answer=15", "a=9**9**9\nanswer=15", "import os\nanswer=15", "answer=open('/etc/passwd')",
               "answer=__import__('os').getpid()", "answer=" + "(" * 300 + "15" + ")" * 300]  # fmt: skip
    purse = till()
    taught = teach(SelfSampled(samples=len(hostile)), Scripted(hostile), purse=purse)
    assert taught.lessons[0].given["texts"].tolist() == [[GOLD[0]]] and taught.facts["right"] == 0
    assert purse.book.ledger.spent.get("verdicts", 0) == 0


def test_padding_does_not_fill_the_buffer() -> None:
    """Right, and three statements of nothing longer than the reference: kept with a tolerance of 3, not of 2."""
    padded = "a=4*2\nz=a+0\nz=z+0\nz=z*1\nb=10+a\nanswer=b-3"
    for tolerance, kept in ((0, 1), (2, 1), (3, 2)):
        part = SelfSampled(tolerance=tolerance, partial=False)
        assert teach(part, Scripted([padded])).facts["solutions"] == kept


def test_a_value_that_is_shared_makes_no_beginning() -> None:
    """The reference has been in {8} and {8, 18}: {99, 8} shares a value with these, {8, 8} holds one too often."""
    assert teach(SelfSampled(), Scripted(["z=99\nc=4*2\nanswer=c"])).facts["beginnings"] == 0
    given = teach(SelfSampled(), Scripted(["c=4*2\nd=c+0\nanswer=d"])).lessons[0].given
    assert given["texts"].tolist() == [[GOLD[0], "c=4*2\n"]]


def test_nothing_ends_a_beginning_in_what_a_model_reads() -> None:
    """The tokens that carry loss: of a right program its own and the end, of a beginning its own alone."""
    from tutelage.core.parts import build

    student = build("student", {"use": "text.tiny", "hidden": 16, "layers": 1, "heads": 2}).begin(POOL, stream(0, "s"))
    (block,) = teach(SelfSampled(samples=2), Scripted(["c=10-3\nd=2*4\nanswer=c+d", "e=4*2\nanswer=e"])).lessons
    batch = student.encode((block,)).batch(np.arange(1))
    told = [
        student.source.base().tokenizer.decode(ids[said].tolist())
        for ids, said in zip(batch.inputs["ids"][0], batch.inputs["said"][0], strict=True)
    ]
    assert told == [GOLD[0] + "</s>", "c=10-3\nd=2*4\nanswer=c+d</s>", "e=4*2\n"]


def test_it_fits_a_recipe_and_refuses_a_temperature_of_0() -> None:
    from tutelage.core.errors import Refused
    from tutelage.core.parts import build

    with pytest.raises(Refused, match="teach.temperature"):
        build("teach", {"use": "self_sampled", "temperature": 0})
    assert SelfSampled(samples=3).per_row == {"labels": 1, "verdicts": 3}
