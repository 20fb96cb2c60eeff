"""Scripted tutoring: the schema, the rule, the student's mistakes, held-out wordings, noise in actions alone."""

import itertools
import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.core.data import Course, Preference
from tutelage.core.errors import Refused
from tutelage.core.parts import build
from tutelage.core.rng import stream
from tutelage.data._tutor_schema import ACTIONS, FIELDS, SOLVES, STATES, legal, turn
from tutelage.data._tutoring import DEALT, ERRORS, WORDINGS, Sum, dialogue, item, mistake, rule, wordings
from tutelage.kit.structured import compact

ALIKE = dict.fromkeys(ERRORS, 1.0)


def course(seed: int = 0, **settings: object) -> Course:
    made: Course = build("data", {"use": "tutor_dialogues", **settings}).course(stream(seed, "data"))
    return made


def read(text: str) -> tuple[str, str]:
    """Evaluation and action from the tutor's view alone, by an obvious reader of its own."""
    _, notes, *lines = [line for line in text.strip().split("\n") if not line.startswith("Check")]
    truth = dict(one.split(" = ") for one in notes.split("; "))
    last, said = lines[-1], [line for line in lines if line.startswith("Student")]
    tutor = [line for line in lines if line.startswith("Tutor")]
    if not tutor:
        return "g", "12"
    posed = re.findall(r"\d+ [-+x] \d+", tutor[0])[-1]

    def judged(line: str) -> str:
        numbers = re.findall(r"\d+", line.replace(posed, ""))
        if not numbers:
            return ""
        return "b" if numbers[-1] == truth[posed] else "c" if posed in line else "a"

    failures = sum(judged(line) in ("a", "c") for line in said[:-1])
    found = judged(last)
    if found:
        return found, {"a": "12"[failures > 0], "b": "3", "c": "45"[failures > 0]}[found]
    kinds = {"unclear": ("d", "6"), "off": ("e", "7"), "hint": ("f", "8"), "solution": ("f", "89"[failures > 0]),
             "back": ("f", "10"), "explain": ("f", "11")}  # fmt: skip
    return next(kinds[kind] for kind in kinds if any(last.endswith(body) for body in WORDINGS[kind][1]))


def test_every_turn_is_legal_and_can_be_read_off_what_the_tutor_sees() -> None:
    made = course(sft=1, preference=800, exam=300)
    (block,) = made.exams["exam"].truth
    for pool in (made.parts["pool"].pool, block.about.examples()):
        for text, reply in zip(pool.texts(), pool.column("reply").to_pylist(), strict=True):
            said = json.loads(reply)
            assert legal(reply) and (said["evaluation"], said["action"]) == read(text), text


@pytest.mark.parametrize(("evaluation", "action"), list(itertools.product(ACTIONS, [str(one) for one in range(1, 14)])))
def test_an_action_is_legal_only_for_its_evaluation(evaluation: str, action: str) -> None:
    """Twelve actions, each of one evaluation; by hand from the paper: a 1-2, b 3, c 4-5, d 6, e 7, f 8-11, g 12."""
    ends = {"a": 2, "b": 3, "c": 5, "d": 6, "e": 7, "f": 11, "g": 12}
    mine = next((name for name, end in ends.items() if int(action) <= end), None)
    said = compact(
        dict(zip(FIELDS, (evaluation, action, "w" if evaluation == "g" else "x", "1 + 1", "Well."), strict=True))
    )
    assert legal(said) == (mine == evaluation)


GOOD = dict(zip(FIELDS, ("a", "1", "x", "1 + 1", "Well."), strict=True))


@pytest.mark.parametrize(
    "change",
    [{"state": "v"}, {"state": "w"}, {"reply": ""}, {"reply": None}, {"action": 1}, {"more": "x"}, {"evaluation": "h"}],
)
def test_the_validator_rejects_the_rest(change: dict[str, object]) -> None:
    assert legal(compact(GOOD)) and not legal(compact({**GOOD, **change})) and not legal("Well.")
    with pytest.raises(ValueError, match=r"action '3' does not answer evaluation 'a'"):
        turn("a", "3", "x", "1 + 1", "Well.")


