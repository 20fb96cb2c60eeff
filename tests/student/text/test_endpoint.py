"""The endpoint student against a real llama.cpp server, and against one that misbehaves in every way."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from tutelage.core.data import Label, Table, Text
from tutelage.core.errors import Refused, TutelageError
from tutelage.core.parts import build
from tutelage.core.writing import CanJudge, Turn
from tutelage.kit.asked import asked
from tutelage.runs.till import till
from tutelage.student.text import _wire
from tutelage.toys import stream

POOL = Table.of("mail", {"text": ["Name a colour.", "Count to three."]}).pool()
Reply = tuple[int, dict[str, str], bytes]  # status, headers, body


def good(text: str = "fine", read: int = 5, wrote: int = 2) -> Reply:
    usage = {"prompt_tokens": read, "completion_tokens": wrote}
    told = {"choices": [{"message": {"content": text}, "text": text}], "usage": usage}
    return 200, {}, json.dumps(told).encode()


class Seen:
    """What a server was asked, and how many it answered at once."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.keys: list[str | None] = []
        self.lock, self.now, self.most = threading.Lock(), 0, 0


@contextmanager
def serving(reply: Callable[[int, dict[str, Any]], Reply | None]) -> Iterator[tuple[str, Seen]]:
    """A server on this machine that answers its i-th request with reply(i, body); None: it hangs up."""
    seen = Seen()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with seen.lock:
                number = len(seen.bodies)
                seen.bodies.append(body), seen.paths.append(self.path), seen.keys.append(self.headers["Authorization"])
                seen.now += 1
                seen.most = max(seen.most, seen.now)
            try:
                told = reply(number, body)
            finally:  # before the answer is out: the next request may come at once
                with seen.lock:
                    seen.now -= 1
            try:
                if told is not None:
                    self.send_response(told[0])
                    for name, value in {**told[1], "Content-Length": str(len(told[2]))}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(told[2])
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # the one who asked has gone

        def log_message(self, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def student(url: str, pool: Any = POOL, **settings: Any) -> Any:
    return build("student", {"use": "text.endpoint", "url": url, **settings}).begin(pool, stream(0, "student"))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits between attempts a hundred times shorter."""
    monkeypatch.setattr(_wire, "FIRST", 0.005)


@pytest.fixture
def sesame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", "sesame")


# ---- a real server


@pytest.mark.slow
def test_a_real_server_writes(llama_server: str, sesame: None) -> None:
    """Chat and completion; the same luck, the same replies in any company; tokens as the server counts them."""
    body = {"top_k": 0, "min_p": 0, "cache_prompt": False}
    chat = student(llama_server, key_env="SOME_KEY", body=body)
    prompts = ["Name a colour.", (Turn("system", "Say one word."), Turn("user", "Name a fruit."))]
    told = chat.write(prompts, 2, stream(0, "w"), max_tokens=6)
    assert told.texts.shape == (2, 2) and (told.tokens_out >= 1).all() and told.tokens_out.max() <= 6
    assert told.tokens_in[0] > 2 * 10 and len(set(told.texts.ravel())) > 1
    plain = student(llama_server, key_env="SOME_KEY", api="completion", body=body)
    greedy = plain.write(["The capital of France is"], 3, stream(0, "w"), max_tokens=4, temperature=0)
    assert (
        "Paris" in greedy.texts[0, 0] and greedy.tokens_in.tolist() == [5] and greedy.tokens_out.tolist() == [[4, 0, 0]]
    )
    stopped = plain.write(["The capital of France is"], 1, stream(0, "w"), max_tokens=4, temperature=0, stop=["aris"])
    assert stopped.texts[0, 0] == greedy.texts[0, 0].split("aris")[0]


@pytest.mark.slow
def test_a_real_server_answers_a_pool_and_is_paid(llama_server: str, sesame: None) -> None:
    chat = student(llama_server, key_env="SOME_KEY", max_tokens=5, pattern="Be brief. {x}")
    block = chat.answer(POOL, stream(0, "a"))
    assert block.kind is Text and all(isinstance(text, str) for text in block.given["text"]) and block.cost.min() > 10
    purse = till({"teacher_tokens": 10_000, "calls": 2})
    told = asked(chat, ["Name a colour.", "Name a fruit."], 1, stream(0, "t"), purse, max_tokens=4)
    assert purse.left("calls") == 0 and purse.left("teacher_tokens") == 10_000 - told.tokens.sum()


@pytest.mark.slow
def test_a_real_server_refuses(llama_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong key, a missing one, a prompt that is too long, an address that is none: each its own sentence, no retry."""
    monkeypatch.setenv("SOME_KEY", "open-wide")
    started = time.monotonic()
    with pytest.raises(Refused, match="key_env.*401.*SOME_KEY was sent") as refused:
        student(llama_server, key_env="SOME_KEY").write(["hi"], 1, stream(0, "w"))
    assert "open-wide" not in str(refused.value)
    with pytest.raises(Refused, match="no key was sent"):
        student(llama_server).write(["hi"], 1, stream(0, "w"))
    monkeypatch.setenv("SOME_KEY", "sesame")
    with pytest.raises(Refused, match="answers 400: .*context"):
        student(llama_server, key_env="SOME_KEY").write(["a " * 4000], 1, stream(0, "w"))
    with pytest.raises(Refused, match=r"answers 404(.|\n)*often in /v1"):
        student(llama_server + "/else", key_env="SOME_KEY").write(["hi"], 1, stream(0, "w"))
    assert time.monotonic() - started < 20


# ---- what is sent


def test_what_is_sent() -> None:
    """One request a reply; the seed is that of prompt and draw; what the recipe adds comes along; the key in the header."""
    with serving(lambda i, body: good()) as (url, seen):
        one = student(
            url, model="m", body={"top_k": 0, "model": "overruled"}, limit="max_completion_tokens", concurrency=1
        )
        one.write(
            ["a", (Turn("system", "s"), Turn("user", "b"))],
            2,
            stream(0, "w"),
            max_tokens=9,
            temperature=0.5,
            stop=["\n"],
        )
        alone = student(url, model="m", concurrency=1)
        alone.write(["a"], 1, stream(0, "w"))
        alone.write(["a"], 3, stream(0, "w"), temperature=0)
        student(url, seeded=False, api="completion").write([(Turn("user", "1 + 1 ="), Turn("assistant", "2"), Turn("user", "x"))], 1, stream(0, "w"))  # fmt: skip
    first = seen.bodies[0]
    assert first == {
        "top_k": 0, "model": "m", "temperature": 0.5, "max_completion_tokens": 9, "seed": first["seed"], "stop": ["\n"],
        "messages": [{"role": "user", "content": "a"}],
    }  # fmt: skip
    assert seen.bodies[2]["messages"] == [{"role": "system", "content": "s"}, {"role": "user", "content": "b"}]
    assert len({body["seed"] for body in seen.bodies[:4]}) == 4 and all(
        body["seed"] < 2**31 for body in seen.bodies[:5]
    )
    assert seen.bodies[4]["seed"] == first["seed"] and seen.bodies[4]["max_tokens"] == 64
    assert len(seen.bodies) == 7 and "seed" not in seen.bodies[5]  # at temperature 0 one request, without luck
    assert (
        seen.bodies[6]["prompt"] == "1 + 1 = 2\n\nx" and "seed" not in seen.bodies[6] and "model" not in seen.bodies[6]
    )
    assert seen.paths[0] == "/v1/chat/completions" and seen.paths[6] == "/v1/completions" and set(seen.keys) == {None}


def test_replies_come_in_order_several_under_way_at_once(sesame: None) -> None:
    def slow_first(i: int, body: dict[str, Any]) -> Reply:
        time.sleep(0.2 if body["messages"][0]["content"] == "0" else 0.02)
        return good(body["messages"][0]["content"], read=3, wrote=1)

    prompts = [str(i) for i in range(12)]
    with serving(slow_first) as (url, seen):
        told = student(url, concurrency=4, key_env="SOME_KEY").write(prompts, 2, stream(0, "w"))
    assert told.texts.tolist() == [[one, one] for one in prompts] and told.tokens_in.tolist() == [6] * 12
    assert 2 <= seen.most <= 4 and set(seen.keys) == {"Bearer sesame"}


def test_the_guard_stops_before_anything_is_sent() -> None:
    with serving(lambda i, body: good()) as (url, seen):
        prompts = ["fine", (Turn("system", "card 4111 1111 1111 1111"), Turn("user", "x"))]
        with pytest.raises(Refused, match="nothing was sent: 1 of these prompts hold a card number"):
            student(url).write(prompts, 1, stream(0, "w"))
        assert not seen.bodies
        with pytest.warns(UserWarning, match="a card number"):
            student(url, guard="warn").write(prompts, 1, stream(0, "w"))
        student(url, guard="off").write(prompts, 1, stream(0, "w"))
        assert len(seen.bodies) == 4


# ---- what goes wrong


@pytest.mark.parametrize(
    "bad",
    [(500, {}, b"oops"), (503, {}, b""), (429, {"Retry-After": "0.01"}, b'{"error": {"message": "slow down"}}'), None,
     (200, {}, b"{not json"), (200, {}, b'{"choices": []}'), (200, {}, b"\xff\xfe"), (200, {}, b'["x"]'),
     (200, {}, b'{"choices": [{"message": {"content": "x"}}]}'), (200, {}, b'{"choices": [{"message": {"content": 5}}], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}')],
)  # fmt: skip
def test_what_may_pass_is_asked_again(bad: Reply | None, quick: None) -> None:
    with serving(lambda i, body: good("at last") if i == 2 else bad) as (url, seen):
        told = student(url, retries=2).write(["hi"], 1, stream(0, "w"))
        assert told.texts.tolist() == [["at last"]] and len(seen.bodies) == 3
        assert len({body["seed"] for body in seen.bodies}) == 1


def test_after_the_last_attempt_it_says_so(quick: None) -> None:
    with serving(lambda i, body: (500, {}, b'{"error": "boiler broken"}')) as (url, seen):
        with pytest.raises(TutelageError, match=r"asked 3 times, last: .* 500: boiler broken(.|\n)*resume") as failed:
            student(url, retries=2).write(["hi"], 1, stream(0, "w"))
        assert not isinstance(failed.value, Refused) and len(seen.bodies) == 3
    with pytest.raises(TutelageError, match="asked once, last: no connection"):
        student(url, retries=0).write(["hi"], 1, stream(0, "w"))


def test_silence_ends_at_the_timeout(quick: None) -> None:
    free = threading.Event()
    with serving(lambda i, body: free.wait(5) and None) as (url, seen):
        started = time.monotonic()
        with pytest.raises(TutelageError, match=r"asked 2 times, last: no answer within 0\.2 s"):
            student(url, timeout=0.2, retries=1).write(["hi"], 1, stream(0, "w"))
        assert 0.4 <= time.monotonic() - started < 3
        free.set()


def test_what_will_not_pass_is_asked_once(sesame: None) -> None:
    """A fault of the request in the server's words; one that repeats the key is shown without it."""
    with serving(lambda i, body: (400, {}, b'{"error": {"message": "no such parameter sesame"}}')) as (url, seen):
        with pytest.raises(Refused, match=r"answers 400: no such parameter \*\*\*"):
            student(url, key_env="SOME_KEY").write(["hi"], 1, stream(0, "w"))
        assert len(seen.bodies) == 1


def test_a_redirection_is_not_followed(sesame: None) -> None:
    with serving(lambda i, body: good()) as (other, elsewhere):
        with (
            serving(lambda i, body: (307, {"Location": other}, b"")) as (url, _),
            pytest.raises(Refused, match="307.*to http"),
        ):
            student(url, key_env="SOME_KEY").write(["hi"], 1, stream(0, "w"))
        assert not elsewhere.bodies


def test_one_failure_takes_back_what_was_not_sent() -> None:
    with serving(lambda i, body: (400, {}, b"no")) as (url, seen):
        with pytest.raises(Refused):
            student(url, concurrency=2).write([str(i) for i in range(50)], 1, stream(0, "w"))
        assert len(seen.bodies) < 10


def test_a_key_that_is_not_set_is_told_before_anything_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    with pytest.raises(Refused, match=r"NO_SUCH_KEY is not set(.|\n)*export NO_SUCH_KEY"):
        student("http://127.0.0.1:9/v1", key_env="NO_SUCH_KEY")
    with pytest.raises(Refused, match="key_env"):
        build("student", {"use": "text.endpoint", "key_env": "sk-12345"})
    with pytest.raises(Refused, match="url"):
        build("student", {"use": "text.endpoint", "url": "https://me:secret@example.org/v1"})


# ---- as a student


def test_it_answers_with_the_label_that_it_names() -> None:
    pool = Table.of("mail", {"text": ["a", "b", "c"]}, ["card", "rent"]).pool()
    said = {"Say: a": "Rent.", "Say: b": " card", "Say: c": "I think rent"}
    with serving(lambda i, body: good(said[body["messages"][-1]["content"]], 7, 3)) as (url, seen):
        block = student(url, pool, pattern="Say: {x}", instruction="One word.", concurrency=1).answer(
            pool, stream(0, "a")
        )
    assert block.kind is Label and block.given["label"].tolist() == [1, 0, -1] and block.cost.tolist() == [10, 10, 10]
    assert (
        seen.bodies[0]["messages"][0] == {"role": "system", "content": "One word."}
        and seen.bodies[0]["temperature"] == 0
    )


def test_what_it_is(tmp_path: Any, sesame: None) -> None:
    """It does not judge; patience is no part of what it is, the model is; the key is in no file."""
    one = student("http://127.0.0.1:9/v1", model="m", key_env="SOME_KEY")
    assert not isinstance(one, CanJudge) and one.outside
    patient = student("http://127.0.0.1:9/v1", model="m", timeout=5, retries=1, concurrency=2)
    assert patient.fingerprint == one.fingerprint != student("http://127.0.0.1:9/v1", model="n").fingerprint
    one.save(tmp_path)
    assert one.maker.load(tmp_path).fingerprint == one.fingerprint
    assert not any(b"sesame" in path.read_bytes() for path in tmp_path.iterdir())


def test_nobody_asked() -> None:
    told = student("http://127.0.0.1:9/v1").write([], 2, stream(0, "w"))
    assert told.texts.shape == told.tokens_out.shape == (0, 2) and told.tokens_in.dtype == np.int64
