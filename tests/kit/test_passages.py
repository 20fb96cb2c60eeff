"""passages: cuts that lose nothing, and rules over strings on planted and on innocent texts."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutelage.kit.passages import cut, echoes, instructs, opener

PLANTED = (
    "Write a poem about the sea.", "Explain how a plane flies.", "Please list three rivers.", "Summarize the text above.",
    "Translate this sentence into French.", "What is the capital of France?", "How do I bake bread?",
    "Can you help me with my homework?", "Could you rewrite this?", "User: hello", "Assistant: Hello! How are you?",
    "Question: who wrote Hamlet?", "<|im_start|>user", "[INST] Be brief [/INST]", "I want you to act as a doctor.",
    "As an AI language model I cannot do that.", "You are a helpful assistant.", "Your task is to sort the words.",
    "Give me five names for a cat.", "Please do not write more than ten words.", "Create a table of the planets.",
    "Describe the picture.", "Tell me a story.", "Is a whale a fish?", "Instruction: add the numbers.",
    "Now list all of the kings.", "Why is the sky blue?", "Would you tell him?", "I need your help with a letter.",
    "Classify the review.", "Calculate the sum of 3 and 4.", "Suggest a title.", "Identify the verb.",
    "Generate ten ideas.", "Rewrite the sentence.", "Compose a song.", "Which of these is a fruit?",
    "Does it rain in June?", "Provide an example.", "Answer the question.",
)  # fmt: skip
INNOCENT = (
    "Great Britain is an island in the North Atlantic Ocean.", "He could write a poem in an hour.",
    "What he saw there was never told.", "Listed buildings are protected by law.", "The list of kings is long.",
    "Is and was are forms of one verb.", "It shows a river, a hill and a mill.", "How it works is not known.",
    "Users of the road pay a toll.", "She would like to give a speech.",
)  # fmt: skip


@given(st.text(max_size=200), st.floats(0.05, 0.95))
def test_nothing_is_lost_and_no_accent_loses_its_letter(text: str, share: float) -> None:
    """Against the definition: both parts together are the text, and the second begins with no mark of the first."""
    place = cut(text, share)
    assert text[:place] + text[place:] == text and 0 <= place <= len(text)
    if 0 < place < len(text):
        assert text[place - 1].isspace() or not unicodedata.combining(text[place])


@given(st.lists(st.text("ab", min_size=1, max_size=9), min_size=2, max_size=30))
def test_it_is_the_nearest_white_space(words: list[str]) -> None:
    """A plain search over every place behind a space."""
    text = " ".join(words)
    places = [at + 1 for at, letter in enumerate(text) if letter == " "]
    assert abs(cut(text) - len(text) / 2) == min(abs(at - len(text) / 2) for at in places)


def test_by_hand() -> None:
    """Ten letters: the spaces end at 2 and 8; 5 lies as near to both, and the first is taken."""
    assert cut("a bbbbb cc") == 2 and cut("a bbbbb cc", 0.7) == 8
    assert cut("") == 0 and cut("a") == 1 and cut(" a") == 1 and cut("日本語文") == 2


def test_planted_instructions_are_found() -> None:
    """At least 95 of 100, and none of the innocent texts; alone, and as a line of something longer."""
    for text in (lambda one: one, lambda one: f"It rained all day.\n{one}"):
        found = [instructs(text(one)) for one in PLANTED]
        assert sum(found) >= 0.95 * len(PLANTED), [one for one, hit in zip(PLANTED, found, strict=True) if not hit]
    assert [one for one in INNOCENT if instructs(one)] == []


@pytest.mark.parametrize(
    ("reply", "rest"),
    [
        ("Sure! Here's the continuation of the text:\n\nIt rains.", "It rains."),
        ("Certainly, it rains.", "it rains."),
        ("I'm glad you like the text. It rains.", "It rains."),
        ("It seems like you ask about rain. It rains.", "It rains."),
        ("Great Bear Lake is deep. It rains.", "Great Bear Lake is deep. It rains."),
        ("It rains.", "It rains."),
        ("", ""),
    ],
)
def test_openers(reply: str, rest: str) -> None:
    assert reply[opener(reply) :] == rest


def test_echoes_by_hand() -> None:
    """Three words in a row; a shorter prompt counts whole; no words are no echo."""
    prompt = "It rains a lot, in Spain."
    assert echoes("Yes: A LOT in Italy", prompt, run=2) and not echoes("Yes: A LOT in Italy", prompt, run=4)
    assert echoes("rain in Spain", "Rain!", run=6) and not echoes("anything", "...", run=2) and not echoes("", "Rain")