def test_the_rule_by_hand() -> None:
    """The solution is given after a second failure, or where it is asked for after a failure."""
    first = {does: rule(does, 0) for does in ("right", "wrong", "partly", "unclear", "off", "hint", "solution")}
    assert first == {
        "right": "3",
        "wrong": "1",
        "partly": "4",
        "unclear": "6",
        "off": "7",
        "hint": "8",
        "solution": "8",
    }
    assert [rule(does, 1) for does in ("right", "wrong", "partly", "hint", "solution")] == ["3", "2", "5", "8", "9"]


@given(st.integers(0, 10_000), st.sampled_from(ERRORS))
def test_a_mistake_is_wrong_and_an_item_is_what_it_says(seed: int, kind: str) -> None:
    rng = stream(seed, "item")
    made = item(rng)
    for one, after in itertools.pairwise(made.steps):
        assert one.result == after.a
    assert made.answer not in [number for one in made.steps for number in (one.a, one.b)]
    for one in made.steps:
        assert one.result == eval(one.text.replace("x", "*")) and 2 <= one.result <= 99  # our own three signs
        wrong = mistake(one, kind, rng)
        assert wrong > 0 and wrong != one.result


def test_each_mistake_by_hand() -> None:
    one = Sum(12, "+", 5)
    found = {kind: {mistake(one, kind, stream(seed, "m")) for seed in range(20)} for kind in ERRORS}
    assert found == {"off_by_one": {16, 18}, "off_by_ten": {7, 27}, "operand": {5}, "other_sign": {7}}


def test_hints_never_say_the_answer_and_solutions_do() -> None:
    rng = stream(0, "hints")
    seen = set()
    for said in (one for _ in range(200) for one in dialogue(rng, "train", ALIKE)):
        for action, reply in said.replies.items():
            told = json.loads(reply)
            numbers = re.findall(r"\d+", told["reply"])
            if told["state"] == "z":
                assert (str(said.answer) in numbers) and action in SOLVES | {"3"}
            elif action in ("1", "4", "6", "7", "8", "11", "12"):
                assert str(said.answer) not in numbers
            assert told["state"] in STATES and (told["state"] in "yz") == (action in SOLVES | {"3"})
            seen.add(action)
    assert seen == {str(one) for one in range(1, 13)}


def test_wordings_are_dealt_out_once_each_and_words_occur_everywhere() -> None:
    for kind, (openers, bodies) in WORDINGS.items():
        dealt = {part: wordings(kind, part) for part in DEALT}
        every = [one for some in dealt.values() for one in some]
        assert len(every) == len(set(every)) == len(openers) * len(bodies) and all(dealt.values())
        held = {word for part in ("dev", "test") for one in dealt[part] for word in one.split()}
        assert held <= {word for one in dealt["train"] for word in one.split()}


def test_no_exam_wording_of_the_student_stands_in_a_pool() -> None:
    made = course(sft=400, preference=400, exam=200)

    def shapes(texts: list[str]) -> set[str]:
        lines = [line for text in texts for line in text.split("\n") if line.startswith("Student")]
        return {re.sub(r"\d+", "n", re.sub(r"\d+ [-+x] \d+", "e", line)) for line in lines}

    pools = shapes([text for part in made.parts.values() for text in part.pool.texts()])
    for exam in made.exams.values():
        assert not pools & shapes(exam.truth[0].about.examples().texts())


def test_noise_changes_actions_alone_and_only_where_there_is_a_choice() -> None:
    """3,000 turns at 15 %: the share that changed is within four deviations of it."""
    pool = course(sft=3000, preference=1, exam=1).parts["sft"].pool
    told = [json.loads(text) for text in pool.column("reply").to_pylist()]
    both = list(zip(told, pool.column("evaluation").to_pylist(), pool.column("action").to_pylist(), strict=True))
    assert all(said["evaluation"] == evaluation and legal(compact(said)) for said, evaluation, _ in both)
    choice = [said["action"] != action for said, evaluation, action in both if len(ACTIONS[evaluation]) > 1]
    alone = [said["action"] != action for said, evaluation, action in both if len(ACTIONS[evaluation]) == 1]
    assert not any(alone) and np.mean(choice) == pytest.approx(0.15, abs=4 * np.sqrt(0.15 * 0.85 / len(choice)))


