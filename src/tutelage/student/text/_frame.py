"""From turns to tokens: the model's chat template or plain text, and what is left out when it does not fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from tutelage.core.errors import Fault, Refused
from tutelage.core.writing import Prompt, Turn


class Shortened(NamedTuple):
    """A prompt's tokens, how many worked examples were dropped for it and how many tokens of its last text."""

    ids: list[int]
    dropped: int = 0
    cut: int = 0


class Frame(NamedTuple):
    """chat: prompts go through the model's chat template. window: tokens that a prompt and its reply may take."""

    tokenizer: Any
    chat: bool
    window: int

    def encode(self, text: str) -> list[int]:
        """The text alone, without special tokens."""
        return list(self.tokenizer.encode(text, add_special_tokens=False))

    def ids(self, turns: Sequence[Turn]) -> list[int]:
        """At least one token: where nothing is said, the one that begins a text, or the one that ends one.

        A last turn of the assistant is a reply begun: its tokens stand where a reply's do, and nothing ends them.
        """
        if turns and turns[-1].role == "assistant":
            return [*self.ids(turns[:-1]), *self.encode(turns[-1].text)]
        if self.chat:
            said = [{"role": turn.role, "content": turn.text} for turn in turns]
            return self.encode(self.tokenizer.apply_chat_template(said, tokenize=False, add_generation_prompt=True))
        start, found = self.tokenizer.bos_token_id, self.encode(plain(turns))
        if start is not None and list(self.tokenizer.encode("a"))[:1] == [start]:
            return [start, *found]
        return found or [self.tokenizer.eos_token_id if start is None else start]

    @property
    def end(self) -> int:
        """The token that ends a reply: what the chat template puts behind one, else the one that ends a text."""
        plainly: int = self.tokenizer.eos_token_id
        if not self.chat:
            return plainly
        said = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
        told = self.encode(self.tokenizer.apply_chat_template(said, tokenize=False))
        special = set(self.tokenizer.all_special_ids)
        behind = [place for place, one in enumerate(told) if one not in special]
        spoken = max((place for place in behind if "b" in self.tokenizer.decode([told[place]])), default=len(told))
        return next((one for one in told[spoken + 1 :] if one in special), plainly)

    def whole(self, text: str) -> list[int]:
        """A text by itself, from the token that begins one, where there is such, to the one that ends it."""
        start = self.tokenizer.bos_token_id
        ids = [*([] if start is None else [start]), *self.encode(text), self.tokenizer.eos_token_id]
        return ids[: self.window]

    def learned(self, turns: Sequence[Turn], ids: Sequence[int]) -> list[int]:
        """The places in `ids` of what the turns that are to be learned say, each with the token that ends it.

        Refused when the conversation was shortened, or its template does not write it turn by turn.
        """
        places: list[int] = []
        for number, turn in enumerate(turns):
            if turn.learn:
                start = len(self.ids(turns[:number]))
                told = [*self.encode(turn.text), self.end]
                if list(ids[start : start + len(told)]) != told:
                    what = "a turn to be learned is not where the template should put it, or did not fit the window"
                    raise Refused(Fault("turns", what, "a larger student.window, or learn: false for the turn"))
                places += range(start, start + len(told))
        return places

    def reply(self, name: str, turns: Sequence[Turn]) -> list[int]:
        """A label as the answer to these turns: in plain text a space stands before it."""
        return self.encode(name if self.chat else spaced(plain(turns), name))

    def prompt(self, prompt: Prompt, reply: int) -> Shortened:
        """Any prompt, so short that `reply` more tokens fit. Of a conversation the oldest exchanges go first."""
        turns = (Turn("user", prompt),) if isinstance(prompt, str) else tuple(prompt)
        if not turns:
            raise Refused(Fault("prompt", "a conversation without a turn is no prompt"))
        heads = next((place for place, turn in enumerate(turns) if turn.role != "system"), len(turns) - 1)
        head, middle, last = turns[: min(heads, len(turns) - 1)], turns[heads:-1], turns[-1]
        return self.fitted(head, middle, last.text, lambda text: last._replace(text=text), reply)

    def fitted(
        self, head: Sequence[Turn], shots: Sequence[Turn], x: str, ask: Callable[[str], Turn], reply: int
    ) -> Shortened:
        """head, shots and ask(x), less the examples farthest from the question, then less the end of x, until it fits.

        Refused when not even an empty question does.
        """
        room, dropped, left = self.window - reply, 0, list(shots)
        ids = self.ids([*head, *left, ask(x)])
        while len(ids) > room and left:
            behind = next((place for place, turn in enumerate(left[1:], 1) if turn.role == "user"), len(left))
            left, dropped = left[behind:], dropped + 1
            ids = self.ids([*head, *left, ask(x)])
        if len(ids) <= room:
            return Shortened(ids, dropped)
        tokens = self.encode(x)
        keep = len(tokens)
        while len(ids) > room and keep > 0:
            keep = max(keep - (len(ids) - room), 0)
            ids = self.ids([*head, ask(self.tokenizer.decode(tokens[:keep]))])
        if len(ids) > room:
            what = (
                f"the window of {self.window} tokens is too small: {reply} are kept for the reply, {len(ids)} are asked"
            )
            raise Refused(Fault("student.window", what, "a larger window, or a shorter instruction or pattern"))
        return Shortened(ids, dropped, len(tokens) - keep)


def plain(turns: Sequence[Turn]) -> str:
    r"""The turns as one text, an answer behind its question, a blank line behind each answer.

    >>> plain([Turn("system", "Add."), Turn("user", "1 + 1 ="), Turn("assistant", "2"), Turn("user", "2 + 3 =")])
    'Add.\n\n1 + 1 = 2\n\n2 + 3 ='
    """
    made = ""
    for turn in turns:
        said = {"system": turn.text, "user": turn.text, "assistant": spaced(made, turn.text)}[turn.role]
        made += said if turn.role == "user" else f"{said}\n\n"
    return made


def spaced(before: str, text: str) -> str:
    """The text with a space before it, unless white space stands there already.

    >>> spaced("1 + 1 =", "2"), spaced("Answer: ", "2")
    (' 2', '2')
    """
    return text if not before or before[-1].isspace() else f" {text}"