def test_without_noise_the_same_turns_go_by_the_rule() -> None:
    """The neutral limit: the texts are those of the noisy material, and the pool is the same."""
    clean, noisy = (course(sft=200, preference=50, exam=5, noise=noise) for noise in (0, 0.5))
    assert clean.parts["sft"].pool.texts() == noisy.parts["sft"].pool.texts()
    assert clean.parts["pool"].pool.fingerprint == noisy.parts["pool"].pool.fingerprint
    told = [json.loads(text)["action"] for text in clean.parts["sft"].pool.column("reply").to_pylist()]
    assert told == clean.parts["sft"].pool.column("action").to_pylist() and "0 of 200" in clean.notes[0]


def test_the_contrast_is_a_hint_against_the_answer_given_away() -> None:
    (block,) = course(sft=1, preference=1, exam=150).exams["contrast"].truth
    assert block.kind is Preference and block.size == 150
    for chosen, rejected in zip(block.given["chosen"], block.given["rejected"], strict=True):
        one, other = json.loads(chosen), json.loads(rejected)
        assert (one["action"], other["action"]) in {("1", "2"), ("4", "5")} and one["evaluation"] == other["evaluation"]


def test_the_exam_has_no_first_turn_and_hangs_on_no_seed() -> None:
    one, other = course(0, sft=20, preference=20, exam=40), course(1, sft=20, preference=20, exam=40)
    ids = one.exams["exam"].truth[0].about.examples().ids()
    assert not any(id.endswith(".1") for id in ids) and len(set(ids)) == 40
    assert [exam.truth[0].digest() for exam in one.exams.values()] == [
        exam.truth[0].digest() for exam in other.exams.values()
    ]
    assert one.parts["pool"].pool.fingerprint != other.parts["pool"].pool.fingerprint
    assert not set(one.parts["pool"].pool.texts()) & set(one.parts["sft"].pool.texts())
    dev = course(0, sft=20, preference=20, exam=40, split="dev")
    assert not set(dev.exams["exam"].truth[0].about.examples().texts()) & set(
        one.exams["exam"].truth[0].about.examples().texts()
    )


def test_one_kind_of_mistake_alone_and_those_that_do_not_exist() -> None:
    pool = course(sft=1, preference=300, exam=1, errors={"operand": 1}).parts["pool"].pool
    for text, code in zip(pool.texts(), pool.column("evaluation").to_pylist(), strict=True):
        if code == "a":
            posed = re.findall(
                r"(\d+) ([-+x]) (\d+)", next(line for line in text.split("\n") if line.startswith("Tutor"))
            )[-1]
            said = int(re.findall(r"\d+", text.strip().split("\n")[-2])[-1])
            one = Sum(int(posed[0]), posed[1], int(posed[2]))
            assert said == mistake(one, "operand", stream(0, "m"))
    with pytest.raises(Refused, match="did you mean 'operand'"):
        course(errors={"operands": 1})
    with pytest.raises(Refused, match="no mistake has a weight above 0"):
        course(errors={"operand": 0})


def test_the_calculator_marks_every_number_and_without_it_the_turns_are_the_same() -> None:
    marked, bare = (
        course(sft=1, preference=200, exam=1, checked=checked).parts["pool"].pool for checked in (True, False)
    )
    assert bare.column("reply").to_pylist()[:100] == marked.column("reply").to_pylist()[:100]
    for text, without, code in zip(
        marked.texts()[:100], bare.texts()[:100], marked.column("evaluation").to_pylist(), strict=False
    ):
        assert re.sub(r"Check: \w+\n", "", text) == without
        last = text.strip().split("\n")[-1]
        assert last == {"a": "Check: no", "b": "Check: yes", "c": "Check: no"}.get(code, last)
        assert last.startswith("Check") == (code in "abc")
